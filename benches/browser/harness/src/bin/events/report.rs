//! Medians, the table and the ratios.

use anyhow::{Context, Result, ensure};
use harness::median;
use serde_json::{Map, Value, json};

use crate::loads::Load;
use crate::serve::Measured;

/// The names under which the page reports.
const NATIVE: &str = "leptos-eventsource, native";
const FETCH: &str = "leptos-eventsource, fetch";
const RAW_NATIVE: &str = "EventSource + JSON.parse";
const EVENTSOURCE_PARSER: &str = "fetch + eventsource-parser + JSON.parse";
const LEPTOS_USE: &str = "leptos-use";

/// What is promised: the name in the JSON, whose events per second, beside whose, and how many times as many at least.
const RATIOS: [(&str, &str, &str, f64); 4] = [
    ("fetch_vs_native", FETCH, RAW_NATIVE, 10.0),
    ("fetch_vs_eventsource_parser", FETCH, EVENTSOURCE_PARSER, 2.0),
    ("native_vs_raw_native", NATIVE, RAW_NATIVE, 0.9),
    ("native_vs_leptos_use", NATIVE, LEPTOS_USE, 1.0),
];

/// One contender on one stream, in the middle of its rounds.
#[derive(Debug)]
struct Row {
    contender: &'static str,
    /// Events per second.
    rate: f64,
    /// Milliseconds of the main thread for 100,000 events.
    cpu: Option<f64>,
}

/// All rounds of one stream.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    load: &'a Load,
    rows: Vec<Row>,
    ratios: Vec<Ratio>,
}

/// One contender beside another in the same round each, since what slows a machine down for a while slows down both;
/// and of these the median.
#[derive(Debug)]
struct Ratio {
    name: &'static str,
    /// Of their events per second.
    rate: f64,
    /// Of the main thread's time for an event, which other programs on the machine take no part in.
    cpu: Option<f64>,
    /// How many times as many events per second are promised at least.
    wanted: f64,
}

impl<'a> Table<'a> {
    /// # Errors
    /// If a contender did not make of the stream what it should have, or is missing.
    pub(crate) fn new(load: &'a Load, measured: &[Measured]) -> Result<Self> {
        let of_load: Vec<_> = measured.iter().filter(|it| it.load == load.name).collect();
        for it in &of_load {
            ensure!(
                it.checksum == load.checksum,
                "{} made {:?} of the {}, and {:?} is right",
                it.contender,
                it.checksum,
                load.name,
                load.checksum
            );
        }
        // Round 0 warmed up.
        let of = |contender: &str| {
            let mut rounds: Vec<_> =
                of_load.iter().filter(|it| it.contender == contender && it.round > 0).collect();
            rounds.sort_by_key(|it| it.round);
            rounds
        };
        let events = load.events as f64;
        let row = |contender| {
            let rounds = of(contender);
            let cpu = rounds.iter().map(|it| Some(it.cpu_nanos? / 1e6 * 100_000.0 / events)).collect();
            Some(Row {
                contender,
                rate: median(rounds.iter().map(|it| events / it.millis * 1e3).collect())?,
                cpu: Option::<Vec<_>>::and_then(cpu, median),
            })
        };
        let rows = [RAW_NATIVE, LEPTOS_USE, NATIVE, EVENTSOURCE_PARSER, FETCH]
            .map(|contender| row(contender).with_context(|| format!("{contender} was not measured")));
        let ratios = RATIOS.map(|(name, ours, other, wanted)| {
            let rounds: Vec<_> = of(ours).into_iter().zip(of(other)).collect();
            let rate = median(rounds.iter().map(|(ours, other)| other.millis / ours.millis).collect())?;
            let cpu = rounds.iter().map(|(ours, other)| Some(other.cpu_nanos? / ours.cpu_nanos?)).collect();
            Some(Ratio { name, rate, cpu: Option::<Vec<_>>::and_then(cpu, median), wanted })
        });
        Ok(Self {
            load,
            rows: rows.into_iter().collect::<Result<_>>()?,
            ratios: ratios.into_iter().flatten().collect(),
        })
    }

