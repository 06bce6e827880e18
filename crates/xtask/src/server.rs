//! What we must know of the arguments that are the server's. The server itself reads them properly.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::page;
use crate::process::Cmd;
use crate::repo::Repo;

/// Where the server listens when nobody says otherwise.
pub(crate) const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// What makes it say something instead of serving.
const QUESTIONS: [&str; 5] = ["--help", "-h", "--version", "-V", "--check-config"];

/// Arguments of the server, and the environment that it will have.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    words: &'a [String],
    environment: BTreeMap<String, String>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(words: &'a [String]) -> Self {
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self { words, environment: env::vars_os().filter_map(text).collect() }
    }

    /// Whether the server will only say something, for which it needs no page and no address.
    pub(crate) fn only_ask(&self) -> bool {
        self.words.iter().any(|word| QUESTIONS.contains(&word.as_str()))
    }

    /// Where the server will listen, unless a file may say so: the server knows how to read it.
    pub(crate) fn address(&self) -> Result<Option<SocketAddr>> {
        let Some(address) = self.option("--listen", "SSE_LISTEN") else {
            return Ok(if self.names_config() { None } else { Some(ADDRESS) });
        };
        parse(&address, "--listen or SSE_LISTEN").map(Some)
    }

    /// Fails if the server could not listen where it is to: better now than when everything is built. `advice` is what
    /// to do then.
    pub(crate) fn check_address(&self, advice: &str) -> Result<()> {
        self.address()?.map_or(Ok(()), |address| check_free(address, advice))
    }

    /// The server's command, where relative paths in the arguments are the caller's. What it would look for in its own
    /// folder is in the repository.
    pub(crate) fn command(&self, repo: &Repo, server: &str, folder: &Path) -> Cmd {
        let mut command = repo.cmd(server).folder(folder);
        if self.option("--dist", "SSE_DIST").is_none() {
            command = command.arg("--dist").arg(page::dist(repo));
        }
        // Without that history the server has no use for its folder, and warns.
        let is_in_file = self.option("--history", "SSE_HISTORY").is_some_and(|history| history == "redb");
        if is_in_file && self.option("--data-dir", "SSE_DATA_DIR").is_none() && !self.names_config() {
            command = command.arg("--data-dir").arg(repo.path("data"));
        }
        command.args(self.words)
    }

    /// A file of which only the server knows what it says.
    fn names_config(&self) -> bool {
        self.option("--config", "SSE_CONFIG").is_some()
    }

    /// What a flag says, `--flag value` or `--flag=value`, or else a variable.
    fn option(&self, flag: &str, variable: &str) -> Option<String> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if word == flag {
                return words.next().cloned();
            }
            if let Some(value) = word.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')) {
                return Some(value.to_owned());
            }
        }
        self.environment.get(variable).cloned()
    }
}

/// An address to listen on, as `named_by` says it.
pub(crate) fn parse(address: &str, named_by: &str) -> Result<SocketAddr> {
    let why = || {
        anyhow!(
            "`{address}` is no address to listen on (from {named_by}); one with its port is {ADDRESS}, or [::1]:8080"
        )
    };
    if !address.contains(':') {
        return Err(why());
    }
    // A name has the address that the server takes for it.
    let addresses: Vec<_> = address.to_socket_addrs().map_err(|_| why())?.collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    first.copied().ok_or_else(why)
}

/// Fails if we cannot listen there. Port 0 is always free.
pub(crate) fn check_free(address: SocketAddr, advice: &str) -> Result<()> {
    let Err(error) = TcpListener::bind(address) else { return Ok(()) };
    let reason = match error.kind() {
        ErrorKind::AddrInUse => {
            "something else listens there, perhaps another one of these, which you can stop".to_owned()
        }
        _ => error.to_string(),
    };
    bail!("cannot listen on {address}: {reason}\n{advice}")
}

