use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use gloo_timers::callback::Interval;
use leptos::prelude::*;

use super::record::{Counts, Frame, Record};
use crate::components::clock::wall_clock;
use crate::options::Delivery;
use crate::registry::{self, About, Observer, Serial, Told};
use crate::schedule::Schedule;

/// How often rates are worked out.
const TICK_MILLIS: u32 = 1_000;

/// Hears what happens on every stream, notes it at once, and has it shown with the next animation frame.
pub(super) struct Recorder {
    /// The most frames that are kept of a stream.
    kept: usize,
    /// In the order in which the streams came.
    entries: RefCell<BTreeMap<Serial, Entry>>,
    /// What is shown.
    list: RwSignal<Vec<Listed>>,
    /// Whether somebody looks. If not, everything is noted all the same, and nothing is drawn.
    is_shown: Cell<bool>,
    schedule: Rc<Schedule>,
    draw: Rc<dyn Fn()>,
    /// Whether a frame is on its way.
    is_due: Cell<bool>,
    last_tick: Cell<f64>,
    _tick: Interval,
}

struct Entry {
    record: Record,
    has_changed: bool,
    snapshot: ArcRwSignal<Option<Snapshot>>,
}

/// A stream in the panel.
#[derive(Clone)]
pub(super) struct Listed {
    pub(super) serial: Serial,
    /// `None` until it is drawn for the first time.
    pub(super) snapshot: ArcRwSignal<Option<Snapshot>>,
}

/// What the panel shows of a stream.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) about: About,
    pub(super) counts: Counts,
    /// Oldest first.
    pub(super) frames: Vec<Arc<Frame>>,
}

impl Recorder {
    /// One that fills `list`, and keeps so many frames of each stream.
    pub(super) fn new(list: RwSignal<Vec<Listed>>, kept: usize, is_shown: bool) -> Rc<Self> {
        let this = Rc::new_cyclic(|this: &Weak<Self>| {
            let (drawn, ticked) = (this.clone(), this.clone());
            Self {
                kept,
                entries: RefCell::default(),
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
                _tick: Interval::new(TICK_MILLIS, move || {
                    if let Some(this) = ticked.upgrade() {
                        this.tick();
                    }
                }),
            }
        });
        for stream in registry::streams() {
            this.entries.borrow_mut().insert(stream, Entry::default());
        }
        this.request_frame();
        this
    }

    /// Says whether somebody looks from now on.
    pub(super) fn set_shown(&self, is_shown: bool) {
        self.is_shown.set(is_shown);
        self.request_frame();
    }

    fn request_frame(&self) {
        if !self.is_due.replace(true) {
            self.schedule.call(&self.draw);
        }
    }

    fn tick(&self) {
        let now = wall_clock();
        let passed = now - self.last_tick.replace(now);
        for entry in self.entries.borrow_mut().values_mut() {
            entry.record.tick(passed);
            // Also for the countdown of one that waits.
            entry.has_changed = true;
        }
        if self.is_shown.get() {
            self.request_frame();
        }
    }

    fn draw(&self) {
        self.is_due.set(false);
        let mut listed = Vec::new();
        let mut changed = Vec::new();
        for (serial, entry) in self.entries.borrow_mut().iter_mut() {
            listed.push(Listed { serial: *serial, snapshot: entry.snapshot.clone() });
            if self.is_shown.get()
                && std::mem::take(&mut entry.has_changed)
                && let Some(stream) = serial.stream()
            {
                let frames = entry.record.frames.iter().cloned().collect();
                let snapshot = Snapshot { about: stream.about(), counts: entry.record.counts, frames };
                changed.push((entry.snapshot.clone(), snapshot));
            }
        }
        // Only now, when nothing is borrowed: who is told may do anything.
        for (signal, snapshot) in changed {
            signal.set(Some(snapshot));
        }
        let serials = |list: &[Listed]| list.iter().map(|listed| listed.serial).collect::<Vec<_>>();
        if self.list.with_untracked(|list| serials(list)) != serials(&listed) {
            self.list.set(listed);
        }
    }
}

impl Observer for Recorder {
    fn came(&self, stream: Serial) {
        self.entries.borrow_mut().entry(stream).or_default();
        self.request_frame();
    }

    fn went(&self, stream: Serial) {
        self.entries.borrow_mut().remove(&stream);
        self.request_frame();
    }

    fn tell(&self, stream: Serial, told: Told<'_>) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(&stream) {
            entry.record.note(told, wall_clock(), self.kept);
            entry.has_changed = true;
        }
        if self.is_shown.get() {
            self.request_frame();
        }
    }
}

impl Default for Entry {
    fn default() -> Self {
        Self { record: Record::default(), has_changed: true, snapshot: ArcRwSignal::new(None) }
    }
}
