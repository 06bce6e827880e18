//! What decides how a package of the system is installed, and whether we may do it.

use super::Remedy;
use crate::repo::Repo;

/// A family of systems that name their packages alike.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum System {
    Debian,
    Ubuntu,
    Mac,
    Other,
}

impl System {
    pub(super) fn detect() -> Self {
        if cfg!(target_os = "macos") {
            return Self::Mac;
        }
        Self::from_os_release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    fn from_os_release(text: &str) -> Self {
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_default().trim_matches('"').to_owned()
        };
        let names = format!("{} {}", field("ID"), field("ID_LIKE"));
        let named = |wanted: &str| names.split_whitespace().any(|name| name == wanted);
        if named("ubuntu") {
            Self::Ubuntu
        } else if named("debian") {
            Self::Debian
        } else {
            Self::Other
        }
    }
}

/// Whether we may install packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privilege {
    Root,
    /// By sudo, which asks for no password.
    Sudo,
    None,
}

impl Privilege {
    pub(super) fn of_ours(repo: &Repo) -> Self {
        if is_root() {
            Self::Root
        } else if repo.cmd("sudo").args(["-n", "true"]).ask().is_ok() {
            Self::Sudo
        } else {
            Self::None
        }
    }
}

/// Installs packages of Debian or Ubuntu, if we may; otherwise says what the user has to type.
pub(super) fn apt(repo: &Repo, privilege: Privilege, packages: &[&str]) -> Remedy {
    let apt_get = match privilege {
        Privilege::Root => repo.cmd("apt-get").env("DEBIAN_FRONTEND", "noninteractive"),
        // Sudo keeps our variables from what it runs.
        Privilege::Sudo => repo.cmd("sudo").args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]),
        Privilege::None => return Remedy::ByHand(apt_by_hand(packages)),
    };
    // A machine that has just started often updates itself.
    let apt_get = apt_get.args(["-o", "DPkg::Lock::Timeout=300"]).on_the_terminal();
    Remedy::Run(vec![
        apt_get.clone().arg("update"),
        apt_get.args(["install", "-y", "--no-install-recommends"]).args(packages.iter().copied()),
    ])
}

/// One line to copy. A machine whose lists of packages are old, or not there, finds none.
pub(super) fn apt_by_hand(packages: &[&str]) -> String {
    format!("sudo apt-get update && sudo apt-get install --no-install-recommends {}", packages.join(" "))
}

fn is_root() -> bool {
    #[cfg(unix)]
    {
        rustix::process::geteuid().is_root()
    }
    #[cfg(not(unix))]
    {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_told_by_os_release() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n";
        assert_eq!(System::from_os_release(debian), System::Debian);
        assert_eq!(System::from_os_release("ID=ubuntu\nID_LIKE=debian\n"), System::Ubuntu);
        assert_eq!(System::from_os_release("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), System::Ubuntu);
        assert_eq!(System::from_os_release("ID=fedora\n"), System::Other);
        assert_eq!(System::from_os_release(""), System::Other);
    }

    #[test]
    fn packages_are_installed_by_who_may() {
        let repo = Repo::of_tests();
        let lines = |privilege| match apt(&repo, privilege, &["a", "b"]) {
            Remedy::Run(commands) => commands.iter().map(ToString::to_string).collect(),
            remedy => vec![format!("{remedy:?}")],
        };
        assert_eq!(
            lines(Privilege::Sudo),
            [
                "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update",
                "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y \
                 --no-install-recommends a b"
            ]
        );
        assert!(lines(Privilege::Root).iter().all(|line| !line.contains("sudo")));
        let Remedy::ByHand(line) = apt(&repo, Privilege::None, &["a", "b"]) else { panic!("we may not") };
        assert_eq!(line, "sudo apt-get update && sudo apt-get install --no-install-recommends a b");
    }
}
