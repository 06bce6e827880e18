//! The examples for those who run the server: what they set can be set, and does not fight with what else they say.
#![cfg(unix)]

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::PATIENCE;
use common::program::{forget_settings, is_without_settings};
use server::Config;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_server"));
    forget_settings(&mut program);
    program
}

/// Whether the program takes these, and what it says.
fn check(arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let output = program().arg("--check-config").args(arguments).envs(variables.iter().copied()).output();
    let output = output.expect("ended");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("UTF-8"))
}

fn valid(arguments: &[&str], variables: &[(&str, &str)]) {
    let (is_valid, said) = check(arguments, variables);
    assert!(is_valid && said == "the configuration is valid\n", "{arguments:?} {variables:?}: {said}");
}

/// Each variable that a text names.
fn variables(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
    text.split(|c| !is_part(c)).filter(|word| word.starts_with("SSE_")).collect()
}

/// The program ignores a variable that it does not know, so a wrong name is found in its help only.
fn known(text: &str) {
    let help = program().arg("--help").output().expect("ended").stdout;
    let help = String::from_utf8(help).expect("UTF-8");
    assert!(!variables(text).is_empty());
    for name in variables(text) {
        let is_known = [']', '='].iter().any(|end| help.contains(&format!("[env: {name}{end}")));
        assert!(is_known, "there is no variable {name}");
    }
}

#[test]
fn the_file_is_valid_with_what_is_commented_out_and_without() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/server.toml");
    valid(&["--config", path.to_str().expect("UTF-8")], &[]);
    let text = read("server.toml");
    known(&text);
    // Lines that are keys or tables, and not sentences.
    let is_setting = |line: &str| {
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let all: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| is_setting(line)).unwrap_or(line))
        .collect();
    assert!(all.contains(&"[assistant]"), "it is there, commented out");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("all.toml");
    std::fs::write(&file, all.join("\n")).expect("written");
    valid(&["--config", file.to_str().expect("UTF-8")], &[]);
}

#[test]
fn the_unit_starts_the_program_as_it_wants_to_be_started_and_gives_it_time_to_end() {
    if !is_without_settings("the_unit_starts_the_program_as_it_wants_to_be_started_and_gives_it_time_to_end")
    {
        return;
    }
    let unit = read("sse-server.service");
    let setting = |key: &str| -> Vec<&str> {
        unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
    };
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/server.toml");
    let mut commands = setting("ExecStartPre");
    commands.extend(setting("ExecStart"));
    let [check, hang_up] = setting("ExecReload")[..] else {
        panic!("it looks at the file before it is read again")
    };
    assert_eq!(hang_up, "/bin/kill -HUP $MAINPID");
    commands.push(check);
    assert_eq!(commands.len(), 3);
    for command in commands {
        let arguments = command.strip_prefix("/usr/local/bin/sse-server ").expect("the program");
        let here = arguments.replace("/etc/sse-server/server.toml", example.to_str().expect("UTF-8"));
        let arguments: Vec<&str> = here.split(' ').filter(|argument| *argument != "--check-config").collect();
        valid(&arguments, &[]);
    }
    let config = Config::load(["server".as_ref(), "--config".as_ref(), example.as_os_str()]).expect("valid");
    let [stop] = setting("TimeoutStopSec")[..] else { panic!("it says how long it may take") };
    let stop: u64 = stop.parse().expect("seconds");
    assert!(stop > 2 * config.shutdown_deadline.as_secs(), "it would be killed while it closes the history");
    let [folder] = setting("StateDirectory")[..] else { panic!("it has a folder") };
    assert_eq!(config.data_dir, Some(Path::new("/var/lib").join(folder)), "it may write nowhere else");
    let [files] = setting("LimitNOFILE")[..] else { panic!("it says how many files") };
    assert!(files.parse::<usize>().expect("a number") > config.serving.streams, "a stream is one");
}

