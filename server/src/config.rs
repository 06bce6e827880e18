//! What can be set, by flags, by environment variables, or in a file.

mod access;
mod assistant;
mod feeds;
mod file;
mod serving;

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use sse_hub::history::redb;

use crate::origin::Origin;
use crate::publish::MAX_TOPICS;
use crate::task::lock;
pub use access::{AccessConfig, TopicPattern};
pub use assistant::{AssistantConfig, BaseUrl};
pub use feeds::{FeedConfig, MarketFeed};
pub use file::FileError;
pub use serving::{ProxyHeader, ServingConfig};

/// The demo's companion server: live streams (a market, chat rooms, the streams of the classic examples) and the
/// page that shows them.
///
/// Prints one line with its URL to standard output when it is ready, and logs to standard error.
#[derive(Clone, Debug, Parser)]
#[command(name = "server", version, after_help = AFTER_HELP)]
pub struct Config {
    /// The address to listen on, or a name that has one; port 0 lets the system choose
    #[arg(long, env = "SSE_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    #[arg(value_parser = address)]
    pub listen: SocketAddr,

    /// The folder of the built page, as `cargo xtask serve` or `trunk build --release` makes it
    #[arg(long, env = "SSE_DIST", value_name = "DIR", default_value = "dist")]
    pub dist: PathBuf,

    /// The longest silence on a stream; then a heartbeat is sent
    #[arg(long, env = "SSE_HEARTBEAT", value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub heartbeat: Duration,

    /// Where events are kept
    #[arg(long, env = "SSE_HISTORY", value_name = "WHERE", default_value = "memory")]
    pub history: History,

    /// The folder of the history that is kept in a file [default: data]
    #[arg(long, env = "SSE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// When an event counts as kept in that file [default: group]
    #[arg(long, env = "SSE_DURABILITY", value_name = "LEVEL")]
    pub durability: Option<Durability>,

    /// How long a topic stays in that file which the server does not open any more, such as the prices of a symbol that
    /// is not traded now, or a room or a feed's topic in which nobody was or said anything meanwhile. It is removed at a
    /// start; the time runs from the first one that finds it so
    #[arg(long, env = "SSE_FORGET_AFTER", value_name = "TIME", default_value = "30d", value_parser = duration)]
    pub forget_after: Duration,

    /// A web origin whose pages may read the streams and post; can be repeated. The server's own pages may anyway.
    /// While it listens on a loopback address, local pages may too (but read without cookies), and no others may post:
    /// behind a proxy, name the site's own
    #[arg(long = "allow-origin", env = "SSE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origins: Vec<Origin>,

    /// The seed of the market: the same seed trades the same way [default: another one each time]
    #[arg(long, env = "SSE_SEED", value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// How often each symbol is traded, in ticks a second on average, from 0.01 to 1000
    #[arg(long, env = "SSE_TICK_RATE", value_name = "NUMBER", default_value = "4", value_parser = number(0.01..=1_000.0))]
    pub tick_rate: f64,

    /// How long a shutdown may take. What is still open then is cut
    #[arg(long, env = "SSE_SHUTDOWN_DEADLINE", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub shutdown_deadline: Duration,

    /// Where to serve the metrics and the health, and nothing else, by plain HTTP: 127.0.0.1:9090. Whoever reaches it
    /// may read them, unless there is a metrics token. Probe the health there: it has places of its own when clients
    /// have taken all connections [default: metrics at /metrics beside everything else, for whoever has a token, or,
    /// where there is none, for this machine]
    #[arg(long, env = "SSE_METRICS_LISTEN", value_name = "ADDRESS:PORT", value_parser = address)]
    pub metrics_listen: Option<SocketAddr>,

    /// A TOML file with the same keys as the flags: `listen = "0.0.0.0:8080"`. Flags and environment variables win
    #[arg(long, env = "SSE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Say whether the configuration is valid, and stop
    #[arg(long)]
    pub check_config: bool,

