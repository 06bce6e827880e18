//! The server's command line: `server --help`.

use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use server::config::{AccessConfig, ConfigError};
use server::{Config, Control};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::load(std::env::args_os()) {
        Ok(config) => config,
        Err(ConfigError::Flag(error)) => return say(&error),
        Err(error) => return fail(&error.to_string()),
    };
    let filter = match server::logs::filter() {
        Ok(filter) => filter,
        Err(error) => return fail(&error),
    };
    server::raise_limit();
    if config.check_config {
        if let Err(error) = config.serving.check(config.shutdown_deadline) {
            return fail(&error.to_string());
        }
        for what in config.unused().into_iter().chain(config.serving.warning()) {
            let _ = writeln!(io::stderr(), "warning: {what}");
        }
        let _ = writeln!(io::stdout(), "the configuration is valid");
        return ExitCode::SUCCESS;
    }
    server::logs::init(filter);

    let listener = match TcpListener::bind(config.listen).await {
        Ok(listener) => listener,
        Err(error) => return fail(&cannot_listen(config.listen, &error)),
    };
    // From here on a signal is an order to stop and not the end: whoever reads the line may send one at once.
    let (stops, access_changes) = (stop_signals(), reloads(&config));
    let (shutdown, abort) = (told(stops.clone(), 1), told(stops, 2));
    let (address, scheme) = (listener.local_addr(), config.serving.scheme());
    // The kernel queues whoever connects from here on, so the line may come before the first `accept`.
    let ready = move || {
        if let Ok(address) = address {
            // Whoever closed our standard output does not want the line.
            let _ = writeln!(io::stdout(), "listening on {scheme}://{address}");
        }
    };
    let control = Control { access_changes, ready, shutdown, abort };
    match server::run_with(listener, config, control).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {}", server::logs::redact(message));
    ExitCode::FAILURE
}

/// Says what clap has to say: help, or which flag is wrong. It repeats what was given.
fn say(error: &clap::Error) -> ExitCode {
    let said = error.render().to_string();
    match server::logs::redact(&said) {
        shown if error.use_stderr() && shown != said => drop(write!(io::stderr(), "{shown}")),
        // Help, or in colours.
        _ => drop(error.print()),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> String {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            "Something else listens there, perhaps another one of these. Stop it, or choose another port with \
             --listen 127.0.0.1:8082; port 0 lets the system choose."
        }
        ErrorKind::PermissionDenied => "Ports below 1024 need privileges: choose another one with --listen.",
        ErrorKind::AddrNotAvailable => {
            "This machine does not have that address: 127.0.0.1 is this machine only, \
                                        0.0.0.0 is every address it has."
        }
        _ => "Choose another address with --listen.",
    };
    format!("cannot listen on {address}: {error}\n{hint}")
}

/// Who may do what, as the file of the configuration says whenever SIGHUP has it read again. Without a file there is nothing
/// to read, and a terminal that is closed ends the program as it does others.
fn reloads(config: &Config) -> watch::Receiver<AccessConfig> {
    let (sender, changes) = watch::channel(config.access.clone());
    #[cfg(unix)]
    if config.config.is_some() {
        match signal(SignalKind::hangup()) {
            Ok(hangup) => drop(tokio::spawn(read_again(hangup, sender))),
            Err(error) => {
                tracing::warn!(%error, "a signal to read the configuration again would not be noticed");
            }
        }
    }
    #[cfg(not(unix))]
    drop(sender);
    changes
}

#[cfg(unix)]
async fn read_again(mut hangup: Signal, access: watch::Sender<AccessConfig>) {
    while hangup.recv().await.is_some() {
        match Config::load(std::env::args_os()) {
            Ok(config) => drop(access.send_replace(config.access)),
            Err(error) => {
                let what = server::logs::redact(error.to_string().trim()).replace('\n', " ");
                tracing::error!("the configuration was not read again, and all is as it was: {what}");
            }
        }
    }
}

/// How often it was told to stop from this call on: by Ctrl-C, and on Unix by SIGTERM.
fn stop_signals() -> watch::Receiver<u32> {
    let (sender, stops) = watch::channel(0);
    #[cfg(unix)]
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        match signal(kind) {
            Ok(signal) => drop(tokio::spawn(count_each(signal, sender.clone()))),
            Err(error) => tracing::warn!(%error, "a signal to stop would not be noticed"),
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        let warn = |error: &io::Error| tracing::warn!(%error, "Ctrl-C is not noticed");
        while tokio::signal::ctrl_c().await.inspect_err(warn).is_ok() {
            count(&sender);
        }
    });
    stops
}

#[cfg(unix)]
async fn count_each(mut signal: Signal, stops: watch::Sender<u32>) {
    while signal.recv().await.is_some() {
        count(&stops);
    }
}

/// Counts an order to stop. With the third, the program ends at once: not even a disk that hangs is waited for.
fn count(stops: &watch::Sender<u32>) {
    stops.send_modify(|stops| *stops += 1);
    if *stops.borrow() > 2 {
        std::process::exit(1);
    }
}

/// Completes when it was told so often to stop.
async fn told(mut stops: watch::Receiver<u32>, times: u32) {
    if stops.wait_for(|stops| *stops >= times).await.is_err() {
        // Nobody can tell it.
        std::future::pending::<()>().await;
    }
}
