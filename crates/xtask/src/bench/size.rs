//! `cargo xtask bench size`: what a page with one signal weighs.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::pages::{self, Package};
use super::{BENCHES, Output};
use crate::page::{compress, size};
use crate::repo::Repo;
use crate::setup;

/// `cargo xtask bench size`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print nothing but the line of JSON
    #[arg(long)]
    json: bool,
}

/// What a page is made with.
#[derive(Debug)]
enum Made {
    Leptos(Package),
    /// A script, from the root of the repository.
    React(&'static str),
}

/// Ours, without a stream, in React.
const PAGES: [(&str, Made); 3] = [
    ("leptos-eventsource", Made::Leptos(Package { manifest: BENCHES, name: "size-ours" })),
    ("Leptos alone", Made::Leptos(Package { manifest: BENCHES, name: "size-bare" })),
    ("React", Made::React("benches/size/react.jsx")),
];

/// What is promised.
const MOST_BYTES: u64 = 35_000;
const MOST_OF_REACT: f64 = 0.6;

/// `cargo xtask bench size`
pub(super) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    setup::ensure(repo, &pages::NEEDS)?;
    let output = Output::with(options.json);
    let mut sums = [0; PAGES.len()];
    for ((name, made), sum) in PAGES.iter().zip(&mut sums) {
        let folder = pages::folder(repo, name)?;
        match made {
            Made::Leptos(package) => {
                let glue = pages::wasm(repo, *package, &folder, output)?;
                pages::script(repo, "benches/size/leptos.mjs", &[("leptos-page", &glue)], &folder, output)?;
            }
            Made::React(script) => pages::script(repo, script, &[], &folder, output)?,
        }
        pages::index(repo, "benches/size/index.html", &folder)?;
        compress::folder(repo, &folder)?;
        let weights = size::weigh(&folder)?;
        *sum = size::sum(&weights).brotli;
        if output == Output::All {
            println!("\n{name}\n{}", size::table(&weights));
        }
    }
    let [ours, bare, react] = sums;
    let vs_react = ours as f64 / react as f64;
    let over_bare = ours.cast_signed() - bare.cast_signed();
    if output == Output::All {
        let verdict = |kept: bool| if kept { "" } else { "  MISSED" };
        println!("{ours} bytes, at most {MOST_BYTES}{}", verdict(ours <= MOST_BYTES));
        println!("{vs_react:.2} of React, at most {MOST_OF_REACT}{}", verdict(vs_react <= MOST_OF_REACT));
        println!("{over_bare} bytes are ours, {bare} are Leptos's\n");
    }
    let vs_react = (vs_react * 1000.0).round() / 1000.0;
    let result = json!({ "one_signal_brotli": ours, "vs_react": vs_react, "over_bare_leptos": over_bare });
    writeln!(io::stdout(), "{result}").context("could not write the result")?;
    Ok(ExitCode::SUCCESS)
}
