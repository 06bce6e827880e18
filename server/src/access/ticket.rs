use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::problem::Refusal;
use crate::secret::unguessable;

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
    topics: Vec<String>,
    expires: Instant,
}

fn unavailable() -> Refusal {
    Refusal::unavailable("no ticket can be had at the moment", LIFETIME)
}

/// A ticket that is not kept: for topics that need none, it is never looked at.
pub(super) fn unneeded() -> Result<String, Refusal> {
    unguessable().ok_or_else(unavailable)
}

impl Tickets {
    /// A ticket for topics that its holder may read now.
    pub(super) fn issue(&self, topics: Vec<String>) -> Result<String, Refusal> {
        let now = Instant::now();
        let ticket = unneeded()?;
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if out.len() >= MAX_TICKETS {
            out.retain(|_, ticket| ticket.expires > now);
        }
        if out.len() >= MAX_TICKETS {
            return Err(unavailable());
        }
        out.insert(ticket.clone(), Ticket { topics, expires: now + LIFETIME });
        Ok(ticket)
    }

    /// Uses a ticket up, whether it is good for `topics` or not.
    pub(super) fn redeem(&self, ticket: &str, topics: &[&str]) -> Result<(), Refusal> {
        let ticket = self.out.lock().unwrap_or_else(PoisonError::into_inner).remove(ticket);
        let Some(ticket) = ticket.filter(|ticket| ticket.expires > Instant::now()) else {
            return Err(Refusal::unauthorized(
                "the ticket was used, is too old, or never was one: get another from POST /api/ticket",
            ));
        };
        match topics.iter().find(|topic| !ticket.topics.iter().any(|known| known == *topic)) {
            Some(topic) => Err(Refusal::unauthorized(format!("the ticket is not for topic {topic:?}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_once_for_its_topics_and_for_a_short_time() {
        let tickets = Tickets::default();
        let issue = || tickets.issue(vec!["a".into(), "b".into()]).expect("issued");
        let ticket = issue();
        tickets.redeem(&ticket, &["b"]).expect("good");
        tickets.redeem(&ticket, &["b"]).expect_err("used");
        tickets.redeem(&issue(), &["b", "c"]).expect_err("not for c");
        tickets.redeem("guessed", &["b"]).expect_err("never was one");
        let (in_time, late) = (issue(), issue());
        tokio::time::advance(LIFETIME - Duration::from_millis(1)).await;
        tickets.redeem(&in_time, &["a"]).expect("in time");
        tokio::time::advance(Duration::from_millis(1)).await;
        tickets.redeem(&late, &["a"]).expect_err("too late");
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_tickets_are_out_and_old_ones_make_place() {
        let tickets = Tickets::default();
        for _ in 0..MAX_TICKETS {
            tickets.issue(Vec::new()).expect("issued");
        }
        assert_eq!(tickets.issue(Vec::new()).expect_err("full").status().as_u16(), 503);
        tokio::time::advance(LIFETIME).await;
        tickets.issue(Vec::new()).expect("the old ones are gone");
    }
}
