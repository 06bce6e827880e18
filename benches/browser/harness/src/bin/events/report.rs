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
const EVENTSOURCE_PARSER_BYOB: &str = "fetch (BYOB) + eventsource-parser + JSON.parse";
const LEPTOS_USE: &str = "leptos-use";
const LEPTOS_USE_ON_EVENT: &str = "leptos-use, on_event";

/// What is promised: the name in the JSON, whose events per second, beside the best of whose in each round, and how
/// many times as many at least.
const RATIOS: [(&str, &str, &[&str], f64); 4] = [
    ("fetch_vs_native", FETCH, &[RAW_NATIVE], 10.0),
    ("fetch_vs_eventsource_parser", FETCH, &[EVENTSOURCE_PARSER, EVENTSOURCE_PARSER_BYOB], 2.0),
    ("native_vs_raw_native", NATIVE, &[RAW_NATIVE], 0.9),
    ("native_vs_leptos_use", NATIVE, &[LEPTOS_USE, LEPTOS_USE_ON_EVENT], 1.0),
];

/// In the order of the table.
const CONTENDERS: [&str; 7] =
    [RAW_NATIVE, LEPTOS_USE, LEPTOS_USE_ON_EVENT, NATIVE, EVENTSOURCE_PARSER, EVENTSOURCE_PARSER_BYOB, FETCH];

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

/// One contender beside the best of others in the same round each, since what slows a machine down for a while slows
/// down all; and of these the median.
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
        let rows = CONTENDERS
            .map(|contender| row(contender).with_context(|| format!("{contender} was not measured")));
        let ratios = RATIOS.map(|(name, ours, others, wanted)| {
            let others: Vec<_> = others.iter().copied().map(of).collect();
            // What the best of the others took in the round of this one.
            let least = |round: u32, took: fn(&Measured) -> Option<f64>| {
                let of_round = others.iter().map(|other| took(other.iter().find(|it| it.round == round)?));
                of_round.collect::<Option<Vec<_>>>()?.into_iter().reduce(f64::min)
            };
            let ratio = |took: fn(&Measured) -> Option<f64>| {
                let ratios = of(ours).into_iter().map(|ours| Some(least(ours.round, took)? / took(ours)?));
                ratios.collect::<Option<Vec<_>>>().and_then(median)
            };
            Some(Ratio { name, rate: ratio(|it| Some(it.millis))?, cpu: ratio(|it| it.cpu_nanos), wanted })
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
        println!("{:48} {:>14} {:>24}", "", "events/s", "main-thread ms/100,000");
        for Row { contender, rate, cpu } in &self.rows {
            let cpu = cpu.map_or("-".to_owned(), |cpu| format!("{cpu:.0}"));
            println!("{contender:48} {:>14} {cpu:>24}", grouped(*rate));
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

/// The last line of the output: for each promise the least of the streams' ratios, and all of them.
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
        for (contender, millis) in [
            (RAW_NATIVE, [20.0; 3]),
            (LEPTOS_USE, [40.0, 40.0, 25.0]),
            // In each round ours is set beside the better of two.
            (LEPTOS_USE_ON_EVENT, [80.0, 30.0, 30.0]),
            (NATIVE, [25.0; 3]),
            (EVENTSOURCE_PARSER, [8.0; 3]),
            (EVENTSOURCE_PARSER_BYOB, [6.0; 3]),
            (FETCH, [2.0; 3]),
        ] {
            rounds.push(measured(contender, 0, 1.0, "right"));
            rounds.extend(
                [1, 2, 3].map(|round| measured(contender, round, millis[round as usize - 1], "right")),
            );
        }
        let table = Table::new(&load, &rounds).expect("all were measured");
        assert_eq!(table.rows[0].rate, 50_000.0);
        assert_eq!(table.rows[0].cpu, Some(1000.0));
        let ratios: Vec<_> = table.ratios.iter().map(|ratio| (ratio.rate, ratio.cpu)).collect();
        assert_eq!(ratios, [10.0, 3.0, 0.8, 1.2].map(|ratio| (ratio, Some(ratio))));
        assert_eq!(json(&[table])["native_vs_raw_native"], 0.8);

        rounds.push(measured(FETCH, 4, 2.0, "wrong"));
        let error = Table::new(&load, &rounds).expect_err("it lost something");
        assert!(error.to_string().contains("fetch made \"wrong\""), "{error}");
    }
}
