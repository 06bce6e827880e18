//! Who may read and publish what.
//!
//! Most topics are for everybody. The log is for whoever has a token, or, where the configuration has none, for this
//! machine, and so are the metrics; and the configuration names further private topics. A token goes into the header
//! `Authorization`; a page that cannot set headers, because it uses the browser's own `EventSource`, gets a ticket or a
//! cookie for its token.
//!
//! Every stream is opened through [`Door::open`], with a cursor or without: who may no longer read a topic gets
//! nothing of what it missed either.

mod caller;
mod door;
mod rights;
mod routes;
mod session;
mod ticket;

use std::sync::Arc;

use demo_contract::logs;
use sse_hub::TopicName;

use crate::config::{AccessConfig, TopicPattern};
use crate::origin::Origins;
use crate::problem::Refusal;
use crate::rate::Rate;
use crate::secret::Secret;
pub(crate) use caller::Caller;
pub(crate) use door::Door;
pub(crate) use rights::Rights;
pub(crate) use routes::{limit_posts, routes};
use session::Sessions;
use ticket::Tickets;

/// What decides. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Access(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    publish_token: Option<Secret>,
    read_token: Option<Secret>,
    metrics_token: Option<Secret>,
    private: Vec<TopicPattern>,
    origins: Origins,
    tickets: Tickets,
    sessions: Sessions,
    connects: Option<Rate<Option<std::net::IpAddr>>>,
    posts: Option<Rate<Option<std::net::IpAddr>>>,
}

/// How far a rate for an address may be ahead, in seconds' worth.
const BURST_SECONDS: f64 = 5.0;

impl Access {
    pub(crate) fn new(config: &AccessConfig, origins: Origins) -> Self {
        Self(Arc::new(Rules {
            publish_token: config.publish_token.clone(),
            read_token: config.read_token.clone(),
            metrics_token: config.metrics_token.clone(),
            private: config.private_topics.clone(),
            origins,
            tickets: Tickets::default(),
            sessions: Sessions::default(),
            connects: Rate::new(config.connect_rate, BURST_SECONDS),
            posts: Rate::new(config.post_rate, BURST_SECONDS),
        }))
    }

    /// Whether the caller may read all of these. A ticket is used up by this, unless it was not needed.
    pub(crate) fn check_read(&self, caller: &Caller, topics: &[String]) -> Result<(), Refusal> {
        let closed: Vec<_> =
            topics.iter().map(String::as_str).filter(|topic| !self.is_open(caller, topic)).collect();
        if closed.is_empty() {
            return Ok(());
        }
        if let Some(ticket) = &caller.ticket {
            return self.0.tickets.redeem(ticket, &closed);
        }
        let topic = closed[0];
        if TopicName::new(topic).is_err() {
            // A name that no topic can have is not repeated as if it were one.
            return Err(Refusal::not_found(format!("there is no topic {topic:?}")));
        }
        match self.has_token() {
            true => Err(Refusal::unauthorized(format!(
                "topic {topic:?} is private: send a token as Authorization: Bearer TOKEN, or get a ticket for it"
            ))),
            false => Err(Refusal::forbidden(format!(
                "topic {topic:?} is private, and this server has no token for it: set --read-token or SSE_READ_TOKEN"
            ))),
        }
    }

    fn is_open(&self, caller: &Caller, topic: &str) -> bool {
        let is_private = self.0.private.iter().any(|pattern| pattern.matches(topic));
        // A proxy on this machine that says nothing of its clients makes everybody look as if they were here, so being
        // here counts only where nothing better is asked for.
        caller.rights >= Rights::Read
            || !is_private && (topic != logs::TOPIC || caller.local && !self.has_token())
    }

    fn has_token(&self) -> bool {
        self.0.read_token.is_some() || self.0.publish_token.is_some()
    }

    /// Whether anybody may read all of these.
    fn are_public(&self, topics: &[String]) -> bool {
        let stranger = Caller { rights: Rights::None, ticket: None, address: None, local: false };
        topics.iter().all(|topic| self.is_open(&stranger, topic))
    }

    /// Whether the caller may publish.
    pub(crate) fn check_publish(&self, caller: &Caller) -> Result<(), Refusal> {
        match &self.0.publish_token {
            None => Err(Refusal::forbidden(
                "publishing is off, because this server has no token for it: set --publish-token, SSE_PUBLISH_TOKEN or \
                 publish-token in the file to 16 or more characters",
            )),
            Some(_) if caller.rights == Rights::Publish => Ok(()),
            Some(_) => Err(Refusal::unauthorized(
                "publishing needs the server's publish token as Authorization: Bearer TOKEN",
            )),
        }
    }

    /// Whether the caller may read the metrics where everybody's requests come in.
    pub(crate) fn check_metrics(&self, caller: &Caller) -> Result<(), Refusal> {
        let has_token = self.has_token() || self.0.metrics_token.is_some();
        if caller.rights >= Rights::Metrics || caller.local && !has_token {
            return Ok(());
        }
        match has_token {
            true => Err(Refusal::unauthorized(
                "the metrics need the server's metrics token as Authorization: Bearer TOKEN",
            )),
            false => Err(Refusal::forbidden(
                "the metrics are for this machine: set --metrics-token, or --metrics-listen for an address of their own",
            )),
        }
    }

    /// The same where nothing but the metrics is to be had: who can reach that may read them, unless they have a token.
    pub(crate) fn check_metrics_apart(&self, caller: &Caller) -> Result<(), Refusal> {
        match self.0.metrics_token {
            Some(_) => self.check_metrics(caller),
            None => Ok(()),
        }
    }

    fn rights_of(&self, token: &str) -> Rights {
        let is = |secret: &Option<Secret>| secret.as_ref().is_some_and(|secret| secret.matches(token));
        // All are always compared, so that the time does not tell which it was.
        match (is(&self.0.publish_token), is(&self.0.read_token), is(&self.0.metrics_token)) {
            (true, _, _) => Rights::Publish,
            (_, true, _) => Rights::Read,
            (_, _, true) => Rights::Metrics,
            _ => Rights::None,
        }
    }
}
