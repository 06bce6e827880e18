//! The C++ compiler for libFuzzer, which is built from source with the fuzz targets.

use super::program::Wanted;
use super::system::System;
use super::{Missing, Remedy};
use crate::repo::Repo;

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    // The build script of libFuzzer asks for these two; on Windows it finds Visual Studio by itself.
    let chosen = std::env::var_os("CXX").is_some_and(|value| !value.is_empty());
    if chosen || cfg!(windows) {
        return None;
    }
    let why = Wanted::on_the_path(&["c++"]).path(repo).err()?;
    let remedy = match System::detect() {
        System::Debian | System::Ubuntu => Remedy::Apt(&["g++"]),
        System::Mac => Remedy::ByHand("xcode-select --install".to_owned()),
        System::Other => Remedy::ByHand(
            "Install g++ or clang++ with your package manager, or name one: CXX=/path/to/compiler".to_owned(),
        ),
    };
    let what = "a C++ compiler".to_owned();
    Some(Missing { what, why, takes: "apt-get, about 30 s", remedy })
}
