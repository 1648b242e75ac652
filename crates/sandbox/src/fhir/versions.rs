//! Rows of resources: the current version of each, and the counters of versions and ids.

use jiff::Timestamp;
use jiff::fmt::strtime;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::address::Address;
use super::document::Document;
use super::index;
use super::outcome::Refusal;
use super::parameter::ResourceType;

/// The current version of a resource.
#[derive(Debug, Clone)]
pub(super) struct Version {
    sequence: i64,
    pub(super) number: u32,
    /// The instant of the write, in RFC 3339.
    pub(super) last_updated: String,
    /// The resource, or `None` once it is deleted.
    pub(super) json: Option<String>,
}

impl Version {
    /// The version as a weak entity tag, e.g. `W/"3"`.
    pub(super) fn etag(&self) -> String {
        format!("W/\"{}\"", self.number)
    }

    /// The instant of the write as an HTTP date.
    pub(super) fn last_modified(&self) -> Option<String> {
        let instant: Timestamp = self.last_updated.parse().ok()?;
        strtime::format("%a, %d %b %Y %H:%M:%S GMT", instant).ok()
    }

    /// Where this version is, relative to the base.
    pub(super) fn location(&self, address: &Address) -> String {
        format!("{address}/_history/{}", self.number)
    }
}

/// The current version at an address, a deletion included; `None` when there never was one.
pub(super) fn current(
    tx: &Transaction<'_>,
    address: &Address,
) -> rusqlite::Result<Option<Version>> {
    tx.prepare_cached(
        "SELECT sequence, version, last_updated, json FROM resource WHERE type = ?1 AND id = ?2",
    )?
    .query_row(params![address.kind.name, address.id], version)
    .optional()
}

fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        sequence: row.get(0)?,
        number: row.get(1)?,
        last_updated: row.get(2)?,
        json: row.get(3)?,
    })
}

/// Writes the next version of a resource and its rows in the index.
pub(super) fn write(
    tx: &Transaction<'_>,
    base: &str,
    address: &Address,
    previous: Option<&Version>,
    document: &Document,
) -> Result<Version, Refusal> {
    let number = previous.map_or(1, |previous| previous.number + 1);
    let now = now(tx)?;
    let json = document.stamped(&address.id, number, &now)?;
    let written = save(tx, address, number, &now, Some(json))?;
    index::rewrite(tx, address.kind, written.sequence, base, document.view())?;
    Ok(written)
}

/// Writes the deletion of a resource.
pub(super) fn delete(
    tx: &Transaction<'_>,
    address: &Address,
    previous: &Version,
) -> Result<Version, Refusal> {
    let deletion = save(tx, address, previous.number + 1, &now(tx)?, None)?;
    index::clear(tx, deletion.sequence)?;
    Ok(deletion)
}

fn save(
    tx: &Transaction<'_>,
    address: &Address,
    number: u32,
    now: &str,
    json: Option<String>,
) -> rusqlite::Result<Version> {
    increment(tx, "version")?;
    let sequence = tx
        .prepare_cached(
            "INSERT INTO resource (type, id, version, last_updated, json)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (type, id) DO UPDATE
             SET version = ?3, last_updated = ?4, json = ?5
             RETURNING sequence",
        )?
        .query_row(
            params![address.kind.name, address.id, number, now, json],
            |row| row.get(0),
        )?;
    Ok(Version {
        sequence,
        number,
        last_updated: now.to_owned(),
        json,
    })
}

/// An address of this type that no resource has or had.
pub(super) fn assign(
    tx: &Transaction<'_>,
    kind: &'static ResourceType,
) -> rusqlite::Result<Address> {
    loop {
        let address = Address {
            kind,
            id: increment(tx, "id")?.to_string(),
        };
        // A client may have chosen this id for a resource of its own.
        if current(tx, &address)?.is_none() {
            return Ok(address);
        }
    }
}

fn increment(tx: &Transaction<'_>, counter: &str) -> rusqlite::Result<u32> {
    tx.prepare_cached("UPDATE counter SET value = value + 1 WHERE name = ?1 RETURNING value")?
        .query_row([counter], |row| row.get(0))
}

fn now(tx: &Transaction<'_>) -> rusqlite::Result<String> {
    tx.prepare_cached("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")?
        .query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_deletion_leaves_nothing_in_the_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(include_str!("schema.sql"))
            .unwrap();
        let tx = connection.transaction().unwrap();
        let rows = || {
            tx.query_row("SELECT count(*) FROM search_index", [], |row| {
                row.get::<_, u32>(0)
            })
            .unwrap()
        };
        let address = Address::parse("Patient/1").unwrap();
        let body = r#"{"resourceType":"Patient","identifier":[{"value":"a"}]}"#;
        let document = Document::parse(address.kind, body).unwrap();
        let first = write(&tx, "http://h/fhir", &address, None, &document).unwrap();
        assert_eq!(rows(), 1);
        delete(&tx, &address, &first).unwrap();
        assert_eq!(rows(), 0);
    }
}
