//! What a server uses, as Linux counts it.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result};
use procfs::ProcError;
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
    /// Of a process and those of its descendants that have not ended.
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
            usage.memory += match memory(stat.pid) {
                // It has ended since it was listed.
                Err(ProcError::NotFound(_)) if stat.pid != root => 0,
                memory => memory.context("the server has ended, or the kernel tells no smaps_rollup")?,
            };
        }
        anyhow::ensure!(usage.memory > 0, "the server has ended");
        Ok(usage)
    }
}

/// The proportional set size: a page counts for each process by how many share it.
fn memory(pid: i32) -> Result<u64, ProcError> {
    let rollup = Process::new(pid)?.smaps_rollup()?;
    let map = rollup.memory_map_rollup.0.first();
    let memory = map.and_then(|map| map.extension.map.get("Pss").copied());
    memory.ok_or_else(|| ProcError::Other("no Pss in smaps_rollup".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use super::*;

    /// A shell whose child works until the shell is dropped, also where the test fails.
    struct Family(Child);

    impl Family {
        fn new(work: &str) -> Self {
            let script = format!("({work}) & read end; kill $!");
            let shell = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).spawn();
            Self(shell.expect("there is a shell"))
        }
    }

    impl Drop for Family {
        fn drop(&mut self) {
            // `wait` closes the pipe from which the shell reads.
            self.0.wait().expect("it ends");
        }
    }

    #[test]
    fn the_time_and_the_memory_of_children_count() {
        // A text of 1.3 MB, made without starting another program, and then only work.
        let doublings = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do x=$x$x; done";
        let family = Family::new(&format!("x=0123456789; {doublings}; while :; do :; done"));
        let shell = family.0.id();
        let patience = Instant::now() + Duration::from_secs(60);
        let used = loop {
            let used = Usage::of(shell).expect("it is there");
            let is_enough = used.cpu >= Duration::from_millis(100) && used.memory >= 1_000_000;
            if is_enough || Instant::now() > patience {
                break used;
            }
            std::thread::yield_now();
        };
        drop(family);
        assert!(used.cpu >= Duration::from_millis(100), "{used:?}");
        assert!(used.memory >= 1_000_000, "{used:?}");
        assert!(Usage::of(shell).is_err(), "what has ended uses nothing");
    }

    #[test]
    fn children_that_end_while_they_are_counted_are_left_out() {
        let family = Family::new("while :; do (:); done");
        for _ in 0..500 {
            Usage::of(family.0.id()).expect("the shell is there");
        }
    }
}
