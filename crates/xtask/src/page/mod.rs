//! The optimised page in `dist/`.
//!
//! Trunk runs wasm-bindgen and wasm-opt on every build, changed or not, which takes most of a minute. We remember
//! what the page was made from and what came out, and skip all of it when both are still the same.

pub(crate) mod compress;
mod fingerprint;
pub(crate) mod size;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::Cmd;
use crate::repo::Repo;
use crate::setup;
use fingerprint::Fingerprint;

/// Where the page is.
pub(crate) fn dist(repo: &Repo) -> PathBuf {
    repo.path("dist")
}

/// What a build did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Built {
    Nothing,
    /// The page; its sizes were printed.
    Page,
}

/// Builds the page, unless the one in `dist/` is what a build would make. The caller has seen to [`Need::PAGE`].
///
/// [`Need::PAGE`]: crate::setup::Need::PAGE
pub(crate) fn build(repo: &Repo) -> Result<Built> {
    // Two would write into one dist/, and one of them would remember what the other had half written.
    let _alone = repo.lock_file("page.lock", "builds the page")?;
    let stamp = repo.work_file("page.stamp")?;
    let inputs = Fingerprint::of_inputs(repo)?;
    let old = fs::read_to_string(&stamp).unwrap_or_default();
    if let Some(output) = Fingerprint::of_folder(&dist(repo))
        && old == stamp_text(&inputs, &output)
    {
        println!("page: dist/ is up to date");
        return Ok(Built::Nothing);
    }

    println!("page: building (about 3 minutes the first time, then 1)");
    tell_of_flags();
    let start = Instant::now();
    // A build that fails half-way must not leave an old stamp beside a new dist.
    fs::write(&stamp, "").with_context(|| format!("could not write {}", stamp.display()))?;
    // First without trunk: cargo may use the network here and shows its progress. Trunk's own call then finds
    // everything built, and trunk can be kept off the network, where it would fetch tools of other versions.
    cargo_build(repo).run()?;
    trunk(repo, &["build", "--release", "--offline"]).run()?;
    println!("page: compressing (brotli 11, gzip 9)");
    compress::folder(repo, &dist(repo))?;

    let Some(output) = Fingerprint::of_folder(&dist(repo)) else {
        bail!("trunk left no page in {}", dist(repo).display());
    };
    fs::write(&stamp, stamp_text(&inputs, &output))
        .with_context(|| format!("could not write {}", stamp.display()))?;
    println!("page: built in {:.0} s\n", start.elapsed().as_secs_f64());
    size::print(&dist(repo))?;
    Ok(Built::Page)
}

fn stamp_text(inputs: &Fingerprint, output: &Fingerprint) -> String {
    format!("inputs {inputs}\noutput {output}\n")
}

/// The same arguments that trunk uses, or cargo would build everything again for trunk.
pub(crate) fn cargo_build(repo: &Repo) -> Cmd {
    let target = format!("--target={}", setup::WASM);
    repo.cmd("cargo").args(["build", &target, "--manifest-path", "frontend/Cargo.toml", "--profile", "web"])
}

/// Cargo takes the flags of the environment, also none, in place of those in .cargo/config.toml.
pub(crate) fn tell_of_flags() {
    let variables = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"];
    if let Some(name) = variables.iter().find(|name| std::env::var_os(name).is_some()) {
        eprintln!(
            "{name} is set, so that cargo leaves out the flags in .cargo/config.toml: a page gets larger"
        );
    }
}

/// A trunk command with an environment that trunk can bear.
pub(crate) fn trunk(repo: &Repo, args: &[&str]) -> Cmd {
    let trunk = repo.cmd("trunk").args(args).env("TRUNK_SKIP_VERSION_CHECK", "true");
    // Trunk reads NO_COLOR as a switch and refuses to start with `NO_COLOR=1`, the way everybody sets it, and with
    // `NO_COLOR=`, which to everybody is as if it were not set.
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        trunk.env("NO_COLOR", "true")
    } else {
        trunk.without_env("NO_COLOR")
    }
}
