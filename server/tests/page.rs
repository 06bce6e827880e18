//! The page's files, and the server as a program.

mod common;

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use common::program::{program, start};
use common::{PATIENCE, Server};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use server::Config;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
#[cfg(unix)]
use tokio::process::Command;

/// A built page, of its own for each test.
fn dist() -> TempDir {
    let dist = tempfile::tempdir().expect("a folder");
    let html = "<!doctype html><script type=\"module\">start()</script>";
    for (file, text) in [
        ("index.html", html),
        ("app-0123456789abcdef.js", "plain"),
        ("app-0123456789abcdef.js.br", "brotli"),
        ("app-0123456789abcdef.js.gz", "gzip"),
        ("app-0123456789abcdef_bg.wasm", "wasm"),
        ("chart.mjs", "chart"),
        ("app-0123456789abcdef.css", "style"),
    ] {
        std::fs::write(dist.path().join(file), text).expect("written");
    }
    dist
}

#[tokio::test]
async fn files_come_compressed_as_they_were_built_with_headers_to_keep_them() {
    let dist = dist();
    let server = Server::start(Config { dist: dist.path().to_owned(), ..Config::default() }).await;
    let forever = "public, max-age=31536000, immutable";
    for (path, accept, body, encoding, content_type, cache) in [
        ("/app-0123456789abcdef.js", "br, gzip", "brotli", "br", "text/javascript", "no-cache"),
        ("/app-0123456789abcdef.js", "gzip", "gzip", "gzip", "text/javascript", "no-cache"),
        ("/app-0123456789abcdef.js", "identity", "plain", "", "text/javascript", "no-cache"),
        ("/app-0123456789abcdef_bg.wasm", "br", "wasm", "", "application/wasm", "no-cache"),
        ("/app-0123456789abcdef.css", "br", "style", "", "text/css", forever),
        ("/chart.mjs", "br", "chart", "", "application/javascript", "no-cache"),
    ] {
        let answer = server.send("GET", path, &[("Accept-Encoding", accept)], b"").await;
        assert_eq!((answer.status, answer.text()), (200, body), "{path} {accept}");
        assert_eq!(answer.header("content-encoding"), encoding);
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("cache-control"), cache);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("vary").contains("accept-encoding"), "{:?}", answer.headers);
        let head = server.send("HEAD", path, &[("Accept-Encoding", accept)], b"").await;
        assert_eq!((head.status, head.text()), (200, ""));
        assert_eq!(head.header("content-length"), body.len().to_string());
    }
}

/// What a build makes of a file. Its content is as long as that of any other build.
fn build(dist: &TempDir, text: &str, built: SystemTime) {
    for (name, text) in [("chart.mjs", text.to_owned()), ("chart.mjs.br", format!("br {text}"))] {
        let path = dist.path().join(name);
        std::fs::write(&path, text).expect("written");
        let file = std::fs::File::options().write(true).open(path).expect("there");
        file.set_modified(built).expect("as a build says");
    }
}

#[tokio::test]
async fn a_file_of_another_build_is_sent_whatever_its_time() {
    let dist = dist();
    let server = Server::start(Config { dist: dist.path().to_owned(), ..Config::default() }).await;
    let hours_ago = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3_600);
    let (all, older, newer) = (hours_ago(2), hours_ago(3), hours_ago(1));
    let mut known = [Vec::new(), Vec::new()];
    // Builds may give all files one time, and an older one may be put back.
    for (text, built) in [("one", all), ("two", all), ("old", older), ("new", newer)] {
        build(&dist, text, built);
        for (encoding, known) in ["identity", "br"].into_iter().zip(&mut known) {
            let mut headers = vec![("Accept-Encoding", encoding)];
            headers.extend(known.iter().map(|(name, value): &(_, String)| (*name, &**value)));
            let answer = server.send("GET", "/chart.mjs", &headers, b"").await;
            let expected = if encoding == "br" { format!("br {text}") } else { text.to_owned() };
            assert_eq!((answer.status, answer.text()), (200, &*expected), "{headers:?}");
            // As browsers send back what they were told.
            let told = [("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")];
            let told = told.map(|(told, back)| (back, answer.headers.get(told).cloned()));
            *known = told.into_iter().filter_map(|(back, told)| Some((back, told?))).collect();
        }
    }
}

