use std::sync::{Arc, Mutex};

use demo_contract::assistant::{Message, Question};
use tokio::sync::OwnedMutexGuard;

use crate::problem::Refusal;
use crate::recent::Recent;
use crate::task::lock;

/// How many questions are remembered by the ids of those who asked.
const MAX_REMEMBERED: usize = 1_024;

/// What was asked lately, so that a question which is sent again is not asked again.
#[derive(Debug)]
pub(super) struct Asked(Mutex<Recent<Asking>>);

#[derive(Clone, Debug)]
struct Asking {
    messages: Arc<[Message]>,
    /// The answer's id. Locked while the model is asked: who sends the question again waits for that.
    answer: Arc<tokio::sync::Mutex<Option<String>>>,
}

/// One who asks: the answer's id, or the place for it. Dropping it empty lets the next one ask.
pub(super) type Turn = OwnedMutexGuard<Option<String>>;

impl Default for Asked {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(MAX_REMEMBERED)))
    }
}

impl Asked {
    /// Waits for a turn to ask; at once, if the question has no id.
    pub(super) async fn turn(&self, question: &Question) -> Result<Option<Turn>, Refusal> {
        let Some(client_id) = &question.client_id else { return Ok(None) };
        let asking = self.enter(client_id, question);
        if *asking.messages != *question.messages {
            return Err(Refusal::conflict("client_id: another question was asked with this id"));
        }
        Ok(Some(asking.answer.lock_owned().await))
    }

    fn enter(&self, client_id: &str, question: &Question) -> Asking {
        let mut questions = lock(&self.0);
        if let Some(asking) = questions.get(client_id) {
            return asking.clone();
        }
        let asking = Asking { messages: question.messages.clone().into(), answer: Arc::default() };
        questions.insert(client_id, asking.clone());
        asking
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::assistant::Role;

    use super::*;

    fn question(client_id: usize) -> Question {
        let messages = vec![Message { role: Role::User, content: "why?".into() }];
        Question { messages, client_id: Some(client_id.to_string()) }
    }

    #[tokio::test]
    async fn only_so_many_questions_are_remembered() {
        let asked = Asked::default();
        for id in 0..=MAX_REMEMBERED {
            let mut turn = asked.turn(&question(id)).await.expect("no conflict").expect("a turn");
            assert_eq!(turn.replace("answer".into()), None);
        }
        assert_eq!(*asked.turn(&question(0)).await.expect("no conflict").expect("a turn"), None);
        assert!(asked.turn(&question(MAX_REMEMBERED)).await.expect("no conflict").expect("a turn").is_some());
    }

    #[tokio::test]
    async fn a_turn_without_an_answer_is_left_to_the_next() {
        let asked = Asked::default();
        drop(asked.turn(&question(1)).await.expect("no conflict"));
        assert_eq!(*asked.turn(&question(1)).await.expect("no conflict").expect("a turn"), None);
    }
}
