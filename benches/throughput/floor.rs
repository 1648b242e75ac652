//! The least that the daemon's writes can cost: its own transactions, posted again to an empty
//! server by a client that does nothing else, or nothing but read the feed.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::SetOnce;

use super::figures::{Figures, Run, Way};
use super::site::{Site, http_client};
use super::wire::Exchange;

const FHIR_JSON: &str = "application/fhir+json";

/// What the daemon does unless it is told otherwise.
const PAGE: u64 = 100;
const PAGES_AT_ONCE: usize = 3;

/// The transactions of a run, each after those whose resources it refers to.
#[derive(Default)]
pub(crate) struct Transactions {
    all: Vec<Transaction>,
}

struct Transaction {
    bundle: Bytes,
    /// Those that create what this one refers to.
    after: Vec<usize>,
    done: SetOnce<()>,
}

/// A transaction before its place is known: the bundle, what it refers to.
struct Repeatable {
    bundle: Bytes,
    refers_to: Vec<String>,
    /// Whether the transaction deletes resources.
    deletes: bool,
}

impl Transactions {
    /// Makes them such that an empty server carries them out as the one they had come from: what
    /// was created is put where it was put, and no version is asked for. Those that the server
    /// refused, which test what it does, are left out.
    pub(crate) fn repeatable(kept: &[Exchange]) -> Result<Self, Box<dyn Error>> {
        let kept: Vec<_> = kept.iter().filter(|it| was_carried_out(it)).collect();
        // Which of them created a resource.
        let mut creators = HashMap::new();
        let mut bundles = Vec::new();
        for (number, exchange) in kept.iter().enumerate() {
            bundles.push(repeatable(exchange, |created| {
                creators.entry(created).or_insert(number);
            })?);
        }
        let mut transactions = Self::default();
        let mut places = vec![None; bundles.len()];
        // Deletes come last: until then other transactions may refer to the deleted resources.
        let (deleting, staying): (Vec<_>, Vec<_>) = (0..bundles.len())
            .partition(|number| bundles.get(*number).is_some_and(|it| it.deletes));
        for number in staying.into_iter().chain(deleting) {
            transactions.place(number, &bundles, &creators, &mut places);
        }
        Ok(transactions)
    }

    /// Puts one behind those that it needs; where it stands.
    fn place(
        &mut self,
        number: usize,
        bundles: &[Repeatable],
        creators: &HashMap<String, usize>,
        places: &mut Vec<Option<usize>>,
    ) -> Option<usize> {
        let known = *places.get(number)?;
        if known.is_some() {
            return known;
        }
        let repeatable = bundles.get(number)?;
        let needed = repeatable
            .refers_to
            .iter()
            .filter_map(|place| creators.get(place));
        let needed = needed.copied().filter(|creator| *creator != number);
        let after = needed.filter_map(|creator| self.place(creator, bundles, creators, places));
        let mut after: Vec<_> = after.collect();
        if repeatable.deletes {
            after = (0..self.all.len()).collect();
        }
        self.all.push(Transaction {
            bundle: repeatable.bundle.clone(),
            after,
            done: SetOnce::new(),
        });
        let place = Some(self.all.len() - 1);
        if let Some(known) = places.get_mut(number) {
            *known = place;
        }
        place
    }
}

fn was_carried_out(exchange: &Exchange) -> bool {
    let answer: Option<Value> = serde_json::from_slice(&exchange.answer).ok();
    answer.is_some_and(|answer| answer["type"] == "transaction-response")
}

fn repeatable(
    exchange: &Exchange,
    mut creates: impl FnMut(String),
) -> Result<Repeatable, Box<dyn Error>> {
    let mut bundle: Value = serde_json::from_slice(&exchange.request)?;
    let answer: Value = serde_json::from_slice(&exchange.answer)?;
    let (mut refers_to, mut deletes) = (Vec::new(), false);
    let entries = bundle["entry"].as_array_mut();
    for (at, entry) in entries.into_iter().flatten().enumerate() {
        let response = &answer["entry"][at]["response"];
        deletes |= entry["request"]["method"] == "DELETE";
        if put_where_it_was(entry, response) {
            creates(place(response).unwrap_or_default());
        } else {
            refers_to.extend(place(response));
        }
        references(entry, &mut refers_to);
    }
    let bundle = Bytes::from(bundle.to_string());
    Ok(Repeatable {
        bundle,
        refers_to,
        deletes,
    })
}

