//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use super::exempt::Exempt;
use super::network::network;
use super::options::Options;
use super::stats::Counters;
use crate::lock::lock;

#[derive(Debug)]
pub(super) struct Admission {
    limit: usize,
    per_address: Option<usize>,
    exempt: Exempt,
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
            exempt: options.exempt.clone(),
            open: Mutex::default(),
            counters: options.stats.counters(),
        })
    }

    /// One more connection; `None` if that is one too many.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        // An IPv6 socket shows IPv4 clients as mapped addresses.
        let address = address.to_canonical();
        let counted =
            self.per_address.filter(|_| !self.exempt.has(address)).map(|limit| (network(address), limit));
        let mut open = lock(&self.open);
        if open.all >= self.limit {
            return None;
        }
        if let Some((network, limit)) = counted {
            let count = open.by_address.get(&network).copied().unwrap_or(0);
            if count >= limit {
                return None;
            }
            open.by_address.insert(network, count + 1);
        }
        open.all += 1;
        drop(open);
        self.counters.connections.add(1);
        let counted_for = counted.map(|(network, _)| network);
        Some(Permit { admission: Arc::clone(self), counted_for })
    }
}

/// A connection's place. Dropping it makes room for another one.
#[derive(Debug)]
pub(super) struct Permit {
    admission: Arc<Admission>,
    /// `None` if there is no limit for its address.
    counted_for: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let admission = &*self.admission;
        let mut open = lock(&admission.open);
        open.all -= 1;
        if let Some(network) = self.counted_for
            && let Some(count) = open.by_address.get_mut(&network)
        {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&network);
            }
        }
        drop(open);
        admission.counters.connections.subtract(1);
    }
}
