//! Who may read and publish what.
//!
//! Most topics are for everybody. The log is for whoever has a token, or, where the configuration has none, for this
//! machine, and so are the metrics; and the configuration names further private topics. A token goes into the header
//! `Authorization`; a page that cannot set headers, because it uses the browser's own `EventSource`, gets a ticket or a
//! cookie for its token.
//!
//! Every stream is opened through [`Door::open`], with a cursor or without: who may no longer read a topic gets
//! nothing of what it missed either. Each takes a [`Guard`] with it, whom the hub asks again: a stream ends with the
//! session by which it was opened, and so does one that was opened by a ticket that the session got. When the
//! configuration is read again, the streams of a token end that is not in it any more, and of its sessions.

mod caller;
mod door;
mod expiring;
mod reload;
mod rights;
mod routes;
mod rules;
mod session;
mod ticket;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use demo_contract::logs;
use sse_hub::{Denied, Grant, Guard, TopicName};

use crate::config::AccessConfig;
use crate::origin::Origins;
use crate::problem::Refusal;
use crate::rate::Rate;
use crate::secret::Fingerprint;
pub(crate) use caller::Caller;
pub(crate) use door::Door;
use expiring::Expiring;
pub(crate) use reload::follow;
pub(crate) use rights::{Credential, Rights};
pub(crate) use routes::{limit_posts, routes};
use rules::Rules;
use ticket::Pass;

/// What decides. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Access(Arc<State>);

#[derive(Debug)]
struct State {
    rules: RwLock<Arc<Rules>>,
    origins: Origins,
    tickets: Expiring<Pass>,
    /// Who has got a cookie for a token: each is good for as much, and as long, as the token by which it was opened.
    /// They are forgotten when the server stops.
    sessions: Expiring<Fingerprint>,
    connects: Rate<Option<std::net::IpAddr>>,
    posts: Rate<Option<std::net::IpAddr>>,
}

/// Who may read what was asked for. If it took a ticket for that, the ticket was looked at and can still be used.
#[derive(Debug)]
pub(crate) struct Admission {
    access: Access,
    guard: Guard,
    ticket: Option<String>,
}

impl Admission {
    /// For the stream that is opened, to which nothing may be sent before [`Self::redeem`].
    pub(crate) fn guard(&self) -> Guard {
        self.guard.clone()
    }

    /// Uses up the ticket. Of those who have it at the same time, one succeeds.
    pub(crate) fn redeem(self) -> Result<(), Refusal> {
        match self.ticket {
            Some(ticket) => self.access.0.tickets.take(&ticket).map(drop).ok_or_else(no_ticket),
            None => Ok(()),
        }
    }
}

fn no_ticket() -> Refusal {
    Refusal::unauthorized(
        "the ticket was used, is too old, or never was one: get another from POST /api/ticket",
    )
}

/// How far a rate for an address may be ahead, in seconds' worth.
const BURST_SECONDS: f64 = 5.0;

impl Access {
    pub(crate) fn new(config: &AccessConfig, origins: Origins) -> Self {
        Self(Arc::new(State {
            rules: RwLock::new(Arc::new(Rules::new(config))),
            origins,
            tickets: Expiring::new(ticket::LIFETIME),
            sessions: Expiring::new(config.session_lifetime),
            connects: Rate::new(config.connect_rate, BURST_SECONDS),
            posts: Rate::new(config.post_rate, BURST_SECONDS),
        }))
    }

