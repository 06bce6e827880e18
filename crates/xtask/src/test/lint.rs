//! What a compiler and a formatter can say about the code, and `cargo deny` about what it is built on.

use anyhow::Result;

use super::Count;
use super::browser::package;
use super::wasm;
use crate::bench::{self, BENCHES, PEERS};
use crate::deny;
use crate::fuzz;
use crate::process::Cmd;
use crate::repo::Repo;
use crate::setup::WASM;

/// The crates whose code exists in two versions, of which the native clippy sees one.
const ON_WASM: [&str; 7] =
    ["embed", "frontend", "leptos-eventsource", "one-signal", "openai-tokens", "plain-wasm", "sse-web"];

/// The crates for others, whose documentation is to be whole: no link in it leads nowhere.
const PUBLIC: [&str; 5] = ["leptos-eventsource", "sse-events", "sse-hub", "sse-proto", "sse-web"];

/// Crates with no more than these features, as their users may have them: in the workspace somebody always wants more.
const WITH_FEWER_FEATURES: [(&str, &str); 4] =
    [("sse-events", ""), ("sse-hub", ""), ("sse-hub", "redb"), ("sse-hub", "serve")];

/// leptos-eventsource over the next Leptos.
const NEXT_LEPTOS: &str = "crates/leptos-eventsource/leptos-0.9/Cargo.toml";

pub(super) fn run(repo: &Repo) -> Result<Count> {
    let mut count = Count::default();
    for check in &checks(repo)? {
        let result = check.run();
        if let Err(error) = &result {
            eprintln!("{error:#}");
        }
        count += Count::one(result.is_ok());
    }
    Ok(count)
}

/// One command for each.
pub(super) fn checks(repo: &Repo) -> Result<Vec<Cmd>> {
    let clippy = |args: &[&str]| repo.cmd("cargo").arg("clippy").args(args);
    let mut on_wasm = clippy(&["--target", WASM]);
    for package in ON_WASM {
        on_wasm = on_wasm.args(["-p", package]);
    }
    let mut doc = repo.cmd("cargo").args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    // Off by default, and documented all the same.
    doc = doc.args(["--features", "sse-hub/redb"]);
    for package in PUBLIC {
        doc = doc.args(["-p", package]);
    }
    let strict = |cmd: Cmd| cmd.args(["--", "-D", "warnings"]);
    let fewer = WITH_FEWER_FEATURES.map(|(package, features)| {
        strict(clippy(&["-p", package, "--no-default-features", "--features", features]))
    });
    // The fan-out benchmark reads /proc.
    let here: &[&str] = if cfg!(target_os = "linux") {
        &["--package", "fanout", "--package", "harness"]
    } else {
        &["--package", "harness"]
    };
    let mut checks = vec![
        repo.cmd("cargo").args(["fmt", "--all", "--check"]),
        repo.cmd("cargo").args(["fmt", "--check", "--manifest-path", PEERS]),
        // One member is an app in two halves, each a feature, which `--workspace` would mix.
        strict(clippy(&["--workspace", "--all-targets", "--exclude", "ssr-axum"])),
        strict(bench::peers(repo, "clippy").arg("--all-targets")),
        repo.cmd("cargo").args(["fmt", "--all", "--check", "--manifest-path", BENCHES]),
        strict(bench::benches(repo, "clippy").arg("--all-targets").args(here.iter().copied())),
        strict(bench::benches(repo, "clippy").args([
            "--workspace",
            "--exclude",
            "harness",
            "--exclude",
            "fanout",
            "--target",
            WASM,
        ])),
        repo.cmd("cargo").args(["fmt", "--check", "--manifest-path", fuzz::PACKAGE]),
        strict(fuzz::package(repo, "clippy").arg("--all-targets")),
        repo.cmd("cargo").args(["fmt", "--check", "--manifest-path", wasm::PACKAGE]),
        strict(clippy(&["--target", WASM, "--manifest-path", wasm::PACKAGE])),
        strict(on_wasm),
        strict(clippy(&["-p", "ssr-axum", "--features", "ssr", "--all-targets"])),
        strict(clippy(&["--target", WASM, "-p", "ssr-axum", "--features", "hydrate"])),
        strict(clippy(&["--target", WASM, "--all-targets", "-p", &package(repo)?, "-p", "testing"])),
        doc,
        deny::without_advisories(repo),
    ];
    checks.extend(fewer);
    let next = |features: &str| {
        let check = repo.cmd("cargo").args(["check", "--locked", "--manifest-path", NEXT_LEPTOS]);
        check.args(["--features", features, "--target-dir"]).arg(repo.work("leptos-0.9"))
    };
    checks.push(next("ssr"));
    checks.extend(["csr", "hydrate"].map(|features| next(features).args(["--target", WASM])));
    Ok(checks)
}
