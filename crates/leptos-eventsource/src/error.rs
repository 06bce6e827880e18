use sse_events::DecodeError;
use sse_proto::client::Failure;
use sse_web::InvalidUrl;
use thiserror::Error;

/// What went wrong with a stream.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::{Error, Failure, Text, use_event_source};
///
/// #[component]
/// fn News() -> impl IntoView {
///     let news = use_event_source::<Text>("/api/news");
///     let (last, error) = (news.latest(), news.error());
///     let notice = move || {
///         error.get().map(|error| match error {
///             Error::Connection(Failure::Status { status: 401 | 403, .. }) => "Please log in.".to_owned(),
///             Error::Decode(_) => "Please reload the page: the server speaks a newer language.".to_owned(),
///             other => other.to_string(),
///         })
///     };
///     view! {
///         <p>{move || last.get().map(|Text(text)| text)}</p>
///         <p role="status">{notice}</p>
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be used; there is no connection. Correct the URL.
    #[error(transparent)]
    InvalidUrl(#[from] InvalidUrl),
    /// The connection failed. [`State`](crate::State) says whether it is tried again.
    #[error(transparent)]
    Connection(#[from] Failure),
    /// An event could not be decoded and was not delivered; the stream goes on. The page and the server
    /// disagree about the contract.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}
