//! A TCP proxy that does to connections what bad networks do.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long a connection is left in its silence.
const SILENCE: Duration = Duration::from_secs(3);

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing until it is closed in an orderly way, wherever that is in a message.
    Cut,
    /// Every piece is late.
    Delay,
    /// A few bytes at a time.
    Dribble,
    /// Closed by an RST, which takes what was under way with it.
    Reset,
    /// It looks open and nothing comes any more.
    Stall,
    /// The request arrives, and its answer does not.
    Deaf,
}

const FAULTS: [Fault; 6] =
    [Fault::Cut, Fault::Delay, Fault::Dribble, Fault::Reset, Fault::Stall, Fault::Deaf];

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _accept: JoinSet<()>,
}

struct Shared {
    upstream: SocketAddr,
    is_calm: AtomicBool,
    random: Mutex<Rng>,
    faults: Mutex<BTreeMap<Fault, usize>>,
}

impl Proxy {
    pub(crate) async fn start(upstream: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            upstream,
            is_calm: AtomicBool::new(false),
            random: Mutex::new(Rng::with_seed(seed)),
            faults: Mutex::new(FAULTS.into_iter().map(|fault| (fault, 0)).collect()),
        });
        let mut accept = JoinSet::new();
        accept.spawn({
            let shared = Arc::clone(&shared);
            async move {
                // Aborted with the proxy.
                let mut connections = JoinSet::new();
                while let Ok((client, _)) = listener.accept().await {
                    while connections.try_join_next().is_some() {}
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        // Either end may fail in any way: that is what the proxy is for.
                        let _ = shared.serve(client).await;
                    });
                }
            }
        });
        Self { address, shared, _accept: accept }
    }

    /// From now on the network is good. Connections that suffer already do so until they end.
    pub(crate) fn calm(&self) {
        self.shared.is_calm.store(true, Ordering::SeqCst);
    }

    /// How many connections met what.
    pub(crate) fn faults(&self) -> BTreeMap<Fault, usize> {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let (fault, left, mut random) = self.draw();
        let mut server = TcpStream::connect(self.upstream).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        {
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = server.split();
            tokio::select! {
                ended = tokio::io::copy(&mut from_client, &mut to_server) => { ended?; }
                ended = deliver(&mut from_server, &mut to_client, fault, left, &mut random) => ended?,
            }
        }
        if fault == Fault::Reset {
            client.set_zero_linger()?;
        }
        Ok(())
    }

    /// What becomes of the next connection, and after how many bytes.
    fn draw(&self) -> (Fault, usize, Rng) {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_calm.load(Ordering::SeqCst) {
            return (Fault::Cut, usize::MAX, random.fork());
        }
        let (fault, left) = match FAULTS[random.usize(..FAULTS.len())] {
            Fault::Deaf => (Fault::Deaf, 0),
            // None of them lasts, so that there is always somebody who comes back.
            fault => (fault, random.usize(1..8_000)),
        };
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner).entry(fault).or_default() += 1;
        (fault, left, random.fork())
    }
}

/// Brings the client what the server says, until the fault strikes after `left` bytes or the server has ended.
async fn deliver(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    fault: Fault,
    mut left: usize,
    random: &mut Rng,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let size = if fault == Fault::Dribble { random.usize(1..24) } else { buffer.len() };
        let count = from.read(&mut buffer[..size]).await?;
        if count == 0 {
            return Ok(());
        }
        if fault == Fault::Delay {
            sleep(Duration::from_millis(random.u64(1..150))).await;
        }
        let passed = count.min(left);
        to.write_all(&buffer[..passed]).await?;
        left -= passed;
        if left == 0 {
            break;
        }
    }
    if matches!(fault, Fault::Stall | Fault::Deaf) {
        // The server goes on writing, and nobody reads: it must bear that too.
        let _ = timeout(SILENCE, std::future::pending::<()>()).await;
    }
    Ok(())
}
