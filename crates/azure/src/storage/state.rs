//! The sync state and the reports of the replicas: rows of one table.

use std::sync::atomic::{AtomicBool, Ordering};

use azure_core::Uuid;
use futures_util::TryStreamExt;

use super::entity::Entity;
use super::filter;
use super::tables::{Change, LARGEST_PAGE, Tables};
use super::trouble::Trouble;
use radcast_engine::failure::{Code, Dependency, Failure, Operation};
use radcast_engine::store::{ETag, HomeIssuer, Report, Role, SyncState};

/// dicom-cast's name of the table.
pub(super) const TABLE: &str = "SyncStateTable";

const STATE_PARTITION: &str = "SyncStatePartitionKey";
const STATE_ROW: &str = "SyncStateRowKey";

/// Not the partition of the state: whoever reads dicom-cast's table expects a single row in that.
const REPORT_PARTITION: &str = "RadcastStatus";

/// Nor is that of the home issuer.
const ISSUER_PARTITION: &str = "RadcastHomeIssuer";
const ISSUER_ROW: &str = "HomeIssuer";
const ISSUER_NAME: &str = "Name";
const ISSUER_UNIVERSAL_ID: &str = "UniversalId";

/// Who wrote the state last: a column that tells a write of ours from one of somebody else.
const WRITER: &str = "Writer";

/// The service whose feed is counted, and the last entry of it: columns that dicom-cast does not have.
const FEED: &str = "Feed";
const ENTRY: &str = "SyncedEntry";

/// Writes the sync state, and knows its own writes again.
#[derive(Debug)]
pub(super) struct StateWriter {
    id: String,
    /// Whether the last write may have been carried out although nobody said so.
    unsure: AtomicBool,
}

impl StateWriter {
    pub(super) fn new() -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            unsure: AtomicBool::new(false),
        }
    }

    /// Writes the state over the version that is expected, or over one that was written here when
    /// the answer to that was lost.
    pub(super) async fn save(
        &self,
        tables: &Tables,
        state: &SyncState,
        expected: Option<&ETag>,
    ) -> Result<ETag, Failure> {
        let lost = self.unsure.swap(true, Ordering::SeqCst);
        let row = self.row(state);
        let saved = match tables.change(TABLE, &change(&row, expected)).await {
            Err(Trouble::Changed | Trouble::Missing) if lost => match self.own(tables).await? {
                Some(etag) => tables.change(TABLE, &change(&row, Some(&etag))).await,
                None => Err(Trouble::Changed),
            },
            saved => saved,
        };
        match saved {
            Ok(etag) => {
                self.unsure.store(false, Ordering::SeqCst);
                Ok(etag)
            }
            Err(Trouble::Changed | Trouble::Missing) => {
                self.unsure.store(false, Ordering::SeqCst);
                let text = "the position was moved by somebody else";
                Err(Failure::new(Code::StoreConflict, text))
            }
            Err(trouble) => Err(trouble.into_failure(Dependency::Tables)),
        }
    }

    /// The version of the stored state, if it was written here.
    async fn own(&self, tables: &Tables) -> Result<Option<ETag>, Failure> {
        let stored = tables.get(TABLE, STATE_PARTITION, STATE_ROW).await?;
        Ok(stored
            .filter(|row| row.text(WRITER) == Some(&self.id))
            .and_then(|row| row.etag()))
    }

    fn row(&self, state: &SyncState) -> Entity {
        let mut row = Entity::new(STATE_PARTITION, STATE_ROW);
        row.set_int64("SyncedSequence", state.sequence);
        if let Some(timestamp) = state.timestamp {
            row.set_time("SyncedTimestamp", timestamp);
        }
        if let Some(feed) = &state.feed {
            row.set_text(FEED, feed);
        }
        if let Some(entry) = &state.entry {
            row.set_text(ENTRY, &entry.to_string());
        }
        row.set_text(WRITER, &self.id);
        row
    }
}

fn change(row: &Entity, expected: Option<&ETag>) -> Change {
    match expected {
        Some(etag) => Change::Replace(row.clone(), etag.clone()),
        None => Change::Insert(row.clone()),
    }
}

