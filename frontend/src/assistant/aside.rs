//! Conversations that are out of sight.

use serde::{Deserialize, Serialize};

use super::conversation::{Conversation, each_readable};

/// How many are kept.
const CAPACITY: usize = 4;

/// The conversations of this tab that were left to look at something else, the one that was left last at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Aside(#[serde(deserialize_with = "each_readable")] Vec<Conversation>);

impl Aside {
    /// Leaves a conversation for one that begins.
    pub(super) fn leave(&mut self, left: Conversation) {
        self.keep(self.0.len(), left);
    }

    /// Leaves a conversation for an answer, and returns the one to which that belongs if it was left before.
    pub(super) fn follow(&mut self, left: Conversation, answer: &str) -> Option<Conversation> {
        let found = self.0.iter().position(|other| other.has_answer(answer)).map(|at| self.0.remove(at));
        self.leave(left);
        found
    }

    /// Leaves a conversation for the one that was left last. So all come round.
    pub(super) fn turn(&mut self, left: Conversation) -> Option<Conversation> {
        let last = self.0.pop()?;
        self.keep(0, left);
        Some(last)
    }

    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn keep(&mut self, at: usize, left: Conversation) {
        // What was only looked at is found again under its address.
        if !left.was_asked_here() {
            return;
        }
        self.0.insert(at, left);
        if self.0.len() > CAPACITY {
            self.0.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::Assistant;
    use demo_contract::assistant::Answer;

    use super::*;

    /// A conversation of which one answer is known, by the question.
    fn own(question: &str) -> Conversation {
        let mut conversation = Conversation::default();
        conversation.ask(question.into(), "1".into());
        let (answer, model, question) = (question.to_owned(), String::new(), question.to_owned());
        conversation.handle_event(&Assistant::Answer(Answer { answer, model, question }));
        conversation
    }

    #[test]
    fn a_conversation_that_is_left_for_an_answer_comes_back() {
        let mut aside = Aside::default();
        assert_eq!(aside.follow(Conversation::default(), "x"), None);
        assert!(aside.is_empty(), "there was nothing to leave");
        assert_eq!(aside.follow(own("a"), "x"), None);
        assert_eq!(aside.follow(Conversation::follow("x"), "y"), None);
        assert_eq!(aside.turn(Conversation::follow("y")), Some(own("a")));
        assert!(aside.is_empty(), "what was only looked at is not kept");
        assert_eq!(aside.turn(own("a")), None);
    }

    #[test]
    fn a_conversation_that_is_left_for_a_new_one_comes_back() {
        let mut aside = Aside::default();
        aside.leave(own("a"));
        assert_eq!(aside.turn(Conversation::default()), Some(own("a")));
        assert!(aside.is_empty(), "nothing was said in the new one");
    }

    #[test]
    fn an_answer_of_a_conversation_that_was_left_leads_back_to_it() {
        let mut aside = Aside::default();
        aside.follow(own("a"), "x");
        aside.follow(own("b"), "x");
        assert_eq!(aside.follow(Conversation::follow("x"), "a"), Some(own("a")));
        assert_eq!(aside, Aside(vec![own("b")]));
    }

    #[test]
    fn all_come_round_and_the_oldest_go_when_there_are_too_many() {
        let mut aside = Aside::default();
        for question in ["a", "b"] {
            aside.follow(own(question), "x");
        }
        let mut shown = own("c");
        for expected in ["b", "a", "c"] {
            shown = aside.turn(shown).expect("another one");
            assert_eq!(shown, own(expected));
        }
        for number in 0..CAPACITY + 2 {
            aside.follow(own(&number.to_string()), "x");
        }
        assert_eq!((aside.0.len(), aside.0.first()), (CAPACITY, Some(&own("2"))));
    }
}
