//! The server's half, through its routes: pages, streams and forms.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERER};
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use leptos::config::LeptosOptions;
use ssr_axum::auction::Bid;
use ssr_axum::house::{House, KEPT, Refusal};
use ssr_axum::routes::router;
use tower::ServiceExt;

fn auction() -> (House, Router) {
    let house = House::open().expect("opened");
    let options = LeptosOptions::builder().output_name("ssr_axum").build();
    (house.clone(), router(house, options))
}

/// Bids as much as has to be.
fn bid(house: &House, lot: usize) {
    let amount = house.snapshot().value.0[lot].next_bid();
    house.bid(Bid { lot, amount }).expect("it is enough");
}

/// What a page holds when it comes from the server.
#[derive(Debug)]
struct Page {
    html: String,
}

impl Page {
    async fn load(router: &Router) -> Self {
        let request = Request::get("/").body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("cannot fail");
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await.expect("a whole page").to_bytes();
        Self { html: String::from_utf8(body.into()).expect("UTF-8") }
    }

    /// What stands behind `before`, from the first character of `of` to the first other one.
    fn after(&self, before: &str, of: fn(char) -> bool) -> &str {
        let (_, rest) =
            self.html.split_once(before).unwrap_or_else(|| panic!("no {before} in {}", self.html));
        let rest = &rest[rest.find(of).expect("something")..];
        &rest[..rest.find(|c| !of(c)).unwrap_or(rest.len())]
    }

