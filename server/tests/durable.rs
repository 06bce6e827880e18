//! What the server keeps in a file: a restart is a pause, and whoever was told that a message was taken finds it again.

mod common;

use std::process::Stdio;

use common::Server;
use demo_contract::chat::{Message, Posted};
use demo_contract::publish::Published;
use server::config::{AccessConfig, History};
use server::{Config, RunError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

fn body(client_id: &str, text: &str) -> String {
    serde_json::json!({ "client_id": client_id, "author": "Ann", "text": text }).to_string()
}

fn config(folder: &tempfile::TempDir) -> Config {
    Config { history: History::Redb, data_dir: folder.path().to_owned(), ..Config::default() }
}

async fn stop(mut server: Server) {
    server.shut_down();
    server.running.await.expect("no panic").expect("closed in order");
}

#[tokio::test]
async fn a_restart_keeps_the_messages_the_cursors_and_the_ids_of_the_senders() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(config(&folder)).await;
    assert_eq!(server.get("/healthz/ready").await.text(), "ready\n");
    let first = server.post_json("/api/chat/lobby", &body("1", "first")).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let second = server.post_json("/api/chat/lobby", &body("2", "second")).await;
    let hello = server.stream("/stream", None).await.event().await.expect("hello");
    stop(server).await;

    let server = Server::start(config(&folder)).await;
    let again = server.post_json("/api/chat/lobby", &body("2", "second")).await;
    assert_eq!((again.status, again.text()), (201, second.text()), "it is the same message");
    assert_eq!(server.post_json("/api/chat/lobby", &body("2", "else")).await.problem().status, 409);

    let Posted { id } = serde_json::from_slice(&first.body).expect("an id");
    let mut back = server.stream("/api/chat/lobby", Some(&id)).await;
    let mut new = server.stream("/api/chat/lobby", None).await;
    let text = |data: &str| serde_json::from_str::<Message>(data).expect("a message").text;
    assert_eq!(text(&new.event_of("message").await.data), "first");
    for stream in [&mut back, &mut new] {
        let event = stream.event().await.expect("goes on");
        assert_eq!(text(&event.data), "second", "no reset, and no gap");
    }
    let mut ended = server.stream("/stream", None).await;
    assert_eq!(ended.event().await, Some(hello), "said once");
    assert_eq!(ended.event().await.expect("an end").event, "sse.end");
    stop(server).await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_told_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Server::start(config(&folder)).await;
    assert_eq!(first.get("/healthz/live").await.status, 200);
    let second = Server::start(config(&folder)).await;
    let error = second.running.await.expect("no panic").expect_err("it does not start");
    assert!(matches!(error, RunError::History(_)), "{error}");
    assert!(error.to_string().contains("another process has this history open"), "{error}");
    stop(first).await;
}

#[tokio::test]
async fn the_topics_of_feeds_are_there_after_a_restart_before_the_feed_is() {
    const PUBLISH: &str = "the-token-that-publishes-1";
    const READ: &str = "the-token-that-reads-2";

    let folder = tempfile::tempdir().expect("a folder");
    let access = AccessConfig {
        publish_token: Some(PUBLISH.parse().expect("a token")),
        read_token: Some(READ.parse().expect("a token")),
        private_topics: vec!["orders.*".parse().expect("a pattern")],
        ..AccessConfig::default()
    };
    let config = Config { access, ..config(&folder) };
    let server = Server::start(config.clone()).await;
    let mut ids = Vec::new();
    for (topic, data) in [("orders.eu", 1), ("weather", 2), ("orders.eu", 3)] {
        let json = format!("{{\"data\":{data}}}");
        let published = server.post_as(PUBLISH, &format!("/api/publish/{topic}"), &json).await;
        assert_eq!(published.status, 201, "{}", published.text());
        ids.push(published.json::<Published>().id);
    }
    stop(server).await;

    let server = Server::start(config).await;
    let path = "/api/events?topic=orders.eu&topic=weather";
    assert_eq!(server.get(path).await.problem().status, 401, "what was private still is");
    let bearer = format!("Bearer {READ}");
    let headers = [("Authorization", bearer.as_str()), ("Last-Event-ID", &ids[0])];
    let mut stream = server.open("GET", path, &headers, b"").await;
    assert_eq!(stream.status, 200);
    for (id, data) in [(&ids[1], "2"), (&ids[2], "3")] {
        let event = stream.event().await.expect("what it has missed");
        assert_eq!((&event.id, event.data.as_str()), (id, data));
    }
    let again = server.post_as(PUBLISH, "/api/publish/orders.eu", r#"{"data":4}"#).await;
    let event = stream.event().await.expect("and what comes");
    assert_eq!((event.id, event.data.as_str()), (again.json::<Published>().id, "4"));
    assert_eq!(server.get("/api/events?topic=nowhere").await.problem().status, 404);
    stop(server).await;
}

#[tokio::test]
async fn nobody_is_told_that_it_is_ready_before_the_history_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Server::start(config(&folder)).await;
    assert_eq!(first.get("/healthz/live").await.status, 200);
    // Its history cannot be opened, and that is found out after it has its address.
    let mut second = start_program(&folder, Stdio::piped());
    let (mut told, mut error) = (String::new(), String::new());
    let (mut stdout, mut stderr) =
        (second.stdout.take().expect("piped"), second.stderr.take().expect("piped"));
    let (read, failed) = tokio::join!(stdout.read_to_string(&mut told), stderr.read_to_string(&mut error));
    read.and(failed).expect("text");
    assert_eq!(second.wait().await.expect("ended").code(), Some(1));
    assert_eq!(told, "", "whoever waits for the line must not come");
    assert!(error.contains("another process has this history open"), "{error}");
    stop(first).await;
}

/// The program over this folder.
fn start_program(folder: &tempfile::TempDir, stderr: Stdio) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_server"));
    program.args(["--listen", "127.0.0.1:0", "--history", "redb", "--data-dir"]).arg(folder.path());
    program.stdout(Stdio::piped()).stderr(stderr).kill_on_drop(true);
    program.spawn().expect("started")
}

/// The program over this folder, and where it listens.
async fn program(folder: &tempfile::TempDir) -> (Child, Server) {
    let mut child = start_program(folder, Stdio::null());
    let line = BufReader::new(child.stdout.take().expect("piped")).lines().next_line().await;
    let line = line.expect("readable").expect("a line");
    let address = line.strip_prefix("listening on http://").expect("a URL").parse().expect("an address");
    (child, Server::elsewhere(address))
}

#[tokio::test]
async fn a_message_that_was_taken_outlives_a_kill_right_after() {
    const ROUNDS: usize = 8;

    let folder = tempfile::tempdir().expect("a folder");
    let mut taken: Vec<String> = Vec::new();
    for round in 0..=ROUNDS {
        let (mut child, server) = program(&folder).await;
        let mut room = server.stream("/api/chat/lobby", None).await;
        for id in &taken {
            assert_eq!(&room.event_of("message").await.id, id, "after {round} kills");
        }
        let posted = server.post_json("/api/chat/lobby", &body(&round.to_string(), "hi")).await;
        child.start_kill().expect("killed");
        child.wait().await.expect("gone");
        let Posted { id } = serde_json::from_slice(&posted.body).expect("taken");
        taken.push(id);
    }
}
