//! A conversation as this page knows it: questions, and how far the answer to each has come.
//!
//! The text of an answer and its cursor belong together: whoever has both goes on in the middle of a sentence, after a
//! lost connection and after a reload alike. So they are kept together, and change together.

use std::mem;

use demo_contract::Assistant;
use demo_contract::assistant::{FinishReason, MAX_MESSAGES, MAX_QUESTION_CHARS, Message, Question, Role};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// How many questions are kept.
const CAPACITY: usize = 50;

/// Questions and answers, the oldest first. Only the last one can be under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
// Another version of the page may have kept it, as it may have kept a `Turn`.
#[serde(default)]
pub(super) struct Conversation {
    #[serde(deserialize_with = "turns")]
    turns: Vec<Turn>,
    /// How many questions there ever were.
    asked: u64,
}

/// A question and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Turn {
    /// Counts the questions of the conversation: a key for a list.
    pub(super) serial: u64,
    /// The page's own id of the question: the same again is not a new question. Empty for an answer that was begun elsewhere.
    pub(super) client_id: String,
    /// What was asked. Empty for an answer that was begun elsewhere, until the stream has told it.
    pub(super) question: String,
    /// The id of the answer, once the server has named it.
    pub(super) answer: Option<String>,
    /// The model that answers; empty until it is known.
    pub(super) model: String,
    /// The answer as far as it has come, as Markdown.
    pub(super) text: String,
    /// The id of the last event that is in `text`.
    cursor: String,
    /// How far it has come.
    #[serde(deserialize_with = "readable")]
    pub(super) status: Status,
    /// The answer that `text` still holds, while the question is asked again and no other has begun.
    #[serde(deserialize_with = "readable")]
    before: Option<Before>,
}

/// What is known of an answer whose question is asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    answer: Option<String>,
    cursor: String,
    status: Status,
}

/// How far an answer has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    /// The server has not named it yet.
    Asked,
    /// It is being given.
    Running,
    /// It has ended, for this reason.
    Finished(FinishReason),
    /// There is no more of it.
    Failed(Fault),
}

/// Why there is no more of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fault {
    /// The model broke off, and said this.
    BrokenOff(String),
    /// The server refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// In the server's words; may be empty.
        detail: String,
    },
    /// Nobody knows whether the question has arrived.
    Unreachable,
    /// The server does not have the answer, or not all of it.
    Gone,
}

/// Of an answer of which nothing is known: what there is of it is all.
impl Default for Status {
    fn default() -> Self {
        Self::Failed(Fault::Gone)
    }
}

/// What was kept, or nothing of it if another version of the page wrote what this one cannot read.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(kept: D) -> Result<T, D::Error> {
    let kept = Box::<RawValue>::deserialize(kept)?;
    Ok(serde_json::from_str(kept.get()).unwrap_or_default())
}

/// Those of the list that can be read.
pub(super) fn each_readable<'de, D, T>(kept: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let kept = Vec::<Box<RawValue>>::deserialize(kept)?;
    Ok(kept.iter().filter_map(|one| serde_json::from_str(one.get()).ok()).collect())
}

/// Those that can be read, each with a number of its own.
fn turns<'de, D: Deserializer<'de>>(kept: D) -> Result<Vec<Turn>, D::Error> {
    let mut turns: Vec<Turn> = each_readable(kept)?;
    if !turns.is_sorted_by(|one, next| one.serial < next.serial) {
        (0..).zip(&mut turns).for_each(|(serial, turn)| turn.serial = serial);
    }
    Ok(turns)
}

impl Status {
    /// Whether more may come.
    #[must_use]
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self, Self::Asked | Self::Running)
    }

    /// For the stylesheet, and for tests.
    #[must_use]
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Running => "running",
            Self::Finished(FinishReason::Complete) => "complete",
            Self::Finished(_) => "cut",
            Self::Failed(_) => "failed",
        }
    }
}

impl Conversation {
    /// One that begins with an answer which was asked for elsewhere.
    pub(super) fn follow(answer: &str) -> Self {
        let mut conversation = Self::default();
        conversation.push(String::new(), String::new(), Some(answer.to_owned()));
        conversation
    }

    /// Asks something.
    pub(super) fn ask(&mut self, question: String, client_id: String) {
        self.push(question, client_id, None);
    }

