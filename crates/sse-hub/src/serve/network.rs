use std::net::IpAddr;

/// Whom a limit for an address is for, as [`Options::connections_per_address`](super::Options::connections_per_address) is:
/// all whose addresses give the same here count as one.
///
/// An IPv4 address stands for itself, also where an IPv6 socket shows it as a mapped one. Of IPv6 the first 64 bits count,
/// which is the least that a household gets (RFC 6177): whoever has them has more addresses than could be remembered.
///
/// ```
/// use std::collections::HashMap;
/// use std::net::IpAddr;
///
/// use sse_hub::serve::network;
///
/// /// How many logins have failed, for an app that limits them.
/// #[derive(Default)]
/// struct Failures(HashMap<IpAddr, u32>);
///
/// impl Failures {
///     fn count(&mut self, address: IpAddr) -> u32 {
///         let failures = self.0.entry(network(address)).or_default();
///         *failures += 1;
///         *failures
///     }
/// }
///
/// let mut failures = Failures::default();
/// assert_eq!(failures.count("2001:db8::1".parse()?), 1);
/// assert_eq!(failures.count("2001:db8::feed:1".parse()?), 2);
/// assert_eq!(failures.count("192.0.2.1".parse()?), 1);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::from((v6.to_bits() >> 64 << 64).to_be_bytes()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv4_stands_for_itself_and_one_of_ipv6_for_its_network() {
        for (address, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:3::", "2001:db8:1:3::"),
            ("::1", "::"),
        ] {
            let parse = |text: &str| text.parse::<IpAddr>().expect(text);
            assert_eq!(network(parse(address)), parse(expected), "{address}");
        }
    }
}
