//! Who is at the other end: a client that is connected itself, or one that a trusted proxy tells of.

mod common;

use common::{Answer, Server};
use server::Config;
use server::config::AccessConfig;
use server::config::{ProxyHeader, ServingConfig};

const READ: &str = "the-token-that-reads-2";
const XFF: &str = "X-Forwarded-For";
const PROTO: &str = "X-Forwarded-Proto";

/// A server that trusts these. Each address may open one stream and post once.
async fn behind(trusted: &[&str], serving: ServingConfig) -> Server {
    let trusted_proxies = trusted.iter().map(|proxy| proxy.parse().expect(proxy)).collect();
    let access = AccessConfig { connect_rate: 0.01, post_rate: 0.01, ..AccessConfig::default() };
    let serving = ServingConfig { trusted_proxies, ..serving };
    Server::start(Config { access, serving, ..Config::default() }).await
}

/// The status of a stream that is opened with these headers.
async fn open(server: &Server, headers: &[(&str, &str)]) -> u16 {
    server.open("GET", "/api/market", headers, b"").await.status
}

async fn say(server: &Server, headers: &[(&str, &str)]) -> u16 {
    let headers = [&[("Content-Type", "application/json")], headers].concat();
    let message = br#"{"client_id":"1","author":"Ann","text":"hi"}"#;
    server.send("POST", "/api/chat/lobby", &headers, message).await.status
}

#[tokio::test]
async fn a_stranger_does_not_get_another_address_by_saying_so() {
    // We come from 127.0.0.1, which is trusted in neither.
    for trusted in [&[][..], &["10.0.0.0/8", "192.168.1.7", "::1"]] {
        let server = behind(trusted, ServingConfig::default()).await;
        assert_eq!(open(&server, &[]).await, 200);
        assert_eq!(say(&server, &[]).await, 201);
        for headers in [
            vec![(XFF, "198.51.100.1")],
            vec![(XFF, "198.51.100.2, 10.0.0.1")],
            vec![("Forwarded", "for=198.51.100.3")],
            vec![("X-Real-IP", "198.51.100.4")],
        ] {
            assert_eq!(open(&server, &headers).await, 429, "{headers:?}");
            assert_eq!(say(&server, &headers).await, 429, "{headers:?}");
        }
    }
}

#[tokio::test]
async fn each_client_of_a_trusted_proxy_has_a_rate_of_its_own() {
    let server = behind(&["127.0.0.0/8", "10.0.0.0/8"], ServingConfig::default()).await;
    for (told, status) in [
        ("198.51.100.1", 200),
        ("198.51.100.1", 429),
        ("198.51.100.2", 200),
        // Somebody's claim before the address that the proxy has seen.
        ("203.0.113.5, 198.51.100.1", 429),
        // Through two proxies.
        ("198.51.100.3, 10.1.2.3", 200),
        ("203.0.113.6, 198.51.100.3, 10.1.2.4", 429),
        // A household has one network of IPv6.
        ("2001:db8:1:2::1", 200),
        ("[2001:db8:1:2:ffff::9]:4711", 429),
        ("2001:db8:1:3::1", 200),
        ("::ffff:198.51.100.2", 429),
        // Who cannot be told apart shares what the proxy has.
        ("unknown", 200),
        ("198.51.100", 429),
        ("203.0.113.7, _hidden", 429),
    ] {
        assert_eq!(open(&server, &[(XFF, told)]).await, status, "{told}");
    }
    assert_eq!(open(&server, &[]).await, 429, "the proxy itself");
    for (told, status) in [("198.51.100.1", 201), ("198.51.100.1", 429), ("198.51.100.2", 201)] {
        assert_eq!(say(&server, &[(XFF, told)]).await, status, "{told}");
    }
}

