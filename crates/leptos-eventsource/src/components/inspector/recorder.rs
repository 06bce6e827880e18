use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use gloo_timers::callback::Interval;
use leptos::prelude::*;

use super::record::{Counts, LogLine, Record};
use crate::components::clock::wall_clock;
use crate::options::Delivery;
use crate::registry::{self, About, Observer, Serial, Told};
use crate::schedule::Schedule;
#[cfg(feature = "hydrate")]
use crate::taking_over::taking_over;

/// How often rates are worked out.
const TICK_MILLIS: u32 = 1_000;

/// Hears what happens on every stream, notes it at once, and has it shown with the next animation frame.
pub(super) struct Recorder {
    /// The most lines that are kept of a stream.
    kept: usize,
    /// In the order in which the streams came.
    recorded: RefCell<BTreeMap<Serial, Recorded>>,
    /// What is shown.
    list: RwSignal<Vec<Listed>>,
    /// Whether somebody looks. If not, everything is noted all the same, and nothing is drawn.
    is_shown: Cell<bool>,
    schedule: Rc<Schedule>,
    draw: Rc<dyn Fn()>,
    /// Whether a drawing is scheduled.
    is_due: Cell<bool>,
    last_tick: Cell<f64>,
    #[cfg(feature = "hydrate")]
    is_taking_over: Option<Box<dyn Fn() -> bool>>,
    _tick: Interval,
}

struct Recorded {
    record: Record,
    has_changed: bool,
    stream_view: ArcRwSignal<Option<StreamView>>,
}

/// A stream in the panel.
#[derive(Clone)]
pub(super) struct Listed {
    pub(super) serial: Serial,
    /// `None` until it is drawn for the first time.
    pub(super) stream_view: ArcRwSignal<Option<StreamView>>,
}

/// What the panel shows of a stream.
#[derive(Clone, Debug)]
pub(super) struct StreamView {
    pub(super) about: About,
    pub(super) counts: Counts,
    /// Oldest first.
    pub(super) lines: Vec<Arc<LogLine>>,
}

impl Recorder {
    /// One that fills `list`, and keeps so many lines of each stream.
    pub(super) fn new(list: RwSignal<Vec<Listed>>, kept: usize, is_shown: bool) -> Rc<Self> {
        let this = Rc::new_cyclic(|this: &Weak<Self>| {
            let (drawn, ticked) = (this.clone(), this.clone());
            Self {
                kept,
                recorded: RefCell::default(),
                list,
                is_shown: Cell::new(is_shown),
                schedule: Schedule::new(Delivery::AnimationFrame),
                draw: Rc::new(move || {
                    if let Some(this) = drawn.upgrade() {
                        this.draw();
                    }
                }),
                is_due: Cell::new(false),
                last_tick: Cell::new(wall_clock()),
                #[cfg(feature = "hydrate")]
                is_taking_over: taking_over().map(|it| Box::new(it) as _),
                _tick: Interval::new(TICK_MILLIS, move || {
                    if let Some(this) = ticked.upgrade() {
                        this.tick();
                    }
                }),
            }
        });
        for stream in registry::streams() {
            this.recorded.borrow_mut().insert(stream, Recorded::default());
        }
        this.schedule_draw();
        this
    }

    /// Says whether somebody looks from now on.
    pub(super) fn set_shown(&self, is_shown: bool) {
        self.is_shown.set(is_shown);
        self.schedule_draw();
    }

    fn schedule_draw(&self) {
        if !self.is_due.replace(true) {
            self.schedule.call(&self.draw);
        }
    }

    fn tick(&self) {
        let now = wall_clock();
        let passed = now - self.last_tick.replace(now);
        for recorded in self.recorded.borrow_mut().values_mut() {
            recorded.record.tick(passed);
            // Also for the countdown of one that waits.
            recorded.has_changed = true;
        }
        if self.is_shown.get() {
            self.schedule_draw();
        }
    }

    fn draw(&self) {
        self.is_due.set(false);
        // The server has listed nothing, so until the page is taken over there must be nothing in the list.
        #[cfg(feature = "hydrate")]
        if self.is_taking_over.as_ref().is_some_and(|is_taking_over| is_taking_over()) {
            return self.schedule_draw();
        }
        let mut listed = Vec::new();
        let mut changed = Vec::new();
        for (serial, recorded) in self.recorded.borrow_mut().iter_mut() {
            listed.push(Listed { serial: *serial, stream_view: recorded.stream_view.clone() });
            if self.is_shown.get()
                && std::mem::take(&mut recorded.has_changed)
                && let Some(stream) = serial.stream()
            {
                let lines = recorded.record.lines.iter().cloned().collect();
                let now = StreamView { about: stream.about(), counts: recorded.record.counts, lines };
                changed.push((recorded.stream_view.clone(), now));
            }
        }
        // Only now, when nothing is borrowed: who is told may do anything.
        for (signal, now) in changed {
            signal.set(Some(now));
        }
        let serials = |list: &[Listed]| list.iter().map(|listed| listed.serial).collect::<Vec<_>>();
        if self.list.with_untracked(|list| serials(list)) != serials(&listed) {
            self.list.set(listed);
        }
    }
}

impl Observer for Recorder {
    fn came(&self, stream: Serial) {
        self.recorded.borrow_mut().entry(stream).or_default();
        self.schedule_draw();
    }

    fn went(&self, stream: Serial) {
        self.recorded.borrow_mut().remove(&stream);
        self.schedule_draw();
    }

    fn tell(&self, stream: Serial, told: Told<'_>) {
        if let Some(recorded) = self.recorded.borrow_mut().get_mut(&stream) {
            recorded.record.note(told, wall_clock(), self.kept);
            recorded.has_changed = true;
        }
        if self.is_shown.get() {
            self.schedule_draw();
        }
    }
}

impl Default for Recorded {
    fn default() -> Self {
        Self { record: Record::default(), has_changed: true, stream_view: ArcRwSignal::new(None) }
    }
}