    /// Who may do what, and how often
    #[command(flatten)]
    pub access: AccessConfig,

    /// The assistant
    #[command(flatten)]
    pub assistant: AssistantConfig,

    /// What is published
    #[command(flatten)]
    pub feeds: FeedConfig,
    /// Connections and TLS
    #[command(flatten)]
    pub serving: ServingConfig,
}

/// Where events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum History {
    /// In memory: a restart begins anew
    Memory,
    /// In a file, by redb: clients continue after a restart, or a crash
    Redb,
}

/// When an event counts as kept in a file: when it is shown, and when whoever posted it is told so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// At once; a crash takes the last moment back, and clients begin anew
    Async,
    /// When it is on the disk, written together with what came at the same time
    #[default]
    Group,
    /// The same, written twice: a crash is recovered from at once, whatever the size of the file
    Strict,
}

impl From<Durability> for redb::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Async => Self::Async,
            Durability::Group => Self::Group,
            Durability::Strict => Self::Strict,
        }
    }
}

const AFTER_HELP: &str = "\
Times are a number and a unit: 500ms, 15s, 2m, 12h, 30d. An origin is a scheme and a host: https://example.org. A flag wins \
over its environment variable, which wins over the file; in a variable, several values are separated by commas. Rates \
are a number a second; 0 is no limit.

SIGHUP has the file of --config read again: tokens and private topics are then as it says, and the streams end, also those \
of a cookie or a ticket, whose token is not there any more. If anything is wrong with it, all stays as it is, and the log \
says what. A token that a flag or an environment variable sets stays until a restart, whatever the file says: one that is \
to be changed so belongs in the file. Everything else takes a restart, too. Without --config, SIGHUP ends the program.

SIGINT and SIGTERM stop it in good order. A second one waits for nobody: it cuts what is open, and closes the history. \
A third ends the program at once.

The log is filtered by SSE_LOG, for example SSE_LOG=debug or SSE_LOG=info,server::requests=debug.

