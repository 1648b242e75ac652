//! Searches carried out on the index.

use rusqlite::types::Value;
use rusqlite::{Row, Transaction, params, params_from_iter};

use super::address::Address;
use super::outcome::Refusal;
use super::query::{Criterion, Match, Query};
use super::token::Token;
use super::versions;

/// A resource that was found.
#[derive(Debug)]
pub(super) struct Found {
    sequence: i64,
    pub(super) address: Address,
    pub(super) json: String,
}

/// One page of what was found.
#[derive(Debug)]
pub(super) struct Page {
    /// Matches on all pages.
    pub(super) total: u32,
    pub(super) matches: Vec<Found>,
    /// The resources that `_include` asked for.
    pub(super) included: Vec<(Address, String)>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<i64>,
}

/// Carries out a search.
pub(super) fn run(tx: &Transaction<'_>, query: &Query) -> Result<Page, Refusal> {
    let condition = Condition::of(query);
    let total = tx
        .prepare_cached(&format!(
            "SELECT count(*) FROM resource WHERE {}",
            condition.sql
        ))?
        .query_row(params_from_iter(&condition.values), |row| row.get(0))?;
    let mut matches = match query.page_size {
        0 => Vec::new(),
        size => condition.page(tx, query, size + 1)?,
    };
    let next = next(&mut matches, query.page_size);
    Ok(Page {
        total,
        included: include(tx, query, &matches)?,
        matches,
        next,
    })
}

/// The resources that fulfil a condition, two at most: enough to tell none, one and several apart.
pub(super) fn first_two(tx: &Transaction<'_>, query: &Query) -> Result<Vec<Address>, Refusal> {
    let found = Condition::of(query).page(tx, query, 2)?;
    Ok(found.into_iter().map(|found| found.address).collect())
}

/// Cuts the matches to the page and says behind which one the next begins.
fn next(matches: &mut Vec<Found>, page_size: u32) -> Option<i64> {
    let size = usize::try_from(page_size).unwrap_or(usize::MAX);
    if matches.len() <= size {
        return None;
    }
    matches.truncate(size);
    matches.last().map(|last| last.sequence)
}

fn include(
    tx: &Transaction<'_>,
    query: &Query,
    matches: &[Found],
) -> Result<Vec<(Address, String)>, Refusal> {
    let mut included: Vec<(Address, String)> = Vec::new();
    let mut referents = tx.prepare_cached(
        "SELECT value FROM search_index WHERE sequence = ?1 AND parameter = ?2 ORDER BY value",
    )?;
    for found in matches {
        for parameter in &query.includes {
            let values = referents.query_map(params![found.sequence, parameter], |row| {
                row.get::<_, String>(0)
            })?;
            for value in values {
                let Some(address) = Address::parse(&value?) else {
                    continue;
                };
                if included.iter().any(|(known, _)| *known == address) {
                    continue;
                }
                let json = versions::current(tx, &address)?.and_then(|version| version.json);
                included.extend(json.map(|json| (address, json)));
            }
        }
    }
    Ok(included)
}

/// A condition in SQL over the table of resources, with its values.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn of(query: &Query) -> Self {
        let mut condition = Self {
            sql: "type = ? AND json IS NOT NULL".to_owned(),
            values: vec![text(query.kind.name)],
        };
        for criterion in &query.criteria {
            match criterion {
                Criterion::Id(ids) => condition.and_id(ids),
                Criterion::Indexed { parameter, matches } => {
                    condition.and_indexed(query.kind.name, parameter, matches);
                }
            }
        }
        condition
    }

    fn and_id(&mut self, ids: &[String]) {
        let marks = vec!["?"; ids.len()].join(", ");
        self.sql.push_str(&format!(" AND id IN ({marks})"));
        self.values.extend(ids.iter().map(|id| text(id)));
    }

    fn and_indexed(&mut self, kind: &str, parameter: &str, matches: &[Match]) {
        self.values.extend([text(kind), text(parameter)]);
        let alternatives: Vec<_> = matches.iter().map(|wanted| self.matching(wanted)).collect();
        self.sql.push_str(&format!(
            " AND sequence IN (SELECT sequence FROM search_index
               WHERE type = ? AND parameter = ? AND ({}))",
            alternatives.join(" OR ")
        ));
    }

    fn matching(&mut self, wanted: &Match) -> &'static str {
        match wanted {
            Match::Token(Token::Value(value)) => {
                self.values.push(text(value));
                "value = ?"
            }
            Match::Token(Token::InSystem { system, value }) => {
                self.values.extend([text(value), text(system)]);
                "value = ? AND system = ?"
            }
            Match::Token(Token::System(system)) => {
                self.values.push(text(system));
                "system = ?"
            }
            Match::Prefix(prefix) => {
                let end = format!("{prefix}{}", char::MAX);
                self.values.extend([text(prefix), text(&end)]);
                "value >= ? AND value < ?"
            }
        }
    }

    /// The first resources behind the start of the page, in order of creation.
    fn page(&self, tx: &Transaction<'_>, query: &Query, limit: u32) -> Result<Vec<Found>, Refusal> {
        let found = |row: &Row<'_>| {
            Ok(Found {
                sequence: row.get(0)?,
                address: Address {
                    kind: query.kind,
                    id: row.get(1)?,
                },
                json: row.get(2)?,
            })
        };
        let mut statement = tx.prepare_cached(&format!(
            "SELECT sequence, id, json FROM resource
             WHERE {} AND sequence > ? ORDER BY sequence LIMIT ?",
            self.sql
        ))?;
        let bounds = [Value::from(query.after), Value::from(limit)];
        let rows =
            statement.query_map(params_from_iter(self.values.iter().chain(&bounds)), found)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn text(value: &str) -> Value {
    Value::from(value.to_owned())
}
