//! Which servers were measured, and on what: without it a figure cannot be set beside another.

use std::ffi::OsStr;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::peer::{Nchan, Programs};

/// Of our own source, of the machine, and of the servers that no lock file names. What cannot be told is null.
#[must_use]
pub fn versions(programs: &Programs) -> Value {
    let commit = ["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty", "--exclude=*"];
    // It answers "path: go1.19.8".
    let go = programs.go.as_ref().and_then(|hub| ask("go", &[OsStr::new("version"), hub.as_ref()]));
    let nchan = programs.nchan.as_ref();
    json!({
        "commit": ask("git", &commit),
        "kernel": read("/proc/sys/kernel/osrelease"),
        "processor": read("/proc/cpuinfo").as_deref().and_then(processor),
        "cores": std::thread::available_parallelism().ok(),
        "go": go.as_deref().and_then(|line| line.split_whitespace().last()),
        "nginx": nchan.and_then(|nchan| ask(&nchan.nginx, &["-v"])),
        "nchan": nchan.and_then(of_nchan),
        "node": programs.better_sse.as_ref().and_then(|_| ask("node", &["--version"])),
    })
}

/// The first line of what a program says. nginx says it to its standard error.
fn ask(program: impl AsRef<OsStr>, args: &[impl AsRef<OsStr>]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success())?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Some(String::from_utf8(text).ok()?.lines().next()?.trim().to_owned())
}

fn read(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

fn processor(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

/// The module does not tell its own version; the newest entry of its package's changelog does.
fn of_nchan(nchan: &Nchan) -> Option<String> {
    let root = nchan.module.ancestors().find(|folder| folder.ends_with("usr"))?;
    let changelog = root.join("share/doc/libnginx-mod-nchan/changelog.Debian.gz");
    let newest = ask("gzip", &[OsStr::new("-dc"), changelog.as_ref()])?;
    in_parentheses(&newest).map(str::to_owned)
}

fn in_parentheses(line: &str) -> Option<&str> {
    Some(line.split_once('(')?.1.split_once(')')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_and_what_a_program_says_of_itself_are_told() {
        let programs = Programs { rust: "".into(), go: None, better_sse: None, nchan: None };
        let versions = versions(&programs);
        assert!(versions["kernel"].is_string() && versions["cores"].is_u64(), "{versions}");
        assert!(versions["go"].is_null() && versions["nchan"].is_null(), "{versions}");
        assert_eq!(
            ask("sh", &["-c", "echo nginx version: nginx/1.22.1 >&2"]).as_deref(),
            Some("nginx version: nginx/1.22.1")
        );
        assert_eq!(ask("sh", &["-c", "echo no; exit 1"]), None);
        assert_eq!(processor("processor\t: 0\nmodel name\t: AMD EPYC\n"), Some("AMD EPYC"));
        assert_eq!(
            in_parentheses("libnginx-mod-nchan (1:1.3.6+dfsg-2) unstable; urgency=medium"),
            Some("1:1.3.6+dfsg-2")
        );
    }
}
