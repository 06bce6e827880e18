//! What those who run the server rely on: configuration, metrics, the log, and that no secret is in it.

mod common;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::endpoint::{Endpoint, Reply};
use common::program::{self, is_without_settings, program, start};
use common::{PATIENCE, Server};
use demo_contract::access::Ticket;
use demo_contract::logs::{Level, Line};
use server::Config;
use server::config::AccessConfig;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
#[cfg(unix)]
use tokio::process::Command;

const PUBLISH: &str = "publish-0123456789abcdef";
const READ: &str = "read-0123456789abcdef";
const KEY: &str = "sk-0123456789abcdef";
const METRICS: &str = "metrics-0123456789abcdef";

/// A file of its own for a test, gone with it.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("written");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The exit code of a check, and what was said.
async fn check(file: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = program();
    command.args(["--check-config", "--config", file]).args(arguments).envs(variables.iter().copied());
    let output = command.output().await.expect("ended");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().expect("a code"), String::from_utf8(said).expect("UTF-8"))
}

#[tokio::test]
async fn one_address_is_not_for_the_clients_and_for_the_metrics() {
    let check = async |listen: &str, metrics: &str| {
        let arguments = ["--check-config", "--listen", listen, "--metrics-listen", metrics];
        let output = program().args(arguments).output().await.expect("ended");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    for (listen, metrics) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("0.0.0.0:8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "[::]:8080"),
    ] {
        let (code, said) = check(listen, metrics).await;
        assert_eq!(code, Some(1), "{listen} and {metrics}");
        assert!(said.starts_with("error: metrics-listen: "), "{said}");
    }
    for (listen, metrics) in [
        ("127.0.0.1:8080", "127.0.0.1:9090"),
        ("127.0.0.1:8080", "127.0.0.2:8080"),
        ("127.0.0.1:0", "127.0.0.1:0"),
    ] {
        assert_eq!(check(listen, metrics).await, (Some(0), String::new()), "{listen} and {metrics}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn few_files_are_told_of_by_the_number_of_connections_for_which_they_are_enough() {
    let limited = |arguments: &[&str]| {
        let mut shell = program::set_up(Command::new("sh"));
        shell.args(["-c", "ulimit -n 700 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_server")]);
        shell.args(arguments);
        shell
    };
    let is_told =
        |said: &str| said.contains("connections: 20000 need more files") && said.contains("LimitNOFILE");
    let output = limited(&["--check-config"]).output().await.expect("ended");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "it is a warning: {said}");
    assert!(said.starts_with("warning: ") && is_told(&said), "{said}");
    let output = limited(&["--check-config", "--connections", "5"]).output().await.expect("ended");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "that is what was asked for");

    let (child, _server) = start(&mut limited(&[])).await;
    let kill = Command::new("kill").arg(child.id().expect("running").to_string()).status().await;
    assert!(kill.expect("kill is installed").success());
    let log = String::from_utf8(child.wait_with_output().await.expect("ended").stderr).expect("UTF-8");
    let told: Vec<_> = log.lines().filter(|line| is_told(line)).collect();
    assert!(matches!(&told[..], [line] if line.contains(" WARN ")), "once: {log}");
}

