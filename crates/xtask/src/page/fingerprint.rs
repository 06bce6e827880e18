//! What the page was made from, as one number.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cargo;
use crate::repo::Repo;
use crate::setup;

/// Where trunk reads which files it is to put into the page.
const INDEX: &str = "index.html";

/// Files that a page depends on besides, from the root.
const FILES: [&str; 7] = [
    "Trunk.toml",
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
    ".cargo/config.toml",
    "frontend/package-lock.json",
    super::compress::SCRIPT,
];

/// What of a package gets into a page. Not what is beside it: tests, texts, what fuzzing found.
const OF_A_PACKAGE: [&str; 3] = ["Cargo.toml", "build.rs", "src"];

/// How the variables begin that change what cargo and trunk build.
const VARIABLES: [&str; 6] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_PROFILE_",
    "CARGO_TARGET_WASM32",
    "RUSTFLAGS",
    "TRUNK_",
];

/// A hash of names and contents. Times of change are left out: `git checkout` and `cp` alter them for nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    /// Everything that decides what the page looks like.
    pub(super) fn of_inputs(repo: &Repo) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        setup::versions(repo)?.hash(&mut hasher);
        variables().hash(&mut hasher);
        for file in FILES {
            fs::read(repo.path(file)).ok().hash(&mut hasher);
        }
        let index = repo.path(INDEX);
        let text =
            fs::read_to_string(&index).with_context(|| format!("could not read {}", index.display()))?;
        text.hash(&mut hasher);
        let assets = assets(&text).map(|asset| repo.path(asset));
        let packages = sources(&cargo::metadata(repo)?, "frontend").into_iter();
        let of_packages = packages.flat_map(|folder| OF_A_PACKAGE.map(|name| folder.join(name)));
        for path in assets.chain(of_packages) {
            hash_path(&path, &mut hasher).with_context(|| format!("could not read {}", path.display()))?;
        }
        Ok(Self(hasher.finish()))
    }

    /// A folder's names and contents. `None` when it is not there or holds no page.
    pub(super) fn of_folder(folder: &Path) -> Option<Self> {
        if !folder.join("index.html").is_file() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        hash_folder(folder, &mut hasher).ok()?;
        Some(Self(hasher.finish()))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Sorted: the order in which a process gets its variables differs.
fn variables() -> BTreeSet<(OsString, OsString)> {
    let matters = |name: &OsString| VARIABLES.iter().any(|start| name.to_string_lossy().starts_with(start));
    std::env::vars_os().filter(|(name, _)| matters(name)).collect()
}

/// What an editor leaves beside a file that is open in it.
fn is_editors(name: &str) -> bool {
    name.starts_with(".#") || name.ends_with('~') || name.ends_with(".swp")
}

/// What a page names with `href` or `src`, here or elsewhere.
fn assets(index: &str) -> impl Iterator<Item = &str> {
    let values = ["href=\"", "src=\""].into_iter().flat_map(|name| index.split(name).skip(1));
    values.filter_map(|rest| Some(rest.split_once('"')?.0))
}

/// The folders of a workspace member and of all members that it depends on, directly or not.
fn sources(metadata: &Value, member: &str) -> BTreeSet<PathBuf> {
    let packages: &[Value] = metadata["packages"].as_array().map_or(&[], Vec::as_slice);
    let mut folders = BTreeSet::new();
    let mut open = vec![member.to_owned()];
    while let Some(name) = open.pop() {
        let Some(package) = packages.iter().find(|package| package["name"] == *name) else {
            continue;
        };
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let folder = manifest.parent().unwrap_or(manifest).to_path_buf();
        if folders.insert(folder) {
            let named = package["dependencies"].as_array().into_iter().flatten();
            let named = named.filter(|one| one["kind"] != "dev" && one["path"].is_string());
            open.extend(named.filter_map(|one| one["name"].as_str().map(str::to_owned)));
        }
    }
    folders
}

/// A file, a folder, or that there is none.
fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    path.file_name().hash(hasher);
    if path.is_dir() {
        return hash_folder(path, hasher);
    }
    let contents = if path.exists() { Some(fs::read(path)?) } else { None };
    contents.hash(hasher);
    Ok(())
}

