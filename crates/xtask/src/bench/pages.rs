//! Pages that are built for production without trunk: what is in them is then known to the byte.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use serde_json::json;

use super::Output;
use crate::page;
use crate::repo::Repo;
use crate::setup::{Need, WASM, node};

/// What every page here needs.
pub(super) const NEEDS: [Need; 4] = [Need::WasmTarget, Need::Frontend, Need::WasmBindgen, Need::Benches];

/// As in index.html, with the features that rustc emits for wasm32-unknown-unknown.
const WASM_OPT: [&str; 10] = [
    "-O3",
    "--one-caller-inline-max-function-size=200",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--strip-producers",
    "--strip-target-features",
];

/// A Rust package that is a page, or the Rust half of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Package {
    /// From the root of the repository.
    pub(super) manifest: &'static str,
    pub(super) name: &'static str,
}

/// Where cargo puts what the benchmarks build. Inside `target`, so `cargo clean` removes it.
pub(super) fn target(repo: &Repo) -> PathBuf {
    repo.work("benches")
}

/// An empty folder for a page.
pub(super) fn folder(repo: &Repo, name: &str) -> Result<PathBuf> {
    let folder = repo.work("pages").join(name);
    // Files of an older build would be weighed and served.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    Ok(folder)
}

/// Builds a package for the web, puts its program into `folder`, and returns where its glue is.
pub(super) fn wasm(repo: &Repo, package: Package, folder: &Path, output: Output) -> Result<PathBuf> {
    let Package { manifest, name } = package;
    let target = target(repo);
    page::tell_of_flags();
    output.run(
        &repo
            .cmd("cargo")
            .args(["build", "--manifest-path", manifest, "--package", name])
            .args(["--profile", "web", "--target", WASM])
            .args(["--config", &renamed_folders(repo), "--target-dir"])
            .arg(&target),
    )?;
    let built = target.join(WASM).join("web");
    // A library's file has no dash in its name, a program's has.
    let file = [name.to_owned(), name.replace('-', "_")].map(|name| built.join(format!("{name}.wasm")));
    let built = file.iter().find(|path| path.is_file()).context("cargo built no program for the web")?;
    let glue = target.join("glue").join(name);
    output.run(
        &repo
            .cmd("wasm-bindgen")
            .args(["--target", "web", "--no-typescript", "--out-name", "page", "--out-dir"])
            .arg(&glue)
            .arg(built),
    )?;
    let optimised = folder.join("page_bg.wasm");
    output
        .run(&repo.cmd("wasm-opt").args(WASM_OPT).arg(glue.join("page_bg.wasm")).arg("-o").arg(optimised))?;
    Ok(glue.join("page.js"))
}

/// A setting that adds to the flags of .cargo/config.toml: panics tell of the source by other names of its folders.
/// Else what a page weighs hangs on where the checkout lies, and its visitors get to know the name of a home folder.
/// What takes the place of those flags takes the place of these too.
fn renamed_folders(repo: &Repo) -> String {
    let home = || env::home_dir().map(|home| home.join(".cargo"));
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home);
    let folders = [(Some(repo.path("")), "/repo"), (cargo, "/cargo")];
    let rename = |(folder, name): (Option<PathBuf>, &str)| {
        Some(format!("--remap-path-prefix={}={name}", folder?.components().as_path().display()))
    };
    // A list of texts in JSON is one in TOML.
    format!("target.{WASM}.rustflags={}", json!(folders.into_iter().filter_map(rename).collect::<Vec<_>>()))
}

/// Bundles a script with all that it imports into `folder`. `aliases` says where packages are that are not npm's.
pub(super) fn script(
    repo: &Repo,
    entry: &str,
    aliases: &[(&str, &Path)],
    folder: &Path,
    output: Output,
) -> Result<()> {
    let esbuild = repo.path(node::BENCHES).join("node_modules/.bin/esbuild");
    let aliases = aliases.iter().map(|(name, path)| format!("--alias:{name}={}", path.display()));
    output.run(
        &repo
            .cmd(&esbuild.to_string_lossy())
            .arg(entry)
            .args(["--bundle", "--minify", "--format=esm", "--target=es2022", "--jsx=automatic"])
            .args([
                "--define:process.env.NODE_ENV=\"production\"",
                "--log-level=warning",
                "--legal-comments=none",
            ])
            .args(aliases)
            .arg(format!("--outfile={}", folder.join("main.js").display())),
    )
}

/// Copies a file of the repository to `folder/index.html`.
pub(super) fn index(repo: &Repo, html: &str, folder: &Path) -> Result<()> {
    fs::copy(repo.path(html), folder.join("index.html")).with_context(|| format!("could not copy {html}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::BENCHES;

    /// The tables of the profile `web`, one line each that says something.
    fn profile(manifest: &str) -> Vec<String> {
        let repo = Repo::of_tests();
        let text = fs::read_to_string(repo.path(manifest)).expect("can be read");
        let mut inside = false;
        let mut lines = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') {
                inside = line.starts_with("[profile.web");
            }
            if inside {
                lines.push(line.to_owned());
            }
        }
        lines
    }

    #[test]
    fn the_benches_are_built_with_the_profile_of_the_demo() {
        let ours = profile("Cargo.toml");
        assert!(ours.len() > 5, "{ours:?}");
        let mut theirs = profile(BENCHES);
        // What the benchmark's page has of its own comes last.
        let own = theirs.split_off(ours.len().min(theirs.len()));
        assert_eq!(theirs, ours);
        assert_eq!(own, ["[profile.web.package.browser-page]", "opt-level = 3"]);
    }

    #[test]
    fn the_folders_of_this_machine_get_names_that_are_the_same_on_all() {
        let setting = renamed_folders(&Repo::of_tests());
        let (name, flags) = setting.split_once('=').expect("it is set to something");
        assert_eq!(name, "target.wasm32-unknown-unknown.rustflags");
        let flags: Vec<String> = serde_json::from_str(flags).expect("is a list");
        let root = Repo::of_tests().path("Cargo.toml");
        let root = root.parent().expect("it is in a folder").display().to_string();
        assert_eq!(flags[0], format!("--remap-path-prefix={root}=/repo"));
        assert!(flags[1].ends_with("=/cargo"), "{flags:?}");
    }

    #[test]
    fn the_benches_use_the_wasm_bindgen_that_is_installed() {
        let repo = Repo::of_tests();
        let ours = repo.locked_version("wasm-bindgen").expect("is locked");
        let lock = fs::read_to_string(repo.path("benches/Cargo.lock")).expect("can be read");
        assert!(lock.contains(&format!("name = \"wasm-bindgen\"\nversion = \"{ours}\"\n")), "not {ours}");
    }
}
