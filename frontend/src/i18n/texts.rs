use leptos_eventsource::components::{BadgeTexts, InspectorTexts};

/// Every text of the page in one language, by the part of the page that shows it.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The frame around the pages.
    pub(crate) shell: Shell,
    /// The connection badge.
    pub(crate) badge: BadgeTexts,
    /// The developers' panel.
    pub(crate) inspector: InspectorTexts,
    /// The market page.
    pub(crate) market: Market,
    /// The chat page.
    pub(crate) chat: Chat,
    /// The assistant's page.
    pub(crate) assistant: Assistant,
    /// The page of the server's log.
    pub(crate) logs: Logs,
    /// The notifications.
    pub(crate) notifications: Notifications,
    /// What is shown at an address that is none.
    pub(crate) not_found: NotFound,
}

/// The frame around the pages.
#[derive(Debug)]
pub(crate) struct Shell {
    /// The first link of the page, for those who use the keyboard.
    pub(crate) skip: &'static str,
    /// The name of the navigation.
    pub(crate) navigation: &'static str,
    /// The link to the market.
    pub(crate) market: &'static str,
    /// The link to the chat.
    pub(crate) chat: &'static str,
    /// The link to the assistant.
    pub(crate) assistant: &'static str,
    /// The link to the log.
    pub(crate) logs: &'static str,
    /// The button that changes the language, in the *other* language.
    pub(crate) other_language: &'static str,
    /// The developers' panel, and the button that opens it.
    pub(crate) inspector: &'static str,
    /// Closes a stream for a while.
    pub(crate) pause: &'static str,
    /// Goes on.
    pub(crate) resume: &'static str,
    /// The server says what this page does not understand.
    pub(crate) newer: &'static str,
    /// Loads the newer version of the page.
    pub(crate) reload: &'static str,
    /// The theme of the system is used.
    pub(crate) theme_system: &'static str,
    /// The light theme is used.
    pub(crate) theme_light: &'static str,
    /// The dark theme is used.
    pub(crate) theme_dark: &'static str,
}

