//! A page that the service cannot give is taken apart, until the entry at fault stands alone: the
//! others go on, and it is told of as a malformed entry.
//!
//! That the page fails again and again proves nothing by itself, as the service may be down. An
//! entry is blamed only while the service answers otherwise, and while the metadata of some other
//! entry can be read: a service whose storage is down fails over every entry with metadata. An
//! answer without a body, or to another question, blames none.
//!
//! A page of which most is what was asked for, with some entries of other numbers, is asked for
//! again; where they stay, the service itself numbers them wrongly, and each is malformed.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::ahead::Ahead;
use super::page::{self, Rows};
use super::parts::{Parts, has_metadata};
use super::span::{Place, Span};
use super::{FeedClient, Latest, unreliable};
use crate::{ApiVersion, OnUnparsable};
use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::feed::MalformedEntry;

/// How many times a page fails before it is taken apart.
const ATTEMPTS: u32 = 3;

/// How many entries at fault are remembered.
const REMEMBERED: usize = 100;

/// Reads pages, and takes apart those that keep failing.
#[derive(Debug)]
pub(super) struct PageReader {
    pub(super) client: FeedClient,
    pub(super) on_unparsable: OnUnparsable,
    ahead: Ahead,
    /// The span that failed last, and how many times in a row.
    failing: Option<(Span, u32)>,
    /// Where metadata was read last.
    readable: Option<Span>,
    /// Entries found at fault: a span that holds one is taken apart at once.
    known: VecDeque<Place>,
}

/// What was read of a span.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) rows: Rows,
    /// Whether it is all of the span, and not just what comes before an entry that stops the feed.
    pub(super) whole: bool,
    /// When it was asked for.
    pub(super) asked: Instant,
}

impl PageReader {
    pub(super) const fn new(client: FeedClient) -> Self {
        Self {
            client,
            on_unparsable: OnUnparsable::Record,
            ahead: Ahead::new(0),
            failing: None,
            readable: None,
            known: VecDeque::new(),
        }
    }

    /// So many pages are asked for at once at most.
    pub(super) fn ask_at_once(&mut self, pages: usize) {
        self.ahead = Ahead::new(pages.saturating_sub(1));
    }

    /// Whether a span was asked for before its turn.
    pub(super) fn is_asked(&self, span: &Span) -> bool {
        self.ahead.is_asked(span)
    }

    /// The entries of a span; the first of those that `follow` it are asked for meanwhile. `is_new`
    /// tells whether an entry of this number has not been read before.
    ///
    /// # Errors
    /// The service cannot be reached, refuses, or answers what is no array; or an entry that cannot
    /// be read comes next and the feed has to stop before it.
    pub(super) async fn read(
        &mut self,
        span: &Span,
        following: impl Iterator<Item = Span> + Send,
        is_new: impl Fn(u64) -> bool + Sync,
    ) -> Result<Read, Failure> {
        let (asked, page) = self.ahead.page(&self.client, span, following).await;
        let rows = match page {
            Ok(page) if page.strays > 0 && self.fail(span) < ATTEMPTS => {
                let strays = page.strays;
                let text = format!("a page holds {strays} entries that were not asked for");
                return Err(unreliable(text));
            }
            Ok(page) => {
                self.failing = None;
                page.rows
            }
            Err(failure)
                if is_of_page(&failure) && (is_too_large(&failure) || self.fails_again(span)) =>
            {
                self.take_apart(span, failure, &is_new).await?
            }
            Err(failure) => return Err(failure),
        };
        let mut entries = rows.iter().flatten();
        if let Some(entry) = entries.rfind(|entry| entry.data.is_some()) {
            self.readable = Some(span.around(entry));
        }
        match self.on_unparsable {
            OnUnparsable::Record => Ok(Read {
                rows,
                whole: true,
                asked,
            }),
            OnUnparsable::Stop => up_to_unparsable(rows, asked, is_new),
        }
    }

    /// Whether the span has failed often enough to be taken apart.
    fn fails_again(&mut self, span: &Span) -> bool {
        let times = self.fail(span);
        times >= ATTEMPTS || self.known.iter().any(|place| span.may_hold(place))
    }

    /// Takes note that the span failed; how many times in a row it did.
    fn fail(&mut self, span: &Span) -> u32 {
        let before = match &self.failing {
            Some((failing, times)) if failing == span => *times,
            _ => 0,
        };
        let times = before.saturating_add(1);
        self.failing = Some((span.clone(), times));
        times
    }

