//! Every seed through its target, as libFuzzer does it, without libFuzzer.

use std::fs;
use std::path::{Path, PathBuf};

use arbitrary::Arbitrary;
use sse_proto_fuzz::{client, decoder, encoder};

/// The protocol vectors, which `cargo xtask fuzz` lays beside the seeds of the decoder.
const VECTORS: &str = "../../../tests/conformance/vectors";

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// The files of a folder with their contents, in order.
fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths: Vec<_> = fs::read_dir(path(folder))
        .expect("a folder of the repository")
        .map(|entry| entry.expect("an entry of the folder").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let content = fs::read(&path).expect("a file of the repository");
        (path, content)
    };
    paths.into_iter().map(read).collect()
}

/// A failed test shows the names up to the seed that failed.
fn replay<I: for<'a> Arbitrary<'a>>(folder: &str, target: fn(&I)) {
    let seeds = files(folder);
    assert!(seeds.len() >= 5, "{folder} holds only {} seeds", seeds.len());
    for (path, content) in seeds {
        println!("{}", path.display());
        sse_proto_fuzz::run(target, &content);
    }
}

#[test]
fn the_decoder_agrees_with_the_reference_on_its_seeds() {
    replay("seeds/decoder", decoder::run);
}

/// The options that a seed leaves at zero, all of them, on the streams that were written for the corners.
#[test]
fn the_decoder_agrees_with_the_reference_on_the_vectors_whatever_the_options() {
    let vectors: Vec<_> = files(VECTORS).into_iter().filter(|(path, _)| is_stream(path)).collect();
    assert!(vectors.len() >= 30, "only {} vectors were found", vectors.len());
    for (path, stream) in vectors {
        println!("{}", path.display());
        for option in 0..=255 {
            for header in
                [[option, b'0', b'0', b'\n'], [b'5', option, b'0', b'\n'], [b'3', b'0', option, b'\n']]
            {
                sse_proto_fuzz::run(decoder::run, &[&header[..], &stream].concat());
            }
        }
    }
}

#[test]
fn what_the_seeds_encode_is_decoded() {
    replay("seeds/encoder", encoder::run);
}

#[test]
fn the_client_keeps_its_rules_on_its_seeds() {
    replay("seeds/client", client::run);
}

fn is_stream(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sse")
}
