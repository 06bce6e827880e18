//! What a history costs: events a second at each level, and how long the last hundred events take to come back.
//!
//! `cargo xtask bench history`; the folder for temporary files (`TMPDIR`) chooses the disk.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use sse_events::Text;
use sse_hub::history::HistoryError;
use sse_hub::history::redb::{Durability, RedbHistory, RedbOptions};
use sse_hub::{EventId, Hub, HubOptions, PublishError, Retention, Subscribe, Topic, TopicOptions};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// So long each kind of publishing is measured.
const MEASURED: Duration = Duration::from_secs(2);

/// The size of a market tick, a common event.
const EVENT: &str = r#"{"symbol":"ACME","price":104.25,"volume":1200,"time":1763740800000}"#;

const SIZES: [usize; 2] = [1_000, 1_000_000];
const REPLAYED: usize = 100;
const REPLAYS: usize = 50;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let is_quiet = std::env::args().any(|argument| argument == "--json");
    let say = |line: &str| {
        if !is_quiet {
            println!("{line}");
        }
    };
    let folder = tempfile::tempdir()?;
    let mut json = Vec::new();

    say("events a second: published without waiting, and acknowledged to 1 and to 256 publishers who wait");
    for name in ["memory", "async", "group", "strict"] {
        let hub = open(&folder.path().join(name), name, RedbOptions::default())?;
        let topic = keeps(&hub, 100_000)?;
        let free = publish(&hub, &topic).await?;
        let [one, many] = [acknowledged(&topic, 1).await?, acknowledged(&topic, 256).await?];
        hub.close().await?;
        say(&format!("  {name:<7} {free:>10.0} {one:>10.0} {many:>10.0}"));
        json.push(format!(r#""{name}":{{"free":{free:.0},"one":{one:.0},"many":{many:.0}}}"#));
    }

    say("the last 100 events: from memory, and from the file; and opening the file after a crash");
    for size in SIZES {
        let folder = folder.path().join(size.to_string());
        let after = fill(&folder, size).await?;
        let opened = Instant::now();
        let hub = open(&folder, "group", RedbOptions::default())?;
        let opening = opened.elapsed();
        keeps(&hub, usize::MAX)?;
        let file = replay(&hub, &after).await?;
        // What comes now is in memory as well.
        let topic = keeps(&hub, usize::MAX)?;
        let mut last = after;
        for number in 0..=REPLAYED {
            let id = topic.publish_durably(&Text(EVENT.into())).await?;
            if number == 0 {
                last = id;
            }
        }
        let memory = replay(&hub, &last).await?;
        let bytes = std::fs::metadata(folder.join(RedbHistory::FILE_NAME))?.len() / 1_000_000;
        hub.close().await?;
        let [file, memory] = [file, memory].map(|time| time.as_secs_f64() * 1e6);
        say(&format!(
            "  of {size:>9} ({bytes} MB)  {memory:>6.0} us {file:>6.0} us  {:>6.0} ms",
            opening.as_secs_f64() * 1e3
        ));
        json.push(format!(
            r#""replay_{size}":{{"memory_us":{memory:.0},"file_us":{file:.0},"opening_ms":{:.0},"mb":{bytes}}}"#,
            opening.as_secs_f64() * 1e3
        ));
    }
    println!("{{{}}}", json.join(","));
    Ok(())
}

fn open(folder: &Path, engine: &str, options: RedbOptions) -> Result<Hub> {
    let durability = match engine {
        "async" => Durability::Async,
        "group" => Durability::Group,
        "strict" => Durability::Strict,
        _ => return Ok(Hub::default()),
    };
    let history = RedbHistory::open(folder, RedbOptions { durability, ..options })?;
    Ok(Hub::with_history(HubOptions::default(), history))
}

fn keeps(hub: &Hub, events: usize) -> Result<Topic<Text>> {
    let retention = Retention { events, bytes: usize::MAX, ..Retention::default() };
    Ok(hub.topic_with("bench", TopicOptions { retention, ..TopicOptions::default() })?)
}

/// As fast as the history takes them, until the last one is kept.
async fn publish(hub: &Hub, topic: &Topic<Text>) -> Result<f64> {
    let (started, event) = (Instant::now(), Text(EVENT.into()));
    let (mut count, mut last) = (0_u32, None);
    while started.elapsed() < MEASURED {
        match topic.publish(&event) {
            Ok(id) => (count, last) = (count + 1, Some(id)),
            Err(error) => wait_out(error).await?,
        }
    }
    if let Some(last) = last {
        hub.committed(&last).await?;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

/// What a feed does that can wait, when it is faster than the disk.
async fn wait_out(error: PublishError) -> std::result::Result<(), PublishError> {
    match error {
        PublishError::History(HistoryError::Busy { .. }) => {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(())
        }
        error => Err(error),
    }
}

/// Each publisher waits for one event before it publishes the next.
async fn acknowledged(topic: &Topic<Text>, publishers: usize) -> Result<f64> {
    let started = Instant::now();
    let publishers: Vec<_> = (0..publishers)
        .map(|_| {
            let topic = topic.clone();
            tokio::spawn(async move {
                let (event, mut count) = (Text(EVENT.into()), 0_u32);
                while started.elapsed() < MEASURED {
                    match topic.publish_durably(&event).await {
                        Ok(_) => count += 1,
                        Err(error) => wait_out(error).await?,
                    }
                    // Memory answers at once, and would keep the thread.
                    tokio::task::coop::consume_budget().await;
                }
                Ok::<_, PublishError>(count)
            })
        })
        .collect();
    let mut count = 0;
    for publisher in publishers {
        count += publisher.await??;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

/// Fills a file and leaves it as a crash would. Returns the id behind which the last hundred events are.
async fn fill(folder: &Path, size: usize) -> Result<EventId> {
    let other = folder.with_extension("open");
    let hub = open(&other, "group", RedbOptions::default())?;
    let topic = keeps(&hub, usize::MAX)?;
    let mut ids = Vec::with_capacity(size);
    while ids.len() < size {
        match topic.publish(&Text(EVENT.into())) {
            Ok(id) => ids.push(id),
            Err(error) => wait_out(error).await?,
        }
    }
    hub.committed(&ids[size - 1]).await?;
    std::fs::create_dir_all(folder)?;
    for file in std::fs::read_dir(&other)? {
        let file = file?;
        std::fs::copy(file.path(), folder.join(file.file_name()))?;
    }
    hub.close().await?;
    std::fs::remove_dir_all(&other)?;
    Ok(ids.swap_remove(size - REPLAYED - 1))
}

/// The median time in which a client gets the last hundred events.
async fn replay(hub: &Hub, after: &EventId) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..REPLAYS {
        let started = Instant::now();
        let mut stream = hub.subscribe(Subscribe::to(["bench"]).after(after.as_str().to_owned()))?;
        let mut events = 0;
        while events < REPLAYED {
            let chunk = stream.next().await.ok_or("the stream has ended")?;
            events += chunk.windows(6).filter(|window| window == b"data: ").count();
            // The opening has an event of its own.
            events -= usize::from(chunk.starts_with(b": sse-hub"));
        }
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times[REPLAYS / 2])
}
