//! The store: what it acknowledges it keeps, and it watches what it is told.

use async_trait::async_trait;
use radcast_engine::failure::{Code, Failure};
use radcast_engine::store::{
    ETag, FailedEntry, FailureRecord, FailureTable, HomeIssuer, OmittedValueRow, RecordFilter,
    RecordKey, RecordState, Report, Store, SyncState,
};

use super::invariants::is_settled;
use super::world::{Course, Service, State, World};

/// The store as one replica reaches it.
#[derive(Debug)]
pub struct ModelStore {
    pub world: World,
    pub replica: usize,
}

impl ModelStore {
    /// Carries out `work`, unless the request or its answer is lost.
    async fn with<R>(
        &self,
        work: impl FnOnce(&mut State) -> Result<R, Failure> + Send,
    ) -> Result<R, Failure> {
        let course = self.world.request(self.replica, Service::Store).await;
        if course == Course::Refused {
            return Err(lost());
        }
        let result = work(&mut self.world.lock());
        self.world.answer(self.replica).await;
        if course == Course::AnswerLost {
            return Err(lost());
        }
        result
    }
}

fn lost() -> Failure {
    Failure::new(Code::StoreUnavailable, "the model does not answer")
}

#[async_trait]
impl Store for ModelStore {
    async fn sync_state(&self) -> Result<Option<(SyncState, ETag)>, Failure> {
        let state = |state: &mut State| state.position.clone();
        let position = self.with(|world| Ok(state(world))).await?;
        Ok(position.map(|(state, etag)| (state, ETag(etag.to_string()))))
    }

    async fn save_sync_state(
        &self,
        state: SyncState,
        expected: Option<&ETag>,
    ) -> Result<ETag, Failure> {
        self.with(|world| save(world, state, expected)).await
    }

    async fn keep_home_issuer(&self, issuer: HomeIssuer) -> Result<Option<HomeIssuer>, Failure> {
        self.with(|world| {
            let kept = world.home_issuer.clone();
            world.home_issuer.get_or_insert(issuer);
            Ok(kept)
        })
        .await
    }

    async fn record(&self, failed: Vec<FailedEntry>) -> Result<(), Failure> {
        self.with(|world| {
            failed
                .into_iter()
                .for_each(|entry| keep(world, entry, None));
            Ok(())
        })
        .await
    }

    async fn record_again(
        &self,
        record: &FailureRecord,
        failed: FailedEntry,
    ) -> Result<(), Failure> {
        self.with(|world| {
            keep(world, failed, Some(&record.etag));
            Ok(())
        })
        .await
    }

    async fn record_omitted(&self, values: Vec<OmittedValueRow>) -> Result<(), Failure> {
        self.with(|world| {
            for value in values {
                let code = Failure::new(Code::DicomInvalidValue, value.message.clone());
                let entry = FailedEntry::new(value.subject.clone(), code, value.at);
                let record = record_of(value.key(), &entry, world.next_etag());
                world.records.insert(value.key(), record);
            }
            Ok(())
        })
        .await
    }

    async fn take_over(&self, _: FailedEntry, _: jiff::Timestamp) -> Result<(), Failure> {
        self.with(|_| Ok(())).await
    }

    async fn show_retrying(&self, entry: &FailedEntry) -> Result<(), Failure> {
        self.with(|world| {
            let mut key = entry.key();
            key.table = FailureTable::Retrying;
            let record = record_of(key.clone(), entry, world.next_etag());
            world.records.insert(key, record);
            Ok(())
        })
        .await
    }

