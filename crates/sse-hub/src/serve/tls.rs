//! HTTPS, and by ALPN (RFC 7301) HTTP/2.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::connection::Protocol;

/// A certificate and its key, ready to serve with.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
}

/// A certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file could not be read.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The text holds no certificate in PEM.
    #[error("there is no certificate in PEM (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// The text holds no private key in PEM.
    #[error("there is no private key in PEM (-----BEGIN PRIVATE KEY-----)")]
    NoKey,
    /// The private key is encrypted. Decrypt it, as `openssl pkey` does: nobody can be asked for its password.
    #[error(
        "the private key is encrypted (-----BEGIN ENCRYPTED PRIVATE KEY-----): decrypt it, as by openssl pkey"
    )]
    EncryptedKey,
    /// The private key is not that of the certificate, which must be the first of those that are given.
    #[error(
        "the private key belongs to another certificate; that of the server comes first, before those above it"
    )]
    OtherKey,
    /// What is in a file cannot be used.
    #[error("{}: {error}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: Box<TlsError>,
    },
    /// They do not fit together, or not with what rustls supports.
    #[error(transparent)]
    Unusable(#[from] rustls::Error),
    /// A certificate could not be made for these names.
    #[cfg(feature = "self-signed")]
    #[error("no certificate could be made: {0}")]
    NotMade(String),
}

impl Tls {
    /// A certificate, followed by those between it and the root, and its key, all in PEM. They serve until the end; one
    /// that is to be renewed comes by [`Self::from_config`].
    ///
    /// # Errors
    /// [`TlsError`] if they are not that, or do not fit together.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let certificates = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|certificates| !certificates.is_empty())
            .ok_or(TlsError::NoCertificate)?;
        let is_encrypted = || key.windows(9).any(|word| word == b"ENCRYPTED");
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| if is_encrypted() { TlsError::EncryptedKey } else { TlsError::NoKey })?;
        Self::new(certificates, key)
    }

    /// Like [`Self::from_pem`], from files, which are read once.
    ///
    /// # Errors
    /// [`TlsError::File`], and those of [`Self::from_pem`] as [`TlsError::InFile`].
    pub fn from_files(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| TlsError::File { path: path.to_owned(), error })
        };
        Self::from_pem(&read(certificates)?, &read(key)?).map_err(|error| {
            let is_about_key = matches!(
                error,
                TlsError::NoKey
                    | TlsError::EncryptedKey
                    | TlsError::OtherKey
                    // So rustls says of a key that it cannot read.
                    | TlsError::Unusable(rustls::Error::General(_))
            );
            let path = if is_about_key { key } else { certificates };
            TlsError::InFile { path: path.to_owned(), error: Box::new(error) }
        })
    }

    /// A new key, and a certificate that it has signed itself for some host names and addresses. For development: a
    /// browser asks before it believes it.
    ///
    /// # Errors
    /// [`TlsError::NotMade`] if something is not a name.
    #[cfg(feature = "self-signed")]
    pub fn self_signed<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, TlsError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|error| TlsError::NotMade(error.to_string()))?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())
            .map_err(|error| TlsError::NotMade(error.to_owned()))?;
        Self::new(vec![made.cert.der().clone()], key)
    }

    /// Whatever else rustls can do: certificates by name, certificates of clients, and one that is renewed. For that
    /// give it a [resolver](rustls::server::ResolvesServerCert) that hands out the newest: each handshake asks it, and
    /// what is open goes on. The protocols of ALPN are set here.
    #[must_use]
    pub fn from_config(config: Arc<ServerConfig>) -> Self {
        let mut config = Arc::unwrap_or_clone(config);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    fn new(
        certificates: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        // Named and not taken from the process, where another crate may have installed another one, or none.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => TlsError::OtherKey,
                error => TlsError::Unusable(error),
            })?;
        Ok(Self::from_config(Arc::new(config)))
    }

    pub(super) async fn accept<T>(&self, socket: T) -> io::Result<(TlsStream<T>, Protocol)>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = self.acceptor.accept(socket).await?;
        let protocol = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            _ => Protocol::Http1,
        };
        Ok((stream, protocol))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_said() {
        let said = |certificate: &[u8], key: &[u8]| {
            Tls::from_pem(certificate, key).expect_err("useless").to_string()
        };
        assert!(said(b"", b"").contains("BEGIN CERTIFICATE"));
        assert!(
            said(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"")
                .contains("PRIVATE KEY")
        );
        let missing =
            Tls::from_files(Path::new("no/such.pem"), Path::new("no/such.key")).expect_err("missing");
        assert!(missing.to_string().starts_with("no/such.pem: "), "{missing}");
    }

    #[test]
    fn what_is_wrong_with_a_file_names_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let [mine, another] = [0, 1].map(|_| {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
            (made.cert.pem(), made.signing_key.serialize_pem())
        });
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (certificate, key, file, words) in [
            ("", &*mine.1, "cert.pem", "no certificate in PEM"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &mine.1, "cert.pem", ""),
            (&mine.0, "", "key.pem", "no private key in PEM"),
            (&mine.0, no_key, "key.pem", ""),
            (&mine.0, encrypted, "key.pem", "encrypted"),
            (&mine.0, &another.1, "key.pem", "another certificate"),
        ] {
            let [of_certificate, of_key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
            std::fs::write(&of_certificate, certificate).expect("written");
            std::fs::write(&of_key, key).expect("written");
            let said = Tls::from_files(&of_certificate, &of_key).expect_err("useless").to_string();
            let path = folder.path().join(file);
            assert!(said.starts_with(&format!("{}: ", path.display())) && said.contains(words), "{said}");
        }
    }
}
