use leptos_eventsource::components::{BadgeTexts, InspectorTexts};

use super::texts::{Chat, Market, NotFound, Shell, Texts};

pub(super) static TEXTS: Texts = Texts {
    shell: Shell {
        skip: "Skip to content",
        navigation: "Pages",
        market: "Market",
        chat: "Chat",
        other_language: "中文",
        inspector: "Event stream inspector",
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
        high: "High",
        low: "Low",
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
        room_rule: "A room's name has 1 to 32 characters: a to z, 0 to 9 and -.",
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
    not_found: NotFound {
        title: "Page not found",
        text: "Nothing lives at this address. The market and the chat are one click away.",
        home: "Go to the market",
    },
};
