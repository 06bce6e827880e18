//! sse-proto where there is no standard library and no host.
//!
//! That it links shows that neither the crate nor a dependency needs `std`: a second panic handler would be an error.
//! `check.mjs` shows that the module imports nothing, and runs it.
#![no_std]
#![expect(unsafe_code, reason = "an exported name is unsafe to choose")]

extern crate alloc;

use alloc::format;
use alloc::vec::Vec;
use core::panic::PanicInfo;

use sse_proto::client::{Client, ClientOptions, Command, Output, Signal, Verdict};
use sse_proto::{Cursor, Decoder, Epoch, Event, EventType, Frame, Instant, Limits, encode};

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Encodes `events` events, decodes them in chunks of `size` bytes, lets a client judge each, and returns how many it
/// delivered. Each comes twice.
#[unsafe(no_mangle)]
pub extern "C" fn round_trip(events: u32, size: u32) -> u32 {
    let mut wire = Vec::new();
    encode::fields(&mut wire, Some(&id(0)), EventType::new("sse.open").ok().as_ref(), "{}");
    for seq in 1..=events {
        let event = Event::new(format!("price {seq}\n漢")).with_id(id(seq));
        encode::event(&mut wire, &event);
        encode::fields(&mut wire, Some(&id(seq - 1)), None, "an event from before");
    }

    let now = Instant::from_millis(0);
    let mut client = Client::new(ClientOptions::default(), 1);
    client.handle_command(now, Command::Open);
    let connection = loop {
        match client.poll_output() {
            Output::Connect { connection, .. } => break connection,
            Output::Wait(_) => return 0,
            _ => {}
        }
    };
    client.handle_signal(now, connection, Signal::Opened);

    let mut decoder = Decoder::new(Limits::default());
    let mut delivered = 0;
    for chunk in wire.chunks(size.max(1) as usize) {
        let mut frames = decoder.decode(chunk);
        while let Ok(Some(frame)) = frames.next() {
            let Frame::Event(event) = frame else { continue };
            let verdict =
                client.handle_event(now, connection, event.event_type, event.data, event.last_event_id);
            delivered += u32::from(verdict == Verdict::Deliver);
        }
    }
    delivered
}

fn id(seq: u32) -> sse_proto::EventId {
    Cursor { epoch: Epoch::new(0x5f3a), seq: seq.into() }.into()
}
