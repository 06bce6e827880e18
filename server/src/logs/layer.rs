use std::fmt::{Debug, Write};

use demo_contract::logs::{Level, Line};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::LINES;
use super::redact::redact;
use crate::clock::now_ms;

/// The most characters of a line.
const MAX_CHARS: usize = 2_000;

/// Hands what is logged to the stream: warnings, errors and what the server usually says. Debugging stays on standard
/// error, because a stream makes some of it.
#[derive(Debug)]
pub(super) struct LogLayer;

/// The name of the request that a span is about.
#[derive(Debug)]
struct Request(String);

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() != "request" {
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(id), Some(span)) = (fields.id, context.span(id)) {
            span.extensions_mut().insert(Request(id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            tracing::Level::DEBUG | tracing::Level::TRACE => return,
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let text = fields.message + &fields.others;
        let request = context.event_scope(event).and_then(|scope| {
            scope
                .from_root()
                .find_map(|span| span.extensions().get::<Request>().map(|request| request.0.clone()))
        });
        let line = Line {
            time: now_ms(),
            level,
            target: event.metadata().target().to_owned(),
            message: redact(text.trim()).chars().take(MAX_CHARS).collect(),
            request,
        };
        // Without a server nobody takes it.
        let _ = LINES.send(line);
    }
}

/// What an event or a span says.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    /// ` name=value` for each of the others.
    others: String,
    id: Option<String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            name => {
                if name == "id" {
                    self.id = Some(value.to_owned());
                }
                self.record_debug(field, &value);
            }
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a `String` cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}
