//! What the benchmark decodes: six kinds of stream, each cut in four ways.
//!
//! The same bytes on every machine and in every run: whatever varies inside them comes from a generator with a fixed
//! seed.

use std::fmt;
use std::fmt::Write as _;

use bytes::Bytes;

/// A kind of stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Small events with type and id, about 84 bytes each: prices, counters, notifications.
    Ticks,
    /// What a language model's API sends for each token: one line of JSON, no id, no type.
    Tokens,
    /// Chinese text and emoji: the cost of checking UTF-8.
    Multibyte,
    /// Hardly anything but comments: a quiet connection that is kept alive.
    Heartbeats,
    /// One event of 8 MiB in one line.
    Huge,
    /// The ticks with CRLF at the ends of lines.
    Crlf,
}

/// How a stream is cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunking {
    /// Chunks of so many bytes: 64 for a server that flushes every field, 1460 for the payload of one packet, 16384 for
    /// one TLS record.
    Bytes(usize),
    /// One chunk.
    Whole,
}

/// A stream and how it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The stream.
    pub input: Input,
    /// How it is cut.
    pub chunking: Chunking,
}

impl Input {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Ticks, Self::Tokens, Self::Multibyte, Self::Heartbeats, Self::Huge, Self::Crlf];

    /// The name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ticks => "ticks",
            Self::Tokens => "tokens",
            Self::Multibyte => "multibyte",
            Self::Heartbeats => "heartbeats",
            Self::Huge => "huge",
            Self::Crlf => "crlf",
        }
    }

    /// How many bytes the benchmark takes: a megabyte, which fits into the second cache of most machines.
    #[must_use]
    pub fn bench_len(self) -> usize {
        match self {
            Self::Huge => 8 << 20,
            _ => 1 << 20,
        }
    }

    /// About `len` bytes of the stream, to the end of an event.
    #[must_use]
    pub fn bytes(self, len: usize) -> Vec<u8> {
        let mut out = String::with_capacity(len + 1024);
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let mut count = 0;
        while out.len() < len {
            count += 1;
            match self {
                Self::Ticks | Self::Crlf => tick(&mut out, count, &mut random),
                Self::Tokens => token(&mut out, count, &mut random),
                Self::Multibyte => multibyte(&mut out, count, &mut random),
                Self::Heartbeats if count % 50 == 0 => tick(&mut out, count, &mut random),
                Self::Heartbeats => out.push_str(": hb\n\n"),
                Self::Huge => huge(&mut out, len, &mut random),
            }
        }
        if self == Self::Crlf {
            out = out.replace('\n', "\r\n");
        }
        out.into_bytes()
    }
}

impl Chunking {
    /// All ways.
    pub const ALL: [Self; 4] = [Self::Bytes(64), Self::Bytes(1460), Self::Bytes(16384), Self::Whole];

    /// Cuts a stream. The chunks share its memory, as those of an HTTP client do.
    #[must_use]
    pub fn cut(self, stream: Vec<u8>) -> Vec<Bytes> {
        let mut rest = Bytes::from(stream);
        let size = match self {
            Self::Bytes(size) => size,
            Self::Whole => rest.len().max(1),
        };
        let mut chunks = Vec::with_capacity(rest.len() / size + 1);
        while !rest.is_empty() {
            chunks.push(rest.split_to(size.min(rest.len())));
        }
        chunks
    }
}

impl fmt::Display for Chunking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(size) => write!(f, "{size}"),
            Self::Whole => f.write_str("whole"),
        }
    }
}

impl Case {
    /// Every kind of stream, cut in every way.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let cut = |input| Chunking::ALL.into_iter().map(move |chunking| Self { input, chunking });
        Input::ALL.into_iter().flat_map(cut).collect()
    }

    /// Whether a name given by hand means this case: `ticks/64`, or `ticks` for all four.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        name == self.input.name() || name == self.to_string()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.input.name(), self.chunking)
    }
}

/// Writing to a `String` cannot fail, so the results of `write!` are dropped below.
fn tick(out: &mut String, count: usize, random: &mut Random) {
    let symbol = random.one_of(&["BTC", "ETH", "SOL", "XRP"]);
    let (price, size) = (random.below(9_000_000) + 1_000_000, random.below(900) + 100);
    let _ = write!(out, "id: 4f1a.{:07}\nevent: tick\n", 1_000_000 + count);
    let _ = writeln!(
        out,
        "data: {{\"s\":\"{symbol}\",\"p\":{}.{:02},\"q\":0.{size},\"t\":{}}}\n",
        price / 100,
        price % 100,
        1_700_000_000 + count
    );
}

fn token(out: &mut String, count: usize, random: &mut Random) {
    const WORDS: [&str; 12] = [
        " the",
        " of",
        " stream",
        " event",
        " borrow",
        ",",
        ".",
        " a",
        " server",
        " sends",
        "\\n\\n",
        " \\\"quoted\\\"",
    ];
    let word = random.one_of(&WORDS);
    let _ = writeln!(
        out,
        "data: {{\"id\":\"chatcmpl-9xK2{:06}\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
         \"model\":\"gpt-4o-mini\",\"system_fingerprint\":\"fp_0f03d4f0ee\",\"choices\":[{{\"index\":0,\
         \"delta\":{{\"content\":\"{word}\"}},\"logprobs\":null,\"finish_reason\":null}}]}}\n",
        count / 500
    );
}

fn multibyte(out: &mut String, count: usize, random: &mut Random) {
    const PHRASES: [&str; 8] = [
        "服务器推送的事件按顺序到达",
        "价格上涨了百分之三",
        "请在断线后自动重新连接",
        "🚀📈🎉",
        "编码必须是 UTF-8",
        "今天的天气很好，我们去公园散步吧。",
        "👩‍💻 正在输入……",
        "数据流没有丢失任何消息",
    ];
    let _ = write!(out, "id: {count}\ndata: ");
    for _ in 0..=random.below(4) {
        out.push_str(random.one_of(&PHRASES));
    }
    out.push_str("\n\n");
}

fn huge(out: &mut String, len: usize, random: &mut Random) {
    out.push_str("data: ");
    while out.len() < len {
        let _ = write!(out, "{:016x}", random.next());
    }
    out.push_str("\n\n");
}

/// Marsaglia's xorshift: enough to keep a branch predictor from learning the input by heart.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        usize::try_from(self.next() >> 33).map_or("", |at| words[at % words.len()])
    }
}
