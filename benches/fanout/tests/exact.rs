//! The load client against the servers in Rust: it counts exactly, and they send everything.

use std::path::Path;
use std::time::Duration;

use fanout::load::Load;
use fanout::peer::{Peer, Programs, Server};
use fanout::usage::Usage;

const CLIENTS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(60);

fn start(peer: Peer, rate: u32, window: u32) -> Server {
    let rust = Path::new(env!("CARGO_BIN_EXE_fanout-floor")).parent().expect("a folder").to_path_buf();
    let programs = Programs { rust, go: None, better_sse: None, nchan: None };
    Server::start(peer, &programs, rate, window, Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("it starts")
}

/// Every client gets every tick once, at this rate, collected over this window.
fn delivers(peer: Peer, rate: u32, window: u32, ticks: u64) {
    let server = start(peer, rate, window);
    let mut load = Load::new(server.address, "/").expect("epoll");
    let connected = load.connect(CLIENTS, 5, PATIENCE).expect("they connect");
    assert_eq!((connected.failed, connected.why), (0, None), "{peer}");
    load.read_until_ticks(PATIENCE).expect("every client gets one");
    let at_edge = || Usage::of(server.id());
    let (received, [begun, ended]) = load.measure(ticks, PATIENCE, at_edge).expect("ticks come");
    assert_eq!(received.expected, ticks * CLIENTS as u64);
    assert_eq!((received.delivered, received.lost()), (received.expected, 0), "{peer}");
    assert_eq!((received.twice, received.cut, load.failed()), (0, 0, 0), "{peer}");
    assert_eq!(received.latencies.len() as u64, received.expected);
    assert!(received.latency(0.99) >= received.latency(0.5));
    assert!(received.deliveries >= received.expected);
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
        let mut load = Load::new(server.address, "/").expect("epoll");
        let connected = load.connect(200, usize::MAX, PATIENCE).expect("they connect");
        assert_eq!((connected.failed, connected.why), (0, None), "{peer}");
        assert!(connected.took < PATIENCE);
    }
}

#[test]
fn clients_that_lose_their_server_are_counted_as_cut_off() {
    let server = start(Peer::Floor, 50, 0);
    let mut load = Load::new(server.address, "/").expect("epoll");
    load.connect(CLIENTS, 5, PATIENCE).expect("they connect");
    load.read_until_ticks(PATIENCE).expect("every client gets one");
    let mut server = Some(server);
    // It ends as soon as the window has begun.
    let (received, _) = load.measure(1_000, PATIENCE, || Ok(drop(server.take()))).expect("ticks came");
    assert_eq!((received.cut, load.failed()), (CLIENTS, CLIENTS));
    assert!(received.lost() > 0, "{received:?}");
}
