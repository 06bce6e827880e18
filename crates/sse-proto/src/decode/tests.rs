//! The rules of CONFORMANCE.md by their numbers. `tests/conformance` holds the longer vectors.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{Event, EventId, EventType, MESSAGE, encode};

/// What a frame said, kept past the next call.
fn told(frame: Frame<'_>) -> String {
    match frame {
        Frame::Event(event) => format!("{}|{}|{}", event.event_type, event.data, event.last_event_id),
        Frame::LastEventId(id) => format!("id {id}"),
        Frame::Comment(text) => format!(":{text}"),
        Frame::Retry(time) => format!("retry {}", time.as_millis()),
        Frame::Ignored(ignored) => format!("{ignored:?}"),
    }
}

fn decode_chunks<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut decoder = Decoder::new(Limits::default()).with_diagnostics();
    let all: Vec<_> = chunks
        .into_iter()
        .flat_map(|chunk| frames(&mut decoder, chunk).expect("no limit is passed"))
        .collect();
    all
}

/// Every frame of one chunk.
fn frames(decoder: &mut Decoder, chunk: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut frames = decoder.decode(chunk);
    let mut all = Vec::new();
    while let Some(frame) = frames.next()? {
        all.push(told(frame));
    }
    Ok(all)
}

/// What has an effect in a stream, cut somehow.
fn effects(mut decoder: Decoder, stream: &[u8]) -> Vec<String> {
    let mut effects = Vec::new();
    for chunk in stream.chunks(7) {
        let mut frames = decoder.decode(chunk);
        while let Some(frame) = frames.next().expect("no limit is passed") {
            if matches!(frame, Frame::Event(_) | Frame::Retry(_)) {
                effects.push(told(frame));
            }
        }
    }
    effects
}

/// Decodes whole, byte by byte and at every split point, and checks that these agree (p15).
fn decode(stream: impl AsRef<[u8]>) -> Vec<String> {
    let stream = stream.as_ref();
    let whole = decode_chunks([stream]);
    assert_eq!(decode_chunks(stream.chunks(1)), whole, "byte by byte");
    for at in 0..=stream.len() {
        let (head, tail) = stream.split_at(at);
        assert_eq!(decode_chunks([head, &[], tail]), whole, "split at {at}");
    }
    whole
}

#[test]
fn p01_malformed_utf8_becomes_one_replacement_per_maximal_part() {
    assert_eq!(
        decode(b"data: \xF0\x9F\x98|\xFF\xFE|\xE6\xBC\xA2\n\n"),
        ["message|\u{FFFD}|\u{FFFD}\u{FFFD}|漢|"]
    );
    assert_eq!(decode(b"data: \xE6\xBC\ndata: \xA2\n\n"), ["message|\u{FFFD}\n\u{FFFD}|"]);
    assert_eq!(decode(b"event: \xC3\nid: \xC3\ndata: \xC3\n\n"), ["\u{FFFD}|\u{FFFD}|\u{FFFD}"]);
}

/// More than is kept as it came, with characters and malformed bytes at every cut.
fn long_value() -> Vec<u8> {
    b"plain text \xE6\xBC\xA2\xC3\xA9\xF0\x9F\x98\x80 \xFF\xE6\xBC \xF0\x9F\x98".repeat(300)
}

#[test]
fn p01_long_lines_say_the_same_in_pieces_of_any_size() {
    let value = long_value();
    let text = String::from_utf8_lossy(&value).into_owned();
    let stream = [
        b"\xEF\xBB\xBFdata: ",
        &value[..],
        b"\r\ndata: short\ndata:",
        &value,
        b"\n: ",
        &value,
        b"\nevent: ",
        &value,
        b"\nid: ",
        &value[..8000],
        b"\r\rdata: next\n\n",
    ]
    .concat();
    let id = String::from_utf8_lossy(&value[..8000]).into_owned();
    let expected =
        [format!(": {text}"), format!("{text}|{text}\nshort\n{text}|{id}"), format!("message|next|{id}")];
    for size in [1, 63, 512, 1460, 2047, 2048, 4095, 4096, 4097, 10_000, 16_384, stream.len()] {
        assert_eq!(decode_chunks(stream.chunks(size)), expected, "in chunks of {size}");
    }
}

