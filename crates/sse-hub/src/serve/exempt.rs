use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// The addresses that [`Options::connections_per_address`](super::Options::connections_per_address) is not for: proxies,
/// each of which brings many clients.
///
/// ```
/// use sse_hub::serve::{Exempt, Options};
///
/// let options = Options {
///     connections_per_address: Some(50),
///     exempt: Exempt::new(|address| address.is_loopback()),
///     ..Options::default()
/// };
/// ```
#[derive(Clone, Default)]
pub struct Exempt(Option<Arc<dyn Fn(IpAddr) -> bool + Send + Sync>>);

impl Exempt {
    /// Those for which `is_exempt` is true. It is asked for each connection that is accepted, so it must not block. An
    /// IPv4 address that came over an IPv6 socket is shown as an IPv4 address.
    #[must_use]
    pub fn new(is_exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_exempt)))
    }

    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.0.as_ref().is_some_and(|is_exempt| is_exempt(address))
    }
}

impl fmt::Debug for Exempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Exempt(..)" } else { "Exempt(none)" })
    }
}
