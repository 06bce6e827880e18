//! Who may read the metrics, and where they are.

mod common;

use std::time::Duration;

use common::program::{program, start};
use common::{Answer, Server};
use server::Config;
use server::config::AccessConfig;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const PUBLISH: &str = "publish-0123456789abcdef";
const READ: &str = "read-0123456789abcdef";
const METRICS: &str = "metrics-0123456789abcdef";

fn token(text: &str) -> Option<server::Secret> {
    Some(text.parse().expect("a token"))
}

async fn get_as(server: &Server, path: &str, token: &str) -> Answer {
    server.open("GET", path, &[("Authorization", &format!("Bearer {token}"))], b"").await
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_as_soon_as_there_is_one_for_a_token() {
    let open = Server::start(Config::default()).await;
    assert_eq!(open.get("/metrics").await.status, 200, "from here");
    let refused = open.send("GET", "/metrics", &[("X-Forwarded-For", "198.51.100.7")], b"").await;
    assert_eq!(refused.status, 403);
    assert!(refused.problem().detail.contains("--metrics-token"), "{}", refused.text());

    for access in [
        AccessConfig { metrics_token: token(METRICS), read_token: token(READ), ..AccessConfig::default() },
        AccessConfig { metrics_token: token(METRICS), ..AccessConfig::default() },
        AccessConfig { publish_token: token(METRICS), ..AccessConfig::default() },
    ] {
        let server = Server::start(Config { access, ..Config::default() }).await;
        let refused = server.get("/metrics").await;
        assert_eq!((refused.problem().status, refused.header("www-authenticate")), (401, "Bearer"));
        assert!(!refused.text().contains("sse_"), "{}", refused.text());
        assert_eq!(get_as(&server, "/metrics", "wrong-0123456789abcdef").await.status, 401);
        assert_eq!(get_as(&server, "/metrics", METRICS).await.status, 200);
    }
}

#[tokio::test]
async fn who_scrapes_may_do_nothing_else() {
    let access = AccessConfig {
        publish_token: token(PUBLISH),
        read_token: token(READ),
        metrics_token: token(METRICS),
        private_topics: vec!["orders".parse().expect("a pattern")],
        ..AccessConfig::default()
    };
    let server = Server::start(Config { access, ..Config::default() }).await;
    assert_eq!(server.post_as(PUBLISH, "/api/publish/orders", r#"{"data":1}"#).await.status, 201);
    for path in ["/api/logs", "/api/events?topic=orders"] {
        assert_eq!(get_as(&server, path, METRICS).await.status, 401, "{path}");
        assert_eq!(get_as(&server, path, READ).await.status, 200, "{path}");
    }
    for (path, json) in [
        ("/api/session", ""),
        ("/api/ticket", r#"{"topics":["orders"]}"#),
        ("/api/publish/orders", r#"{"data":1}"#),
    ] {
        assert_eq!(server.post_as(METRICS, path, json).await.problem().status, 401, "{path}");
    }
    for token in [METRICS, READ, PUBLISH] {
        assert_eq!(get_as(&server, "/metrics", token).await.status, 200);
    }
}

/// Starts the program, and waits for where it says that the metrics are.
async fn start_with_metrics(command: &mut Command) -> (Child, Server, Server) {
    let (mut child, server) = start(command.args(["--metrics-listen", "127.0.0.1:0"])).await;
    let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
    let address = async {
        loop {
            let line = log.next_line().await.expect("readable").expect("it goes on");
            if let Some((_, url)) = line.split_once("metrics on http://") {
                break url.trim_end_matches("/metrics").parse().expect("an address");
            }
        }
    };
    let address = tokio::time::timeout(Duration::from_secs(20), address).await.expect("in time");
    // Nobody else reads it, and a full pipe would hold the program up.
    tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
    (child, server, Server::at(address))
}

#[tokio::test]
async fn metrics_on_an_address_of_their_own_are_nowhere_else_and_nothing_else_is_there() {
    let (_child, server, apart) = start_with_metrics(&mut program()).await;
    assert_eq!(server.get("/metrics").await.problem().status, 404);
    let metrics = apart.send("GET", "/metrics", &[("X-Forwarded-For", "198.51.100.7")], b"").await;
    assert_eq!((metrics.status, metrics.header("cache-control")), (200, "no-store"));
    assert!(metrics.text().contains("\nsse_streams 0\n"), "{}", metrics.text());
    let limit = metrics.text().lines().find_map(|line| line.strip_prefix("sse_connections_limit "));
    assert!(limit.is_some_and(|limit| limit.parse::<u64>().is_ok_and(|limit| limit > 0)), "{limit:?}");
    let _stream = server.stream("/api/market", None).await;
    assert!(apart.get("/metrics").await.text().contains("\nsse_streams 1\n"));
    for path in ["/", "/api/market", "/api/logs", "/healthz", "/metrics/x"] {
        assert_eq!(apart.get(path).await.problem().status, 404, "{path}");
    }
    assert_eq!(apart.send("POST", "/metrics", &[], b"").await.problem().status, 405);

    let (_child, _server, apart) =
        start_with_metrics(program().envs([("SSE_METRICS_TOKEN", METRICS), ("SSE_READ_TOKEN", READ)])).await;
    for (token, status) in [(METRICS, 200), (READ, 200), ("wrong-0123456789abcdef", 401)] {
        assert_eq!(get_as(&apart, "/metrics", token).await.status, status);
    }
    assert_eq!(apart.get("/metrics").await.problem().status, 401);

    let taken = apart.address.to_string();
    let output = program().args(["--listen", "127.0.0.1:0", "--metrics-listen", &taken]).output().await;
    let output = output.expect("ended");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains(&format!("error: metrics-listen: cannot listen on {taken}: ")), "{said}");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "and it is not said to be ready");
}

#[tokio::test]
async fn whether_it_is_well_is_said_beside_the_metrics_also_where_there_is_no_place_for_clients() {
    let mut command = program();
    command.args(["--connections", "1"]).env("SSE_METRICS_TOKEN", METRICS);
    let (_child, server, apart) = start_with_metrics(&mut command).await;
    let _stream = server.stream("/api/market", None).await;
    assert_eq!(server.get("/healthz/live").await.status, 503);
    for (path, says) in [("/healthz/live", "live\n"), ("/healthz/ready", "ready\n")] {
        let answer = apart.get(path).await;
        assert_eq!((answer.status, answer.text()), (200, says));
    }
    assert_eq!(apart.get("/metrics").await.status, 401, "which takes a token as ever");
}
