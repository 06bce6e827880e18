//! A recorded market: trades from a file, as fast as they were made or faster.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use demo_contract::market::COMPANIES;
use tokio::time::{Instant, sleep_until};

use super::desk::{Desk, Trade};
use crate::clock::now_ms;

/// The largest file, in bytes. It is held in memory.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// The rest between its end and when it begins anew.
const REST: Duration = Duration::from_secs(1);

/// Trades in the order of their times.
#[derive(Debug)]
pub(super) struct Recording {
    trades: Vec<Trade>,
}

impl Recording {
    /// Reads a file: NDJSON if its name ends so, else CSV with a head line.
    ///
    /// # Errors
    /// What is wrong, with the file's name and the line.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |error: String| format!("market-feed: {}: {error}", path.display());
        let size = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
        if size > MAX_FILE {
            return Err(wrong(format!("has {size} bytes, the limit is {MAX_FILE}")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let trades = match extension {
            "ndjson" | "jsonl" => lines(&text),
            "csv" => table(&text),
            _ => Err("expected a name that ends in .csv, .ndjson or .jsonl".into()),
        };
        let mut trades = trades.map_err(wrong)?;
        if trades.is_empty() {
            return Err(wrong("holds no trade".into()));
        }
        trades.sort_by_key(|trade| trade.time);
        Ok(Self { trades })
    }

    /// What is traded.
    pub(super) fn symbols(&self) -> BTreeSet<&str> {
        self.trades.iter().map(|trade| trade.symbol.as_str()).collect()
    }

    /// Trades for ever, beginning anew at the end, with another day. The times are those at which it is replayed.
    pub(super) async fn play(self, desk: Desk, speed: f64) {
        let begin = self.trades.first().and_then(|trade| trade.time).unwrap_or_default();
        loop {
            let started = Instant::now();
            for trade in &self.trades {
                let offset = trade.time.unwrap_or_default().saturating_sub(begin);
                let offset = Duration::from_millis(offset).div_f64(speed);
                sleep_until(started + offset).await;
                if let Err(error) = desk.trade(Trade { time: Some(now_ms()), ..trade.clone() }, None) {
                    tracing::error!(%error, "a recorded trade was not published");
                }
            }
            tracing::info!(trades = self.trades.len(), "the recorded market begins anew");
            // The same trades come once more: they are no more of the day that has them.
            desk.end_day();
            sleep_until(Instant::now() + REST).await;
        }
    }
}

fn lines(text: &str) -> Result<Vec<Trade>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let trade = serde_json::from_str(line).map_err(|error| error.to_string());
            trade.and_then(check).map_err(|error| {
                // To the parser every line is the first one.
                format!("line {}: {}", index + 1, error.replace(" at line 1 column", " at column"))
            })
        })
        .collect()
}

fn table(text: &str) -> Result<Vec<Trade>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut trades = Vec::new();
    for record in reader.records() {
        // Its errors name the line.
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let trade = record.deserialize(Some(&head)).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
            kind => format!("{kind:?}"),
        });
        trades.push(trade.and_then(check).map_err(|error| format!("line {line}: {error}"))?);
    }
    Ok(trades)
}

fn check(trade: Trade) -> Result<Trade, String> {
    if trade.time.is_none() {
        return Err("time: is missing".into());
    }
    if !COMPANIES.iter().any(|company| company.symbol == trade.symbol) {
        return Err(format!("symbol: {:?} is not traded here", trade.symbol));
    }
    match trade.price.is_finite() && trade.price > 0.0 {
        true => Ok(trade),
        false => Err("price: must be a number above zero".into()),
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::Market;

    use super::*;
    use crate::market::feed::Feed;

    #[test]
    fn a_table_and_lines_are_the_same_trades() {
        let csv = table("time, symbol,price,size\n1000,ACME,10.5,3\n\n2000,\"JUNO\",11,1\n").expect("trades");
        let ndjson = lines(
            "{\"time\":1000,\"symbol\":\"ACME\",\"price\":10.5,\"size\":3}\n\n\
             {\"time\":2000,\"symbol\":\"JUNO\",\"price\":11}\n",
        )
        .expect("trades");
        assert_eq!(csv, ndjson);
        assert_eq!(csv.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (wrong, says) in [
            ("time,symbol,price\n1,ACME,1\n2,NOPE,1\n", "line 3: symbol"),
            ("time,symbol,price\n1,ACME,0\n", "line 2: price"),
            ("time,symbol,price\n1,ACME,NaN\n", "line 2: price"),
            ("time,symbol,price\nx,ACME,1\n", "line 2"),
            ("time,symbol\n1,ACME\n", "price"),
            ("time,symbol,price\n1,ACME,1,2,3\n", "line: 2"),
            ("symbol,price\nACME,1\n", "time"),
        ] {
            let error = table(wrong).expect_err(wrong);
            assert!(error.contains(says), "{wrong:?}: {error}");
        }
        for (wrong, says) in [
            ("\n{\"time\":1,\"symbol\":\"ACME\"}", "line 2: missing field `price`"),
            ("{", "line 1: EOF"),
            ("{\"symbol\":\"ACME\",\"price\":1}", "line 1: time"),
        ] {
            let error = lines(wrong).expect_err(wrong);
            assert!(error.contains(says), "{wrong:?}: {error}");
        }
        assert!(
            Recording::read(Path::new("/nowhere/x.csv")).expect_err("missing").contains("/nowhere/x.csv")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn trades_come_at_their_times_divided_by_the_speed() {
        let hub = sse_hub::Hub::default();
        let topics = COMPANIES.iter().map(|company| hub.topic(company.symbol)).collect::<Result<_, _>>();
        let desk = Desk::new(Feed::new(topics.expect("opened")), false);
        let trades = table("time,symbol,price\n5000,ACME,1\n25000,ACME,2\n").expect("trades");
        let _playing = crate::task::Task::spawn(Recording { trades }.play(desk, 10.0));
        // A tick and a bar for each trade; the last event's number tells how many there were.
        let last = || hub.last_event_id().into_string().rsplit('.').next().map(str::to_owned);
        for (wait, expected) in [(1_999, "2"), (2, "4"), (990, "4"), (20, "6"), (2_000, "8")] {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            assert_eq!(last().as_deref(), Some(expected), "after {wait} ms more");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_round_is_a_day_of_its_own() {
        let hub = sse_hub::Hub::default();
        let topics = COMPANIES.iter().map(|company| hub.topic(company.symbol)).collect::<Result<_, _>>();
        let desk = Desk::new(Feed::new(topics.expect("opened")), false);
        let trades = table("time,symbol,price,size\n5000,ACME,1,3\n6000,ACME,2,4\n").expect("trades");
        let _playing = crate::task::Task::spawn(Recording { trades }.play(desk, 1.0));
        for (wait, price, volume) in [(500, 1.0, 3), (1_000, 2.0, 7), (1_000, 1.0, 3), (1_000, 2.0, 7)] {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            let kept = hub.snapshot::<Market>(["ACME"]).await.expect("a snapshot").value;
            let tick = kept.iter().find_map(|event| match event {
                Market::Tick(tick) => Some((tick.price, tick.open, tick.volume)),
                _ => None,
            });
            assert_eq!(tick, Some((price, 1.0, volume)));
        }
    }
}
