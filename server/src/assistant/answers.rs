use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use demo_contract::Assistant;
use demo_contract::assistant::{Answer, Question, topic};
use sse_hub::{Hub, Retention, Topic, TopicOptions};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use tracing::Instrument;

use super::asked::Asked;
use super::generator::Generator;
use super::model::Model;
use super::pump::{self, MAX_PIECES};
use super::upstream::Upstream;
use crate::config::AssistantConfig;
use crate::health::check_open;
use crate::problem::Refusal;
use crate::task::{Task, lock};

/// The most answers that are being given at a time.
const MAX_RUNNING: usize = 32;

/// The most answers that are there, but for those that begin at this moment.
const MAX_KEPT: usize = 256;

/// How long an answer can be read again after it began.
const KEPT_FOR: Duration = Duration::from_secs(3_600);

/// How often those are looked for that are too old.
const LOOK_FOR_OLD: Duration = Duration::from_secs(60);

/// The answers: those that are being given, and those that can still be read again.
#[derive(Debug)]
pub(crate) struct Answers {
    hub: Hub,
    model: Model,
    linger: Duration,
    kept: Mutex<HashMap<String, Kept>>,
    running: Arc<Semaphore>,
    asked: Asked,
    _forgetting: Task,
}

/// Which answer a question has.
#[derive(Debug)]
pub(super) enum Answered {
    /// One that begins now.
    Anew,
    /// The one with this id, which was begun when the question came first.
    Before(String),
}

#[derive(Debug)]
struct Kept {
    began: Instant,
    stop: Arc<Notify>,
    /// Gives the answer; ends with the server.
    giving: Task,
}

/// An answer that nobody gives yet. Its topic goes with it, also if its request is dropped while the model is asked.
struct Begun<'a> {
    hub: &'a Hub,
    topic: Topic<Assistant>,
    is_given: bool,
}

impl Begun<'_> {
    fn give(mut self) -> Topic<Assistant> {
        self.is_given = true;
        self.topic.clone()
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.is_given {
            // Nobody else knows its name.
            let _ = self.hub.remove_idle(self.topic.name().as_str());
        }
    }
}

impl Answers {
    pub(crate) fn new(hub: &Hub, config: &AssistantConfig, seed: u64) -> Result<Arc<Self>, String> {
        let model = match Upstream::new(config)? {
            Some(upstream) => Model::Upstream(upstream),
            None => Model::Generator(Generator::new(seed, config.pace)),
        };
        Ok(Self::with_model(hub, model, config.linger))
    }

    fn with_model(hub: &Hub, model: Model, linger: Duration) -> Arc<Self> {
        forget_kept(hub);
        Arc::new_cyclic(|answers| Self {
            hub: hub.clone(),
            model,
            linger,
            kept: Mutex::default(),
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
            asked: Asked::default(),
            _forgetting: Task::spawn(forget_old(Weak::clone(answers))),
        })
    }

    /// Begins the answer `id`, whose topic holds the first event, and asks the model; unless the same question was
    /// asked before under the same id, and its answer can still be read.
    pub(super) async fn ask(self: &Arc<Self>, id: &str, question: Question) -> Result<Answered, Refusal> {
        let Some(mut turn) = self.asked.turn(&question).await? else {
            // Nobody could come back to it: if the client goes away meanwhile the question is dropped with the request.
            self.begin(id, &question).await?;
            return Ok(Answered::Anew);
        };
        if let Some(known) = turn.as_deref()
            && self.find(known).is_ok()
        {
            return Ok(Answered::Before(known.to_owned()));
        }
        // Not the request's own: a page that goes away meanwhile comes back with the same question, and the model,
        // which may cost money, is not asked again. If it does not come back, the answer ends as one that was left.
        let (answers, id) = (Arc::clone(self), id.to_owned());
        let asking = async move {
            answers.begin(&id, &question).await?;
            *turn = Some(id);
            Ok(Answered::Anew)
        };
        let asked = tokio::spawn(asking.in_current_span()).await;
        asked.unwrap_or_else(|error| Err(Refusal::internal("the model could not be asked", error)))
    }

