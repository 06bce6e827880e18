//! Every vector through every path of the decoder: whole, cut in two anywhere, in small chunks, byte by byte.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sse_proto::{Decoder, Frame, Limits};

/// What a stream means.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meaning {
    /// Type, data and last event id of each event.
    events: Vec<(String, String, String)>,
    /// Reconnection times, in milliseconds.
    #[serde(default)]
    retries: Vec<u128>,
    #[serde(default)]
    comments: Vec<String>,
    /// The last event id at the end of the body.
    last_event_id: String,
}

fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Meaning {
    let mut decoder = Decoder::new(Limits::default()).with_diagnostics();
    let mut meaning = Meaning::default();
    for chunk in chunks {
        let mut frames = decoder.decode(chunk);
        while let Some(frame) = frames.next().expect("no vector passes a limit") {
            match frame {
                Frame::Event(event) => meaning.events.push((
                    event.event_type.to_owned(),
                    event.data.to_owned(),
                    event.last_event_id.to_owned(),
                )),
                Frame::Retry(time) => meaning.retries.push(time.as_millis()),
                Frame::Comment(text) => meaning.comments.push(text.to_owned()),
                _ => {}
            }
        }
    }
    meaning.last_event_id = decoder.last_event_id().to_owned();
    meaning
}

fn vectors() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut streams: Vec<_> = fs::read_dir(&folder)
        .expect("the folder of the vectors")
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sse"))
        .collect();
    streams.sort();
    streams
}

/// Holds every vector against `cut`, which gives the ways to cut a stream into chunks.
fn hold(cut: impl Fn(&[u8]) -> Vec<Vec<&[u8]>>) {
    let vectors = vectors();
    assert!(vectors.len() >= 30, "only {} vectors were found", vectors.len());
    for path in vectors {
        let stream = fs::read(&path).expect("a vector");
        let meaning = fs::read_to_string(path.with_extension("json")).expect("the meaning of a vector");
        let meaning: Meaning =
            serde_json::from_str(&meaning).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for chunks in cut(&stream) {
            let lengths: Vec<_> = chunks.iter().map(|chunk| chunk.len()).collect();
            assert_eq!(decode(chunks), meaning, "{} in chunks of {lengths:?}", path.display());
        }
    }
}

#[test]
fn a_vector_means_the_same_whole() {
    hold(|stream| vec![vec![stream]]);
}

#[test]
fn a_vector_means_the_same_cut_in_two_anywhere() {
    hold(|stream| {
        (0..=stream.len())
            .map(|at| {
                let (head, tail) = stream.split_at(at);
                vec![head, tail]
            })
            .collect()
    });
}

#[test]
fn a_vector_means_the_same_in_chunks_of_any_small_size() {
    hold(|stream| (1..=9).map(|size| stream.chunks(size).collect()).collect());
}

#[test]
fn a_vector_means_the_same_with_empty_chunks_between_all_bytes() {
    hold(|stream| vec![stream.chunks(1).flat_map(|byte| [byte, &[][..]]).collect()]);
}
