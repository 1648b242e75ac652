//! Which of several entries' facts counts, and where instances disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use radcast_engine::feed::InstanceKey;

use super::fact::{Fact, Facts};
use super::row::Row;

/// Two instances of a study say different things about one attribute that they should share. The
/// later in the feed counts. Never holds the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// Keyword of the attribute (PS3.6).
    pub keyword: &'static str,
    /// Study Instance UID.
    pub study: String,
    /// SOP Instance UID of the instance whose value counts.
    pub kept: String,
    /// SOP Instance UID of the latest instance that says something else.
    pub other: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            keyword,
            study,
            kept,
            other,
        } = self;
        write!(
            f,
            "the instances {kept} and {other} of study {study} disagree on {keyword}; \
             {kept} is the later and counts"
        )
    }
}

/// What one instance's entry says, in the order of the feed.
pub(super) type Statement<'a> = (&'a InstanceKey, &'a Facts);

/// For each row the fact that counts: the last one, or one before it that says the same and more.
/// An instance that said something else before, and does not any more, disagrees with nobody. What
/// an instance takes back is nothing as long as another one says something.
pub(super) fn resolve<'a>(
    rows: &[Row],
    statements: &[Statement<'a>],
    disagreements: &mut Vec<Disagreement>,
) -> Vec<Option<&'a Fact>> {
    let distinct = distinct(statements);
    let resolved = rows.iter().enumerate().map(|(index, row)| {
        let facts = || {
            let said = statements.iter().rev();
            said.filter_map(|(key, facts)| Some((*key, facts.get(index)?)))
        };
        let said = || distinct.iter().filter_map(|facts| facts.get(index));
        if said().any(Fact::is_emptied) {
            return resolve_emptied(row, facts(), disagreements);
        }
        let fact = said().reduce(|before, fact| match (row.is_finer)(before, fact) {
            true => before,
            false => fact,
        })?;
        let agrees = |other: &Fact| other == fact || (row.is_finer)(fact, other);
        if let Some(other) = dissenter(agrees, said(), facts()) {
            let (kept, _) = facts().next()?;
            note(disagreements, row, kept, other);
        }
        Some(fact)
    });
    resolved.collect()
}

/// The fact of a row that counts where instances have taken facts back: of the last words of all,
/// latest first, the first that says something.
fn resolve_emptied<'a>(
    row: &Row,
    latest_first: impl Iterator<Item = (&'a InstanceKey, &'a Fact)>,
    disagreements: &mut Vec<Disagreement>,
) -> Option<&'a Fact> {
    let mut heard = BTreeSet::new();
    let mut last_words: Vec<_> = latest_first
        .filter(|(key, _)| heard.insert((&key.series, &key.instance)))
        .collect();
    let emptied = last_words.first().map(|(_, fact)| *fact);
    last_words.retain(|(_, fact)| !fact.is_emptied());
    let said = || last_words.iter().copied();
    let Some((kept, last)) = said().next() else {
        return emptied;
    };
    let fact = said().fold(last, |fact, (_, before)| {
        match (row.is_finer)(before, fact) {
            true => before,
            false => fact,
        }
    });
    let mut others = said();
    let agrees = |other: &Fact| other == fact || (row.is_finer)(fact, other);
    if let Some((other, _)) = others.find(|(_, other)| !agrees(other)) {
        note(disagreements, row, kept, other);
    }
    Some(fact)
}

fn note(disagreements: &mut Vec<Disagreement>, row: &Row, kept: &InstanceKey, other: &InstanceKey) {
    let disagreement = Disagreement {
        keyword: row.keyword(),
        study: kept.study.clone(),
        kept: kept.instance.clone(),
        other: other.instance.clone(),
    };
    // Several rows may come from one attribute.
    if disagreements.last() != Some(&disagreement) {
        disagreements.push(disagreement);
    }
}

/// What was said, once for each entry that does not share it with the one before.
fn distinct<'a>(statements: &[Statement<'a>]) -> Vec<&'a Facts> {
    let mut said: Vec<_> = statements.iter().map(|(_, facts)| *facts).collect();
    said.dedup_by(|one, other| one.are_shared(other));
    said
}

/// The latest instance whose last word, `latest_first`, does not agree. All that was `said` is
/// looked at first: mostly there is no other word.
fn dissenter<'a>(
    agrees: impl Fn(&Fact) -> bool,
    mut said: impl Iterator<Item = &'a Fact>,
    latest_first: impl Iterator<Item = (&'a InstanceKey, &'a Fact)>,
) -> Option<&'a InstanceKey> {
    if said.all(&agrees) {
        return None;
    }
    let mut last_words: BTreeMap<(&str, &str), &Fact> = BTreeMap::new();
    for (key, other) in latest_first {
        let last_word = *last_words
            .entry((&key.series, &key.instance))
            .or_insert(other);
        if !agrees(last_word) {
            return Some(key);
        }
    }
    None
}