    async fn records(
        &self,
        filter: &RecordFilter,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<FailureRecord>, Failure> {
        self.with(|world| {
            let all = world.records.iter();
            let wanted = all
                .filter(|(key, record)| {
                    after.is_none_or(|after| *key > after) && filter.matches(record)
                })
                .map(|(_, record)| record.clone());
            Ok(wanted.take(limit).collect())
        })
        .await
    }

    async fn get(&self, key: &RecordKey) -> Result<Option<FailureRecord>, Failure> {
        self.with(|world| Ok(world.records.get(key).cloned())).await
    }

    async fn request_retry(&self, key: &RecordKey) -> Result<bool, Failure> {
        self.with(|world| Ok(ask(world, key))).await
    }

    async fn supersede(&self, key: &RecordKey) -> Result<(), Failure> {
        self.with(|world| {
            let etag = world.next_etag();
            if let Some(record) = world.records.get_mut(key) {
                record.state = RecordState::Superseded;
                record.retry = false;
                record.next_retry = None;
                record.etag = etag;
            }
            Ok(())
        })
        .await
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, Failure> {
        self.with(|world| Ok(world.records.remove(key).is_some()))
            .await
    }

    async fn save_report(&self, report: &Report) -> Result<(), Failure> {
        self.with(|world| {
            world.reports.retain(|other| other.role != report.role);
            world.reports.push(report.clone());
            Ok(())
        })
        .await
    }

    async fn reports(&self) -> Result<Vec<Report>, Failure> {
        self.with(|world| Ok(world.reports.clone())).await
    }

    async fn check(&self) -> Result<(), Failure> {
        self.with(|_| Ok(())).await
    }
}

/// Asks for a retry as a person does, past all faults.
pub fn ask(world: &mut State, key: &RecordKey) -> bool {
    let etag = world.next_etag();
    let Some(record) = world.records.get_mut(key) else {
        return false;
    };
    record.retry = true;
    record.etag = etag;
    if let Some(sequence) = record.subject.sequence {
        let recalled = world.recalled.get(&sequence).copied().unwrap_or_default();
        world.asked.insert(sequence, recalled);
    }
    true
}

fn save(world: &mut State, state: SyncState, expected: Option<&ETag>) -> Result<ETag, Failure> {
    let etag = world.position.as_ref().map(|(_, etag)| *etag);
    if etag.map(|etag| ETag(etag.to_string())).as_ref() != expected {
        return Err(Failure::new(Code::StoreConflict, "moved"));
    }
    let before = world
        .position
        .as_ref()
        .map_or(0, |(state, _)| state.sequence);
    if state.sequence < before {
        world.violate(format!(
            "the position moves from {before} to {}",
            state.sequence
        ));
    }
    let passed: Vec<u64> = world
        .rows
        .range(before + 1..=state.sequence.max(before))
        .map(|(sequence, _)| *sequence)
        .collect();
    for sequence in passed {
        if !is_settled(world, sequence) {
            world.violate(format!(
                "the position passes {sequence} ({}), which is not settled",
                world.rows[&sequence].action
            ));
        }
    }
    let next = etag.unwrap_or_default() + 1;
    world.position = Some((state, next));
    Ok(ETag(next.to_string()))
}

/// Keeps a failed entry. A request for a retry is answered when it was `read`, and stays otherwise.
fn keep(world: &mut State, entry: FailedEntry, read: Option<&ETag>) {
    let key = entry.key();
    let sequence = entry.subject.sequence.unwrap_or_default();
    let mut record = record_of(key.clone(), &entry, world.next_etag());
    let before: Vec<RecordKey> = FailureTable::FAILED
        .into_iter()
        .map(|table| RecordKey {
            table,
            ..key.clone()
        })
        .collect();
    for key in before {
        if let Some(before) = world.records.remove(&key) {
            record.attempts += before.attempts;
            record.first_failed = before.first_failed;
            let recalled = world.recalled.get(&sequence).copied().unwrap_or_default();
            let asked = world.asked.get(&sequence).copied().unwrap_or_default();
            let answered = read == Some(&before.etag);
            if before.retry && answered && recalled <= asked {
                world.violate(format!("the request to retry {sequence} is lost"));
            }
            record.retry |= before.retry && !answered;
        }
    }
    *world.recorded.entry(sequence).or_default() += 1;
    world.records.insert(key, record);
}

fn record_of(key: RecordKey, entry: &FailedEntry, etag: ETag) -> FailureRecord {
    let failure = &entry.failure;
    FailureRecord {
        key,
        etag,
        subject: entry.subject.clone(),
        class: failure.class().to_string(),
        code: failure.code.to_string(),
        message: failure.message.clone(),
        cure: failure.cure().to_owned(),
        attempts: entry.attempts,
        first_failed: entry.at,
        last_failed: entry.at,
        retry: false,
        next_retry: entry.next_retry,
        automatic_retries: entry.automatic_retries,
        state: RecordState::Open,
        archive: entry.archive.clone(),
        attribute: None,
    }
}
