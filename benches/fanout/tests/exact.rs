//! The load client against the servers in Rust: it counts exactly, and they send everything.

use std::path::Path;
use std::time::Duration;

use fanout::load::{Arrival, Load};
use fanout::peer::{Peer, Programs, Server};
use fanout::usage::Usage;

const CLIENTS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(60);
const ORDERLY: Arrival = Arrival { clients: CLIENTS, at_a_time: 5, patience: PATIENCE };

fn start(peer: Peer, rate: u32, window: u32) -> Server {
    let rust = Path::new(env!("CARGO_BIN_EXE_fanout-floor")).parent().expect("a folder").to_path_buf();
    let programs = Programs { rust, go: None, better_sse: None, nchan: None };
    Server::start(peer, &programs, rate, window, Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("it starts")
}

/// Every client gets every tick once, at this rate, collected over this window.
fn delivers(peer: Peer, rate: u32, window: u32, ticks: u64) {
    let server = start(peer, rate, window);
    let (mut load, connected) = Load::connect(server.address, ORDERLY).expect("they connect");
    assert_eq!((connected.failed, connected.why), (0, None), "{peer}");
    load.read_until_ticks(PATIENCE).expect("every client gets one");
    let at_edge = || Usage::of(server.id());
    let (received, [begun, ended]) = load.measure(ticks, PATIENCE, at_edge).expect("ticks come");
    assert_eq!(received.expected, ticks * CLIENTS as u64);
    assert_eq!((received.delivered, received.lost()), (received.expected, 0), "{peer}");
    assert_eq!((received.twice, received.cut, load.failed()), (0, 0, 0), "{peer}");
    assert_eq!(received.latencies.len() as u64, received.expected);
    // Microseconds by one clock: what two clocks make of it is nothing, or far too much.
    let slowest = received.latency(1.0).expect("there are ticks");
    assert!((1..PATIENCE.as_micros()).contains(&u128::from(slowest)), "{peer}: {slowest}");
    assert!(received.deliveries >= received.expected);
    assert!((1..=received.deliveries).contains(&received.reads), "{peer}: {} reads", received.reads);
    // It writes what a window has in one go.
    let at_least = if peer == Peer::Floor { u64::from((rate * window / 1_000).max(1)) } else { 1 };
    assert!(received.reads * at_least <= received.deliveries, "{peer}: {} reads", received.reads);
    assert!(ended.cpu >= begun.cpu && ended.memory > 0, "{begun:?} {ended:?}");
}

#[test]
fn every_server_sends_every_tick_to_every_client_once() {
    for peer in [Peer::Floor, Peer::SseHub, Peer::Axum] {
        delivers(peer, 50, 0, 50);
    }
}

#[test]
fn every_server_sends_the_ticks_of_a_window_too() {
    for peer in [Peer::Floor, Peer::SseHub, Peer::Axum] {
        delivers(peer, 250, 20, 125);
    }
}

#[test]
fn clients_that_come_all_at_once_are_all_answered() {
    for peer in [Peer::Floor, Peer::SseHub, Peer::Axum] {
        let server = start(peer, 0, 0);
        let at_once = Arrival { clients: 200, at_a_time: usize::MAX, patience: PATIENCE };
        let (_load, connected) = Load::connect(server.address, at_once).expect("they connect");
        assert_eq!((connected.failed, connected.why), (0, None), "{peer}");
        assert!(connected.took < PATIENCE);
    }
}

#[test]
fn clients_that_lose_their_server_are_counted_as_cut_off() {
    let server = start(Peer::Floor, 50, 0);
    let (mut load, _) = Load::connect(server.address, ORDERLY).expect("they connect");
    load.read_until_ticks(PATIENCE).expect("every client gets one");
    let mut server = Some(server);
    // It ends as soon as the window has begun.
    let end_server = || {
        server = None;
        Ok(())
    };
    let (received, _) = load.measure(1_000, PATIENCE, end_server).expect("ticks came");
    assert_eq!((received.cut, load.failed()), (CLIENTS, CLIENTS));
    assert!(received.lost() > 0, "{received:?}");
}

#[test]
fn clients_whom_a_server_does_not_let_in_have_failed() {
    // It listens and answers nobody.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = listener.local_addr().expect("an address");
    let hurried = Arrival { patience: Duration::from_millis(200), ..ORDERLY };
    let (load, connected) = Load::connect(server, hurried).expect("they try");
    // Five were on their way, and the others waited for them.
    assert_eq!((connected.failed, load.failed()), (CLIENTS, CLIENTS));
    assert!(connected.why.is_some_and(|why| why.contains("let nobody in")));
}
