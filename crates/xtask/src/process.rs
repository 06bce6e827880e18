//! Running commands: each is shown before it runs, and an error carries the exact line to try by hand.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};

/// A command that has not started yet. Printing it gives a line for a shell.
#[derive(Debug, Clone)]
#[must_use]
pub(crate) struct Cmd {
    program: String,
    args: Vec<OsString>,
    folder: PathBuf,
    root: PathBuf,
    env: Vec<(String, OsString)>,
    without: Vec<String>,
}

impl Cmd {
    /// A command that runs in `root`.
    pub(crate) fn new(program: &str, root: &Path) -> Self {
        let (folder, root) = (root.to_path_buf(), root.to_path_buf());
        let program = program.to_owned();
        Self { program, args: Vec::new(), folder, root, env: Vec::new(), without: Vec::new() }
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Keeps from the command what our own environment may say. What [`Self::env`] sets is not affected.
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        if std::env::var_os(name).is_some() {
            self.without.push(name.to_owned());
        }
        self
    }

    /// Runs in a folder of the repository instead of at its root.
    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Shows the command, runs it in the foreground, and fails when it fails.
    pub(crate) fn run(&self) -> Result<()> {
        println!("$ {self}");
        let running = Running::register(self.command().spawn().with_context(|| self.not_started())?);
        let status = running.wait().with_context(|| format!("lost track of `{self}`"))?;
        self.expect_success(status)
    }

    /// What the command printed to its standard output. Its other output stays visible.
    pub(crate) fn capture(&self) -> Result<String> {
        let output = self.command().stderr(Stdio::inherit()).output().with_context(|| self.not_started())?;
        self.expect_success(output.status)?;
        String::from_utf8(output.stdout)
            .with_context(|| format!("`{self}` printed something that is not text"))
    }

    /// Like [`Self::capture`], for questions where "no" is an answer: nothing is shown, `None` when it fails.
    pub(crate) fn ask(&self) -> Option<String> {
        let output = self.command().stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs the command, copying its standard output to ours as it comes, and hands each line to `on_line`.
    pub(crate) fn tee(&self, mut on_line: impl FnMut(&str)) -> Result<ExitStatus> {
        println!("$ {self}");
        let mut child = self.command().stdout(Stdio::piped()).spawn().with_context(|| self.not_started())?;
        let output = child.stdout.take();
        let running = Running::register(child);
        if let Some(output) = output {
            for_each_line(output, |line| {
                let mut out = std::io::stdout().lock();
                // A closed pipe on our side (`| head`) must not stop the tests.
                let _ = out.write_all(line).and_then(|()| out.flush());
                on_line(&String::from_utf8_lossy(line));
            });
        }
        running.wait().with_context(|| format!("lost track of `{self}`"))
    }

    /// Runs the command without showing its standard error, and hands each line of it to `on_line`, for a program that
    /// says more there than anybody wants to read.
    pub(crate) fn watch_errors(&self, mut on_line: impl FnMut(&str)) -> Result<ExitStatus> {
        println!("$ {self}");
        let mut child = self.command().stderr(Stdio::piped()).spawn().with_context(|| self.not_started())?;
        let errors = child.stderr.take();
        let running = Running::register(child);
        if let Some(errors) = errors {
            for_each_line(errors, |line| on_line(String::from_utf8_lossy(line).trim_end()));
        }
        running.wait().with_context(|| format!("lost track of `{self}`"))
    }

    /// Starts the command beside us. It ends when the returned guard is dropped, and when we are interrupted.
    pub(crate) fn spawn(&self) -> Result<Running> {
        println!("$ {self} &");
        Ok(Running::register(self.command().spawn().with_context(|| self.not_started())?))
    }

    /// Like [`Self::spawn`], and also hands out the standard output.
    pub(crate) fn spawn_piped(&self) -> Result<(Running, ChildStdout)> {
        println!("$ {self} &");
        let mut child = self.command().stdout(Stdio::piped()).spawn().with_context(|| self.not_started())?;
        let output = child.stdout.take().with_context(|| format!("`{self}` has no standard output"))?;
        Ok((Running::register(child), output))
    }

    /// Becomes the command, so that signals for us reach it. Where the system cannot do that, runs it and
    /// passes its exit code on.
    pub(crate) fn exec(&self) -> Result<ExitCode> {
        println!("$ {self}");
        let mut command = self.command();
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            Err(command.exec()).with_context(|| self.not_started())
        }
        #[cfg(not(unix))]
        {
            let status = command.status().with_context(|| self.not_started())?;
            let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
            Ok(ExitCode::from(code))
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.folder);
        // Cargo describes *our* package to us. A child that took these for its own would be rebuilt, or misled.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&*name);
            }
        }
        for name in &self.without {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn expect_success(&self, status: ExitStatus) -> Result<()> {
        if !status.success() {
            bail!("`{self}` failed ({status})");
        }
        Ok(())
    }

    fn not_started(&self) -> String {
        format!("could not start `{self}`; is `{}` installed and on the PATH?", self.program)
    }
}

