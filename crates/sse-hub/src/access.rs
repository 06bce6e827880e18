//! Who may read what.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::topic_name::TopicName;

/// Says of each topic of a subscription whether its reader may read it. Cheap to clone.
///
/// A topic does not know its readers, and the hub knows nothing of users, tokens or sessions. So whoever subscribes
/// somebody brings a guard that has taken in who it is, and the hub asks it:
///
/// - when the stream is asked for, with a cursor or without, and before it says whether there is such a topic;
/// - when what it granted [was for a time](Grant::lasting) and that is over;
/// - when [`Hub::review_access`](crate::Hub::review_access) is called, because somebody's rights have changed.
///
/// Who brings none is admitted, unless such readers are [refused](crate::Unguarded).
///
/// From a stream whose reader may no longer read one of its topics no more is read, and it ends: [`Denied`] says how.
/// Nothing is asked for a delivery. What you read yourself, such as [`Hub::snapshot`](crate::Hub::snapshot) or
/// [`Hub::presence`](crate::Hub::presence), is yours to guard; [`Self::ask`] says whether somebody may.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use sse_events::Text;
/// use sse_hub::{Denied, Grant, Guard, Hub, Subscribe, SubscribeError};
///
/// /// Somebody who has logged in.
/// struct Session {
///     name: &'static str,
///     open: AtomicBool,
/// }
///
/// fn guard(session: Arc<Session>) -> Guard {
///     Guard::new(move |topic| match topic.as_str().split_once('.') {
///         _ if !session.open.load(Ordering::SeqCst) => Err(Denied::unauthorized("log in again")),
///         Some(("orders", owner)) if owner != session.name => Err(Denied::forbidden("the orders are not yours")),
///         _ => Ok(Grant::unlimited()),
///     })
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hub = Hub::default();
/// let orders = hub.topic::<Text>("orders.ann")?;
/// let ann = Arc::new(Session { name: "ann", open: AtomicBool::new(true) });
/// let bob = Arc::new(Session { name: "bob", open: AtomicBool::new(true) });
///
/// let refused = hub.subscribe(Subscribe::to(["orders.ann"]).guard(guard(bob)));
/// assert!(matches!(refused, Err(SubscribeError::Denied { denied: Denied::Forbidden(_), .. })));
/// let mut stream = hub.subscribe(Subscribe::to(["orders.ann"]).guard(guard(ann.clone())))?;
/// stream.next().await.expect("the opening");
///
/// // Ann logs out.
/// ann.open.store(false, Ordering::SeqCst);
/// assert_eq!(hub.review_access(), 1);
/// orders.publish(&Text("one espresso".into()))?;
/// assert_eq!(stream.next().await.expect("a last word"), ": unauthorized\n\n");
/// assert_eq!(stream.next().await, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Guard(Arc<Ask>);

type Ask = dyn Fn(&TopicName) -> Result<Grant, Denied> + Send + Sync;

impl Guard {
    /// Asks `may_read` of each topic. It is called from any thread, for every guarded stream at a review, and must not
    /// wait: look up what needs a database before subscribing, and let it look at what you hold in memory. It may use the
    /// hub, but not subscribe or review. If it panics while a stream is open, that counts as [`Denied::Unauthorized`].
    pub fn new(may_read: impl Fn(&TopicName) -> Result<Grant, Denied> + Send + Sync + 'static) -> Self {
        Self(Arc::new(may_read))
    }

    /// Asks for all of them. What is granted lasts as long as the shortest.
    ///
    /// # Errors
    /// The first that is denied, and why; as a [`SubscribeError`](crate::SubscribeError) by `From`, which in axum is
    /// the response.
    pub fn ask<'a>(
        &self,
        topics: impl IntoIterator<Item = &'a TopicName>,
    ) -> Result<Grant, (TopicName, Denied)> {
        let mut lasts: Option<Duration> = None;
        for topic in topics {
            let grant = (self.0)(topic).map_err(|denied| (topic.clone(), denied))?;
            lasts = [lasts, grant.lasts].into_iter().flatten().min();
        }
        Ok(Grant { lasts })
    }
}

/// It is the same guard, not one that says the same.
impl PartialEq for Guard {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Guard {}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

/// The reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Grant {
    lasts: Option<Duration>,
}

impl Grant {
    /// Until something changes, and [`Hub::review_access`](crate::Hub::review_access) is called.
    pub const fn unlimited() -> Self {
        Self { lasts: None }
    }

    /// For so long from now; then the guard is asked again. For a session or a token that expires. Less than 10 ms is
    /// 10 ms.
    pub const fn lasting(time: Duration) -> Self {
        Self { lasts: Some(time) }
    }

    /// How long it lasts, from when it was given; `None` if that is not limited.
    #[must_use]
    pub const fn lasts(self) -> Option<Duration> {
        self.lasts
    }
}

/// The reader may not read the topic, for the reason that is given: text for the reader, which goes into the response.
///
/// A stream that is open when this is found is closed, after a comment that says it in a word to whoever looks at the
/// bytes. The client is told by the answer to its next request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// It is not known who asks, or no longer: `401`. Show a token, or a fresh one, and go on from the cursor.
    Unauthorized(Cow<'static, str>),
    /// Whoever asks may not: `403`.
    Forbidden(Cow<'static, str>),
    /// Whoever asks is not to know that there is such a topic: what a topic that does not exist is answered with, `404`.
    Hidden,
}

impl Denied {
    /// [`Self::Unauthorized`]
    pub fn unauthorized(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Unauthorized(reason.into())
    }

    /// [`Self::Forbidden`]
    pub fn forbidden(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(reason.into())
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized(reason) | Self::Forbidden(reason) => f.write_str(reason),
            Self::Hidden => f.write_str("there is no such topic"),
        }
    }
}

impl std::error::Error for Denied {}
