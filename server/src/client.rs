//! Who is at the other end, also behind a proxy.
//!
//! Anybody can write `X-Forwarded-For`. It is read only if the peer is a proxy that the configuration trusts, and then
//! from its end: each proxy adds whom it has seen, so the last entry is the nearest proxy's, and what stands left of the
//! first address that is nobody's we trust was written by strangers.

mod forwarded;
mod network;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;

use crate::config::{ProxyHeader, ServingConfig};
use forwarded::Hop;
pub use network::Network;

/// Who asks, as far as the network tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Client {
    /// `None` if whoever serves has not told.
    pub(crate) address: Option<IpAddr>,
    /// Whether it asked by `https`.
    pub(crate) is_secure: bool,
    /// Whether that was told by a proxy, which may be on this machine when the client is not.
    pub(crate) is_behind_proxy: bool,
}

/// Whom to believe. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Proxies {
    trusted: Arc<[Network]>,
    header: ProxyHeader,
    /// Whether connections to this server are encrypted.
    tls: bool,
}

impl Proxies {
    pub(crate) fn new(serving: &ServingConfig) -> Self {
        let trusted = serving.trusted_proxies.as_slice().into();
        Self { trusted, header: serving.proxy_header, tls: serving.scheme() == "https" }
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Client {
        let Some(proxy) = peer.filter(|peer| self.trust(*peer)) else {
            return Client { address: peer, is_secure: self.tls, is_behind_proxy: false };
        };
        let (address, https) = match self.header {
            ProxyHeader::XForwardedFor => self.behind(proxy, forwarded::x_forwarded(headers)),
            ProxyHeader::Forwarded => self.behind(proxy, forwarded::forwarded(headers)),
        };
        Client { address: Some(address), is_secure: https.unwrap_or(self.tls), is_behind_proxy: true }
    }

    /// Goes from hop to hop, the nearest first, as long as whoever told of it is trusted. Where a proxy does not say whom
    /// it has seen, or not in a way that can be read, that proxy is the client.
    fn behind(&self, proxy: IpAddr, hops: impl Iterator<Item = Hop>) -> (IpAddr, Option<bool>) {
        let (mut client, mut https) = (proxy, None);
        for hop in hops {
            https = hop.https.or(https);
            let Some(address) = hop.address else { break };
            client = address;
            if !self.trust(address) {
                break;
            }
        }
        (client, https)
    }
}

/// Finds out who asks, for everything that the request meets.
pub(crate) async fn find(State(proxies): State<Proxies>, mut request: Request) -> Request {
    // An IPv6 socket shows IPv4 clients as mapped addresses.
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let client = proxies.client(peer, request.headers());
    request.extensions_mut().insert(client);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(trusted: &[&str], header: ProxyHeader) -> Proxies {
        let trusted = trusted.iter().map(|text| text.parse().expect(text)).collect();
        Proxies::new(&ServingConfig {
            trusted_proxies: trusted,
            proxy_header: header,
            ..ServingConfig::default()
        })
    }

    /// Whom the server sees, and whether it came by https.
    fn seen(proxies: &Proxies, peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a header"));
        }
        let client = proxies.client(Some(peer.parse().expect("an address")), &map);
        (client.address.expect("an address").to_string(), client.is_secure)
    }

    const XFF: &str = "x-forwarded-for";
    const PROTO: &str = "x-forwarded-proto";
    const FORWARDED: &str = "forwarded";

