use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::history::{HistoryError, Page, Reply};
use crate::reader::{Reader, Step};

/// A reader, and the read whose answer has not come yet.
#[derive(Debug)]
pub(crate) struct Pages {
    reader: Reader,
    reading: Option<Reading>,
}

struct Reading(Pin<Box<dyn Future<Output = Result<Page, HistoryError>> + Send>>);

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

impl Pages {
    pub(crate) fn new(reader: Reader) -> Self {
        Self { reader, reading: None }
    }

    #[cfg(feature = "serve")]
    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    pub(crate) fn reader_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// What comes next. Pending only if the history answers later.
    pub(crate) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Step, HistoryError>> {
        let page = ready!(self.poll_page(cx));
        Poll::Ready(page.and_then(|page| self.reader.handle_page(page)))
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Result<Page, HistoryError>> {
        if self.reading.is_none() {
            match self.reader.read() {
                Reply::Now(page) => return Poll::Ready(page),
                Reply::Later(answer) => self.reading = Some(Reading(answer)),
            }
        }
        let Some(reading) = &mut self.reading else {
            return Poll::Pending;
        };
        let page = ready!(reading.0.as_mut().poll(cx));
        self.reading = None;
        Poll::Ready(page)
    }
}
