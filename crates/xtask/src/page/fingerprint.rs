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

/// Files at the root that a page depends on.
const ROOT_FILES: [&str; 6] =
    ["index.html", "Trunk.toml", "Cargo.lock", "Cargo.toml", "rust-toolchain.toml", ".cargo/config.toml"];

/// Folders that hold what was made, not what it is made from.
const NOT_SOURCES: [&str; 4] = ["node_modules", "target", "tests", ".git"];

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
        super::compress::SCRIPT.hash(&mut hasher);
        for file in ROOT_FILES {
            fs::read(repo.path(file)).ok().hash(&mut hasher);
        }
        for folder in sources(&cargo::metadata(repo)?, "frontend") {
            hash_folder(&folder, &mut hasher)
                .with_context(|| format!("could not read {}", folder.display()))?;
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

/// Sorted by name, because the order in which a system lists a folder differs.
fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        if NOT_SOURCES.iter().any(|skipped| name == *skipped) || is_editors(&name.to_string_lossy()) {
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
        let repo = Repo::find().expect("the tests run in the repository");
        let folder = repo.work(&format!("tests/{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("src")).expect("target can be written");
        folder
    }

    #[test]
    fn contents_and_names_count_but_node_modules_do_not() {
        let folder = scratch("fingerprint");
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("has a folder")).expect("can be created");
            fs::write(path, text).expect("can be written");
            fingerprint(&folder)
        };
        let first = write("src/main.rs", "fn main() {}");
        assert_eq!(write("src/main.rs", "fn main() {}"), first, "written again, nothing changed");
        assert_eq!(write("node_modules/a/index.js", "1"), first);
        assert_eq!(write("src/.main.rs.swp", "1"), first);
        let changed = write("src/main.rs", "fn main() { }");
        assert_ne!(changed, first);
        assert_ne!(write("src/other.rs", ""), changed);
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
