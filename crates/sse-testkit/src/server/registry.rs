//! What the server remembers: for each key who came and what was released.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::limits;
use super::request::Request;
use crate::report::{self, Report};

#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<Streams>);

#[derive(Debug, Default)]
struct Streams {
    by_key: HashMap<String, Arc<Stream>>,
    oldest_first: VecDeque<String>,
}

impl Registry {
    /// The stream of `key`, a new one if need be.
    pub(super) fn stream(&self, key: &str) -> Arc<Stream> {
        let mut streams = lock(&self.0);
        if let Some(stream) = streams.by_key.get(key) {
            return stream.clone();
        }
        if streams.oldest_first.len() >= limits::KEYS
            && let Some(oldest) = streams.oldest_first.pop_front()
        {
            streams.by_key.remove(&oldest);
        }
        let stream = Arc::new(Stream::default());
        streams.by_key.insert(key.to_owned(), stream.clone());
        streams.oldest_first.push_back(key.to_owned());
        stream
    }
}

/// All connections under one key.
#[derive(Debug, Default)]
pub(super) struct Stream {
    memory: Mutex<Memory>,
    released: Notify,
}

#[derive(Debug, Default)]
struct Memory {
    preflights: Vec<String>,
    visits: Vec<report::Visit>,
    released: HashSet<String>,
}

impl Stream {
    /// Takes note of a CORS preflight, and returns the number of the connection that it is about. Those past the limit
    /// are not remembered.
    pub(super) fn preflight(&self, headers: &str) -> usize {
        let mut memory = lock(&self.memory);
        if memory.preflights.len() < limits::VISITS {
            memory.preflights.push(headers.to_owned());
        }
        memory.visits.len()
    }

    /// Takes note of a connection; `None` if there were too many.
    pub(super) fn visit(self: Arc<Self>, request: &Request) -> Option<Visit> {
        let mut memory = lock(&self.memory);
        let number = memory.visits.len();
        if number >= limits::VISITS {
            return None;
        }
        let mut query = request.query.clone();
        query.remove("script");
        memory.visits.push(report::Visit {
            method: request.method.clone(),
            query,
            headers: request.headers.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            open: true,
        });
        drop(memory);
        Some(Visit { stream: self, number })
    }

    pub(super) fn report(&self) -> Report {
        let memory = lock(&self.memory);
        let visits = memory.visits.clone();
        let open = visits.iter().filter(|visit| visit.open).count();
        Report { open, preflights: memory.preflights.clone(), visits }
    }

    /// Lets everybody go on who waits for `name`; false if too many names were released.
    pub(super) fn release(&self, name: &str) -> bool {
        let mut memory = lock(&self.memory);
        if memory.released.len() >= limits::RELEASES {
            return false;
        }
        memory.released.insert(name.to_owned());
        drop(memory);
        self.released.notify_waiters();
        true
    }

    async fn wait(&self, name: &str) {
        loop {
            // Asked for first: a release between the look and the wait must not be missed.
            let released = self.released.notified();
            if lock(&self.memory).released.contains(name) {
                return;
            }
            released.await;
        }
    }
}

/// One connection. It is open until this is dropped, however that comes about.
#[derive(Debug)]
pub(super) struct Visit {
    stream: Arc<Stream>,
    number: usize,
}

impl Visit {
    /// How many came before it.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Ready when the test has released `name`.
    pub(super) async fn wait(&self, name: &str) {
        self.stream.wait(name).await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        lock(&self.stream.memory).visits[self.number].open = false;
    }
}

/// A panic elsewhere leaves nothing half done in here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_key_is_forgotten() {
        let registry = Registry::default();
        let first = registry.stream("first");
        assert!(Arc::ptr_eq(&first, &registry.stream("first")));
        for key in 0..limits::KEYS {
            registry.stream(&key.to_string());
        }
        assert!(!Arc::ptr_eq(&first, &registry.stream("first")));
    }

    #[test]
    fn releases_have_a_limit() {
        let stream = Stream::default();
        assert!((0..limits::RELEASES).all(|name| stream.release(&name.to_string())));
        assert!(!stream.release("one more"));
    }
}
