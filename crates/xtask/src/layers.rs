//! The direction of dependencies, held by a program and not by good will.
//!
//! Reads `cargo metadata`: what each member names under `[dependencies]` and `[build-dependencies]`, for every target and
//! feature. What tests name (`[dev-dependencies]`) does not reach a user and is free.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use crate::cargo;
use crate::repo::Repo;

/// What a crate may name.
#[derive(Debug)]
struct Layer {
    name: &'static str,
    /// Members of this workspace.
    members: &'static [&'static str],
    /// Crates from outside.
    outside: Outside,
}

#[derive(Debug)]
enum Outside {
    /// These and no others.
    Only(&'static [&'static str]),
    /// All but these and their families.
    Without(&'static [&'static str]),
}

use Outside::{Only, Without};

/// The house. Every arrow points up this table, except that `leptos-eventsource` and `sse-hub` never meet.
const LAYERS: [Layer; 11] = [
    Layer { name: "sse-proto", members: &[], outside: Only(&["memchr", "simdutf8"]) },
    Layer { name: "sse-events-derive", members: &[], outside: Without(&["leptos", "tokio", "web-sys"]) },
    Layer {
        name: "sse-events",
        members: &["sse-events-derive"],
        outside: Without(&["axum", "leptos", "tokio", "web-sys"]),
    },
    Layer { name: "sse-web", members: &["sse-proto"], outside: Without(&["axum", "leptos", "tokio"]) },
    Layer {
        name: "sse-hub",
        members: &["sse-proto", "sse-events"],
        outside: Without(&["leptos", "web-sys"]),
    },
    Layer {
        name: "leptos-eventsource",
        members: &["sse-proto", "sse-events", "sse-web"],
        outside: Without(&["axum", "tokio"]),
    },
    Layer { name: "sse-testkit", members: &["sse-proto"], outside: Without(&["leptos", "web-sys"]) },
    Layer {
        name: "demo-contract",
        members: &["sse-events"],
        outside: Without(&["axum", "leptos", "tokio", "web-sys"]),
    },
    Layer {
        name: "frontend",
        members: &["leptos-eventsource", "demo-contract"],
        outside: Without(&["axum", "tokio"]),
    },
    Layer {
        name: "server",
        members: &["sse-proto", "sse-hub", "sse-events", "demo-contract"],
        outside: Without(&["leptos", "web-sys"]),
    },
    Layer { name: "xtask", members: &[], outside: Without(&["leptos", "tokio", "web-sys"]) },
];

/// What the members under `tests/` may name: every crate that is for others, and the testkit.
const TESTS: Layer = Layer {
    name: "tests/*",
    members: &[
        "sse-proto",
        "sse-events-derive",
        "sse-events",
        "sse-web",
        "sse-hub",
        "leptos-eventsource",
        "sse-testkit",
    ],
    outside: Without(&[]),
};

/// What the members under `examples/` may name: what their readers may, the crates that are published.
const EXAMPLES: Layer = Layer {
    name: "examples/*",
    members: &["sse-proto", "sse-events-derive", "sse-events", "sse-web", "sse-hub", "leptos-eventsource"],
    outside: Without(&[]),
};

/// One crate that was looked at, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) name: String,
    pub(crate) faults: Vec<String>,
}

