//! Go, for the server that the fan-out benchmark has in it.

use super::system::{System, apt};
use super::{Missing, Remedy};
use crate::repo::Repo;

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    repo.cmd("go").arg("version").ask().is_none().then(|| Missing {
        what: "Go".to_owned(),
        takes: "apt-get, about 1 minute",
        remedy: match System::detect() {
            System::Debian | System::Ubuntu => apt(repo, &["golang-go"]),
            _ => Remedy::ByHand("Install Go 1.19 or newer from https://go.dev/dl".to_owned()),
        },
    })
}
