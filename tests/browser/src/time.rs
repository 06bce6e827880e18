use std::panic;
use std::sync::Once;
use std::time::Duration;

use wasm_bindgen::JsValue;

/// Timers of a second and more wait until the test lets time pass. The browser's own are there again when this is dropped.
#[derive(Debug)]
pub struct Time(());

impl Time {
    /// It stands still.
    #[must_use]
    pub fn stands_still() -> Self {
        release_at_a_panic();
        eval(
            "const page = globalThis;
             const own = {
                 setTimeout: page.setTimeout, clearTimeout: page.clearTimeout,
                 setInterval: page.setInterval, clearInterval: page.clearInterval,
                 now: performance.now.bind(performance),
             };
             let passed = 0, timers = new Map(), number = -1;
             performance.now = () => own.now() + passed;
             page.immediate = 0;
             const set = (name, isRepeated) => (f, millis) => {
                 if (!(millis >= 1000)) {
                     page.immediate += millis === 0;
                     return own[name].call(page, f, millis);
                 }
                 timers.set(--number, { f, at: performance.now() + millis, every: isRepeated ? millis : 0 });
                 return number;
             };
             page.setTimeout = set('setTimeout', false);
             page.setInterval = set('setInterval', true);
             const clear = (timer) => timers.delete(timer) || own.clearTimeout.call(page, timer);
             page.clearTimeout = clear;
             page.clearInterval = clear;
             page.pass = (millis) => {
                 passed += millis;
                 for (const [number, timer] of [...timers]) {
                     if (timer.at > performance.now() || !timers.has(number)) continue;
                     if (timer.every) timer.at += timer.every; else timers.delete(number);
                     timer.f();
                 }
             };
             page.release = () => {
                 const { now, ...others } = own;
                 Object.assign(page, others);
                 delete performance.now;
                 delete page.release;
                 for (const { f, at, every } of timers.values()) {
                     if (!every) own.setTimeout.call(page, f, at - own.now() - passed);
                 }
             };",
        );
        Self(())
    }

    /// Lets this time pass, and runs what is due.
    pub fn pass(&self, time: Duration) {
        eval(&format!("pass({});", time.as_millis()));
    }

    /// Lets seconds pass, one by one, until something holds. What a busy machine has made late is given another second.
    ///
    /// # Panics
    /// If it does not hold after twenty.
    pub fn pass_until(&self, what: &str, condition: impl Fn() -> bool) {
        for _ in 0..20 {
            if condition() {
                return;
            }
            self.pass(Duration::from_secs(1));
        }
        assert!(condition(), "let twenty seconds pass for: {what}");
    }

    /// How many timers were set that are due at once.
    #[must_use]
    pub fn immediate_timers(&self) -> f64 {
        eval("immediate;").as_f64().expect("it is a number")
    }
}

impl Drop for Time {
    fn drop(&mut self) {
        eval("release();");
    }
}

/// A test that fails drops nothing, and those behind it need their timers.
fn release_at_a_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            eval("globalThis.release?.();");
            earlier(info);
        }));
    });
}

fn eval(script: &str) -> JsValue {
    js_sys::eval(&format!("{{ {script} }}")).expect("the script is well-formed")
}
