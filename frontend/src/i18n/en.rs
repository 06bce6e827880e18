use leptos_eventsource::components::{BadgeTexts, InspectorTexts};

use super::texts::{Assistant, Chat, Logs, Market, NotFound, Notifications, Shell, Texts};

pub(super) static TEXTS: Texts = Texts {
    shell: Shell {
        skip: "Skip to content",
        navigation: "Pages",
        market: "Market",
        chat: "Chat",
        assistant: "Assistant",
        logs: "Logs",
        other_language: "中文",
        inspector: "Event stream inspector",
        pause: "Pause",
        resume: "Resume",
        newer: "There is a newer version of this page.",
        reload: "Reload",
        theme_system: "Theme: as the system",
        theme_light: "Theme: light",
        theme_dark: "Theme: dark",
    },
    badge: BadgeTexts::ENGLISH,
    inspector: InspectorTexts::ENGLISH,
    market: Market {
        title: "Market",
        lead: "Simulated prices, streamed live",
        watchlist: "Watchlist",
        symbol: "Symbol",
        trend: "Trend",
        price: "Price",
        change: "Change",
        volume: "Volume",
        halted: "Halted",
        open: "Open",
        high: "10 min high",
        low: "10 min low",
        begun_anew: "The server was started without its history: this is another market than before.",
        bar: ["O", "H", "L", "C", "Vol"],
        chart: |symbol| format!("Price chart of {symbol}"),
        bar_length: |seconds| format!("{seconds} s bars"),
        chart_loading: "Loading the chart…",
        chart_failed: "The chart could not be loaded. Prices go on without it.",
        try_again: "Try again",
        no_prices: "Waiting for the first prices…",
    },
    chat: Chat {
        title: "Chat",
        rooms: "Rooms",
        lobby: "Lobby",
        trading: "Trading",
        join_label: "Open any room",
        join_placeholder: "room-name",
        join: "Open",
        room_rule: "A room's name has 1 to 32 characters: A to Z, a to z, 0 to 9, - and _.",
        no_room: "No room has this name",
        to_lobby: "Go to the lobby",
        people: "People here",
        online: |count| format!("{count} online"),
        more_people: |count| format!("and {count} more"),
        name: "Your name",
        writing_as: "Writing as",
        you: "you",
        messages: |room| format!("Messages in {room}"),
        empty_title: "Nothing said yet",
        empty_text: "Write the first message. Everybody in this room sees it at once.",
        loading: "Opening the room…",
        placeholder: |room| format!("Message to {room}"),
        send: "Send",
        sending: "Sending…",
        sent: "Sent",
        waiting: "Will be sent when the connection is back",
        failed: "Not sent",
        retry: "Try again",
        discard: "Discard",
        new_messages: |count| {
            if count == 1 { "1 new message".into() } else { format!("{count} new messages") }
        },
        dropped: |count| {
            if count == 1 {
                "1 older message is no longer shown".into()
            } else {
                format!("{count} older messages are no longer shown")
            }
        },
        characters_left: |left| {
            if left < 0 { format!("{} too many", -left) } else { format!("{left} left") }
        },
        too_long: "Too long to be sent",
        gap: "The server was restarted, or you were away for long. Some messages may be missing.",
        refused: |status| match status {
            400 | 422 => "The server did not accept this message.",
            401 | 403 => "You may not write in this room.",
            404 => "This room does not exist.",
            409 => "A different message with the same id exists already.",
            413 => "This message is too long.",
            429 => "Too many messages at once.",
            _ => "The server could not take this message.",
        },
        name_first: &["Quiet", "Brave", "Swift", "Merry", "Clever", "Sunny", "Gentle", "Lucky"],
        name_second: &["Otter", "Heron", "Fox", "Panda", "Crane", "Lynx", "Robin", "Badger"],
    },
    assistant: Assistant {
        title: "Assistant",
        new: "New conversation",
        other: "Your other conversation",
        conversation: "Conversation",
        empty_title: "Ask something",
        empty_text: "The answer streams in word by word. Reload the page in the middle of a sentence, and it goes on.",
        suggestions: [
            "How does a stream resume?",
            "What is Server-Sent Events good for?",
            "Explain backpressure in three sentences",
        ],
        placeholder: "Ask anything",
        hint: "Enter sends, Shift+Enter begins a new line",
        ask: "Ask",
        stop: "Stop",
        you: "You asked",
        thinking: "Waiting for the first word…",
        answered: "Answer",
        length: "The answer reached its longest length.",
        filtered: "The model declined to go on.",
        stopped: "Stopped.",
        abandoned: "It stopped because nobody listened any more.",
        broken_off: "The answer broke off.",
        unreachable: "The server could not be reached.",
        gone: "The server no longer has this answer; it was probably restarted.",
        refused: |status| match status {
            400 | 422 => "The server did not accept this question.",
            401 | 403 => "You may not ask here.",
            413 => "This question is too long.",
            429 => "Too many questions at once. Wait a little.",
            502 | 504 => "The model could not be reached.",
            503 => "The server is busy. Wait a little.",
            _ => "The server could not take this question.",
        },
        try_again: "Try again",
        copy: "Copy",
        copied: "Copied",
        open_elsewhere: "Open in another tab",
        to_end: "To the end",
        dropped: |count| {
            if count == 1 {
                "1 older question is no longer shown".into()
            } else {
                format!("{count} older questions are no longer shown")
            }
        },
    },
    logs: Logs {
        title: "Logs",
        lead: "What the server says, as it says it",
        level: "Level",
        all: "All levels",
        warnings: "Warnings and errors",
        errors: "Errors only",
        filter: "Filter by text",
        clear: "Clear",
        connecting: "Connecting…",
        empty: "Nothing was logged yet.",
        no_match: "No line passes the filter.",
        shown: |shown, of| match (shown, of) {
            (1, 1) => "1 line".into(),
            _ if shown == of => format!("{of} lines"),
            _ => format!("{shown} of {of} lines"),
        },
        dropped: |count| {
            if count == 1 {
                "1 older line is no longer shown".into()
            } else {
                format!("{count} older lines are no longer shown")
            }
        },
        skipped: |count| {
            if count == 1 {
                "1 line was left out: they came too fast".into()
            } else {
                format!("{count} lines were left out: they came too fast")
            }
        },
        gap: "The server was restarted, or you were away for long. Some lines may be missing.",
        new_lines: |count| {
            if count == 1 { "1 new line".into() } else { format!("{count} new lines") }
        },
        needs_token: "This log needs a token",
        needs_token_text: "The server shows its log only to those who have its read token. It is kept in this tab, and nowhere else.",
        forbidden: "This log cannot be read from here",
        wrong_token: "The server did not accept this token.",
        token: "Token",
        use_token: "Show the log",
        forget_token: "Forget token",
        try_again: "Try again",
    },
    notifications: Notifications {
        title: "Notifications",
        open: |unread| {
            if unread == 0 { "Notifications".into() } else { format!("Notifications, {unread} new") }
        },
        empty: "Nothing new",
        clear: "Clear all",
        dismiss: "Dismiss",
        new: "new",
        severities: ["Info", "Success", "Warning", "Error"],
    },
    not_found: NotFound {
        title: "Page not found",
        text: "Nothing lives at this address. The market and the chat are one click away.",
        home: "Go to the market",
    },
};
