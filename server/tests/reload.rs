//! Tokens that are changed while the server runs: whose streams end, whose go on, and what a mistake does.
#![cfg(unix)]

mod common;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use common::program::{program, program_that_hears_hangups, start};
use common::{Answer, PATIENCE, Server};
use demo_contract::access::Ticket;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};

const PUBLISH: &str = "the-token-that-publishes-1";
const OLD: &str = "the-token-that-is-revoked-2";
const NEW: &str = "the-token-that-comes-after-3";

/// The program over a file of settings.
struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Program {
    async fn start(file: &Path) -> (Self, Server) {
        Self::run(program().arg("--config").arg(file)).await
    }

    async fn run(command: &mut Command) -> (Self, Server) {
        let (mut child, server) = start(command).await;
        let log = BufReader::new(child.stderr.take().expect("piped")).lines();
        (Self { child, log }, server)
    }

    fn hang_up(&self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
        kill_process(pid, Signal::HUP).expect("told");
    }

    /// Has it read the file again, and waits until it says `what` became of that.
    async fn reload(&mut self, what: &str) -> String {
        self.hang_up();
        let line = async {
            loop {
                let line = self.log.next_line().await.expect("readable").expect("it goes on");
                if line.contains(what) {
                    return line;
                }
            }
        };
        tokio::time::timeout(PATIENCE, line).await.expect("in time")
    }
}

fn settings(publish: &str, read: &str) -> String {
    format!("publish-token = \"{publish}\"\nread-token = \"{read}\"\nprivate-topic = [\"orders\"]\n")
}

async fn open(server: &Server, topic: &str, headers: &[(&str, &str)]) -> Answer {
    server.open("GET", &format!("/api/events?topic={topic}"), headers, b"").await
}

async fn publish(server: &Server, topic: &str) {
    let published = server.post_as(PUBLISH, &format!("/api/publish/{topic}"), r#"{"data":1}"#).await;
    assert_eq!(published.status, 201, "{}", published.text());
}

#[tokio::test]
async fn the_streams_of_a_token_that_is_revoked_end_and_those_of_others_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    std::fs::write(&file, settings(PUBLISH, OLD)).expect("written");
    let (mut program, server) = Program::start(&file).await;
    for topic in ["orders", "news"] {
        publish(&server, topic).await;
    }
    let bearer = |token: &str| format!("Bearer {token}");
    let (old, new, publisher) = (bearer(OLD), bearer(NEW), bearer(PUBLISH));
    let session = server.post_as(OLD, "/api/session", "").await;
    let cookie = session.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let ticket: Ticket = server.post_as(OLD, "/api/ticket", r#"{"topics":["orders"]}"#).await.json();
    let unused: Ticket = server.post_as(OLD, "/api/ticket", r#"{"topics":["orders"]}"#).await.json();
    let mut revoked = vec![
        open(&server, "orders", &[("Authorization", &old)]).await,
        open(&server, "orders", &[("Cookie", &cookie)]).await,
        open(&server, &format!("orders&ticket={}", ticket.ticket), &[]).await,
    ];
    let mut others = vec![
        open(&server, "orders", &[("Authorization", &publisher)]).await,
        open(&server, "news", &[("Authorization", &old)]).await,
        open(&server, "news", &[]).await,
    ];
    for stream in revoked.iter_mut().chain(&mut others) {
        assert_eq!(stream.status, 200);
        stream.event().await.expect("what was published before");
    }

    std::fs::write(&file, settings(PUBLISH, NEW)).expect("written");
    let said = program.reload("the configuration was read again").await;
    assert!(said.contains("ended=3") && said.contains("are as it says; anything else"), "{said}");
    for topic in ["orders", "news"] {
        publish(&server, topic).await;
    }
    for stream in &mut revoked {
        assert_eq!(stream.event().await, None, "it ends before what comes now");
    }
    for stream in &mut others {
        stream.event().await.expect("it goes on");
    }
    for (headers, status) in [
        (("Authorization", &old), 401),
        (("Cookie", &cookie), 401),
        (("Authorization", &new), 200),
        (("Authorization", &publisher), 200),
    ] {
        assert_eq!(open(&server, "orders", &[(headers.0, headers.1)]).await.status, status, "{headers:?}");
    }
    assert_eq!(open(&server, &format!("orders&ticket={}", unused.ticket), &[]).await.status, 401);

    // The old one comes back, its sessions do not; and a topic becomes private.
    let settings = settings(PUBLISH, OLD).replace("[\"orders\"]", "[\"orders\", \"news\"]");
    std::fs::write(&file, settings).expect("written");
    let said = program.reload("the configuration was read again").await;
    assert!(said.contains("ended=1"), "only the one that has shown nothing: {said}");
    assert_eq!(open(&server, "orders", &[("Cookie", &cookie)]).await.status, 401);
    assert_eq!(open(&server, "orders", &[("Authorization", &old)]).await.status, 200);
    assert_eq!(open(&server, "news", &[]).await.status, 401);
}

#[tokio::test]
async fn a_file_with_a_mistake_changes_nothing_and_is_complained_of_without_its_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    std::fs::write(&file, settings(PUBLISH, OLD)).expect("written");
    let (mut program, server) = Program::start(&file).await;
    publish(&server, "orders").await;
    let old = format!("Bearer {OLD}");
    let mut stream = open(&server, "orders", &[("Authorization", &old)]).await;
    stream.event().await.expect("what was published before");
    for (mistake, says) in [
        (settings(PUBLISH, "my short one"), "server.toml: read-token: expected"),
        (settings(PUBLISH, PUBLISH), "read-token: must not be the publish-token"),
        (format!("{}tick-rat = 1\n", settings(PUBLISH, NEW)), "tick-rat: there is no such key"),
        ("publish-token = ".into(), "server.toml: line 1"),
    ] {
        std::fs::write(&file, mistake).expect("written");
        let said = program.reload("the configuration was not read again").await;
        assert!(said.contains(" ERROR ") && said.contains(says), "{said}");
        assert!(!said.contains("my short one") && !said.contains(NEW), "{said}");
    }
    std::fs::remove_file(&file).expect("removed");
    program.reload("the configuration was not read again").await;
    publish(&server, "orders").await;
    stream.event().await.expect("it goes on");
    assert_eq!(open(&server, "orders", &[("Authorization", &old)]).await.status, 200);
}

#[tokio::test]
async fn what_a_variable_sets_the_file_does_not_change_and_the_log_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    std::fs::write(&file, settings(PUBLISH, NEW)).expect("written");
    let (mut program, server) =
        Program::run(program().arg("--config").arg(&file).env("SSE_READ_TOKEN", OLD)).await;
    publish(&server, "orders").await;
    std::fs::write(&file, settings("the-token-that-publishes-4", NEW)).expect("written");
    let said = program.reload("the configuration was read again").await;
    assert!(said.contains("(but read-token, which a flag or an environment variable sets)"), "{said}");
    for (token, status) in [(OLD, 200), (NEW, 401), (PUBLISH, 401), ("the-token-that-publishes-4", 200)] {
        let bearer = format!("Bearer {token}");
        assert_eq!(open(&server, "orders", &[("Authorization", &bearer)]).await.status, status, "{token}");
    }
}

