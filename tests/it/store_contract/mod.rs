//! What every store has to do, held against the embedded one and against Azure Table Storage
//! (Azurite).

mod failures;
mod listing;
mod position;
mod retries;

use std::sync::Arc;

use radcast::settings::TableStore;
use radcast_azure::AzureStore;
use radcast_engine::failure::{Class, Code, Failure, Subject};
use radcast_engine::store::{FailedEntry, FailureRecord, SqliteStore, Store};

use crate::support::azurite::Azurite;
use crate::support::stored::{all, at, only};

/// A place where a store keeps its things.
pub enum Place {
    File(tempfile::TempDir),
    Tables {
        tables: Box<TableStore>,
        _azurite: Arc<Azurite>,
    },
}

impl Place {
    fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    async fn tables() -> Self {
        let azurite = Azurite::shared().await;
        Self::Tables {
            tables: Box::new(azurite.tables()),
            _azurite: azurite,
        }
    }

    /// Another store at the same place.
    fn open(&self) -> Box<dyn Store> {
        match self {
            Self::File(folder) => {
                Box::new(SqliteStore::open(&folder.path().join("radcast.db")).unwrap())
            }
            Self::Tables { tables, .. } => Box::new(AzureStore::open(tables).unwrap()),
        }
    }
}

/// Makes a test of each case for each store.
macro_rules! contract {
    ($($case:ident)+) => {
        mod embedded {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::store_contract::Place::file()).await;
            })+
        }

        mod azure {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::store_contract::Place::tables().await).await;
            })+
        }
    };
}

use contract;

/// Calls again what failed for a passing cause, as the engine does: a busy machine's emulator hangs up
/// on connections that waited for it, with a request on its way.
async fn persistently(call: impl AsyncFn() -> Result<(), Failure>) {
    for _ in 0..5 {
        match call().await {
            Err(failure) if failure.class() == Class::Transient => {}
            done => return done.unwrap(),
        }
    }
    call().await.unwrap();
}

/// An entry that failed, with everything about it filled in.
fn failed(sequence: u64, code: Code, second: i64) -> FailedEntry {
    let subject = Subject {
        sequence: Some(sequence),
        study: Some(format!("1.2.{sequence}")),
        series: Some(format!("1.2.{sequence}.1")),
        instance: Some(format!("1.2.{sequence}.1.1")),
        partition: Some("clinic".to_owned()),
        action: Some("create".to_owned()),
        timestamp: Some("2024-06-02T08:15:30.1234567Z".parse().unwrap()),
        digest: None,
    };
    FailedEntry::new(
        subject,
        Failure::new(code, format!("why {sequence}")),
        at(second),
    )
}

fn sequences(records: &[FailureRecord]) -> Vec<u64> {
    records
        .iter()
        .filter_map(|record| record.subject.sequence)
        .collect()
}
