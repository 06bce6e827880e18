//! Go, for the server that the fan-out benchmark has in it.

use super::program::Wanted;
use super::system::System;
use super::{Missing, Remedy};
use crate::repo::Repo;

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    // Only that it runs: what it prints, `go version go1.19 linux/amd64`, has no word that is a version.
    let why = match Wanted::on_the_path(&["go"]).path(repo) {
        Ok(go) => format!("{:#}", repo.cmd(&go.to_string_lossy()).arg("version").ask().err()?),
        Err(why) => why,
    };
    let remedy = match System::detect() {
        System::Debian | System::Ubuntu => Remedy::Apt(&["golang-go"]),
        _ => Remedy::ByHand("Install Go 1.19 or newer from https://go.dev/dl".to_owned()),
    };
    let what = "Go".to_owned();
    Some(Missing { what, why, takes: "apt-get, about 1 minute", remedy })
}