    fn push(&mut self, question: String, client_id: String, answer: Option<String>) {
        if self.turns.len() >= CAPACITY {
            self.turns.remove(0);
        }
        let status = if answer.is_some() { Status::Running } else { Status::Asked };
        let serial = self.turns.last().map_or(self.asked, |last| self.asked.max(last.serial + 1));
        self.turns.push(Turn { serial, client_id, question, answer, status, ..Turn::default() });
        self.asked = serial + 1;
    }

    /// Asks the last question again, from the beginning. Where nobody knows whether it has arrived it keeps its id: the
    /// server then gives the answer that it has begun, and does not ask the model twice. One that was asked in another tab
    /// has none here. What there is of an answer stays until another one begins, which may never happen.
    pub(super) fn ask_again(&mut self, client_id: String) {
        let Some(last) = self.turns.last_mut() else { return };
        if last.status != Status::Failed(Fault::Unreachable) || last.client_id.is_empty() {
            last.client_id = client_id;
        }
        last.before = Some(Before {
            answer: last.answer.take(),
            cursor: mem::take(&mut last.cursor),
            status: mem::replace(&mut last.status, Status::Asked),
        });
    }

    /// Takes in an event of the last answer.
    pub(super) fn handle_event(&mut self, event: &Assistant) {
        let Some(last) = self.turns.last_mut() else { return };
        match event {
            Assistant::Answer(begun) => {
                if last.before.take().is_some() {
                    last.text.clear();
                    last.cursor.clear();
                }
                last.answer = Some(begun.answer.clone());
                last.model.clone_from(&begun.model);
                last.question.clone_from(&begun.question);
                last.status = Status::Running;
            }
            Assistant::Token(token) => last.text.push_str(&token.text),
            Assistant::Failed(failed) => {
                last.status = Status::Failed(Fault::BrokenOff(failed.detail.clone()));
            }
            Assistant::Finished(finished) => last.status = Status::Finished(finished.reason),
        }
    }

    /// Notes the id of the last event that was taken in.
    pub(super) fn set_cursor(&mut self, id: String) {
        if let Some(last) = self.turns.last_mut() {
            last.cursor = id;
        }
    }

    /// The last answer ends here, if it has not ended yet. If it was to take the place of another one and has not
    /// begun, that one comes back, with what went wrong this time.
    pub(super) fn end(&mut self, status: Status) {
        if let Some(last) = self.turns.last_mut().filter(|last| last.status.is_under_way()) {
            last.status = status;
            if let Some(before) = last.before.take() {
                last.answer = before.answer;
                last.cursor = before.cursor;
                if !matches!(last.status, Status::Failed(_)) {
                    last.status = before.status;
                }
            }
        }
    }

    /// What is to be asked: as much of the conversation as the server takes, and the last question.
    pub(super) fn to_question(&self) -> Option<Question> {
        let (last, before) = self.turns.split_last()?;
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        let mut messages = vec![message(Role::User, &last.question)];
        let mut characters = last.question.chars().count();
        // From the newest to the oldest; what was never answered would be two questions in a row.
        for turn in before.iter().rev().filter(|turn| !turn.text.trim().is_empty()) {
            characters += turn.question.chars().count() + turn.text.chars().count();
            if messages.len() + 2 > MAX_MESSAGES || characters > MAX_QUESTION_CHARS {
                break;
            }
            messages.push(message(Role::Assistant, &turn.text));
            messages.push(message(Role::User, &turn.question));
        }
        messages.retain(|message| !message.content.trim().is_empty());
        messages.reverse();
        Some(Question { messages, client_id: Some(last.client_id.clone()) })
    }

    /// Where the last answer is to be gone on with: its id, and the cursor.
    #[must_use]
    pub(super) fn place(&self) -> Option<(&str, &str)> {
        let last = self.last()?;
        Some((last.answer.as_deref()?, &last.cursor))
    }

    /// Whether an answer is under way.
    #[must_use]
    pub(super) fn is_busy(&self) -> bool {
        self.last().is_some_and(|last| last.status.is_under_way())
    }

    /// Whether an answer is among these.
    #[must_use]
    pub(super) fn has_answer(&self, answer: &str) -> bool {
        self.turns.iter().any(|turn| turn.answer.as_deref() == Some(answer))
    }

    /// Whether any of it was asked in this tab, and not only looked at.
    #[must_use]
    pub(super) fn was_asked_here(&self) -> bool {
        self.turns.iter().any(|turn| !turn.client_id.is_empty())
    }

    #[must_use]
    pub(super) fn last(&self) -> Option<&Turn> {
        self.turns.last()
    }