#[test]
fn the_image_sets_variables_that_there_are_and_exposes_what_is_listened_on() {
    let image = read("Dockerfile");
    known(&image);
    let lines =
        |word: &'static str| image.lines().filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '));
    let set: Vec<(&str, &str)> = lines("ENV")
        .flat_map(|line| line.split(' '))
        .map(|pair| pair.split_once('=').expect("a value"))
        .filter(|(name, _)| name.starts_with("SSE_"))
        .collect();
    valid(&[], &set);
    let exposed: Vec<&str> = lines("EXPOSE").flat_map(|line| line.split(' ')).collect();
    let listened: Vec<&str> = set.iter().filter_map(|(_, value)| value.strip_prefix("0.0.0.0:")).collect();
    assert_eq!(exposed, listened);
    let toolchain =
        lines("ENV").find_map(|line| line.strip_prefix("RUSTUP_TOOLCHAIN=")).expect("it is named");
    let ours = include_str!("../../rust-toolchain.toml");
    assert!(
        ours.contains(&format!("channel = \"{toolchain}\"")),
        "{toolchain} is not that of rust-toolchain.toml"
    );
    let base = lines("FROM").next().expect("an image");
    let version = base.strip_prefix("rust:").and_then(|base| base.split('-').next()).expect("a version");
    assert!(toolchain.starts_with(version), "{base} does not have {toolchain}");
}

/// nginx, if it is installed, or was fetched for the benchmarks.
fn nginx() -> Option<PathBuf> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/xtask/tools/nchan/usr/sbin/nginx");
    let installed = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&installed).map(|folder| folder.join("nginx"));
    installed.chain(["/usr/sbin/nginx".into(), fetched]).find(|program| program.is_file())
}

/// Also where nginx is not there to be asked.
#[test]
fn the_proxy_passes_on_the_host_with_its_port_and_what_a_feed_sends_as_it_comes() {
    let example = read("nginx.conf");
    let settings: Vec<&str> = example.lines().map(str::trim).collect();
    assert!(settings.contains(&"proxy_set_header Host $http_host;"), "a page's origin has its port");
    let feeds = settings.iter().skip_while(|line| **line != "location /api/publish/ {");
    let feeds: Vec<&str> = feeds.copied().take_while(|line| *line != "}").collect();
    // A place that sets a header of its own would take none of those above it.
    assert!(!feeds.iter().any(|line| line.starts_with("proxy_set_header")));
    for setting in ["proxy_request_buffering off;", "client_max_body_size 0;"] {
        assert!(feeds.contains(&setting), "{setting}");
    }
}

/// Runs nginx with `site` as its only one, all of its files in `folder`.
fn with_site(nginx: &Path, folder: &Path, site: &str) -> Command {
    let at = |name: &str| folder.join(name).display().to_string();
    std::fs::write(at("site.conf"), site).expect("written");
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {};", at(what)))
        .join(" ");
    let main = format!(
        "daemon off; master_process off; error_log stderr; pid {};\nevents {{}}\n\
         http {{ access_log off; {temporary} include {}; }}\n",
        at("pid"),
        at("site.conf")
    );
    std::fs::write(at("nginx.conf"), main).expect("written");
    let mut command = Command::new(nginx);
    command.arg("-p").arg(folder).arg("-c").arg(at("nginx.conf"));
    command
}

