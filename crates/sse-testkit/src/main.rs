//! Runs the server of the tests. `cargo run -p sse-testkit -- --listen 127.0.0.1:7357`

use std::io;
use std::net::SocketAddr;

use clap::Parser;
use tokio::net::TcpListener;

/// A scripted, faulty server of Server-Sent Events, for tests. It does whatever a request tells it to: never
/// let others reach it.
#[derive(Debug, Parser)]
struct Arguments {
    /// The address to listen on. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7357")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen).await?;
    // Whoever started the program waits for this line.
    println!("listening on http://{}", listener.local_addr()?);
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Then it runs until it is killed.
            std::future::pending::<()>().await;
        }
    };
    sse_testkit::server::run(listener, interrupted).await
}
