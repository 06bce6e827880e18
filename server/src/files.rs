//! How many files, and so connections, the process may have open.

use sse_hub::serve::REFUSALS;

/// The most files of the page that may be open: over HTTP/2 one connection asks for many, and may take nothing.
pub(crate) const OF_THE_PAGE: usize = 256;

/// What is open besides connections: the page's files, sockets of those who are refused, the history, the listener, the
/// log.
const OTHERS: u64 = (OF_THE_PAGE + REFUSALS + 100) as u64;

/// Raises the limit of open files as far as this process may: a shell gives 1,024 and allows many more. For the
/// beginning of a program.
pub fn raise_limit() {
    // If it cannot be raised, what follows from that is told where it matters.
    #[cfg(unix)]
    let _ = rlimit::increase_nofile_limit(u64::MAX);
}

/// The most connections at a time for which there are files; `None` if the system sets no limit, or does not tell.
pub(crate) fn connections() -> Option<usize> {
    #[cfg(unix)]
    let limit = rlimit::Resource::NOFILE.get_soft().ok().filter(|limit| *limit != rlimit::INFINITY);
    #[cfg(not(unix))]
    let limit = None::<u64>;
    limit.and_then(|limit| limit.saturating_sub(OTHERS).max(1).try_into().ok())
}

/// What to do where so many connections cannot be.
pub(crate) fn too_few(wanted: usize, possible: usize) -> String {
    format!(
        "connections: {wanted} need more files than this process may open, which is enough for {possible}; raise that \
         limit (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of docker), or set connections to {possible}"
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_may_be() {
        raise_limit();
        let (soft, hard) = rlimit::Resource::NOFILE.get().expect("it is told");
        assert!(soft == hard || cfg!(target_os = "macos"), "{soft} of {hard}");
        assert_eq!(
            connections(),
            usize::try_from(soft.saturating_sub(OTHERS).max(1)).ok().filter(|_| soft != rlimit::INFINITY)
        );
    }
}