/// Sorted by name, because the order in which a system lists a folder differs.
fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        if is_editors(&name.to_string_lossy()) {
            continue;
        }
        name.hash(hasher);
        if path.is_dir() {
            hash_folder(&path, hasher)?;
        } else {
            fs::read(&path)?.hash(hasher);
        }
    }
    // Without an end, `a/b` beside `c` and `a` beside `b`, `c` would be the same.
    "end of folder".hash(hasher);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fingerprint(folder: &Path) -> u64 {
        let mut hasher = DefaultHasher::new();
        hash_folder(folder, &mut hasher).expect("the folder can be read");
        hasher.finish()
    }

    /// A folder of its own for a test, inside `target`.
    fn scratch(name: &str) -> PathBuf {
        let repo = Repo::of_tests();
        let folder = repo.work(&format!("tests/{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("src")).expect("target can be written");
        folder
    }

    #[test]
    fn contents_and_names_count_but_not_what_an_editor_leaves() {
        let folder = scratch("fingerprint");
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("has a folder")).expect("can be created");
            fs::write(path, text).expect("can be written");
            fingerprint(&folder)
        };
        let first = write("src/main.rs", "fn main() {}");
        assert_eq!(write("src/main.rs", "fn main() {}"), first, "written again, nothing changed");
        assert_eq!(write("src/.main.rs.swp", "1"), first);
        let changed = write("src/main.rs", "fn main() { }");
        assert_ne!(changed, first);
        assert_ne!(write("src/other.rs", ""), changed);
    }

    #[test]
    fn what_the_page_names_is_an_input() {
        let repo = Repo::of_tests();
        let index = fs::read_to_string(repo.path(INDEX)).expect("is in git");
        let named: Vec<_> = assets(&index).collect();
        for asset in ["frontend/favicon.svg", "frontend/src/early.js", "frontend/styles/chat.css"] {
            assert!(named.contains(&asset) && repo.path(asset).is_file(), "{asset} in {named:?}");
        }
    }

    /// A repository with a page, a package of it, and what lies beside both.
    #[test]
    fn fuzzing_and_texts_do_not_make_the_page_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("has a folder")).expect("can be created");
            fs::write(path, text).expect("can be written");
        };
        write("Cargo.toml", "[workspace]\nmembers = [\"frontend\"]\nresolver = \"3\"\n");
        write("Cargo.lock", "[[package]]\nname = \"wasm-bindgen\"\nversion = \"1.0.0\"\n");
        write("frontend/Cargo.toml", "[package]\nname = \"frontend\"\nedition = \"2024\"\n");
        write("frontend/src/main.rs", "fn main() {}");
        write("index.html", "<link href=\"frontend/styles/a.css\"> <script src='x.js'></script>");
        write("frontend/styles/a.css", "a {}");
        let repo = Repo::of_tests().with_root(folder.path());
        let inputs = || Fingerprint::of_inputs(&repo).expect("can be read");
        let first = inputs();
        for beside in
            ["frontend/README.md", "frontend/fuzz/corpus/a", "frontend/tests/a.rs", "frontend/styles/b.css"]
        {
            write(beside, "x");
            assert_eq!(inputs(), first, "{beside}");
        }
        let mut seen = vec![first];
        for source in
            ["frontend/src/lib.rs", "frontend/build.rs", "frontend/styles/a.css", "index.html", "Trunk.toml"]
        {
            write(source, "// x");
            let now = inputs();
            assert!(!seen.contains(&now), "{source}");
            seen.push(now);
        }
    }

    #[test]
    fn a_folder_without_a_page_has_no_fingerprint() {
        let folder = scratch("no-page");
        assert_eq!(Fingerprint::of_folder(&folder), None);
        fs::write(folder.join("index.html"), "<!doctype html>").expect("can be written");
        assert!(Fingerprint::of_folder(&folder).is_some());
    }

    #[test]
    fn the_sources_are_the_member_and_what_it_depends_on() {
        let dependency =
            |name: &str, kind: Option<&str>| json!({ "name": name, "kind": kind, "path": "/r/x" });
        let metadata = json!({ "packages": [
            { "name": "frontend", "manifest_path": "/r/frontend/Cargo.toml", "dependencies": [
                dependency("lib", None), dependency("testkit", Some("dev")), { "name": "serde", "kind": null } ] },
            { "name": "lib", "manifest_path": "/r/lib/Cargo.toml", "dependencies": [dependency("proto", None)] },
            { "name": "proto", "manifest_path": "/r/proto/Cargo.toml", "dependencies": [] },
            { "name": "testkit", "manifest_path": "/r/testkit/Cargo.toml", "dependencies": [] },
            { "name": "server", "manifest_path": "/r/server/Cargo.toml", "dependencies": [] },
        ]});
        let folders: Vec<_> = sources(&metadata, "frontend").into_iter().collect();
        assert_eq!(folders, ["/r/frontend", "/r/lib", "/r/proto"].map(PathBuf::from));
    }
}
