//! The tables for a reader, and the last line for a program.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sse_peers::PEERS;

use crate::callgrind::Counts;
use crate::measure::{Manner, Measured, Outcome};

impl Measured {
    /// Ours by the best of the others.
    fn ratio(&self) -> f64 {
        self.results[0].throughput / self.best().throughput
    }
}

/// One row for each case; below, what the marks mean.
pub(crate) fn table(rows: &[Measured], counts: &Result<Counts, String>) -> String {
    let mut out = String::from(
        "MB/s (lower quartile of the samples' times, ± half the distance between their quartiles)\n\
         each crate in processes of its own, which take turns\n\n",
    );
    heading(&mut out, "ours/best");
    for row in rows {
        let cells: Vec<String> = row.results.iter().map(cell).collect();
        line(&mut out, &row.case.to_string(), &cells, &format!("{:.2}", row.ratio()));
    }
    out += "\n*   one pass only, which took more than half a second\n\
            <N% stopped after 3 seconds with N% decoded; the figure is what it had decoded by the time\n\
            !   wrong count: not as many events as ours, or an error\n\n";
    match counts {
        Err(why) => writeln!(out, "instructions per byte: {why}").unwrap_or_default(),
        Ok(counts) => {
            out += "instructions per byte (callgrind, over 64 KiB of the same kind of stream)\n\n";
            heading(&mut out, "ours/best");
            for (row, counts) in rows.iter().zip(counts) {
                let cells: Vec<String> =
                    counts.iter().map(|one| one.map_or("-".into(), |one| format!("{one:.2}"))).collect();
                let best = counts[1..].iter().flatten().copied().fold(f64::INFINITY, f64::min);
                let ratio = counts[0].map_or("-".into(), |ours| format!("{:.2}", ours / best));
                line(&mut out, &row.case.to_string(), &cells, &ratio);
            }
        }
    }
    out.push('\n');
    out
}

fn heading(out: &mut String, last: &str) {
    let names: Vec<String> = PEERS.iter().map(|peer| peer.name.to_owned()).collect();
    line(out, "case", &names, last);
    let versions: Vec<String> = PEERS.iter().map(|peer| peer.version().to_owned()).collect();
    line(out, "", &versions, "");
}

fn line(out: &mut String, case: &str, cells: &[String], last: &str) {
    let _ = write!(out, "{case:<17}");
    for cell in cells {
        let _ = write!(out, " {cell:>18}");
    }
    let _ = writeln!(out, " {last:>9}");
}

fn cell(result: &Outcome) -> String {
    let megabytes = result.throughput / 1e6;
    let number = if megabytes < 100.0 { format!("{megabytes:.1}") } else { format!("{megabytes:.0}") };
    let wrong = if result.wrong { "!" } else { "" };
    match result.manner {
        Manner::Sampled => format!("{wrong}{number} ±{:.1}%", result.spread * 100.0),
        Manner::Once => format!("{wrong}{number} *"),
        Manner::TimedOut(percent) => format!("{wrong}{number} <{}%", percent + 1),
    }
}

/// The last line: how ours compares with the best of the others. `None` without a case.
pub(crate) fn json(rows: &[Measured]) -> Option<Value> {
    let ratios: Vec<f64> = rows.iter().map(Measured::ratio).collect();
    let worst = ratios.iter().copied().reduce(f64::min)?;
    let geomean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    let cases = rows.iter().zip(&ratios).map(|(row, ratio)| (row.case.to_string(), rounded(*ratio)));
    let cases: Map<String, Value> = cases.collect();
    Some(json!({ "geomean_vs_best": rounded(geomean), "worst_vs_best": rounded(worst), "cases": cases }))
}

fn rounded(number: f64) -> Value {
    json!((number * 1000.0).round() / 1000.0)
}
