//! The tools that cargo and rustup install.

use anyhow::{Context, Result};
use semver::Version;

use super::program::{Found, Wanted};
use super::{Missing, Remedy};
use crate::process::Cmd;
use crate::repo::Repo;

/// The version that Trunk.toml and index.html were written for.
pub(crate) const TRUNK: &str = "0.21.14";

/// The driver of Firefox.
pub(super) const GECKODRIVER: Wanted =
    Wanted { variable: Some("GECKODRIVER"), names: &["geckodriver"], places: &[] };

/// The target of the page.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Where the tools are built, from the root of the repository.
pub(super) const TARGET: &str = "target/xtask/install";

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
    let (what, why) = (format!("the Rust target {WASM}"), format!("there is no folder {}", folder.trim()));
    Ok(Some(Missing { what, why, takes: "about 10 s", remedy }))
}

pub(super) fn trunk(repo: &Repo) -> Option<Missing> {
    let programs = &[Wanted::on_the_path(&["trunk"])];
    let tool = Tool { programs, takes: "cargo install, about 5 minutes", ..Tool::new("trunk", TRUNK) };
    tool.missing(repo)
}

pub(super) fn wasm_bindgen(repo: &Repo) -> Result<Option<Missing>> {
    let version = repo.locked_version("wasm-bindgen")?;
    let tool = Tool {
        programs: &[
            Wanted::on_the_path(&["wasm-bindgen"]),
            Wanted::on_the_path(&["wasm-bindgen-test-runner"]),
        ],
        // Its own lock file names releases that were withdrawn since.
        locked: false,
        // The format between the compiler's output and this tool changes with every release.
        ..Tool::new("wasm-bindgen-cli", &version)
    };
    Ok(tool.missing(repo))
}

pub(super) fn wasm_pack(repo: &Repo) -> Option<Missing> {
    let tool = Tool {
        programs: &[Wanted::on_the_path(&["wasm-pack"])],
        // The runner is wasm-bindgen's.
        oldest: Some("0.12.0"),
        ..Tool::new("wasm-pack", "0.15.1")
    };
    tool.missing(repo)
}

pub(super) fn geckodriver(repo: &Repo) -> Option<Missing> {
    let tool = Tool {
        programs: &[GECKODRIVER],
        oldest: Some("0.34.0"),
        takes: "cargo install, about 3 minutes",
        ..Tool::new("geckodriver", "0.37.1")
    };
    tool.missing(repo)
}

pub(super) fn cargo_fuzz(repo: &Repo) -> Option<Missing> {
    let tool = Tool {
        programs: &[Wanted::on_the_path(&["cargo-fuzz"])],
        // It only builds: later ones give the same flags to the compiler.
        oldest: Some("0.11.0"),
        ..Tool::new("cargo-fuzz", "0.13.2")
    };
    tool.missing(repo)
}

pub(super) fn cargo_deny(repo: &Repo) -> Option<Missing> {
    let tool = Tool {
        programs: &[Wanted::on_the_path(&["cargo-deny"])],
        // Older ones do not know every key of deny.toml, and newer ones may know others.
        takes: "cargo install, about 3 minutes",
        ..Tool::new("cargo-deny", "0.20.2")
    };
    tool.missing(repo)
}

pub(super) fn cargo_llvm_cov(repo: &Repo) -> Option<Missing> {
    let tool = Tool {
        programs: &[Wanted::on_the_path(&["cargo-llvm-cov"])],
        ask: &["llvm-cov", "--version"],
        oldest: Some("0.6.0"),
        ..Tool::new("cargo-llvm-cov", "0.9.1")
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
    let (what, why) = ("Rust's llvm-tools".to_owned(), format!("there is no {}", tools.display()));
    Ok(Some(Missing { what, why, takes: "about 10 s", remedy }))
}

/// A program from crates.io.
#[derive(Debug)]
struct Tool<'a> {
    package: &'a str,
    programs: &'a [Wanted],
    /// What is installed where there is none.
    version: &'a str,
    /// The oldest that does as well. Without, no other does.
    oldest: Option<&'a str>,
    /// Makes a program print its version.
    ask: &'a [&'a str],
    locked: bool,
    takes: &'static str,
}

/// Why a tool cannot be used.
#[derive(Debug)]
enum Problem {
    NotThere(String),
    /// Somebody else's.
    NotOurs(String),
    /// A variable of the environment names it, which we cannot change.
    Named(String, Remedy),
}

impl<'a> Tool<'a> {
    fn new(package: &'a str, version: &'a str) -> Self {
        let (programs, ask) = (&[], &["--version"]);
        let takes = "cargo install, about 2 minutes";
        Self { package, programs, version, oldest: None, ask, locked: true, takes }
    }

    fn missing(&self, repo: &Repo) -> Option<Missing> {
        let install = |cmd| Remedy::Run(vec![cmd]);
        let (why, remedy) = match self.problem(repo)? {
            Problem::NotThere(why) => (why, install(self.install(repo))),
            // Ours goes to a folder that comes first on our children's path.
            Problem::NotOurs(why) => {
                (why, install(self.install(repo).args(["--root", "target/xtask/tools"])))
            }
            Problem::Named(why, remedy) => (why, remedy),
        };
        let what = format!("{} {}", self.package, self.version);
        Some(Missing { what, why, takes: self.takes, remedy })
    }

