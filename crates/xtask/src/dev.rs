//! Developing: trunk with hot reload, and the server that it hands requests to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use crate::repo::Repo;
use crate::serve::SERVER;
use crate::server::{self, ADDRESS, Arguments};
use crate::setup::{self, Need};
use crate::{cargo, page};

/// Where Trunk.toml has the page served.
const TRUNK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// What helps when one of the two cannot listen.
const FIXED: &str = "It has to be this address: Trunk.toml names it.";

/// `cargo xtask dev`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Open the page in the browser when it is built
    #[arg(long)]
    open: bool,

    /// What the server gets; keep it on 127.0.0.1:8080, where Trunk.toml expects it
    #[arg(last = true, value_name = "SERVER ARGUMENTS")]
    server: Vec<String>,
}

/// `cargo xtask dev`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let arguments = Arguments::new(&options.server);
    let build_server = || cargo::build_program(repo.cmd("cargo").arg("build"), SERVER);
    if arguments.only_ask() {
        return arguments.command(repo, &build_server()?, &server::working_dir()?).exec();
    }
    arguments.address()?.map_or(Ok(()), check_is_found)?;
    arguments.check_address(FIXED)?;
    server::check_free(TRUNK, FIXED)?;
    setup::ensure(repo, &Need::PAGE)?;
    // Built before trunk starts: both would wait for the same lock, and an error would drown in trunk's output.
    let server = arguments.command(repo, &build_server()?, &server::working_dir()?).spawn()?;
    // A folder of its own, so that the optimised page in dist/ stays what it is.
    let dist = repo.work_file("dev-dist/index.html")?;
    let trunk = page::trunk(repo, &["serve", "--dist", &dist.parent().unwrap_or(&dist).to_string_lossy()]);
    let trunk = if options.open { trunk.arg("--open") } else { trunk }.spawn()?;
    println!("\nThe page comes up at http://{TRUNK}. Ctrl-C ends both.\n");
    loop {
        for (name, child) in [("the server", &server), ("trunk", &trunk)] {
            if let Some(status) = child.ended()? {
                bail!("{name} ended ({status}), so the other was ended too");
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Fails if trunk would hand requests on to nobody.
fn check_is_found(address: SocketAddr) -> Result<()> {
    if address.port() != ADDRESS.port() || (address.ip() != ADDRESS.ip() && !address.ip().is_unspecified()) {
        bail!("Trunk.toml hands requests on to {ADDRESS}, where nobody hears a server on {address}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_listens_where_trunk_looks_for_it() {
        let check = |address: &str| check_is_found(address.parse().expect("an address"));
        for found in ["127.0.0.1:8080", "0.0.0.0:8080", "[::]:8080"] {
            check(found).expect("trunk reaches it");
        }
        for elsewhere in ["127.0.0.1:8082", "127.0.0.2:8080", "[::1]:8080", "0.0.0.0:0"] {
            let error = check(elsewhere).expect_err(elsewhere).to_string();
            assert!(error.contains(elsewhere) && error.contains("127.0.0.1:8080"), "{error}");
        }
    }
}