impl std::fmt::Display for Cmd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.folder != self.root {
            let folder = self.folder.strip_prefix(&self.root).unwrap_or(&self.folder);
            write!(f, "cd {} && ", quoted(&folder.to_string_lossy()))?;
        }
        if !self.without.is_empty() {
            write!(f, "env")?;
            for name in &self.without {
                write!(f, " -u {name}")?;
            }
            write!(f, " ")?;
        }
        for (name, value) in self.env.iter().filter(|(name, _)| name != "PATH") {
            write!(f, "{name}={} ", quoted(&value.to_string_lossy()))?;
        }
        write!(f, "{}", quoted(&self.program))?;
        for arg in &self.args {
            write!(f, " {}", quoted(&arg.to_string_lossy()))?;
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Calls `on_line` with each line, its end included, until the stream ends or cannot be read.
pub(crate) fn for_each_line(stream: impl std::io::Read, mut on_line: impl FnMut(&[u8])) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        on_line(&line);
        line.clear();
    }
}

/// The children that must not outlive us. Destructors do not run on a signal, so its handler ends these.
static CHILDREN: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());

/// A lock whose holder panicked still guards a usable list of children.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on SIGINT, SIGTERM and SIGHUP end our children before they end us.
pub(crate) fn end_children_on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        for child in locked(&CHILDREN).iter() {
            let _ = locked(child).kill();
        }
        // What a shell reports for a program that Ctrl-C ended.
        std::process::exit(130);
    })
    .context("could not listen for Ctrl-C")
}

/// A child that runs beside us, and ends with this guard.
#[derive(Debug)]
pub(crate) struct Running {
    child: Arc<Mutex<Child>>,
}

impl Running {
    fn register(child: Child) -> Self {
        let child = Arc::new(Mutex::new(child));
        locked(&CHILDREN).push(Arc::clone(&child));
        Self { child }
    }

    /// How it ended, or `None` while it runs.
    pub(crate) fn ended(&self) -> Result<Option<ExitStatus>> {
        locked(&self.child).try_wait().context("could not ask for the state of a child")
    }

    /// Waits for its end. Asks again and again instead of blocking, because the handler of a signal needs the lock.
    pub(crate) fn wait(&self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        locked(&CHILDREN).retain(|child| !Arc::ptr_eq(child, &self.child));
        let mut child = locked(&self.child);
        // Both fail only when it has ended already.
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cmd(program: &str) -> Cmd {
        Cmd::new(program, Path::new(env!("CARGO_MANIFEST_DIR")))
    }

    #[test]
    fn a_command_prints_as_a_line_for_a_shell() {
        let line = cmd("npm").env("PATH", "/hidden").env("A", "b c").args(["ci", "it's"]).to_string();
        assert_eq!(line, r"A='b c' npm ci 'it'\''s'");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(cmd("ls").folder(folder).to_string(), "cd src && ls");
        // Cargo sets this one for tests, and nobody the other.
        let without = cmd("ls").without_env("CARGO_MANIFEST_DIR").without_env("NO_SUCH_VARIABLE");
        assert_eq!(without.env("A", "b").to_string(), "env -u CARGO_MANIFEST_DIR A=b ls");
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = cmd("cargo").arg("no-such-command").capture().expect_err("cargo has no such command");
        assert!(error.to_string().contains("`cargo no-such-command` failed"), "{error}");
        let error = cmd("no-such-program").run().expect_err("there is no such program");
        assert!(error.to_string().contains("is `no-such-program` installed"), "{error}");
        assert_eq!(cmd("no-such-program").ask(), None);
    }

    #[test]
    fn tee_hands_over_each_line() {
        let mut lines = Vec::new();
        let status = cmd("cargo").arg("--version").tee(|line| lines.push(line.to_owned()));
        assert!(status.expect("cargo runs").success());
        assert!(lines[0].starts_with("cargo "), "{lines:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_child_ends_with_its_guard() {
        let running = cmd("sleep").arg("600").spawn().expect("sleep starts");
        assert_eq!(running.ended().expect("has a state"), None);
        let child = Arc::clone(&running.child);
        drop(running);
        assert!(locked(&child).try_wait().expect("has a state").is_some());
    }
}