    /// What is wrong with the first of its programs that cannot be used.
    fn problem(&self, repo: &Repo) -> Option<Problem> {
        let why = |wanted: &Wanted| match wanted.ask(repo, self.ask) {
            Ok(found) => self.unfit(&found),
            Err(why) => Some(why),
        };
        let (wanted, why) = self.programs.iter().find_map(|wanted| Some((wanted, why(wanted)?)))?;
        Some(match wanted.renamed() {
            Some(remedy) => Problem::Named(why, remedy),
            // One of two is not nothing: somebody has put it there.
            None if self.programs.iter().all(|wanted| wanted.path(repo).is_err()) => Problem::NotThere(why),
            None => Problem::NotOurs(why),
        })
    }

    /// Why this version cannot be used, if it cannot.
    fn unfit(&self, found: &Found) -> Option<String> {
        match self.oldest {
            None => (found.version != self.version).then(|| format!("{found} is another one")),
            Some(oldest) => {
                let version = |text| Version::parse(text).ok();
                (version(&found.version) < version(oldest)).then(|| format!("{found} is older than {oldest}"))
            }
        }
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
            .env("CARGO_TARGET_DIR", TARGET)
    }
}

/// What to do before calling a tool by hand of which we have installed our own version: only we look for it there.
pub(super) fn of_ours(repo: &Repo) -> Option<String> {
    let folder = repo.work("tools/bin");
    folder.is_dir().then(|| {
        format!(
            "To call a tool yourself, as in `trunk serve`, put this first on your PATH: {}",
            folder.display()
        )
    })
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

    const NONE: Wanted = Wanted::on_the_path(&["no-such-program"]);
    const CARGO: Wanted = Wanted::on_the_path(&["cargo"]);

    fn tool(programs: &[Wanted]) -> Tool<'_> {
        Tool { programs, ..Tool::new("tool", "0.0.1") }
    }

    /// The command that installs it.
    fn remedy(tool: &Tool<'_>) -> String {
        let repo = Repo::of_tests();
        match tool.missing(&repo).expect("it is missing").remedy {
            Remedy::Run(commands) => commands[0].to_string(),
            remedy => panic!("cargo can install it, not {remedy:?}"),
        }
    }

    #[test]
    fn a_tool_that_is_not_there_goes_to_cargos_folder() {
        let line = remedy(&tool(&[NONE]));
        assert!(line.ends_with("cargo install tool --version 0.0.1 --locked"), "{line}");
        assert!(line.contains("CARGO_TARGET_DIR=target/xtask/install "), "{line}");
    }

    #[test]
    fn another_version_is_not_overwritten() {
        let line = remedy(&tool(&[CARGO]));
        assert!(line.ends_with("--root target/xtask/tools"), "{line}");
    }

    #[test]
    fn who_calls_our_own_version_by_hand_is_told_where_it_is() {
        let root = tempfile::tempdir().expect("a folder");
        let repo = Repo::of_tests().with_root(root.path());
        assert_eq!(of_ours(&repo), None);
        let folder = root.path().join("target/xtask/tools/bin");
        std::fs::create_dir_all(&folder).expect("can be made");
        let hint = of_ours(&repo).expect("there may be tools");
        assert!(hint.contains(&*folder.to_string_lossy()), "{hint}");
    }

    #[test]
    fn a_tool_lacking_one_of_its_programs_is_not_usable() {
        let repo = Repo::of_tests();
        let half = Tool { oldest: Some("0.0.1"), ..tool(&[CARGO, NONE]) };
        let why = "no-such-program was not found";
        assert!(matches!(half.problem(&repo), Some(Problem::NotOurs(found)) if found == why));
    }

    #[test]
    fn what_a_variable_names_is_not_replaced() {
        let repo = Repo::of_tests();
        // Cargo sets it, to a folder.
        let named = [Wanted { variable: Some("CARGO_MANIFEST_DIR"), ..CARGO }];
        assert!(matches!(tool(&named).problem(&repo), Some(Problem::Named(..))));
    }

    #[test]
    fn the_version_decides() {
        let unfit = |oldest: Option<&str>, version: &str| {
            let found = Found { path: "/p".into(), version: version.to_owned() };
            Tool { oldest, ..Tool::new("tool", "0.10.1") }.unfit(&found)
        };
        assert_eq!(unfit(None, "0.10.1"), None);
        assert_eq!(unfit(None, "0.10.2").as_deref(), Some("version 0.10.2 at /p is another one"));
        assert_eq!(unfit(Some("0.9.0"), "0.10.0"), None, "ten comes after nine");
        assert_eq!(unfit(Some("0.9.0"), "1.0.0"), None);
        assert_eq!(unfit(Some("0.9.0"), "0.8.9").as_deref(), Some("version 0.8.9 at /p is older than 0.9.0"));
        assert!(unfit(Some("0.9.0"), "nightly").is_some());
    }
}
