//! The tools that cargo and rustup install.

use anyhow::{Context, Result};

use super::system::from_environment;
use super::{Missing, Remedy};
use crate::process::Cmd;
use crate::repo::Repo;

/// The version that Trunk.toml and index.html were written for.
pub(crate) const TRUNK: &str = "0.21.14";

/// Installed when there is none. Any version runs our tests, since the runner is wasm-bindgen's.
const WASM_PACK: &str = "0.15.1";

/// Installed when there is none. Newer ones drive older browsers.
const GECKODRIVER: &str = "0.37.1";

/// Installed when there is none. It only builds: any version gives the same flags to the compiler.
const CARGO_FUZZ: &str = "0.13.2";

/// Installed when there is none. Older ones do not know every key of deny.toml.
const CARGO_DENY: &str = "0.20.2";

/// Installed when there is none.
const CARGO_LLVM_COV: &str = "0.9.1";

/// The target of the page.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

pub(super) fn wasm_target(repo: &Repo) -> Result<Option<Missing>> {
    // Rustc knows where the library would be, whether it came from rustup or from a distribution.
    let folder = repo.cmd("rustc").args(["--print", "target-libdir", "--target", WASM]).capture()?;
    if std::path::Path::new(folder.trim()).is_dir() {
        return Ok(None);
    }
    let remedy = if repo.which("rustup").is_some() {
        Remedy::Run(vec![repo.cmd("rustup").args(["target", "add", WASM])])
    } else {
        Remedy::ByHand(format!(
            "Rust comes from rustup (https://rustup.rs): rustup target add {WASM}\n\
             Rust comes from Debian or Ubuntu:          apt-get install libstd-rust-dev-wasm32"
        ))
    };
    Ok(Some(Missing { what: format!("the Rust target {WASM}"), takes: "about 10 s", remedy }))
}

pub(super) fn trunk(repo: &Repo) -> Result<Option<Missing>> {
    let tool = Tool {
        package: "trunk",
        programs: &["trunk"],
        version: TRUNK,
        ask: &["--version"],
        other_versions: OtherVersions::Refused,
        locked: true,
        takes: "cargo install, about 5 minutes",
    };
    Ok(tool.missing(repo))
}

pub(super) fn wasm_bindgen(repo: &Repo) -> Result<Option<Missing>> {
    let version = repo.locked_version("wasm-bindgen")?;
    let tool = Tool {
        package: "wasm-bindgen-cli",
        programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
        version: &version,
        ask: &["--version"],
        // The format between the compiler's output and this tool changes with every release.
        other_versions: OtherVersions::Refused,
        // Its own lock file names releases that were withdrawn since.
        locked: false,
        takes: "cargo install, about 2 minutes",
    };
    Ok(tool.missing(repo))
}

pub(super) fn wasm_pack(repo: &Repo) -> Result<Option<Missing>> {
    let tool = Tool {
        package: "wasm-pack",
        programs: &["wasm-pack"],
        version: WASM_PACK,
        ask: &["--version"],
        other_versions: OtherVersions::Accepted,
        locked: true,
        takes: "cargo install, about 2 minutes",
    };
    Ok(tool.missing(repo))
}

pub(super) fn geckodriver(repo: &Repo) -> Option<Missing> {
    // The environment may name one that is not on the path.
    if from_environment("GECKODRIVER").is_some() {
        return None;
    }
    let tool = Tool {
        package: "geckodriver",
        programs: &["geckodriver"],
        version: GECKODRIVER,
        ask: &["--version"],
        other_versions: OtherVersions::Accepted,
        locked: true,
        takes: "cargo install, about 3 minutes",
    };
    tool.missing(repo)
}

pub(super) fn cargo_fuzz(repo: &Repo) -> Option<Missing> {
    let tool = Tool {
        package: "cargo-fuzz",
        programs: &["cargo-fuzz"],
        version: CARGO_FUZZ,
        ask: &["--version"],
        other_versions: OtherVersions::Accepted,
        locked: true,
        takes: "cargo install, about 2 minutes",
    };
    tool.missing(repo)
}

pub(super) fn cargo_deny(repo: &Repo) -> Option<Missing> {
    let tool = Tool {
        package: "cargo-deny",
        programs: &["cargo-deny"],
        version: CARGO_DENY,
        ask: &["--version"],
        other_versions: OtherVersions::Refused,
        locked: true,
        takes: "cargo install, about 3 minutes",
    };
    tool.missing(repo)
}

pub(super) fn cargo_llvm_cov(repo: &Repo) -> Option<Missing> {
    let tool = Tool {
        package: "cargo-llvm-cov",
        programs: &["cargo-llvm-cov"],
        version: CARGO_LLVM_COV,
        ask: &["llvm-cov", "--version"],
        other_versions: OtherVersions::Accepted,
        locked: true,
        takes: "cargo install, about 2 minutes",
    };
    tool.missing(repo)
}

