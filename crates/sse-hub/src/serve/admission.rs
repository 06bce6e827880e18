//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::options::Options;
use super::stats::Counters;

#[derive(Debug)]
pub(super) struct Admission {
    limit: usize,
    per_address: Option<usize>,
    open: Mutex<Open>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// Only kept if there is a limit for it.
    by_address: HashMap<IpAddr, usize>,
}

impl Admission {
    pub(super) fn new(options: &Options) -> Arc<Self> {
        Arc::new(Self {
            limit: options.connections,
            per_address: options.connections_per_address,
            open: Mutex::default(),
            counters: options.stats.counters(),
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection; `None` if that is one too many.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        // An IPv6 socket shows IPv4 clients as mapped addresses. A network of IPv6 is one household (RFC 6177).
        let address = match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::from((v6.to_bits() >> 64 << 64).to_be_bytes()),
            v4 => v4,
        };
        let mut open = self.open();
        if open.all >= self.limit {
            return None;
        }
        if let Some(limit) = self.per_address {
            let count = open.by_address.get(&address).copied().unwrap_or(0);
            if count >= limit {
                return None;
            }
            open.by_address.insert(address, count + 1);
        }
        open.all += 1;
        drop(open);
        self.counters.connections.add(1);
        Some(Permit { admission: Arc::clone(self), address })
    }
}

/// A connection's place. Dropping it makes room for another one.
#[derive(Debug)]
pub(super) struct Permit {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let admission = &*self.admission;
        let mut open = admission.open();
        open.all -= 1;
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
        drop(open);
        admission.counters.connections.subtract(1);
    }
}
