//! Searches that answer in pages. The links to further pages are opaque, and some lead nowhere by
//! the time they are followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use radcast_http::Answer;
use serde_json::{Value, json};

use super::fhir::{answer, outcome};
use super::rereading;
use super::world::State;

/// What is left of a search, by the number in the link.
#[derive(Debug, Default)]
pub struct Paging {
    left: BTreeMap<u64, Vec<Arc<Value>>>,
    next: u64,
}

/// Before the number of a further page.
const LINK: &str = "http://fhir.example/__page/";

/// The first page of what was found.
pub fn first(state: &mut State, replica: usize, found: Vec<Arc<Value>>) -> Answer {
    let most = state.plan.fhir_lies.page;
    page(state, replica, found, most)
}

/// The page that a link leads to; `None` when the address is no such link.
pub fn further(state: &mut State, replica: usize, url: &str) -> Option<Answer> {
    let number = url.strip_prefix(LINK)?.parse().unwrap();
    let Some(left) = state.paging.left.remove(&number) else {
        state.happened("a link that has gone");
        let status = state.rng.choice([404, 410]).unwrap();
        return Some(outcome(status, "this page is not there any more"));
    };
    state.happened("a further page");
    let most = state.plan.fhir_lies.page.map(|most| most.max(1));
    Some(page(state, replica, left, most))
}

fn page(
    state: &mut State,
    replica: usize,
    mut found: Vec<Arc<Value>>,
    most: Option<usize>,
) -> Answer {
    let rest = match most {
        Some(most) if most < found.len() => found.split_off(most),
        _ => Vec::new(),
    };
    let entries: Vec<_> = found.iter().map(|it| json!({ "resource": **it })).collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries });
    if !rest.is_empty() {
        let paging = &mut state.paging;
        paging.next += 1;
        let url = format!("{LINK}{}", paging.next);
        bundle["link"] = json!([{ "relation": "next", "url": url }]);
        let is_gone = !state.calm && state.rng.u32(..1_000) < state.plan.fhir_lies.gone_links;
        if !is_gone {
            state.paging.left.insert(state.paging.next, rest);
        }
    }
    rereading::told(state, replica, &bundle);
    answer(200, &bundle)
}
