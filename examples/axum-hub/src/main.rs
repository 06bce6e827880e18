//! A guest book: whoever has the page open sees each entry at once, and nobody misses one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Form, Router};
use serde::{Deserialize, Serialize};
use sse_events::EventSet;
use sse_hub::axum::LastEventId;
use sse_hub::{Hub, Subscribe, Topic};

/// What happens in the book.
#[derive(Clone, Debug, EventSet)]
enum Book {
    Entry(Entry),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    words: String,
}

/// The stream. Who comes back gets what was missed, everybody else the entries so far.
async fn entries(
    State((hub, _)): State<(Hub, Topic<Book>)>,
    LastEventId(last): LastEventId,
) -> impl IntoResponse {
    hub.subscribe(Subscribe::to(["book"]).after(last))
}

async fn write(State((_, book)): State<(Hub, Topic<Book>)>, Form(entry): Form<Entry>) -> StatusCode {
    if entry.name.trim().is_empty() || entry.words.trim().is_empty() {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    match book.publish(&Book::Entry(entry)) {
        Ok(_) => StatusCode::CREATED,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hub = Hub::default();
    let book = hub.topic::<Book>("book")?;
    let app = Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/entries", get(entries).post(write))
        .with_state((hub, book));

    let address = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
