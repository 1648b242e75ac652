//! Ever smaller parts of a batch, in order, until the entries at fault stand alone.

use std::ops::Range;
use std::time::Duration;

use crate::failure::{Class, Failure};
use crate::options;
use crate::retries::retry::Patience;

/// After so many parts that are refused they are tried more slowly.
const FREE: u32 = 4;

/// The pause then.
const PAUSE: Duration = Duration::from_millis(100);

/// The parts that are still to be tried.
pub(crate) struct Parts {
    /// The last one is next.
    left: Vec<Part>,
    /// How many parts failed.
    failing: u32,
    /// How many may fail for a passing cause before those that are left are not halved any more: where
    /// one entry is at fault, about as many fail as there are halvings.
    most: u32,
}

/// Some of the entries of a batch.
pub(crate) struct Part {
    pub(crate) range: Range<usize>,
    pub(crate) patience: Patience,
    /// The most attempts that were made at one piece of work with these entries in it.
    pub(crate) attempts: u32,
}

impl Parts {
    /// All entries of a batch.
    pub(crate) fn new(entries: usize, patience: Patience) -> Self {
        Self {
            left: vec![Part {
                range: 0..entries,
                patience,
                attempts: 0,
            }],
            failing: 0,
            most: 2 * (usize::BITS - entries.leading_zeros()) + 4,
        }
    }

    /// The next part.
    pub(crate) fn next(&mut self) -> Option<Part> {
        self.left.pop()
    }

    /// Halves a part that failed, if one entry of several may have brought the failure in: the server
    /// says so, or the part fails again and again on a server that otherwise works. Answers how long
    /// to wait before the halves; `None` where the part is not halved.
    pub(crate) fn halve(
        &mut self,
        part: &Part,
        failure: &Failure,
        attempts: u32,
        retry: &options::Retry,
    ) -> Option<Duration> {
        self.failing += 1;
        let is_passing = matches!(failure.class(), Class::Transient | Class::Conflict);
        let is_divisible = failure.code.isolates() || (is_passing && self.failing <= self.most);
        if !is_divisible || part.range.len() < 2 {
            return None;
        }
        let Range { start, end } = part.range;
        let middle = start + (end - start) / 2;
        // The second half below the first, so that they come in order.
        for range in [middle..end, start..middle] {
            self.left.push(Part {
                range,
                patience: part.patience.after(failure),
                attempts,
            });
        }
        Some(match is_passing {
            true => retry.initial_delay,
            false if self.failing > FREE => PAUSE,
            false => Duration::ZERO,
        })
    }
}
