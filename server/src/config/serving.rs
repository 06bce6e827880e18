//! What can be set about connections and TLS.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use sse_hub::serve::{Exempt, Options, ServeError, Tls, TlsError};

use super::duration;
use crate::client::Network;
use crate::{RunError, files};

/// Flags for connections and TLS.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connections")]
pub struct ServingConfig {
    /// A certificate in PEM, followed by those between it and the root: serves HTTPS and HTTP/2
    #[arg(long, env = "SSE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of the certificate in PEM
    #[arg(long, env = "SSE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Serves HTTPS and HTTP/2 with a certificate that is made now, for localhost: for development
    #[arg(long, env = "SSE_TLS_SELF_SIGNED", conflicts_with = "tls_cert")]
    pub tls_self_signed: bool,

    /// The most connections at a time; more are answered with 503 [default: 20000, or as many as the limit of open
    /// files allows, which is raised as far as it may be]
    #[arg(long, env = "SSE_CONNECTIONS", value_name = "NUMBER")]
    pub connections: Option<usize>,

    /// The most streams at a time; more are answered with 503. Over HTTP/2 a connection carries several
    #[arg(long, env = "SSE_STREAMS", value_name = "NUMBER", default_value = "20000")]
    #[arg(value_parser = at_least_one::<usize>)]
    pub streams: usize,

    /// The most requests and streams at a time on one connection of HTTP/2
    #[arg(long, env = "SSE_HTTP2_STREAMS", value_name = "NUMBER", default_value = "128")]
    #[arg(value_parser = at_least_one::<u32>)]
    pub http2_streams: u32,

    /// The most connections at a time from one address that is no trusted proxy's. Over HTTP/2 each carries as many
    /// requests and streams as --http2-streams says [default: no limit]
    #[arg(long, env = "SSE_CONNECTIONS_PER_ADDRESS", value_name = "NUMBER")]
    pub connections_per_address: Option<usize>,

    /// A proxy in front, by its address or its network; can be repeated. Whom it has seen is believed, and counts for
    /// rates and in the log. Only proxies that set the header themselves: others pass on what strangers write
    #[arg(long, env = "SSE_TRUSTED_PROXIES", value_name = "ADDRESS", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,

    /// Where those proxies say whom they have seen
    #[arg(long, env = "SSE_PROXY_HEADER", value_name = "HEADER", default_value = "x-forwarded-for")]
    pub proxy_header: ProxyHeader,

    /// The most connections that are accepted in a second [default: no limit]
    #[arg(long, env = "SSE_ACCEPTS_PER_SECOND", value_name = "NUMBER")]
    pub accepts_per_second: Option<u32>,

    /// How long a client may take to send the head of a request, and how long a connection may be idle before one: a
    /// proxy that keeps connections for later must close them sooner, or answers 502 now and then
    #[arg(long, env = "SSE_HEADER_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub header_timeout: Duration,

    /// How long a client may take nothing although something is there for it
    #[arg(long, env = "SSE_WRITE_DEADLINE", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub write_deadline: Duration,

    /// How long a connection lasts, within a tenth; a stream then comes back with its cursor
    #[arg(long, env = "SSE_MAX_AGE", value_name = "TIME", default_value = "60m", value_parser = duration)]
    pub max_age: Duration,

    /// How long it goes on as ever when it is told to stop, with only its readiness red: a little longer than load
    /// balancers take to notice [default: not at all]
    #[arg(long, env = "SSE_LAME_DUCK", value_name = "TIME", value_parser = duration)]
    pub lame_duck: Option<Duration>,

    /// Over which time a shutdown ends the streams; less if there are few
    #[arg(long, env = "SSE_DRAIN", value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub drain: Duration,
}

/// Where a proxy says whom it has seen. Only one is read: a proxy that sets one passes the other on as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProxyHeader {
    /// X-Forwarded-For and X-Forwarded-Proto
    XForwardedFor,
    /// Forwarded, the standard's (RFC 7239)
    Forwarded,
}

impl Default for ServingConfig {
    fn default() -> Self {
        crate::Config::default().serving
    }
}

