//! A disk that is full and has room again, under the server as a process: a limit on the size of its files stands for it.
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{Answer, Server, program};
use demo_contract::chat::{Message, Posted};
use demo_contract::publish::{Published, PublishedLines};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};

const TOKEN: &str = "a-token-for-feeds-0123456789";

/// The program, which is told of a limit by an error and not killed by a signal.
async fn server(folder: &Path, more: &[&str]) -> (Child, Server) {
    let mut shell = program::set_up(Command::new("sh"));
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_server")]);
    shell.args(["--listen", "127.0.0.1:0", "--history", "redb", "--market-feed", "published", "--data-dir"]);
    shell.arg(folder).args(more);
    program::listening(&mut shell).await
}

fn limit_files(child: &Child, bytes: Option<u64>) {
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(pid), Resource::Fsize, limit).expect("its limit is ours to set");
}

/// Nothing more can be written.
fn fill(child: &Child) {
    limit_files(child, Some(1));
}

/// Waits until the streams of the classic examples have had theirs of this second: one of these would meet the full disk
/// as well, and where it is known to be full nothing is said any more.
async fn pass_the_second(server: &Server) {
    for path in ["/events", "/stock-price"] {
        let mut stream = server.stream(path, None).await;
        // The first may be one that is kept.
        for _ in 0..2 {
            stream.event().await.expect("one each second");
        }
    }
}

async fn say(server: &Server, client_id: &str) -> Answer {
    let message = serde_json::json!({ "client_id": client_id, "author": "Ann", "text": client_id });
    server.post_json("/api/chat/lobby", &message.to_string()).await
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json::<Posted>().id
}

/// The next message of a stream: its id and its text.
async fn message(stream: &mut Answer) -> (String, String) {
    let event = stream.event_of("message").await;
    (event.id, serde_json::from_str::<Message>(&event.data).expect("a message").text)
}

/// The next event that is not about who is there.
async fn event(stream: &mut Answer) -> common::Event {
    loop {
        let event = stream.event().await.expect("goes on");
        if event.event != "presence" {
            return event;
        }
    }
}

async fn until_ready_says(server: &Server, wanted: &str) {
    let started = Instant::now();
    loop {
        let ready = server.get("/healthz/ready").await;
        if ready.text().starts_with(wanted) {
            return assert_eq!(ready.status, 200);
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{}", ready.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn state(server: &Server) -> String {
    let metrics = server.get("/metrics").await;
    let state = metrics.text().lines().find_map(|line| {
        line.strip_prefix("sse_history_state{state=\"").and_then(|line| line.strip_suffix("\"} 1"))
    });
    state.expect("one of them").to_owned()
}

#[tokio::test]
async fn a_disk_that_has_room_again_is_used_again_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, first) = server(folder.path(), &[]).await;
    let mut stream = first.stream("/api/chat/lobby", None).await;
    let mut cursor = id(&say(&first, "0").await);
    assert_eq!(message(&mut stream).await, (cursor.clone(), "0".into()));
    // Full, room, full again.
    for round in 0..2 {
        pass_the_second(&first).await;
        fill(&child);
        let [seen, refused, after] = [1, 2, 3].map(|number| (3 * round + number).to_string());
        let full = say(&first, &seen).await;
        assert_eq!((full.status, full.header("retry-after")), (503, "30"), "{}", full.text());
        let (live, text) = message(&mut stream).await;
        assert_eq!(text, seen, "who is there gets it all the same");
        until_ready_says(&first, "ready, but the history keeps nothing: its disk is full").await;
        assert_eq!(state(&first).await, "live_only");
        assert_eq!(say(&first, &refused).await.problem().status, 503);

        limit_files(&child, None);
        until_ready_says(&first, "ready\n").await;
        assert_eq!(state(&first).await, "whole");
        assert_eq!(id(&say(&first, &seen).await), live, "its sender asks again, and it is kept by now");
        cursor = id(&say(&first, &after).await);
        assert_eq!(message(&mut stream).await, (cursor.clone(), after));
    }
    child.start_kill().expect("killed");
    let log = child.wait_with_output().await.expect("gone").stderr;
    let log = String::from_utf8(log).expect("UTF-8");
    let told: Vec<_> = log.lines().filter(|line| line.contains(" sse_hub::history")).collect();
    // Once each time, and not for each event or each try.
    assert_eq!(told.len(), 4, "{log}");
    for pair in told.chunks(2) {
        let [full, again] = pair else { panic!("in pairs: {log}") };
        assert!(full.contains(" WARN ") && full.contains("keeps nothing for now"), "{full}");
        assert!(
            again.contains(" WARN ") && again.contains("keeps events again, and none is lost"),
            "{again}"
        );
        assert!(
            [full, again].iter().all(|line| line.contains("its disk is full")),
            "with the reason: {pair:?}"
        );
    }

    let (child, second) = server(folder.path(), &[]).await;
    let mut all = second.stream("/api/chat/lobby", None).await;
    for text in ["0", "1", "3", "4", "6"] {
        assert_eq!(message(&mut all).await.1, text);
    }
    let mut back = second.stream("/api/chat/lobby", Some(&cursor)).await;
    let next = id(&say(&second, "7").await);
    let event = event(&mut back).await;
    assert_eq!((event.event.as_str(), event.id), ("message", next), "no reset, and no gap");

    // Killed while it is full: somebody has seen what is lost.
    fill(&child);
    assert_eq!(say(&second, "8").await.status, 503);
    assert_eq!(message(&mut all).await.1, "7");
    let (seen, text) = message(&mut all).await;
    assert_eq!(text, "8");
    program::kill(child).await;
    let (_child, third) = server(folder.path(), &[]).await;
    let mut back = third.stream("/api/chat/lobby", Some(&seen)).await;
    assert_eq!(back.event().await.expect("goes on").event, "sse.reset");
    for text in ["0", "1", "3", "4", "6", "7"] {
        assert_eq!(message(&mut back).await.1, text, "what was acknowledged is there");
    }
}

