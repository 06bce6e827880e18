//! What a visitor downloads.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::repo::Repo;
use crate::setup::{self, Need};

/// The files that weigh.
const WEIGHED: [&str; 5] = ["html", "wasm", "js", "mjs", "css"];

/// `cargo xtask size`
pub(crate) fn run(repo: &Repo) -> Result<()> {
    setup::ensure(repo, &Need::PAGE)?;
    if super::build(repo)? == super::Built::Nothing {
        print(&super::dist(repo))?;
    }
    Ok(())
}

/// One file of the page: as it is, and as it travels.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) name: String,
    pub(crate) raw: u64,
    pub(crate) gzip: u64,
    pub(crate) brotli: u64,
}

/// Prints the table.
pub(super) fn print(dist: &Path) -> Result<()> {
    print!("{}", table(&weigh(dist)?));
    Ok(())
}

/// Every file of a folder that weighs, the heaviest first. Compressed files lie beside them.
pub(crate) fn weigh(folder: &Path) -> Result<Vec<Weight>> {
    files(folder).with_context(|| format!("could not read {}", folder.display()))
}

/// All of them together.
pub(crate) fn sum(weights: &[Weight]) -> Weight {
    let sum = |column: fn(&Weight) -> u64| weights.iter().map(column).sum();
    let (raw, gzip, brotli) = (sum(|it| it.raw), sum(|it| it.gzip), sum(|it| it.brotli));
    Weight { name: "all".to_owned(), raw, gzip, brotli }
}

fn files(dist: &Path) -> std::io::Result<Vec<Weight>> {
    let mut weights = Vec::new();
    let mut open = vec![dist.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| WEIGHED.iter().any(|weighed| end == *weighed)) {
                weights.push(weight(dist, &path)?);
            }
        }
    }
    weights.sort_by(|a, b| b.raw.cmp(&a.raw).then_with(|| a.name.cmp(&b.name)));
    Ok(weights)
}

fn weight(dist: &Path, path: &Path) -> std::io::Result<Weight> {
    let raw = fs::metadata(path)?.len();
    // A file that does not get smaller travels as it is.
    let encoded = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        fs::metadata(PathBuf::from(name)).map_or(raw, |meta| meta.len())
    };
    let name = path.strip_prefix(dist).unwrap_or(path).to_string_lossy().into_owned();
    Ok(Weight { name, raw, gzip: encoded(".gz"), brotli: encoded(".br") })
}

pub(crate) fn table(weights: &[Weight]) -> String {
    let width = weights.iter().map(|weight| weight.name.len()).max().unwrap_or(0).max(20);
    let line = |name: &str, columns: [&str; 3]| {
        let [raw, gzip, brotli] = columns;
        format!("{name:width$} {raw:>12} {gzip:>12} {brotli:>12}\n")
    };
    let mut table = line("file", ["bytes", "gzip", "brotli"]);
    for weight in weights {
        let columns = [weight.raw, weight.gzip, weight.brotli].map(grouped);
        table += &line(&weight.name, columns.each_ref().map(String::as_str));
    }
    table
}

/// Thousands apart: these numbers are read by people.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn the_table_holds_what_travels() {
        let weights =
            [Weight { name: "page_bg.wasm".to_owned(), raw: 300_000, gzip: 110_000, brotli: 90_123 }];
        let table = table(&weights);
        let row: Vec<_> = table.lines().nth(1).expect("has a row").split_whitespace().collect();
        assert_eq!(row, ["page_bg.wasm", "300,000", "110,000", "90,123"]);
    }
}
