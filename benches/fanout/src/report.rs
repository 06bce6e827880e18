//! Medians, ratios, tables and the line of JSON.

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::peer::Peer;
use crate::scenario::{Outcome, Scenario, Steady};

/// One server in one scenario in one round.
#[derive(Clone, Debug)]
pub struct Measured {
    /// In what.
    pub scenario: Scenario,
    /// Who.
    pub peer: Peer,
    /// When; ratios are those of a round.
    pub round: u32,
    /// What came of it.
    pub outcome: Outcome,
}

/// All that was measured.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order in which it was.
    pub measured: Vec<Measured>,
    /// The servers that could not be had.
    pub missing: Vec<Peer>,
    /// Events a second, if not a scenario's own.
    pub rate: Option<u32>,
    /// Measurements that came to nothing, and why.
    pub broken: Vec<Broken>,
    /// Of the servers and the machine.
    pub versions: Value,
}

/// A server that did not get through a scenario.
#[derive(Clone, Debug)]
pub struct Broken {
    /// In what.
    pub scenario: Scenario,
    /// Who.
    pub peer: Peer,
    /// What happened.
    pub why: String,
}

/// What is promised of ours, in which scenario, and who else has to serve everybody with everything there.
const PROMISES: [(&str, f64, Scenario, Option<Peer>); 5] = [
    ("cpu_vs_floor", 1.3, Scenario::Thousand, Some(Peer::Floor)),
    ("cpu_vs_best_peer", 1.0, Scenario::Thousand, None),
    ("flush_us", 1.5, Scenario::Flush, None),
    ("idle_kib", 4.0, Scenario::Idle, None),
    ("storm_s", 1.0, Scenario::Storm, None),
];

/// Who sends so many times as many events at a time as the floor is spared writes that the others make.
const SPARED: f64 = 1.02;

