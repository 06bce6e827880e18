use crate::dispatch;

/// What the browser says of the network, until this is dropped. It is said in every test, because on a machine that has no
/// network but its own the truth is "offline".
#[derive(Debug)]
pub struct Network(());

impl Network {
    /// It says `online` or `offline`.
    #[must_use]
    pub fn says(event_type: &str) -> Self {
        let network = Self::is_in_silence(event_type);
        dispatch(event_type);
        network
    }

    /// It would say so if it were asked.
    #[must_use]
    pub fn is_in_silence(event_type: &str) -> Self {
        let is_online = event_type == "online";
        eval(&format!(
            "Object.defineProperty(navigator, 'onLine', {{ value: {is_online}, configurable: true }})"
        ));
        Self(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        eval("delete navigator.onLine");
    }
}

fn eval(script: &str) {
    js_sys::eval(script).expect("the script is well-formed");
}
