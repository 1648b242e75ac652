//! What one entry of the feed says now, long after it was read.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::page::sequence as sequence_of;
use super::span::Span;
use super::{Entry, FeedClient, MalformedEntry, timestamp};
use crate::failure::{Code, Failure};
use crate::settings::ApiVersion;

/// Rows asked for at once in a window of time; the most that the service gives.
const LIMIT: u64 = 200;

/// Pages read of a window of time: more rows than any service writes in so short a time.
const MOST_PAGES: u64 = 1_000;

/// What times are cut or rounded to, in nanoseconds.
const PRECISIONS: [i32; 3] = [1_000_000_000, 1_000_000, 1_000];

/// The finest time that a service tells, in nanoseconds.
const TICK: i32 = 100;

/// Asks a feed for single entries.
#[async_trait]
pub trait PresentState: Send + Sync + 'static {
    /// The entry of this sequence as it is now, with the present metadata of its instance; `None`
    /// when the feed holds no such entry. `happened` is its time by the feed's clock, if known.
    ///
    /// # Errors
    /// The feed cannot be asked, or does not say for certain that it holds no such entry.
    async fn entry(
        &self,
        sequence: u64,
        happened: Option<Timestamp>,
    ) -> Result<Option<Result<Entry, MalformedEntry>>, Failure>;
}

#[async_trait]
impl PresentState for FeedClient {
    async fn entry(
        &self,
        sequence: u64,
        happened: Option<Timestamp>,
    ) -> Result<Option<Result<Entry, MalformedEntry>>, Failure> {
        let happened = happened.filter(|_| self.version() == ApiVersion::V2);
        if let Some(happened) = happened
            && let Some(found) = self.entry_at(sequence, happened).await?
        {
            return Ok(Some(found));
        }
        // The time may be wrong; only a window of sequences says that there is no such entry.
        self.entry_of(sequence).await
    }
}

impl FeedClient {
    /// By version 1: the window of this one sequence.
    async fn entry_of(
        &self,
        sequence: u64,
    ) -> Result<Option<Result<Entry, MalformedEntry>>, Failure> {
        let alone = Span::Sequences(sequence..=sequence);
        let mut found = self.in_version(ApiVersion::V1).page(&alone, true).await?;
        match found.pop() {
            Some(Ok(entry)) if entry.sequence == sequence => Ok(Some(Ok(entry))),
            Some(Err(mut malformed)) => {
                malformed.subject.sequence = Some(sequence);
                Ok(Some(Err(malformed)))
            }
            Some(Ok(_)) => {
                let message = format!("asked for entry {sequence}, the feed gave another one");
                Err(Failure::new(Code::DicomInvalidResponse, message))
            }
            None => self.is_passed(sequence).await.map(|()| None),
        }
    }

    /// Whether the feed goes beyond this sequence, so that nothing can come there any more.
    async fn is_passed(&self, sequence: u64) -> Result<(), Failure> {
        let latest = self.latest().await?.sequence;
        if latest >= sequence {
            return Ok(());
        }
        let message = format!("entry {sequence} was recorded, but the feed ends at {latest}");
        Err(Failure::new(Code::DicomPositionAhead, message))
    }

    /// By version 2: the rows about this time.
    async fn entry_at(
        &self,
        sequence: u64,
        happened: Timestamp,
    ) -> Result<Option<Result<Entry, MalformedEntry>>, Failure> {
        let precision = precision(happened);
        let start = happened.checked_sub(precision).unwrap_or(Timestamp::MIN);
        let end = happened.checked_add(precision).unwrap_or(Timestamp::MAX);
        for page in 0..MOST_PAGES {
            let span = Span::Rows {
                from: Some(start),
                skip: page * LIMIT,
                count: LIMIT,
                after: None,
            };
            let rows = self.page(&span, true).await?;
            let later = |row| timestamp(row).is_some_and(|happened| happened > end);
            let last = (rows.len() as u64) < LIMIT || rows.iter().any(later);
            let wanted = |row: &Result<_, _>| sequence_of(row) == Some(sequence);
            let found = rows.into_iter().find(wanted);
            if found.is_some() || last {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// How far from the true time this one may be, going by its digits: stores and services cut them.
fn precision(time: Timestamp) -> SignedDuration {
    let nanoseconds = time.subsec_nanosecond();
    let cut = PRECISIONS.into_iter().find(|to| nanoseconds % to == 0);
    SignedDuration::from_nanos(i64::from(cut.unwrap_or(TICK)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_a_time_tell_how_precise_it_is() {
        let cases = [
            ("2024-06-02T08:15:30Z", 1_000_000_000),
            ("2024-06-02T08:15:30.123Z", 1_000_000),
            ("2024-06-02T08:15:30.123456Z", 1_000),
            ("2024-06-02T08:15:30.1234567Z", 100),
        ];
        for (time, nanoseconds) in cases {
            let precision = precision(time.parse().unwrap());
            assert_eq!(precision, SignedDuration::from_nanos(nanoseconds), "{time}");
        }
    }
}
