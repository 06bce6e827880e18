use sse_events::DecodeError;
use sse_proto::client::Failure;
use sse_web::InvalidUrl;
use thiserror::Error;

/// What went wrong with a stream.
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
