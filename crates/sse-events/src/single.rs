//! Sets of one: streams that send a single event type without a name.

use codee::string::JsonSerdeCodec;
use codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{DecodeError, EncodeError, EventSet};

const MESSAGE: &str = "message";

/// A stream of unnamed events whose data is JSON.
///
/// ```
/// use sse_events::{EventSet, Json};
///
/// let price = Json::<f64>::decode("message", "104.53")?;
/// assert_eq!(price.0, 104.53);
/// # Ok::<(), sse_events::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned + 'static> EventSet for Json<T> {
    const EVENT_TYPES: &'static [&'static str] = &[MESSAGE];

    fn event_type(&self) -> &'static str {
        MESSAGE
    }

    fn encode(&self) -> Result<String, EncodeError> {
        JsonSerdeCodec::encode(&self.0).map_err(|error| EncodeError::new(MESSAGE, error))
    }

    fn decode(event_type: &str, data: &str) -> Result<Self, DecodeError> {
        if event_type != MESSAGE {
            return Err(DecodeError::unknown_type(event_type, data));
        }
        JsonSerdeCodec::decode(data).map(Self).map_err(|error| DecodeError::data(event_type, data, error))
    }
}

/// A stream of unnamed events whose data is taken as it is.
///
/// ```
/// use sse_events::{EventSet, Text};
///
/// let line = Text::decode("message", "it begins")?;
/// assert_eq!(line.0, "it begins");
/// # Ok::<(), sse_events::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text(pub String);

impl EventSet for Text {
    const EVENT_TYPES: &'static [&'static str] = &[MESSAGE];

    fn event_type(&self) -> &'static str {
        MESSAGE
    }

    fn encode(&self) -> Result<String, EncodeError> {
        Ok(self.0.clone())
    }

    fn decode(event_type: &str, data: &str) -> Result<Self, DecodeError> {
        if event_type != MESSAGE {
            return Err(DecodeError::unknown_type(event_type, data));
        }
        Ok(Self(data.to_owned()))
    }
}
