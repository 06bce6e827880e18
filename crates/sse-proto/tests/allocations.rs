//! In the steady state nothing is allocated for an event, however the stream is cut.

use sse_proto::{Decoder, Event, EventId, EventType, Frame, Limits, encode};

fn stream(events: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    for n in 0..events {
        let event = Event::new(format!("{{\"price\":{},\"note\":\"\u{6f22}\"}}\nsecond line", 100 + n % 900))
            .with_id(EventId::new(format!("5f3a.{}", 1000 + n)).expect("a valid id"))
            .with_type(EventType::new("tick").expect("a valid type"));
        encode::event(&mut wire, &event);
        encode::comment(&mut wire, "heartbeat");
    }
    wire
}

/// How many events the stream holds, told in chunks of `size` bytes.
fn count(decoder: &mut Decoder, stream: &[u8], size: usize) -> usize {
    let mut events = 0;
    for chunk in stream.chunks(size) {
        let mut frames = decoder.decode(chunk);
        while let Some(frame) = frames.next().expect("no limit is passed") {
            events += usize::from(matches!(frame, Frame::Event(_)));
        }
    }
    events
}

#[test]
fn a_decoder_that_is_warm_allocates_nothing() {
    let stream = stream(1000);
    for size in [1, 7, 64, 1460, 16 << 10, stream.len()] {
        let mut decoder = Decoder::new(Limits::default()).with_diagnostics();
        count(&mut decoder, &stream, size);
        let mut events = 0;
        let allocations = allocation_counter::measure(|| events = count(&mut decoder, &stream, size));
        assert_eq!(events, 1000);
        assert_eq!(allocations.count_total, 0, "in chunks of {size}");
    }
}

#[test]
fn an_encoder_with_room_in_its_buffer_allocates_nothing() {
    let event = Event::new("one\ntwo").with_type(EventType::new("note").expect("a valid type"));
    let mut wire = Vec::with_capacity(1 << 10);
    let allocations = allocation_counter::measure(|| {
        for _ in 0..100 {
            wire.clear();
            encode::event(&mut wire, &event);
            encode::comment(&mut wire, "heartbeat");
            encode::retry(&mut wire, std::time::Duration::from_secs(3));
        }
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn a_large_event_does_not_stay_in_memory() {
    let line = [b"data: ", &*vec![b'x'; 4 << 20], b"\n"].concat();
    for lines in 1..=3 {
        let large = [&*line.repeat(lines), b"\n"].concat();
        let mut decoder = Decoder::new(Limits::default());
        let allocations = allocation_counter::measure(|| {
            assert_eq!(count(&mut decoder, &large, 16 << 10), 1);
            assert_eq!(count(&mut decoder, b"data: small\n\n", 1), 1);
        });
        assert!(allocations.bytes_current <= 2 << 20, "{} bytes are kept", allocations.bytes_current);
    }
}

#[test]
fn a_line_that_is_too_long_is_not_copied_before_it_is_refused() {
    let endless = vec![b'x'; 8 << 20];
    for before in [&b""[..], b"data: ", b"\xEF\xBB\xBFdata: "] {
        let mut decoder = Decoder::new(Limits::default().with_line(1 << 10));
        let allocations = allocation_counter::measure(|| {
            assert_eq!(count(&mut decoder, before, 1), 0);
            assert!(decoder.decode(&endless).next().is_err());
        });
        assert!(allocations.bytes_max < 16 << 10, "{} bytes were taken", allocations.bytes_max);
    }
}

#[test]
fn a_long_line_that_does_not_end_is_refused_at_its_limit() {
    let mut decoder = Decoder::new(Limits::default().with_line(64 << 10));
    let allocations = allocation_counter::measure(|| {
        let chunk = [b'x'; 4 << 10];
        for _ in 0..16 {
            assert_eq!(decoder.decode(&chunk).next(), Ok(None));
        }
        assert!(decoder.decode(&chunk).next().is_err());
    });
    assert!(allocations.bytes_max < 256 << 10, "{} bytes were taken", allocations.bytes_max);
}

#[test]
fn a_decoder_that_was_left_in_a_long_line_keeps_no_more_of_it() {
    let mut decoder = Decoder::new(Limits::default());
    let chunk = [b'x'; 4 << 10];
    count(&mut decoder, b"data: x", 7);
    for _ in 0..4 {
        count(&mut decoder, &chunk, chunk.len());
    }
    // The caller does not ask for what the end of the line brings.
    drop(decoder.decode(b"\ndata: y\n"));
    let allocations = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            assert_eq!(decoder.decode(&chunk).next(), Ok(None));
        }
    });
    assert_eq!(allocations.count_total, 0, "{} bytes were taken", allocations.bytes_max);
}

#[test]
fn a_large_malformed_event_does_not_stay_in_memory() {
    let large = [b"data: ", &*vec![0xFF; 4 << 20], b"\n\n"].concat();
    let mut decoder = Decoder::new(Limits::default());
    let allocations = allocation_counter::measure(|| {
        assert_eq!(count(&mut decoder, &large, 16 << 10), 1);
        assert_eq!(count(&mut decoder, b"data: small\n\n", 1), 1);
    });
    assert!(allocations.bytes_current <= 2 << 20, "{} bytes are kept", allocations.bytes_current);
}
