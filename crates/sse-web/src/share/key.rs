use crate::connection::event_types;
use crate::options::Options;

/// What those have in common who can share a connection; `None` for one that cannot be shared.
pub(super) fn of(url: &str, options: &Options) -> Option<String> {
    let is_repeatable = options.client.resend && options.transport.is_repeatable();
    let transport = options.transport.share_key().filter(|_| is_repeatable)?;
    let mut event_types = event_types(options);
    event_types.sort_unstable();
    Some(format!(
        "{url} {transport} {} {:?} {:?}",
        options.with_credentials, options.cursor_parameter, event_types,
    ))
}
