//! Who is in a room.

use demo_contract::chat::Presence;
use leptos::prelude::*;

use super::identity::use_identity;
use crate::i18n::use_locale;

/// How many people are in the room.
#[component]
pub(super) fn PeopleCount(
    /// Who is there; nothing while nobody knows.
    presence: ReadSignal<Option<Presence>>,
) -> impl IntoView {
    let locale = use_locale();
    let text = move || presence.read().as_ref().map(|presence| (locale.texts().chat.online)(presence.count));
    view! {
        <span class="people-count num" data-testid="presence">
            {text}
        </span>
    }
}

/// Who is in the room, by name.
#[component]
pub(super) fn PeopleList(
    /// Who is there; nothing while nobody knows.
    presence: ReadSignal<Option<Presence>>,
) -> impl IntoView {
    let locale = use_locale();
    let own = use_identity().name;
    let names = move || {
        let presence = presence.read();
        let names = presence.iter().flat_map(|presence| presence.names.clone());
        names.map(|name| (name == *own.read(), name)).collect::<Vec<_>>()
    };
    let unnamed = move || {
        let presence = presence.read();
        let presence = presence.as_ref()?;
        let count = presence.count.saturating_sub(presence.names.len());
        (count > 0).then(|| (locale.texts().chat.more_people)(count))
    };

    view! {
        <aside class="people panel">
            <h2 class="rooms-title">{locale.text(|t| t.chat.people)}</h2>
            <ul class="people-list" data-testid="presence-names">
                <For each=names key=move |person| (person.clone(), locale.lang()) let((is_own, name))>
                    <li class="person">
                        <Avatar name=name.clone() />
                        <span class="person-name" dir="auto" title=name.clone()>{name.clone()}</span>
                        {is_own.then(|| view! { <span class="tag">{locale.now().texts().chat.you}</span> })}
                    </li>
                </For>
            </ul>
            <p class="people-more">{unnamed}</p>
        </aside>
    }
}

/// The first letter of a name on a colour that is always the same for it.
#[component]
pub(super) fn Avatar(
    /// The name.
    name: String,
) -> impl IntoView {
    let letter = name.chars().find(|c| c.is_alphanumeric()).map(String::from);
    view! {
        <span class="avatar" data-hue=hue(&name).to_string() aria-hidden="true">
            {letter}
        </span>
    }
}

/// One of the stylesheet's eight colours for names, by the FNV-1a hash of the name.
fn hue(name: &str) -> u32 {
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 16) % 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_always_has_the_same_colour_and_names_differ() {
        assert_eq!(hue("Ann"), hue("Ann"));
        let hues: std::collections::HashSet<_> = ["Ann", "Bob", "Cem", "Dora", "水獭"].map(hue).into();
        assert!(hues.len() > 2);
    }
}
