//! The C++ compiler for libFuzzer, which is built from source with the fuzz targets.

use super::system::{System, apt};
use super::{Missing, Remedy};
use crate::repo::Repo;

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    // The build script of libFuzzer asks for these two; on Windows it finds Visual Studio by itself.
    let chosen = std::env::var_os("CXX").is_some_and(|value| !value.is_empty());
    if chosen || cfg!(windows) || repo.which("c++").is_some() {
        return None;
    }
    let remedy = match System::detect() {
        System::Debian | System::Ubuntu => apt(repo, &["g++"]),
        system => Remedy::ByHand(by_hand(&system).to_owned()),
    };
    Some(Missing { what: "a C++ compiler".to_owned(), takes: "apt-get, about 30 s", remedy })
}

fn by_hand(system: &System) -> &'static str {
    match system {
        System::Mac => "xcode-select --install",
        _ => "Install g++ or clang++ with your package manager, or name one: CXX=/path/to/compiler",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_install_gets_the_exact_command() {
        assert_eq!(by_hand(&System::Mac), "xcode-select --install");
        assert!(by_hand(&System::Other).contains("CXX="));
    }
}
