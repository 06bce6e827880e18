//! libFuzzer's way into [`sse_proto_fuzz::decoder`]. Built without it, replays the files that it is given.

#![cfg_attr(fuzzing, no_main)]

use sse_proto_fuzz::decoder;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: decoder::Input| decoder::run(&input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    sse_proto_fuzz::replay(decoder::run)
}
