//! What one entry of the feed says now, long after it was read.

use async_trait::async_trait;
use jiff::Timestamp;

use super::entry::Row;
use super::page::sequence as sequence_of;
use super::span::Span;
use super::{FeedClient, timestamp};
use crate::ApiVersion;
use radcast_dicom::Dataset;
use radcast_engine::failure::{Code, Failure};
use radcast_engine::feed::{CurrentState, precision};

/// Rows asked for at once in a window of time; the most that the service gives.
const LIMIT: u64 = 200;

/// Pages read of a window of time: more rows than any service writes in so short a time.
const MOST_PAGES: u64 = 1_000;

#[async_trait]
impl CurrentState<Dataset> for FeedClient {
    async fn entry(
        &self,
        sequence: u64,
        happened: Option<Timestamp>,
    ) -> Result<Option<Row>, Failure> {
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
    async fn entry_of(&self, sequence: u64) -> Result<Option<Row>, Failure> {
        match self.find(sequence, true).await? {
            Some(Ok(entry)) if entry.sequence != sequence => {
                let message = format!("asked for entry {sequence}, the feed gave another one");
                Err(Failure::new(Code::DicomUnreliableFeed, message))
            }
            Some(Err(mut malformed)) => {
                malformed.subject.sequence = Some(sequence);
                Ok(Some(Err(malformed)))
            }
            found => Ok(found),
        }
    }

    /// The entry of this sequence, by version 1; `None` when it is certain that there is none. Who
    /// holds nothing later may lag behind and is not believed.
    pub(super) async fn find(&self, sequence: u64, metadata: bool) -> Result<Option<Row>, Failure> {
        let sequences = self.in_version(ApiVersion::V1);
        let alone = Span::Sequences(sequence..=sequence);
        let mut found = sequences.page(&alone, metadata).await?.rows;
        if let Some(entry) = found.pop() {
            return Ok(Some(entry));
        }
        self.is_passed(sequence).await?;
        let width = u64::from(ApiVersion::V1.largest_page());
        let behind = Span::Sequences(sequence..=sequence.saturating_add(width - 1));
        let rows = sequences.page(&behind, false).await?.rows;
        let numbers: Vec<_> = rows.iter().filter_map(sequence_of).collect();
        if !numbers.is_empty() && !numbers.contains(&sequence) {
            return Ok(None);
        }
        let message = format!("entry {sequence} is not in the page that should hold it");
        Err(Failure::new(Code::DicomUnreliableFeed, message))
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
    async fn entry_at(&self, sequence: u64, happened: Timestamp) -> Result<Option<Row>, Failure> {
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
            let rows = self.page(&span, true).await?.rows;
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
