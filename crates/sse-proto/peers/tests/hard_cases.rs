//! What each published crate does with the hard cases: the vectors of `tests/conformance`, whole and byte by byte.
//!
//! The answer is the table in the README of sse-proto. The test holds the table against what the crates do today;
//! `UPDATE=1` writes it anew.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use sse_peers::verdict::{Meaning, fault};
use sse_peers::{Brake, Feed, PEERS, Peer};

const BEGIN: &str = "<!-- hard cases: begin -->\n";
const END: &str = "<!-- hard cases: end -->";
const RENEW: &str = "UPDATE=1 cargo test --ignore-rust-version \
                     --manifest-path crates/sse-proto/peers/Cargo.toml --test hard_cases";
const RIGHT: &str = "✓";

/// Under the table. A cell is a claim about somebody else's work, so it says what was asked.
const NOTES: &str = "\
Each stream is decoded whole and byte by byte. ✓: both are right. `split`: right whole, wrong byte by byte. Otherwise
the word for what happens to the whole stream: `lost` (fewer events), `extra event`, `wrong type`, `wrong data`,
`wrong id`, `stale id` (the events are right, the last event id at the end of the stream is not), `wrong retry`,
`lost retry`, `error` (decoding ends with one), `panic`, `hangs`.

Each crate is asked for what it promises. An empty type counts as `message`. sse-stream documents that it returns raw
blocks of fields, so blocks without data are left out and ids are carried forward for it. sse-proto, sse-core,
sse-parse, sseer and eventsource-stream have an accessor for the last event id, which is asked at the end; the ids of
eventsource-client and sse-codec are those of their events. A crate that tells `retry` with an event need not tell it
where there is no event; sse-proto, sse-core and sse-codec tell it by itself. Comments are not compared.
";

struct Vector {
    name: String,
    stream: Bytes,
    meaning: Meaning,
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/conformance/vectors");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of the vectors")
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sse"))
        .collect();
    paths.sort();
    let vector = |path: PathBuf| {
        let meaning = fs::read_to_string(path.with_extension("json")).expect("the meaning of a vector");
        Vector {
            name: path.file_stem().expect("a name").to_string_lossy().into_owned(),
            stream: fs::read(&path).expect("a vector").into(),
            meaning: serde_json::from_str(&meaning).expect("the meaning of a vector"),
        }
    };
    paths.into_iter().map(vector).collect()
}

/// The cell of a crate in the row of a vector.
fn cell(peer: &'static Peer, vector: &Vector) -> &'static str {
    let whole = vec![vector.stream.clone()];
    let bytes = (0..vector.stream.len()).map(|at| vector.stream.slice(at..=at)).collect();
    match (verdict(peer, whole, &vector.meaning), verdict(peer, bytes, &vector.meaning)) {
        (None, None) => RIGHT,
        (None, Some(_)) => "split",
        (Some(word), _) => word,
    }
}

/// What is wrong with what a crate makes of these chunks. Whatever it does happens on a thread of its own.
fn verdict(peer: &'static Peer, chunks: Vec<Bytes>, meaning: &Meaning) -> Option<&'static str> {
    static NEVER_PULLED: Brake = Brake::new();
    let (tell, wait) = mpsc::channel();
    thread::spawn(move || {
        // Nobody waits any more for one that hangs.
        let _ = tell.send(peer.decode(Feed::new(chunks, &NEVER_PULLED)));
    });
    match wait.recv_timeout(Duration::from_secs(10)) {
        Ok(said) => fault(&said, meaning, peer.retries),
        Err(RecvTimeoutError::Disconnected) => Some("panic"),
        Err(RecvTimeoutError::Timeout) => Some("hangs"),
    }
}

fn table(vectors: &[Vector], rows: &[Vec<&str>]) -> String {
    let mut out = String::from("|");
    for peer in &PEERS {
        out += &format!(" | {} {}", peer.name, peer.version());
    }
    out += " |\n|---|";
    out += &"---|".repeat(PEERS.len());
    for (vector, row) in vectors.iter().zip(rows) {
        out += &format!("\n| `{}` | {} |", vector.name, row.join(" | "));
    }
    let right = |at: usize| rows.iter().filter(|row| row[at] == RIGHT).count();
    let counts: Vec<String> =
        (0..PEERS.len()).map(|at| format!("**{} of {}**", right(at), rows.len())).collect();
    out += &format!("\n| **right** | {} |\n\n{NOTES}", counts.join(" | "));
    out
}

#[test]
fn the_readme_says_what_each_crate_does_with_the_hard_cases() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 39, "the README speaks of 39 cases");
    // Some crates panic, which is an answer here and nothing to fill the screen with.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let row = |vector| PEERS.iter().map(|peer| cell(peer, vector)).collect();
    let rows: Vec<Vec<&str>> = vectors.iter().map(row).collect();
    panic::set_hook(hook);

    for (vector, row) in vectors.iter().zip(&rows) {
        assert_eq!(row[0], RIGHT, "{} with {}", vector.name, PEERS[0].name);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(&path).expect("the README of sse-proto").replace("\r\n", "\n");
    let (before, rest) = readme.split_once(BEGIN).expect("the mark where the table begins");
    let (written, after) = rest.split_once(END).expect("the mark where the table ends");
    let table = table(&vectors, &rows);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, [before, BEGIN, &table, END, after].concat()).expect("the README can be written");
        return;
    }
    assert!(
        written == table,
        "the table in the README of sse-proto is not what the crates do; renew it with\n  {RENEW}\n\n{table}"
    );
}
