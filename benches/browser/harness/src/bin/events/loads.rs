//! What the streams carry, and what every contender must make of it.
//!
//! The same bytes in every run: whatever varies inside them comes from a generator with a fixed seed, whose version
//! stands in the lock file.

use std::fmt::Write as _;

use bytes::Bytes;
use fastrand::Rng;
use serde::Serialize;

/// How many small ticks.
const TICKS: usize = 200_000;

/// How much of a language model's answer.
const TOKEN_BYTES: usize = 24_000_000;

/// One write of the server.
const PIECE: usize = 64 << 10;

/// One stream.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Load {
    /// Its path at the server, and its name in the table.
    pub(crate) name: &'static str,
    pub(crate) events: usize,
    /// What every contender's fold comes to.
    #[serde(skip)]
    pub(crate) checksum: String,
    #[serde(skip)]
    pub(crate) body: Bytes,
}

impl Load {
    /// The stream, cut into what the server writes in one go. The pieces share its memory.
    pub(crate) fn pieces(&self) -> Vec<Bytes> {
        let mut rest = self.body.clone();
        let mut pieces = Vec::with_capacity(rest.len() / PIECE + 1);
        while !rest.is_empty() {
            pieces.push(rest.split_to(PIECE.min(rest.len())));
        }
        pieces
    }
}

/// Small events with type and id, about 84 bytes each: prices, counters, notifications.
///
/// Writing to a `String` cannot fail, so the results of `write!` are dropped here and below.
pub(crate) fn ticks() -> Load {
    const SYMBOLS: [&str; 4] = ["BTC", "ETH", "SOL", "XRP"];
    let mut random = Rng::with_seed(1);
    let mut body = String::new();
    let (mut of_btc, mut cents, mut thousandths, mut newest) = (0, 0, 0, 0);
    for count in 1..=TICKS {
        let symbol = SYMBOLS[random.usize(..SYMBOLS.len())];
        let (price, quantity) = (random.u64(1_000_000..10_000_000), random.u64(100..1_000));
        newest = 1_700_000_000 + count;
        let _ = write!(body, "id: 4f1a.{}\nevent: tick\n", 1_000_000 + count);
        let _ = writeln!(
            body,
            "data: {{\"s\":\"{symbol}\",\"p\":{}.{:02},\"q\":0.{quantity},\"t\":{newest}}}\n",
            price / 100,
            price % 100,
        );
        of_btc += usize::from(symbol == "BTC");
        cents += price;
        thousandths += quantity;
    }
    let checksum = format!("{TICKS} {of_btc} {cents} {thousandths} {newest}");
    Load { name: "ticks", events: TICKS, checksum, body: body.into() }
}

/// What a language model's API sends for each token: one line of JSON, no id, no type.
///
/// One word in twelve is outside Latin-1, for which a browser makes text of two bytes for each letter.
pub(crate) fn tokens() -> Load {
    of_words("tokens", [" na\u{ef}ve", " \u{4e8b}\u{4ef6}"])
}

/// The same of an answer in plain English.
pub(crate) fn tokens_ascii() -> Load {
    of_words("tokens_ascii", [" naive", " events"])
}

fn of_words(name: &'static str, [one, other]: [&str; 2]) -> Load {
    // As they are, and as JSON spells them.
    let words = [
        (" the", " the"),
        (" of", " of"),
        (" stream", " stream"),
        (" event", " event"),
        (one, one),
        (",", ","),
        (".", "."),
        (other, other),
        (" server", " server"),
        (" sends", " sends"),
        ("\n\n", "\\n\\n"),
        (" \"quoted\"", " \\\"quoted\\\""),
    ];
    let mut random = Rng::with_seed(2);
    let mut body = String::with_capacity(TOKEN_BYTES + 1024);
    let mut text = String::new();
    let mut events = 0;
    while body.len() < TOKEN_BYTES {
        events += 1;
        let (word, json) = words[random.usize(..words.len())];
        text.push_str(word);
        let _ = writeln!(
            body,
            "data: {{\"id\":\"chatcmpl-9xK2{:06}\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
             \"model\":\"gpt-4o-mini\",\"system_fingerprint\":\"fp_0f03d4f0ee\",\"choices\":[{{\"index\":0,\
             \"delta\":{{\"content\":\"{json}\"}},\"logprobs\":null,\"finish_reason\":null}}]}}\n",
            events / 500
        );
    }
    // FNV-1a.
    let hash = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    let checksum = format!("{events} {}", text.bytes().fold(2_166_136_261, hash));
    Load { name, events, checksum, body: body.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_small_and_the_pieces_are_the_whole() {
        let ticks = ticks();
        assert!(ticks.body.starts_with(b"id: 4f1a.1000001\nevent: tick\ndata: {\"s\":\""));
        assert!((80..90).contains(&(ticks.body.len() / ticks.events)));
        assert_eq!(ticks.pieces().concat(), ticks.body);
    }

    #[test]
    fn every_token_is_json_and_the_checksum_is_that_of_their_text() {
        assert!(!tokens().body.is_ascii());
        assert!(tokens_ascii().body.is_ascii());
        [tokens(), tokens_ascii()].iter().for_each(is_json_of_the_checksum);
    }

    fn is_json_of_the_checksum(tokens: &Load) {
        let body = std::str::from_utf8(&tokens.body).expect("is text");
        let mut text = String::new();
        for data in body.lines().filter_map(|line| line.strip_prefix("data: ")) {
            let chunk: serde_json::Value = serde_json::from_str(data).expect("is JSON");
            text += chunk["choices"][0]["delta"]["content"].as_str().expect("is text");
        }
        let hash = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
        let checksum = text.bytes().fold(2_166_136_261, hash);
        assert_eq!(tokens.checksum, format!("{} {checksum}", tokens.events));
    }
}
