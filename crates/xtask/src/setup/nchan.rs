//! nginx with nchan. Debian's packages are unpacked into our own folder and not installed: that would start nginx on
//! port 80 of somebody's machine, for a benchmark. Outside it is one empty folder, which nchan wants in any case.

use std::path::{Path, PathBuf};

use super::system::{Privilege, System, apt_by_hand};
use super::{Missing, Remedy};
use crate::repo::Repo;

/// nginx and the module that it is to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nchan {
    pub(crate) nginx: PathBuf,
    pub(crate) module: PathBuf,
}

/// Below `target/xtask`.
const FOLDER: &str = "tools/nchan";
const MODULE: &str = "usr/lib/nginx/modules/ngx_nchan_module.so";

/// Where nchan makes a folder when nginx starts. Its directive for another place cannot be used: nginx takes it for a
/// second one (nchan 1.3.6).
const STATE: &str = "/var/lib/nginx";

const PACKAGES: [&str; 2] = ["nginx", "libnginx-mod-nchan"];

/// Unpacks what was fetched, whatever version that is, and leaves nothing that a later one could be mixed with.
const UNPACK: &str = "for package in *.deb; do dpkg-deb --extract \"$package\" . && rm \"$package\"; done";

/// The one of this machine: the one that is installed, else ours.
pub(crate) fn find(repo: &Repo) -> Option<Nchan> {
    let installed = repo.which("nginx").map(|nginx| Nchan { nginx, module: PathBuf::from("/").join(MODULE) });
    let ours = repo.work(FOLDER);
    let unpacked = Nchan { nginx: ours.join("usr/sbin/nginx"), module: ours.join(MODULE) };
    let works = |nchan: &Nchan| {
        // Also where it is there, a library that it needs may not be.
        nchan.module.is_file()
            && Path::new(STATE).is_dir()
            && repo.cmd(&nchan.nginx.to_string_lossy()).arg("-v").ask().is_ok()
    };
    installed.into_iter().chain([unpacked]).find(works)
}

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    if find(repo).is_some() {
        return None;
    }
    let remedy = match System::detect() {
        System::Debian | System::Ubuntu if Privilege::of_ours(repo) == Privilege::Root => {
            let folder = repo.work(FOLDER);
            Remedy::Run(vec![
                repo.cmd("mkdir").arg("-p").arg(&folder).arg(STATE),
                repo.cmd("apt-get").arg("update"),
                repo.cmd("apt-get").arg("download").args(PACKAGES).folder(&folder),
                repo.cmd("sh").args(["-e", "-c", UNPACK]).folder(&folder),
            ])
        }
        System::Debian | System::Ubuntu => Remedy::ByHand(apt_by_hand(&PACKAGES)),
        _ => Remedy::ByHand(format!("Install nginx and nchan with your package manager, as /{MODULE}")),
    };
    Some(Missing {
        what: "nginx with nchan".to_owned(),
        why: "no nginx that can load nchan was found".to_owned(),
        takes: "apt-get, about 10 s",
        remedy,
        without: None,
    })
}
