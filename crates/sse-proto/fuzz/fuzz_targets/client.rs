//! libFuzzer's way into [`sse_proto_fuzz::client`]. Built without it, replays the files that it is given.

#![cfg_attr(fuzzing, no_main)]

use sse_proto_fuzz::client;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: client::Input| client::run(&input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    sse_proto_fuzz::replay(client::run)
}