/// If half of the floor's events come later than this part of the time between two, the servers did not get the
/// processor when they wanted it. On a quiet machine with two cores it is a fifth to a third.
const BUSY: f64 = 0.5;

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let (middle, count) = (values.len() / 2, values.len());
    match count {
        0 => None,
        _ if count % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

impl Report {
    fn outcomes(&self, scenario: Scenario, peer: Peer) -> impl Iterator<Item = &Measured> {
        self.measured.iter().filter(move |one| one.scenario == scenario && one.peer == peer)
    }

    /// The median over the rounds of something about a server.
    fn median(
        &self,
        scenario: Scenario,
        peer: Peer,
        figure: impl Fn(&Outcome) -> Option<f64>,
    ) -> Option<f64> {
        median(self.outcomes(scenario, peer).filter_map(|one| figure(&one.outcome)).collect())
    }

    /// The sum over the rounds of something that should be zero.
    fn sum(&self, scenario: Scenario, peer: Peer, figure: impl Fn(&Outcome) -> u64) -> u64 {
        self.outcomes(scenario, peer).map(|one| figure(&one.outcome)).sum()
    }

    fn peers(&self, scenario: Scenario) -> Vec<Peer> {
        let mut peers = Vec::new();
        for one in self.measured.iter().filter(|one| one.scenario == scenario) {
            if !peers.contains(&one.peer) {
                peers.push(one.peer);
            }
        }
        peers
    }

    /// How much more processor time one takes than another: the median of the ratios of the rounds, each of which may
    /// have been on a busier machine than the next.
    fn cpu_ratio(&self, scenario: Scenario, one: Peer, other: Peer) -> Option<f64> {
        let ratios = self.outcomes(scenario, one).filter_map(|ours| {
            let theirs = self.outcomes(scenario, other).find(|theirs| theirs.round == ours.round)?;
            Some(cpu_us(&ours.outcome)? / cpu_us(&theirs.outcome)?)
        });
        median(ratios.collect())
    }

    /// Whether it has served everybody with everything in every round: to drop an event is cheaper than to deliver it.
    fn is_whole(&self, scenario: Scenario, peer: Peer) -> bool {
        self.outcomes(scenario, peer).all(|one| one.outcome.is_whole())
    }

    /// Of those we are compared with who lost nothing, whoever takes the least processor time.
    fn best_rival(&self, scenario: Scenario) -> Option<Peer> {
        let is_whole = |peer: &Peer| self.is_whole(scenario, *peer);
        let cost = |peer: &Peer| self.median(scenario, *peer, cpu_us).unwrap_or(f64::INFINITY);
        let rivals = self.peers(scenario).into_iter().filter(|peer| peer.is_rival() && is_whole(peer));
        rivals.min_by(|one, other| cost(one).total_cmp(&cost(other)))
    }

    /// The promises that came to nothing, since ours or the one beside it has lost something.
    fn lost_promises(&self) -> Vec<&'static str> {
        let is_lost = |scenario, other: Option<Peer>| {
            [Some(Peer::SseHub), other].into_iter().flatten().any(|peer| !self.is_whole(scenario, peer))
        };
        let lost = PROMISES.into_iter().filter(|(_, _, scenario, other)| is_lost(*scenario, *other));
        lost.map(|(name, ..)| name).collect()
    }

    /// How many events ours sent at a time where they are collected, and how many the floor, if ours was spared writes.
    fn spared(&self) -> Option<(f64, f64)> {
        let [ours, floor] =
            [Peer::SseHub, Peer::Floor].map(|peer| self.median(Scenario::Flush, peer, per_read));
        ours.zip(floor).filter(|(ours, floor)| *ours > SPARED * floor)
    }

    /// How long an event takes that nothing holds up, by which one knows how busy the machine is.
    fn floor_p50_ms(&self) -> Option<f64> {
        self.median(Scenario::Thousand, Peer::Floor, p50_ms)
    }

    /// From one event to the next.
    fn period_ms(&self) -> f64 {
        1_000.0 / f64::from(self.rate.unwrap_or(Scenario::Thousand.demand().rate))
    }

    /// The line for machines.
    #[must_use]
    pub fn json(&self) -> Value {
        let (thousand, ours) = (Scenario::Thousand, Peer::SseHub);
        let best = self.best_rival(thousand);
        let mut peers: Vec<Peer> = Vec::new();
        for one in &self.measured {
            if one.peer.is_rival() && !peers.contains(&one.peer) {
                peers.push(one.peer);
            }
        }
        let names = |peers: &[Peer]| peers.iter().map(ToString::to_string).collect::<Vec<_>>();
        let storm_failed = self.sum(Scenario::Storm, ours, failed);
        let mut line = json!({
            "cpu_vs_floor": rounded(self.cpu_ratio(thousand, ours, Peer::Floor)),
            "cpu_vs_best_peer": rounded(best.and_then(|best| self.cpu_ratio(thousand, ours, best))),
            "flush_us": rounded(self.median(Scenario::Flush, ours, cpu_us)),
            "idle_kib": rounded(self.median(Scenario::Idle, ours, kib)),
            "storm_s": rounded(self.median(Scenario::Storm, ours, seconds)),
            "storm_failed": storm_failed,
            "rate": self.rate,
            "floor_p50_ms": rounded(self.floor_p50_ms()),
            "peers": names(&peers),
            "missing": names(&self.missing),
            "broken": self.broken.iter().map(|it| json!({
                "scenario": it.scenario.name(), "peer": it.peer.to_string(), "why": it.why,
            })).collect::<Vec<_>>(),
            "best_peer": best.map(|best| best.to_string()),
            "versions": self.versions,
            "figures": self.figures(),
        });
        for name in self.lost_promises() {
            line[name] = Value::Null;
        }
        line
    }

    /// Everything, by scenario and server.
    fn figures(&self) -> Value {
        let mut scenarios = Map::new();
        for one in &self.measured {
            let Measured { scenario, peer, .. } = *one;
            let peers = scenarios.entry(scenario.name()).or_insert_with(|| Value::Object(Map::new()));
            let median = |figure: fn(&Outcome) -> Option<f64>| rounded(self.median(scenario, peer, figure));
            let sum = |figure: fn(&Outcome) -> u64| self.sum(scenario, peer, figure);
            peers[peer.to_string()] = match one.outcome {
                Outcome::Steady(_) => json!({
                    "cpu_us": median(cpu_us),
                    "per_read": median(per_read),
                    "p50_ms": median(p50_ms),
                    "p99_ms": median(p99_ms),
                    "kib": median(kib),
                    "per_second": median(per_second),
                    "lost": sum(lost),
                    "twice": sum(twice),
                    "failed": sum(failed),
                }),
                Outcome::Idle { .. } => json!({ "kib": median(kib), "failed": sum(failed) }),
                Outcome::Storm { .. } => json!({ "seconds": median(seconds), "failed": sum(failed) }),
            };
        }
        Value::Object(scenarios)
    }

    /// The tables, one for each scenario.
    #[must_use]
    pub fn tables(&self) -> String {
        let mut text = String::new();
        for &scenario in Scenario::value_variants() {
            let peers = self.peers(scenario);
            if !peers.is_empty() {
                let here = self.rate.filter(|_| scenario.demand().rate > 0);
                let here = here.map(|rate| format!(" (here {rate})")).unwrap_or_default();
                text += &format!("\n{}{here}\n", scenario.title());
                text += &aligned(&self.rows(scenario, &peers));
            }
        }
        text += "\n";
        for Broken { scenario, peer, why } in &self.broken {
            text += &format!("broken: {peer} in {}: {why}\n", scenario.name());
        }
        for peer in &self.missing {
            text += &format!("missing: {peer}\n");
        }
        if let Some(latency) = self.floor_p50_ms()
            && latency > BUSY * self.period_ms()
        {
            text += &format!(
                "The machine was busy: half of the floor's events took more than {latency:.0} ms. Who is late sends several \
                 events with one system call, so measure again when it is quiet, or with a lower --rate.\n"
            );
        }
        if let Some((ours, floor)) = self.spared() {
            text += &format!(
                "sse-hub sent {ours:.2} events at a time and the floor {floor:.2}: it was spared writes, so flush_us is \
                 too low.\n"
            );
        }
        let (json, lost) = (self.json(), self.lost_promises());
        for (name, most, ..) in PROMISES {
            if lost.contains(&name) {
                text += &format!("{name} LOST, at most {most}  MISSED\n");
            } else if let Some(value) = json[name].as_f64() {
                let verdict = if value <= most { "" } else { "  MISSED" };
                text += &format!("{name} {value}, at most {most}{verdict}\n");
            }
        }
        text
    }

    fn rows(&self, scenario: Scenario, peers: &[Peer]) -> Vec<Vec<String>> {
        let shown =
            |value: Option<f64>, digits: usize| value.map_or("-".into(), |it| format!("{it:.digits$}"));
        let mut rows: Vec<Vec<String>> = Vec::new();
        let head: &[&str] = match scenario {
            Scenario::Idle => &["", "KiB/client", "failed"],
            Scenario::Storm => &["", "seconds", "failed"],
            _ => &[
                "",
                "us/delivery",
                "of floor",
                "events/read",
                "p50 ms",
                "p99 ms",
                "KiB/client",
                "deliveries/s",
                "lost",
                "twice",
                "failed",
            ],
        };
        rows.push(head.iter().map(ToString::to_string).collect());
        for &peer in peers {
            let median = |figure: fn(&Outcome) -> Option<f64>| self.median(scenario, peer, figure);
            let failed = self.sum(scenario, peer, failed).to_string();
            let mut row = vec![peer.to_string()];
            match scenario {
                Scenario::Idle => row.push(shown(median(kib), 2)),
                Scenario::Storm => row.push(shown(median(seconds), 2)),
                Scenario::Thousand | Scenario::TwoThousand | Scenario::Flush => row.extend([
                    shown(median(cpu_us), 2),
                    shown(self.cpu_ratio(scenario, peer, Peer::Floor), 2),
                    shown(median(per_read), 2),
                    shown(median(p50_ms), 2),
                    shown(median(p99_ms), 2),
                    shown(median(kib), 1),
                    shown(median(per_second), 0),
                    self.sum(scenario, peer, lost).to_string(),
                    self.sum(scenario, peer, twice).to_string(),
                ]),
            }
            row.push(failed);
            rows.push(row);
        }
        rows
    }
}