    async fn begin(&self, id: &str, question: &Question) -> Result<(), Refusal> {
        check_open(&self.hub)?;
        let busy = || {
            Refusal::unavailable("too many answers are being given at the moment", Duration::from_secs(10))
        };
        let permit = Arc::clone(&self.running).try_acquire_owned().map_err(|_| busy())?;
        if self.forget(MAX_KEPT - 1) >= MAX_KEPT {
            let full = "there are too many answers at the moment";
            return Err(Refusal::unavailable(full, Duration::from_secs(60)));
        }
        let topic = self.hub.topic_with(&topic(id), options())?;
        let begun = Begun { hub: &self.hub, topic, is_given: false };
        let asked = question.messages.last().map_or("", |message| &message.content).to_owned();
        let begins = Answer { answer: id.to_owned(), model: self.model.name().to_owned(), question: asked };
        begun.topic.publish(&Assistant::Answer(begins))?;
        // Only now that the answer can be taken down: a model may cost money.
        let speech = self.model.ask(question).await?;
        let topic = begun.give();
        let listeners = self.hub.presence_changes(topic.name().as_str());
        let stop = Arc::new(Notify::new());
        let giving = pump::give(topic, speech, listeners, Arc::clone(&stop), self.linger);
        let giving = Task::spawn(holding(permit, giving));
        self.kept().insert(id.to_owned(), Kept { began: Instant::now(), stop, giving });
        Ok(())
    }

    /// What stops an answer that is there.
    pub(super) fn find(&self, id: &str) -> Result<Arc<Notify>, Refusal> {
        let not_found = || Refusal::not_found("there is no such answer, or not any more");
        self.kept().get(id).map(|kept| Arc::clone(&kept.stop)).ok_or_else(not_found)
    }

    /// How many answers are being given.
    pub(crate) fn running(&self) -> usize {
        MAX_RUNNING - self.running.available_permits()
    }

    /// Forgets what is too old, and the oldest of what is more than `most`; never what is being given or read. Returns
    /// how many are left.
    fn forget(&self, most: usize) -> usize {
        let mut kept = self.kept();
        let mut oldest_first: Vec<_> = kept.iter().map(|(id, answer)| (answer.began, id.clone())).collect();
        oldest_first.sort_unstable();
        for (began, id) in oldest_first {
            if kept.len() <= most && began.elapsed() < KEPT_FOR {
                break;
            }
            let finished = kept.get(&id).is_some_and(|answer| answer.giving.is_finished());
            if finished && self.hub.remove_idle(&topic(&id)) {
                kept.remove(&id);
            }
        }
        kept.len()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        lock(&self.kept)
    }
}

fn options() -> TopicOptions {
    // All of it is kept, however long it becomes: it is read from its beginning.
    let retention = Retention { events: MAX_PIECES + 8, bytes: 16 * 1024 * 1024, age: None, keys: 1 };
    TopicOptions { retention, ..TopicOptions::default() }
}

/// Forgets what is too old, also if nobody asks anything any more.
async fn forget_old(answers: Weak<Answers>) {
    loop {
        sleep(LOOK_FOR_OLD).await;
        let Some(answers) = answers.upgrade() else { return };
        answers.forget(MAX_KEPT);
    }
}

/// Removes what an earlier life of the server has left in a history on a disk: nobody knows those answers any more.
fn forget_kept(hub: &Hub) {
    let is_answer = |name: &str| name.strip_prefix(&topic("")).is_some();
    for name in hub.kept_topics().iter().filter(|name| is_answer(name.as_str())) {
        if !hub.remove_idle(name.as_str()) {
            tracing::warn!(topic = %name, "not forgotten");
        }
    }
}

async fn holding(_permit: OwnedSemaphorePermit, giving: impl Future<Output = ()>) {
    giving.await;
}

#[cfg(test)]
mod tests {
    use demo_contract::assistant::{FinishReason, Finished, Message, Role, Token};
    use sse_hub::{Subscribe, Subscription};

    use super::*;

    fn answers(linger: u64) -> Arc<Answers> {
        // A token every ten seconds: an answer lasts for ever.
        let model = Model::Generator(Generator::new(1, 0.1));
        Answers::with_model(&Hub::default(), model, Duration::from_secs(linger))
    }

    fn question() -> Question {
        Question { messages: vec![Message { role: Role::User, content: "why?".into() }], client_id: None }
    }

    async fn all(answers: &Answers, id: &str) -> Vec<Assistant> {
        answers.hub.snapshot::<Assistant>([topic(id)]).await.expect("a snapshot").value
    }

    fn listen(answers: &Answers, id: &str) -> Subscription {
        answers.hub.subscribe(Subscribe::to([topic(id)])).expect("subscribed")
    }

