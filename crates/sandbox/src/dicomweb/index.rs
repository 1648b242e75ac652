//! The index of instances, and the log of changes to them, in SQLite.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde_json::{Map, Value};

use super::action::Action;
use super::address::{Address, Selection};
use super::clock::Clock;
use super::error::DicomServiceError;
use super::identity::{self, SearchKeys};

/// An instance's version is the sequence of the change that made it. `file` is the version whose
/// file is kept. `ticks` are hundreds of nanoseconds since 1970, the resolution of the feed.
/// Searches count in an index, as the table is as large as the metadata in it.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS instance (
        key INTEGER PRIMARY KEY,
        partition TEXT NOT NULL,
        study TEXT NOT NULL,
        series TEXT NOT NULL,
        instance TEXT NOT NULL,
        version INTEGER NOT NULL,
        file INTEGER,
        transfer_syntax TEXT,
        patient_id TEXT,
        accession_number TEXT,
        study_date TEXT,
        modality TEXT,
        metadata TEXT NOT NULL,
        UNIQUE (partition, study, series, instance)
    );
    CREATE INDEX IF NOT EXISTS instance_counted
        ON instance (partition, study, series, instance, modality);
    CREATE INDEX IF NOT EXISTS instance_by_patient ON instance (partition, patient_id, study);
    CREATE TABLE IF NOT EXISTS change (
        sequence INTEGER PRIMARY KEY,
        ticks INTEGER NOT NULL,
        partition TEXT,
        study TEXT,
        series TEXT,
        instance TEXT,
        action INTEGER,
        version INTEGER,
        verbatim TEXT
    );
    CREATE INDEX IF NOT EXISTS change_by_time ON change (ticks, sequence);
    CREATE TABLE IF NOT EXISTS counter (next_sequence INTEGER NOT NULL);
    INSERT INTO counter SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM counter);
";

const SELECTED: &str = "partition = ?1 AND study = ?2 AND (?3 IS NULL OR series = ?3) AND (?4 IS NULL OR instance = ?4)";

/// The index and the clock that its changes are stamped with.
pub(super) struct Index {
    pub(super) connection: Connection,
    pub(super) clock: Clock,
}

/// An instance to be stored.
pub(super) struct NewInstance<'a> {
    pub(super) metadata: &'a str,
    /// Of the file that is kept with it, if one is.
    pub(super) transfer_syntax: Option<&'a str>,
    pub(super) keys: SearchKeys,
}

/// An instance as stored, without its metadata.
pub(super) struct Stored {
    pub(super) address: Address,
    pub(super) version: i64,
    pub(super) file: Option<i64>,
    pub(super) transfer_syntax: Option<String>,
}

/// Where in the log a change goes.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) sequence: i64,
    pub(super) ticks: i64,
}

impl Index {
    pub(super) fn open(path: &Path, clock: Clock) -> Result<Self, DicomServiceError> {
        let connection = Connection::open(path)?;
        // WAL survives a killed process with either setting; NORMAL saves a flush per change.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Self::with(connection, clock)
    }

    pub(super) fn in_memory(clock: Clock) -> Result<Self, DicomServiceError> {
        Self::with(Connection::open_in_memory()?, clock)
    }

    fn with(connection: Connection, clock: Clock) -> Result<Self, DicomServiceError> {
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection, clock })
    }

    /// Stores an instance and logs its creation: at `moment`, or next. `keep` keeps its file, as of
    /// the sequence it is given; nothing is stored if it fails.
    pub(super) fn create(
        &mut self,
        address: &Address,
        new: &NewInstance<'_>,
        moment: Option<Moment>,
        keep: impl FnOnce(i64) -> std::io::Result<()>,
    ) -> Result<i64, DicomServiceError> {
        let now = self.now();
        let transaction = self.connection.transaction()?;
        if find(&transaction, address)?.is_some() {
            return Err(DicomServiceError::Conflict {
                series: address.series.clone(),
                instance: address.instance.clone(),
            });
        }
        let moment = moment.map_or_else(|| next_moment(&transaction, now), Ok)?;
        insert_instance(&transaction, address, new, moment.sequence)?;
        log(
            &transaction,
            address,
            moment,
            Action::Create,
            moment.sequence,
        )?;
        keep(moment.sequence)?;
        transaction.commit()?;
        Ok(moment.sequence)
    }

    /// Removes the selected instances and logs each; what they were.
    pub(super) fn delete(
        &mut self,
        selection: &Selection,
    ) -> Result<Vec<Stored>, DicomServiceError> {
        let now = self.now();
        let transaction = self.connection.transaction()?;
        let deleted = select(&transaction, selection)?;
        for stored in &deleted {
            let moment = next_moment(&transaction, now)?;
            log(
                &transaction,
                &stored.address,
                moment,
                Action::Delete,
                stored.version,
            )?;
        }
        transaction.execute(
            &format!("DELETE FROM instance WHERE {SELECTED}"),
            selected(selection),
        )?;
        transaction.commit()?;
        Ok(deleted)
    }

    /// Sets attributes in every selected instance and logs each; how many.
    pub(super) fn update(
        &mut self,
        selection: &Selection,
        changes: &Map<String, Value>,
    ) -> Result<u64, DicomServiceError> {
        let now = self.now();
        let transaction = self.connection.transaction()?;
        let selected = select(&transaction, selection)?;
        for stored in &selected {
            let mut metadata = identity::parse(&metadata(&transaction, &stored.address)?)?;
            identity::merge(&mut metadata, changes)?;
            let moment = next_moment(&transaction, now)?;
            replace_metadata(&transaction, &stored.address, &metadata, moment.sequence)?;
            log(
                &transaction,
                &stored.address,
                moment,
                Action::Update,
                moment.sequence,
            )?;
        }
        transaction.commit()?;
        Ok(selected.len() as u64)
    }

    /// The selected instances in the order they were stored in.
    pub(super) fn select(&self, selection: &Selection) -> Result<Vec<Stored>, DicomServiceError> {
        select(&self.connection, selection)
    }

    /// The metadata of the selected instances, in the order they were stored in.
    pub(super) fn metadata(&self, selection: &Selection) -> Result<Vec<String>, DicomServiceError> {
        let sql = format!("SELECT metadata FROM instance WHERE {SELECTED} ORDER BY key");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(selected(selection), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The time, in ticks.
    pub(super) fn now(&self) -> i64 {
        ticks((self.clock)())
    }
}

/// Ticks up to the timestamp.
pub(super) fn ticks(timestamp: Timestamp) -> i64 {
    // Timestamps end in the year 9999, ticks in 31197.
    i64::try_from(timestamp.as_nanosecond().div_euclid(100)).unwrap_or(i64::MAX)
}

/// Takes the next sequence. Time does not run backwards in the log, even if the clock does.
pub(super) fn next_moment(
    transaction: &Transaction<'_>,
    now: i64,
) -> Result<Moment, DicomServiceError> {
    let last: Option<i64> =
        transaction.query_row("SELECT max(ticks) FROM change", [], |row| row.get(0))?;
    Ok(Moment {
        sequence: take_sequences(transaction, 1)?,
        ticks: last.map_or(now, |last| last.max(now)),
    })
}

/// Takes `count` sequences; the first of them.
pub(super) fn take_sequences(
    connection: &Connection,
    count: i64,
) -> Result<i64, DicomServiceError> {
    let next: i64 = connection.query_row(
        "UPDATE counter SET next_sequence = next_sequence + ?1 RETURNING next_sequence",
        [count],
        |row| row.get(0),
    )?;
    Ok(next - count)
}

fn find(connection: &Connection, address: &Address) -> Result<Option<i64>, DicomServiceError> {
    let sql = "SELECT version FROM instance
        WHERE partition = ?1 AND study = ?2 AND series = ?3 AND instance = ?4";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement
        .query_row(address_params(address), |row| row.get(0))
        .optional()?)
}