    /// From now on the tokens and the private topics are those of `config`. Whoever calls this has the hub ask the guards
    /// of the open streams again.
    pub(crate) fn replace_rules(&self, config: &AccessConfig) {
        let rules = Arc::new(Rules::new(config));
        *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&rules);
        // Not to come to life again with the token.
        self.0.sessions.retain(|token| rules.rights_of(token) >= Rights::Read);
    }

    /// Those that are in force: nothing is locked while they are looked at.
    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.0.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the caller may read all of these. A ticket is used up by this, unless it was not needed.
    pub(crate) fn check_read(&self, caller: &Caller, topics: &[String]) -> Result<(), Refusal> {
        self.admit(caller, topics)?.redeem()
    }

    /// Lets the caller read all of these, now, and as long as the guard says so.
    pub(crate) fn admit(&self, caller: &Caller, topics: &[String]) -> Result<Admission, Refusal> {
        let named = |topic: &String| {
            // A name that no topic can have is not repeated as if it were one.
            TopicName::new(topic).map_err(|_| Refusal::not_found(format!("there is no topic {topic:?}")))
        };
        let topics = topics.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        let needs_more = topics.iter().any(|topic| self.grant(caller, topic).is_none());
        let ticket = caller.ticket.clone().filter(|_| needs_more);
        let pass = match &ticket {
            Some(ticket) => Some(self.0.tickets.get(ticket).ok_or_else(no_ticket)?.0),
            None => None,
        };
        let guard = Guard::new({
            let (access, caller) = (self.clone(), caller.clone());
            move |topic| access.may_read(&caller, pass.as_ref(), topic)
        });
        match guard.ask(&topics) {
            Ok(_) => Ok(Admission { access: self.clone(), guard, ticket }),
            Err((_, denied)) => Err(denied.into()),
        }
    }

    fn may_read(&self, caller: &Caller, pass: Option<&Pass>, topic: &TopicName) -> Result<Grant, Denied> {
        if let Some(grant) = self.grant(caller, topic) {
            return Ok(grant);
        }
        match pass {
            Some(pass) if !pass.topics.iter().any(|known| known == topic.as_str()) => {
                Err(Denied::unauthorized(format!("the ticket is not for topic \"{topic}\"")))
            }
            Some(pass) => self
                .grant(&pass.issuer, topic)
                .ok_or(Denied::unauthorized("the session that the ticket was for has ended")),
            None if self.rules().has_token() => Err(Denied::unauthorized(format!(
                "topic \"{topic}\" is private: send a token as Authorization: Bearer TOKEN, or get a ticket for it"
            ))),
            None => Err(Denied::forbidden(format!(
                "topic \"{topic}\" is private, and this server has no token for it: set --read-token or SSE_READ_TOKEN"
            ))),
        }
    }

    /// What the caller is allowed without a ticket.
    fn grant(&self, caller: &Caller, topic: &TopicName) -> Option<Grant> {
        let (topic, rules) = (topic.as_str(), self.rules());
        // A proxy on this machine that says nothing of its clients makes everybody look as if they were here, so being
        // here counts only where nothing better is asked for.
        if !rules.is_private(topic) && (topic != logs::TOPIC || caller.local && !rules.has_token()) {
            return Some(Grant::unlimited());
        }
        let (rights, lasts) = self.rights(&caller.credential, &rules);
        (rights >= Rights::Read).then_some(lasts.map_or(Grant::unlimited(), Grant::lasting))
    }

    /// What somebody has shown is good for now, and for how long if that is limited.
    fn rights(&self, shown: &Credential, rules: &Rules) -> (Rights, Option<Duration>) {
        match shown {
            Credential::None => (Rights::None, None),
            Credential::Token(token) => (rules.rights_of(token), None),
            Credential::Session(id) => match self.0.sessions.get(id) {
                // A cookie never publishes: a page that is tricked could.
                Some((token, lasts)) => (rules.rights_of(&token).min(Rights::Read), Some(lasts)),
                None => (Rights::None, None),
            },
        }
    }

    /// Whether anybody may read all of these.
    fn are_public(&self, topics: &[TopicName]) -> bool {
        let stranger = Caller::default();
        topics.iter().all(|topic| self.grant(&stranger, topic).is_some())
    }

    /// Whether the caller may publish.
    pub(crate) fn check_publish(&self, caller: &Caller) -> Result<(), Refusal> {
        let rules = self.rules();
        match &rules.publish_token {
            None => Err(Refusal::forbidden(
                "publishing is off, because this server has no token for it: set --publish-token, SSE_PUBLISH_TOKEN or \
                 publish-token in the file to 16 or more characters",
            )),
            Some(_) if self.rights(&caller.credential, &rules).0 >= Rights::Publish => Ok(()),
            Some(_) => Err(Refusal::unauthorized(
                "publishing needs the server's publish token as Authorization: Bearer TOKEN",
            )),
        }
    }

    /// Whether the caller may read the metrics where everybody's requests come in.
    pub(crate) fn check_metrics(&self, caller: &Caller) -> Result<(), Refusal> {
        let rules = self.rules();
        let has_token = rules.has_token() || rules.metrics_token.is_some();
        let (rights, _) = self.rights(&caller.credential, &rules);
        if rights >= Rights::Metrics || caller.local && !has_token {
            return Ok(());
        }
        match has_token {
            true => Err(Refusal::unauthorized(
                "the metrics need a token of the server as Authorization: Bearer TOKEN",
            )),
            false => Err(Refusal::forbidden(
                "the metrics are for this machine: set --metrics-token, or --metrics-listen for an address of their own",
            )),
        }
    }

    /// The same where nothing but the metrics is to be had: who can reach that may read them, unless they have a token.
    pub(crate) fn check_metrics_apart(&self, caller: &Caller) -> Result<(), Refusal> {
        match self.rules().metrics_token {
            Some(_) => self.check_metrics(caller),
            None => Ok(()),
        }
    }
}
