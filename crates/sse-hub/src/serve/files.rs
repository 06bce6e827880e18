//! Whether as many connections as are let in may be open.

use super::accept::REFUSALS;
use super::options::Options;

/// Says so if that is fewer than the options let in. Who comes beyond it is accepted by the kernel, and hears nothing.
pub(super) fn warn_of_too_few(options: &Options) {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit = None::<u64>;
    let connections = options.connections;
    if let Some(limit) = limit.filter(|&limit| are_too_few(limit, connections)) {
        tracing::warn!(
            limit,
            connections,
            "too few files may be open for so many connections, and clients beyond that get no answer: raise the limit \
             (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of docker), or lower connections"
        );
    }
}

fn are_too_few(files: u64, connections: usize) -> bool {
    files < connections.saturating_add(REFUSALS) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_too_few_if_not_everybody_can_be_let_in_or_refused() {
        assert!(are_too_few(1_024, Options::default().connections));
        assert!(are_too_few(1_024, 1_024));
        assert!(!are_too_few(1_024, 512));
        assert!(are_too_few(1_024, usize::MAX));
    }
}