/// The market page.
#[derive(Debug)]
pub(crate) struct Market {
    /// The heading.
    pub(crate) title: &'static str,
    /// A line under the heading.
    pub(crate) lead: &'static str,
    /// The heading of the list.
    pub(crate) watchlist: &'static str,
    /// Column: the ticker symbol.
    pub(crate) symbol: &'static str,
    /// Column: the spark line.
    pub(crate) trend: &'static str,
    /// Column: the last price.
    pub(crate) price: &'static str,
    /// Column: how far the price has come since the day began.
    pub(crate) change: &'static str,
    /// Column: shares traded today.
    pub(crate) volume: &'static str,
    /// Trading is halted.
    pub(crate) halted: &'static str,
    /// The price at which the day began.
    pub(crate) open: &'static str,
    /// The highest price of the bars on the chart, which go back for ten minutes.
    pub(crate) high: &'static str,
    /// The lowest price.
    pub(crate) low: &'static str,
    /// The server has no history any more, and has made up another past.
    pub(crate) begun_anew: &'static str,
    /// Over the chart, in a letter or two: open, high, low, close and volume of a bar.
    pub(crate) bar: [&'static str; 5],
    /// What the chart shows.
    pub(crate) chart: fn(symbol: &str) -> String,
    /// The length of a bar.
    pub(crate) bar_length: fn(seconds: u64) -> String,
    /// The chart library is on its way.
    pub(crate) chart_loading: &'static str,
    /// The chart library could not be loaded.
    pub(crate) chart_failed: &'static str,
    /// Loads it again.
    pub(crate) try_again: &'static str,
    /// No event has come yet.
    pub(crate) no_prices: &'static str,
}

/// The chat page.
#[derive(Debug)]
pub(crate) struct Chat {
    /// The heading.
    pub(crate) title: &'static str,
    /// The heading of the list of rooms.
    pub(crate) rooms: &'static str,
    /// The room `lobby`.
    pub(crate) lobby: &'static str,
    /// The room `trading`.
    pub(crate) trading: &'static str,
    /// The label of the field that opens any room.
    pub(crate) join_label: &'static str,
    /// What is in that field while it is empty.
    pub(crate) join_placeholder: &'static str,
    /// The button beside it.
    pub(crate) join: &'static str,
    /// What a room may be called.
    pub(crate) room_rule: &'static str,
    /// The heading of an address that names no room.
    pub(crate) no_room: &'static str,
    /// The link from there to the lobby.
    pub(crate) to_lobby: &'static str,
    /// The heading of the list of people.
    pub(crate) people: &'static str,
    /// How many people there are.
    pub(crate) online: fn(count: usize) -> String,
    /// How many of them gave no name, or are past the end of the list.
    pub(crate) more_people: fn(count: usize) -> String,
    /// The label of the field with the person's own name.
    pub(crate) name: &'static str,
    /// Before that field.
    pub(crate) writing_as: &'static str,
    /// After the person's own name.
    pub(crate) you: &'static str,
    /// The label of the messages.
    pub(crate) messages: fn(room: &str) -> String,
    /// No message yet.
    pub(crate) empty_title: &'static str,
    /// What to do about that.
    pub(crate) empty_text: &'static str,
    /// The stream has not brought anything yet.
    pub(crate) loading: &'static str,
    /// What is in the field for a message while it is empty.
    pub(crate) placeholder: fn(room: &str) -> String,
    /// The button that sends.
    pub(crate) send: &'static str,
    /// A message is on its way.
    pub(crate) sending: &'static str,
    /// A message has arrived.
    pub(crate) sent: &'static str,
    /// A message will be sent when the connection is back.
    pub(crate) waiting: &'static str,
    /// A message was refused.
    pub(crate) failed: &'static str,
    /// Sends it again.
    pub(crate) retry: &'static str,
    /// Removes it.
    pub(crate) discard: &'static str,
    /// So many messages came below.
    pub(crate) new_messages: fn(count: u64) -> String,
    /// So many older messages are no longer shown.
    pub(crate) dropped: fn(count: u64) -> String,
    /// So many characters are left; negative if there are too many.
    pub(crate) characters_left: fn(left: i64) -> String,
    /// There are too many characters.
    pub(crate) too_long: &'static str,
    /// Events were lost in between.
    pub(crate) gap: &'static str,
    /// What a refusal with this status means.
    pub(crate) refused: fn(status: u16) -> &'static str,
    /// Words of which a name for somebody new is made: the first half.
    pub(crate) name_first: &'static [&'static str],
    /// The second half.
    pub(crate) name_second: &'static [&'static str],
}

