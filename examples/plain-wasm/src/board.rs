use sse_web::{EventRef, Sink, State};
use web_sys::{Document, Element};

/// How many events the page shows. A list that only grows is a leak.
const SHOWN: u32 = 200;

/// Shows what the connection tells.
#[derive(Clone)]
pub(crate) struct Board {
    document: Document,
    events: Element,
    state: Element,
}

impl Board {
    /// `None` if the page is another one.
    pub(crate) fn find(document: &Document) -> Option<Self> {
        Some(Self {
            document: document.clone(),
            events: document.get_element_by_id("events")?,
            state: document.get_element_by_id("state")?,
        })
    }

    pub(crate) fn tell(&self, text: &str) {
        self.state.set_text_content(Some(text));
    }

    /// Puts an event on top of the list. As text: whatever a server sends, it is no markup.
    fn show(&self, event: EventRef<'_>) -> Option<()> {
        let item = self.document.create_element("li").ok()?;
        item.set_class_name(event.event_type);
        item.set_attribute("data-id", event.last_event_id).ok()?;
        item.set_text_content(Some(event.data));
        self.events.prepend_with_node_1(&item).ok()?;
        if self.events.child_element_count() > SHOWN {
            self.events.last_element_child()?.remove();
        }
        Some(())
    }
}

impl Sink for Board {
    fn event(&self, event: EventRef<'_>) {
        // It fails only where the page is gone.
        let _ = self.show(event);
    }

    fn state(&self, state: &State) {
        self.tell(&match state {
            State::Connecting { attempt: 1 } => "connecting".to_owned(),
            State::Connecting { attempt } => format!("connecting, attempt {attempt}"),
            State::Open => "live".to_owned(),
            State::Stale { .. } => "silent for longer than it should be".to_owned(),
            State::Waiting { until, cause, .. } => {
                let wait = until.saturating_duration_since(sse_web::now());
                format!("{cause}; next attempt in {:.1} s", wait.as_secs_f64())
            }
            State::Paused { .. } => "paused".to_owned(),
            State::Closed(reason) => format!("closed for good: {reason:?}"),
            _ => String::new(),
        });
    }
}
