//! The rows that show which entries are retried in place. They follow the work and never hold it
//! up: each attempt says how things stand, and a task of its own brings the store in step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tracing::warn;

use crate::failure::{Code, Failure};
use crate::store::{FailedEntry, FailureTable, PARTITION, RecordFilter, RecordKey, Store};

/// How many rows of an earlier life are looked at together.
const PAGE: usize = 100;

/// The rows as they should be.
type Wanted = BTreeMap<RecordKey, FailedEntry>;

/// What is retried at the moment.
#[derive(Debug, Clone)]
pub(crate) struct Retrying(Arc<watch::Sender<Wanted>>);

/// The row of one piece of work: there is none until it is shown, and none after it is dropped.
#[derive(Debug)]
pub(crate) struct Row {
    retrying: Retrying,
    key: Option<RecordKey>,
}

impl Retrying {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Wanted::new())))
    }

    /// The row of a piece of work.
    pub(crate) fn row(&self) -> Row {
        Row {
            retrying: self.clone(),
            key: None,
        }
    }

    /// The task that brings the store in step; no call to the store may take longer than `limit`.
    pub(crate) fn rows(&self, store: Arc<dyn Store>, limit: Duration) -> Rows {
        Rows {
            store,
            limit,
            wanted: self.0.subscribe(),
            shown: BTreeMap::new(),
            cleared: false,
        }
    }
}

impl Row {
    /// Says how things stand.
    pub(crate) fn show(&mut self, entry: FailedEntry) {
        let key = RecordKey {
            table: FailureTable::Retrying,
            ..entry.key()
        };
        self.key = Some(key.clone());
        self.retrying.0.send_modify(|wanted| {
            wanted.insert(key, entry);
        });
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.retrying.0.send_modify(|wanted| {
                wanted.remove(key);
            });
        }
    }
}

/// Brings the rows in step with what is wanted, one call at a time.
pub(crate) struct Rows {
    store: Arc<dyn Store>,
    limit: Duration,
    wanted: watch::Receiver<Wanted>,
    /// The rows that there may be, with the attempts they tell.
    shown: BTreeMap<RecordKey, u32>,
    /// Whether the rows that an earlier life left behind are gone.
    cleared: bool,
}

impl Rows {
    /// Runs until nothing can be retried any more, and the last rows are gone.
    pub(crate) async fn run(mut self) {
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            let in_step = self.bring_in_step(wanted).await;
            if let Err(failure) = &in_step {
                warn!(event = "retry_row_not_kept", code = %failure.code, "rows of entries that are retried cannot be kept: {failure}");
            }
            let changed = match in_step {
                Ok(()) => Ok(self.wanted.changed().await),
                Err(_) => timeout(self.limit, self.wanted.changed()).await,
            };
            if let Ok(Err(_)) = changed {
                // A failure is not worth a second attempt when the engine ends.
                let _ = self.bring_in_step(Wanted::new()).await;
                return;
            }
        }
    }

    async fn bring_in_step(&mut self, wanted: Wanted) -> Result<(), Failure> {
        if !self.cleared {
            self.clear().await?;
        }
        let surplus: Vec<_> = self.shown.keys().cloned().collect();
        for key in surplus.iter().filter(|key| !wanted.contains_key(key)) {
            self.limited(self.store.remove(key)).await?;
            self.shown.remove(key);
        }
        for (key, entry) in wanted {
            if self.shown.get(&key) == Some(&entry.attempts) {
                continue;
            }
            // Whatever comes of it, there may be a row now.
            self.shown.insert(key.clone(), 0);
            self.limited(self.store.show_retrying(&entry)).await?;
            self.shown.insert(key, entry.attempts);
        }
        Ok(())
    }

    /// Removes the rows of an earlier life. dicom-cast's own stay: they are its history.
    async fn clear(&mut self) -> Result<(), Failure> {
        let filter = RecordFilter {
            tables: vec![FailureTable::Retrying],
            ..RecordFilter::default()
        };
        let mut after: Option<RecordKey> = None;
        loop {
            let page = self.store.records(&filter, after.as_ref(), PAGE);
            let page = self.limited(page).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            for record in page
                .iter()
                .filter(|record| record.key.partition == PARTITION)
            {
                self.limited(self.store.remove(&record.key)).await?;
            }
        }
        self.cleared = true;
        Ok(())
    }

    async fn limited<R>(
        &self,
        call: impl Future<Output = Result<R, Failure>>,
    ) -> Result<R, Failure> {
        timeout(self.limit, call).await.unwrap_or_else(|_| {
            let message = "the store did not answer in time";
            Err(Failure::new(Code::StoreUnavailable, message))
        })
    }
}