    /// The ratio that is promised as `name`.
    fn ratio(&self, name: &str) -> Option<f64> {
        self.ratios.iter().find(|ratio| ratio.name == name).map(|ratio| ratio.rate)
    }

    pub(crate) fn print(&self) {
        let Load { name, events, body, .. } = self.load;
        println!("\n{name}: {} events, {:.1} MB\n", grouped(*events as f64), body.len() as f64 / 1e6);
        println!("{:42} {:>14} {:>24}", "", "events/s", "main-thread ms/100,000");
        for Row { contender, rate, cpu } in &self.rows {
            let cpu = cpu.map_or("-".to_owned(), |cpu| format!("{cpu:.0}"));
            println!("{contender:42} {:>14} {cpu:>24}", grouped(*rate));
        }
        println!();
        println!("{:30} {:>8} {:>12} {:>12}", "", "events/s", "main thread", "at least");
        for Ratio { name, rate, cpu, wanted } in &self.ratios {
            let cpu = cpu.map_or("-".to_owned(), |cpu| format!("{cpu:.2}"));
            let verdict = if rate >= wanted { "" } else { "  MISSED" };
            println!("{name:30} {rate:>8.2} {cpu:>12} {wanted:>12}{verdict}");
        }
    }
}

/// The last line of the output: for each promise the lesser of the streams' ratios, and both.
pub(crate) fn json(tables: &[Table<'_>]) -> Value {
    let mut line = Map::new();
    for (name, ..) in RATIOS {
        let least = tables.iter().filter_map(|table| table.ratio(name)).fold(f64::INFINITY, f64::min);
        line.insert(name.to_owned(), json!(rounded(least)));
    }
    for table in tables {
        let ratios: Map<_, _> = table
            .ratios
            .iter()
            .map(|Ratio { name, rate, cpu, .. }| {
                let figures = json!({ "events_per_second": rounded(*rate), "main_thread": cpu.map(rounded) });
                ((*name).to_owned(), figures)
            })
            .collect();
        let rows: Map<_, _> = table
            .rows
            .iter()
            .map(|row| {
                let figures =
                    json!({ "events_per_second": row.rate.round(), "main_thread_ms": row.cpu.map(rounded) });
                (row.contender.to_owned(), figures)
            })
            .collect();
        line.insert(table.load.name.to_owned(), json!({ "ratios": ratios, "contenders": rows }));
    }
    Value::Object(line)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Thousands apart: these numbers are read by people.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(contender: &str, round: u32, millis: f64, checksum: &str) -> Measured {
        let (load, contender, checksum) = ("few".to_owned(), contender.to_owned(), checksum.to_owned());
        Measured { round, load, contender, millis, cpu_nanos: Some(millis * 5e5), checksum }
    }

    #[test]
    fn the_table_leaves_the_warm_up_out_and_refuses_another_checksum() {
        let load = Load { name: "few", events: 1000, checksum: "right".to_owned(), body: Default::default() };
        let mut rounds = Vec::new();
        for (contender, millis) in
            [(RAW_NATIVE, 20.0), (LEPTOS_USE, 40.0), (NATIVE, 25.0), (EVENTSOURCE_PARSER, 8.0), (FETCH, 2.0)]
        {
            rounds.push(measured(contender, 0, 1.0, "right"));
            rounds.extend([1, 2, 3].map(|round| measured(contender, round, millis, "right")));
        }
        let table = Table::new(&load, &rounds).expect("all were measured");
        assert_eq!(table.rows[0].rate, 50_000.0);
        assert_eq!(table.rows[0].cpu, Some(1000.0));
        let ratios: Vec<_> = table.ratios.iter().map(|ratio| (ratio.rate, ratio.cpu)).collect();
        assert_eq!(ratios, [10.0, 4.0, 0.8, 1.6].map(|ratio| (ratio, Some(ratio))));
        assert_eq!(json(&[table])["native_vs_raw_native"], 0.8);

        rounds.push(measured(FETCH, 4, 2.0, "wrong"));
        let error = Table::new(&load, &rounds).expect_err("it lost something");
        assert!(error.to_string().contains("fetch made \"wrong\""), "{error}");
    }
}
