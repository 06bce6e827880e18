//! What a server uses, as Linux counts it.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result};
use procfs::process::{Process, Stat, all_processes};

/// What a process and its descendants have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// On a processor since they began, in user and in kernel mode, all threads. Counted in steps of 10 ms.
    pub cpu: Duration,
    /// Resident memory in bytes. Pages that they share count once. What the kernel keeps for sockets is not in it.
    pub memory: u64,
}

impl Usage {
    /// Of a process and all its descendants.
    ///
    /// # Errors
    /// If the process has ended, or cannot be looked at.
    pub fn of(root: u32) -> Result<Self> {
        let stats: Vec<Stat> = all_processes()?.filter_map(|process| process.ok()?.stat().ok()).collect();
        let root = i32::try_from(root)?;
        let mut family = HashSet::from([root]);
        // A child may have a lower number than its parent, so one pass is not enough.
        while stats.iter().any(|stat| family.contains(&stat.ppid) && family.insert(stat.pid)) {}
        let mut usage = Self::default();
        for stat in stats.iter().filter(|stat| family.contains(&stat.pid)) {
            let ticks = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
            usage.cpu += Duration::from_secs_f64(ticks);
            usage.memory += memory(stat.pid)?;
        }
        anyhow::ensure!(usage.memory > 0, "the server has ended");
        Ok(usage)
    }
}

/// The proportional set size: a page counts for each process by how many share it.
fn memory(pid: i32) -> Result<u64> {
    let rollup = Process::new(pid)?.smaps_rollup().context("the kernel tells no smaps_rollup")?;
    let map = rollup.memory_map_rollup.0.first().context("an empty smaps_rollup")?;
    map.extension.map.get("Pss").copied().context("no Pss in smaps_rollup")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works until it is dropped, also where the test fails.
    struct Busy(std::process::Child);

    impl Drop for Busy {
        fn drop(&mut self) {
            self.0.kill().and_then(|()| self.0.wait()).expect("it ends");
        }
    }

    #[test]
    fn the_time_and_the_memory_of_children_count() {
        let me = std::process::id();
        let before = Usage::of(me).expect("I am here");
        // A text of 1.3 MB, made without starting another program, and then only work.
        let script = "x=0123456789; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do x=$x$x; done; while :; do :; done";
        let busy = std::process::Command::new("sh").args(["-c", script]).spawn();
        let busy = Busy(busy.expect("there is a shell"));
        let child = busy.0.id();
        let patience = std::time::Instant::now() + Duration::from_secs(60);
        let (used, of_child) = loop {
            let used = Usage::of(me).expect("I am here").cpu - before.cpu;
            let of_child = Usage::of(child).expect("it is there");
            let is_large = of_child.memory >= 1_000_000;
            if used >= Duration::from_millis(100) && is_large || std::time::Instant::now() > patience {
                break (used, of_child);
            }
            std::thread::yield_now();
        };
        drop(busy);
        assert!(used >= Duration::from_millis(100), "{used:?}");
        assert!(of_child.memory >= 1_000_000, "{of_child:?}");
        assert!(Usage::of(child).is_err(), "what has ended uses nothing");
    }
}
