use crate::connection::event_types;
use crate::options::Options;

/// What those have in common who can share a connection; `None` for one that cannot be shared.
pub(super) fn of(url: &str, options: &Options) -> Option<String> {
    let is_repeatable = options.client.resend && options.transport.is_repeatable();
    let transport = options.transport.share_key().filter(|_| is_repeatable)?;
    let mut event_types = event_types(options);
    event_types.sort_unstable();
    // What is final for one would be so for all.
    let mut retry_statuses = options.client.retry_statuses.clone();
    retry_statuses.sort_unstable();
    Some(format!(
        "{url} {transport} {} {:?} {:?} {:?} {:?} {}",
        options.with_credentials,
        options.cursor_parameter,
        event_types,
        options.client.max_retries,
        retry_statuses,
        options.client.retry_rejected,
    ))
}
