//! What may be asked.

use demo_contract::assistant::{MAX_MESSAGES, MAX_QUESTION_CHARS, Question, Role};

use crate::problem::Refusal;
use crate::visitor::check_client_id;

/// Refuses with a detail that begins with the name of the field.
pub(super) fn check(question: &Question) -> Result<(), Refusal> {
    let invalid = |detail: String| Err(Refusal::invalid(detail));
    if let Err(error) = question.client_id.as_deref().map_or(Ok(()), check_client_id) {
        return invalid(format!("client_id: {error}"));
    }
    let messages = &question.messages;
    if !(1..=MAX_MESSAGES).contains(&messages.len()) {
        return invalid(format!("messages: must have 1 to {MAX_MESSAGES} of them"));
    }
    if messages.last().is_none_or(|last| last.role != Role::User) {
        return invalid("messages: the last one must have the role \"user\"".into());
    }
    for (index, message) in messages.iter().enumerate() {
        if message.content.trim().is_empty() {
            return invalid(format!("messages[{index}].content: must not be empty"));
        }
    }
    let characters: usize = messages.iter().map(|message| message.content.chars().count()).sum();
    match characters > MAX_QUESTION_CHARS {
        true => invalid(format!("messages: must not have more than {MAX_QUESTION_CHARS} characters in all")),
        false => Ok(()),
    }
}
