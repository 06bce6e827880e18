//! The processes in which the benchmark measures: what one answers, and that none is left behind.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

fn child() -> Child {
    Command::new(env!("CARGO_BIN_EXE_decode"))
        .args(["--serve", "ticks/whole", "sse-proto"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the benchmark starts")
}

#[test]
fn a_child_answers_each_line_and_ends_with_its_input() {
    let mut child = child();
    let mut answers = BufReader::new(child.stdout.take().expect("its standard output"));
    let mut ask = || {
        child.stdin.as_ref().expect("its standard input").write_all(b"\n").expect("a request");
        let mut line = String::new();
        answers.read_line(&mut line).expect("an answer");
        serde_json::from_str::<Value>(&line).expect("an answer in JSON")
    };
    let (first, sample) = (ask(), ask());
    assert_eq!(first["passes"], 1);
    assert!(sample["passes"].as_u64() >= Some(1));
    assert_eq!(first["tally"], sample["tally"]);
    assert_eq!(first["tally"]["errors"], 0);
    drop(child.stdin.take());
    assert!(child.wait().expect("its end").success());
}

#[test]
fn a_child_that_nobody_asks_or_hears_ends_too() {
    let mut unasked = child();
    drop(unasked.stdin.take());
    assert!(unasked.wait().expect("its end").success());

    let mut unheard = child();
    drop(unheard.stdout.take());
    unheard.stdin.as_ref().expect("its standard input").write_all(b"\n").expect("a request");
    assert!(unheard.wait().expect("its end").success());
}