    /// The number that a person sees first: of bids for lot 0.
    fn bids(&self) -> u32 {
        self.after(r#"data-testid="bids">"#, |c| c.is_ascii_digit()).parse().expect("a number")
    }

    /// The cursor that goes to the browser with the snapshot.
    fn last_event_id(&self) -> &str {
        self.after("last_event_id", |c| c.is_ascii_hexdigit() || c == '.')
    }
}

/// The amounts of the bids after a cursor, as many as are `wanted`; `None` if some were lost.
async fn follow(router: &Router, last_event_id: &str, wanted: u32) -> Option<Vec<u32>> {
    let uri = format!("/events?last_event_id={last_event_id}");
    let request = Request::get(uri).body(Body::empty()).expect("a request");
    let mut body = router.clone().oneshot(request).await.expect("cannot fail").into_body();
    let mut text = String::new();
    let mut amounts = Vec::new();
    let reading = async {
        while amounts.len() < wanted as usize {
            let frame = body.frame().await.expect("goes on").expect("reads");
            text += std::str::from_utf8(&frame.into_data().expect("no trailers")).expect("UTF-8");
            if text.contains("event: sse.gap\n") || text.contains("event: sse.reset\n") {
                return None;
            }
            let data =
                text.split_inclusive("\n\n").filter_map(|event| event.split_once("event: bid\ndata: "));
            amounts =
                data.map(|(_, data)| serde_json::from_str::<Bid>(data).expect("a bid").amount).collect();
        }
        Some(())
    };
    // Of the whole: the heartbeats go on for ever.
    tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap_or(Some(()))?;
    Some(amounts)
}

/// The amounts of the bids for lot 0 after the first `seen`, up to the last.
fn amounts(seen: u32, last: u32) -> Option<Vec<u32>> {
    Some((seen + 1..=last).map(|number| 120 + 5 * number).collect())
}

#[tokio::test]
async fn a_page_is_whole_without_javascript() {
    let (house, router) = auction();
    bid(&house, 0);
    bid(&house, 2);
    let page = Page::load(&router).await;
    for text in ["A ship's clock", "A map of Oslo", ">125<", ">95<", "as it was when the page was made"] {
        assert!(
            page.html.contains(text) || page.html.contains(&text.replace('\'', "&#x27;")),
            "{text}: {}",
            page.html
        );
    }
    assert_eq!(page.bids(), 1);
    assert!(page.html.contains(r#"action="/api/bid""#), "{}", page.html);
    assert_eq!(page.last_event_id(), house.snapshot().last_event_id);
}

#[tokio::test]
async fn a_bid_between_the_page_and_its_stream_comes_once() {
    let (house, router) = auction();
    // From before the first bid, and from after some.
    for before in 0..3 {
        let page = Page::load(&router).await;
        assert_eq!(page.bids(), before);
        bid(&house, 0);
        assert_eq!(follow(&router, page.last_event_id(), 1).await, amounts(before, before + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_that_are_rendered_while_bids_are_made_miss_none_and_count_none_twice() {
    const PAGES: u32 = 32;
    const BIDS: u32 = PAGES * 6;
    let (house, router) = auction();
    // Each page that begins sets off some bids, and waits until those that the one before has set off are made.
    let (begins, page_begins) = std::sync::mpsc::sync_channel(0);
    let bidder = std::thread::spawn(move || {
        for () in page_begins {
            (0..BIDS / PAGES).for_each(|_| bid(&house, 0));
        }
    });
    let pages: Vec<_> = (0..PAGES)
        .map(|_| {
            let (router, begins) = (router.clone(), begins.clone());
            tokio::spawn(async move {
                begins.send(()).expect("the bidder is there");
                drop(begins);
                let page = Page::load(&router).await;
                let seen = page.bids();
                let came = follow(&router, page.last_event_id(), BIDS - seen).await;
                assert_eq!(came, amounts(seen, BIDS));
                seen
            })
        })
        .collect();
    drop(begins);
    let mut seen = Vec::new();
    for page in pages {
        seen.push(page.await.expect("a page that is right"));
    }
    bidder.join().expect("joined");
    assert!(seen.iter().any(|bids| (1..BIDS).contains(bids)), "no page came in between: {seen:?}");
}

#[tokio::test]
async fn a_page_that_was_away_for_too_long_or_comes_from_another_server_is_told() {
    let (house, router) = auction();
    let page = Page::load(&router).await;
    for _ in 0..=KEPT {
        bid(&house, 1);
    }
    assert_eq!(follow(&router, page.last_event_id(), 1).await, None);
    let (_, other) = auction();
    assert_eq!(follow(&other, page.last_event_id(), 1).await, None);
}

async fn post_bid(router: &Router, lot: usize, amount: u32) -> axum::response::Response {
    let request = Request::post("/api/bid")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "text/html")
        .header(REFERER, "http://localhost/")
        .body(Body::from(format!("lot={lot}&amount={amount}")))
        .expect("a request");
    router.clone().oneshot(request).await.expect("cannot fail")
}

#[tokio::test]
async fn a_form_without_javascript_bids_and_leads_back_to_the_page() {
    let (house, router) = auction();
    let response = post_bid(&router, 0, 125).await;
    assert_eq!(response.status(), StatusCode::FOUND);
    let location = response.headers()[LOCATION].to_str().expect("text").trim_end_matches('?');
    assert_eq!(location, "http://localhost/");
    assert_eq!(Page::load(&router).await.bids(), 1);

    post_bid(&router, 0, 129).await;
    assert_eq!(house.snapshot().value.0[0].highest, 125);
}

#[test]
fn a_bid_that_is_refused_changes_nothing() {
    let house = House::open().expect("opened");
    let before = house.snapshot();
    assert_eq!(house.bid(Bid { lot: 0, amount: 124 }), Err(Refusal::TooLow { lowest: 125 }));
    assert_eq!(house.bid(Bid { lot: 9, amount: 1_000 }), Err(Refusal::NoSuchLot));
    assert_eq!(house.snapshot(), before);
}

#[tokio::test]
async fn a_browser_keeps_no_program_for_the_page_of_another_build() {
    // Any folder with files will do.
    let options = LeptosOptions::builder()
        .output_name("ssr_axum")
        .site_root(env!("CARGO_MANIFEST_DIR"))
        .site_pkg_dir("src")
        .build();
    let router = router(House::open().expect("opened"), options);
    let request = Request::get("/src/lib.rs").body(Body::empty()).expect("a request");
    let response = router.oneshot(request).await.expect("cannot fail");
    assert_eq!(response.status(), StatusCode::OK);
    let said = response.headers().get(CACHE_CONTROL).map(|said| said.as_bytes());
    assert_eq!(said, Some(b"no-store".as_slice()));
}