#[tokio::test]
async fn a_file_that_is_known_by_its_content_is_not_sent_again() {
    let dist = dist();
    build(&dist, "one", SystemTime::now());
    let server = Server::start(Config { dist: dist.path().to_owned(), ..Config::default() }).await;
    let mut tags = Vec::new();
    for (encoding, expected) in [("identity", "one"), ("br", "br one")] {
        let ask = async |method: &str, headers: &[(&str, &str)]| {
            let headers = [headers, &[("Accept-Encoding", encoding)]].concat();
            server.send(method, "/chart.mjs", &headers, b"").await
        };
        let tag = ask("HEAD", &[]).await.header("etag").to_owned();
        for same in [&*tag, &format!("\"other\", W/{tag}"), "*"] {
            for method in ["GET", "HEAD"] {
                let answer = ask(method, &[("If-None-Match", same)]).await;
                assert_eq!((answer.status, answer.text()), (304, ""), "{same}");
                assert_eq!((answer.header("etag"), answer.header("cache-control")), (&*tag, "no-cache"));
                assert!(answer.header("vary").contains("accept-encoding"), "{:?}", answer.headers);
            }
        }
        let by_time = ask("GET", &[("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")]).await;
        assert_eq!((by_time.status, by_time.text()), (200, expected), "its time says nothing");
        for (whose, status, part) in [(&*tag, 206, &expected[1..2]), ("\"other\"", 200, expected)] {
            let answer = ask("GET", &[("Range", "bytes=1-1"), ("If-Range", whose)]).await;
            assert_eq!((answer.status, answer.text(), answer.header("etag")), (status, part, &*tag));
        }
        tags.push(tag);
    }
    assert_ne!(tags[0], tags[1], "each is a tag of what is sent");
}

#[tokio::test]
async fn the_pages_own_routes_get_the_page_with_a_policy_that_lets_it_start() {
    let dist = dist();
    let server = Server::start(Config { dist: dist.path().to_owned(), ..Config::default() }).await;
    for path in
        ["/", "/index.html", "/%69ndex.html", "/.%2Findex.html", "/chat", "/chat/lobby?x=1", "/market/ACME"]
    {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "text/html; charset=utf-8"),
            "{path}"
        );
        let script = answer.text().split_once("<script type=\"module\">").expect("a script").1;
        let script = script.split_once("</script>").expect("an end").0;
        assert_eq!(script, "start()", "{path}");
        let hash = STANDARD.encode(Sha256::digest(script));
        let policy = answer.header("content-security-policy");
        assert!(policy.contains(&format!("'wasm-unsafe-eval' 'sha256-{hash}';")), "{policy}");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
    }
}

#[tokio::test]
async fn the_page_comes_compressed_and_is_not_sent_again_to_whoever_has_it() {
    let dist = dist();
    std::fs::write(dist.path().join("index.html.br"), "brotli").expect("written");
    let server = Server::start(Config { dist: dist.path().to_owned(), ..Config::default() }).await;
    let policy = server.get("/").await.header("content-security-policy").to_owned();
    assert!(policy.contains("'sha256-"), "{policy}");
    for path in ["/", "/index.html", "/chat/lobby"] {
        let mut tags = Vec::new();
        for (accept, encoding, starts) in [("br, gzip", "br", "brotli"), ("identity", "", "<!doctype html>")]
        {
            let ask = async |more: &[(&str, &str)]| {
                let headers = [more, &[("Accept-Encoding", accept)]].concat();
                server.send("GET", path, &headers, b"").await
            };
            let answer = ask(&[]).await;
            assert_eq!((answer.status, answer.header("content-encoding")), (200, encoding), "{path}");
            assert!(answer.text().starts_with(starts), "{}", answer.text());
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
            assert_eq!(answer.header("content-security-policy"), policy, "of what is compressed");
            assert!(answer.header("vary").contains("accept-encoding"), "{:?}", answer.headers);
            let tag = answer.header("etag").to_owned();
            assert!(tag.len() > 2, "{:?}", answer.headers);
            let again = ask(&[("If-None-Match", &tag)]).await;
            assert_eq!((again.status, again.text(), again.header("etag")), (304, "", &*tag), "{path}");
            assert!(again.header("vary").contains("accept-encoding"), "{:?}", again.headers);
            assert_eq!(again.header("content-security-policy"), policy, "that of today");
            let by_time = ask(&[("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")]).await;
            assert_eq!(by_time.status, 200, "its time says nothing");
            let part = ask(&[("Range", "bytes=1-1")]).await;
            assert!(part.status == 200 && part.text().starts_with(starts), "of HTML no part is sent");
            tags.push(tag);
        }
        assert_ne!(tags[0], tags[1], "each is a tag of what is sent");
    }
}