    #[must_use]
    pub(super) fn turn(&self, serial: u64) -> Option<&Turn> {
        self.turns.iter().find(|turn| turn.serial == serial)
    }

    /// The keys of all questions that are kept.
    #[must_use]
    pub(super) fn serials(&self) -> Vec<u64> {
        self.turns.iter().map(|turn| turn.serial).collect()
    }

    /// How many questions are no longer kept.
    #[must_use]
    pub(super) fn dropped(&self) -> u64 {
        self.asked.saturating_sub(self.turns.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::assistant::{Answer, Failed, Finished, Token};

    use super::*;

    fn begun(answer: &str, question: &str) -> Assistant {
        Assistant::Answer(Answer { answer: answer.into(), model: "m".into(), question: question.into() })
    }

    fn token(text: &str) -> Assistant {
        Assistant::Token(Token { text: text.into() })
    }

    fn finished(reason: FinishReason) -> Assistant {
        Assistant::Finished(Finished { reason })
    }

    /// Asks, and answers with the text.
    fn turn(conversation: &mut Conversation, question: &str, text: &str) {
        conversation.ask(question.into(), question.into());
        for event in [begun("a", question), token(text), finished(FinishReason::Complete)] {
            conversation.handle_event(&event);
        }
    }

    fn contents(conversation: &Conversation) -> Vec<String> {
        let question = conversation.to_question().expect("something was asked");
        assert_eq!(question.messages.last().map(|last| last.role), Some(Role::User));
        question.messages.into_iter().map(|message| message.content).collect()
    }

    #[test]
    fn an_answer_is_its_tokens_and_its_place_is_behind_the_last() {
        let mut conversation = Conversation::default();
        conversation.ask("why?".into(), "1".into());
        assert_eq!(conversation.place(), None);
        for event in [begun("a", "why?"), token("be"), token("cause")] {
            conversation.handle_event(&event);
        }
        conversation.set_cursor("e.2".into());
        assert_eq!(conversation.place(), Some(("a", "e.2")));
        assert_eq!(conversation.last().map(|last| last.text.as_str()), Some("because"));
        assert!(conversation.is_busy());
        conversation.handle_event(&finished(FinishReason::Stopped));
        assert!(!conversation.is_busy());
        conversation.end(Status::Failed(Fault::Gone));
        assert_eq!(conversation.last().map(|last| last.status.as_str()), Some("cut"), "it ends once");
    }

    #[test]
    fn what_was_kept_goes_on_where_it_was() {
        let mut conversation = Conversation::default();
        conversation.ask("why?".into(), "1".into());
        conversation.handle_event(&begun("a", "why?"));
        conversation.handle_event(&token("be"));
        conversation.set_cursor("e.2".into());
        let kept = serde_json::to_string(&conversation).expect("can be kept");
        let mut back: Conversation = serde_json::from_str(&kept).expect("can be read");
        assert_eq!(back, conversation);
        back.handle_event(&token("cause"));
        assert_eq!(back.last().map(|last| last.text.as_str()), Some("because"));
    }

    #[test]
    fn what_another_version_has_kept_is_kept_as_far_as_it_goes() {
        let kept = r#"{"turns":[{"serial":3,"question":"why?","text":"because","mood":"calm"}]}"#;
        let mut conversation: Conversation = serde_json::from_str(kept).expect("can be read");
        let last = conversation.last().expect("a turn");
        assert_eq!((last.serial, last.question.as_str(), last.text.as_str()), (3, "why?", "because"));
        assert!(!conversation.is_busy(), "nobody knows whom to ask for the rest");
        assert_eq!(conversation.dropped(), 0);
        conversation.ask("and then?".into(), "2".into());
        assert_eq!(conversation.serials(), [3, 4]);
    }

    #[test]
    fn a_turn_that_cannot_be_read_costs_no_other() {
        let kept = r#"{"asked":9,"turns":[
            {"question":"one","text":"1","status":{"Failed":"Busy"},"before":{"answer":1}},
            {"question":["two"]},
            "three",
            {"question":"four","text":"4","status":{"Finished":"complete"}}
        ]}"#;
        let conversation: Conversation = serde_json::from_str(kept).expect("can be read");
        let texts: Vec<_> = conversation.turns.iter().map(|turn| turn.text.as_str()).collect();
        assert_eq!((texts, conversation.serials()), (vec!["1", "4"], vec![0, 1]));
        assert_eq!(conversation.turns[0].status, Status::default());
        assert_eq!(conversation.last().map(|last| last.status.as_str()), Some("complete"));
    }

