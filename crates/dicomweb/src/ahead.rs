//! Pages that are asked for before their turn, while those before them are read.

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::FeedClient;
use super::page::PageAnswer;
use super::span::Span;
use radcast_dicom::Dataset;
use radcast_engine::failure::Failure;

/// The most text of pages that are asked for ahead, in bytes, judged by the page before them.
const MOST: usize = 8 << 20;

/// A page and when it was asked for.
pub(super) type Timed = (Instant, Result<PageAnswer, Failure>);

type Asked = (Span, AbortOnDropHandle<Timed>);

/// Pages that are asked for, in the feed's order.
#[derive(Debug)]
pub(super) struct Ahead {
    asked: Vec<Asked>,
    /// How many there may be beside the one that is waited for.
    limit: usize,
    /// The same by the size of the last page; none while there is none, as the service may be down.
    room: usize,
}

impl Ahead {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            asked: Vec::new(),
            limit,
            room: 0,
        }
    }

    /// Whether a span is asked for.
    pub(super) fn is_asked(&self, span: &Span) -> bool {
        self.asked.iter().any(|(asked, _)| asked == span)
    }

    /// The page of a span, and the first of those that follow it are asked for meanwhile. When it
    /// cannot be read, nothing is.
    pub(super) async fn page(
        &mut self,
        client: &FeedClient,
        span: &Span,
        following: impl Iterator<Item = Span>,
    ) -> Timed {
        let mut before = std::mem::take(&mut self.asked);
        let page = take(&mut before, span);
        for span in following.take(self.limit.min(self.room)) {
            let page = take(&mut before, &span).unwrap_or_else(|| spawn(client, &span));
            self.asked.push((span, page));
        }
        drop(before);
        let page = match page {
            Some(page) => page.await.ok(),
            None => None,
        };
        let (at, page) = match page {
            Some(page) => page,
            None => ask(client, span).await,
        };
        self.room = page.as_ref().map_or(0, |page| MOST / size(page).max(1));
        if page.is_err() {
            self.asked.clear();
        }
        (at, page)
    }
}

fn take(asked: &mut Vec<Asked>, span: &Span) -> Option<AbortOnDropHandle<Timed>> {
    let at = asked.iter().position(|(asked, _)| asked == span)?;
    Some(asked.remove(at).1)
}

fn spawn(client: &FeedClient, span: &Span) -> AbortOnDropHandle<Timed> {
    let (client, span) = (client.clone(), span.clone());
    AbortOnDropHandle::new(tokio::spawn(async move { ask(&client, &span).await }))
}

async fn ask(client: &FeedClient, span: &Span) -> Timed {
    (Instant::now(), client.page(span, true).await)
}

/// About how much text the entries take, in bytes.
fn size(page: &PageAnswer) -> usize {
    let rows = page.rows.iter().flatten();
    let datasets = rows.filter_map(|row| row.data.as_ref());
    datasets.map(Dataset::size).sum()
}
