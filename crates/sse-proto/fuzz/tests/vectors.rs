//! The reference against the protocol vectors, so that what the decoder is compared with is right itself.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use sse_proto_fuzz::reference;
use sse_proto_fuzz::told::Told;

/// What a stream means, as `tests/conformance` writes it down.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meaning {
    events: Vec<(String, String, String)>,
    #[serde(default)]
    retries: Vec<u128>,
    #[serde(default)]
    comments: Vec<String>,
    last_event_id: String,
}

fn read(stream: &[u8]) -> Meaning {
    let mut meaning = Meaning::default();
    for line in reference::read(stream, "") {
        meaning.last_event_id = line.last_event_id;
        match line.told {
            Some(Told::Event { event_type, data, last_event_id }) => {
                meaning.events.push((event_type, data, last_event_id));
            }
            Some(Told::Retry { millis }) => meaning.retries.push(millis),
            Some(Told::Comment(text)) => meaning.comments.push(text),
            Some(Told::LastEventId(_) | Told::UnknownField(_) | Told::InvalidRetry(_) | Told::NulInId)
            | None => {}
        }
    }
    meaning
}

#[test]
fn the_reference_gives_every_vector_its_meaning() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/conformance/vectors");
    let mut held = 0;
    for entry in fs::read_dir(folder).expect("the folder of the vectors") {
        let path = entry.expect("an entry of the folder").path();
        if path.extension().is_none_or(|extension| extension != "sse") {
            continue;
        }
        let stream = fs::read(&path).expect("a vector");
        let meaning = fs::read_to_string(path.with_extension("json")).expect("the meaning of a vector");
        let meaning: Meaning =
            serde_json::from_str(&meaning).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(read(&stream), meaning, "{}", path.display());
        held += 1;
    }
    assert!(held >= 30, "only {held} vectors were found");
}

#[test]
fn the_reference_starts_from_the_last_event_id_of_the_connection_before() {
    let ids = |stream: &[u8]| -> Vec<String> {
        reference::read(stream, "41").into_iter().map(|line| line.last_event_id).collect()
    };
    assert_eq!(ids(b"\n"), ["41"]);
    assert_eq!(ids(b"id: 42\n\n"), ["41", "42"]);
    assert_eq!(ids(b"id\n\n"), ["41", ""]);
}