#[tokio::test]
async fn only_the_header_that_the_proxies_write_is_read() {
    let serving = ServingConfig { proxy_header: ProxyHeader::Forwarded, ..ServingConfig::default() };
    let server = behind(&["127.0.0.1"], serving).await;
    for (client, passed_on, status) in [
        ("for=198.51.100.1;proto=https", "203.0.113.1", 200),
        ("for=198.51.100.1", "203.0.113.2", 429),
        ("for=\"203.0.113.3, for=\"[2001:db8::1]:80\"", "203.0.113.3", 200),
        ("for=\"[2001:db8::2]\"", "203.0.113.4", 429),
    ] {
        assert_eq!(open(&server, &[("Forwarded", client), (XFF, passed_on)]).await, status, "{client}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_has_as_many_connections_as_it_needs_and_a_stranger_has_not() {
    let serving = || ServingConfig { connections_per_address: Some(2), ..ServingConfig::default() };
    for (trusted, third) in [("127.0.0.1", 200), ("10.0.0.1", 503)] {
        let config = Config {
            serving: ServingConfig {
                trusted_proxies: vec![trusted.parse().expect("an address")],
                ..serving()
            },
            ..Config::default()
        };
        let server = Server::start(config).await;
        let mut streams: Vec<Answer> = Vec::new();
        for status in [200, 200, third] {
            streams.push(server.stream("/api/market", None).await);
            assert_eq!(streams.last().expect("one").status, status, "{trusted}");
        }
    }
}

#[tokio::test]
async fn a_client_of_a_proxy_on_this_machine_is_not_on_this_machine() {
    // There is no token, so the log and the metrics are for this machine.
    let trusting = ServingConfig {
        trusted_proxies: vec!["127.0.0.1".parse().expect("an address")],
        ..ServingConfig::default()
    };
    for (serving, silent) in [(ServingConfig::default(), 200), (trusting, 403)] {
        let server = Server::start(Config { serving, ..Config::default() }).await;
        for path in ["/api/logs", "/metrics"] {
            for (headers, status) in [
                // A proxy that is trusted, and says nothing of its client.
                (vec![], silent),
                (vec![(XFF, "198.51.100.7")], 403),
                (vec![(XFF, "127.0.0.1")], 403),
                (vec![(XFF, "127.0.0.1, 127.0.0.1")], 403),
                (vec![("Forwarded", "for=127.0.0.1")], 403),
                (vec![("X-Real-IP", "127.0.0.1")], 403),
                (vec![("Host", "evil.example")], 403),
                (vec![("Origin", "https://evil.example")], 403),
            ] {
                let answer = server.open("GET", path, &headers, b"").await;
                assert_eq!(answer.status, status, "{path} {headers:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_cookie_is_for_https_if_a_trusted_proxy_says_that_the_client_came_so() {
    let access = AccessConfig { read_token: Some(READ.parse().expect("a token")), ..AccessConfig::default() };
    let config = |trusted: &str| Config {
        access: access.clone(),
        serving: ServingConfig {
            trusted_proxies: vec![trusted.parse().expect("one")],
            ..ServingConfig::default()
        },
        ..Config::default()
    };
    let bearer = format!("Bearer {READ}");
    let session = async |server: &Server, method: &str, headers: &[(&str, &str)]| {
        let headers = [&[("Authorization", bearer.as_str())], headers].concat();
        let answer = server.send(method, "/api/session", &headers, b"").await;
        assert_eq!(answer.status, 204);
        answer.header("set-cookie").to_owned()
    };
    let is_for_https = |cookie: &str| {
        let is = cookie.contains("; Secure");
        assert_eq!(is, cookie.starts_with("__Host-sse_session="), "{cookie}");
        assert!(cookie.contains("; Path=/;"), "{cookie}");
        assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains("Domain"), "{cookie}");
        is
    };
    let (proxy, stranger) = (Server::start(config("127.0.0.1")).await, Server::start(config("::1")).await);
    for (headers, is) in [
        (vec![], false),
        (vec![(XFF, "198.51.100.7"), (PROTO, "http")], false),
        (vec![(XFF, "198.51.100.7"), (PROTO, "https")], true),
    ] {
        for method in ["POST", "DELETE"] {
            assert_eq!(is_for_https(&session(&proxy, method, &headers).await), is, "{headers:?}");
            assert!(!is_for_https(&session(&stranger, method, &headers).await), "{headers:?}");
        }
    }
    // It is read where it was set, and under its own name only.
    let https = [(XFF, "198.51.100.7"), (PROTO, "https")];
    let cookie = session(&proxy, "POST", &https).await;
    let cookie = cookie.split(';').next().expect("a pair");
    let logs = async |cookie: &str, headers: &[(&str, &str)]| {
        let headers = [&[("Cookie", cookie)], headers].concat();
        proxy.open("GET", "/api/logs", &headers, b"").await.status
    };
    assert_eq!(logs(cookie, &https).await, 200);
    assert_eq!(logs(cookie, &[]).await, 401);
    assert_eq!(logs(cookie.trim_start_matches("__Host-"), &https).await, 401, "a name that others can set");
}
