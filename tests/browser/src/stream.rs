use gloo_net::http::Request;
use sse_testkit::Report;
use sse_testkit::script::Script;

use crate::wait::Patience;

/// A stream of its own on the scripted server.
#[derive(Clone, Debug)]
pub struct Stream {
    key: String,
    url: String,
}

impl Stream {
    /// A stream that does what `script` says; its language is that of [`sse_testkit::script`].
    ///
    /// # Panics
    /// If the script is malformed, or the server does not answer.
    pub async fn new(script: &str) -> Self {
        if let Err(error) = script.parse::<Script>() {
            panic!("{error}");
        }
        get("/healthz").await;
        let key = format!("{:x}", (js_sys::Math::random() * (1_u64 << 53) as f64) as u64);
        let script = String::from(js_sys::encode_uri_component(script));
        let url = format!("{}/stream/{key}?script={script}", server());
        Self { key, url }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it is as well: to a browser, another name is another origin.
    #[must_use]
    pub fn url_of_another_origin(&self) -> String {
        let url = self.url.replacen("127.0.0.1", "localhost", 1);
        assert_ne!(url, self.url, "the server is known by its address");
        url
    }

    /// What the server saw of it.
    pub async fn report(&self) -> Report {
        let report = get(&format!("/report/{}", self.key)).await;
        report.json().await.unwrap_or_else(|error| panic!("the report is not one: {error}"))
    }

    /// Waits until the report fulfils `condition`, and returns it.
    ///
    /// # Panics
    /// If it does not in time; says that it waited for `what`, and where.
    #[track_caller]
    pub fn until(&self, what: &str, condition: impl Fn(&Report) -> bool) -> impl Future<Output = Report> {
        let mut patience = Patience::new(what);
        async move {
            loop {
                let report = self.report().await;
                if condition(&report) {
                    return report;
                }
                patience.spend().await;
            }
        }
    }

    /// Waits until the server holds no connection of this stream, and returns how many there were.
    #[track_caller]
    pub fn until_nobody_is_connected(&self) -> impl Future<Output = usize> {
        let left = self.until("nobody is connected", |report| report.open == 0);
        async move { left.await.visits.len() }
    }

    /// Lets the connections go on that wait for `name`.
    pub async fn release(&self, name: &str) {
        let url = format!("{}/release/{}/{name}", server(), self.key);
        Request::post(&url).send().await.unwrap_or_else(|error| not_running(&error));
    }
}

/// Tests are compiled, so the address is too.
fn server() -> &'static str {
    option_env!("SSE_TESTKIT_URL").unwrap_or("http://127.0.0.1:7357")
}

async fn get(path: &str) -> gloo_net::http::Response {
    let url = format!("{}{path}", server());
    Request::get(&url).send().await.unwrap_or_else(|error| not_running(&error))
}

fn not_running<T>(error: &gloo_net::Error) -> T {
    panic!(
        "the scripted server does not answer at {} ({error}); start it first: \
         cargo run -p sse-testkit -- --listen 127.0.0.1:7357",
        server()
    )
}
