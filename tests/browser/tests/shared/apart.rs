use std::borrow::Cow;
use std::sync::Arc;

use browser_tests::{Stream, Watch};
use sse_web::transport::{Fetch, NativeOrFetch};
use sse_web::{Options, Sharing};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{SCOPES, options};

/// How many connections two owners have of whom the second asks for something else.
async fn connections(first: impl Fn(&mut Options), second: impl Fn(&mut Options)) -> usize {
    let stream = Stream::new("event - 1 one").await;
    let watches = [&first as &dyn Fn(&mut Options), &second].map(|change| {
        let mut options = options(Sharing::page);
        change(&mut options);
        Watch::open(stream.url(), options)
    });
    for watch in &watches {
        watch.until_data("one").await;
    }
    stream.report().await.visits.len()
}

fn fetch(fetch: Fetch) -> impl Fn(&mut Options) {
    move |options| options.transport = Arc::new(fetch.clone())
}

#[wasm_bindgen_test]
async fn only_those_share_who_ask_for_the_same() {
    assert_eq!(connections(|_| {}, |_| {}).await, 1);
    assert_eq!(connections(fetch(Fetch::new()), fetch(Fetch::new())).await, 1);
    assert_eq!(connections(|_| {}, fetch(Fetch::new())).await, 2);
    assert_eq!(connections(|_| {}, |options| options.with_credentials = true).await, 2);
    assert_eq!(connections(|_| {}, |options| options.cursor_parameter = None).await, 2);
    assert_eq!(connections(|_| {}, |options| options.sharing = Sharing::none()).await, 2);
    assert_eq!(connections(|_| {}, |options| options.sharing = Sharing::browser()).await, 2);
    let others: Cow<'static, [&'static str]> = Cow::Borrowed(&["message", "tick"]);
    assert_eq!(connections(|_| {}, |options| options.event_types = others.clone()).await, 2);
    assert_eq!(connections(|_| {}, |options| options.client.max_retries = Some(3)).await, 2);
    assert_eq!(connections(|_| {}, |options| options.client.retry_rejected = true).await, 2);
    assert_eq!(connections(|_| {}, |options| options.client.retry_statuses.push(404)).await, 2);
    assert_eq!(connections(|_| {}, |options| options.client.retry_statuses.reverse()).await, 1);
    let with = |value: &str| fetch(Fetch::new().with_header("x-room", value).expect("a header"));
    assert_eq!(connections(with("a"), with("a")).await, 1);
    assert_eq!(connections(with("a"), with("b")).await, 2);
    let native_or = |fetch: Fetch| {
        move |options: &mut Options| options.transport = Arc::new(NativeOrFetch::new(fetch.clone()))
    };
    assert_eq!(connections(native_or(Fetch::new()), native_or(Fetch::new())).await, 1);
    assert_eq!(connections(native_or(Fetch::new()), |_| {}).await, 2);
}

#[wasm_bindgen_test]
async fn what_is_authorized_or_does_something_is_not_shared() {
    let token = || fetch(Fetch::new().with_bearer(|_| std::future::ready(Ok("secret".to_owned()))));
    assert_eq!(connections(token(), token()).await, 2);
    let header = || fetch(Fetch::new().with_header("Authorization", "Basic x").expect("a header"));
    assert_eq!(connections(header(), header()).await, 2);
    assert_eq!(connections(fetch(Fetch::post("ask")), fetch(Fetch::post("ask"))).await, 2);
    let sender = || fetch(Fetch::new().with_fetch(browser_tests::fetch));
    assert_eq!(connections(sender(), sender()).await, 2);
}

#[wasm_bindgen_test]
async fn what_is_authorized_is_shared_by_those_who_name_one_identity() {
    let token = |identity: &str, token: &'static str| {
        let fetch_it = Fetch::new().with_bearer(move |_| std::future::ready(Ok(token.to_owned())));
        fetch(fetch_it.share_as(identity))
    };
    assert_eq!(connections(token("ada", "a.1"), token("ada", "a.2")).await, 1);
    assert_eq!(connections(token("ada", "a.1"), token("bob", "b.1")).await, 2);
    let header = |identity: &str, value: &str| {
        let fetch_it = Fetch::new().with_header("authorization", value).expect("a header");
        fetch(fetch_it.share_as(identity))
    };
    assert_eq!(connections(header("ada", "Basic a"), header("ada", "Basic b")).await, 1);
    assert_eq!(connections(header("ada", "Basic a"), header("bob", "Basic a")).await, 2);
    assert_eq!(connections(token("ada", "a.1"), fetch(Fetch::new())).await, 2);
    let sender = |identity: &str| fetch(Fetch::new().with_fetch(browser_tests::fetch).share_as(identity));
    assert_eq!(connections(sender("ada"), sender("ada")).await, 1);
    assert_eq!(connections(sender("ada"), sender("bob")).await, 2);
    let post = || fetch(Fetch::post("ask").share_as("ada"));
    assert_eq!(connections(post(), post()).await, 2);
}

#[wasm_bindgen_test]
async fn the_token_is_that_of_somebody_who_is_still_there() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             wait gone
             end
             ---
             event - 2 two",
        )
        .await;
        let open = |token: &'static str| {
            let fetch_it = Fetch::new().with_bearer(move |_| std::future::ready(Ok(token.to_owned())));
            let mut options = options(scope);
            options.transport = Arc::new(fetch_it.share_as("ada"));
            Watch::open(stream.url(), options)
        };
        let (goes, stays) = (open("first"), open("second"));
        goes.until_data("one").await;
        drop(goes);
        stream.release("gone").await;
        stays.until_data("two").await;
        assert_eq!(stays.data(), ["one", "two"]);
        let report = stream.report().await;
        let tokens = report.visits.iter().map(|visit| visit.headers.get("authorization").map(String::as_str));
        assert_eq!(tokens.collect::<Vec<_>>(), [Some("Bearer first"), Some("Bearer second")]);
    }
}
