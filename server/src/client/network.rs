use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Addresses that begin alike, as `10.0.0.0/8` or `2001:db8::/32` (RFC 4632), or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether the address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let network = network.ok_or("expected an address or a network, such as 10.0.0.5 or 10.0.0.0/8")?;
        match network {
            IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some() => {
                Err("write IPv4 addresses as such: 10.0.0.0/8".into())
            }
            _ if network.prefix_len() == 0 => {
                Err("every address is too many: name the proxies, or anybody is whoever they say".into())
            }
            _ => Ok(Self(network)),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_or_a_beginning() {
        let contains = |network: &str, address: &str| {
            network.parse::<Network>().expect(network).contains(address.parse().expect(address))
        };
        assert!(contains("10.0.0.5", "10.0.0.5") && !contains("10.0.0.5", "10.0.0.6"));
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("10.1.2.3/8", "10.255.0.1"), "what is behind the prefix does not count");
        assert!(contains("2001:db8::/32", "2001:db8::1") && !contains("2001:db8::/32", "2001:db9::1"));
        assert!(contains("::1", "::1") && !contains("::1", "127.0.0.1"));
        for wrong in ["", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0", "localhost", "::ffff:10.0.0.0/104"] {
            wrong.parse::<Network>().expect_err(wrong);
        }
    }
}