#[test]
fn p16_limits_count_the_bytes_of_the_wire_also_where_they_are_malformed() {
    let value = long_value();
    let stream = [b"\xEF\xBB\xBFdata: ", &value[..], b"\ndata: ", &value, b"\n\n"].concat();
    let (line, event) = (6 + value.len(), 2 * value.len() + 1);
    for size in [1, 1460, 4096, 10_000, stream.len()] {
        let outcome = |line, event| {
            let mut decoder = Decoder::new(Limits::default().with_line(line).with_event(event));
            stream.chunks(size).map(|chunk| frames(&mut decoder, chunk)).collect::<Result<Vec<_>, _>>()
        };
        assert_eq!(outcome(line, event).map(|told| told.concat().len()), Ok(1), "in chunks of {size}");
        assert_eq!(outcome(line - 1, event), Err(DecodeError::LineTooLong { limit: line - 1 }));
        assert_eq!(outcome(line, event - 1), Err(DecodeError::EventTooLong { limit: event - 1 }));
    }
}

#[test]
fn p02_one_byte_order_mark_is_stripped() {
    assert_eq!(decode(b"\xEF\xBB\xBFdata: a\n\n"), ["message|a|"]);
    assert_eq!(decode(b"\xEF\xBB\xBF\ndata: a\n\n"), ["message|a|"]);
    assert_eq!(
        decode(b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\n"),
        [told(Frame::Ignored(Ignored::UnknownField("\u{FEFF}data")))]
    );
    assert_eq!(
        decode(b"\n\xEF\xBB\xBFdata: a\n\n"),
        [told(Frame::Ignored(Ignored::UnknownField("\u{FEFF}data")))]
    );
}

#[test]
fn p03_half_a_byte_order_mark_belongs_to_the_field_name() {
    assert_eq!(decode(b"\xEF\xBBdata: a\n\n"), ["UnknownField(\"\u{FFFD}data\")"]);
    assert_eq!(decode(b"\xEFdata: a\n\ndata: b\n\n"), ["UnknownField(\"\u{FFFD}data\")", "message|b|"]);
    assert_eq!(decode(b"\xEF\n\ndata: b\n\n"), ["UnknownField(\"\u{FFFD}\")", "message|b|"]);
}

#[test]
fn p04_lines_end_in_crlf_lf_or_cr() {
    assert_eq!(
        decode("data: a\r\n\r\ndata: b\n\ndata: c\r\rdata: d\r\n\n"),
        ["message|a|", "message|b|", "message|c|", "message|d|"]
    );
    assert_eq!(
        decode("data: a\u{B}\u{C}\u{85}\u{2028}\u{2029}b\n\n"),
        ["message|a\u{B}\u{C}\u{85}\u{2028}\u{2029}b|"]
    );
}

#[test]
fn p04_a_carriage_return_ends_the_line_before_the_next_chunk_arrives() {
    let mut decoder = Decoder::new(Limits::default());
    assert_eq!(frames(&mut decoder, b"data: a\r\r").expect("valid"), ["message|a|"]);
    assert!(frames(&mut decoder, b"\n").expect("valid").is_empty());
    assert_eq!(frames(&mut decoder, b"data: b\n\n").expect("valid"), ["message|b|"]);
}

#[test]
fn p05_a_line_that_begins_with_a_colon_is_a_comment() {
    assert_eq!(decode(": hi\ndata: a\n:\ndata: b\n\n"), [": hi", ":", "message|a\nb|"]);
}

#[test]
fn p05_heartbeats_change_nothing_wherever_they_stand_and_are_cut() {
    for end in ["\n", "\r", "\r\n"] {
        for len in 0..70 {
            let heartbeats = format!(":{}{end}{end}:{end}{end}", "é".repeat(len)).repeat(3);
            let event = format!("data: a{end}{heartbeats}: b{end}data: c{end}{end}")
                .replace(&format!("{end}{end}"), end);
            let stream = format!("{heartbeats}{event}{end}{heartbeats}id: 1{end}: b{end}data{end}{end}");
            for size in [1, 5, 63, 64, 65, 127, 128, 500, stream.len()] {
                let mut decoder = Decoder::new(Limits::default());
                let told = stream
                    .as_bytes()
                    .chunks(size)
                    .map(|chunk| frames(&mut decoder, chunk).expect("no limit"));
                assert_eq!(
                    told.collect::<Vec<_>>().concat(),
                    ["message|a\nc|", "message||1"],
                    "{len} {size} {end:?}"
                );
            }
        }
    }
}

#[test]
fn p06_the_first_colon_splits_and_one_space_goes() {
    assert_eq!(
        decode("data:a:b\n\ndata:  a \n\ndata:\ta\n\n"),
        ["message|a:b|", "message| a |", "message|\ta|"]
    );
}

#[test]
fn p07_a_line_without_a_colon_is_a_field_name() {
    assert_eq!(decode("data\n\nevent: x\nevent\ndata\n\n"), ["message||", "message||"]);
}

#[test]
fn p08_field_names_compare_byte_for_byte() {
    for name in ["Data", " data", "data ", "da-ta", "datadata", "dat", "event2", "retryy"] {
        assert_eq!(decode(format!("{name}: a\n\n")), [format!("UnknownField({name:?})")]);
    }
}

#[test]
fn p09_data_appends_and_event_replaces() {
    assert_eq!(decode("event: a\nevent: b\ndata: 1\ndata\ndata: 2\n\n"), ["b|1\n\n2|"]);
    assert_eq!(decode("event: a\nevent:\ndata: 1\n\n"), ["message|1|"]);
    assert_eq!(decode("data: a\0b\n\n"), ["message|a\0b|"]);
}

#[test]
fn p10_an_id_with_nul_is_ignored_and_an_empty_one_resets() {
    assert_eq!(decode("id: 1\nid: 2\0\ndata: a\n\n"), ["NulInId", "message|a|1"]);
    assert_eq!(
        decode("id: 1\ndata: a\n\nid\ndata: b\n\nid: 2\ndata: c\n\nid:\ndata: d\n\n"),
        ["message|a|1", "message|b|", "message|c|2", "message|d|"]
    );
}

#[test]
fn p10_a_nul_is_found_wherever_it_stands() {
    for len in 1..40 {
        let id = "x\u{1}\u{7f}é".repeat(len).into_bytes();
        assert_eq!(decode([b"id:", &id[..], b"\ndata\n\n"].concat()).len(), 1, "{len}");
        for at in 0..id.len() {
            let mut id = id.clone();
            id[at] = 0;
            assert!(line::has_nul(&id), "{len}, {at}");
        }
        assert!(!line::has_nul(&id), "{len}");
    }
}

#[test]
fn p11_retry_is_all_ascii_digits_and_clamped() {
    assert_eq!(decode("retry: 007\nretry: 99999999999999999999999\n"), ["retry 7", "retry 2147483647"]);
    for value in ["", "-1", "+1", "1.5", "1e3", "1 ", "١", "0x10"] {
        assert_eq!(decode(format!("retry: {value}\n")), [format!("InvalidRetry({value:?})")]);
    }
    assert_eq!(decode("retry\n"), ["InvalidRetry(\"\")"]);
}

#[test]
fn p12_a_blank_line_moves_the_last_event_id_also_without_data() {
    assert_eq!(
        decode("id: 1\n\ndata: a\n\nid: 2\nevent: lost\n\ndata: b\n\nid\n\n"),
        ["id 1", "message|a|1", "id 2", "message|b|2", "id "]
    );
    assert_eq!(decode("data\n\ndata:\ndata:\n\n\n\n"), ["message||", "message|\n|"]);
}

#[test]
fn p13_open_and_error_are_ordinary_types() {
    assert_eq!(
        decode("event: error\ndata: a\n\nevent: __proto__\ndata: b\n\n"),
        ["error|a|", "__proto__|b|"]
    );
}

#[test]
fn p14_an_unfinished_event_and_id_are_never_told() {
    let mut decoder = Decoder::new(Limits::default()).with_last_event_id("before");
    assert!(frames(&mut decoder, b"id: after\ndata: lost\n").expect("valid").is_empty());
    assert_eq!(decoder.last_event_id(), "before");
}

#[test]
fn c10_the_last_event_id_survives_a_connection_that_brings_none() {
    let mut decoder = Decoder::new(Limits::default()).with_last_event_id("7");
    assert_eq!(frames(&mut decoder, b"data: a\n\n").expect("valid"), ["message|a|7"]);
}

#[test]
fn p16_a_passed_limit_is_a_typed_error_and_final() {
    let limits = Limits::default().with_line(16).with_event(20).with_id(4);
    for (stream, error) in [
        ("data: 0123456789a\n", DecodeError::LineTooLong { limit: 16 }),
        ("data: 0123456789\ndata: 0123456789\n", DecodeError::EventTooLong { limit: 20 }),
        ("id: 12345\n", DecodeError::IdTooLong { limit: 4 }),
    ] {
        for size in [1, 7, stream.len()] {
            let mut decoder = Decoder::new(limits);
            let outcome = stream.as_bytes().chunks(size).find_map(|chunk| frames(&mut decoder, chunk).err());
            assert_eq!(outcome, Some(error), "{stream:?} in chunks of {size}");
            assert_eq!(frames(&mut decoder, b"data: a\n\n"), Err(error));
            assert_eq!(frames(&mut decoder, b"data: a"), Err(error));
        }
    }
    let mut at_the_limit = Decoder::new(limits);
    assert_eq!(
        frames(&mut at_the_limit, b"data: 0123456789\n\n").expect("at the limit"),
        ["message|0123456789|"]
    );
}

#[test]
fn p16_the_limit_of_a_line_holds_for_comments_in_a_row() {
    for limit in [7, 63, 64, 65] {
        let stream = |len: usize| format!(": \n\n:{}\n\n: \n\ndata: a\n\n", "x".repeat(len - 1));
        for size in [1, 64, 65, 200] {
            let outcome = |stream: String| {
                let mut decoder = Decoder::new(Limits::default().with_line(limit));
                stream.as_bytes().chunks(size).find_map(|chunk| frames(&mut decoder, chunk).err())
            };
            assert_eq!(outcome(stream(limit)), None, "{limit} in chunks of {size}");
            assert_eq!(
                outcome(stream(limit + 1)),
                Some(DecodeError::LineTooLong { limit }),
                "in chunks of {size}"
            );
        }
    }
}

#[test]
fn p16_a_byte_order_mark_does_not_count_as_part_of_the_line() {
    let limits = Limits::default().with_line(8);
    for (stream, expected) in [
        (&b"\xEF\xBB\xBFdata: ab\n\n"[..], Ok("message|ab|")),
        (b"\xEF\xBB\xBFdata: abc\n\n", Err(DecodeError::LineTooLong { limit: 8 })),
        (b"\xEF\x9Bdata: a", Err(DecodeError::LineTooLong { limit: 8 })),
    ] {
        for size in [1, 2, 5, stream.len()] {
            let mut decoder = Decoder::new(limits);
            let told: Result<Vec<_>, _> =
                stream.chunks(size).map(|chunk| frames(&mut decoder, chunk)).collect();
            let told = told.map(|told| told.concat().concat());
            assert_eq!(told.as_deref(), expected.as_ref().copied(), "in chunks of {size}");
        }
    }
}

/// Checks that a stream takes no longer than eight streams of an eighth of its size: linear takes as long, quadratic eight
/// times as long. Both measurements are of the same length and take turns, so that a busy machine disturbs both alike.
fn assert_linear(eighths: &[Vec<u8>], whole: &[Vec<u8>], decode: impl Fn(&[u8])) {
    let time = |streams: &[Vec<u8>]| {
        let start = std::time::Instant::now();
        streams.iter().for_each(|stream| decode(stream));
        start.elapsed()
    };
    // The fastest of a few tries, and of more where that is not enough: what disturbs a measurement makes it longer.
    let mut fastest = [std::time::Duration::MAX; 2];
    for attempt in 1..=40 {
        fastest = [fastest[0].min(time(eighths)), fastest[1].min(time(whole))];
        if attempt >= 5 && fastest[1] < 3 * fastest[0] {
            return;
        }
    }
    panic!("eight eighths and the whole took {fastest:?}");
}

#[test]
fn p16_a_long_line_in_tiny_chunks_costs_no_more_for_each_byte() {
    let line = |bytes: usize| [b"data: ", &*vec![b'x'; bytes], b"\n\n"].concat();
    assert_linear(&vec![line(32 << 10); 8], &[line(256 << 10)], |stream| {
        assert_eq!(decode_chunks(stream.chunks(4)).len(), 1);
    });
}

#[test]
fn p16_malformed_lines_cost_no_more_for_each_byte() {
    let lines = |count: usize| b"data: \xFF\n".repeat(count);
    assert_linear(&vec![lines(4 << 10); 8], &[lines(32 << 10)], |stream| {
        decode_chunks([stream]);
    });
}

#[test]
fn c09_who_stops_reading_in_the_middle_of_a_chunk_hears_no_more() {
    let mut decoder = Decoder::new(Limits::default());
    let mut frames_of_chunk = decoder.decode(b"id: 7\n\ndata: a\n\ndata: b\nid: 8\n\n");
    assert_eq!(frames_of_chunk.next(), Ok(Some(Frame::LastEventId("7"))));
    assert!(matches!(frames_of_chunk.next(), Ok(Some(Frame::Event(EventRef { data: "a", .. })))));
    drop(frames_of_chunk);
    assert_eq!(decoder.last_event_id(), "7");
    assert_eq!(frames(&mut decoder, b"data: c\n\n"), Ok(vec![]));
    assert_eq!(frames(&mut decoder, b"id: 9\n\n"), Ok(vec![]));
    assert_eq!(decoder.last_event_id(), "7");
}

#[test]
fn the_last_frame_of_a_chunk_may_be_taken_without_asking_for_another() {
    let mut decoder = Decoder::new(Limits::default());
    let mut told = Vec::new();
    for chunk in [&b"id: 1\ndata: a\n\nda"[..], b"ta: b\n\n", b"data: c\r\n\r\n", b"data: d\n\n"] {
        told.extend(decoder.decode(chunk).next().expect("no limit is passed").map(self::told));
    }
    assert_eq!(told, ["message|a|1", "message|b|1", "message|c|1", "message|d|1"]);
}

#[test]
fn a_limit_that_the_unread_end_of_a_chunk_passes_is_told_with_the_next_chunk() {
    let mut decoder = Decoder::new(Limits::default().with_line(8));
    let mut frames_of_chunk = decoder.decode(b"data: a\n\ndata: bcdef");
    assert!(matches!(frames_of_chunk.next(), Ok(Some(Frame::Event(_)))));
    drop(frames_of_chunk);
    assert_eq!(frames(&mut decoder, b"\n\n"), Err(DecodeError::LineTooLong { limit: 8 }));
}

#[test]
fn the_last_event_id_can_be_asked_for_between_frames() {
    let mut decoder = Decoder::new(Limits::default()).with_last_event_id("1");
    let mut frames = decoder.decode(b"retry: 5\nid: 2\n\nretry: 6\nid: 3\n");
    assert_eq!(frames.last_event_id(), "1");
    let retry = |millis| Frame::Retry(Duration::from_millis(millis));
    for (frame, last_event_id) in [(retry(5), "1"), (Frame::LastEventId("2"), "2"), (retry(6), "2")] {
        assert_eq!(frames.next(), Ok(Some(frame)));
        assert_eq!(frames.last_event_id(), last_event_id);
    }
    assert_eq!(frames.next(), Ok(None));
    drop(frames);
    assert_eq!(decoder.last_event_id(), "2");
}

#[test]
fn lines_without_effect_are_told_to_whoever_asks() {
    let stream = b": hi\nx: y\nretry: soon\nid: \0\nretry: 5\ndata: a\n\n";
    let mut silent = Decoder::new(Limits::default());
    assert_eq!(frames(&mut silent, stream), Ok(vec!["retry 5".to_string(), "message|a|".to_string()]));
    assert_eq!(
        decode(stream),
        [": hi", "UnknownField(\"x\")", "InvalidRetry(\"soon\")", "NulInId", "retry 5", "message|a|"]
    );
}

#[test]
fn an_event_that_lies_in_one_chunk_is_borrowed_from_it() {
    let chunk = b"id: 1\nevent: tick\ndata: {}\n\n".to_owned();
    let mut decoder = Decoder::new(Limits::default());
    let mut frames = decoder.decode(&chunk);
    let Ok(Some(Frame::Event(event))) = frames.next() else { panic!("an event") };
    let within = |text: &str| chunk.as_ptr_range().contains(&text.as_ptr());
    assert!(within(event.data) && within(event.event_type));
}

#[test]
fn retry_and_comments_in_the_middle_of_an_event_leave_it_whole() {
    assert_eq!(
        decode("event: e\ndata: a\nretry: 5\ndata: b\n: c\nx: y\ndata: d\nid: 1\n\n"),
        ["retry 5", ": c", "UnknownField(\"x\")", "e|a\nb\nd|1"]
    );
}

fn line_text() -> impl Strategy<Value = String> {
    prop::string::string_regex("[^\r\n\0]{1,12}").expect("a valid pattern")
}

proptest! {
    #[test]
    fn p15_any_split_of_any_bytes_gives_the_same_frames(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    &b"data"[..], b"id", b"event", b"retry", b":", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"\xEF\xBB\xBF",
                    b"\xEF", b"\0", b"12", b"abc", b"\xF0\x9F", b"\xE6\xBC\xA2",
                ]).prop_map(<[u8]>::to_vec),
                prop::collection::vec(any::<u8>(), 0..4),
            ],
            0..40,
        ),
    ) {
            let stream = pieces.concat();
        decode(&stream);
        prop_assert_eq!(
            effects(Decoder::new(Limits::default()), &stream),
            effects(Decoder::new(Limits::default()).with_diagnostics(), &stream)
        );
    }

    #[test]
    fn what_is_encoded_is_decoded_again(
        events in prop::collection::vec(
            (prop::option::of(line_text()), prop::option::of(line_text()), "[^\r]{0,30}"),
            1..5,
        ),
    ) {
        let mut wire = Vec::new();
        let mut expected = Vec::new();
        let mut last_event_id = String::new();
        for (id, event_type, data) in events {
            let mut event = Event::new(data);
            event.id = id.map(|id| EventId::new(id).expect("one line"));
            event.event_type = event_type.map(|event_type| EventType::new(event_type).expect("one line"));
            encode::event(&mut wire, &event);
            if let Some(id) = &event.id {
                last_event_id = id.to_string();
            }
            let event_type = event.event_type.as_ref().map_or(MESSAGE, EventType::as_str);
            expected.push(format!("{event_type}|{}|{last_event_id}", event.data));
        }
        prop_assert_eq!(decode(wire), expected);
    }

    #[test]
    fn p11_a_retry_is_never_longer_than_a_browser_timer_takes(digits in "[0-9]{1,40}") {
        let mut decoder = Decoder::new(Limits::default());
        let line = format!("retry:{digits}\n");
        let mut frames = decoder.decode(line.as_bytes());
        let Ok(Some(Frame::Retry(time))) = frames.next() else { panic!("all digits") };
        prop_assert!(time <= Duration::from_millis((1 << 31) - 1));
    }
}
