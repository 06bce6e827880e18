//! nginx with nchan. Debian's packages are unpacked into our own folder and not installed: that would start nginx on
//! port 80 of somebody's machine, for a benchmark. Outside it is one empty folder, which nchan wants in any case.

use std::path::{Path, PathBuf};

use super::system::{Privilege, System};
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
    let remedy = remedy(repo, &System::detect(), Privilege::of_ours(repo), Path::new(STATE).is_dir());
    Some(Missing {
        what: "nginx with nchan".to_owned(),
        why: "no nginx that can load nchan was found".to_owned(),
        takes: "apt-get, about 10 s",
        remedy,
    })
}

/// What gets it, where the folder outside is there or is not.
fn remedy(repo: &Repo, system: &System, privilege: Privilege, has_state: bool) -> Remedy {
    if !matches!(system, System::Debian | System::Ubuntu) {
        return Remedy::ByHand(format!("Install nginx and nchan with your package manager, as /{MODULE}"));
    }
    // It belongs to who runs nginx, who could not make a folder in it otherwise.
    let state = format!("install -d -o \"$(id -u)\" {STATE}");
    let sudo = match privilege {
        Privilege::Root => "",
        Privilege::Sudo => "sudo -n ",
        Privilege::None if has_state => "",
        Privilege::None => {
            return Remedy::ByHand(format!(
                "sudo apt-get update && sudo {state}\nThe rest needs no rights: call this again."
            ));
        }
    };
    let sh = |script: &str| repo.cmd("sh").args(["-e", "-c", script]);
    let folder = repo.work(FOLDER);
    let mut commands = vec![repo.cmd("mkdir").arg("-p").arg(&folder)];
    if !has_state {
        commands.push(sh(&format!("{sudo}{state}")));
    }
    // Without rights, the lists of packages stay what they are.
    if privilege != Privilege::None {
        commands.push(sh(&format!("{sudo}apt-get update")).on_the_terminal());
    }
    commands.push(repo.cmd("apt-get").arg("download").args(PACKAGES).folder(&folder));
    commands.push(sh(UNPACK).folder(&folder));
    Remedy::Run(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_installs_it_and_only_the_folder_outside_needs_rights() {
        let repo = Repo::of_tests();
        let lines = |privilege, has_state| match remedy(&repo, &System::Debian, privilege, has_state) {
            Remedy::Run(commands) => commands.iter().map(ToString::to_string).collect(),
            Remedy::ByHand(how) => vec![how],
            Remedy::Apt(packages) => vec![packages.join(" ")],
        };
        for privilege in [Privilege::Root, Privilege::Sudo, Privilege::None] {
            for has_state in [true, false] {
                let lines = lines(privilege, has_state).join("\n");
                assert!(!lines.contains("apt-get install"), "{privilege:?}: {lines}");
                assert_eq!(lines.contains(STATE), !has_state, "{privilege:?}: {lines}");
                let is_ours = has_state || privilege != Privilege::None;
                assert_eq!(lines.contains("apt-get download"), is_ours, "{privilege:?}: {lines}");
                assert_eq!(lines.contains("sudo"), privilege == Privilege::Sudo || !is_ours, "{lines}");
            }
        }
    }
}
