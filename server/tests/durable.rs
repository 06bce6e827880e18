//! What the server keeps in a file: a restart is a pause, and whoever was told that a message was taken finds it again.

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::Server;
use demo_contract::chat::{Message, Posted};
use server::config::History;
use server::{Config, RunError};
use sse_hub::history::redb::{RedbHistory, RedbOptions};
use sse_hub::{Hub, HubOptions};
use tokio::io::{AsyncBufReadExt, BufReader};
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
async fn a_topic_that_the_server_does_not_open_any_more_is_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = RedbHistory::open(&folder, RedbOptions::default()).expect("opened");
    let hub = Hub::with_history(HubOptions::default(), history);
    hub.topic::<sse_events::Text>("market.GONE").expect("opened");
    hub.close().await.expect("closed");
    drop(hub);
    for (forget_after, kept) in
        [(Config::default().forget_after, 1), (Duration::from_secs(3_600), 1), (Duration::ZERO, 0)]
    {
        let server = Server::start(Config { forget_after, ..config(&folder) }).await;
        let metrics = server.get("/metrics").await;
        assert!(metrics.text().contains(&format!("\nsse_topics_kept {kept}\n")), "{forget_after:?}");
        stop(server).await;
    }
}

/// The program over this folder, and where it listens.
async fn program(folder: &tempfile::TempDir) -> (Child, Server) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_server"));
    program.args(["--listen", "127.0.0.1:0", "--history", "redb", "--data-dir"]).arg(folder.path());
    program.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = program.spawn().expect("started");
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
