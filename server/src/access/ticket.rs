use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::Caller;
use crate::problem::Refusal;
use crate::secret::unguessable;
use crate::task::lock;

/// How long a ticket may be kept. A page asks for one when it is about to connect.
pub(super) const LIFETIME: Duration = Duration::from_secs(30);

/// The most tickets that are out at a time.
pub(super) const MAX_TICKETS: usize = 10_000;

/// One-time tickets, for a browser's own `EventSource`, which can set no header.
///
/// A URL ends up in logs and histories. What ends up there is of no use to anybody: a ticket is good for one request,
/// for some topics, and for a short time.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    out: Mutex<HashMap<String, Ticket>>,
}

#[derive(Debug)]
struct Ticket {
    pass: Pass,
    expires: Instant,
}

/// What a ticket is good for: topics, as long as whoever asked for it may read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) topics: Vec<String>,
    /// Without a ticket.
    pub(super) issuer: Caller,
}

fn unavailable() -> Refusal {
    Refusal::unavailable("no ticket can be had at the moment", LIFETIME)
}

/// A ticket that is not kept: for topics that need none, it is never looked at.
pub(super) fn unneeded() -> Result<String, Refusal> {
    unguessable().ok_or_else(unavailable)
}

impl Tickets {
    /// A ticket for topics that its issuer may read now.
    pub(super) fn issue(&self, pass: Pass) -> Result<String, Refusal> {
        let now = Instant::now();
        let ticket = unneeded()?;
        let mut out = lock(&self.out);
        if out.len() >= MAX_TICKETS {
            out.retain(|_, ticket| ticket.expires > now);
        }
        if out.len() >= MAX_TICKETS {
            return Err(unavailable());
        }
        out.insert(ticket.clone(), Ticket { pass, expires: now + LIFETIME });
        Ok(ticket)
    }

    /// Uses a ticket up, whatever it turns out to be good for; `None` if it was used, is too old, or never was one.
    pub(super) fn redeem(&self, ticket: &str) -> Option<Pass> {
        let ticket = lock(&self.out).remove(ticket);
        ticket.filter(|ticket| ticket.expires > Instant::now()).map(|ticket| ticket.pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Credential;

    fn pass() -> Pass {
        let issuer = Caller { credential: Credential::None, ticket: None, address: None, local: false };
        Pass { topics: vec!["a".into(), "b".into()], issuer }
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_once_and_for_a_short_time() {
        let tickets = Tickets::default();
        let issue = || tickets.issue(pass()).expect("issued");
        let ticket = issue();
        assert_eq!(tickets.redeem(&ticket), Some(pass()));
        assert_eq!(tickets.redeem(&ticket), None, "used");
        assert_eq!(tickets.redeem("guessed"), None, "never was one");
        let (in_time, late) = (issue(), issue());
        tokio::time::advance(LIFETIME - Duration::from_millis(1)).await;
        assert_eq!(tickets.redeem(&in_time), Some(pass()));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(tickets.redeem(&late), None, "too late");
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_tickets_are_out_and_old_ones_make_place() {
        let tickets = Tickets::default();
        for _ in 0..MAX_TICKETS {
            tickets.issue(pass()).expect("issued");
        }
        assert_eq!(tickets.issue(pass()).expect_err("full").status().as_u16(), 503);
        tokio::time::advance(LIFETIME).await;
        tickets.issue(pass()).expect("the old ones are gone");
    }
}