    async fn last(answers: &Answers, id: &str) -> Option<Assistant> {
        all(answers, id).await.pop()
    }

    const ABANDONED: Assistant = Assistant::Finished(Finished { reason: FinishReason::Abandoned });

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_listens_to_ends_when_its_time_is_up() {
        let answers = answers(30);
        answers.begin("a", &question()).await.expect("begun");
        let (first, second) = (listen(&answers, "a"), listen(&answers, "a"));
        tokio::time::sleep(Duration::from_secs(100)).await;
        drop(first);
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert!(matches!(last(&answers, "a").await, Some(Assistant::Token(_))), "one still listens");
        drop(second);
        tokio::time::sleep(Duration::from_millis(29_900)).await;
        assert!(matches!(last(&answers, "a").await, Some(Assistant::Token(_))), "not yet");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(last(&answers, "a").await, Some(ABANDONED));
        assert_eq!(answers.running.available_permits(), MAX_RUNNING);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_back_in_time_finds_it_going_on() {
        let answers = answers(30);
        answers.begin("a", &question()).await.expect("begun");
        for _ in 0..5 {
            let listener = listen(&answers, "a");
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(listener);
            tokio::time::sleep(Duration::from_secs(29)).await;
        }
        assert!(matches!(last(&answers, "a").await, Some(Assistant::Token(_))));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(last(&answers, "a").await, Some(ABANDONED));
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_answers_are_given_at_a_time() {
        let answers = answers(30);
        for id in 0..MAX_RUNNING {
            answers.begin(&id.to_string(), &question()).await.expect("begun");
        }
        assert_eq!(answers.begin("x", &question()).await.expect_err("busy").status().as_u16(), 503);
        answers.find("0").expect("there").notify_one();
        tokio::time::sleep(Duration::from_millis(1)).await;
        answers.begin("x", &question()).await.expect("one has stopped");
    }

    #[tokio::test(start_paused = true)]
    async fn old_answers_make_place() {
        let answers = answers(1);
        for id in 0..MAX_KEPT + 10 {
            answers.begin(&id.to_string(), &question()).await.expect("begun");
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        assert!(answers.find("0").is_err() && answers.hub.presence(&topic("0")).is_none());
        assert_eq!(answers.kept().len(), MAX_KEPT);
        tokio::time::sleep(KEPT_FOR).await;
        answers.begin("x", &question()).await.expect("begun");
        assert_eq!(answers.kept().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_are_all_being_read_leave_no_place_for_another() {
        let answers = answers(30);
        let mut readers = Vec::new();
        for id in (0..MAX_KEPT).map(|id| id.to_string()) {
            answers.begin(&id, &question()).await.expect("begun");
            readers.push(listen(&answers, &id));
            answers.find(&id).expect("there").notify_one();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let refused = answers.begin("x", &question()).await.expect_err("full");
        assert_eq!(refused.status().as_u16(), 503);
        assert!(answers.hub.presence(&topic("x")).is_none() && answers.running() == 0);
        readers.pop();
        tokio::time::sleep(Duration::from_secs(30)).await;
        answers.begin("x", &question()).await.expect("one is not read any more");
        assert_eq!(answers.kept().len(), MAX_KEPT);
    }

    #[tokio::test(start_paused = true)]
    async fn old_answers_are_forgotten_also_if_nobody_asks_any_more() {
        let answers = answers(1);
        answers.begin("a", &question()).await.expect("begun");
        tokio::time::sleep(KEPT_FOR - Duration::from_secs(1)).await;
        answers.find("a").expect("it can be read again");
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert!(answers.find("a").is_err() && answers.hub.presence(&topic("a")).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_question_has_the_same_answer() {
        let texts = async || {
            let answers = Answers::with_model(
                &Hub::default(),
                Model::Generator(Generator::new(1, 1_000.0)),
                Duration::from_secs(3_600),
            );
            answers.begin("a", &question()).await.expect("begun");
            tokio::time::sleep(Duration::from_secs(60)).await;
            let events = all(&answers, "a").await;
            assert!(matches!(events.first(), Some(Assistant::Answer(_))));
            let complete = Assistant::Finished(Finished { reason: FinishReason::Complete });
            assert_eq!(events.last(), Some(&complete));
            let text = events.iter().filter_map(|event| match event {
                Assistant::Token(Token { text }) => Some(text.as_str()),
                _ => None,
            });
            text.collect::<String>()
        };
        assert_eq!(texts().await, texts().await);
    }
}