#[test]
fn nginx_takes_the_example_and_passes_a_stream_on_as_it_comes() {
    let Some(nginx) = nginx() else {
        // Past libtest, which shows what a test prints only where it fails: this one has not passed.
        let skipped =
            "skipped, nginx does not look at the example: `cargo xtask setup --only nchan` brings one";
        writeln!(std::io::stderr(), "{skipped}").expect("told");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let own = rcgen::generate_simple_self_signed(["demo.example.org".to_owned()]).expect("made");
    std::fs::write(at("cert.pem"), own.cert.pem()).expect("written");
    std::fs::write(at("key.pem"), own.signing_key.serialize_pem()).expect("written");
    let example = read("nginx.conf");
    let replace = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "it says {from}");
        text.replace(from, to)
    };
    // Its port is not ours to take, and its certificate is not here.
    let listen = format!("listen unix:{}", at("socket").display());
    let site = replace(&example, "listen 443", &listen);
    let site = replace(&site, "/etc/ssl/certs/demo.example.org.pem", &at("cert.pem").display().to_string());
    let site = replace(&site, "/etc/ssl/private/demo.example.org.key", &at("key.pem").display().to_string());
    let tested = with_site(&nginx, folder.path(), &site).arg("-t").output().expect("ended");
    let said = String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{said}");

    // In front of the server, without TLS: who talks to whom is what matters here.
    let mut server = program();
    server.args(["--listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1"]);
    server.env("SSE_PUBLISH_TOKEN", "a-token-for-feeds-0123456789");
    let mut server = Killed(server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started"));
    let mut line = String::new();
    let stdout = server.0.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
    let upstream = line.trim().strip_prefix("listening on ").expect("where").to_owned();
    let site = replace(&replace(&site, " ssl http2;", ";"), "http://127.0.0.1:8080", &upstream);
    let _ = std::fs::remove_file(at("socket"));
    let proxy = with_site(&nginx, folder.path(), &site).stderr(Stdio::null()).spawn().expect("started");
    let _proxy = Killed(proxy);
    let began = Instant::now();
    let connect = || loop {
        match UnixStream::connect(at("socket")) {
            Ok(socket) => {
                socket.set_read_timeout(Some(PATIENCE)).expect("set");
                return socket;
            }
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let mut stream = connect();
    let host = "Host: demo.example.org\r\n";
    let request = format!("GET /api/chat/lobby HTTP/1.1\r\n{host}Last-Event-ID: 1.1\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut seen = String::new();
    read_until(&mut stream, &mut seen, "event: sse.reset");
    assert!(seen.starts_with("HTTP/1.1 200 OK\r\n") && seen.contains("text/event-stream"), "{seen}");
    // What comes later is passed on while the stream is open.
    let said = r#"{"client_id":"1","author":"Ann","text":"passed on"}"#;
    let request = format!(
        "POST /api/chat/lobby HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{said}",
        said.len()
    );
    let mut speaker = connect();
    speaker.write_all(request.as_bytes()).expect("sent");
    read_until(&mut speaker, &mut String::new(), "HTTP/1.1 201 ");
    read_until(&mut stream, &mut seen, "passed on");

    // What a feed sends is passed on while the feed goes on, also beyond the megabyte that nginx takes by default.
    let token = "Authorization: Bearer a-token-for-feeds-0123456789\r\n";
    let feed = |topic: &str| {
        let mut feed = connect();
        let head = format!(
            "POST /api/publish/{topic} HTTP/1.1\r\n{host}{token}Content-Type: application/x-ndjson\r\n\
             Transfer-Encoding: chunked\r\n\r\n"
        );
        feed.write_all(head.as_bytes()).expect("sent");
        feed
    };
    let send = |feed: &mut UnixStream, data: &str| {
        let line = format!("{{\"data\":\"{data}\"}}\n");
        feed.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).expect("sent");
    };
    let end = |mut feed: UnixStream| {
        feed.write_all(b"0\r\n\r\n").expect("sent");
        read_until(&mut feed, &mut String::new(), "HTTP/1.1 200 ");
    };
    let mut first = feed("orders");
    send(&mut first, "opened");
    end(first);
    let mut stream = connect();
    let request = format!("GET /api/events?topic=orders HTTP/1.1\r\n{host}\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut seen = String::new();
    read_until(&mut stream, &mut seen, "opened");
    let mut second = feed("orders");
    send(&mut second, "as it comes");
    read_until(&mut stream, &mut seen, "as it comes");
    let long = "x".repeat(60_000);
    for _ in 0..20 {
        send(&mut second, &long);
    }
    end(second);
}

fn read_until(socket: &mut UnixStream, seen: &mut String, wanted: &str) {
    let mut piece = [0; 4_096];
    let began = Instant::now();
    while !seen.contains(wanted) {
        // A heartbeat would keep it waiting for ever.
        assert!(began.elapsed() < PATIENCE, "no {wanted:?} in {seen}");
        let count = socket.read(&mut piece).expect("it goes on");
        assert!(count > 0, "it has ended after {seen}");
        *seen += &String::from_utf8_lossy(&piece[..count]);
    }
}

/// A process that ends with the test.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
