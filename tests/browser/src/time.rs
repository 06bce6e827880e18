use std::time::Duration;

use wasm_bindgen::JsValue;

/// Timers of a second and more wait until the test lets time pass. The browser's own are there again when this is dropped.
#[derive(Debug)]
pub struct Time(());

impl Time {
    /// It stands still.
    #[must_use]
    pub fn stands_still() -> Self {
        eval(
            "const page = globalThis;
             // Of a test that failed: nothing is dropped there.
             page.release?.();
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

fn eval(script: &str) -> JsValue {
    js_sys::eval(&format!("{{ {script} }}")).expect("the script is well-formed")
}
