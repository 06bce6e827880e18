use leptos::prelude::*;
use leptos_eventsource::transport::InvalidHeader;
use leptos_eventsource::{
    CloseReason, Delivery, Error, EventSourceOptions, State, use_event_source_with_options,
};

use crate::piece::Piece;
use crate::request::{PATIENCE, Request, reason};

/// Why there is no more of an answer, where the stream does not know it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Stopped,
    Failed(String),
}

/// Asks when it is mounted, and shows the answer as it comes. Its stream is closed with it.
#[component]
pub(crate) fn Answer(
    request: Request,
    /// Called once, with as much of the answer as there is.
    #[prop(into)]
    on_end: Callback<String>,
) -> impl IntoView {
    match request.fetch() {
        Ok(fetch) => {
            let refusal = RwSignal::new(String::new());
            let fetch = fetch.with_refusal(move |body| refusal.set(reason(&body)));
            let mut options = EventSourceOptions::default()
                .with_transport(fetch)
                // Tokens come faster than anybody reads.
                .with_delivery(Delivery::AnimationFrame);
            options.connection.client.connect_timeout = Some(PATIENCE);
            view! { <Stream url=request.url() options refusal=refusal.into() on_end /> }.into_any()
        }
        Err(InvalidHeader { .. }) => {
            on_end.run(String::new());
            view! { <p class="note" role="alert">"The key holds characters that no key has."</p> }.into_any()
        }
    }
}

#[component]
fn Stream(
    url: String,
    options: EventSourceOptions,
    /// What the server said when it refused.
    refusal: Signal<String>,
    on_end: Callback<String>,
) -> impl IntoView {
    let stream = use_event_source_with_options::<Piece>(url, options);
    let text = stream.fold(String::new(), |text, piece| {
        if let Piece::Text(more) = piece {
            text.push_str(more);
        }
    });

    // A server of this format ends the body behind its last chunk, and that alone would be an interruption. What it
    // means is in the data, so it is us who say that it is complete.
    let end = RwSignal::new(None);
    let close = move |how| {
        end.set(Some(how));
        stream.close();
    };
    stream.on_event(move |piece| match piece {
        Piece::Text(_) => {}
        Piece::Done => stream.finish(),
        Piece::Failed(message) => close(End::Failed(message.clone())),
    });

    let (state, error) = (stream.state(), stream.error());
    // An unusable URL leaves the stream idle, with an error.
    let is_over = Memo::new(move |_| match &*state.read() {
        State::Closed(_) => true,
        State::Idle => error.read().is_some(),
        _ => false,
    });
    Effect::new(move |_| {
        if is_over.get() {
            on_end.run(text.get_untracked());
        }
    });

    let note = move || match (end.get(), state.get()) {
        (Some(End::Stopped), _) => "Stopped.".to_owned(),
        (Some(End::Failed(message)), _) => format!("The server failed in the middle: {message}"),
        (None, State::Closed(reason)) => told(&reason, &refusal.get()),
        (None, State::Idle) => error.get().map(|error| error.to_string()).unwrap_or_default(),
        (None, _) => match error.get() {
            // One piece less, and the rest goes on.
            Some(Error::Decode(error)) => format!("A piece is missing: {error}"),
            _ => String::new(),
        },
    };

    view! {
        <p class="answer" aria-live="polite" aria-busy=move || (!is_over.get()).to_string()>
            {text}
        </p>
        <Show when=move || !is_over.get()>
            <button type="button" on:click=move |_| close(End::Stopped)>"Stop"</button>
        </Show>
        <p class="note" role="status">{note}</p>
    }
}

/// Why there is no more of the answer.
fn told(reason: &CloseReason, refusal: &str) -> String {
    match reason {
        CloseReason::Refused(failure) => {
            let later = failure.retry_after();
            let later = later.map(|wait| format!(" Ask again in {} s.", wait.as_secs())).unwrap_or_default();
            let separator = if refusal.is_empty() { "" } else { ": " };
            format!("Refused: {failure}{separator}{refusal}{later}")
        }
        // It is not asked again by itself: whoever pays for the answer decides that.
        CloseReason::Interrupted { cause: Some(cause) } => format!("Broken off: {cause}."),
        CloseReason::Interrupted { cause: None } => "Broken off: the page was left.".to_owned(),
        CloseReason::GaveUp { last, .. } => format!("Not asked: {last}."),
        _ => String::new(),
    }
}