/// `cargo xtask layers`
pub(crate) fn run(repo: &Repo) -> Result<ExitCode> {
    let checked = check(repo)?;
    show(&checked);
    Ok(if checked.iter().all(|one| one.faults.is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks at every member of the workspace.
pub(crate) fn check(repo: &Repo) -> Result<Vec<Checked>> {
    Ok(check_metadata(&cargo::metadata(repo)?))
}

/// Prints one line for each crate, and one for each fault.
pub(crate) fn show(checked: &[Checked]) {
    for one in checked {
        println!("layers: {} {}", one.name, if one.faults.is_empty() { "ok" } else { "FAILED" });
        for fault in &one.faults {
            println!("  {fault}");
        }
    }
}

fn check_metadata(metadata: &Value) -> Vec<Checked> {
    let packages: &[Value] = metadata["packages"].as_array().map_or(&[], Vec::as_slice);
    let members: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut checked: Vec<Checked> = packages.iter().map(|package| check_package(package, &members)).collect();
    for layer in LAYERS.iter().filter(|layer| !members.contains(&layer.name)) {
        let fault = "is in the table of crates/xtask/src/layers.rs but not in the workspace".to_owned();
        checked.push(Checked { name: layer.name.to_owned(), faults: vec![fault] });
    }
    checked.sort_by(|a, b| a.name.cmp(&b.name));
    checked
}

fn check_package(package: &Value, members: &[&str]) -> Checked {
    let name = package["name"].as_str().unwrap_or_default();
    let manifest = package["manifest_path"].as_str().unwrap_or_default().replace('\\', "/");
    let layer = LAYERS.iter().find(|layer| layer.name == name).or_else(|| {
        let (parent, _) = manifest.strip_suffix("/Cargo.toml")?.rsplit_once('/')?;
        match parent.rsplit_once('/')?.1 {
            "examples" => Some(&EXAMPLES),
            "tests" => Some(&TESTS),
            _ => None,
        }
    });
    let faults = match layer {
        Some(layer) => named_by(package).filter_map(|dependency| fault(layer, dependency, members)).collect(),
        None => vec!["has no row in the table of crates/xtask/src/layers.rs; add one".to_owned()],
    };
    Checked { name: name.to_owned(), faults }
}

/// The names under `[dependencies]` and `[build-dependencies]`.
fn named_by(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies: &[Value] = package["dependencies"].as_array().map_or(&[], Vec::as_slice);
    dependencies.iter().filter(|one| one["kind"] != "dev").filter_map(|one| one["name"].as_str())
}

fn fault(layer: &Layer, dependency: &str, members: &[&str]) -> Option<String> {
    if members.contains(&dependency) {
        let allowed = layer.members.contains(&dependency);
        return (!allowed).then(|| format!("must not depend on the member `{dependency}`"));
    }
    let allowed = match layer.outside {
        Only(names) => names.contains(&dependency),
        Without(names) => !names.iter().any(|name| is_family(name, dependency)),
    };
    (!allowed).then(|| format!("must not name the crate `{dependency}`"))
}

/// Whoever must not name `leptos` must not name `leptos_router` or `leptos-use` either.
fn is_family(name: &str, dependency: &str) -> bool {
    dependency.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A workspace that holds every crate of the table, one of them with these dependencies.
    fn faults_of(name: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<String> {
        let dependencies: Vec<Value> =
            dependencies.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
        let mut packages: Vec<Value> = LAYERS
            .iter()
            .filter(|layer| layer.name != name)
            .map(
                |layer| json!({ "name": layer.name, "dependencies": [], "manifest_path": "/r/x/Cargo.toml" }),
            )
            .collect();
        let folder = match name.rsplit_once('-') {
            Some((_, "tests")) => "tests",
            Some((_, "example")) => "examples",
            _ => "crates",
        };
        let manifest = format!("/r/{folder}/{name}/Cargo.toml");
        packages.push(json!({ "name": name, "dependencies": dependencies, "manifest_path": manifest }));
        let checked = check_metadata(&json!({ "packages": packages }));
        checked.into_iter().flat_map(|one| one.faults).collect()
    }

    #[test]
    fn the_house_as_designed_has_no_fault() {
        for layer in &LAYERS {
            let members: Vec<_> = layer.members.iter().map(|name| (*name, None)).collect();
            assert_eq!(faults_of(layer.name, &members), Vec::<String>::new(), "{}", layer.name);
        }
    }

    #[test]
    fn an_arrow_against_the_direction_is_a_fault() {
        assert_eq!(faults_of("sse-proto", &[("sse-web", None)]), ["must not depend on the member `sse-web`"]);
        for (name, member) in [
            ("sse-hub", "sse-web"),
            ("sse-web", "leptos-eventsource"),
            ("leptos-eventsource", "sse-hub"),
            ("leptos-eventsource", "demo-contract"),
            ("sse-hub", "demo-contract"),
            ("frontend", "sse-hub"),
            ("frontend", "server"),
            ("server", "sse-web"),
        ] {
            assert_eq!(faults_of(name, &[(member, None)]).len(), 1, "{name} -> {member}");
        }
    }

    #[test]
    fn a_forbidden_crate_from_outside_is_a_fault() {
        for (name, outside) in [
            ("sse-proto", "serde"),
            ("sse-proto", "thiserror"),
            ("sse-hub", "leptos"),
            ("sse-hub", "web-sys"),
            ("sse-web", "leptos"),
            ("sse-web", "tokio"),
            ("leptos-eventsource", "axum"),
            ("leptos-eventsource", "tokio-util"),
            ("server", "leptos_router"),
        ] {
            assert_eq!(faults_of(name, &[(outside, None)]).len(), 1, "{name} -> {outside}");
        }
        assert_eq!(faults_of("sse-proto", &[("memchr", None), ("simdutf8", None)]), Vec::<String>::new());
    }

    #[test]
    fn tests_may_name_what_the_crate_may_not_but_build_scripts_may_not() {
        assert_eq!(faults_of("sse-proto", &[("serde", Some("dev"))]), Vec::<String>::new());
        assert_eq!(faults_of("sse-proto", &[("serde", Some("build"))]).len(), 1);
    }

    #[test]
    fn members_under_tests_may_name_the_library_crates_but_not_the_demo() {
        let libraries: Vec<_> = TESTS.members.iter().map(|name| (*name, None)).collect();
        assert_eq!(faults_of("browser-tests", &libraries), Vec::<String>::new());
        assert_eq!(faults_of("browser-tests", &[("demo-contract", None)]).len(), 1);
    }

    #[test]
    fn examples_may_name_what_is_published() {
        let libraries: Vec<_> = EXAMPLES.members.iter().map(|name| (*name, None)).collect();
        assert_eq!(faults_of("an-example", &libraries), Vec::<String>::new());
        for member in ["sse-testkit", "demo-contract", "frontend"] {
            assert_eq!(faults_of("an-example", &[(member, None)]).len(), 1, "{member}");
        }
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_faults() {
        assert_eq!(
            faults_of("newcomer", &[]),
            ["has no row in the table of crates/xtask/src/layers.rs; add one"]
        );
        let checked = check_metadata(&json!({ "packages": [] }));
        assert_eq!(checked.iter().filter(|one| !one.faults.is_empty()).count(), LAYERS.len());
    }
}
