//! English and Chinese: the texts, and numbers and times as their readers write them.
//!
//! One struct of texts and two constants of it: a text that is missing in a language does not compile.

mod en;
mod format;
mod texts;
mod zh;

use leptos::prelude::*;
pub(crate) use texts::Texts;

use crate::storage::{self, Keep};

/// Also read by `early.js`.
const KEY: &str = "lang";

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// The BCP 47 tag, for `Intl` and for the `lang` attribute of what is not the page.
    #[must_use]
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// The `lang` attribute of the page, by which the components of leptos-eventsource write the time of day: in
    /// Britain hours are counted up to 24, as on our own clocks.
    fn of_page(self) -> &'static str {
        match self {
            Self::En => "en-GB",
            Self::Zh => self.tag(),
        }
    }

    /// The texts in this language.
    #[must_use]
    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::TEXTS,
            Self::Zh => &zh::TEXTS,
        }
    }

    /// The other one.
    #[must_use]
    pub(crate) fn other(self) -> Self {
        match self {
            Self::En => Self::Zh,
            Self::Zh => Self::En,
        }
    }

    /// A price, with two decimals.
    pub(crate) fn price(self, price: f64) -> String {
        format::with(self, |formats| formats.price(price))
    }

    /// How far a price has come, with its sign.
    pub(crate) fn change(self, change: f64) -> String {
        format::with(self, |formats| formats.change(change))
    }

    /// A part of one, as a percentage with its sign.
    pub(crate) fn percent(self, ratio: f64) -> String {
        format::with(self, |formats| formats.percent(ratio))
    }

    /// A large number in few characters: `1.2M`, `120万`.
    pub(crate) fn compact(self, number: u64) -> String {
        format::with(self, |formats| formats.compact(number as f64))
    }

    /// A time of day; with its date if that is not today. Takes milliseconds since the Unix epoch.
    pub(crate) fn time(self, millis: u64) -> String {
        format::with(self, |formats| formats.time(millis as f64))
    }

    /// A time of day with its seconds. Takes milliseconds since the Unix epoch.
    pub(crate) fn time_of_day(self, millis: u64) -> String {
        format::with(self, |formats| formats.time_of_day(millis as f64))
    }

    /// Date and time in full.
    pub(crate) fn date_time(self, millis: u64) -> String {
        format::with(self, |formats| formats.date_time(millis as f64))
    }

    /// The language that a browser's or our own language tag asks for.
    fn parse(tag: &str) -> Self {
        match tag.get(..2) {
            Some(primary) if primary.eq_ignore_ascii_case("zh") => Self::Zh,
            _ => Self::En,
        }
    }

    fn preferred() -> Self {
        let kept = storage::load(Keep::Always, KEY);
        let tag = kept.or_else(|| web_sys::window()?.navigator().language());
        tag.map_or_else(Self::default, |tag| Self::parse(&tag))
    }
}

/// The language of the page, and what follows from it. Every method but [`Self::now`] tracks it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locale {
    lang: RwSignal<Lang>,
}

impl Locale {
    /// The language.
    pub(crate) fn lang(self) -> Lang {
        self.lang.get()
    }

    /// The language, for the rows of a list that has it in their key. What comes and goes must not track it: of an effect
    /// that is gone, something stays with the signal until that changes, and the language may never.
    pub(crate) fn now(self) -> Lang {
        self.lang.get_untracked()
    }

    /// The texts of the page.
    pub(crate) fn texts(self) -> &'static Texts {
        self.lang().texts()
    }

    /// One text of the page, for a view. Whatever text it is, the type is the same, so that a view's code for it
    /// is compiled once; with a closure for each text the wasm was 15 kB larger.
    pub(crate) fn text(
        self,
        pick: fn(&'static Texts) -> &'static str,
    ) -> impl Fn() -> &'static str + Copy + Send + Sync {
        move || pick(self.texts())
    }

    /// Changes to the other language.
    pub(crate) fn toggle(self) {
        self.lang.update(|lang| *lang = lang.other());
    }
}

/// Provides the language to everything below, and keeps `<html>` and the storage in step with it.
pub(crate) fn provide_locale() {
    let locale = Locale { lang: RwSignal::new(Lang::preferred()) };
    provide_context(locale);

    Effect::new(move |before: Option<Lang>| {
        let lang = locale.lang();
        // What the browser prefers is not kept, so that it may still change its mind.
        if before.is_some() {
            storage::save(Keep::Always, KEY, lang.tag());
        }
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("lang", lang.of_page());
        }
        lang
    });
}

/// The language that [`provide_locale`] provides.
pub(crate) fn use_locale() -> Locale {
    expect_context()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chinese_tag_is_chinese_and_all_else_is_english() {
        for tag in ["zh", "zh-CN", "zh-Hant-TW", "ZH-hk"] {
            assert_eq!(Lang::parse(tag), Lang::Zh, "{tag}");
        }
        for tag in ["en-GB", "de", "", "z", "é"] {
            assert_eq!(Lang::parse(tag), Lang::En, "{tag}");
        }
    }

    #[test]
    fn a_language_is_kept_by_its_tag() {
        for lang in [Lang::En, Lang::Zh] {
            assert_eq!(Lang::parse(lang.tag()), lang);
            assert_eq!(lang.other().other(), lang);
        }
    }

    #[test]
    fn english_counts_one_and_many_apart() {
        let new_messages = Lang::En.texts().chat.new_messages;
        assert_eq!((new_messages(1), new_messages(2)), ("1 new message".into(), "2 new messages".into()));
    }
}
