//! What earlier versions wrote can be read, and what later ones will write is left alone.

use std::sync::Arc;

use ::redb::Builder;

use super::*;
use crate::history::redb::backend::Watched;
use crate::history::redb::storage::Storage;
use crate::history::redb::tables::{FORMAT, FORMER, LOST, META, NOTES, meta};

/// A history with one event, in another format.
async fn written_in(disk: &Disk, format: u64) -> sse_proto::Epoch {
    let history = open(disk, RedbOptions::default()).expect("opened");
    let seq = publish(&history, topic(&history), "1").expect("taken");
    committed(&history, seq).await.expect("committed");
    answer(history.close()).await.expect("closed");
    let epoch = history.epoch();
    drop(history);

    let backend = Watched::new(disk.machine().find().expect("there"), Arc::default(), false);
    let database = Builder::new().create_with_backend(backend).expect("opened");
    let transaction = database.begin_write().expect("begun");
    {
        let mut table = transaction.open_table(META).expect("there");
        let known = table.insert(meta::FORMAT, format).expect("written");
        assert_eq!(known.map(|known| known.value()), Some(FORMAT));
        if format == FORMER {
            for name in [meta::OPENING, meta::FORMER_OPENING] {
                drop(table.remove(name).expect("removed"));
            }
            // Its marker said nothing but that it was there.
            disk.machine().write_marker(0).expect("marked");
        }
    }
    if format == FORMER {
        assert!(transaction.delete_table(LOST).expect("deleted"));
        assert!(transaction.delete_table(NOTES).expect("deleted"));
    }
    transaction.commit().expect("committed");
    epoch
}

#[tokio::test]
async fn the_format_before_is_read_and_gone_on_with() {
    let disk = Disk::default();
    let epoch = written_in(&disk, FORMER).await;
    let history = open(&disk, RedbOptions::default()).expect("opened");
    assert_eq!(history.epoch(), epoch);
    let of = topic(&history);
    let seq = publish(&history, of, "2").expect("taken");
    committed(&history, seq).await.expect("committed");
    assert_eq!(read_all(&history, of, 0).await, (vec![(1, "1".into()), (2, "2".into())], false));
    assert_eq!(notes(&history, of).await, ["2"]);
    drop(history);
    open(&disk, RedbOptions::default()).expect("in the new format by now");
}

#[tokio::test]
async fn a_format_that_is_not_known_is_refused() {
    for found in [FORMER - 1, FORMAT + 1] {
        let disk = Disk::default();
        written_in(&disk, found).await;
        let error = open(&disk, RedbOptions::default()).expect_err("not known");
        assert_eq!(error, OpenError::Format { path: "a disk".into(), found, expected: FORMAT });
    }
}

#[tokio::test]
async fn a_file_of_another_version_of_the_database_is_not_called_damaged() {
    for version in [2, 4] {
        let disk = Disk::default();
        written_in(&disk, FORMAT).await;
        // Where each of the two headers of a database begins, with its version.
        disk.damage(|file| [64, 192].into_iter().for_each(|place| file[place] = version));
        let error = open(&disk, RedbOptions::default()).expect_err("another version");
        assert!(matches!(error, OpenError::OtherVersion { .. }), "{error}");
        let said = error.to_string();
        assert!(
            said.contains(&format!("version {version}")) || said.contains(&format!("found {version}")),
            "{said}"
        );
        assert!(said.contains("use the version that wrote it") && !said.contains("damaged"), "{said}");
    }
}
