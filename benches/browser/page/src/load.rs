use leptos_eventsource::{EventSet, Json};
use serde::{Deserialize, Serialize};

/// A kind of stream: what its events are, and what is made of them.
pub(crate) trait Load: 'static {
    /// All events of the stream, as leptos-eventsource takes them.
    type Set: EventSet;
    /// The payload, as leptos-use takes it.
    type Event: serde::de::DeserializeOwned + Clone + PartialEq + Send + Sync + 'static;
    /// What the events are folded into.
    type Folded: Default + Send + Sync + 'static;

    fn payload(event: &Self::Set) -> &Self::Event;

    /// Returns how many events it has seen.
    fn fold(folded: &mut Self::Folded, event: &Self::Event) -> u32;

    /// The same for every contender, or one of them has lost something.
    fn checksum(folded: &Self::Folded) -> String;
}

/// Small events with a type and an id.
#[derive(Debug)]
pub(crate) struct Ticks;

#[derive(EventSet)]
pub(crate) enum Market {
    Tick(Tick),
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tick {
    #[serde(rename = "s")]
    symbol: String,
    #[serde(rename = "p")]
    price: f64,
    #[serde(rename = "q")]
    quantity: f64,
    #[serde(rename = "t")]
    time: u64,
}

/// Whole numbers, so that the order of additions cannot show in the last digit.
#[derive(Default)]
pub(crate) struct Totals {
    count: u32,
    of_btc: u32,
    cents: f64,
    thousandths: f64,
    newest: u64,
}

impl Load for Ticks {
    type Set = Market;
    type Event = Tick;
    type Folded = Totals;

    fn payload(event: &Market) -> &Tick {
        let Market::Tick(tick) = event;
        tick
    }

    fn fold(folded: &mut Totals, tick: &Tick) -> u32 {
        folded.count += 1;
        folded.of_btc += u32::from(tick.symbol == "BTC");
        folded.cents += (tick.price * 100.0).round();
        folded.thousandths += (tick.quantity * 1000.0).round();
        folded.newest = folded.newest.max(tick.time);
        folded.count
    }

    fn checksum(folded: &Totals) -> String {
        let Totals { count, of_btc, cents, thousandths, newest } = folded;
        format!("{count} {of_btc} {cents} {thousandths} {newest}")
    }
}

/// The chunks of a chat completion, in the format that OpenAI's API made common.
#[derive(Debug)]
pub(crate) struct Tokens;

/// All of it, as `JSON.parse` makes all of it: a field without a place here would be passed over, which is cheaper.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chunk {
    id: String,
    object: String,
    created: u64,
    model: String,
    system_fingerprint: Option<String>,
    choices: Vec<Choice>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    index: u32,
    delta: Delta,
    logprobs: Option<Logprobs>,
    finish_reason: Option<String>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delta {
    content: Option<String>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Logprobs {
    content: Vec<Logprob>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Logprob {
    token: String,
    logprob: f64,
}

#[derive(Default)]
pub(crate) struct Answer {
    count: u32,
    text: String,
}

impl Load for Tokens {
    type Set = Json<Chunk>;
    type Event = Chunk;
    type Folded = Answer;

    fn payload(event: &Json<Chunk>) -> &Chunk {
        &event.0
    }

    fn fold(folded: &mut Answer, chunk: &Chunk) -> u32 {
        folded.count += 1;
        if let Some(content) = chunk.choices.first().and_then(|choice| choice.delta.content.as_deref()) {
            folded.text.push_str(content);
        }
        folded.count
    }

    /// FNV-1a of the text.
    fn checksum(folded: &Answer) -> String {
        let hash = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
        format!("{} {}", folded.count, folded.text.bytes().fold(2_166_136_261, hash))
    }
}