Paths:
  GET  /api/market[?symbols=A,B]   stream: tick, bar, halt
  GET  /api/chat/{room}            stream: message, presence; a room is 1 to 32 of A-Z a-z 0-9 - _
  POST /api/chat/{room}            say something: {\"client_id\",\"author\",\"text\"}
  GET  /api/events?topic=A&topic=B stream: any topics; market is all symbols, chat.{room} a room
  POST /api/publish/{topic}        publish {\"id\",\"event\",\"key\",\"data\"}, or NDJSON lines of them
  POST /api/assistant              ask {\"messages\":[{\"role\",\"content\"}]}: a stream of the answer
  GET  /api/assistant/{answer}     the stream again, from where it was left; DELETE stops the answer
  GET  /api/notifications, /api/logs   streams
  POST /api/ticket                 a one-time ticket for EventSource: {\"topics\":[..]} -> ?ticket=
  POST /api/session                a cookie for a token; DELETE forgets it, and ends its streams
  GET  /api/presence/{topic}       who is there; topics: market, market.{symbol}, chat.{room}
  GET  /stock-price, /events, /stream   the streams of the classic EventSource examples
  GET  /healthz/live, /healthz/ready, /metrics
  everything else                  the page, and other files of --dist

A client_id, and the id of an event that is published, is 1 to 64 visible ASCII characters; the same again is the same
message.";

impl Default for Config {
    /// What runs without flags and without environment variables, but on a port that the system chooses.
    fn default() -> Self {
        let command = Self::command().mut_args(|arg| arg.env(None::<&str>));
        let parsed =
            command.try_get_matches_from(["server"]).and_then(|matches| Self::from_arg_matches(&matches));
        // Never: every default is one that its flag takes, which all tests of the server show.
        let config = parsed.unwrap_or_else(|error| error.exit());
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..config }
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A flag or an environment variable is wrong, or help was asked for: [`clap::Error::exit`] says so.
    #[error(transparent)]
    Flag(#[from] clap::Error),
    /// The file is wrong.
    #[error(transparent)]
    File(#[from] FileError),
    /// A secret is not valid. Begins with its key, and does not repeat it.
    #[error("{0}")]
    Secret(String),
    /// Values that are valid alone do not go together. Begins with a key.
    #[error("{0}")]
    Together(String),
}

impl ConfigError {
    /// What clap says, unless it would repeat a secret, or what may hold one: a wrong variable of a service is told to the
    /// system's log.
    fn of_flag(error: clap::Error, command: &clap::Command) -> Self {
        let flag = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(arg)) if error.kind() == ErrorKind::ValueValidation => {
                arg.split(' ').next().and_then(|flag| flag.strip_prefix("--"))
            }
            _ => None,
        };
        let is_secret = |arg: &clap::Arg| arg.get_long() == flag && arg.is_hide_env_values_set();
        match flag.filter(|_| command.get_arguments().any(is_secret)) {
            Some(flag) => {
                let what = error.source().map_or_else(|| "is not valid".to_owned(), ToString::to_string);
                Self::Secret(format!("{flag}: {what}"))
            }
            None => Self::Flag(error),
        }
    }
}

impl Config {
    /// Reads flags, the environment, and the file that one of them may name. A flag wins over its environment variable,
    /// and both over the file.
    ///
    /// # Errors
    /// [`ConfigError`], which names the flag, or the file and the key.
    pub fn load(args: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, ConfigError> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let parse = |command: clap::Command| {
            command.clone().try_get_matches_from(&args).map_err(|error| ConfigError::of_flag(error, &command))
        };
        let mut matches = parse(Self::command())?;
        if let Some(file) = matches.get_one::<PathBuf>("config") {
            matches = parse(file::apply(Self::command(), file)?)?;
        }
        let mut config = Self::from_arg_matches(&matches)?;
        config.access.fixed = access::fixed(&Self::command(), &matches);
        config.check()?;
        Ok(config)
    }

    /// Looks at what no single value tells.
    ///
    /// # Errors
    /// [`ConfigError::Together`]
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.assistant.url.is_some() && self.assistant.model.is_none() {
            return Err(ConfigError::Together("assistant-model: must be set with assistant-url".into()));
        }
        let AccessConfig { publish_token, read_token, metrics_token, .. } = &self.access;
        if metrics_token.is_some() && (metrics_token == publish_token || metrics_token == read_token) {
            let what = "metrics-token: must not be another token, or whoever scrapes may do more";
            return Err(ConfigError::Together(what.into()));
        }
        if publish_token.is_some() && publish_token == read_token {
            let what = "read-token: must not be the publish-token, or whoever reads may publish";
            return Err(ConfigError::Together(what.into()));
        }
        // The file has no `requires`: what it sets are defaults.
        if self.serving.tls_cert.is_some() != self.serving.tls_key.is_some() {
            let what = "tls-cert: must be set with tls-key, and tls-key with tls-cert";
            return Err(ConfigError::Together(what.into()));
        }
        if self.metrics_listen.is_some_and(|metrics| overlap(metrics, self.listen)) {
            let what = "metrics-listen: must be another address than that of listen, or another port";
            return Err(ConfigError::Together(what.into()));
        }
        // There are no more places than that.
        if self.feeds.topics.len() > MAX_TOPICS {
            return Err(ConfigError::Together(format!("feed-topic: at most {MAX_TOPICS} can be named")));
        }
        crate::market::check_feed(&self.feeds).map_err(ConfigError::Together)
    }

    /// What is set and does nothing, beginning with its key. Whoever sets these may believe that events outlive a
    /// restart.
    #[must_use]
    pub fn unused(&self) -> Option<String> {
        let of_a_file = [("data-dir", self.data_dir.is_some()), ("durability", self.durability.is_some())];
        let (key, _) =
            of_a_file.into_iter().find(|(_, is_set)| *is_set && self.history == History::Memory)?;
        Some(format!("{key}: is of no use without history = redb: events are kept in memory"))
    }

    /// What must not be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &crate::Secret> {
        self.access.secrets().chain(&self.assistant.key)
    }
}

/// An address and a port, or a name and a port: then the first address that it has, rather one of IPv4, which is what
/// others mean by `localhost`.
///
/// Each text is looked up once: SIGHUP has the configuration read again, and a token has to go also when no name server
/// answers.
fn address(text: &str) -> Result<SocketAddr, String> {
    static KNOWN: Mutex<BTreeMap<String, SocketAddr>> = Mutex::new(BTreeMap::new());
    if let Some(known) = lock(&KNOWN).get(text) {
        return Ok(*known);
    }
    let address = look_up(text)?;
    lock(&KNOWN).insert(text.to_owned(), address);
    Ok(address)
}

fn look_up(text: &str) -> Result<SocketAddr, String> {
    let expected = || "expected an address and a port, such as 127.0.0.1:8080, [::1]:8080 or localhost:8080";
    if !text.contains(':') {
        return Err(expected().into());
    }
    let addresses: Vec<_> =
        text.to_socket_addrs().map_err(|error| format!("{}: {error}", expected()))?.collect();
    let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    address.copied().ok_or_else(|| "the name has no address".into())
}

/// Whether who listens on one address leaves none to who listens on the other: an unspecified one is all of its kind, and
/// that of IPv6 all of both.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |one: IpAddr, other: IpAddr| {
        one == other || one.is_unspecified() && (one.is_ipv6() || other.is_ipv4())
    };
    let is_same = covers(one.ip(), other.ip()) || covers(other.ip(), one.ip());
    is_same && one.port() == other.port() && one.port() != 0
}

