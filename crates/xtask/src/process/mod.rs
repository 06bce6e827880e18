//! Running commands: each is shown before it runs, and an error carries the exact line to try by hand.

mod children;

pub(crate) use children::{Running, end_on_signals};

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use children::{Group, Limit};

/// How long a program may take to answer a question, if nobody says otherwise. A busy machine needs seconds for it;
/// what opened a window, or asks somebody, waits for ever.
const ANSWER: Duration = Duration::from_secs(60);

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
    group: Group,
    limit: Option<Duration>,
}

impl Cmd {
    /// A command that runs in `root`.
    pub(crate) fn new(program: &str, root: &Path) -> Self {
        let (folder, root) = (root.to_path_buf(), root.to_path_buf());
        let program = program.to_owned();
        let (args, env, without) = (Vec::new(), Vec::new(), Vec::new());
        Self { program, args, folder, root, env, without, group: Group::Own, limit: None }
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

    /// Leaves the terminal to the command, and Ctrl-C: for the package managers of a system.
    pub(crate) fn on_the_terminal(mut self) -> Self {
        self.group = Group::Ours;
        self
    }

    /// What still runs after this time is ended and has failed. Without, it may take for ever.
    pub(crate) fn limit(mut self, time: Duration) -> Self {
        self.limit = Some(time);
        self
    }

    /// Shows the command, runs it, and fails when it fails.
    pub(crate) fn run(&self) -> Result<()> {
        println!("$ {self}");
        let status = self.start(self.command())?.wait()?;
        self.expect_success(status)
    }

    /// Like [`Self::run`], all of it on standard error: standard output is for what the caller asked for.
    pub(crate) fn run_aside(&self) -> Result<()> {
        eprintln!("$ {self}");
        let mut command = self.command();
        command.stdout(std::io::stderr());
        let status = self.start(command)?.wait()?;
        self.expect_success(status)
    }

    /// What the command printed to its standard output. Its other output stays visible.
    pub(crate) fn capture(&self) -> Result<String> {
        self.start_capture()?.finish()
    }

    /// Like [`Self::capture`], also of a command that fails: its exit code is passed on.
    pub(crate) fn capture_any(&self) -> Result<(Vec<u8>, ExitCode)> {
        let Capture { started, reader } = self.start_capture()?;
        let status = started.wait()?;
        Ok((self.read(reader)?, exit_code(status)))
    }

    /// Like [`Self::capture`], while we do something else.
    pub(crate) fn start_capture(&self) -> Result<Capture> {
        self.start_reading(self.command())
    }

    fn start_reading(&self, mut command: Command) -> Result<Capture> {
        command.stdout(Stdio::piped());
        let started = self.start(command)?;
        let output = started.running.take_stdout();
        let reader = thread::spawn(move || {
            let mut bytes = Vec::new();
            output.map_or(Ok(0), |mut output| output.read_to_end(&mut bytes)).map(|_| bytes)
        });
        Ok(Capture { started, reader })
    }

    /// What the command printed, for questions where "no" is an answer: nothing is shown, and the error says why not.
    pub(crate) fn ask(&self) -> Result<String> {
        let limited = Self { limit: self.limit.or(Some(ANSWER)), ..self.clone() };
        let mut command = self.command();
        command.stderr(Stdio::null());
        let bytes = limited.start_reading(command)?.bytes()?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Runs the command, copying its standard output to ours as it comes, and hands each line to `on_line`.
    pub(crate) fn tee(&self, mut on_line: impl FnMut(&str)) -> Result<ExitStatus> {
        println!("$ {self}");
        let mut command = self.command();
        command.stdout(Stdio::piped());
        let started = self.start(command)?;
        if let Some(output) = started.running.take_stdout() {
            for_each_line(output, |line| {
                show(line);
                on_line(&String::from_utf8_lossy(line));
            });
        }
        started.wait()
    }

    /// Like [`Self::tee`], with both outputs and a name before each line, for what runs beside its like.
    pub(crate) fn tee_as(&self, name: &str, mut on_line: impl FnMut(&str)) -> Result<ExitStatus> {
        println!("{name}: $ {self}");
        let (output, input) = std::io::pipe().context("could not make a pipe")?;
        let mut command = self.command();
        command.stdout(input.try_clone().context("could not share a pipe")?).stderr(input);
        // It takes the command along, and with it our ends of the pipe.
        let started = self.start(command)?;
        for_each_line(output, |line| {
            show(&[name.as_bytes(), b": ", line].concat());
            on_line(&String::from_utf8_lossy(line));
        });
        started.wait()
    }

    /// Runs the command without showing its standard error, and hands each line of it to `on_line`, for a program that
    /// says more there than anybody wants to read.
    pub(crate) fn watch_errors(&self, mut on_line: impl FnMut(&str)) -> Result<ExitStatus> {
        println!("$ {self}");
        let mut command = self.command();
        command.stderr(Stdio::piped());
        let started = self.start(command)?;
        if let Some(errors) = started.running.take_stderr() {
            for_each_line(errors, |line| on_line(String::from_utf8_lossy(line).trim_end()));
        }
        started.wait()
    }

    /// Starts the command beside us. It ends when the returned guard is dropped, and when we are told to end.
    pub(crate) fn spawn(&self) -> Result<Running> {
        println!("$ {self} &");
        Running::start(self.command(), self.group).with_context(|| self.not_started())
    }

    /// Like [`Self::spawn`], silent and with the processor time that nobody else wants.
    pub(crate) fn spawn_beside(&self) -> Result<Running> {
        println!("$ {self} &");
        let polite = if cfg!(unix) { self.nice() } else { self.clone() };
        let mut command = polite.command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Running::start(command, self.group).with_context(|| self.not_started())
    }

    /// The same command, last in line.
    fn nice(&self) -> Self {
        let mut args: Vec<OsString> = vec!["-n".into(), "19".into(), (&self.program).into()];
        args.extend_from_slice(&self.args);
        Self { program: "nice".to_owned(), args, ..self.clone() }
    }

    /// Like [`Self::spawn`], and also hands out the standard output.
    pub(crate) fn spawn_piped(&self) -> Result<(Running, ChildStdout)> {
        println!("$ {self} &");
        let mut command = self.command();
        command.stdout(Stdio::piped());
        let running = Running::start(command, self.group).with_context(|| self.not_started())?;
        let output = running.take_stdout().with_context(|| format!("`{self}` has no standard output"))?;
        Ok((running, output))
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
            Ok(exit_code(status))
        }
    }

    fn start(&self, command: Command) -> Result<Limited> {
        let running = Running::start(command, self.group).with_context(|| self.not_started())?;
        let limit = self.limit.map(|time| running.limit(time));
        Ok(Limited { cmd: self.clone(), running, limit })
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

    fn read(&self, reader: Reader) -> Result<Vec<u8>> {
        let output = reader.join().map_err(|_| anyhow!("the reader of `{self}` panicked"))?;
        output.with_context(|| format!("could not read what `{self}` printed"))
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

/// A command that runs, and its limit.
#[derive(Debug)]
struct Limited {
    cmd: Cmd,
    running: Running,
    limit: Option<Limit>,
}

impl Limited {
    fn wait(self) -> Result<ExitStatus> {
        let Self { cmd, running, limit } = self;
        let status = running.wait().with_context(|| format!("lost track of `{cmd}`"))?;
        if limit.is_some_and(Limit::was_exceeded) {
            bail!("`{cmd}` still ran after {:?} and was ended", cmd.limit.unwrap_or_default());
        }
        Ok(status)
    }
}

/// A command whose output is collected while it runs. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Capture {
    started: Limited,
    reader: Reader,
}

impl Capture {
    /// Waits for its end. What it printed to its standard output.
    pub(crate) fn finish(self) -> Result<String> {
        let cmd = self.started.cmd.clone();
        String::from_utf8(self.bytes()?)
            .with_context(|| format!("`{cmd}` printed something that is not text"))
    }

    fn bytes(self) -> Result<Vec<u8>> {
        let cmd = self.started.cmd.clone();
        let status = self.started.wait()?;
        // Whoever failed may have left somebody who still holds the other end, and would be waited for.
        cmd.expect_success(status)?;
        cmd.read(self.reader)
    }
}

/// Who reads what a command prints.
type Reader = JoinHandle<std::io::Result<Vec<u8>>>;

fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The first of the lines of a child in which `pick` finds something, if it comes within `limit`. The rest is read as well
/// and handed to `pick`: a full pipe would stop the child.
pub(crate) fn first_of_lines<T: Send + 'static>(
    output: ChildStdout,
    limit: Duration,
    mut pick: impl FnMut(&str) -> Option<T> + Send + 'static,
) -> Option<T> {
    let (found, wait) = mpsc::channel();
    thread::spawn(move || {
        for_each_line(output, |line| {
            if let Some(picked) = pick(&String::from_utf8_lossy(line)) {
                // Nobody listens any more after the first time.
                let _ = found.send(picked);
            }
        });
    });
    wait.recv_timeout(limit).ok()
}

/// Copies a line to our standard output, whole.
fn show(line: &[u8]) {
    let mut out = std::io::stdout().lock();
    // A closed pipe on our side (`| head`) must not stop the tests.
    let _ = out.write_all(line).and_then(|()| out.flush());
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
        assert!(cmd("no-such-program").ask().is_err());
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
    fn what_has_a_name_hands_over_both_of_its_outputs() {
        let mut lines = Vec::new();
        let says = cmd("sh").args(["-c", "echo one; echo two >&2"]);
        let status = says.tee_as("sh", |line| lines.push(line.to_owned()));
        assert!(status.expect("sh runs").success());
        assert_eq!(lines, ["one\n", "two\n"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_runs_beside_comes_last_in_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let says = cmd("sh").args(["-c", "nice > level"]).folder(folder.path());
        let running = says.spawn_beside().expect("sh starts");
        assert!(running.wait().expect("has a state").success());
        let level = std::fs::read_to_string(folder.path().join("level")).expect("was written");
        assert_eq!(level.trim(), "19");
    }

    #[cfg(unix)]
    #[test]
    fn what_takes_too_long_is_named() {
        let late = cmd("sleep").arg("600").limit(Duration::from_millis(1));
        let error = late.run().expect_err("it takes longer").to_string();
        assert_eq!(error, "`sleep 600` still ran after 1ms and was ended");
        assert!(late.tee(|_| {}).is_err());
        assert_eq!(late.ask().expect_err("it does not answer").to_string(), error);
        let in_time = cmd("true").limit(Duration::from_secs(600));
        in_time.run().expect("it ends at once");
    }
}
