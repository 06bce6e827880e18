//! JSON by serde: the codec that a set has unless it names another.
//!
//! `serde_json` reads it, all of it. What is not taken from there are the texts about data of the wrong type. To write the
//! value that it found into them, `serde_json` brings its own printing of floating point numbers and the tables by which
//! text is escaped: eight kilobytes of a compressed page, to say what stands in `DecodeError::data` anyway. So all is asked
//! of it as "whatever there is", which has no such text, and errors of visitors never become errors of `serde_json`.

use std::cell::Cell;
use std::fmt;

use codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::Number;
use serde_json::error::Category;

/// JSON by serde, from and to strings.
#[derive(Debug)]
pub struct JsonCodec;

impl<T: Serialize> Encoder<T> for JsonCodec {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, serde_json::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for JsonCodec {
    /// What is wrong, and before which place: `invalid type: string, expected f64 before line 1 column 12`.
    type Error = String;
    type Encoded = str;

    fn decode(json: &str) -> Result<T, String> {
        let said = Said::default();
        let mut reader = serde_json::Deserializer::from_str(json);
        match T::deserialize(Within::<_, false> { inner: &mut reader, said: &said }) {
            Ok(value) => match reader.end() {
                Ok(()) => Ok(value),
                Err(error) => Err(text(None, Some(&error))),
            },
            Err(Error::Visitor(said)) => Err(text(Some(said), reader.end().err().as_ref())),
            Err(Error::Reader(error)) => Err(text(said.take(), Some(&error))),
        }
    }
}

/// `at`: where the reader stopped, unless it has read all.
#[cold]
fn text(said: Option<String>, at: Option<&serde_json::Error>) -> String {
    let mut text = said.unwrap_or_else(|| {
        let is_short = at.is_some_and(|error| error.classify() == Category::Eof);
        String::from(if is_short { "the JSON ends too early" } else { "not JSON" })
    });
    if let Some(error) = at {
        text += &format!(" before line {} column {}", error.line(), error.column());
    }
    text
}

/// Why there is no value.
#[derive(Debug)]
enum Error<E> {
    /// A visitor says so, of the value that it was given.
    Visitor(String),
    /// The reader says so.
    Reader(E),
}

impl<E: de::Error> de::Error for Error<E> {
    #[cold]
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::Visitor(text.to_string())
    }

    #[cold]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Visitor(format!("invalid type: {}, expected {expected}", kind(found)))
    }

    #[cold]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Visitor(format!("invalid value: {}, expected {expected}", kind(found)))
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visitor(text) => f.write_str(text),
            Self::Reader(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for Error<E> {}

/// What was found, without its value.
fn kind(found: Unexpected<'_>) -> &str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer",
        Unexpected::Float(_) => "floating point number",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "array",
        Unexpected::Map => "object",
        Unexpected::Other(other) => other,
        _ => "variant of another kind",
    }
}

/// What a visitor has said, while `serde_json` finds its way out of the value. It may stumble over the rest of it, and its
/// error then tells where.
type Said = Cell<Option<String>>;

/// To `serde_json`, a visitor that has failed has made nothing of the value.
fn hand_over<T, E>(made: Result<T, Error<E>>, said: &Said) -> Result<Option<T>, E> {
    match made {
        Ok(value) => Ok(Some(value)),
        Err(Error::Visitor(text)) => {
            said.set(Some(text));
            Ok(None)
        }
        Err(Error::Reader(error)) => Err(error),
    }
}

/// The other way round.
fn take_back<T, E>(made: Result<Option<T>, E>, said: &Said) -> Result<T, Error<E>> {
    match made {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Error::Visitor(said.take().unwrap_or_default())),
        Err(error) => Err(Error::Reader(error)),
    }
}

/// One of `serde_json`'s parts as a visitor sees it. `KEY`: it reads the key of an object, where a number stands in quotes.
struct Within<'s, T, const KEY: bool> {
    inner: T,
    said: &'s Said,
}

/// A visitor as `serde_json` sees it. `NUMBER`: it has asked for a number.
struct Through<'s, V, const KEY: bool, const NUMBER: bool> {
    visitor: V,
    said: &'s Said,
}

/// The methods that ask for one kind of value, by the one that takes whatever there is.
macro_rules! as_any {
    ($($method:ident($($argument:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $(_: $argument,)* visitor: V) -> Result<V::Value, Self::Error> {
            self.deserialize_any(visitor)
        }
    )*};
}

/// The methods that ask for a number or a boolean, which `serde_json` looks for in the text of a key.
macro_rules! as_any_but_in_keys {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            let Self { inner, said } = self;
            let visitor = Through::<V, KEY, true> { visitor, said };
            take_back(if KEY { inner.$method(visitor) } else { inner.deserialize_any(visitor) }, said)
        }
    )*};
}