/// A time as it is written in a flag.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err("expected a number and a unit, such as 500ms, 15s, 2m, 12h or 30d".into()),
    };
    let number: u32 = number.parse().map_err(|_| "expected a whole number before the unit".to_owned())?;
    match u64::from(number) * millis {
        0 => Err("must be longer than zero".into()),
        millis => Ok(Duration::from_millis(millis)),
    }
}

/// A number as it is written in a flag.
pub(crate) fn number(
    range: RangeInclusive<f64>,
) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync {
    move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("expected a number from {} to {}", range.start(), range.end())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_consistent_and_have_an_environment_variable_each() {
        let command = Config::command();
        command.clone().debug_assert();
        for flag in command.get_arguments().filter(|flag| flag.get_id() != "check_config") {
            let variable = flag.get_env().expect("a variable").to_string_lossy();
            assert!(variable.starts_with("SSE_"), "{variable}");
            assert!(flag.get_help().is_some(), "{variable}");
        }
    }

    #[test]
    fn an_address_may_be_a_name_and_has_a_port() {
        for (text, expected) in [("127.0.0.1:80", "127.0.0.1:80"), ("[::1]:0", "[::1]:0")] {
            assert_eq!(address(text).map(|address| address.to_string()), Ok(expected.to_owned()));
        }
        assert!(address("localhost:8312").expect("it has one").ip().is_loopback());
        for wrong in ["", "localhost", "127.0.0.1", ":80", "localhost:", "localhost:x", "[::1]", "a b:80"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn whoever_needs_a_token_is_told_what_one_is() {
        let command = Config::command();
        let tokens =
            command.get_arguments().filter(|flag| flag.get_long().is_some_and(|it| it.ends_with("-token")));
        let mut said = tokens.map(|flag| flag.get_help().expect("help").to_string());
        assert_eq!(said.by_ref().filter(|help| help.contains("16 to 512")).count(), 3);
    }

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(duration("15s"), Ok(Duration::from_secs(15)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("12h"), Ok(Duration::from_secs(43_200)));
        assert_eq!(duration("30d"), Ok(Duration::from_secs(2_592_000)));
        for wrong in ["", "s", "15", "-1s", "1.5s", "0s", "15 s", "99999999999s", "1w"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
}
