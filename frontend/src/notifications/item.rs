//! One notification.

use demo_contract::notifications::{Notification, Severity};
use leptos::prelude::*;

use super::center::{Item, use_notifications};
use crate::i18n::Lang;
use crate::icons;

/// One notification: what it says, when, and a button to dismiss it.
#[component]
pub(super) fn ItemView(
    /// The notification.
    item: Item,
    /// The language.
    lang: Lang,
) -> impl IntoView {
    let texts = &lang.texts().notifications;
    let center = use_notifications();
    let Notification { title, body, severity, time } = item.notification.clone();
    let is_new = item.is_new;
    let [info, success, warning, error] = texts.severities;
    // For the stylesheet, in words, and as a picture.
    let (name, said, icon) = match severity {
        Severity::Info | Severity::Other => ("info", info, icons::info().into_any()),
        Severity::Success => ("success", success, icons::check().into_any()),
        Severity::Warning => ("warning", warning, icons::alert().into_any()),
        Severity::Error => ("error", error, icons::alert().into_any()),
    };
    view! {
        <div class="notification" data-severity=name data-new=is_new.to_string()>
            <span class="notification-icon">
                {icon}
                <span class="sr-only">{said}</span>
            </span>
            <div class="notification-text">
                <p class="notification-title" dir="auto" data-testid="notification-title">{title}</p>
                {(!body.is_empty()).then(|| view! { <p class="notification-body" dir="auto">{body}</p> })}
                <p class="notification-time num">
                    <time title=lang.date_time(time)>{lang.time(time)}</time>
                    {is_new.then(|| view! {
                        <span class="sr-only">{texts.new}</span>
                    })}
                </p>
            </div>
            <button
                type="button"
                class="tool tool-icon notification-dismiss"
                data-testid="dismiss"
                aria-label=texts.dismiss
                title=texts.dismiss
                on:click=move |_| center.dismiss(&item)
            >
                {icons::close()}
            </button>
        </div>
    }
}
