//! A page while it is taken apart.

use std::ops::Range;

use super::page::{Rows, sequence};
use super::span::Place;
use super::timestamp;

/// How many reads may fail before one shows that the service can read any entry at all.
const UNPROVEN: u32 = 16;

/// How many numbers may be tried to find that of an entry at fault.
const TRIED: u64 = 20;

/// The rows found so far, and those of them that are entries at fault.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) rows: Rows,
    culprits: Vec<usize>,
    failures: u32,
    /// Whether the metadata of some entry could be read.
    proven: bool,
}

impl Parts {
    pub(super) const fn new(proven: bool) -> Self {
        Self {
            rows: Vec::new(),
            culprits: Vec::new(),
            failures: 0,
            proven,
        }
    }

    /// Takes what a part that could be read brought.
    pub(super) fn add(&mut self, rows: Rows) {
        self.proven |= has_metadata(&rows);
        self.rows.extend(rows);
    }

    /// Takes what is known of an entry that could not be read alone.
    pub(super) fn add_alone(&mut self, rows: Rows) {
        for row in rows {
            if row.is_err() {
                self.culprits.push(self.rows.len());
            }
            self.rows.push(row);
        }
    }

    /// Takes note of a part that failed; whether too much has failed without any proof that the
    /// service works.
    pub(super) const fn fail_hopelessly(&mut self) -> bool {
        self.failures += 1;
        !self.proven && self.failures > UNPROVEN
    }

    /// Which of the rows are entries at fault.
    pub(super) fn culprits(&self) -> &[usize] {
        &self.culprits
    }

    /// The numbers that an entry at fault may have, by its place among its like: none when it has
    /// told its number. `after` is the number before the first row.
    pub(super) fn candidates(&self, culprit: usize, after: Option<u64>) -> Range<u64> {
        let at = self.culprits.get(culprit).copied().unwrap_or_default();
        let (before, rest) = self.rows.split_at_checked(at).unwrap_or_default();
        let known = before.iter().rev().find_map(sequence).or(after);
        match (rest.split_first(), known) {
            (Some((row, behind)), Some(known)) if sequence(row).is_none() => {
                let most = known.saturating_add(TRIED);
                let end = behind.iter().find_map(sequence);
                known + 1..end.map_or(most, |end| end.min(most))
            }
            _ => 0..0,
        }
    }

    /// Gives an entry at fault its number, by its place among its like.
    pub(super) fn set_number(&mut self, culprit: usize, number: u64) {
        let at = self.culprits.get(culprit).copied().unwrap_or_default();
        if let Some(Err(malformed)) = self.rows.get_mut(at) {
            malformed.subject.sequence = Some(number);
        }
    }

    /// Whether an entry would be blamed that was not before, without proof that the service works.
    pub(super) fn blames_without_proof(&self, is_new: impl Fn(u64) -> bool) -> bool {
        let culprits = self.culprits.iter().filter_map(|&at| self.rows.get(at));
        let mut numbers = culprits.map(sequence);
        !self.proven && numbers.any(|number| number.is_none_or(&is_new))
    }

    /// Where a row stands; the time is that of its nearest neighbour when it tells none.
    pub(super) fn place(&self, at: usize) -> Place {
        let (before, rest) = self.rows.split_at_checked(at).unwrap_or_default();
        let own = rest.first().and_then(timestamp);
        let nearest = before.iter().rev().chain(rest).find_map(timestamp);
        Place {
            sequence: rest.first().and_then(sequence),
            time: own.or(nearest),
        }
    }
}

/// Whether the metadata of any of these entries could be read.
pub(super) fn has_metadata(rows: &Rows) -> bool {
    rows.iter().flatten().any(|entry| entry.data.is_some())
}
