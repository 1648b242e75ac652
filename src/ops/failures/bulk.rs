//! Does something to every record that is wanted, however many there are.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{Outcome, PAGE};
use radcast_engine::failure::{Dispositions, Failure};
use radcast_engine::store::{FailureRecord, RecordFilter, RecordKey, RecordState, Store};

/// How many records are worked on at once.
const AT_ONCE: usize = 8;

/// How many of those that were refused are named.
const NAMED: usize = 10;

/// What is done to each record.
#[derive(Debug, Clone)]
pub enum Act {
    /// Its retry is asked for.
    Retry {
        /// The dispositions in force.
        dispositions: Dispositions,
        /// Whether to ask also where a retry does not help as a rule.
        force: bool,
    },
    /// It is removed.
    Dismiss {
        /// Unless it is open still.
        only_superseded: bool,
    },
}

/// What became of the records.
#[derive(Debug, Default)]
pub struct Bulk {
    /// To how many it was done.
    pub done: u64,
    /// To how many it was not done, by reason.
    pub refused: BTreeMap<&'static str, Refused>,
    /// The last record that was seen to, when it was stopped before the end.
    pub next: Option<RecordKey>,
}

/// A number of records, and the names of the first of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Vec<String>,
}

impl Bulk {
    /// How many were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.values().map(|refused| refused.count).sum()
    }

    /// Adds what became of a record.
    pub fn add(&mut self, record: &FailureRecord, outcome: &Outcome) {
        match outcome {
            Outcome::Done => self.done += 1,
            Outcome::Refused(reason) => {
                let refused = self.refused.entry(reason).or_default();
                refused.count += 1;
                if refused.first.len() < NAMED {
                    refused.first.push(record.key.id());
                }
            }
            Outcome::Gone => {}
        }
    }
}

impl Act {
    /// Does it to a record.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn to(&self, store: &dyn Store, record: &FailureRecord) -> Result<Outcome, Failure> {
        match self {
            Self::Retry {
                dispositions,
                force,
            } => super::ask(store, record, dispositions, *force).await,
            Self::Dismiss { only_superseded } => {
                let spared = *only_superseded && record.state == RecordState::Open;
                let removed = !spared && store.remove(&record.key).await?;
                Ok(if removed {
                    Outcome::Done
                } else {
                    Outcome::Gone
                })
            }
        }
    }

    /// Does it to a record that was read a while ago, if it is still wanted.
    async fn to_present(
        &self,
        store: &dyn Store,
        record: &FailureRecord,
        filter: &RecordFilter,
    ) -> Result<Outcome, Failure> {
        match store.get(&record.key).await? {
            Some(present) if filter.matches(&present) => self.to(store, &present).await,
            _ => Ok(Outcome::Gone),
        }
    }
}

/// Does something to every record that is wanted, behind `after`, until stopped, and tells `progress`
/// of each few.
///
/// The numbers are right also when it ends by an error or is stopped.
///
/// # Errors
/// The store cannot be read or written.
pub async fn each(
    store: &dyn Store,
    filter: &RecordFilter,
    mut after: Option<RecordKey>,
    act: &Act,
    stop: &CancellationToken,
    mut progress: impl FnMut(&Bulk),
) -> (Bulk, Result<(), Failure>) {
    let mut bulk = Bulk::default();
    loop {
        let page = match store.records(filter, after.as_ref(), PAGE).await {
            Ok(page) => page,
            Err(failure) => return (bulk, Err(failure)),
        };
        if page.is_empty() {
            return (bulk, Ok(()));
        }
        for few in page.chunks(AT_ONCE) {
            if stop.is_cancelled() {
                bulk.next = after;
                return (bulk, Ok(()));
            }
            let acts = few
                .iter()
                .map(|record| act.to_present(store, record, filter));
            let mut ended = Ok(());
            for (record, outcome) in few.iter().zip(join_all(acts).await) {
                match outcome {
                    Ok(outcome) => bulk.add(record, &outcome),
                    Err(failure) => ended = Err(failure),
                }
            }
            progress(&bulk);
            if ended.is_err() {
                return (bulk, ended);
            }
            after = few.last().map(|record| record.key.clone());
        }
    }
}
