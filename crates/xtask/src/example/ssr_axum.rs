//! `examples/ssr-axum`: a server, and the program with which its page goes on in the browser.
//!
//! `cargo leptos` does the same; here it needs no further tool. Built without optimisation: then leptos says on the
//! console what it thinks of how it is used, and the tests listen there.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cargo;
use crate::process::Cmd;
use crate::repo::Repo;
use crate::setup::WASM;

const PACKAGE: &str = "ssr-axum";

/// The name under which the page asks for its program.
const OUTPUT: &str = "ssr_axum";

/// What was built.
#[derive(Debug)]
pub(crate) struct Built {
    /// The server's program. It takes `LEPTOS_SITE_ADDR`, and says `listening on http://...`.
    pub(crate) server: String,
    /// Its `LEPTOS_SITE_ROOT`.
    pub(crate) site: PathBuf,
}

/// Builds both halves. The caller has seen to `Need::WasmTarget` and `Need::WasmBindgen`.
pub(crate) fn build(repo: &Repo) -> Result<Built> {
    let server = cargo::build_program(server(repo), PACKAGE)?;
    let module = cargo::build_module(module(repo), PACKAGE)?;
    let site = repo.path("target/site").join(PACKAGE);
    let pkg = site.join("pkg");
    std::fs::create_dir_all(&pkg).with_context(|| format!("could not create {}", pkg.display()))?;
    repo.cmd("wasm-bindgen")
        .args(["--target", "web", "--no-typescript", "--out-name", OUTPUT, "--out-dir"])
        .arg(pkg)
        .arg(module)
        .run()?;
    Ok(Built { server, site })
}

/// What cargo does of it.
pub(crate) fn by_cargo(repo: &Repo) -> [Cmd; 2] {
    [server(repo), module(repo)].map(|build| build.args(["-p", PACKAGE]))
}

fn server(repo: &Repo) -> Cmd {
    repo.cmd("cargo").args(["build", "--features", "ssr"])
}

fn module(repo: &Repo) -> Cmd {
    // .cargo/config.toml erases views on wasm, which puts other markers into the page. Both halves must agree.
    let cargo = repo.cmd("cargo").env("RUSTFLAGS", "");
    cargo.args(["build", "--lib", "--features", "hydrate", "--target", WASM])
}