/// Every reference below a value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(members) => {
            let reference = members.get("reference").and_then(Value::as_str);
            found.extend(reference.map(str::to_owned));
            members
                .values()
                .for_each(|member| references(member, found));
        }
        _ => {}
    }
}

/// Makes a create an update of what it created, if it did, and asks for no version.
fn put_where_it_was(entry: &mut Value, response: &Value) -> bool {
    if let Some(request) = entry["request"].as_object_mut() {
        request.remove("ifMatch");
    }
    let status = response["status"].as_str().unwrap_or_default();
    let Some(place) = place(response) else {
        return false;
    };
    if !status.starts_with("201") || entry["request"]["method"] != "POST" {
        return false;
    }
    entry["resource"]["id"] = json!(place.rsplit('/').next());
    entry["request"] = json!({ "method": "PUT", "url": place });
    true
}

/// `Type/id` of what an entry was about.
fn place(response: &Value) -> Option<String> {
    let (path, _) = response["location"].as_str()?.split_once("/_history")?;
    let mut segments = path.rsplit('/');
    let (id, resource_type) = (segments.next()?, segments.next()?);
    Some(format!("{resource_type}/{id}"))
}

/// Posts the transactions, so many at once.
pub(crate) async fn measure(
    site: &Site,
    transactions: Transactions,
    at_once: usize,
    run: Run<'_>,
) -> Result<Figures, Box<dyn Error>> {
    let posting = Arc::new(Posting {
        http: http_client()?,
        address: site.fhir_address(),
        transactions: transactions.all,
        next: AtomicUsize::new(0),
    });
    let began = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    if run.way == Way::FloorWithPages {
        let feed = format!("{}/v1/changefeed", site.service.address());
        clients.spawn(read_all(http_client()?, feed, run.of));
    }
    for _ in 0..at_once.max(1) {
        let posting = posting.clone();
        clients.spawn(async move { posting.post_all().await });
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let took = began.elapsed();
    let refused = site.wire.traffic().refusals;
    if refused.is_empty() {
        return Ok(Figures::of(&Run { took, ..run }, site));
    }
    Err(format!("transactions were refused when posted again: {refused:?}").into())
}

/// Reads the feed as the daemon does, and throws it away.
async fn read_all(http: reqwest::Client, feed: String, entries: u64) -> reqwest::Result<()> {
    let pages = (0..entries.div_ceil(PAGE)).map(|page| {
        let query = format!("offset={}&limit={PAGE}&includeMetadata=true", page * PAGE);
        let asked = http.get(format!("{feed}?{query}")).send();
        tokio::spawn(async move { asked.await?.bytes().await })
    });
    let mut pages = stream::iter(pages).buffered(PAGES_AT_ONCE);
    while let Some(page) = pages.next().await {
        if let Ok(page) = page {
            let page = page?;
            let entries = serde_json::from_slice::<Vec<&RawValue>>(&page);
            std::hint::black_box(entries.is_ok());
        }
    }
    Ok(())
}

struct Posting {
    http: reqwest::Client,
    address: String,
    transactions: Vec<Transaction>,
    next: AtomicUsize,
}

impl Posting {
    async fn post_all(&self) -> reqwest::Result<()> {
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(transaction) = self.transactions.get(next) else {
                return Ok(());
            };
            for first in &transaction.after {
                if let Some(first) = self.transactions.get(*first) {
                    first.done.wait().await;
                }
            }
            self.post(transaction.bundle.clone()).await?;
            // Nobody else sets it.
            let _ = transaction.done.set(());
        }
    }

    async fn post(&self, bundle: Bytes) -> reqwest::Result<()> {
        let sent = self
            .http
            .post(&self.address)
            .header(CONTENT_TYPE, FHIR_JSON)
            .header(ACCEPT, FHIR_JSON)
            .body(bundle)
            .send();
        sent.await?.bytes().await.map(drop)
    }
}
