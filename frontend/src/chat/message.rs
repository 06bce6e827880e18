//! One message.

use std::sync::Arc;

use leptos::prelude::*;

use super::courier::use_courier;
use super::identity::use_identity;
use super::outbox::{Pending, Status};
use super::people::Avatar;
use super::room::Room;
use super::timeline::Entry;
use crate::i18n::Lang;
use crate::icons;

/// A message that the stream has brought.
#[component]
pub(super) fn Said(
    /// The message.
    entry: Arc<Entry>,
    /// The language.
    lang: Lang,
) -> impl IntoView {
    let is_own = use_identity().is_own(&entry.client_id);
    let Entry { message, is_head, after_gap, .. } = Arc::unwrap_or_clone(entry);
    let notice = after_gap.then(|| {
        view! { <p class="notice" data-testid="gap">{lang.texts().chat.gap}</p> }
    });
    let mark = is_own.then(|| view! { <Mark status=Signal::stored(Status::Sent) lang /> });

    view! {
        <li
            class="message"
            data-testid="message"
            data-client-id=message.client_id.clone()
            data-status=Status::Sent.as_str()
            data-own=is_own.to_string()
            // It was read aloud when it was written.
            aria-live=is_own.then_some("off")
        >
            {notice}
            {is_head.then(|| view! { <Head author=message.author.clone() time=message.time is_own lang /> })}
            <Body text=message.text time=message.time mark lang />
        </li>
    }
}

/// A message of this page that the stream has not brought yet.
#[component]
pub(super) fn OnItsWay(
    /// The message, as it is now.
    pending: Pending,
    /// The room.
    room: Room,
    /// Whether it begins a group.
    is_head: bool,
    /// The language.
    lang: Lang,
) -> impl IntoView {
    let courier = use_courier();
    let Pending { message, time, status, .. } = pending;
    let client_id = StoredValue::new(message.client_id.clone());
    let room = StoredValue::new(room);
    let status = Memo::new(move |before: Option<&Status>| {
        let outbox = courier.outbox.read();
        let now = client_id.with_value(|client_id| outbox.find(client_id).map(|now| now.status.clone()));
        // Forgotten by the outbox: the stream has brought it.
        now.unwrap_or_else(|| before.unwrap_or(&status).clone())
    });
    let refusal = move || match status.get() {
        Status::Failed(refusal) => Some(refusal),
        _ => None,
    };
    let retry = move |_| courier.retry(room.get_value(), &client_id.get_value());
    let discard = move |_| {
        courier.outbox.update(|outbox| client_id.with_value(|client_id| outbox.remove(client_id)));
    };
    view! {
        <li
            class="message"
            data-testid="message"
            data-client-id=message.client_id.clone()
            data-status=move || status.read().as_str()
            data-own="true"
        >
            {is_head.then(|| view! { <Head author=message.author.clone() time is_own=true lang /> })}
            <Body text=message.text time mark=view! { <Mark status=status.into() lang /> } lang />
            {move || refusal().map(|refusal| view! {
                <p class="refusal" role="alert">
                    <span>
                        {(lang.texts().chat.refused)(refusal.status)}
                        {(!refusal.detail.is_empty()).then(|| view! {
                            <span lang="en">{format!(" ({})", refusal.detail)}</span>
                        })}
                    </span>
                    <button type="button" class="link" data-testid="retry" on:click=retry>
                        {lang.texts().chat.retry}
                    </button>
                    <button type="button" class="link" data-testid="discard" on:click=discard>
                        {lang.texts().chat.discard}
                    </button>
                </p>
            })}
        </li>
    }
}

/// Who wrote it, and when.
#[component]
fn Head(author: String, time: u64, is_own: bool, lang: Lang) -> impl IntoView {
    view! {
        <div class="message-head">
            {(!is_own).then(|| view! { <Avatar name=author.clone() /> })}
            <span class="message-author" dir="auto">{author}</span>
            <span class="message-time num">{lang.time(time)}</span>
        </div>
    }
}

/// What was said. Always a text node: nobody else's markup becomes ours.
#[component]
fn Body(text: String, time: u64, mark: impl IntoView, lang: Lang) -> impl IntoView {
    view! {
        <div class="bubble" dir="auto" title=lang.date_time(time)>
            <span class="bubble-text" data-testid="message-text">{text}</span>
            {mark}
        </div>
    }
}

/// How far a message has come.
#[component]
fn Mark(status: Signal<Status>, lang: Lang) -> impl IntoView {
    let words = move || {
        let texts = &lang.texts().chat;
        match *status.read() {
            Status::Queued | Status::Sending => texts.sending,
            Status::Waiting => texts.waiting,
            Status::Sent => texts.sent,
            Status::Failed(_) => texts.failed,
        }
    };
    let icon = move || match *status.read() {
        Status::Queued | Status::Sending => view! { <span class="spinner"></span> }.into_any(),
        Status::Waiting => icons::clock().into_any(),
        Status::Sent => icons::check().into_any(),
        Status::Failed(_) => icons::alert().into_any(),
    };
    view! {
        <span class="mark" title=words aria-live="off">
            {icon}
            <span class="sr-only">{words}</span>
        </span>
    }
}
