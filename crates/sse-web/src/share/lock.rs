//! A lock that one tab of a browser has at a time.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::AbortController;

#[wasm_bindgen]
extern "C" {
    /// The Web Locks of this origin. `web_sys` has them behind a flag of the compiler.
    #[wasm_bindgen(js_name = LockManager)]
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        granted: &Function,
    ) -> Result<Promise, JsValue>;
}

/// Whether there are locks here.
pub(super) fn is_supported() -> bool {
    locks().is_some()
}

fn locks() -> Option<LockManager> {
    let member = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok().filter(|it| it.is_object());
    member(&member(&js_sys::global(), "navigator")?, "locks").map(JsValue::unchecked_into)
}

/// How to come by a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// In the queue.
    Wait,
    /// From whoever has it.
    Steal,
}

/// What becomes of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is ours.
    Granted,
    /// It was taken from us; perhaps before we knew that we had it.
    Lost,
    /// The browser has no locks for this page: it is a frame without an origin, or storage is forbidden.
    Refused,
}

/// A lock that is asked for or had. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Lock {
    /// Lets go of the lock.
    release: Function,
    /// Leaves the queue.
    abort: Option<AbortController>,
    is_held: Rc<Cell<bool>>,
}

impl Lock {
    /// Asks for a lock, and tells what becomes of it until this is dropped.
    pub(super) fn request(name: &str, how: How, tell: impl Fn(Outcome) + 'static) -> Option<Self> {
        let mut release = None;
        // The lock is had for as long as this is pending.
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let release = release?;
        let options = Object::new();
        let abort = match how {
            How::Wait => Some(AbortController::new().ok()?),
            How::Steal => None,
        };
        let (name_of_option, value) = match &abort {
            Some(abort) => ("signal", abort.signal().into()),
            None => ("steal", JsValue::TRUE),
        };
        Reflect::set(&options, &name_of_option.into(), &value).ok()?;

        let is_held = Rc::new(Cell::new(true));
        let tell = Rc::new(tell);
        let granted = Closure::<dyn Fn() -> Promise>::new({
            let (is_held, tell) = (is_held.clone(), tell.clone());
            move || {
                if is_held.get() {
                    tell(Outcome::Granted);
                }
                held.clone()
            }
        });
        let ended = locks()?.request(name, &options, granted.as_ref().unchecked_ref()).ok()?;
        spawn_local({
            let is_held = is_held.clone();
            async move {
                let ended = JsFuture::from(ended).await;
                // The browser does not call it any more.
                drop(granted);
                if let Err(error) = ended
                    && is_held.get()
                {
                    tell(if is_abort(&error) { Outcome::Lost } else { Outcome::Refused });
                }
            }
        });
        Some(Self { release, abort, is_held })
    }
}

/// Whether a request ended because somebody took the lock. What the browser refuses has other names.
fn is_abort(error: &JsValue) -> bool {
    Reflect::get(error, &"name".into()).is_ok_and(|name| name == "AbortError")
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.is_held.set(false);
        // First, or the lock could be granted in between. One that is had already is not touched by this.
        if let Some(abort) = &self.abort {
            abort.abort();
        }
        // What resolves a promise cannot fail.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}