impl ServingConfig {
    /// `https` or `http`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls_self_signed || self.tls_cert.is_some() { "https" } else { "http" }
    }

    /// Whether connections could be served so: the certificate and its key are read, and the limit of open files is
    /// looked at.
    ///
    /// # Errors
    /// [`RunError`] that names what is wrong.
    pub fn check(&self, shutdown_deadline: Duration) -> Result<(), RunError> {
        self.check_files(files::connections()).map_err(RunError::Config)?;
        Ok(self.options(shutdown_deadline)?.validate().map_err(ServeError::from)?)
    }

    /// What is worth knowing and no reason not to serve: there are not files for the connections that were asked for, or
    /// where nobody has asked for a number, for not even half as many as by default.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        self.warning_of(files::connections())
    }

    fn warning_of(&self, possible: Option<usize>) -> Option<String> {
        self.check_files(possible).err().or_else(|| self.few_connections(possible))
    }

    fn few_connections(&self, possible: Option<usize>) -> Option<String> {
        let default = Options::default().connections;
        let possible = possible.filter(|possible| *possible < default / 2)?;
        self.connections.is_none().then(|| files::too_few(default, possible))
    }

    /// Whether there are files for the connections that were asked for, if `possible` is what there can be.
    ///
    /// # Errors
    /// What to do.
    fn check_files(&self, possible: Option<usize>) -> Result<(), String> {
        match (self.connections, possible) {
            (Some(wanted), Some(possible)) if wanted > possible => Err(files::too_few(wanted, possible)),
            _ => Ok(()),
        }
    }

    /// The cap on connections, if `possible` is what there can be. What was asked for is kept: the limit may be wrong.
    fn cap(&self, possible: Option<usize>) -> usize {
        let default = Options::default().connections;
        self.connections.unwrap_or_else(|| default.min(possible.unwrap_or(default)))
    }

    /// The options of the hub's server.
    ///
    /// # Errors
    /// [`TlsError`] if the certificate cannot be used.
    pub(crate) fn options(&self, shutdown_deadline: Duration) -> Result<Options, TlsError> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::from_files(certificate, key)?),
            _ if self.tls_self_signed => Some(Tls::self_signed(["localhost", "127.0.0.1", "::1"])?),
            _ => None,
        };
        let proxies = self.trusted_proxies.clone();
        Ok(Options {
            connections: self.cap(files::connections()),
            http2_streams: self.http2_streams,
            connections_per_address: self.connections_per_address,
            exempt: Exempt::new(move |address| proxies.iter().any(|proxy| proxy.contains(address))),
            accepts_per_second: self.accepts_per_second,
            header_timeout: self.header_timeout,
            write_deadline: self.write_deadline,
            max_age: Some(self.max_age),
            lame_duck: self.lame_duck.unwrap_or_default(),
            // A short deadline is meant to be kept.
            drain: self.drain.min(shutdown_deadline / 2),
            shutdown_deadline,
            tls,
            ..Options::default()
        })
    }
}

fn at_least_one<N: FromStr + PartialOrd + Default>(text: &str) -> Result<N, String> {
    text.parse()
        .ok()
        .filter(|number| *number > N::default())
        .ok_or_else(|| "expected a whole number above zero".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_there_is_named_and_one_of_our_own_is_made() {
        let deadline = Duration::from_secs(1);
        let files = ServingConfig {
            tls_cert: Some("no/such.pem".into()),
            tls_key: Some("no/such.key".into()),
            ..ServingConfig::default()
        };
        let error = files.options(deadline).expect_err("no file").to_string();
        assert!(error.starts_with("no/such.pem: "), "{error}");
        assert_eq!(files.scheme(), "https");
        let own = ServingConfig { tls_self_signed: true, ..ServingConfig::default() };
        assert!(own.options(deadline).expect("made").tls.is_some());
        assert_eq!(ServingConfig::default().scheme(), "http");
    }

    #[test]
    fn the_cap_on_connections_goes_with_the_files_that_may_be_open() {
        let default = ServingConfig::default();
        assert_eq!(
            [None, Some(30_000), Some(900)].map(|possible| default.cap(possible)),
            [20_000, 20_000, 900]
        );
        assert_eq!(default.check_files(Some(900)), Ok(()), "nobody has asked for more");
        let told =
            [None, Some(19_000), Some(900)].map(|possible| default.few_connections(possible).is_some());
        assert_eq!(told, [false, false, true]);
        let many = ServingConfig { connections: Some(1_000), ..default };
        assert_eq!((many.cap(Some(900)), many.few_connections(Some(900))), (1_000, None));
        assert!(many.warning_of(Some(900)).is_some(), "it is served all the same, and told");
        assert_eq!((many.check_files(None), many.check_files(Some(1_000))), (Ok(()), Ok(())));
        let what = many.check_files(Some(900)).expect_err("too many");
        assert!(
            what.starts_with("connections: 1000 need more files") && what.contains("LimitNOFILE"),
            "{what}"
        );
    }

    #[test]
    fn a_connection_of_http_2_carries_as_many_streams_as_is_said() {
        let carried =
            |serving: ServingConfig| serving.options(Duration::from_secs(1)).expect("no TLS").http2_streams;
        assert_eq!(carried(ServingConfig::default()), 128);
        assert_eq!(carried(ServingConfig { http2_streams: 3, ..ServingConfig::default() }), 3);
    }

    #[test]
    fn the_defaults_and_any_deadline_are_valid_options() {
        for deadline in [Duration::from_millis(1), Duration::from_secs(60)] {
            ServingConfig::default().options(deadline).expect("no TLS").validate().expect("valid");
        }
    }
}
