//! What recent entries said, so that what says the same is not read again: consecutive entries
//! mostly tell of one series.

use std::collections::VecDeque;
use std::fmt;

use memchr::memmem;

use radcast_dicom::Dataset;
use radcast_engine::failure::Failure;
use radcast_engine::feed::InstanceKey;

use super::table::{Answer, Source, TABLES, Table};
use super::{Action, Change, Issuer, Rules, StudyKey};

/// How many answers of a table are remembered: more than series come in at once.
const MOST: usize = 48;

/// The longest texts that are remembered, in bytes.
const LONGEST: usize = 8 << 10;

/// Reads entries by fixed rules, and remembers what the latest said of patient, study and series.
/// What it reads is the same as by [`Change::read`].
pub struct Recent {
    rules: Rules,
    memory: Memory,
}

/// What was read last, table by table.
#[derive(Default)]
pub(super) struct Memory {
    studies: VecDeque<StudyKey>,
    pub(super) patient: Answers,
    pub(super) study: Answers,
    series: Answers,
    shared: Answers,
    pub(super) class: Answers,
    pub(super) title: Answers,
    pub(super) body: Answers,
}

/// The latest answers of one table.
#[derive(Default)]
pub(super) struct Answers {
    /// Each with the texts that it follows from; the very last one first.
    latest: VecDeque<(Box<[u8]>, Answer)>,
    /// Room for the texts that are looked for.
    texts: Vec<u8>,
}

impl Recent {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            memory: Memory::default(),
        }
    }

    /// The issuer that a dataset states, while none is home, see [`Rules::new_issuer`].
    #[must_use]
    pub fn new_issuer(&self, dataset: &Dataset) -> Option<Issuer> {
        self.rules.new_issuer(dataset)
    }

    /// Counts an issuer as home from now on.
    pub fn know_home(&mut self, issuer: &Issuer) {
        self.rules.know_home(issuer);
        self.memory = Memory::default();
    }

    /// Reads an entry, as [`Change::read`] does.
    ///
    /// # Errors
    /// Those of [`Change::read`].
    pub fn read(
        &mut self,
        sequence: u64,
        key: InstanceKey,
        action: Action,
        dataset: Option<&Dataset>,
    ) -> Result<Change, Failure> {
        let Self { rules, memory } = self;
        Change::read_with(sequence, key, action, dataset, rules, memory)
    }
}

impl fmt::Debug for Recent {
    /// Tells how many patients are remembered and not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent")
            .field("patients", &self.memory.patient.latest.len())
            .finish_non_exhaustive()
    }
}

impl Memory {
    /// The study of an instance.
    pub(super) fn study_of(&mut self, instance: &InstanceKey) -> StudyKey {
        let is_known = |study: &StudyKey| study.is_of(instance);
        let study = recall(&mut self.studies, is_known, || StudyKey::of(instance));
        study.cloned().unwrap_or_else(|| StudyKey::of(instance))
    }

    /// What a dataset says about its series. Of one that is new, what its neighbours share with it
    /// is not read again.
    pub(super) fn series(&mut self, source: Source<'_>) -> Answer {
        let Self { series, shared, .. } = self;
        series.read_by(&TABLES.series, source, || {
            let own = TABLES.series_own.read(source);
            own.join(shared.read(&TABLES.series_shared, source))
        })
    }
}

impl Answers {
    /// What a dataset says about the rows of the table whose answers these are.
    pub(super) fn read(&mut self, table: &Table, source: Source<'_>) -> Answer {
        self.read_by(table, source, || table.read(source))
    }

    /// As [`Answers::read`]; what is not known is read by `read`.
    fn read_by(
        &mut self,
        table: &Table,
        source: Source<'_>,
        mut read: impl FnMut() -> Answer,
    ) -> Answer {
        let Self { latest, texts } = self;
        if let Some((known, answer)) = latest.front()
            && are_written(known, table, source)
        {
            return answer.clone();
        }
        if write_texts(texts, table, source).is_none() {
            return read();
        }
        let is_known = |(known, _): &(Box<[u8]>, _)| **known == **texts;
        if memmem::find(texts, BINARY).is_some() {
            return read();
        }
        let answer = recall(latest, is_known, || (texts.as_slice().into(), read()));
        let answer = answer.map(|(_, answer)| answer.clone());
        answer.unwrap_or_else(|| table.read(source))
    }
}

/// What is known already, or is new; it is the first from now on.
fn recall<T>(
    latest: &mut VecDeque<T>,
    is_known: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> Option<&T> {
    let at = latest.iter().position(is_known);
    if at != Some(0) {
        let known = at.and_then(|at| latest.remove(at));
        latest.truncate(MOST - 1);
        latest.push_front(known.unwrap_or_else(new));
    }
    latest.front()
}

/// What stands in an element of which its text does not tell everything: its characters are those
/// of another one, Specific Character Set (0008,0005).
const BINARY: &[u8] = br#"inary""#;

/// All that an answer follows from: the partition, each element with its place in the table, and
/// whether it is of an update.
fn texts<'a>(table: &'a Table, source: Source<'a>) -> impl Iterator<Item = (usize, &'a [u8])> {
    let partition = source.partition.map(str::as_bytes);
    let elements = source.dataset.raw(&table.tags);
    let update = source.empties.then_some(&b"update"[..]);
    let all = std::iter::once(partition)
        .chain(elements)
        .chain([update])
        .enumerate();
    all.filter_map(|(place, text)| Some((place, text?)))
}

/// Writes them down, each with its place and length before it, so that nothing else is written in
/// the same way. None when it is more than is remembered.
fn write_texts(written: &mut Vec<u8>, table: &Table, source: Source<'_>) -> Option<()> {
    written.clear();
    for (place, text) in texts(table, source) {
        LONGEST.checked_sub(written.len() + text.len())?;
        written.extend_from_slice(&place.to_ne_bytes());
        written.extend_from_slice(&text.len().to_ne_bytes());
        written.extend_from_slice(text);
    }
    Some(())
}

/// Whether this is what would be written.
fn are_written(written: &[u8], table: &Table, source: Source<'_>) -> bool {
    let rest = texts(table, source).try_fold(written, |rest, (place, text)| {
        let rest = rest.strip_prefix(&place.to_ne_bytes())?;
        let rest = rest.strip_prefix(&text.len().to_ne_bytes())?;
        rest.strip_prefix(text)
    });
    rest.is_some_and(<[u8]>::is_empty)
}

#[cfg(test)]
mod tests;