/// The stored state, also as dicom-cast wrote it: the sequence alone.
pub(super) async fn read(tables: &Tables) -> Result<Option<(SyncState, ETag)>, Failure> {
    let Some(row) = tables.get(TABLE, STATE_PARTITION, STATE_ROW).await? else {
        return Ok(None);
    };
    // A row that cannot be read is no reason to begin anew.
    let sequence = row.integer("SyncedSequence");
    let Some((sequence, etag)) = sequence.zip(row.etag()) else {
        let malformed = Trouble::malformed(Dependency::Tables, Operation::Read);
        return Err(malformed.into_failure(Dependency::Tables));
    };
    let state = SyncState::at(sequence.cast_unsigned(), row.time("SyncedTimestamp"));
    let state = state.told(row.text(FEED), row.text(ENTRY));
    Ok(Some((state, etag)))
}

/// The home issuer that is kept already; none when it is this one from now on.
pub(super) async fn keep_home_issuer(
    tables: &Tables,
    issuer: &HomeIssuer,
) -> Result<Option<HomeIssuer>, Failure> {
    let mut row = Entity::new(ISSUER_PARTITION, ISSUER_ROW);
    for (column, text) in [
        (ISSUER_NAME, &issuer.name),
        (ISSUER_UNIVERSAL_ID, &issuer.universal_id),
    ] {
        if let Some(text) = text {
            row.set_text(column, text);
        }
    }
    match tables.change(TABLE, &Change::Insert(row)).await {
        Ok(_) => return Ok(None),
        Err(Trouble::Changed) => {}
        Err(trouble) => return Err(trouble.into_failure(Dependency::Tables)),
    }
    let kept = tables.get(TABLE, ISSUER_PARTITION, ISSUER_ROW).await?;
    let Some(kept) = kept else {
        return Err(Trouble::Changed.into_failure(Dependency::Tables));
    };
    let text = |column| kept.text(column).map(str::to_owned);
    Ok(Some(HomeIssuer {
        name: text(ISSUER_NAME),
        universal_id: text(ISSUER_UNIVERSAL_ID),
    }))
}

/// Writes what a replica says of itself.
pub(super) async fn save_report(tables: &Tables, report: &Report) -> Result<(), Failure> {
    let mut row = Entity::new(REPORT_PARTITION, row_of(report.role));
    row.set_text("Replica", &report.replica);
    row.set_text("Version", &report.version);
    row.set_text("State", &report.state);
    if let Some(code) = &report.code {
        row.set_text("Code", code);
    }
    if let Some(detail) = &report.detail {
        row.set_text("Detail", detail);
    }
    row.set_int64("Position", report.position);
    row.set_int64("Latest", report.latest);
    for (column, time) in [
        ("PositionTimestamp", report.position_timestamp),
        ("LastSuccess", report.last_success),
        ("At", Some(report.at)),
    ] {
        if let Some(time) = time {
            row.set_time(column, time);
        }
    }
    tables.put(TABLE, &row).await
}

/// What the replicas said last.
pub(super) async fn reports(tables: &Tables) -> Result<Vec<Report>, Failure> {
    let filter = filter::partition(REPORT_PARTITION);
    let mut pages = tables.pages(TABLE, filter, LARGEST_PAGE);
    let mut reports = Vec::new();
    while let Some(page) = pages.try_next().await? {
        reports.extend(page.iter().filter_map(report));
    }
    Ok(reports)
}

fn report(row: &Entity) -> Option<Report> {
    let roles = [Role::Active, Role::Standby];
    let text = |column| row.text(column).map(str::to_owned);
    let number = |column| row.integer(column).unwrap_or_default().cast_unsigned();
    Some(Report {
        role: roles.into_iter().find(|role| row_of(*role) == row.row())?,
        replica: text("Replica").unwrap_or_default(),
        version: text("Version").unwrap_or_default(),
        state: text("State").unwrap_or_default(),
        code: text("Code"),
        detail: text("Detail"),
        position: number("Position"),
        position_timestamp: row.time("PositionTimestamp"),
        latest: number("Latest"),
        last_success: row.time("LastSuccess"),
        at: row.time("At")?,
    })
}

const fn row_of(role: Role) -> &'static str {
    match role {
        Role::Active => "StatusActive",
        Role::Standby => "StatusStandby",
    }
}