    #[test]
    fn the_conversation_so_far_goes_with_the_question() {
        let mut conversation = Conversation::default();
        turn(&mut conversation, "q1", "a1");
        turn(&mut conversation, "unanswered", "");
        turn(&mut conversation, "q2", "a2");
        conversation.ask("q3".into(), "x".into());
        assert_eq!(contents(&conversation), ["q1", "a1", "q2", "a2", "q3"]);
    }

    #[test]
    fn the_oldest_stay_behind_where_the_server_takes_no_more() {
        let mut many = Conversation::default();
        for n in 0..CAPACITY + 3 {
            turn(&mut many, &format!("q{n}"), "a");
        }
        assert_eq!((many.serials().len(), many.dropped()), (CAPACITY, 3));
        assert_eq!(contents(&many).len(), MAX_MESSAGES - 1);

        let mut long = Conversation::default();
        turn(&mut long, "q1", "a");
        turn(&mut long, "q2", &"字".repeat(MAX_QUESTION_CHARS - 6));
        long.ask("q3".into(), "x".into());
        assert_eq!(contents(&long).len(), 3);
        turn(&mut long, "q4", "0123456789");
        long.ask("q5".into(), "x".into());
        assert_eq!(contents(&long), ["q4", "0123456789", "q5"]);
    }

    #[test]
    fn only_a_question_that_may_have_arrived_keeps_its_id() {
        for (fault, id) in
            [(Fault::Unreachable, "1"), (Fault::Gone, "2"), (Fault::BrokenOff("x".into()), "2")]
        {
            let mut conversation = Conversation::default();
            conversation.ask("why?".into(), "1".into());
            conversation.handle_event(&token("be"));
            conversation.set_cursor("e.1".into());
            conversation.end(Status::Failed(fault));
            conversation.ask_again("2".into());
            let last = conversation.last().expect("asked");
            assert_eq!((last.client_id.as_str(), last.text.as_str(), last.cursor.as_str()), (id, "be", ""));
            assert_eq!(last.status, Status::Asked);
            conversation.handle_event(&begun("b", "why?"));
            let last = conversation.last().expect("asked");
            assert_eq!(
                (last.answer.as_deref(), last.text.as_str(), last.cursor.as_str()),
                (Some("b"), "", "")
            );
        }
    }

    #[test]
    fn an_answer_stays_until_another_one_begins() {
        let mut conversation = Conversation::default();
        turn(&mut conversation, "why?", "because");
        conversation.set_cursor("e.3".into());
        let answered = conversation.clone();
        let status = |it: &Conversation| it.last().map(|last| last.status.clone());

        // Stopped before the server has said a word: nothing has happened.
        conversation.ask_again("why?".into());
        conversation.end(Status::Finished(FinishReason::Stopped));
        assert_eq!(conversation, answered);

        // The same over a reload, and what went wrong is told.
        conversation.ask_again("2".into());
        let kept = serde_json::to_string(&conversation).expect("can be kept");
        let mut conversation: Conversation = serde_json::from_str(&kept).expect("can be read");
        conversation.end(Status::Failed(Fault::Unreachable));
        assert_eq!(status(&conversation), Some(Status::Failed(Fault::Unreachable)));
        assert_eq!(conversation.place(), answered.place());
        assert_eq!(conversation.last().map(|last| last.text.as_str()), Some("because"));

        conversation.ask_again("3".into());
        for event in [begun("b", "why?"), begun("b", "why?"), token("so")] {
            conversation.handle_event(&event);
        }
        conversation.end(Status::Failed(Fault::Gone));
        assert_eq!(status(&conversation), Some(Status::Failed(Fault::Gone)));
        assert_eq!(conversation.place(), Some(("b", "")));
        assert_eq!(conversation.last().map(|last| last.text.as_str()), Some("so"));
    }

    #[test]
    fn an_answer_from_elsewhere_tells_its_question() {
        let mut conversation = Conversation::follow("a");
        assert!(conversation.has_answer("a") && conversation.is_busy());
        assert_eq!(conversation.place(), Some(("a", "")));
        conversation.handle_event(&begun("a", "why?"));
        conversation.handle_event(&Assistant::Failed(Failed { detail: "no".into() }));
        let last = conversation.last().expect("followed");
        assert_eq!((last.question.as_str(), last.status.as_str()), ("why?", "failed"));
    }
}
