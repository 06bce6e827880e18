//! What is read must be what `serde_json` reads, and what is refused the same.

use std::collections::BTreeMap;
use std::fmt::Debug;

use codee::{Decoder, Encoder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::JsonCodec;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct All {
    boolean: bool,
    small: i8,
    large: u64,
    huge: u128,
    negative: i64,
    float: f64,
    single: f32,
    letter: char,
    text: String,
    nothing: (),
    maybe: Option<u32>,
    list: Vec<Option<i32>>,
    pair: (u8, String),
    by_number: BTreeMap<u32, f64>,
    by_truth: BTreeMap<bool, String>,
    by_kind: BTreeMap<Kind, i32>,
    kinds: Vec<Kind>,
    shapes: Vec<Shape>,
    wrapped: Wrapped,
    either: Vec<Either>,
    tagged: Vec<Tagged>,
    value: serde_json::Value,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Kind {
    One,
    Two,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Line(f64),
    Pair(u8, u8),
    Box { width: u32, depth: Option<Box<Shape>> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u16);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i32),
    Text(String),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    A { n: u8 },
    B,
}

fn all() -> All {
    All {
        boolean: true,
        small: -128,
        large: u64::MAX,
        huge: u128::MAX,
        negative: i64::MIN,
        float: -1.5e3,
        single: 0.1,
        letter: '漢',
        text: "a \"quoted\"\n\u{1f600} text".to_owned(),
        nothing: (),
        maybe: None,
        list: vec![Some(1), None, Some(-3)],
        pair: (7, "x".to_owned()),
        by_number: BTreeMap::from([(1, 0.5), (4_000_000_000, 2.0)]),
        by_truth: BTreeMap::from([(true, "yes".to_owned())]),
        by_kind: BTreeMap::from([(Kind::One, 1), (Kind::Two, 2)]),
        kinds: vec![Kind::Two, Kind::One],
        shapes: vec![
            Shape::Point,
            Shape::Line(1.0),
            Shape::Pair(1, 2),
            Shape::Box { width: 3, depth: Some(Box::new(Shape::Box { width: 4, depth: None })) },
        ],
        wrapped: Wrapped(9),
        either: vec![Either::Number(-1), Either::Text("t".to_owned())],
        tagged: vec![Tagged::A { n: 1 }, Tagged::B],
        value: serde_json::json!({ "a": [1, -2, 3.5, null, { "b": "c" }] }),
        rest: BTreeMap::from([("unknown".to_owned(), 3)]),
    }
}

#[test]
fn every_shape_of_data_is_read_as_it_was_written() {
    let json = JsonCodec::encode(&all()).expect("can be written");
    assert_eq!(<JsonCodec as Decoder<All>>::decode(&json), Ok(all()));
    let spaced = serde_json::to_string_pretty(&all()).expect("can be written");
    assert_eq!(<JsonCodec as Decoder<All>>::decode(&spaced), Ok(all()));
}

/// Decodes `json` by both.
fn alike<T: DeserializeOwned + PartialEq + Debug>(json: &str) {
    let (ours, theirs) = (<JsonCodec as Decoder<T>>::decode(json), serde_json::from_str::<T>(json));
    assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok(), "{json}: {ours:?}, {theirs:?}");
}

#[test]
fn the_place_of_a_variant_is_not_its_name() {
    for json in [r#"{"kind":"A","n":1}"#, r#"{"kind":0,"n":1}"#, r#"{"kind":1}"#, r#"{"kind":true}"#] {
        alike::<Tagged>(json);
    }
}

/// Decodes every prefix of `json`, and `json` with each byte replaced in turn, by both.
fn damaged<T: DeserializeOwned + PartialEq + Debug>(json: &str) {
    for end in json.char_indices().map(|(at, _)| at) {
        alike::<T>(&json[..end]);
    }
    for (at, _) in json.char_indices().filter(|(at, _)| json.as_bytes()[*at].is_ascii()) {
        for with in ["", "\"", "0", "-", "{", "]", ",", "null", "1e999", "\\u00", "[[[", "{\"a\":", "true "] {
            alike::<T>(&[&json[..at], with, &json[at + 1..]].concat());
        }
    }
}

#[test]
fn damaged_data_is_refused_where_serde_json_refuses_it() {
    damaged::<All>(&JsonCodec::encode(&all()).expect("can be written"));
    damaged::<f64>("-12.5e3");
    damaged::<Vec<(u8, Option<String>)>>(r#"[[1,"a"],[2,null]]"#);
}

#[derive(Debug, PartialEq, Deserialize)]
struct Tick {
    symbol: String,
    price: f64,
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let tick = |json| <JsonCodec as Decoder<Tick>>::decode(json).expect_err(json);
    assert_eq!(tick(r#"{"symbol":"A","price":"x"}"#), "invalid type: string, expected f64");
    assert_eq!(
        tick(r#"{"price":[1],"symbol":"A"}"#),
        "invalid type: array, expected f64 before line 1 column 11"
    );
    assert_eq!(tick(r#"{"symbol":"A"}"#), "missing field `price`");
    assert_eq!(tick("{\"symbol\":\n  nul}"), "not JSON before line 2 column 6");
    assert_eq!(tick(r#"{"symbol":"#), "the JSON ends too early before line 1 column 10");
    let small = <JsonCodec as Decoder<Vec<u8>>>::decode("[1, 256, 3]").expect_err("too large");
    assert_eq!(small, "invalid value: integer, expected u8 before line 1 column 10");
    assert_eq!(
        <JsonCodec as Decoder<u8>>::decode("1 2").expect_err("two"),
        "not JSON before line 1 column 3"
    );
}
