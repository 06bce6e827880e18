//! What `#[derive(EventSet)]` makes of an enum.
#![cfg(feature = "derive")]

use codee::string::FromToStringCodec;
use serde::{Deserialize, Serialize};
use sse_events::{DecodeErrorKind, EventSet};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fill {
    price: f64,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
enum Orders {
    OrderFilled(Fill),
    #[event(name = "error")]
    Refused(String),
    #[event(codec = FromToStringCodec)]
    Depth(u32),
    Closed,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
#[event(codec = FromToStringCodec)]
enum Plain {
    Count(u64),
}

#[test]
fn event_types_are_snake_case_unless_named() {
    assert_eq!(Orders::EVENT_TYPES, ["order_filled", "error", "depth", "closed"]);
}

#[test]
fn every_variant_decodes_what_it_encodes() {
    for (event, data) in [
        (Orders::OrderFilled(Fill { price: 1.5 }), r#"{"price":1.5}"#),
        (Orders::Refused("a\nb".into()), r#""a\nb""#),
        (Orders::Depth(7), "7"),
        (Orders::Closed, ""),
    ] {
        assert_eq!(event.encode().expect("encodes"), data);
        assert_eq!(Orders::decode(event.event_type(), data), Ok(event));
    }
    assert_eq!(Plain::decode("count", "18446744073709551615"), Ok(Plain::Count(u64::MAX)));
}

#[test]
fn what_does_not_decode_is_an_error_that_carries_it() {
    let error = Orders::decode("order_filled", "{").expect_err("not JSON").at("12");
    assert!(matches!(error.kind, DecodeErrorKind::Data(_)));
    assert_eq!(
        (error.event_type.as_str(), error.data.as_str(), error.last_event_id.as_str()),
        ("order_filled", "{", "12")
    );
    assert_eq!(
        Orders::decode("new_thing", "1").expect_err("unknown").to_string(),
        r#"unknown event type "new_thing""#
    );
}