fn steady(outcome: &Outcome) -> Option<&Steady> {
    match outcome {
        Outcome::Steady(steady) => Some(steady),
        _ => None,
    }
}

fn cpu_us(outcome: &Outcome) -> Option<f64> {
    steady(outcome).map(|steady| steady.cpu_us)
}

fn per_read(outcome: &Outcome) -> Option<f64> {
    steady(outcome).map(|steady| steady.per_read)
}

fn p50_ms(outcome: &Outcome) -> Option<f64> {
    steady(outcome).map(|steady| steady.p50_ms)
}

fn p99_ms(outcome: &Outcome) -> Option<f64> {
    steady(outcome).map(|steady| steady.p99_ms)
}

fn per_second(outcome: &Outcome) -> Option<f64> {
    steady(outcome).map(|steady| steady.per_second)
}

fn kib(outcome: &Outcome) -> Option<f64> {
    match outcome {
        Outcome::Steady(steady) => Some(steady.kib),
        Outcome::Idle { kib, .. } => Some(*kib),
        Outcome::Storm { .. } => None,
    }
}

fn seconds(outcome: &Outcome) -> Option<f64> {
    match outcome {
        Outcome::Storm { seconds, .. } => Some(*seconds),
        _ => None,
    }
}

fn lost(outcome: &Outcome) -> u64 {
    steady(outcome).map_or(0, |steady| steady.lost)
}

