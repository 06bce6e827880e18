//! Where things are: the repository, the tools' folder, and the search path that our children get.

use std::env;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::Cmd;

/// The repository and the search path of everything that we start.
#[derive(Debug)]
pub(crate) struct Repo {
    root: PathBuf,
    search: Vec<PathBuf>,
}

impl Repo {
    /// Finds the repository that this binary was built from, or the one that `cargo xtask` was called in.
    pub(crate) fn find() -> Result<Self> {
        // Cargo sets the variable when it runs us. The path of the build is for those who start the binary by hand.
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest_dir.ancestors().nth(2).unwrap_or(&manifest_dir).to_path_buf();
        if !root.join("Cargo.toml").is_file() {
            bail!("no repository at {}; run `cargo xtask` inside it", root.display());
        }
        Ok(Self { search: search_path(&root), root })
    }

    /// The repository that the tests of this crate run in.
    #[cfg(test)]
    pub(crate) fn of_tests() -> Self {
        Self::find().expect("there is one")
    }

    /// A path inside the repository, written with forward slashes.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Our own folder for stamps, reports and tools. Inside `target`, so `cargo clean` removes it.
    pub(crate) fn work(&self, relative: &str) -> PathBuf {
        self.root.join("target/xtask").join(relative)
    }

    /// Like [`Self::work`], for a file that is about to be written.
    pub(crate) fn work_file(&self, relative: &str) -> Result<PathBuf> {
        let path = self.work(relative);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("could not create {}", folder.display()))?;
        }
        Ok(path)
    }

    /// Waits while another one of us does what only one of us can do at a time. That is ours to do until the returned
    /// file, one of [`Self::work`], is dropped.
    pub(crate) fn lock_file(&self, relative: &str, does: &str) -> Result<File> {
        let path = self.work_file(relative)?;
        let file = File::create(&path).with_context(|| format!("could not write {}", path.display()))?;
        // Any other error is that of a file system without locks, where nobody can wait.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            eprintln!("another cargo xtask {does}: waiting for it to end");
            file.lock().with_context(|| format!("could not wait for {}", path.display()))?;
        }
        Ok(file)
    }

    /// Where a program is, on the search path that our children get.
    pub(crate) fn which(&self, program: &str) -> Option<PathBuf> {
        which_in(&self.search, program)
    }

    /// The folders in which programs are looked for, as a line for a reader.
    pub(crate) fn search_path(&self) -> String {
        let folders: Vec<_> = self.search.iter().map(|folder| folder.to_string_lossy()).collect();
        folders.join(if cfg!(windows) { ";" } else { ":" })
    }

    /// The same repository on a machine that has programs in these folders alone.
    #[cfg(test)]
    pub(crate) fn with_search(self, search: Vec<PathBuf>) -> Self {
        Self { search, ..self }
    }

    /// The same tools in another repository.
    #[cfg(test)]
    pub(crate) fn with_root(self, root: &Path) -> Self {
        Self { root: root.to_path_buf(), ..self }
    }

    /// A command that runs at the root of the repository and finds our tools first.
    pub(crate) fn cmd(&self, program: &str) -> Cmd {
        // By its name alone, Windows finds no `.cmd`, which is what npm is there.
        let found = if cfg!(windows) { self.which(program) } else { None };
        let program = found.map_or_else(|| program.to_owned(), |path| path.to_string_lossy().into_owned());
        let cmd = Cmd::new(&program, &self.root);
        match env::join_paths(&self.search) {
            Ok(path) => cmd.env("PATH", path),
            // A folder with the separator in its name came from the PATH we inherited; leave that PATH alone.
            Err(_) => cmd,
        }
    }

    /// The version of a package in Cargo.lock, the single place where it is pinned.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.path("Cargo.lock");
        let lock = std::fs::read_to_string(&path)
            .with_context(|| format!("could not read {}; run `cargo generate-lockfile`", path.display()))?;
        locked_version(&lock, package).with_context(|| format!("Cargo.lock names no package `{package}`"))
    }
}

fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == name)?;
    Some(lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')?.to_owned())
}

/// Ours first (they have the versions this repository wants), then the wasm-opt from npm, then what the user has.
/// Cargo's own folder comes last: it is where we install, and not every system has it on the path.
fn search_path(root: &Path) -> Vec<PathBuf> {
    let mut search = vec![root.join("target/xtask/tools/bin"), root.join("frontend/node_modules/.bin")];
    // What we start runs in other folders than whoever called us from one.
    let here = env::current_dir().unwrap_or_default();
    search.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()).map(|folder| here.join(folder)));
    if let Some(bin) = cargo_bin()
        && !search.contains(&bin)
    {
        search.push(bin);
    }
    search
}

/// Where `cargo install` puts programs.
fn cargo_bin() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from);
    let home = set("CARGO_INSTALL_ROOT").or_else(|| set("CARGO_HOME"));
    home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).map(|home| home.join("bin"))
}

fn which_in(search: &[PathBuf], program: &str) -> Option<PathBuf> {
    // npm installs its commands as .cmd files on Windows.
    let names: &[String] = &if cfg!(windows) {
        vec![format!("{program}.exe"), format!("{program}.cmd")]
    } else {
        vec![program.to_owned()]
    };
    search
        .iter()
        .flat_map(|folder| names.iter().map(|name| folder.join(name)))
        .find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_that_of_the_exact_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "trunk"), None);
    }

    #[test]
    fn our_tools_come_before_the_users_and_cargos_folder_is_always_searched() {
        let search = search_path(Path::new("/repo"));
        assert_eq!(search[0], Path::new("/repo/target/xtask/tools/bin"));
        assert_eq!(search[1], Path::new("/repo/frontend/node_modules/.bin"));
        assert!(cargo_bin().is_none_or(|bin| search.contains(&bin)));
    }

    #[test]
    fn a_folder_or_a_plain_file_is_not_a_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(which_in(&[root.to_path_buf()], "src"), None);
        #[cfg(unix)]
        assert_eq!(which_in(&[root.to_path_buf()], "Cargo.toml"), None);
    }
}
