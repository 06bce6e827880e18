use leptos::prelude::*;
use leptos_eventsource::{EventSourceHandle, EventSourceOptions, Json, Keyed, use_event_source_with_options};

use crate::model::{Order, Stock, Update};

/// Every order, and the stock: `match_urlpattern=https://shop.example/orders/:id&match=https://shop.example/stock`.
const URL: &str = "/.well-known/mercure?match_urlpattern=https%3A%2F%2Fshop.example%2Forders%2F%3Aid\
                   &match=https%3A%2F%2Fshop.example%2Fstock";

/// A Mercure hub sends all that it still has to whoever asks for this, so a new page needs no other request.
const EARLIEST: &str = "earliest";

/// What the shop says, as signals. `Copy`, and in the context of every page.
#[derive(Clone, Copy)]
pub(crate) struct Updates {
    pub(crate) stream: EventSourceHandle<Json<Update>>,
    pub(crate) orders: Keyed<u32, Option<Order>>,
    pub(crate) stock: Keyed<String, Option<Stock>>,
}

impl Updates {
    /// Opens the stream, for as long as the current owner lives.
    pub(crate) fn open() -> Self {
        let mut options = EventSourceOptions::default();
        let connection = &mut options.connection;
        connection.last_event_id = EARLIEST.to_owned();
        // The web server in front answers with an error of its own while the hub restarts. By itself `EventSource`
        // would give up at that.
        connection.client.retry_rejected = true;

        let stream = use_event_source_with_options::<Json<Update>>(URL, options);
        let orders = stream.keyed_fold(
            |Json(update)| match update {
                Update::Order(order) => Some(order.id),
                Update::Stock(_) => None,
            },
            |row, Json(update)| {
                if let Update::Order(order) = update {
                    *row = Some(order.clone());
                }
            },
        );
        let stock = stream.keyed_fold(
            |Json(update)| match update {
                Update::Stock(stock) => Some(stock.article.clone()),
                Update::Order(_) => None,
            },
            |row, Json(update)| {
                if let Update::Stock(stock) = update {
                    *row = Some(stock.clone());
                }
            },
        );
        Self { stream, orders, stock }
    }

    /// Those of the app.
    pub(crate) fn expect() -> Self {
        expect_context()
    }
}
