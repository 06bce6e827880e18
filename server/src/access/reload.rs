use sse_hub::Hub;
use tokio::sync::watch;

use super::Access;
use crate::config::AccessConfig;
use crate::logs;

/// Puts each new configuration in force, and ends the streams of those who may not go on by it. Ends when no other can
/// come.
pub(crate) async fn follow(mut changes: watch::Receiver<AccessConfig>, access: Access, hub: Hub) {
    while changes.changed().await.is_ok() {
        let config = changes.borrow_and_update().clone();
        config.secrets().for_each(logs::keep_out);
        access.replace_rules(&config);
        let ended = hub.review_access();
        let but = match config.fixed.as_slice() {
            [] => String::new(),
            fixed => format!(" (but {}, which a flag or an environment variable sets)", fixed.join(", ")),
        };
        tracing::info!(
            ended,
            "the configuration was read again: tokens and private topics are as it says{but}; anything else takes a restart"
        );
    }
}
