//! The server.

use std::env;
use std::error::Error;
use std::net::SocketAddr;

use leptos::config::LeptosOptions;
use ssr_axum::house::House;
use ssr_axum::routes::router;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // As cargo-leptos sets them; by default what the README says.
    let set = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let options = LeptosOptions::builder()
        .output_name(env!("CARGO_CRATE_NAME"))
        .site_root(set("LEPTOS_SITE_ROOT", "target/site/ssr-axum"))
        .site_addr(set("LEPTOS_SITE_ADDR", "127.0.0.1:3000").parse::<SocketAddr>()?)
        .build();
    let house = House::open()?;
    let hub = house.hub().clone();
    let listener = TcpListener::bind(options.site_addr).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router(house, options))
        .with_graceful_shutdown(async move {
            // Without a signal to wait for there is nothing to end gracefully by.
            let _ = tokio::signal::ctrl_c().await;
            // Streams do not end by themselves, and the server would wait for them.
            hub.shutdown();
        })
        .await?;
    Ok(())
}
