//! Numbers and times by the browser's own `Intl`: its tables are in the browser already, and formatting floats
//! in Rust would add kilobytes to the wasm.

use std::cell::OnceCell;

use js_sys::Intl::{DateTimeFormat, NumberFormat};
use js_sys::{Array, Date, Function, Object, Reflect};
use wasm_bindgen::JsValue;

use super::Lang;

/// The formatters of one language. Making one costs some 50 µs, using it less than one, so they are made once.
pub(super) struct Formats {
    price: Function,
    change: Function,
    percent: Function,
    compact: Function,
    time: Function,
    day_time: Function,
    time_of_day: Function,
    date_time: Function,
}

/// Calls `f` with the formatters of `lang`.
pub(super) fn with<R>(lang: Lang, f: impl FnOnce(&Formats) -> R) -> R {
    thread_local! {
        static FORMATS: [OnceCell<Formats>; 2] = const { [OnceCell::new(), OnceCell::new()] };
    }
    FORMATS.with(|formats| f(formats[lang as usize].get_or_init(|| Formats::new(lang.tag()))))
}

impl Formats {
    fn new(tag: &str) -> Self {
        let two_digits: [Field; 2] =
            [("minimumFractionDigits", Value::Number(2)), ("maximumFractionDigits", Value::Number(2))];
        let signed = ("signDisplay", Value::Text("exceptZero"));
        let hour_minute = [("hour", Value::Text("2-digit")), ("minute", Value::Text("2-digit"))];
        let h23 = ("hourCycle", Value::Text("h23"));
        let number = |fields: &[&[Field]]| NumberFormat::new(&locales(tag), &options(fields)).format();
        let date = |fields: &[&[Field]]| DateTimeFormat::new(&locales(tag), &options(fields)).format();
        Self {
            price: number(&[&two_digits]),
            change: number(&[&two_digits, &[signed]]),
            percent: number(&[&two_digits, &[signed, ("style", Value::Text("percent"))]]),
            compact: number(&[&[
                ("notation", Value::Text("compact")),
                ("maximumSignificantDigits", Value::Number(3)),
            ]]),
            time: date(&[&hour_minute, &[h23]]),
            day_time: date(&[
                &hour_minute,
                &[h23, ("month", Value::Text("short")), ("day", Value::Text("numeric"))],
            ]),
            time_of_day: date(&[&hour_minute, &[h23, ("second", Value::Text("2-digit"))]]),
            date_time: date(&[&[("dateStyle", Value::Text("full")), ("timeStyle", Value::Text("medium"))]]),
        }
    }

    pub(super) fn price(&self, price: f64) -> String {
        call(&self.price, price)
    }

    pub(super) fn change(&self, change: f64) -> String {
        call(&self.change, change)
    }

    pub(super) fn percent(&self, ratio: f64) -> String {
        call(&self.percent, ratio)
    }

    pub(super) fn compact(&self, number: f64) -> String {
        call(&self.compact, number)
    }

    pub(super) fn time(&self, millis: f64) -> String {
        let day = |millis: f64| Date::new(&millis.into()).to_date_string();
        let is_today = day(millis) == day(Date::now());
        call(if is_today { &self.time } else { &self.day_time }, millis)
    }

    pub(super) fn time_of_day(&self, millis: f64) -> String {
        call(&self.time_of_day, millis)
    }

    pub(super) fn date_time(&self, millis: f64) -> String {
        call(&self.date_time, millis)
    }
}

type Field = (&'static str, Value);

#[derive(Clone, Copy)]
enum Value {
    Text(&'static str),
    Number(u32),
}

fn locales(tag: &str) -> Array {
    Array::of1(&tag.into())
}

fn options(fields: &[&[Field]]) -> Object {
    let options = Object::new();
    for (name, value) in fields.iter().copied().flatten() {
        let value = match value {
            Value::Text(text) => JsValue::from_str(text),
            Value::Number(number) => JsValue::from(*number),
        };
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&options, &JsValue::from_str(name), &value);
    }
    options
}

/// An empty text if the formatter throws, which `Intl` does for invalid dates only.
fn call(format: &Function, value: f64) -> String {
    format.call1(&JsValue::NULL, &value.into()).ok().and_then(|text| text.as_string()).unwrap_or_default()
}