    #[test]
    fn what_a_stranger_says_of_itself_is_not_read() {
        let headers = [(XFF, "192.0.2.1"), (PROTO, "https"), (FORWARDED, "for=192.0.2.1;proto=https")];
        for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
            for trusted in [&[][..], &["10.0.0.0/8", "2001:db8::/32"]] {
                let proxies = proxies(trusted, header);
                for stranger in ["203.0.113.9", "127.0.0.1", "11.0.0.1", "2001:db9::1"] {
                    assert_eq!(seen(&proxies, stranger, &headers), (stranger.into(), false), "{trusted:?}");
                }
            }
        }
    }

    #[test]
    fn the_last_address_that_is_no_proxys_is_the_clients() {
        let proxies =
            proxies(&["10.0.0.0/8", "192.168.1.7", "2001:db8:ffff::/48"], ProxyHeader::XForwardedFor);
        for (headers, client, secure) in [
            (vec![(XFF, "198.51.100.7")], "198.51.100.7", false),
            (vec![(XFF, "198.51.100.7"), (PROTO, "https")], "198.51.100.7", true),
            (vec![(XFF, "198.51.100.7"), (PROTO, "HTTPS ")], "198.51.100.7", true),
            (vec![(XFF, "198.51.100.7"), (PROTO, "wss")], "198.51.100.7", false),
            // What stands before it, the client has written.
            (vec![(XFF, "192.0.2.1, 198.51.100.7")], "198.51.100.7", false),
            (vec![(XFF, "10.0.0.9, 198.51.100.7")], "198.51.100.7", false),
            (vec![(XFF, "garbage\", , 198.51.100.7")], "198.51.100.7", false),
            // Two and three proxies in a row, in one line or in several.
            (vec![(XFF, "198.51.100.7,10.2.3.4")], "198.51.100.7", false),
            (
                vec![(XFF, "192.0.2.1"), (XFF, "198.51.100.7, 192.168.1.7"), (XFF, "10.2.3.4")],
                "198.51.100.7",
                false,
            ),
            // The scheme is that of the client's own hop: what the outer proxy has said, and not the inner.
            (vec![(XFF, "198.51.100.7, 10.2.3.4"), (PROTO, "https, http")], "198.51.100.7", true),
            (vec![(XFF, "198.51.100.7, 10.2.3.4"), (PROTO, "https")], "198.51.100.7", true),
            (vec![(XFF, "198.51.100.7"), (PROTO, "https, http")], "198.51.100.7", false),
            // IPv6, with ports and without, and IPv4 in it.
            (vec![(XFF, "2001:db8::5")], "2001:db8::5", false),
            (vec![(XFF, "[2001:db8::5]:4711")], "2001:db8::5", false),
            (vec![(XFF, "[2001:db8::5], 2001:db8:ffff::1")], "2001:db8::5", false),
            (vec![(XFF, "198.51.100.7:4711")], "198.51.100.7", false),
            (vec![(XFF, "198.51.100.7, ::ffff:10.2.3.4")], "198.51.100.7", false),
            // Only proxies: the outermost asks for itself.
            (vec![(XFF, "10.3.3.3, 10.2.3.4")], "10.3.3.3", false),
            // A header that such proxies do not write comes from the client.
            (vec![(XFF, "198.51.100.7"), (FORWARDED, "for=192.0.2.1;proto=https")], "198.51.100.7", false),
        ] {
            for peer in ["10.0.0.1", "192.168.1.7", "2001:db8:ffff::9", "10.255.255.255"] {
                assert_eq!(seen(&proxies, peer, &headers), (client.into(), secure), "{headers:?}");
            }
        }
    }

    #[test]
    fn where_a_proxy_names_nobody_it_is_the_client_itself() {
        let proxies = proxies(&["10.0.0.0/8"], ProxyHeader::XForwardedFor);
        for (value, client) in [
            ("unknown", "10.0.0.1"),
            ("", "10.0.0.1"),
            (" , ,", "10.0.0.1"),
            ("example.org", "10.0.0.1"),
            ("198.51.100", "10.0.0.1"),
            ("198.51.100.7.1", "10.0.0.1"),
            ("fe80::1%eth0", "10.0.0.1"),
            ("[2001:db8::5", "10.0.0.1"),
            ("198.51.100.7:99999", "10.0.0.1"),
            ("0x7f.1", "10.0.0.1"),
            // Nothing left of it is believed, since nobody knows who wrote that.
            ("192.0.2.1, unknown", "10.0.0.1"),
            ("192.0.2.1, unknown, 10.2.3.4", "10.2.3.4"),
        ] {
            assert_eq!(seen(&proxies, "10.0.0.1", &[(XFF, value)]), (client.into(), false), "{value}");
        }
        assert_eq!(seen(&proxies, "10.0.0.1", &[]), ("10.0.0.1".into(), false));
        assert_eq!(seen(&proxies, "10.0.0.1", &[(PROTO, "https")]), ("10.0.0.1".into(), true));
        let mut headers = HeaderMap::new();
        let bytes = axum::http::HeaderValue::from_bytes(b"192.0.2.1, \xff\xfe").expect("bytes");
        headers.insert(XFF, bytes);
        let client = proxies.client(Some([10, 0, 0, 1].into()), &headers);
        assert_eq!(client.address, Some([10, 0, 0, 1].into()));
    }

    #[test]
    fn the_standards_header_is_read_where_the_proxies_write_that_one() {
        let proxies = proxies(&["10.0.0.0/8"], ProxyHeader::Forwarded);
        for (value, client, secure) in [
            ("for=198.51.100.7", "198.51.100.7", false),
            ("For=198.51.100.7;Proto=https;by=10.0.0.1", "198.51.100.7", true),
            ("proto=https ; for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17", true),
            ("for=192.0.2.1, for=198.51.100.7;proto=https, for=10.2.3.4;proto=http", "198.51.100.7", true),
            ("for=\"198.51.100.7:80\";host=\"a,b;for=192.0.2.1\"", "198.51.100.7", false),
            // What was begun and not closed does not swallow what the proxy has added.
            ("for=\"192.0.2.1, for=198.51.100.7", "198.51.100.7", false),
            // Nor does a quote that is escaped in what a proxy has passed on.
            (r#"host="x\";for=192.0.2.1;y=\"";for=198.51.100.7"#, "10.0.0.1", false),
            (r#"host="x\",for=192.0.2.1,y=\"";for=198.51.100.7"#, "10.0.0.1", false),
            ("for=unknown", "10.0.0.1", false),
            ("for=_hidden;proto=https", "10.0.0.1", true),
            ("proto=https", "10.0.0.1", true),
            ("for", "10.0.0.1", false),
            ("for=\"", "10.0.0.1", false),
            ("for=\"198.51.100.7", "10.0.0.1", false),
            ("=;;=,", "10.0.0.1", false),
        ] {
            let headers = [(FORWARDED, value), (XFF, "192.0.2.1"), (PROTO, "https")];
            assert_eq!(seen(&proxies, "10.0.0.1", &headers), (client.into(), secure), "{value}");
        }
    }
}