fn twice(outcome: &Outcome) -> u64 {
    steady(outcome).map_or(0, |steady| steady.twice)
}

fn failed(outcome: &Outcome) -> u64 {
    let failed = match outcome {
        Outcome::Steady(steady) => steady.failed,
        Outcome::Idle { failed, .. } | Outcome::Storm { failed, .. } => *failed,
    };
    failed as u64
}

fn rounded(value: Option<f64>) -> Option<f64> {
    value.map(|value| (value * 1_000.0).round() / 1_000.0)
}

/// The first column to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|at| rows.iter().map(|row| row[at].len()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            text += &if at == 0 { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        text += "\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(peer: Peer, round: u32, cpu_us: f64, lost: u64) -> Measured {
        let steady = Steady {
            cpu_us,
            per_read: 1.0,
            p50_ms: 1.0,
            p99_ms: 2.0,
            kib: 3.0,
            per_second: 50_000.0,
            lost,
            twice: 0,
            failed: 0,
        };
        Measured { scenario: Scenario::Thousand, peer, round, outcome: Outcome::Steady(steady) }
    }

    fn report() -> Report {
        let measured = vec![
            measured(Peer::Floor, 0, 4.0, 0),
            measured(Peer::SseHub, 0, 6.0, 0),
            measured(Peer::Go, 0, 12.0, 0),
            measured(Peer::Axum, 0, 3.0, 1),
            // The machine was busier.
            measured(Peer::Floor, 1, 8.0, 0),
            measured(Peer::SseHub, 1, 10.0, 0),
            measured(Peer::Go, 1, 20.0, 0),
            measured(Peer::Axum, 1, 3.0, 0),
        ];
        let broken = vec![Broken { scenario: Scenario::Idle, peer: Peer::Go, why: "it has ended".into() }];
        Report { measured, missing: vec![Peer::Nchan], broken, ..Report::default() }
    }

    #[test]
    fn ratios_are_of_rounds_and_who_loses_events_is_not_the_best() {
        let json = report().json();
        assert_eq!(json["cpu_vs_floor"], 1.375);
        assert_eq!(json["cpu_vs_best_peer"], 0.5);
        assert_eq!(json["best_peer"], "go");
        assert_eq!(json["figures"]["1000x50"]["axum"]["lost"], 1);
        assert_eq!(json["figures"]["1000x50"]["floor"]["cpu_us"], 6.0);
    }

    #[test]
    fn what_was_not_measured_is_null_and_who_is_missing_is_named() {
        let json = report().json();
        assert!(json["storm_s"].is_null() && json["flush_us"].is_null());
        assert_eq!(json["peers"], serde_json::json!(["go", "axum"]));
        assert_eq!(json["missing"], serde_json::json!(["nchan"]));
        let tables = report().tables();
        assert!(tables.contains("missing: nchan\n"), "{tables}");
        assert!(tables.contains("broken: go in idle: it has ended\n"), "{tables}");
        assert_eq!(json["broken"][0]["peer"], "go");
        assert!(tables.contains("cpu_vs_floor 1.375, at most 1.3  MISSED"), "{tables}");
    }

    #[test]
    fn what_ours_comes_to_is_void_once_it_or_the_floor_has_lost_something() {
        let of = |peer: Peer| {
            let mut report = report();
            let one = report.measured.iter_mut().find(|one| one.peer == peer).expect("was measured");
            let Outcome::Steady(steady) = &mut one.outcome else { panic!("it has events") };
            steady.lost = 1;
            report
        };
        let ours = of(Peer::SseHub);
        assert!(ours.json()["cpu_vs_floor"].is_null() && ours.json()["cpu_vs_best_peer"].is_null());
        assert_eq!(ours.json()["figures"]["1000x50"]["sse-hub"]["lost"], 1);
        assert!(ours.tables().contains("cpu_vs_floor LOST, at most 1.3  MISSED\n"), "{}", ours.tables());
        let floor = of(Peer::Floor).json();
        assert!(floor["cpu_vs_floor"].is_null());
        assert_eq!(floor["cpu_vs_best_peer"], 0.5);

        let outcome = Outcome::Storm { seconds: 0.2, failed: 3 };
        let storm = Measured { scenario: Scenario::Storm, peer: Peer::SseHub, round: 0, outcome };
        let storm = Report { measured: vec![storm], ..Report::default() };
        assert!(storm.json()["storm_s"].is_null());
        assert_eq!(storm.json()["storm_failed"], 3);
        assert!(storm.tables().contains("storm_s LOST, at most 1  MISSED\n"), "{}", storm.tables());
        assert!(!storm.tables().contains("flush_us"), "{}", storm.tables());
    }

    #[test]
    fn a_server_that_is_spared_writes_by_its_window_is_named() {
        let flush = |peer, per_read| {
            let mut one = measured(peer, 0, 1.0, 0);
            one.scenario = Scenario::Flush;
            let Outcome::Steady(steady) = &mut one.outcome else { panic!("it has events") };
            steady.per_read = per_read;
            one
        };
        let tables = |ours| {
            let measured = vec![flush(Peer::Floor, 5.0), flush(Peer::SseHub, ours)];
            Report { measured, ..Report::default() }.tables()
        };
        assert!(!tables(5.05).contains("spared"), "{}", tables(5.05));
        assert!(
            tables(5.25).contains("sse-hub sent 5.25 events at a time and the floor 5.00"),
            "{}",
            tables(5.25)
        );
    }

    #[test]
    fn a_machine_on_which_the_floor_is_late_is_called_busy() {
        let floor = |p50_ms| {
            let mut one = measured(Peer::Floor, 0, 4.0, 0);
            let Outcome::Steady(steady) = &mut one.outcome else { panic!("it has events") };
            steady.p50_ms = p50_ms;
            one
        };
        let tables =
            |p50_ms, rate| Report { measured: vec![floor(p50_ms)], rate, ..Report::default() }.tables();
        assert!(!tables(9.0, None).contains("The machine was busy"));
        assert!(tables(11.0, None).contains("more than 11 ms"));
        let slower = tables(11.0, Some(5));
        assert!(!slower.contains("The machine was busy") && slower.contains("a second (here 5)"), "{slower}");
    }

    #[test]
    fn the_median_passes_over_what_is_no_number() {
        assert_eq!(median(vec![3.0, f64::NAN, 1.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
    }
}
