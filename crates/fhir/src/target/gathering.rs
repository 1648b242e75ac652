//! Searches by identifier, gathered: while one is under way, those that come wait, and go out
//! together as one (R4 search, 3.1.1.3.2: any of several values). Nobody waits while none is under
//! way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::{Mutex as Turn, oneshot};

use super::hits::Hits;
use crate::cast::{Query, Resource};
use crate::client::FhirClient;
use radcast_engine::failure::{Code, Failure};

/// The most searches in one.
const MOST: usize = 20;

/// The longest query of several searches, in bytes: addresses of 2,000 go through everywhere.
const LONGEST: usize = 1_900;

/// Who has waited so long for the search before goes alone: it may hang.
const PATIENCE: Duration = Duration::from_millis(500);

/// The searches of one type.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    waiting: Mutex<VecDeque<Waiting>>,
    /// Held by the search that is under way.
    turn: Turn<()>,
    tickets: AtomicU64,
}

/// Somebody who waits. Without an answer they ask alone.
#[derive(Debug)]
struct Waiting {
    ticket: u64,
    query: Query,
    answer: oneshot::Sender<Hits>,
}

impl Gathering {
    /// What the search finds, alone or together with others.
    pub(super) async fn search(&self, client: &FhirClient, query: &Query) -> Result<Hits, Failure> {
        if !query.is_shareable() {
            return search(client, query).await;
        }
        let (sender, mut answer) = oneshot::channel();
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        self.waiting().push_back(Waiting {
            ticket,
            query: query.clone(),
            answer: sender,
        });
        // Those who come at the same moment are to be in one search.
        tokio::task::yield_now().await;
        let turn = tokio::select! {
            biased;
            answered = &mut answer => match answered {
                Ok(found) => return Ok(found),
                Err(_) => return search(client, query).await,
            },
            turn = self.turn.lock() => turn,
            () = tokio::time::sleep(PATIENCE) => return search(client, query).await,
        };
        // It may have come between the two.
        if let Ok(found) = answer.try_recv() {
            return Ok(found);
        }
        let company = self.company(ticket, query);
        if company.is_empty() {
            let found = search(client, query).await;
            drop(turn);
            return found;
        }
        let shared = search_together(client, query, company).await;
        drop(turn);
        match shared {
            Some(found) => Ok(found),
            None => search(client, query).await,
        }
    }

    /// Those who wait, as many as one search holds beside the one that asks.
    fn company(&self, ticket: u64, query: &Query) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        waiting.retain(|other| other.ticket != ticket && !other.answer.is_closed());
        let mut length = query.encoded().len();
        let mut company = Vec::new();
        while let Some(next) = waiting.front() {
            // A comma, percent-encoded, stands for the name and its `=`.
            length += next.query.encoded().len();
            if length > LONGEST || company.len() + 1 >= MOST {
                break;
            }
            company.extend(waiting.pop_front());
        }
        company
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Searches for one query alone.
pub(super) async fn search(client: &FhirClient, query: &Query) -> Result<Hits, Failure> {
    let near = AtomicUsize::new(0);
    let read = |json: Box<RawValue>| match Resource::parse(json.get()) {
        Ok(resource) if Hits::is_near(query, &resource) => {
            near.fetch_add(1, Ordering::Relaxed);
            None
        }
        read => Some(read),
    };
    let encoded = query.encoded();
    let listed = client.search_with(query.resource_type, &encoded, read);
    let listed = listed.await?.into_iter();
    let listed = listed.collect::<Result<_, _>>().map_err(|_| {
        let message = format!("a stored {} is not a JSON object", query.resource_type);
        Failure::new(Code::FhirInvalidResource, message)
    })?;
    Ok(Hits {
        near: near.into_inner(),
        ..Hits::of(query, listed)
    })
}

/// Searches for all together and deals out what is found. `None` when that fails, when it cannot be
/// dealt out, or when near matches belong to nobody: then each asks alone.
async fn search_together(
    client: &FhirClient,
    query: &Query,
    company: Vec<Waiting>,
) -> Option<Hits> {
    let others = company.iter().map(|waiting| &waiting.query);
    let queries: Vec<_> = std::iter::once(query).chain(others).collect();
    let any = Query::any_of(&queries)?;
    let all = search(client, &any).await.ok()?;
    if all.near > 0 {
        return None;
    }
    let own = all.part_of(query)?;
    let dealt = company.iter().map(|waiting| all.part_of(&waiting.query));
    let dealt = dealt.collect::<Option<Vec<_>>>()?;
    for (waiting, hits) in company.into_iter().zip(dealt) {
        // Who has gone needs nothing.
        let _ = waiting.answer.send(hits);
    }
    Some(own)
}