#[tokio::test]
async fn an_end_on_a_full_disk_says_what_is_lost_and_not_that_it_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (child, server) = server(folder.path(), &[]).await;
    id(&say(&server, "kept").await);
    fill(&child);
    assert_eq!(say(&server, "lost").await.status, 503);
    let kill = Command::new("kill").arg(child.id().expect("running").to_string()).status().await;
    assert!(kill.expect("kill is installed").success());
    let output = child.wait_with_output().await.expect("ended");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    let last = said.lines().last().expect("a line");
    assert!(last.starts_with("error: the history was not closed: its disk is full: "), "{last}");
    assert!(last.contains("is lost") && last.contains("sse.reset"), "{last}");
    assert!(!last.contains("goes on by itself"), "{last}");
    assert_eq!(output.status.code(), Some(1));
}

/// A single event to a feed's topic, and many.
async fn publish(server: &Server, event: &str) -> Answer {
    server.post_as(TOKEN, "/api/publish/orders", event).await
}

async fn publish_lines(server: &Server, lines: &str) -> Answer {
    // The kernel takes little ahead: a body that the server does not read to its end cannot be sent.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_send_buffer_size(4 * 1024).expect("set");
    let socket = socket.connect(server.address).await.expect("connected");
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Content-Type", "application/x-ndjson"), ("Authorization", bearer.as_str())];
    let mut answer =
        server.open_over(socket, "POST", "/api/publish/orders", &headers, lines.as_bytes()).await;
    answer.read_to_end().await;
    answer
}

fn refused(answer: &Answer, retry_after: &str) -> String {
    assert_eq!((answer.status, answer.header("retry-after")), (503, retry_after), "{}", answer.text());
    answer.problem().detail
}

#[tokio::test]
async fn a_feed_is_told_when_to_come_back_and_then_each_of_its_events_is_there_once() {
    const LINES: u64 = 900;

    let folder = tempfile::tempdir().expect("a folder");
    let (child, server) = server(folder.path(), &["--publish-token", TOKEN]).await;
    let first = publish(&server, r#"{"id":"first","data":"first"}"#).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let padding = "x".repeat(700);
    let line = |n| format!("{{\"id\":\"{n}\",\"data\":[{n},\"{padding}\"]}}\n");
    let lines: String = (0..LINES).map(line).collect();
    fill(&child);
    let detail = refused(&publish_lines(&server, &lines).await, "5");
    assert!(
        detail.starts_with("lines 1 to ") && detail.contains(", not all of which are kept: "),
        "{detail}"
    );
    let detail = refused(&publish_lines(&server, &lines).await, "30");
    assert!(detail.starts_with("line 1 (0 events before it were taken): "), "{detail}");
    refused(&publish(&server, r#"{"id":"single","data":1}"#).await, "30");

    limit_files(&child, None);
    until_ready_says(&server, "ready\n").await;
    let done: PublishedLines = publish_lines(&server, &lines).await.json();
    assert_eq!(done.published + done.duplicates, LINES, "{done:?}");
    assert!(done.published < LINES, "what was shown is kept by now: {done:?}");
    let again: PublishedLines = publish_lines(&server, &lines).await.json();
    assert_eq!((again.published, again.duplicates), (0, LINES));
    let last = publish(&server, r#"{"id":"single","data":"last"}"#).await;
    assert_eq!(last.status, 201, "what was refused was not remembered: {}", last.text());

    let first: Published = first.json();
    let mut stream = server.stream("/api/events?topic=orders", Some(&first.id)).await;
    for n in 0..LINES {
        let event = stream.event().await.expect("goes on");
        assert!(event.data.starts_with(&format!("[{n},")), "{n}: {:.40}", event.data);
    }
    assert_eq!(stream.event().await.expect("the last").data, r#""last""#);
}
