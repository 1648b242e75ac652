//! Position and failures in Azure Table Storage.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use jiff::Timestamp;

use super::connection;
use super::entity::Entity;
use super::filter;
use super::keys;
use super::merge::Over;
use super::record;
use super::state::{self, StateWriter};
use super::tables::{Change, LARGEST_PAGE, Tables};
use super::trouble::Trouble;
use super::upsert::upsert;
use crate::options::TableStore;
use radcast_engine::failure::{Dependency, Failure};
use radcast_engine::store::{
    ETag, FailedEntry, FailureRecord, FailureTable, HomeIssuer, OmittedValueRow, RecordFilter,
    RecordKey, RecordState, Report, Store, SyncState,
};

/// How often a row is read again that somebody else changed meanwhile.
const ROUNDS: usize = 8;

/// Where [`Store::check`] writes.
const CHECK_PARTITION: &str = "RadcastCheck";

/// The store in the tables of one storage account and prefix.
///
/// Nothing is tried again here, except where a row changed between its reading and its writing.
#[derive(Debug)]
pub struct AzureStore {
    tables: Tables,
    writer: StateWriter,
}

impl AzureStore {
    /// The tables of these settings. Nothing is asked of them yet; those that are missing are made
    /// when something is to be written.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn open(settings: &TableStore) -> Result<Self, Failure> {
        let service = connection::tables(settings)?;
        Ok(Self {
            tables: Tables::new(service, settings.table_name_prefix.clone()),
            writer: StateWriter::new(),
        })
    }

    async fn row(&self, key: &RecordKey) -> Result<Option<Entity>, Failure> {
        let stored = keys::stored(key);
        let row = self.tables.get(key.table.name(), &key.partition, &stored);
        row.await
    }

    /// Changes a record that is there; `false` when it is not.
    async fn change(
        &self,
        key: &RecordKey,
        change: impl Fn(&mut FailureRecord),
    ) -> Result<bool, Failure> {
        for _ in 0..ROUNDS {
            let Some(row) = self.row(key).await? else {
                return Ok(false);
            };
            let record = record::read(key.table, &row);
            let mut changed = record.clone();
            change(&mut changed);
            let row = overwrite(row, &record, &changed);
            let replace = Change::Replace(row, record.etag);
            match self.tables.change(key.table.name(), &replace).await {
                Ok(_) => return Ok(true),
                Err(Trouble::Changed | Trouble::Missing | Trouble::NoHome) => {}
                Err(Trouble::Failed(failure)) => return Err(failure),
            }
        }
        Err(Trouble::Changed.into_failure(Dependency::Tables))
    }
}

/// The row with what was changed. A row of dicom-cast keeps its columns, and gets those that would
/// be lost with its time.
fn overwrite(mut row: Entity, record: &FailureRecord, changed: &FailureRecord) -> Entity {
    row.set_time("FirstFailed", changed.first_failed);
    row.set_time("LastFailed", record.last_failed);
    row.set_flag("Retry", changed.retry);
    if changed.attempts != record.attempts {
        row.set_int32("Attempts", changed.attempts);
    }
    if changed.state != record.state {
        row.set_text("State", changed.state.as_str());
    }
    if changed.next_retry.is_none() {
        row.remove("NextRetry");
    }
    row
}

#[async_trait]
impl Store for AzureStore {
    async fn sync_state(&self) -> Result<Option<(SyncState, ETag)>, Failure> {
        state::read(&self.tables).await
    }

    async fn save_sync_state(
        &self,
        state: SyncState,
        expected: Option<&ETag>,
    ) -> Result<ETag, Failure> {
        self.writer.save(&self.tables, &state, expected).await
    }

    async fn keep_home_issuer(&self, issuer: HomeIssuer) -> Result<Option<HomeIssuer>, Failure> {
        state::keep_home_issuer(&self.tables, &issuer).await
    }

    async fn record(&self, failed: Vec<FailedEntry>) -> Result<(), Failure> {
        let records = failed.iter().map(record::failed).collect();
        upsert(&self.tables, records, Over::AllTables).await
    }

    async fn record_again(
        &self,
        record: &FailureRecord,
        failed: FailedEntry,
    ) -> Result<(), Failure> {
        let records = vec![record::failed(&failed)];
        upsert(&self.tables, records, Over::Since(record)).await
    }

    async fn record_omitted(&self, values: Vec<OmittedValueRow>) -> Result<(), Failure> {
        let records = values.iter().map(record::omitted).collect();
        upsert(&self.tables, records, Over::OwnTable).await
    }

    async fn take_over(&self, entry: FailedEntry, first_failed: Timestamp) -> Result<(), Failure> {
        let mut new = record::failed(&entry);
        new.first_failed = first_failed;
        for table in FailureTable::FAILED {
            let key = RecordKey {
                table,
                ..new.key.clone()
            };
            let joined = self.change(&key, |known| {
                known.first_failed = known.first_failed.min(first_failed);
                known.attempts = known.attempts.max(entry.attempts);
            });
            if joined.await? {
                return Ok(());
            }
        }
        upsert(&self.tables, vec![new], Over::OwnTable).await
    }

    async fn show_retrying(&self, entry: &FailedEntry) -> Result<(), Failure> {
        let mut record = record::failed(entry);
        record.key.table = FailureTable::Retrying;
        upsert(&self.tables, vec![record], Over::OwnTable).await
    }

    async fn records(
        &self,
        filter: &RecordFilter,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<FailureRecord>, Failure> {
        let mut found = Vec::new();
        let ahead = |table: &FailureTable| after.is_none_or(|after| *table >= after.table);
        for table in filter.tables().into_iter().filter(ahead) {
            let after = after.filter(|after| after.table == table);
            for wanted in filter::records(filter, after) {
                let mut pages = self.tables.pages(table.name(), wanted, LARGEST_PAGE);
                while found.len() < limit
                    && let Some(page) = pages.try_next().await?
                {
                    let page = page.iter().map(|row| record::read(table, row));
                    found.extend(page.filter(|record| filter.matches(record)));
                }
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn get(&self, key: &RecordKey) -> Result<Option<FailureRecord>, Failure> {
        let row = self.row(key).await?;
        Ok(row.map(|row| record::read(key.table, &row)))
    }

    async fn request_retry(&self, key: &RecordKey) -> Result<bool, Failure> {
        self.change(key, |record| record.retry = true).await
    }

    async fn supersede(&self, key: &RecordKey) -> Result<(), Failure> {
        let superseded = self.change(key, |record| {
            record.state = RecordState::Superseded;
            record.retry = false;
            record.next_retry = None;
        });
        superseded.await.map(drop)
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, Failure> {
        let stored = keys::stored(key);
        let removed = self
            .tables
            .remove(key.table.name(), &key.partition, &stored);
        removed.await
    }

    async fn save_report(&self, report: &Report) -> Result<(), Failure> {
        state::save_report(&self.tables, report).await
    }

    async fn reports(&self) -> Result<Vec<Report>, Failure> {
        state::reports(&self.tables).await
    }

    /// Tables that are missing are made.
    async fn check(&self) -> Result<(), Failure> {
        for table in FailureTable::ALL {
            self.tables.ensure(table.name()).await?;
        }
        let row = Entity::new(CHECK_PARTITION, CHECK_PARTITION);
        self.tables.put(state::TABLE, &row).await?;
        let read = self.tables.get(state::TABLE, row.partition(), row.row());
        read.await?;
        let removed = self.tables.remove(state::TABLE, row.partition(), row.row());
        removed.await.map(drop)
    }
}
