//! What the fuzz targets of `sse-proto` do, as plain functions.
//!
//! A target takes any input and panics when `sse-proto` did something that it must not do. libFuzzer looks for such
//! inputs (`cargo xtask fuzz`); the tests of this package run the same functions over the seeds.
//!
//! # Layout
//!
//! | module | what it holds `sse-proto` against |
//! |---|---|
//! | [`decoder`] | [`reference`](mod@reference), at any split of any bytes, with and without limits |
//! | [`encoder`] | what went in: it comes out of a decoder again, and nothing else does |
//! | [`client`] | the rules that hold after every input, whatever the server and the network do |
//! | [`reference`](mod@reference) | the event-stream algorithm, word for word and without regard to cost |
//! | [`told`] | what a stream said, in a form that can be compared |
//! | [`chunks`] | the ways to cut a stream |
//!
//! Inputs are read from bytes by hand instead of with a derived [`Arbitrary`], so that seeds can be written as text
//! and a finding can be read; the module of each target describes its form.

pub mod chunks;
pub mod client;
pub mod decoder;
pub mod encoder;
pub mod reference;
pub mod told;

use std::fmt::Debug;
use std::io;

use arbitrary::{Arbitrary, Unstructured};

/// Calls `target` with the input that `bytes` are, as libFuzzer does; with none if they are none.
pub fn run<I: for<'a> Arbitrary<'a>>(target: fn(&I), bytes: &[u8]) {
    if let Ok(input) = I::arbitrary_take_rest(Unstructured::new(bytes)) {
        target(&input);
    }
}

/// Calls `target` with each file that the command line names, and shows first what it means: the last one before a
/// panic is the one that caused it.
///
/// # Errors
/// If a file cannot be read.
pub fn replay<I: for<'a> Arbitrary<'a> + Debug>(target: fn(&I)) -> io::Result<()> {
    for path in std::env::args_os().skip(1) {
        println!("{}", path.display());
        match I::arbitrary_take_rest(Unstructured::new(&std::fs::read(path)?)) {
            Ok(input) => {
                println!("{input:#?}");
                target(&input);
            }
            Err(error) => println!("no input: {error}"),
        }
    }
    Ok(())
}