#[tokio::test]
async fn a_flag_wins_over_the_environment_and_both_win_over_the_file() {
    if !is_without_settings("a_flag_wins_over_the_environment_and_both_win_over_the_file") {
        return;
    }
    let file = File::new("wins.toml", "heartbeat = \"0s\"\n");
    let (code, said) = check(file.path(), &[], &[]).await;
    assert_eq!(code, 1);
    assert!(said.contains("wins.toml: heartbeat: must be longer than zero"), "{said}");

    let file =
        format!("publish-token = \"{PUBLISH}\"\ntick-rate = 2\nallow-origin = [\"https://a.example\"]\n");
    let file = File::new("order.toml", &file);
    let load = |arguments: &[&str]| {
        let all = [&["server", "--config", file.path()], arguments].concat();
        Config::load(all.into_iter().map(str::to_owned)).expect("valid")
    };
    let config = load(&[]);
    assert_eq!(config.tick_rate, 2.0);
    assert_eq!(config.access.publish_token.expect("set").expose(), PUBLISH);
    assert_eq!(config.allow_origins.len(), 1);
    assert_eq!(config.heartbeat, Duration::from_secs(15), "what nobody sets is as it was");
    assert_eq!(load(&["--tick-rate", "3"]).tick_rate, 3.0);

    // In a process of its own, because the environment is its.
    let (child, server) =
        start(program().args(["--config", file.path()]).env("SSE_PUBLISH_TOKEN", READ)).await;
    let json = r#"{"data":1}"#;
    assert_eq!(server.post_as(PUBLISH, "/api/publish/a", json).await.status, 401, "the environment wins");
    assert_eq!(server.post_as(READ, "/api/publish/a", json).await.status, 201);
    drop(child);
    let mut command = program();
    command.args(["--config", file.path(), "--publish-token", KEY]).env("SSE_PUBLISH_TOKEN", READ);
    let (_child, server) = start(&mut command).await;
    assert_eq!(server.post_as(READ, "/api/publish/a", json).await.status, 401, "the flag wins");
    assert_eq!(server.post_as(KEY, "/api/publish/a", json).await.status, 201);
}