#[tokio::test]
async fn without_a_file_it_ends_as_other_programs_do() {
    let (mut program, _server) = Program::run(&mut program_that_hears_hangups()).await;
    program.hang_up();
    let ended = tokio::time::timeout(PATIENCE, program.child.wait()).await.expect("in time");
    assert_eq!(ended.expect("ended").signal(), Some(Signal::HUP.as_raw()));
}

/// Waits until a feed has opened the topic, and its first line is published.
async fn until_there_is_news(server: &Server) {
    let opened = async {
        loop {
            let news = open(server, "news", &[]).await;
            if news.status == 200 {
                break news;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let mut news = tokio::time::timeout(PATIENCE, opened).await.expect("opened in time");
    news.event().await.expect("the first line");
}

#[tokio::test]
async fn a_feed_whose_token_is_revoked_is_stopped_between_its_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    std::fs::write(&file, settings(PUBLISH, OLD)).expect("written");
    let (mut program, server) = Program::start(&file).await;
    let mut feed = TcpStream::connect(server.address).await.expect("connected");
    let head = format!(
        "POST /api/publish/news HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PUBLISH}\r\nConnection: close\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n{{\"data\":1}}\n"
    );
    feed.write_all(head.as_bytes()).await.expect("sent");
    // Its first line is taken, and it has more to say.
    until_there_is_news(&server).await;

    std::fs::write(&file, settings(NEW, OLD)).expect("written");
    program.reload("the configuration was read again").await;
    let mut answer = Vec::new();
    // What is left of its body never comes: the connection stays open until somebody gives up, but the answer is there.
    let told = async {
        while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
            assert!(feed.read_buf(&mut answer).await.expect("read") > 0, "closed without an answer");
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("in time");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn a_feed_that_waits_for_its_rate_is_stopped_when_its_token_is_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    // Its second line has to wait for longer than anybody here does.
    let settings = |publish: &str| format!("publish-rate = 0.01\n{}", settings(publish, OLD));
    std::fs::write(&file, settings(PUBLISH)).expect("written");
    let (mut program, server) = Program::start(&file).await;
    let bearer = format!("Bearer {PUBLISH}");
    let headers = [("Content-Type", "application/x-ndjson"), ("Authorization", bearer.as_str())];
    let lines = "{\"data\":1}\n".repeat(100);
    let feed = server.send("POST", "/api/publish/news", &headers, lines.as_bytes());
    let revoke = async {
        until_there_is_news(&server).await;
        std::fs::write(&file, settings(NEW)).expect("written");
        program.reload("the configuration was read again").await;
    };
    let (answer, ()) = tokio::join!(feed, revoke);
    assert_eq!(answer.status, 401, "{}", answer.text());
    let detail = answer.problem().detail;
    assert!(detail.starts_with("line 2 (1 events before it were taken)"), "{detail}");
}