    async fn take_apart(
        &mut self,
        span: &Span,
        failure: Failure,
        is_new: &(impl Fn(u64) -> bool + Sync),
    ) -> Result<Rows, Failure> {
        let latest = self.client.latest().await?;
        if !self.answers_with_pages(latest).await {
            return Err(failure);
        }
        let mut parts = Parts::new(self.reads_metadata().await);
        let mut left = vec![span.clone()];
        while let Some(part) = left.pop() {
            match self.client.page(&part, true).await {
                Ok(page) => parts.add(page.rows),
                Err(cause) if !is_of_page(&cause) => return Err(cause),
                Err(cause) => {
                    if parts.fail_hopelessly() {
                        return Err(failure);
                    }
                    match part.halves() {
                        Some([first, second]) => left.extend([second, first]),
                        None => parts.add_alone(self.alone(&part, &cause).await?),
                    }
                }
            }
        }
        if let Span::Rows { after, .. } = span {
            self.number(&mut parts, *after).await;
        }
        page::presume(&mut parts.rows, &span.numbers());
        if parts.blames_without_proof(is_new) {
            return Err(failure);
        }
        self.remember(parts.culprits().iter().map(|&at| parts.place(at)));
        Ok(parts.rows)
    }

    /// Whether the service answers with a page where no entry can be at fault: beyond the newest one.
    /// Where it does not, it is the service that fails, or something before it.
    async fn answers_with_pages(&self, latest: Latest) -> bool {
        let beyond = Span::beyond(self.client.version(), latest);
        let page = self.client.page(&beyond, false).await;
        // A service that refuses to look there, or is slow to, may read all others.
        !page.is_err_and(|failure| is_of_page(&failure))
    }

    /// Whether the metadata of some entry far from the span can be read.
    async fn reads_metadata(&self) -> bool {
        if self.client.reads_metadata().await {
            return true;
        }
        match &self.readable {
            Some(span) => {
                has_metadata(&self.client.page(span, true).await.unwrap_or_default().rows)
            }
            None => false,
        }
    }

    /// What can be told of an entry that cannot be read alone: without its metadata it may be
    /// readable.
    async fn alone(&self, part: &Span, failure: &Failure) -> Result<Rows, Failure> {
        let told = &failure.message;
        match self.client.page(part, false).await {
            Ok(page) => Ok(page
                .rows
                .into_iter()
                .map(|row| match row {
                    Ok(entry) if entry.needs_data() => Err(MalformedEntry {
                        subject: entry.subject(),
                        timestamp: entry.timestamp,
                        reason: format!("asked for this entry alone with its metadata, {told}"),
                        raw: entry.raw,
                    }),
                    row => row,
                })
                .collect()),
            Err(failure) if !is_of_page(&failure) => Err(failure),
            Err(_) => Ok(vec![Err(MalformedEntry {
                subject: Subject {
                    sequence: part.only_number(),
                    ..Subject::default()
                },
                timestamp: None,
                reason: format!("asked for this entry alone, {told}"),
                raw: None,
            })]),
        }
    }

    /// Finds the numbers of entries at fault that have told none, in the feed of version 1: each
    /// fails there too, alone in the window of its number.
    async fn number(&self, parts: &mut Parts, after: Option<u64>) {
        let sequences = self.client.in_version(ApiVersion::V1);
        for at in 0..parts.culprits().len() {
            for number in parts.candidates(at, after) {
                match sequences
                    .page(&Span::Sequences(number..=number), false)
                    .await
                {
                    Ok(_) => {}
                    Err(failure) if is_of_page(&failure) => {
                        parts.set_number(at, number);
                        break;
                    }
                    Err(_) => return,
                }
            }
        }
    }

    fn remember(&mut self, places: impl Iterator<Item = Place>) {
        for place in places {
            if !self.known.contains(&place) {
                self.known.push_back(place);
            }
        }
        let surplus = self.known.len().saturating_sub(REMEMBERED);
        self.known.drain(..surplus);
    }
}

/// Whether the same page will be as large when it is asked for again.
fn is_too_large(failure: &Failure) -> bool {
    failure.code == Code::DicomAnswerTooLarge
}

/// Whether a failure may be that of the page alone. Asked to wait, one waits.
const fn is_of_page(failure: &Failure) -> bool {
    failure.code.doubts_page() && failure.retry_after.is_none()
}

/// The rows before the first that cannot be read and is new.
fn up_to_unparsable(
    mut rows: Rows,
    asked: Instant,
    is_new: impl Fn(u64) -> bool,
) -> Result<Read, Failure> {
    let unparsable = |row: &Result<_, MalformedEntry>| {
        let malformed = row.as_ref().err();
        malformed.is_some_and(|malformed| malformed.subject.sequence.is_none_or(&is_new))
    };
    let first = rows.iter().position(unparsable);
    match first {
        Some(0) => Err(stop(rows.first().and_then(|row| row.as_ref().err()))),
        first => {
            rows.truncate(first.unwrap_or(usize::MAX));
            Ok(Read {
                rows,
                whole: first.is_none(),
                asked,
            })
        }
    }
}

fn stop(malformed: Option<&MalformedEntry>) -> Failure {
    let sequence = malformed.and_then(|malformed| malformed.subject.sequence);
    let which = sequence.map_or_else(
        || "an entry of unknown sequence".to_owned(),
        |number| format!("the entry of sequence {number}"),
    );
    let why = malformed.map_or_else(String::new, |malformed| malformed.failure().message);
    let message = format!("{which} cannot be read, and DicomWeb:OnUnparsable is Stop: {why}");
    Failure::new(Code::DicomInvalidResponse, message)
}
