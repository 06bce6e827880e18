/// What a token is good for. Each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rights {
    /// What everybody may.
    #[default]
    None,
    /// Reading the metrics.
    Metrics,
    /// Reading every topic.
    Read,
    /// Publishing.
    Publish,
}