#[tokio::test]
async fn what_is_wrong_with_the_file_is_named_with_its_key_and_without_its_value() {
    for (text, says) in [
        ("tick-rat = 4", "wrong.toml: tick-rat: there is no such key"),
        ("tick_rat = 4", "wrong.toml: tick-rat: there is no such key"),
        ("tick_rate = 4\ntick-rate = 5", "wrong.toml: tick-rate: is set twice"),
        ("tick_rate = \"often\"", "wrong.toml: tick-rate: expected a number from 0.01 to 1000"),
        ("config = \"x\"", "wrong.toml: config: there is no such key"),
        ("check-config = true", "wrong.toml: check-config: there is no such key"),
        ("help = true", "wrong.toml: help: there is no such key"),
        ("tick-rate = \"often\"", "wrong.toml: tick-rate: expected a number from 0.01 to 1000"),
        ("tick-rate = 0", "wrong.toml: tick-rate: expected"),
        ("tick-rate = [1, 2]", "wrong.toml: tick-rate: expected a string or a number"),
        ("tick-rate = true", "wrong.toml: tick-rate: expected a string or a number"),
        ("listen = \"here\"", "wrong.toml: listen: expected an address and a port"),
        ("allow-origin = [\"https://a.example\", \"*\"]", "wrong.toml: allow-origin: every origin"),
        ("allow-origin = [1]", "wrong.toml: allow-origin: expected a list of strings"),
        (
            "[access]\npublish-token = \"0123456789abcdef\"",
            "wrong.toml: access-publish-token: there is no such key",
        ),
        ("publish-token = \"my secret token\"", "wrong.toml: publish-token: expected"),
        ("listen = \"127.0.0.1:0\"\npublish-token = my-secret-token", "wrong.toml: line 2: "),
        ("[assistant]\nurl = \"ftp://x\"", "wrong.toml: assistant-url: expected http"),
        ("[assistant]\nurl = \"http://127.0.0.1:1/v1\"", "assistant-model: must be set"),
        ("publish-token = \"my-secret-token-x\"\nread-token = \"my-secret-token-x\"", "read-token: must not"),
        (
            "publish-token = \"my-secret-token-x\"\nmetrics-token = \"my-secret-token-x\"",
            "metrics-token: must not",
        ),
        ("trusted-proxies = [\"10.0.0.0/8\", \"0.0.0.0/0\"]", "wrong.toml: trusted-proxies: every address"),
        ("trusted-proxies = \"example.org\"", "wrong.toml: trusted-proxies: expected an address"),
        ("proxy-header = \"via\"", "wrong.toml: proxy-header: expected one of x-forwarded-for, forwarded"),
        ("metrics-listen = \"9090\"", "wrong.toml: metrics-listen: "),
        ("[tls]\ncert = \"cert.pem\"", "tls-cert: must be set with tls-key"),
        ("tls-self-signed = \"yes\"", "wrong.toml: tls-self-signed: expected true or false"),
        ("market-feed = \"nowhere.csv\"", "market-feed: nowhere.csv: "),
        ("streams = 0", "wrong.toml: streams: expected a whole number above zero"),
        ("http2-streams = 0", "wrong.toml: http2-streams: expected a whole number above zero"),
        ("connections = 9000000000", "connections: 9000000000 need more files than this process may open"),
    ] {
        let file = File::new("wrong.toml", text);
        let (code, said) = check(file.path(), &[], &[]).await;
        assert_eq!(code, 1, "{text}: {said}");
        assert!(said.contains(says), "{text}: {said}");
        assert!(!said.contains("secret") && !said.contains("panicked"), "{text}: {said}");
    }
    let (code, said) = check("no/such/file.toml", &[], &[]).await;
    assert_eq!(code, 1);
    assert!(said.contains("no/such/file.toml: "), "{said}");
    let (code, said) = check("x.toml", &["--tick-rate", "often"], &[]).await;
    assert_eq!(code, 2);
    assert!(said.contains("--tick-rate"), "{said}");
    let empty = File::new("empty-for-all.toml", "");
    for (arguments, variables, expected, says) in [
        (&["--listen", "localhost"][..], &[][..], 2, "expected an address and a port"),
        (&[], &[("SSE_LOG", "server=loud")], 1, "SSE_LOG: "),
    ] {
        let (code, said) = check(empty.path(), arguments, variables).await;
        assert!(code == expected && said.contains(says), "{arguments:?} {variables:?}: {said}");
    }
    // What a service is given in its environment ends up in the system's log if it is wrong.
    for variable in ["SSE_PUBLISH_TOKEN", "SSE_READ_TOKEN", "SSE_METRICS_TOKEN", "SSE_ASSISTANT_KEY"] {
        let (code, said) = check("x.toml", &[], &[(variable, "a secret with spaces")]).await;
        let key = variable.trim_start_matches("SSE_").to_lowercase().replace('_', "-");
        assert!(code == 1 && said.contains(&format!("{key}: expected")), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn what_a_history_in_memory_has_no_use_for_is_said_and_stops_nothing() {
    let in_file = |key: &str| File::new(&format!("unused-{key}.toml"), &format!("{key} = \"group\"\n"));
    let (data, durability, empty) =
        (in_file("data-dir"), in_file("durability"), File::new("unused.toml", ""));
    for (file, arguments, variables, key) in [
        (&data, &[][..], &[][..], "data-dir"),
        (&durability, &[], &[], "durability"),
        (&empty, &["--data-dir", "data", "--history", "memory"], &[], "data-dir"),
        (&empty, &["--durability", "strict"], &[], "durability"),
        (&empty, &[], &[("SSE_DATA_DIR", "/srv")], "data-dir"),
    ] {
        let (code, said) = check(file.path(), arguments, variables).await;
        let warning = format!("{key}: is of no use without history = redb: events are kept in memory");
        assert!(code == 0 && said.contains("the configuration is valid"), "{key}: {said}");
        assert!(said.contains(&format!("warning: {warning}")), "{key}: {said}");
    }
    // The log has it when it runs.
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (mut child, server) = start(program().arg("--data-dir").arg(&data)).await;
    assert_eq!(server.get("/healthz/live").await.status, 200);
    assert!(!data.exists());
    let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
    let told = async {
        while let Some(line) = log.next_line().await.expect("readable") {
            if line.contains("data-dir: is of no use") {
                return line;
            }
        }
        panic!("nothing is said of it")
    };
    let line = tokio::time::timeout(PATIENCE, told).await.expect("in time");
    assert!(line.contains("WARN"), "{line}");
}

#[tokio::test]
async fn the_address_to_listen_on_may_be_a_name() {
    let file = File::new("name.toml", "listen = \"localhost:0\"\ntick_rate = 2\n");
    let mut commands = [program(), program(), program()];
    commands[0].args(["--listen", "localhost:0"]);
    commands[1].env("SSE_LISTEN", "localhost:0");
    commands[2].args(["--config", file.path()]);
    for command in &mut commands {
        let (_child, server) = common::program::listening(command.stderr(Stdio::null())).await;
        assert!(server.address.ip().is_loopback() && server.address.port() > 0, "{}", server.address);
        assert_eq!(server.get("/healthz/live").await.status, 200);
    }
}

#[tokio::test]
async fn nothing_is_started_with_a_filter_of_the_log_that_is_none() {
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0"]).env("SSE_LOG", "server=loud");
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").expect("started");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.starts_with("error: SSE_LOG: "), "{said}");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
}

#[tokio::test]
async fn a_valid_configuration_is_said_to_be_valid_and_nothing_is_started() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/server.toml");
    let (code, said) = check(example, &[], &[]).await;
    assert_eq!((code, said.trim()), (0, "the configuration is valid"));
    let file = File::new("tables.toml", "[assistant]\nurl = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n");
    assert_eq!(check(file.path(), &[], &[]).await.0, 0);
}

#[tokio::test]
async fn metrics_have_help_and_count_what_happens() {
    let server = Server::start(Config::default()).await;
    let value = async |name: &str| server.metric(name).await;
    assert_eq!(value("sse_streams").await, 0);
    let replayed = value("sse_replayed_events_total").await;
    let mut stream = server.stream("/api/market?symbols=ACME", None).await;
    stream.event_of("bar").await;
    assert_eq!(value("sse_streams").await, 1);
    assert_eq!(value("sse_streams_started_total").await, 1);
    assert!(value("sse_replayed_events_total").await > replayed);
    assert!(value("sse_delivered_bytes_total").await > 0);
    assert!(value("sse_connections").await > 0);
    // What is wrapped around a response does not keep its stream from the shards.
    assert_eq!(value("sse_shard_streams").await, 1);
    // Also of what the shards write. What comes next may have been counted already.
    let before = value("sse_deliveries_total").await;
    while value("sse_deliveries_total").await == before {
        stream.event_of("tick").await;
    }
    assert_eq!(server.get("/api/events?topic=nowhere").await.status, 404);
    assert_eq!(value("sse_streams_refused_total").await, 1);
    assert_eq!(value("sse_http_responses_total{status=\"4xx\"}").await, 1);

    // The form, as the format's description has it: every name has its help and type once, before its samples.
    let text = server.get("/metrics").await;
    assert_eq!(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let mut described = std::collections::HashSet::new();
    let mut lines = text.text().lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix("# HELP ") {
            Some(help) => {
                let (name, help) = help.split_once(' ').expect("a help text");
                let kind = lines
                    .next()
                    .and_then(|line| line.strip_prefix(&format!("# TYPE {name} ")))
                    .expect("a type");
                assert!(described.insert(name.to_owned()) && !help.is_empty(), "{name}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            }
            None => {
                let name = line.split(['{', ' ']).next().expect("a name");
                assert!(described.contains(name), "{line}");
                line.rsplit(' ').next().expect("a value").parse::<u64>().expect("a number");
            }
        }
    }
}

#[tokio::test]
async fn the_log_says_which_client_a_trusted_proxy_has_seen() {
    for (trusted, client) in [("127.0.0.1", "198.51.100.7"), ("10.0.0.1", "127.0.0.1")] {
        let mut command = program();
        command.envs([("SSE_LOG", "info,server::requests=debug"), ("SSE_TRUSTED_PROXIES", trusted)]);
        let (mut child, server) = start(&mut command).await;
        let headers = [("X-Forwarded-For", "203.0.113.1, 198.51.100.7"), ("X-Request-Id", "this-one")];
        assert_eq!(server.send("GET", "/healthz/live", &headers, b"").await.status, 200);
        let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
        let line = async {
            loop {
                let line = log.next_line().await.expect("readable").expect("it goes on");
                if line.contains("this-one") {
                    break line;
                }
            }
        };
        let line = tokio::time::timeout(Duration::from_secs(20), line).await.expect("in time");
        assert!(line.contains(&format!("client={client} ")), "{line}");
    }
}

#[tokio::test]
async fn a_password_in_a_url_is_shown_nowhere() {
    const URL: &str = "http://ann:my-secret-pass@127.0.0.1:1/v1";
    let hidden = |said: &str| {
        assert!(!said.contains("my-secret") && !said.contains("panicked"), "{said}");
    };
    let file = File::new("empty.toml", "");
    let as_flag = ["--assistant-url", URL, "--assistant-model", "m"];
    for (arguments, variables) in
        [(&as_flag[..], &[][..]), (&[], &[("SSE_ASSISTANT_URL", URL), ("SSE_ASSISTANT_MODEL", "m")])]
    {
        let (code, said) = check(file.path(), arguments, variables).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("assistant-url: a key belongs in assistant-key, not in the URL"), "{said}");
        hidden(&said);
    }
    let in_file = File::new("url.toml", &format!("[assistant]\nurl = \"{URL}\"\nmodel = \"m\"\n"));
    let (code, said) = check(in_file.path(), &[], &[]).await;
    assert!(code == 1 && said.contains("url.toml: assistant-url: a key belongs"), "{said}");
    hidden(&said);

    // A URL where none belongs.
    for flag in ["--allow-origin", "--market-feed", "--listen", "--trusted-proxies", "--tls-cert", "--bind"] {
        let (code, said) = check(file.path(), &[flag, URL], &[]).await;
        assert_ne!(code, 0, "{flag}");
        assert!(said.contains(flag.trim_start_matches("--")), "{flag}: {said}");
        hidden(&said);
    }
    // Help shows what the environment holds.
    let secret = "my-secret-token-of-the-environment";
    let mut command = program();
    for variable in ["SSE_PUBLISH_TOKEN", "SSE_READ_TOKEN", "SSE_METRICS_TOKEN", "SSE_ASSISTANT_KEY"] {
        command.env(variable, secret);
    }
    let help = command.env("SSE_ASSISTANT_URL", URL).arg("--help").output().await.expect("ended");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    assert!(help.contains("[env: SSE_READ_TOKEN]") && help.contains("[env: SSE_ASSISTANT_URL]"), "{help}");
    hidden(&help);
}

fn token(text: &str) -> Option<server::Secret> {
    Some(text.parse().expect("a token"))
}

#[tokio::test]
async fn what_is_printed_for_debugging_holds_no_secret() {
    let access = AccessConfig {
        publish_token: token(PUBLISH),
        read_token: token(READ),
        metrics_token: token(METRICS),
        ..AccessConfig::default()
    };
    let mut config = Config { access, ..Config::default() };
    config.assistant.key = token(KEY);
    let shown = format!("{config:?} {config:#?}");
    for secret in [PUBLISH, READ, METRICS, KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(shown.matches("Secret(..)").count(), 8, "{shown}");
    let refused = "http://ann:my-secret-pass@host/v1".parse::<server::config::BaseUrl>();
    assert!(!format!("{refused:?}").contains("my-secret"), "nothing that can be shown holds a password");
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let server = Server::start(Config::default()).await;
    let own = server.get("/healthz/live").await;
    assert_eq!((own.status, own.header("x-request-id").len()), (200, 16));
    let given = server.send("GET", "/api/nowhere", &[("X-Request-Id", "from-a-proxy-7")], b"").await;
    assert_eq!((given.status, given.header("x-request-id")), (404, "from-a-proxy-7"));
    let forged = server.send("GET", "/healthz/live", &[("X-Request-Id", "a b=\"c\"")], b"").await;
    assert_eq!(forged.header("x-request-id").len(), 16);
}

#[tokio::test]
async fn the_log_is_a_stream_for_this_machine_or_a_token_and_holds_no_secret() {
    let endpoint = Endpoint::start().await;
    let mut command = program();
    command.envs([
        ("SSE_LOG", "trace"),
        ("SSE_PUBLISH_TOKEN", PUBLISH),
        ("SSE_READ_TOKEN", READ),
        ("SSE_PRIVATE_TOPIC", "orders"),
        ("SSE_ASSISTANT_KEY", KEY),
        ("SSE_ASSISTANT_MODEL", "m"),
        ("SSE_ASSISTANT_URL", &format!("http://{}/v1", endpoint.address)),
    ]);
    let (mut child, server) = start(&mut command).await;
    let mut stderr = child.stderr.take().expect("piped");
    let log = tokio::spawn(async move {
        let mut log = Vec::new();
        let _ = stderr.read_to_end(&mut log).await;
        String::from_utf8(log).expect("UTF-8")
    });

    // Everything that carries a secret, the wrong ones too.
    assert_eq!(server.post_as(PUBLISH, "/api/publish/orders", r#"{"data":1}"#).await.status, 201);
    assert_eq!(
        server.post_as("wrong-token-of-a-stranger", "/api/publish/orders", r#"{"data":1}"#).await.status,
        401
    );
    let ticket: Ticket = server.post_as(READ, "/api/ticket", r#"{"topics":["orders"]}"#).await.json();
    let path = format!("/api/events?topic=orders&ticket={}", ticket.ticket);
    assert_eq!(server.stream(&path, None).await.status, 200);
    assert_eq!(server.get(&path).await.status, 401);
    let opened = server.post_as(READ, "/api/session", "").await;
    let cookie = opened.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let session = cookie.split_once('=').expect("a value").1.to_owned();
    let with_cookie = server.open("GET", "/api/events?topic=orders", &[("Cookie", &cookie)], b"").await;
    assert_eq!(with_cookie.status, 200);
    let question = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
    let (refused, ()) = tokio::join!(server.post_json("/api/assistant", question), async {
        let body = format!("{{\"error\":\"the key {KEY} is wrong\"}}");
        endpoint
            .call()
            .await
            .begin(Reply::Refusal { status: "400 Bad Request", headers: "", body: &body })
            .await;
    });
    assert_eq!(refused.status, 502);
    assert!(!refused.text().contains(KEY), "{}", refused.text());

    // The stream, for whoever has a token.
    let token = format!("Bearer {READ}");
    let mut logs = server.open("GET", "/api/logs", &[("Authorization", &token)], b"").await;
    assert_eq!(logs.status, 200);
    let mut told = String::new();
    loop {
        let event = logs.event_of("line").await;
        told += &event.data;
        let line: Line = serde_json::from_str(&event.data).expect("a line");
        if line.message.contains("the model's endpoint refused a question") {
            assert_eq!(line.level, Level::Warn);
            assert_eq!(line.request.expect("during a request"), refused.header("x-request-id"));
            break;
        }
    }
    // And for nobody else: somebody here, a proxy's client, a name that was pointed here.
    for (headers, status) in [
        (vec![], 401),
        (vec![("X-Forwarded-For", "198.51.100.7")], 401),
        (vec![("Forwarded", "for=198.51.100.7")], 401),
        (vec![("Host", "evil.example")], 401),
        (vec![("Origin", "https://evil.example")], 401),
        (vec![("Host", "evil.example"), ("Authorization", token.as_str())], 200),
    ] {
        let answer = server.open("GET", "/api/logs", &headers, b"").await;
        assert_eq!(answer.status, status, "{headers:?}");
    }

    child.kill().await.expect("killed");
    let log = log.await.expect("read");
    assert!(log.contains("/api/events") && log.contains("request{id="), "{log}");
    for secret in [PUBLISH, READ, KEY, &ticket.ticket, &session, "wrong-token-of-a-stranger"] {
        assert!(!log.contains(secret) && !told.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn what_the_server_could_not_do_is_one_line_with_the_request_and_the_reason() {
    let nowhere = Endpoint::nowhere();
    let mut command = program();
    command.envs([("SSE_LOG", "info"), ("SSE_ASSISTANT_MODEL", "m"), ("SSE_DIST", "no/such/folder")]);
    command.env("SSE_ASSISTANT_URL", format!("http://{}/v1", nowhere.address));
    let (mut child, server) = start(&mut command).await;
    let question = r#"{"messages":[{"role":"user","content":"hi"}]}"#.as_bytes();
    let json = ("Content-Type", "application/json");
    let id = |id| ("X-Request-Id", id);
    let asked = server.send("POST", "/api/assistant", &[json, id("the-question")], question).await;
    assert_eq!(asked.status, 502);
    assert_eq!(server.send("GET", "/", &[id("the-page")], b"").await.status, 503);
    assert_eq!(server.send("GET", "/api/nothing", &[id("not-there")], b"").await.status, 404);
    child.start_kill().expect("killed");
    let log = child.wait_with_output().await.expect("ended").stderr;
    let log = String::from_utf8(log).expect("UTF-8");
    let lines = |id: &str| log.lines().filter(|line| line.contains(id)).collect::<Vec<_>>();
    for (id, says) in [
        ("the-question", "answered with 502: the model's endpoint was not reached: "),
        ("the-page", "answered with 503: the page is not built"),
    ] {
        let [line] = lines(id)[..] else { panic!("not one line of {id} in {log}") };
        assert!(line.contains(" WARN ") && line.contains(says), "{line}");
    }
    assert!(lines("not-there").is_empty(), "what a client did wrong is no warning: {log}");
}

#[tokio::test]
async fn what_is_refused_again_and_again_does_not_fill_the_log() {
    const REQUESTS: usize = 500;
    let mut command = program();
    let (mut child, server) = start(command.env("SSE_DIST", "no/such/folder")).await;
    let stderr = child.stderr.take().expect("piped");
    let log = tokio::spawn(async move {
        let (mut log, mut lines) = (Vec::new(), BufReader::new(stderr).lines());
        while let Ok(Some(line)) = lines.next_line().await {
            log.push(line);
        }
        log
    });
    let begun = Instant::now();
    let path = format!("/{}", "a".repeat(8_000));
    for _ in 0..REQUESTS {
        assert_eq!(server.get(&path).await.status, 503);
    }
    let seconds = begun.elapsed().as_secs() as usize + 1;
    child.kill().await.expect("killed");
    let log = log.await.expect("read");
    let lines: Vec<_> = log.iter().filter(|line| line.contains("answered with 503")).collect();
    assert!((1..=50 + 10 * seconds).contains(&lines.len()), "{} lines in {seconds} s", lines.len());
    for line in lines {
        assert!(line.contains("/aaaa") && line.len() < 1_000, "{line}");
    }
}

/// Whoever is to read what is logged may stand still: a terminal that was stopped, a pipe to something that hangs.
#[cfg(unix)]
#[tokio::test]
async fn a_log_that_nobody_reads_holds_nothing_up_and_says_what_is_missing() {
    let (mut child, server) = start(program().env("SSE_LOG", "debug")).await;
    // Each is told in some 150 bytes, and a pipe holds 64 KiB.
    for _ in 0..1_000 {
        assert_eq!(server.get("/healthz/live").await.status, 200);
    }
    let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
    let told = async {
        loop {
            tokio::select! {
                line = log.next_line() => {
                    let line = line.expect("readable").expect("it goes on");
                    if line.contains("were not written") {
                        break;
                    }
                }
                // Something to say.
                _ = server.get("/healthz/live") => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("it is said");
    for _ in 0..1_000 {
        assert_eq!(server.get("/healthz/live").await.status, 200);
    }
    let kill = Command::new("kill").arg(child.id().expect("running").to_string()).status().await;
    assert!(kill.expect("kill is installed").success());
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends");
    assert!(ended.expect("ended").success());
}

#[tokio::test]
async fn reading_the_log_does_not_make_the_log_grow() {
    // A question is answered by a line in the log.
    let nowhere = Endpoint::nowhere();
    let mut command = program();
    command.envs([("SSE_LOG", "trace"), ("SSE_ASSISTANT_MODEL", "m")]);
    command.env("SSE_ASSISTANT_URL", format!("http://{}/v1", nowhere.address)).stderr(Stdio::null());
    let (_child, server) = start(&mut command).await;
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut reader = server.stream("/api/logs", None).await;
        reader.event_of("line").await;
        readers.push(reader);
    }
    let question = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
    for _ in 0..2 {
        assert_eq!(server.post_json("/api/assistant", question).await.status, 502);
    }
    let mut all = server.stream("/api/logs", None).await;
    let (mut lines, mut asked) = (0, 0);
    while asked < 2 {
        asked += usize::from(all.event_of("line").await.data.contains("was not reached"));
        lines += 1;
    }
    // The start, the two questions, and not a line for what twenty readers were told.
    assert!(lines < 10, "{lines}");
}
