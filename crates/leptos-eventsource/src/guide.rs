//! Beyond the reference: what an option is for, how to move here, and what to do when it does not work.
//!
//! Each page is a file in `docs`, whose links lead to the source for whoever reads it in the repository. The first
//! definition of a link counts, so that here they lead to the items.

/// [Backoff]: crate::Backoff
/// [Connection]: sse_web::Connection
/// [Error]: crate::Error
/// [EventSourceHandle::error]: crate::EventSourceHandle::error
/// [EventSourceHandle::keyed]: crate::EventSourceHandle::keyed
/// [EventSourceHandle::log]: crate::EventSourceHandle::log
/// [EventSourceHandle::state]: crate::EventSourceHandle::state
/// [EventSourceHandle::stream]: crate::EventSourceHandle::stream
/// [Sharing]: crate::Sharing
/// [State]: crate::State
/// [Fetch::repeatable]: crate::transport::Fetch::repeatable
/// [Fetch::with_bearer]: crate::transport::Fetch::with_bearer
#[doc = include_str!("../docs/coming-from.md")]
pub mod coming_from {}

/// [ClientOptions]: crate::ClientOptions
/// [ConnectionOptions]: crate::ConnectionOptions
/// [EventSet]: crate::EventSet
/// [EventSourceOptions]: crate::EventSourceOptions
/// [Sharing]: crate::Sharing
/// [Sharing::browser]: crate::Sharing::browser
/// [Sharing::page]: crate::Sharing::page
/// [Failure]: crate::Failure
/// [Fetch]: crate::transport::Fetch
/// [Fetch::post]: crate::transport::Fetch::post
/// [Fetch::query]: crate::transport::Fetch::query
/// [Fetch::repeatable]: crate::transport::Fetch::repeatable
/// [Fetch::share_as]: crate::transport::Fetch::share_as
/// [Fetch::with_bearer]: crate::transport::Fetch::with_bearer
/// [Fetch::with_fetch]: crate::transport::Fetch::with_fetch
/// [Fetch::with_header]: crate::transport::Fetch::with_header
/// [Fetch::with_limits]: crate::transport::Fetch::with_limits
/// [Fetch::with_refusal]: crate::transport::Fetch::with_refusal
/// [Native]: crate::transport::Native
/// [NativeOrFetch]: crate::transport::NativeOrFetch
/// [Scripted]: crate::transport::Scripted
/// [Ticketed]: crate::transport::Ticketed
#[doc = include_str!("../docs/options.md")]
pub mod options {}

/// [EventStream]: crate::EventStream
/// [Snapshot]: crate::Snapshot
/// [refetch_after_gap]: crate::refetch_after_gap
#[doc = include_str!("../docs/rendered-on-a-server.md")]
pub mod rendered_on_a_server {}

/// [Delivery]: crate::Delivery
/// [EventSourceHandle::close]: crate::EventSourceHandle::close
/// [EventSourceHandle::error]: crate::EventSourceHandle::error
/// [EventSourceHandle::finish]: crate::EventSourceHandle::finish
/// [EventSourceHandle::on_error]: crate::EventSourceHandle::on_error
/// [EventSourceHandle::on_event]: crate::EventSourceHandle::on_event
/// [EventSourceHandle::on_gap]: crate::EventSourceHandle::on_gap
/// [EventSourceHandle::on_open]: crate::EventSourceHandle::on_open
/// [EventSourceHandle::reconnect]: crate::EventSourceHandle::reconnect
/// [EventSourceHandle::state]: crate::EventSourceHandle::state
/// [EventSourceHandle::stream]: crate::EventSourceHandle::stream
/// [Failure]: crate::Failure
/// [Json]: crate::Json
/// [Keyed::clear]: crate::Keyed::clear
/// [Sharing]: crate::Sharing
/// [Sharing::browser]: crate::Sharing::browser
/// [Sharing::page]: crate::Sharing::page
/// [StreamUrl]: crate::StreamUrl
/// [Text]: crate::Text
/// [Fetch]: crate::transport::Fetch
/// [Fetch::share_as]: crate::transport::Fetch::share_as
/// [Fetch::with_bearer]: crate::transport::Fetch::with_bearer
/// [Fetch::with_fetch]: crate::transport::Fetch::with_fetch
/// [NativeOrFetch]: crate::transport::NativeOrFetch
/// [Ticketed]: crate::transport::Ticketed
/// [components]: crate::components
/// [rendered-on-a-server]: rendered_on_a_server#islands
#[doc = include_str!("../docs/troubleshooting.md")]
pub mod troubleshooting {}