fn insert_instance(
    transaction: &Transaction<'_>,
    address: &Address,
    new: &NewInstance<'_>,
    version: i64,
) -> Result<(), DicomServiceError> {
    let sql = "INSERT INTO instance (partition, study, series, instance, version, file,
            transfer_syntax, patient_id, accession_number, study_date, modality, metadata)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    transaction.prepare_cached(sql)?.execute(params![
        address.partition,
        address.study,
        address.series,
        address.instance,
        version,
        new.transfer_syntax.map(|_| version),
        new.transfer_syntax,
        new.keys.patient_id,
        new.keys.accession_number,
        new.keys.study_date,
        new.keys.modality,
        new.metadata,
    ])?;
    Ok(())
}

fn replace_metadata(
    transaction: &Transaction<'_>,
    address: &Address,
    metadata: &Map<String, Value>,
    version: i64,
) -> Result<(), DicomServiceError> {
    let keys = identity::search_keys(metadata);
    let metadata = Value::Object(metadata.clone()).to_string();
    let sql = "UPDATE instance SET version = ?5, metadata = ?6, patient_id = ?7,
            accession_number = ?8, study_date = ?9, modality = ?10
        WHERE partition = ?1 AND study = ?2 AND series = ?3 AND instance = ?4";
    transaction.prepare_cached(sql)?.execute(params![
        address.partition,
        address.study,
        address.series,
        address.instance,
        version,
        metadata,
        keys.patient_id,
        keys.accession_number,
        keys.study_date,
        keys.modality,
    ])?;
    Ok(())
}

fn metadata(connection: &Connection, address: &Address) -> Result<String, DicomServiceError> {
    let sql = "SELECT metadata FROM instance
        WHERE partition = ?1 AND study = ?2 AND series = ?3 AND instance = ?4";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(address_params(address), |row| row.get(0))?)
}

fn log(
    transaction: &Transaction<'_>,
    address: &Address,
    moment: Moment,
    action: Action,
    version: i64,
) -> Result<(), DicomServiceError> {
    let sql = "INSERT INTO change
            (partition, study, series, instance, sequence, ticks, action, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    transaction.prepare_cached(sql)?.execute(params![
        address.partition,
        address.study,
        address.series,
        address.instance,
        moment.sequence,
        moment.ticks,
        action as i64,
        version,
    ])?;
    Ok(())
}

fn select(
    connection: &Connection,
    selection: &Selection,
) -> Result<Vec<Stored>, DicomServiceError> {
    let sql = format!(
        "SELECT partition, study, series, instance, version, file, transfer_syntax
        FROM instance WHERE {SELECTED} ORDER BY key"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(selected(selection), stored)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        address: Address {
            partition: row.get(0)?,
            study: row.get(1)?,
            series: row.get(2)?,
            instance: row.get(3)?,
        },
        version: row.get(4)?,
        file: row.get(5)?,
        transfer_syntax: row.get(6)?,
    })
}

fn selected(selection: &Selection) -> impl rusqlite::Params + '_ {
    (
        &selection.partition,
        &selection.study,
        &selection.series,
        &selection.instance,
    )
}

fn address_params(address: &Address) -> impl rusqlite::Params + '_ {
    (
        &address.partition,
        &address.study,
        &address.series,
        &address.instance,
    )
}