/// The assistant's page.
#[derive(Debug)]
pub(crate) struct Assistant {
    /// The heading.
    pub(crate) title: &'static str,
    /// Puts the conversation aside and begins another.
    pub(crate) new: &'static str,
    /// Goes back to a conversation that was left for the one that is shown.
    pub(crate) other: &'static str,
    /// The label of the conversation.
    pub(crate) conversation: &'static str,
    /// Nothing was asked yet.
    pub(crate) empty_title: &'static str,
    /// What to do about that.
    pub(crate) empty_text: &'static str,
    /// Questions to begin with.
    pub(crate) suggestions: [&'static str; 3],
    /// What is in the field for a question while it is empty.
    pub(crate) placeholder: &'static str,
    /// How to send.
    pub(crate) hint: &'static str,
    /// The button that asks.
    pub(crate) ask: &'static str,
    /// The button that stops an answer.
    pub(crate) stop: &'static str,
    /// Before a question, for a screen reader.
    pub(crate) you: &'static str,
    /// Nothing of the answer has come yet.
    pub(crate) thinking: &'static str,
    /// An answer that has ended is read aloud behind this.
    pub(crate) answered: &'static str,
    /// The answer reached the longest that it may be.
    pub(crate) length: &'static str,
    /// The model declined to go on.
    pub(crate) filtered: &'static str,
    /// Somebody stopped the answer.
    pub(crate) stopped: &'static str,
    /// Nobody listened any more.
    pub(crate) abandoned: &'static str,
    /// The model broke off.
    pub(crate) broken_off: &'static str,
    /// The question did not reach the server, or nobody knows.
    pub(crate) unreachable: &'static str,
    /// The server does not have the answer any more.
    pub(crate) gone: &'static str,
    /// What a refusal with this status means.
    pub(crate) refused: fn(status: u16) -> &'static str,
    /// Asks again.
    pub(crate) try_again: &'static str,
    /// Copies the answer.
    pub(crate) copy: &'static str,
    /// The answer was copied.
    pub(crate) copied: &'static str,
    /// Opens the answer in another tab.
    pub(crate) open_elsewhere: &'static str,
    /// Goes to the end of the conversation.
    pub(crate) to_end: &'static str,
    /// So many older turns are no longer shown.
    pub(crate) dropped: fn(count: u64) -> String,
}

/// The page of the server's log.
#[derive(Debug)]
pub(crate) struct Logs {
    /// The heading.
    pub(crate) title: &'static str,
    /// A line under the heading.
    pub(crate) lead: &'static str,
    /// The label of the choice of levels.
    pub(crate) level: &'static str,
    /// All levels that the stream has.
    pub(crate) all: &'static str,
    /// Warnings and errors.
    pub(crate) warnings: &'static str,
    /// Errors only.
    pub(crate) errors: &'static str,
    /// The label of the text filter, and what is in it while it is empty.
    pub(crate) filter: &'static str,
    /// Empties the list.
    pub(crate) clear: &'static str,
    /// The server has not answered yet.
    pub(crate) connecting: &'static str,
    /// Nothing was logged yet.
    pub(crate) empty: &'static str,
    /// Nothing of it passes the filter.
    pub(crate) no_match: &'static str,
    /// So many lines are shown, of so many.
    pub(crate) shown: fn(shown: usize, of: usize) -> String,
    /// So many older lines are no longer kept.
    pub(crate) dropped: fn(count: u64) -> String,
    /// So many lines were left out by the server.
    pub(crate) skipped: fn(count: u64) -> String,
    /// Lines were lost in between.
    pub(crate) gap: &'static str,
    /// So many lines came below.
    pub(crate) new_lines: fn(count: u64) -> String,
    /// The heading where a token is asked for.
    pub(crate) needs_token: &'static str,
    /// What to do about that.
    pub(crate) needs_token_text: &'static str,
    /// The heading where the log is not to be had at all.
    pub(crate) forbidden: &'static str,
    /// The token was not accepted.
    pub(crate) wrong_token: &'static str,
    /// The label of the field for the token.
    pub(crate) token: &'static str,
    /// The button beside it.
    pub(crate) use_token: &'static str,
    /// Forgets the token.
    pub(crate) forget_token: &'static str,
    /// Asks again.
    pub(crate) try_again: &'static str,
}

/// The notifications.
#[derive(Debug)]
pub(crate) struct Notifications {
    /// The heading of the list.
    pub(crate) title: &'static str,
    /// The button that opens it, with how many are new.
    pub(crate) open: fn(unread: usize) -> String,
    /// There are none.
    pub(crate) empty: &'static str,
    /// Removes all.
    pub(crate) clear: &'static str,
    /// Removes one.
    pub(crate) dismiss: &'static str,
    /// Marks one that was not read yet.
    pub(crate) new: &'static str,
    /// How loud one is: info, success, warning, error.
    pub(crate) severities: [&'static str; 4],
}

/// What is shown at an address that is none.
#[derive(Debug)]
pub(crate) struct NotFound {
    /// The heading.
    pub(crate) title: &'static str,
    /// A line under it.
    pub(crate) text: &'static str,
    /// The link to the first page.
    pub(crate) home: &'static str,
}
