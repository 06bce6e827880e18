//! What is served: the page, the stream, the server functions, and the page's program.

use any_spawner::Executor;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;

use leptos_axum::{handle_server_fns_with_context, render_app_async_with_context};
use sse_hub::Subscribe;
use sse_hub::axum::LastEventId;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeader;

use crate::app::shell;
use crate::auction::EVENTS;
use crate::house::{House, TOPIC};

/// Everything that the server answers.
pub fn router(house: House, options: LeptosOptions) -> Router {
    // With a router in the app, `leptos_axum::generate_route_list` does this. An executor that is set already stays.
    let _ = Executor::init_tokio();
    let context = {
        let house = house.clone();
        move || provide_context(house.clone())
    };
    let program = ServeDir::new(format!("{}/{}", options.site_root, options.site_pkg_dir));
    // Its files have the same names in every build, and only their times tell them apart, which are older when an older
    // build is put back. So a browser must not keep them for the page of another build.
    let program = SetResponseHeader::overriding(program, CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let program_at = format!("/{}", options.site_pkg_dir);
    // Rendered when all of it is known, so that the page is whole without JavaScript too.
    let page = render_app_async_with_context(context.clone(), move || shell(options.clone()));
    let server_fns = move |request| handle_server_fns_with_context(context, request);
    Router::new()
        .route("/", get(page))
        .route(EVENTS, get(events))
        .route("/api/{*name}", post(server_fns))
        .nest_service(&program_at, program)
        .with_state(house)
}

/// The bids after the page's cursor, and then those to come.
async fn events(State(house): State<House>, LastEventId(last): LastEventId) -> impl IntoResponse {
    house.hub().subscribe(Subscribe::to([TOPIC]).after(last))
}