pub(super) fn llvm_tools(repo: &Repo) -> Result<Option<Missing>> {
    let folder = repo.cmd("rustc").args(["--print", "target-libdir"]).capture()?;
    let tools = std::path::Path::new(folder.trim()).with_file_name("bin").join("llvm-cov");
    if tools.is_file() {
        return Ok(None);
    }
    let remedy = if repo.which("rustup").is_some() {
        Remedy::Run(vec![repo.cmd("rustup").args(["component", "add", "llvm-tools"])])
    } else {
        Remedy::ByHand(
            "Rust comes from rustup (https://rustup.rs): rustup component add llvm-tools".to_owned(),
        )
    };
    Ok(Some(Missing { what: "Rust's llvm-tools".to_owned(), takes: "about 10 s", remedy }))
}

/// A program from crates.io.
#[derive(Debug)]
struct Tool<'a> {
    package: &'a str,
    programs: &'a [&'a str],
    version: &'a str,
    /// Makes a program print its version.
    ask: &'a [&'a str],
    other_versions: OtherVersions,
    locked: bool,
    takes: &'static str,
}

#[derive(Debug, PartialEq, Eq)]
enum OtherVersions {
    Accepted,
    Refused,
}

/// What the search path holds.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Usable,
    OtherVersion,
}

impl Tool<'_> {
    fn missing(&self, repo: &Repo) -> Option<Missing> {
        let install = match self.found(repo) {
            Found::Usable => return None,
            Found::Nothing => self.install(repo),
            // Somebody else's. Ours goes to a folder that comes first on our children's path.
            Found::OtherVersion => self.install(repo).args(["--root", "target/xtask/tools"]),
        };
        let what = format!("{} {}", self.package, self.version);
        Some(Missing { what, takes: self.takes, remedy: Remedy::Run(vec![install]) })
    }

    fn found(&self, repo: &Repo) -> Found {
        if self.programs.iter().all(|program| repo.which(program).is_none()) {
            return Found::Nothing;
        }
        let usable = self.programs.iter().all(|program| {
            let printed =
                repo.which(program).and_then(|path| repo.cmd(&path.to_string_lossy()).args(self.ask).ask());
            printed.is_some_and(|printed| {
                self.other_versions == OtherVersions::Accepted || version_in(&printed) == Some(self.version)
            })
        });
        if usable { Found::Usable } else { Found::OtherVersion }
    }

    fn install(&self, repo: &Repo) -> Cmd {
        let install = repo.cmd("cargo").args(["install", self.package, "--version", self.version]);
        let install = if self.locked { install.arg("--locked") } else { install };
        // These tools run for a second at a time: a quick build serves better than a fast program.
        // One target folder for all of them, because they share half of their dependencies.
        install
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_TARGET_DIR", "target/xtask/install")
    }
}

/// The version in `trunk 0.21.14` or `wasm-bindgen 0.2.130 (abcdef)`.
fn version_in(printed: &str) -> Option<&str> {
    printed.split_whitespace().nth(1)
}

/// What decides how the page comes out besides its sources: the versions of the tools that make it.
pub(crate) fn versions(repo: &Repo) -> Result<String> {
    let rustc = repo.cmd("rustc").arg("--version").capture()?;
    let bindgen = repo.locked_version("wasm-bindgen").context("the page is built with wasm-bindgen")?;
    Ok(format!("{}\ntrunk {TRUNK}\nwasm-bindgen {bindgen}\n", rustc.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool<'a>(programs: &'a [&'a str], version: &'a str) -> Tool<'a> {
        let other_versions = OtherVersions::Refused;
        Tool {
            package: "tool",
            programs,
            version,
            ask: &["--version"],
            other_versions,
            locked: true,
            takes: "",
        }
    }

    #[test]
    fn the_version_is_the_second_word() {
        assert_eq!(version_in("trunk 0.21.14\n"), Some("0.21.14"));
        assert_eq!(version_in("wasm-bindgen 0.2.130 (abcdef)"), Some("0.2.130"));
        assert_eq!(version_in(""), None);
    }

    #[test]
    fn a_tool_that_is_not_there_goes_to_cargos_folder() {
        let repo = Repo::find().expect("the tests run in the repository");
        let tool = tool(&["no-such-program"], "1.0.0");
        assert_eq!(tool.found(&repo), Found::Nothing);
        let Some(Missing { remedy: Remedy::Run(commands), .. }) = tool.missing(&repo) else {
            panic!("it is missing, and cargo can install it");
        };
        let line = commands[0].to_string();
        assert!(line.ends_with("cargo install tool --version 1.0.0 --locked"), "{line}");
        assert!(line.contains("CARGO_TARGET_DIR=target/xtask/install "), "{line}");
    }

    #[test]
    fn another_version_is_not_overwritten() {
        let repo = Repo::find().expect("the tests run in the repository");
        let tool = tool(&["cargo"], "0.0.1");
        assert_eq!(tool.found(&repo), Found::OtherVersion);
        let Some(Missing { remedy: Remedy::Run(commands), .. }) = tool.missing(&repo) else {
            panic!("it is missing, and cargo can install it");
        };
        assert!(commands[0].to_string().ends_with("--root target/xtask/tools"), "{}", commands[0]);
    }

    #[test]
    fn a_tool_lacking_one_of_its_programs_is_not_usable() {
        let repo = Repo::find().expect("the tests run in the repository");
        assert_eq!(tool(&["cargo", "no-such-program"], "0.0.1").found(&repo), Found::OtherVersion);
    }
}
