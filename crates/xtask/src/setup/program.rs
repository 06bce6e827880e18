//! Programs that are looked for, and why one cannot be used.

use std::env;
use std::path::PathBuf;

use super::Remedy;
use crate::repo::Repo;

/// Where a program may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The variable of the environment that names it. It comes first, also when nothing is there.
    pub(super) variable: Option<&'static str>,
    /// Its names on the search path.
    pub(super) names: &'static [&'static str],
    /// Where else it may be.
    pub(super) places: &'static [&'static str],
}

impl Wanted {
    /// A program that the environment cannot name.
    pub(super) const fn on_the_path(names: &'static [&'static str]) -> Self {
        Self { variable: None, names, places: &[] }
    }

    /// Where it is, or why it is nowhere.
    pub(super) fn path(&self, repo: &Repo) -> Result<PathBuf, String> {
        if let Some((variable, path)) = self.named_by_variable() {
            return match path.is_file() {
                true => Ok(path),
                false => Err(format!("{variable} names {}, which is not a file", path.display())),
            };
        }
        let on_the_path = self.names.iter().find_map(|name| repo.which(name));
        on_the_path
            .or_else(|| self.places.iter().map(PathBuf::from).find(|path| path.is_file()))
            .ok_or_else(|| format!("{} was not found", self.names.join(" or ")))
    }

    /// The variable and what it says, if it says something.
    fn named_by_variable(&self) -> Option<(&'static str, PathBuf)> {
        let variable = self.variable?;
        let value = env::var_os(variable).filter(|value| !value.is_empty())?;
        Some((variable, value.into()))
    }

    /// What helps when a variable names it: nothing that we install would be used.
    pub(super) fn renamed(&self) -> Option<Remedy> {
        let (variable, _) = self.named_by_variable()?;
        Some(Remedy::ByHand(format!("Let {variable} name another one, or unset it.")))
    }

    /// The program, if it runs. Ubuntu's packages of browsers are stubs that ask for a snap, so a file proves nothing.
    pub(super) fn find(&self, repo: &Repo) -> Result<Found, String> {
        self.ask(repo, &["--version"])
    }

    /// The same for a program that tells its version when it is asked so.
    pub(super) fn ask(&self, repo: &Repo, question: &[&str]) -> Result<Found, String> {
        let path = self.path(repo)?;
        let command = repo.cmd(&path.to_string_lossy()).args(question);
        let printed = command.ask().map_err(|error| format!("{error:#}"))?;
        let version = version_in(&printed).ok_or_else(|| format!("`{command}` named no version"))?;
        Ok(Found { version: version.to_owned(), path })
    }
}

/// A program that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) version: String,
}

impl Found {
    pub(super) fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "version {} at {}", self.version, self.path.display())
    }
}

/// The version in `trunk 0.21.14`, `Google Chrome 156.0.8078.79` or `v20.1.0`.
fn version_in(printed: &str) -> Option<&str> {
    let words = printed.split_whitespace().map(|word| word.strip_prefix('v').unwrap_or(word));
    words.into_iter().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_first_word_that_begins_with_a_digit() {
        assert_eq!(version_in("trunk 0.21.14\n"), Some("0.21.14"));
        assert_eq!(version_in("wasm-bindgen 0.2.130 (abcdef)"), Some("0.2.130"));
        assert_eq!(
            version_in("Chromium 156.0.8078.79 built on Debian GNU/Linux 12\n"),
            Some("156.0.8078.79")
        );
        assert_eq!(version_in("v20.20.2\n"), Some("20.20.2"));
        assert_eq!(version_in("this is a snap"), None);
    }

    #[test]
    fn who_cannot_be_used_says_why() {
        let repo = Repo::of_tests();
        let why =
            |names: &'static [&'static str]| Wanted::on_the_path(names).find(&repo).expect_err("no such");
        assert_eq!(why(&["no-such-program", "nor-this"]), "no-such-program or nor-this was not found");
        // It is there, and it fails.
        let why = Wanted::on_the_path(&["cargo"]).ask(&repo, &["no-such-command"]).expect_err("it fails");
        // Windows has another separator and another ending, and calls the status a code.
        let said = if cfg!(windows) {
            "exit code: 101)"
        } else {
            "/cargo no-such-command` failed (exit status: 101)"
        };
        assert!(why.contains(said), "{why}");
    }

    #[test]
    fn a_variable_that_names_nothing_is_not_passed_over() {
        let repo = Repo::of_tests();
        // Cargo sets it, to a folder.
        let wanted = Wanted { variable: Some("CARGO_MANIFEST_DIR"), names: &["cargo"], places: &[] };
        assert!(matches!(wanted.renamed(), Some(Remedy::ByHand(how)) if how.contains("CARGO_MANIFEST_DIR")));
        let why = wanted.path(&repo).expect_err("it is a folder");
        let folder = env!("CARGO_MANIFEST_DIR");
        assert_eq!(why, format!("CARGO_MANIFEST_DIR names {folder}, which is not a file"));
    }
}
