//! What decides how a package of the system is installed, and whether we may do it.

use std::env;
use std::path::PathBuf;

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

/// Installs packages of Debian or Ubuntu, if we may; otherwise says what the user has to type.
pub(super) fn apt(repo: &Repo, packages: &[&str]) -> Remedy {
    if !is_root() {
        return Remedy::ByHand(apt_by_hand(packages));
    }
    Remedy::Run(vec![
        repo.cmd("apt-get").arg("update"),
        repo.cmd("apt-get")
            .args(["install", "-y", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    ])
}

pub(super) fn apt_by_hand(packages: &[&str]) -> String {
    format!("sudo apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Asks the kernel who owns our process, because the standard library does not know.
pub(super) fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::path::Path::new("/proc/self").metadata().is_ok_and(|meta| meta.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        false
    }
}

/// The file that a variable of the environment names, for programs that are in no usual place.
pub(super) fn from_environment(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_file())
}

/// Ubuntu's packages of browsers are stubs that ask for a snap, so a file on the path proves nothing.
pub(super) fn runs(repo: &Repo, program: Option<PathBuf>) -> bool {
    program.is_some_and(|path| repo.cmd(&path.to_string_lossy()).arg("--version").ask().is_some())
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
    fn who_cannot_install_gets_the_exact_command() {
        assert_eq!(apt_by_hand(&["a", "b"]), "sudo apt-get install --no-install-recommends a b");
    }
}
