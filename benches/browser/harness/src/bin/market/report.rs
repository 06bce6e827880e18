use harness::median;
use serde_json::{Map, Value, json};

/// Without a framework: the least that such a page costs, by either way to the events.
pub(crate) const VANILLA: &str = "vanilla";
pub(crate) const VANILLA_FETCH: &str = "vanilla, fetch";
pub(crate) const REACT: &str = "React";
pub(crate) const REACT_BY_FRAME: &str = "React, a state for each frame";
pub(crate) const REACT_FETCH: &str = "React, a state for each frame, fetch";
pub(crate) const NATIVE: &str = "leptos-eventsource, native";
pub(crate) const FETCH: &str = "leptos-eventsource, fetch";

/// Ours is set beside the cheaper of these in each round: one of them draws as ours does, and over the same transport.
const REACT_OVER_EVENT_SOURCE: [&str; 2] = [REACT, REACT_BY_FRAME];
const REACT_OVER_FETCH: [&str; 1] = [REACT_FETCH];

/// What is promised of ours: the most of the main thread's time that React takes, the longest task in milliseconds.
const MOST_OF_REACT: f64 = 1.0 / 3.0;
const LONGEST_TASK: f64 = 50.0;

/// A page that is drawn less often than this part of the one that is drawn most has had too little of the processor: a
/// frame that is left out costs nothing.
const AS_OFTEN: f64 = 0.97;

/// What a page took in one round.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) events: u32,
    /// What each row of its table shows in the end.
    pub(crate) table: Vec<String>,
    /// How often a second it was drawn.
    pub(crate) frames: Option<f64>,
    /// How long the main thread ran, in nanoseconds. `None` where the system does not tell.
    pub(crate) cpu_nanos: Option<u64>,
    /// How long each task took that took 50 ms or more, in milliseconds.
    pub(crate) long_tasks: Vec<f64>,
    /// The bytes in use after each quarter of the ticks.
    pub(crate) heaps: Vec<f64>,
}

impl Measured {
    /// Microseconds of the main thread for each tick, the drawing of the table included.
    fn micros(&self) -> Option<f64> {
        Some(self.cpu_nanos? as f64 / 1e3 / f64::from(self.events))
    }

    /// By how much the heap grew from the first quarter to the end, in KiB.
    fn growth(&self) -> Option<f64> {
        Some((self.heaps.last()? - self.heaps.first()?) / 1024.0)
    }
}

/// All rounds of one page.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Measured>,
}

impl Row {
    /// The median of what every round tells.
    fn median(&self, of: impl Fn(&Measured) -> Option<f64>) -> Option<f64> {
        self.rounds.iter().map(of).collect::<Option<Vec<_>>>().and_then(median)
    }

    fn long_tasks(&self) -> Vec<f64> {
        self.rounds.iter().flat_map(|round| &round.long_tasks).copied().collect()
    }

    fn longest_task(&self) -> f64 {
        self.long_tasks().into_iter().fold(0.0, f64::max)
    }
}

fn row<'a>(rows: &'a [Row], name: &str) -> Option<&'a Row> {
    rows.iter().find(|row| row.name == name)
}

/// The main thread's time of one page by that of the cheapest of others in the same round, and of these the median:
/// what slows a machine down for a while slows down all. Pages that were not measured are left out.
fn ratio(rows: &[Row], ours: &str, others: &[&str]) -> Option<f64> {
    let others: Vec<&Row> = others.iter().filter_map(|other| row(rows, other)).collect();
    let rounds = row(rows, ours)?.rounds.iter().enumerate();
    let ratios = rounds.map(|(round, ours)| {
        let least = others.iter().map(|other| other.rounds.get(round)?.micros());
        let least = least.collect::<Option<Vec<_>>>()?.into_iter().reduce(f64::min)?;
        Some(ours.micros()? / least)
    });
    ratios.collect::<Option<Vec<_>>>().and_then(median)
}

pub(crate) fn print(rows: &[Row], rate: u32) {
    println!("\n{rate} ticks a second\n");
    println!(
        "{:38}{:>10}{:>12}{:>10}{:>12} {:>10}    KiB of heap after each quarter, last round",
        "", "us/tick", "by vanilla", "frames/s", "long tasks", "longest"
    );
    rows.iter().for_each(|row| print_row(row, rows));
    println!();
    let beside: [(&str, &str, &[&str]); 2] =
        [(NATIVE, VANILLA, &REACT_OVER_EVENT_SOURCE), (FETCH, VANILLA_FETCH, &REACT_OVER_FETCH)];
    for (ours, least, react) in beside {
        if let Some(ratio) = ratio(rows, ours, react) {
            let verdict = if ratio <= MOST_OF_REACT { "" } else { "  MISSED" };
            println!("{ours}: {ratio:.2} of React's main thread, at most {MOST_OF_REACT:.2}{verdict}");
        }
        if let Some(ratio) = ratio(rows, ours, &[least]) {
            println!("{ours}: {ratio:.2} times that of {least}");
        }
        if let Some(row) = row(rows, ours) {
            let verdict = if row.longest_task() <= LONGEST_TASK { "" } else { "  MISSED" };
            println!("{ours}: longest task {:.0} ms, at most {LONGEST_TASK:.0}{verdict}", row.longest_task());
        }
    }
    let less = drawn_less(rows);
    if !less.is_empty() {
        println!("Drawn less often than the others, which looks cheap: {}", less.join("; "));
        println!("Measure with nothing else on the machine.");
    }
    println!();
}

