use crate::direct::event_types;
use crate::options::Options;

/// What those have in common who can share a connection; `None` for one that cannot be shared.
pub(super) fn of(url: &str, options: &Options) -> Option<String> {
    let is_repeatable = options.client.resend && options.transport.is_repeatable();
    let transport = options.transport.share_key().filter(|_| is_repeatable)?;
    let event_types = sorted(event_types(options));
    // What is final for one would be so for all.
    let retry_statuses = sorted(options.client.retry_statuses.iter().copied());
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

/// A handful of items in their order. The sorts of `core` are made for millions, and would weigh twelve kilobytes here.
fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut sorted = Vec::new();
    for item in items {
        let at = sorted.partition_point(|before| *before < item);
        sorted.insert(at, item);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_the_same_in_another_order_has_the_same_key() {
        let in_order = ["closed", "message", "tick"];
        assert_eq!(sorted(["tick", "closed", "message"]), in_order);
        assert_eq!(sorted(["message", "tick", "closed"]), in_order);
        assert_eq!(sorted([503, 429, 502, 503]), [429, 502, 503, 503]);
        assert_eq!(sorted::<u16>([]), []);
    }
}
