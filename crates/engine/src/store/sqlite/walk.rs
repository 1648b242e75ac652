//! Walks along the records that a filter wants, a stretch at a time.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::{rows, trouble};
use crate::store::{FailureRecord, FailureTable, RecordFilter, RecordKey, RecordState};

/// The most rows of a table that are looked at before the store is given back.
const STRETCH: usize = 2_000;

/// Behind every key that begins with a sequence.
const BEHIND: char = '~';

/// A walk along the wanted records, in the order of their keys.
pub(super) struct Walk {
    filter: RecordFilter,
    /// The tables still ahead, the present one first.
    tables: Vec<FailureTable>,
    /// The last row key that is done with in the present table.
    done: String,
    limit: usize,
    /// The records so far.
    pub(super) found: Vec<FailureRecord>,
}

impl Walk {
    pub(super) fn new(filter: RecordFilter, after: Option<&RecordKey>, limit: usize) -> Self {
        let mut tables = filter.tables();
        tables.retain(|table| after.is_none_or(|after| *table >= after.table));
        let of_first = after.filter(|after| tables.first() == Some(&after.table));
        Self {
            done: of_first.map(|after| after.row.clone()).unwrap_or_default(),
            filter,
            tables,
            limit,
            found: Vec::new(),
        }
    }

    /// Goes on for a stretch; whether it has come to its end.
    pub(super) fn go_on(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        while let Some(table) = self.tables.first().copied() {
            if self.found.len() >= self.limit {
                break;
            }
            let query = Query::new(&self.filter, table, &self.done);
            let end = query.end_of_stretch(connection)?;
            self.collect(table, &query, end.as_deref(), connection)?;
            match end {
                Some(end) => {
                    self.done = end;
                    return Ok(self.found.len() >= self.limit);
                }
                None => {
                    self.tables.remove(0);
                    self.done.clear();
                }
            }
        }
        Ok(true)
    }

    fn collect(
        &mut self,
        table: FailureTable,
        query: &Query,
        end: Option<&str>,
        connection: &Connection,
    ) -> rusqlite::Result<()> {
        let (sql, values) = query.rows(end);
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while self.found.len() < self.limit
            && let Some(row) = rows.next()?
        {
            match rows::record_or_rest(row, table) {
                Ok(record) if self.filter.matches(&record) => self.found.push(record),
                Ok(_) => {}
                Err(error) if trouble::is_of_a_row(&error) => rows::tell_of_lost(table, &error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What of a filter SQLite is asked for in a table. It finds at least what is wanted.
struct Query {
    /// The table, and the index that leads to the rows.
    from: String,
    /// What the index finds, up to a key that is the last value.
    on_the_way: Terms,
    /// The last key that can be wanted.
    last: String,
    /// What else has to hold.
    besides: Terms,
}

/// Conditions that all have to hold, with their values.
#[derive(Default, Clone)]
struct Terms {
    sql: String,
    values: Vec<Value>,
}

impl Terms {
    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn equal(&mut self, column: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.and(&format!("{column} = ?"), [text.to_owned().into()]);
        }
    }
}

impl Query {
    fn new(filter: &RecordFilter, table: FailureTable, done: &str) -> Self {
        let (first, last) = keys(filter, done);
        let index = index(filter);
        let mut on_the_way = Terms::default();
        on_the_way.equal("TableName", Some(table.name()));
        match index {
            Some((condition, None, _)) => on_the_way.and(condition, []),
            Some((column, value, _)) => on_the_way.equal(column, value),
            None => {}
        }
        // One bound on each side: of several the index would use only one, maybe the wider.
        on_the_way.and("RowKey > ? AND RowKey <= ?", [first.into()]);
        let index = index.map_or(String::new(), |(_, _, name)| format!(" INDEXED BY {name}"));
        Self {
            from: format!("FailureTable{index}"),
            on_the_way,
            last,
            besides: besides(filter),
        }
    }

    /// The key of the row that ends the stretch; `None`: there are fewer rows ahead.
    fn end_of_stretch(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
        let Terms { sql, mut values } = self.on_the_way.clone();
        values.push(self.last.clone().into());
        let (from, offset) = (&self.from, STRETCH - 1);
        let sql = format!(
            "SELECT RowKey FROM {from} WHERE {sql} ORDER BY RowKey LIMIT 1 OFFSET {offset}"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        statement
            .query_row(params_from_iter(values), |row| row.get(0))
            .optional()
    }

    /// The rows up to this key.
    fn rows(&self, end: Option<&str>) -> (String, Vec<Value>) {
        let mut terms = self.on_the_way.clone();
        terms
            .values
            .push(end.unwrap_or(&self.last).to_owned().into());
        if !self.besides.sql.is_empty() {
            terms.and(&self.besides.sql, self.besides.values.iter().cloned());
        }
        let (from, Terms { sql, values }) = (&self.from, terms);
        let sql = format!("SELECT * FROM {from} WHERE {sql} ORDER BY RowKey");
        (sql, values)
    }
}

/// The index that finds the fewest rows: a column with the value it has to have or a condition, and
/// the name.
fn index(filter: &RecordFilter) -> Option<(&'static str, Option<&str>, &'static str)> {
    let equal = |column, text, name| Some((column, Some(text), name));
    match (&filter.instance, &filter.study, &filter.code) {
        (Some(instance), ..) => equal("InstanceUid", instance.as_str(), "OfInstance"),
        (_, Some(study), _) => equal("StudyUid", study, "OfStudy"),
        _ if filter.retry_by.is_some() => {
            let condition = "(Retry <> 0 OR NextRetry IS NOT NULL)";
            Some((condition, None, "ToBeRetried"))
        }
        (_, _, Some(code)) => equal("Code", code, "OfCode"),
        _ => None,
    }
}

/// The keys between which the wanted rows are; the first one is not wanted itself.
fn keys(filter: &RecordFilter, done: &str) -> (String, String) {
    let before = filter.from_sequence.and_then(|from| from.checked_sub(1));
    let first = before.map_or(String::new(), |before| format!("{before:020}{BEHIND}"));
    let last = filter
        .to_sequence
        .map_or_else(|| char::MAX.to_string(), |to| format!("{to:020}{BEHIND}"));
    (first.max(done.to_owned()), last)
}

fn besides(filter: &RecordFilter) -> Terms {
    let mut terms = Terms::default();
    terms.equal("Class", filter.class.as_deref());
    terms.equal("Code", filter.code.as_deref());
    terms.equal("StudyUid", filter.study.as_deref());
    if let Some(since) = filter.since {
        terms.and("LastFailed >= ?", [second(since).into()]);
    }
    if let Some(until) = filter.until {
        let behind = format!("{}{BEHIND}", second(until));
        terms.and("LastFailed <= ?", [behind.into()]);
    }
    if !filter.superseded {
        let superseded = RecordState::Superseded.as_str();
        terms.and("State <> ?", [superseded.to_owned().into()]);
    }
    terms
}

/// A time to the second: fractions have as many digits as they need, which cannot be compared as
/// text.
fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests;
