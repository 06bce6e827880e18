use demo_contract::assistant::{FinishReason, Question};

use super::generator::{Generator, Recital};
use super::upstream::{Completion, Upstream};
use crate::problem::Refusal;

/// What answers.
#[derive(Debug)]
pub(super) enum Model {
    Upstream(Upstream),
    Generator(Generator),
}

/// An answer while it is being given. Dropping it stops it.
#[derive(Debug)]
pub(super) enum Speech {
    Upstream(Box<Completion>),
    Generator(Recital),
}

/// The next of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Token(String),
    Finished(FinishReason),
}

/// The answer broke off; why, in words that can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BrokenOff(pub(super) String);

impl Model {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Upstream(upstream) => upstream.model(),
            Self::Generator(_) => "built-in",
        }
    }

    /// Asks. Returns when an answer is about to begin.
    pub(super) async fn ask(&self, question: &Question) -> Result<Speech, Refusal> {
        match self {
            Self::Upstream(upstream) => upstream.ask(question).await.map(Box::new).map(Speech::Upstream),
            Self::Generator(generator) => Ok(Speech::Generator(generator.recite(question))),
        }
    }
}

impl Speech {
    pub(super) async fn next(&mut self) -> Result<Word, BrokenOff> {
        match self {
            Self::Upstream(completion) => completion.next().await,
            Self::Generator(recital) => Ok(recital.next().await),
        }
    }
}
