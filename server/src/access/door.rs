use axum::extract::{FromRef, FromRequestParts};
use axum::http::Method;
use axum::http::request::Parts;
use sse_hub::axum::LastEventId;
use sse_hub::serve::network;
use sse_hub::{Hub, Subscribe, Subscription};

use super::{Access, Admission, Caller};
use crate::problem::Refusal;

/// The way to a stream: who asks, where they left off, and whether they may.
#[derive(Debug)]
pub(crate) struct Door {
    hub: Hub,
    access: Access,
    caller: Caller,
    last_event_id: Option<String>,
    /// Whether nothing is sent but the head of the answer.
    is_head: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Door
where
    Hub: FromRef<S>,
    Access: FromRef<S>,
{
    type Rejection = Refusal;

    /// Refused with `429` if its address opens too many streams.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let access = Access::from_ref(state);
        let Ok(caller) = Caller::from_request_parts(parts, state).await;
        access.0.connects.take(caller.address.map(network)).map_err(|wait| {
            Refusal::too_many("your address opens too many streams; come back later", wait)
        })?;
        let Ok(LastEventId(last_event_id)) = LastEventId::from_request_parts(parts, state).await;
        let is_head = parts.method == Method::HEAD;
        Ok(Self { hub: Hub::from_ref(state), access, caller, last_event_id, is_head })
    }
}

impl Door {
    /// Opens the stream, after the last event id that the client brought.
    pub(crate) fn open(self, subscribe: Subscribe) -> Result<Subscription, Refusal> {
        self.admit(subscribe)?.open()
    }

    /// The first half of [`Self::open`], for whoever has something to do between the two that a stranger must not cause.
    pub(crate) fn admit(self, subscribe: Subscribe) -> Result<Admitted, Refusal> {
        let admission = self.access.admit(&self.caller, &subscribe.topics)?;
        let subscribe = subscribe.after(self.last_event_id).guard(admission.guard());
        Ok(Admitted { hub: self.hub, subscribe, admission, is_head: self.is_head })
    }
}

/// Who may read what was asked for.
#[derive(Debug)]
pub(crate) struct Admitted {
    hub: Hub,
    subscribe: Subscribe,
    admission: Admission,
    is_head: bool,
}

impl Admitted {
    /// Opens the stream. Only then a ticket is used up: whoever is told that there is no such topic, or looks with
    /// HEAD, has got nothing for it. Who comes second with the same one gets no stream either.
    pub(crate) fn open(self) -> Result<Subscription, Refusal> {
        let subscription = self.hub.subscribe(self.subscribe)?;
        if !self.is_head {
            self.admission.redeem()?;
        }
        Ok(subscription)
    }
}