/// Where `cargo xtask` was called.
pub(crate) fn working_dir() -> Result<PathBuf> {
    env::current_dir().context("the folder that this was called in is gone")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks arguments, written as a line, with one variable.
    fn with<T>(line: &str, variable: (&str, &str), ask: impl FnOnce(&Arguments<'_>) -> T) -> T {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let environment = BTreeMap::from([(variable.0.to_owned(), variable.1.to_owned())]);
        ask(&Arguments { words: &words, environment })
    }

    /// Windows writes paths in another way.
    #[cfg(unix)]
    #[test]
    fn the_folders_of_the_repository_are_used_unless_others_are_named() {
        let repo = Repo::of_tests().with_root(Path::new("/r"));
        let line = |line: &str, variable| {
            with(line, variable, |arguments| {
                arguments.command(&repo, "server", Path::new("/r/sub")).to_string()
            })
        };
        let (here, none) = ("cd sub && server", ("", ""));
        let (dist, data) = ("--dist /r/dist", "--data-dir /r/data");
        let redb = "--history redb";
        assert_eq!(line("", none), format!("{here} {dist}"));
        assert_eq!(line("--history memory", none), format!("{here} {dist} --history memory"));
        assert_eq!(line(redb, none), format!("{here} {dist} {data} {redb}"));
        assert_eq!(line("", ("SSE_HISTORY", "redb")), format!("{here} {dist} {data}"));
        assert_eq!(line("--listen [::]:80", none), format!("{here} {dist} --listen '[::]:80'"));
        assert_eq!(line("--dist /srv", none), format!("{here} --dist /srv"));
        assert_eq!(line("--dist=srv", none), format!("{here} --dist=srv"));
        let elsewhere = format!("{redb} --data-dir d");
        assert_eq!(line(&elsewhere, none), format!("{here} {dist} {elsewhere}"));
        let in_file = format!("{redb} --config x.toml");
        assert_eq!(line(&in_file, none), format!("{here} {dist} {in_file}"));
        assert_eq!(line("", ("SSE_DIST", "/srv")), here);
        assert_eq!(line(redb, ("SSE_CONFIG", "x.toml")), format!("{here} {dist} {redb}"));
    }

    #[test]
    fn an_address_that_is_taken_is_told_at_once_with_the_way_out() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let taken = taken.local_addr().map(|address| (taken, address.to_string())).expect("it has one");
        let check = |line: &str, variable: (&str, &str)| {
            with(line, variable, |arguments| arguments.check_address("An advice."))
                .map_err(|error| error.to_string())
        };
        let (_held, taken) = &taken;
        for refused in [
            check(&format!("--listen {taken}"), ("", "")),
            check(&format!("--seed 1 --listen={taken}"), ("", "")),
            check("", ("SSE_LISTEN", taken)),
        ] {
            let error = refused.expect_err("it is taken");
            assert!(
                error.starts_with(&format!("cannot listen on {taken}: something else listens")),
                "{error}"
            );
            assert!(error.ends_with("\nAn advice."), "{error}");
        }
        assert_eq!(check("--listen 127.0.0.1:0", ("SSE_LISTEN", taken)), Ok(()), "the flag comes first");
        assert_eq!(check("--config x.toml", ("", "")), Ok(()), "it may say anything");
        assert_eq!(check("--listen localhost:0", ("", "")), Ok(()), "a name will do");
        let error = check("--listen localhost", ("", "")).expect_err("it has no port");
        assert!(error.starts_with("`localhost` is no address to listen on"), "{error}");
    }

    #[test]
    fn a_question_needs_no_page() {
        let asks = |line| with(line, ("", ""), |arguments| arguments.only_ask());
        for line in ["--help", "-h", "--version", "-V", "--config x.toml --check-config"] {
            assert!(asks(line), "{line}");
        }
        assert!(!asks("") && !asks("--listen 127.0.0.1:1"));
    }
}
