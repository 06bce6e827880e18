//! The event-stream algorithm of WHATWG HTML 9.2.5 and 9.2.6, word for word.
//!
//! It reads a whole stream at once, copies everything and looks at no byte twice as fast as it could: it is here
//! to be compared with. Its comments quote the standard. Two things are not in it:
//!
//! - The standard starts the last event ID buffer empty. Browsers start it from the last event ID of the
//!   connection before, so that a blank line does not forget it (c10 in CONFORMANCE.md); so does this.
//! - It clamps a reconnection time to 2^31 - 1 ms, as `sse_proto` says it does (p11).

use crate::told::Told;

/// The largest reconnection time that is told.
const MAX_RETRY_MILLIS: u128 = (1 << 31) - 1;

/// What one line of the stream did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is worth telling.
    pub told: Option<Told>,
    /// The last event ID string after it.
    pub last_event_id: String,
}

/// "When a stream is parsed, a data buffer, an event type buffer, and a last event ID buffer must be associated
/// with it. They must be initialized to the empty string."
#[derive(Debug, Default)]
struct Stream {
    data: String,
    event_type: String,
    last_event_id_buffer: String,
    /// Belongs to the event source.
    last_event_id: String,
    /// Whether the buffer was set since the last blank line. The standard has no word to say of an id without data;
    /// `sse_proto` tells it, for whoever keeps the string of the event source elsewhere.
    is_id_set: bool,
}

/// What each complete line of `stream` does.
#[must_use]
pub fn read(stream: &[u8], last_event_id: &str) -> Vec<Line> {
    let mut state = Stream {
        last_event_id_buffer: last_event_id.to_owned(),
        last_event_id: last_event_id.to_owned(),
        ..Stream::default()
    };
    let read = |line: &String| {
        let told = state.line(line);
        Line { told, last_event_id: state.last_event_id.clone() }
    };
    lines(&decode(stream)).iter().map(read).collect()
}

/// "Streams must be decoded using the UTF-8 decode algorithm. Note: The UTF-8 decode algorithm strips one leading
/// UTF-8 Byte Order Mark (BOM), if any."
fn decode(stream: &[u8]) -> String {
    String::from_utf8_lossy(stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream)).into_owned()
}

/// "Lines must be separated by either a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a single
/// U+000A LINE FEED (LF) character, or a single U+000D CARRIAGE RETURN (CR) character."
///
/// What follows the last line end is not a line: "Once the end of the file is reached, any pending data must be
/// discarded. (If the file ends in the middle of an event, before the final empty line, the incomplete event is
/// not dispatched.)"
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.replace("\r\n", "\n").replace('\r', "\n").split('\n').map(str::to_owned).collect();
    lines.pop();
    lines
}

impl Stream {
    /// "Lines must be processed, in the order they are received, as follows:"
    fn line(&mut self, line: &str) -> Option<Told> {
        // "If the line is empty (a blank line): Dispatch the event, as defined below."
        if line.is_empty() {
            return self.dispatch();
        }
        // "If the line starts with a U+003A COLON character (:): Ignore the line."
        if let Some(comment) = line.strip_prefix(':') {
            return Some(Told::Comment(comment.to_owned()));
        }
        match line.split_once(':') {
            // "If the line contains a U+003A COLON character (:): Collect the characters on the line before the
            // first U+003A COLON character (:), and let field be that string. Collect the characters on the line
            // after the first U+003A COLON character (:), and let value be that string. If value starts with a
            // U+0020 SPACE character, remove it from value."
            Some((field, value)) => self.field(field, value.strip_prefix(' ').unwrap_or(value)),
            // "Otherwise, the string is not empty but does not contain a U+003A COLON character (:): Process the
            // field using the whole line as the field name, and the empty string as the field value."
            None => self.field(line, ""),
        }
    }

    /// "The steps to process the field given a field name and a field value depend on the field name, as given in
    /// the following list. Field names must be compared literally, with no case folding performed."
    fn field(&mut self, name: &str, value: &str) -> Option<Told> {
        match name {
            // "Set the event type buffer to the field value."
            "event" => value.clone_into(&mut self.event_type),
            // "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character to
            // the data buffer."
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            // "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field
            // value. Otherwise, ignore the field."
            "id" if value.contains('\0') => return Some(Told::NulInId),
            "id" => {
                value.clone_into(&mut self.last_event_id_buffer);
                self.is_id_set = true;
            }
            // "If the field value consists of only ASCII digits, then interpret the field value as an integer in
            // base ten, and set the event stream's reconnection time to that integer. Otherwise, ignore the field."
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // The only way in which this cannot be parsed is that it is too large.
                let millis = value.parse().unwrap_or(MAX_RETRY_MILLIS).min(MAX_RETRY_MILLIS);
                return Some(Told::Retry { millis });
            }
            "retry" => return Some(Told::InvalidRetry(value.to_owned())),
            // "Otherwise: The field is ignored."
            _ => return Some(Told::UnknownField(name.to_owned())),
        }
        None
    }

    /// "When the user agent is required to dispatch the event, the user agent must process the data buffer, the
    /// event type buffer, and the last event ID buffer using steps appropriate for the user agent."
    fn dispatch(&mut self) -> Option<Told> {
        // "Set the last event ID string of the event source to the value of the last event ID buffer. The buffer
        // does not get reset, so the last event ID string of the event source remains set to this value until the
        // next time it is set by the server."
        self.last_event_id.clone_from(&self.last_event_id_buffer);
        let is_id_set = std::mem::take(&mut self.is_id_set);
        let data = std::mem::take(&mut self.data);
        let event_type = std::mem::take(&mut self.event_type);
        // "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty
        // string and return."
        // "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last
        // character from the data buffer." It is: whatever is appended ends in one.
        let Some(data) = data.strip_suffix('\n').map(str::to_owned) else {
            return is_id_set.then(|| Told::LastEventId(self.last_event_id.clone()));
        };
        // "Initialize event's type attribute to "message", its data attribute to data […], and its lastEventId
        // attribute to the last event ID string of the event source. If the event type buffer has a value other
        // than the empty string, change the type of the newly created event to equal the value of the event type
        // buffer. Set the data buffer and the event type buffer to the empty string. […] dispatch the event".
        let event_type = if event_type.is_empty() { "message".to_owned() } else { event_type };
        Some(Told::Event { event_type, data, last_event_id: self.last_event_id.clone() })
    }
}
