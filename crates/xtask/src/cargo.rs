//! What we ask cargo: the members of the workspace, and where it put a program that it built.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{Capture, Cmd};
use crate::repo::Repo;

/// `cargo metadata` without the packages from outside, which takes a tenth of a second.
pub(crate) fn metadata(repo: &Repo) -> Result<Value> {
    let text = repo.cmd("cargo").args(["metadata", "--format-version", "1", "--no-deps"]).capture()?;
    serde_json::from_str(&text).context("cargo metadata did not print JSON")
}

/// The name of the workspace member in a folder of the repository, for members whose name is their author's choice.
pub(crate) fn package_in(metadata: &Value, folder: &str) -> Option<String> {
    let end = format!("/{folder}/Cargo.toml");
    let packages = metadata["packages"].as_array()?;
    let inside = |package: &&Value| {
        package["manifest_path"].as_str().is_some_and(|path| path.replace('\\', "/").ends_with(&end))
    };
    packages.iter().find(inside)?["name"].as_str().map(str::to_owned)
}

/// Builds a program and returns where it is. Asking cargo holds for every `CARGO_TARGET_DIR` and every config file.
pub(crate) fn build_program(build: Cmd, package: &str) -> Result<String> {
    start_program(build, package)?.program()
}

/// Like [`build_program`], while we do something else.
pub(crate) fn start_program(build: Cmd, package: &str) -> Result<Building> {
    let build = build.args(["-p", package, "--message-format", "json-render-diagnostics"]);
    Ok(Building { messages: build.start_capture()?, build, package: package.to_owned() })
}

/// A program that is being built. Its build ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Building {
    messages: Capture,
    build: Cmd,
    package: String,
}

impl Building {
    /// Waits for the program, and returns where it is.
    pub(crate) fn program(self) -> Result<String> {
        let Self { messages, build, package } = self;
        executable(&messages.finish()?, &package).with_context(|| format!("`{build}` built no program"))
    }
}

/// Builds the `cdylib` of a package for WebAssembly and returns where the module is.
pub(crate) fn build_module(build: Cmd, package: &str) -> Result<String> {
    let build = build.args(["-p", package, "--message-format", "json-render-diagnostics"]);
    let messages = build.capture()?;
    module(&messages, package).with_context(|| format!("`{build}` built no module"))
}

fn executable(messages: &str, package: &str) -> Option<String> {
    artifacts(messages, package).find_map(|message| message["executable"].as_str().map(str::to_owned))
}

fn module(messages: &str, package: &str) -> Option<String> {
    // A library has the name of its crate.
    let name = package.replace('-', "_");
    let is_module = |file: &Value| file.as_str().filter(|file| file.ends_with(".wasm")).map(str::to_owned);
    artifacts(messages, &name).find_map(|message| message["filenames"].as_array()?.iter().find_map(is_module))
}

/// What cargo says of the target `name`.
fn artifacts(messages: &str, name: &str) -> impl Iterator<Item = Value> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(move |message| message["target"]["name"] == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages() {
        let messages = "not json\n\
            {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"dep\"},\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"server\"},\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"server\"},\"executable\":\"/t/server\"}\n";
        assert_eq!(executable(messages, "server").as_deref(), Some("/t/server"));
        assert_eq!(executable(messages, "dep"), None);
    }

    #[test]
    fn the_module_is_found_among_the_files_of_the_library() {
        let messages = "{\"target\":{\"name\":\"other\"},\"filenames\":[\"/t/other.wasm\"]}\n\
            {\"target\":{\"name\":\"my_app\"},\"filenames\":[\"/t/libmy_app.rlib\",\"/t/my_app.wasm\"]}\n";
        assert_eq!(module(messages, "my-app").as_deref(), Some("/t/my_app.wasm"));
        assert_eq!(module(messages, "none"), None);
    }

    #[test]
    fn a_member_is_found_by_its_folder() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "other", "manifest_path": "/r/examples/my-tests/browser-x/Cargo.toml" },
            { "name": "browser-tests", "manifest_path": "/r/tests/browser/Cargo.toml" },
        ]});
        assert_eq!(package_in(&metadata, "tests/browser").as_deref(), Some("browser-tests"));
        assert_eq!(package_in(&metadata, "tests/e2e"), None);
    }
}
