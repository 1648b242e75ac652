//! The store: rows in memory, by the rules of the trait.

use std::sync::MutexGuard;

use async_trait::async_trait;
use radcast_engine::failure::{Code, Failure};
use radcast_engine::store::{
    ETag, FailedEntry, FailureRecord, FailureTable, HomeIssuer, OmittedValueRow, RecordFilter,
    RecordKey, RecordState, Report, Store, SyncState,
};

use super::{World, WorldState};

/// Keeps position and records in the world.
#[derive(Debug)]
pub struct ModelStore(pub World);

impl ModelStore {
    async fn up(&self, operation: &str) -> Result<MutexGuard<'_, WorldState>, Failure> {
        if self.0.lock().hanging.contains(operation) {
            std::future::pending::<()>().await;
        }
        let latency = self.0.lock().store_latency;
        tokio::time::sleep(latency).await;
        let world = self.0.lock();
        if world.store_is_down || world.broken.contains(operation) {
            return Err(Failure::new(Code::StoreUnavailable, "down"));
        }
        Ok(world)
    }
}

#[async_trait]
impl Store for ModelStore {
    async fn sync_state(&self) -> Result<Option<(SyncState, ETag)>, Failure> {
        Ok(self
            .up("sync_state")
            .await?
            .position
            .clone()
            .map(|(state, etag)| (state, ETag(etag.to_string()))))
    }

    async fn save_sync_state(
        &self,
        state: SyncState,
        expected: Option<&ETag>,
    ) -> Result<ETag, Failure> {
        let mut world = self.up("save_sync_state").await?;
        let etag = world.position.as_ref().map(|(_, etag)| *etag);
        if etag.map(|etag| ETag(etag.to_string())).as_ref() != expected {
            return Err(Failure::new(Code::StoreConflict, "moved"));
        }
        let next = etag.unwrap_or_default() + 1;
        world.position = Some((state, next));
        if world.answers_to_lose > 0 {
            world.answers_to_lose -= 1;
            return Err(Failure::new(Code::StoreUnavailable, "the answer was lost"));
        }
        Ok(ETag(next.to_string()))
    }

    async fn keep_home_issuer(&self, issuer: HomeIssuer) -> Result<Option<HomeIssuer>, Failure> {
        let mut world = self.up("keep_home_issuer").await?;
        let kept = world.home_issuer.clone();
        world.home_issuer.get_or_insert(issuer);
        Ok(kept)
    }

    async fn record(&self, failed: Vec<FailedEntry>) -> Result<(), Failure> {
        let mut world = self.up("record").await?;
        failed.iter().for_each(|entry| world.keep(entry, false));
        Ok(())
    }

    async fn record_again(
        &self,
        record: &FailureRecord,
        failed: FailedEntry,
    ) -> Result<(), Failure> {
        let mut world = self.up("record_again").await?;
        let now = world.rows.get(&record.key);
        let asked_again = now.is_some_and(|now| now.retry && now.etag != record.etag);
        world.keep(&failed, asked_again);
        Ok(())
    }

    async fn record_omitted(&self, values: Vec<OmittedValueRow>) -> Result<(), Failure> {
        let mut world = self.up("record_omitted").await?;
        for value in values {
            let failure = Failure::new(Code::DicomInvalidValue, value.message.clone());
            let entry = FailedEntry::new(value.subject.clone(), failure, value.at);
            let mut row = world.row(value.key(), &entry);
            row.attribute = Some(format!("{} {}", value.tag, value.keyword));
            world.rows.insert(row.key.clone(), row);
        }
        Ok(())
    }

    async fn take_over(&self, entry: FailedEntry, _: jiff::Timestamp) -> Result<(), Failure> {
        self.record(vec![entry]).await
    }

    async fn show_retrying(&self, entry: &FailedEntry) -> Result<(), Failure> {
        let mut world = self.up("show_retrying").await?;
        let key = RecordKey {
            table: FailureTable::Retrying,
            ..entry.key()
        };
        let row = world.row(key, entry);
        world.rows.insert(row.key.clone(), row);
        Ok(())
    }

    async fn records(
        &self,
        filter: &RecordFilter,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<FailureRecord>, Failure> {
        let mut world = self.up("records").await?;
        world.looked_up += u32::from(filter.study.is_some());
        let behind = world.rows.values().filter(|row| Some(&row.key) > after);
        let wanted = behind.filter(|row| filter.matches(row));
        Ok(wanted.take(limit).cloned().collect())
    }

    async fn get(&self, key: &RecordKey) -> Result<Option<FailureRecord>, Failure> {
        Ok(self.up("get").await?.rows.get(key).cloned())
    }

    async fn request_retry(&self, key: &RecordKey) -> Result<bool, Failure> {
        let mut world = self.up("request_retry").await?;
        Ok(world.edit(key, |row| row.retry = true))
    }

    async fn supersede(&self, key: &RecordKey) -> Result<(), Failure> {
        let mut world = self.up("supersede").await?;
        world.edit(key, |row| {
            row.state = RecordState::Superseded;
            row.retry = false;
            row.next_retry = None;
        });
        Ok(())
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, Failure> {
        Ok(self.up("remove").await?.rows.remove(key).is_some())
    }

    async fn save_report(&self, _: &Report) -> Result<(), Failure> {
        self.up("save_report").await.map(drop)
    }

    async fn reports(&self) -> Result<Vec<Report>, Failure> {
        Ok(Vec::new())
    }

    async fn check(&self) -> Result<(), Failure> {
        self.up("check").await.map(drop)
    }
}

impl WorldState {
    /// Keeps a failed entry over what is kept of it, in whatever table.
    fn keep(&mut self, entry: &FailedEntry, retry: bool) {
        let key = entry.key();
        let before = FailureTable::FAILED.into_iter().filter_map(|table| {
            self.rows.remove(&RecordKey {
                table,
                ..key.clone()
            })
        });
        let before: Vec<_> = before.collect();
        let mut row = self.row(key, entry);
        row.retry = retry;
        for before in before {
            row.attempts += before.attempts;
            row.first_failed = row.first_failed.min(before.first_failed);
        }
        self.rows.insert(row.key.clone(), row);
    }

    /// A row as new, but for the first failure of one that is there.
    fn row(&mut self, key: RecordKey, entry: &FailedEntry) -> FailureRecord {
        let first_failed = self.rows.get(&key).map(|row| row.first_failed);
        FailureRecord {
            etag: self.next_version(),
            subject: entry.subject.clone(),
            class: entry.failure.class().as_str().to_owned(),
            code: entry.failure.code.as_str().to_owned(),
            message: entry.failure.message.clone(),
            cure: entry.failure.cure().to_owned(),
            attempts: entry.attempts,
            first_failed: first_failed.unwrap_or(entry.at),
            last_failed: entry.at,
            retry: false,
            next_retry: entry.next_retry,
            automatic_retries: entry.automatic_retries,
            state: RecordState::Open,
            archive: entry.archive.clone(),
            attribute: None,
            key,
        }
    }

    fn edit(&mut self, key: &RecordKey, edit: impl FnOnce(&mut FailureRecord)) -> bool {
        let version = self.next_version();
        let Some(row) = self.rows.get_mut(key) else {
            return false;
        };
        edit(row);
        row.etag = version;
        true
    }

    fn next_version(&mut self) -> ETag {
        self.versions += 1;
        ETag(self.versions.to_string())
    }
}