/// The pages that were drawn less often than the others.
fn drawn_less(rows: &[Row]) -> Vec<&str> {
    let frames = |row: &Row| row.median(|round| round.frames);
    let most = rows.iter().filter_map(frames).fold(0.0, f64::max);
    let less = rows.iter().filter(|row| frames(row).is_some_and(|frames| frames < AS_OFTEN * most));
    less.map(|row| row.name).collect()
}

fn print_row(row: &Row, rows: &[Row]) {
    let number = |number: Option<f64>| number.map_or("-".to_owned(), |number| format!("{number:.2}"));
    let by_vanilla = ratio(rows, row.name, &[VANILLA]);
    let [micros, by_vanilla, frames] =
        [row.median(Measured::micros), by_vanilla, row.median(|round| round.frames)].map(number);
    print!("{:38}{micros:>10}{by_vanilla:>12}{frames:>10}", row.name);
    print!("{:>12} {:>10.0}   ", row.long_tasks().len(), row.longest_task());
    let heaps = row.rounds.last().map_or(&[][..], |round| &round.heaps);
    heaps.iter().for_each(|heap| print!(" {:>6.0}", heap / 1024.0));
    println!();
}

/// The last line of the output.
pub(crate) fn json(rows: &[Row]) -> Value {
    let pages: Map<_, _> = rows
        .iter()
        .map(|row| {
            let figures = json!({
                "main_thread_us": row.median(Measured::micros).map(rounded),
                "vs_vanilla": ratio(rows, row.name, &[VANILLA]).map(rounded),
                "frames_per_second": row.median(|round| round.frames).map(rounded),
                "long_tasks": row.long_tasks().len(),
                "longest_task_ms": rounded(row.longest_task()),
                "heap_growth_kib": row.median(Measured::growth).map(f64::round),
            });
            (row.name.to_owned(), figures)
        })
        .collect();
    json!({
        "native_vs_react": ratio(rows, NATIVE, &REACT_OVER_EVENT_SOURCE).map(rounded),
        "fetch_vs_react": ratio(rows, FETCH, &REACT_OVER_FETCH).map(rounded),
        "native_vs_vanilla": ratio(rows, NATIVE, &[VANILLA]).map(rounded),
        "fetch_vs_vanilla_fetch": ratio(rows, FETCH, &[VANILLA_FETCH]).map(rounded),
        "pages": pages,
    })
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, events: u32, frames: f64, rounds: [u64; 3]) -> Row {
        let measured = |cpu_nanos| Measured {
            events,
            table: Vec::new(),
            frames: Some(frames),
            cpu_nanos: Some(cpu_nanos),
            long_tasks: vec![51.0, 70.0],
            heaps: vec![2048.0, 1024.0, 4096.0],
        };
        Row { name, rounds: rounds.map(measured).into() }
    }

    #[test]
    fn ratios_are_of_the_main_threads_time_for_a_tick_in_the_same_round() {
        let line = json(&[
            row(VANILLA, 100, 60.0, [250_000, 250_000, 250_000]),
            // By the medians it would take as long as React.
            row(NATIVE, 200, 60.0, [1_000_000, 2_000_000, 8_000_000]),
            row(REACT, 100, 60.0, [1_000_000, 2_000_000, 500_000]),
        ]);
        assert_eq!(line["native_vs_react"], 0.5);
        assert_eq!(line["fetch_vs_react"], Value::Null);
        assert_eq!(line["native_vs_vanilla"], 4.0);
        assert_eq!(line["fetch_vs_vanilla_fetch"], Value::Null);
        assert_eq!(line["pages"][REACT]["vs_vanilla"], 4.0);
        assert_eq!(line["pages"][REACT]["main_thread_us"], 10.0);
        assert_eq!(line["pages"][REACT]["frames_per_second"], 60.0);
        assert_eq!(line["pages"][NATIVE]["long_tasks"], 6);
        assert_eq!(line["pages"][NATIVE]["longest_task_ms"], 70.0);
        assert_eq!(line["pages"][NATIVE]["heap_growth_kib"], 2.0);
    }

    #[test]
    fn ours_is_set_beside_the_cheaper_react_page_of_each_round_over_the_same_transport() {
        let line = json(&[
            row(REACT, 100, 60.0, [1_000_000, 4_000_000, 4_000_000]),
            row(REACT_BY_FRAME, 100, 60.0, [4_000_000, 1_000_000, 4_000_000]),
            row(REACT_FETCH, 100, 60.0, [800_000, 800_000, 800_000]),
            row(NATIVE, 100, 60.0, [1_000_000, 1_000_000, 1_000_000]),
            row(FETCH, 100, 60.0, [1_000_000, 1_000_000, 1_000_000]),
        ]);
        assert_eq!(line["native_vs_react"], 1.0);
        assert_eq!(line["fetch_vs_react"], 1.25);
    }

    #[test]
    fn a_page_that_leaves_frames_out_is_named() {
        let rows = [(VANILLA, 59.0), (REACT, 60.0), (NATIVE, 50.0)];
        let rows = rows.map(|(name, frames)| row(name, 100, frames, [1, 1, 1]));
        assert_eq!(drawn_less(&rows), [NATIVE]);
    }
}