/// The methods that `serde_json` must be asked for by their own names.
macro_rules! as_it_is {
    ($($method:ident($($name:ident: $argument:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($name: $argument,)* visitor: V) -> Result<V::Value, Self::Error> {
            let Self { inner, said } = self;
            take_back(inner.$method($($name,)* Through::<V, KEY, false> { visitor, said }), said)
        }
    )*};
}

impl<'de, D: Deserializer<'de>, const KEY: bool> Deserializer<'de> for Within<'_, D, KEY> {
    type Error = Error<D::Error>;

    as_any! {
        deserialize_char() deserialize_str() deserialize_string()
        deserialize_unit() deserialize_unit_struct(&'static str)
        deserialize_seq() deserialize_tuple(usize) deserialize_tuple_struct(&'static str, usize)
        deserialize_map() deserialize_struct(&'static str, &'static [&'static str])
    }

    /// The name of a field or a variant.
    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_any(Name(visitor))
    }

    as_any_but_in_keys! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
    }

    as_it_is! {
        deserialize_any() deserialize_ignored_any() deserialize_option()
        deserialize_i128() deserialize_u128() deserialize_bytes() deserialize_byte_buf()
        deserialize_newtype_struct(name: &'static str)
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

/// A visitor that has asked for a name. Derived ones would take a number for the place of a variant, which `serde_json`
/// refuses.
struct Name<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    #[inline]
    fn visit_str<E: de::Error>(self, it: &str) -> Result<V::Value, E> {
        self.0.visit_str(it)
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, it: &'de str) -> Result<V::Value, E> {
        self.0.visit_borrowed_str(it)
    }

    #[inline]
    fn visit_string<E: de::Error>(self, it: String) -> Result<V::Value, E> {
        self.0.visit_string(it)
    }
}

macro_rules! visit_scalars {
    ($($method:ident($($value:ident: $argument:ty)?))*) => {$(
        #[inline]
        fn $method<E: de::Error>(self, $($value: $argument)?) -> Result<Option<V::Value>, E> {
            hand_over(self.visitor.$method($($value)?), self.said)
        }
    )*};
}

impl<'de, V: Visitor<'de>, const KEY: bool, const NUMBER: bool> Visitor<'de> for Through<'_, V, KEY, NUMBER> {
    type Value = Option<V::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit_scalars! {
        visit_bool(it: bool) visit_i64(it: i64) visit_i128(it: i128) visit_u64(it: u64) visit_u128(it: u128)
        visit_f64(it: f64) visit_str(it: &str) visit_borrowed_str(it: &'de str) visit_string(it: String)
        visit_bytes(it: &[u8]) visit_borrowed_bytes(it: &'de [u8]) visit_byte_buf(it: Vec<u8>)
        visit_none() visit_unit()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        let Self { visitor, said } = self;
        hand_over(visitor.visit_some(Within::<_, KEY> { inner, said }), said)
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        let Self { visitor, said } = self;
        hand_over(visitor.visit_newtype_struct(Within::<_, KEY> { inner, said }), said)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        let Self { visitor, said } = self;
        hand_over(visitor.visit_seq(Within::<_, false> { inner, said }), said)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        let Self { visitor, said } = self;
        let map = Within::<_, false> { inner, said };
        hand_over(if NUMBER { visit_number(visitor, map) } else { visitor.visit_map(map) }, said)
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<Self::Value, A::Error> {
        let Self { visitor, said } = self;
        hand_over(visitor.visit_enum(Within::<_, false> { inner, said }), said)
    }
}

/// With its feature `arbitrary_precision`, which any crate of an app may turn on, `serde_json` gives a number as a map.
fn visit_number<'de, V: Visitor<'de>, A: MapAccess<'de>>(visitor: V, map: A) -> Result<V::Value, A::Error> {
    let number = Number::deserialize(MapAccessDeserializer::new(map))?;
    if let Some(it) = number.as_u64() {
        visitor.visit_u64(it)
    } else if let Some(it) = number.as_i64() {
        visitor.visit_i64(it)
    } else if let Some(it) = number.as_f64() {
        visitor.visit_f64(it)
    } else {
        Err(de::Error::custom("number out of range"))
    }
}

impl<'de, S: DeserializeSeed<'de>, const KEY: bool> DeserializeSeed<'de> for Within<'_, S, KEY> {
    type Value = Option<S::Value>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        let Self { inner: seed, said } = self;
        hand_over(seed.deserialize(Within::<_, KEY> { inner, said }), said)
    }
}

/// An access that ended, and a part of it that is nothing: both are `None` in their places.
fn take_back_next<T, E>(next: Result<Option<Option<T>>, E>, said: &Said) -> Result<Option<T>, Error<E>> {
    match next {
        Ok(None) => Ok(None),
        Ok(Some(made)) => take_back(Ok(made), said).map(Some),
        Err(error) => Err(Error::Reader(error)),
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Within<'_, A, false> {
    type Error = Error<A::Error>;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        let said = self.said;
        take_back_next(self.inner.next_element_seed(Within::<_, false> { inner, said }), said)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Within<'_, A, false> {
    type Error = Error<A::Error>;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, inner: S) -> Result<Option<S::Value>, Self::Error> {
        let said = self.said;
        take_back_next(self.inner.next_key_seed(Within::<_, true> { inner, said }), said)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, inner: S) -> Result<S::Value, Self::Error> {
        let said = self.said;
        take_back(self.inner.next_value_seed(Within::<_, false> { inner, said }), said)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'s, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Within<'s, A, false> {
    type Error = Error<A::Error>;
    type Variant = Within<'s, A::Variant, false>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        inner: S,
    ) -> Result<(S::Value, Self::Variant), Self::Error> {
        let said = self.said;
        let (made, inner) =
            self.inner.variant_seed(Within::<_, false> { inner, said }).map_err(Error::Reader)?;
        Ok((take_back(Ok(made), said)?, Within { inner, said }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Within<'_, A, false> {
    type Error = Error<A::Error>;

    fn unit_variant(self) -> Result<(), Self::Error> {
        self.inner.unit_variant().map_err(Error::Reader)
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, inner: S) -> Result<S::Value, Self::Error> {
        let said = self.said;
        take_back(self.inner.newtype_variant_seed(Within::<_, false> { inner, said }), said)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        let said = self.said;
        take_back(self.inner.tuple_variant(len, Through::<V, false, false> { visitor, said }), said)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let said = self.said;
        take_back(self.inner.struct_variant(fields, Through::<V, false, false> { visitor, said }), said)
    }
}

#[cfg(test)]
mod tests;