#[tokio::test]
async fn other_pages_that_lie_there_are_served_as_they_are_each_with_its_own_policy() {
    let dist = dist();
    std::fs::create_dir(dist.path().join("demo")).expect("made");
    for (file, text) in [
        ("stock.html", &b"<script>stock()</script>"[..]),
        ("demo/index.html", b"<script>demo()</script>"),
        ("latin.html", b"<meta charset=iso-8859-1>\xe9"),
        ("LICENSE", b"free"),
    ] {
        std::fs::write(dist.path().join(file), text).expect("written");
    }
    let server = Server::start(Config { dist: dist.path().to_owned(), ..Config::default() }).await;
    for (path, script) in [
        ("/stock.html", "stock()"),
        ("/%73tock.html?x=1", "stock()"),
        ("/demo/", "demo()"),
        ("/demo/index.html", "demo()"),
        ("/demo/chat", "start()"),
        ("/other/", "start()"),
        ("/other/index.html", "start()"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.text().contains(script), "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let hash = STANDARD.encode(Sha256::digest(script));
        let policy = answer.header("content-security-policy");
        assert!(policy.contains(&format!("'wasm-unsafe-eval' 'sha256-{hash}';")), "{path}: {policy}");
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
    // What links to `a.js` from there means `/demo/a.js`.
    for path in ["/demo?x=1", "//demo?x=1"] {
        let folder = server.get(path).await;
        assert_eq!((folder.status, folder.header("location")), (307, "/demo/?x=1"), "{path}");
    }
    let license = server.get("/LICENSE").await;
    assert_eq!((license.status, license.text()), (200, "free"));
    assert!(!license.header("etag").is_empty());
    let latin = server.get("/latin.html").await;
    assert_eq!(
        (latin.status, latin.header("content-type")),
        (200, "text/html"),
        "it says its charset itself"
    );
    assert_eq!(server.get("/nope.html").await.problem().status, 404);
    for nonsense in ["/chat%00", &format!("/{}", "a".repeat(300))] {
        assert!(
            server.get(nonsense).await.text().contains("start()"),
            "{nonsense}: no file can be called so"
        );
    }
}

#[tokio::test]
async fn a_part_that_a_file_does_not_have_is_a_problem() {
    let dist = dist();
    let server = Server::start(Config { dist: dist.path().to_owned(), ..Config::default() }).await;
    let answer = server.send("GET", "/chart.mjs", &[("Range", "bytes=100-200")], b"").await;
    assert_eq!((answer.problem().status, answer.header("content-range")), (416, "bytes */5"));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_and_never_the_page() {
    let dist = dist();
    let server = Server::start(Config { dist: dist.path().to_owned(), ..Config::default() }).await;
    // Longer than the name of a file can be.
    let long = format!("/{}.js", "a".repeat(300));
    for path in [
        &*long,
        "/api",
        "/api/",
        "/api/nope",
        "/api/chat",
        "/healthz",
        "/nope.js",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
    ] {
        assert_eq!(server.get(path).await.problem().status, 404, "{path}");
    }
    for (method, path) in
        [("POST", "/"), ("POST", "/api/market"), ("PUT", "/chat"), ("DELETE", "/healthz/live")]
    {
        let answer = server.send(method, path, &[], b"").await;
        assert_eq!(answer.problem().status, 405, "{method} {path}");
        assert!(answer.header("allow").contains("GET"), "{method} {path}");
    }
    assert_eq!(server.get("/healthz/live").await.status, 200);
    assert_eq!(server.get("/healthz/ready").await.status, 200);
}

#[tokio::test]
async fn without_a_page_the_streams_work_and_the_visitor_is_told_what_to_do() {
    let server = Server::start(Config { dist: "no/such/folder".into(), ..Config::default() }).await;
    let answer = server.get("/").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"));
    assert!(answer.text().contains("cargo xtask serve"));
    assert_eq!(server.stream("/api/market", None).await.status, 200);
}

/// The answers to requests for a large file, over connections of HTTP/2 that take nothing of it.
async fn take_nothing(server: &Server, connections: usize) -> Vec<Response<Incoming>> {
    const STREAMS: usize = 128;
    let mut answers = Vec::new();
    for _ in 0..connections {
        let socket = tokio::net::TcpStream::connect(server.address).await.expect("connected");
        let mut builder = http2::Builder::new(TokioExecutor::new());
        let handshake =
            builder.initial_stream_window_size(0).handshake::<_, Empty<Bytes>>(TokioIo::new(socket));
        let (mut sender, connection) = handshake.await.expect("HTTP/2");
        tokio::spawn(connection);
        for _ in 0..STREAMS {
            let uri = format!("http://{}/large.bin", server.address);
            let request = Request::get(uri).body(Empty::new()).expect("a request");
            answers.push(sender.send_request(request).await.expect("answered"));
        }
    }
    answers
}

fn dist_with_a_large_file() -> TempDir {
    let dist = dist();
    std::fs::write(dist.path().join("large.bin"), vec![b'x'; 256 * 1024]).expect("written");
    dist
}

#[tokio::test]
async fn so_many_files_are_read_at_a_time_and_whoever_comes_then_is_told_when_to_come_back() {
    let serving =
        server::config::ServingConfig { write_deadline: Duration::from_secs(3_600), ..Default::default() };
    let dist = dist_with_a_large_file();
    let config = Config { dist: dist.path().to_owned(), serving, ..Config::default() };
    let server = Server::start(config).await;
    let held = take_nothing(&server, 2).await;
    assert!(held.iter().all(|answer| answer.status() == 200));
    let refused = server.get("/chart.mjs").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
    assert!(refused.problem().detail.contains("too many files"), "{}", refused.text());
    assert_eq!(server.get("/").await.status, 200, "the page is read at once, and holds none");
    drop(held);
    let room = async { while server.get("/chart.mjs").await.status != 200 {} };
    tokio::time::timeout(PATIENCE, room).await.expect("there is room again");
}

#[cfg(unix)]
#[tokio::test]
async fn files_that_nobody_takes_leave_some_for_those_who_connect() {
    let dist = dist_with_a_large_file();
    let mut shell = common::program::set_up(Command::new("sh"));
    shell.args(["-c", "ulimit -n 640 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_server")]);
    shell.args(["--listen", "127.0.0.1:0", "--write-deadline", "60m", "--dist"]).arg(dist.path());
    // Nobody reads what it logs.
    let (_child, server) = common::program::listening(shell.stderr(std::process::Stdio::null())).await;
    let _held = take_nothing(&server, 5).await;
    assert_eq!(server.get("/healthz/live").await.status, 200);
    assert_eq!(server.get("/").await.status, 200);
}

#[tokio::test]
async fn the_program_prints_its_url_and_a_second_one_on_the_port_says_what_to_do() {
    let (_first, server) = start(&mut program()).await;
    let address = server.address.to_string();
    assert!(address.starts_with("127.0.0.1:"), "{address}");

    let mut second = program().args(["--listen", &address]).spawn().expect("started");
    let mut said = String::new();
    second.stderr.take().expect("piped").read_to_string(&mut said).await.expect("readable");
    assert_eq!(second.wait().await.expect("ended").code(), Some(1));
    assert!(said.contains("error: cannot listen on") && said.contains("--listen 127.0.0.1:8082"), "{said}");
    assert!(!said.contains("panicked"));
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_ends_the_program_while_streams_are_open() {
    use tokio::io::AsyncWriteExt;

    // Whatever holds up the shutdown is cut a minute later.
    let (mut child, server) = start(program().args(["--shutdown-deadline", "60s"])).await;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.expect("connected");
    stream.write_all(b"GET /api/market HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    stream.read_exact(&mut [0; 100]).await.expect("a stream");
    let begun = std::time::Instant::now();
    let kill = Command::new("kill").arg(child.id().expect("running").to_string()).status().await;
    assert!(kill.expect("kill is installed").success());
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("closed in good order");
    assert!(child.wait().await.expect("ended").success());
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_sigterm_waits_neither_for_load_balancers_nor_for_streams() {
    // Whoever waits for any of it waits for a minute.
    let times = ["--lame-duck", "60s", "--shutdown-deadline", "60s", "--drain", "30s"];
    let (mut child, server) = start(program().args(times)).await;
    let _stream = server.stream("/api/market", None).await;
    let terminate = async || {
        let kill = Command::new("kill").arg(child.id().expect("running").to_string()).status().await;
        assert!(kill.expect("kill is installed").success());
    };
    terminate().await;
    let lame = async { while server.get("/healthz/ready").await.status != 503 {} };
    tokio::time::timeout(PATIENCE, lame).await.expect("it was told");
    terminate().await;
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends");
    assert!(ended.expect("ended").success());
}
