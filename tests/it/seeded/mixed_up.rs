//! A gateway before the FHIR server that mixes answers up: of two that are on their way at once, with
//! an earlier one of the same kind, or what a transaction's entries are answered with; or does not
//! find the way to what is there.
//!
//! It does so now and then, and not several times in a row: of whom everything is another's, nothing
//! can be learnt.

use std::collections::BTreeMap;

use radcast_http::{Answer, Outgoing};
use serde_json::Value;

use super::fhir::outcome;
use super::world::{State, World};
use crate::cast_world::items;

/// Answers on their way, and those that have arrived.
#[derive(Debug, Default)]
pub struct MixedUp {
    travelling: BTreeMap<u64, Travelling>,
    next: u64,
    /// The last good answer of each kind to each replica.
    told: BTreeMap<(usize, String), Told>,
    /// How many true answers each replica has had since the last that was none.
    since: BTreeMap<usize, u64>,
}

/// A good answer, and the versions on which what was asked for depended: when the same versions are
/// updated again, nobody could tell that answer from the truth.
#[derive(Debug)]
struct Told {
    answer: Answer,
    versions: Vec<String>,
}

/// A request, as far as its answer may be another's.
struct Asked {
    kind: String,
    versions: Vec<String>,
}

#[derive(Debug)]
struct Travelling {
    replica: usize,
    answer: Answer,
    is_another: bool,
}

/// So many true answers come after one that is none, at least.
const TRUE_BETWEEN: u64 = 4;

/// The answer on its way to who asked.
pub async fn travel(world: &World, replica: usize, request: &Outgoing, answer: Answer) -> Answer {
    let number = {
        let state = &mut world.lock();
        let number = set_out(state, replica, answer);
        if state.plan.fhir_lies.mixed_up > 0 && !state.calm {
            mix_up(state, replica, number, asked(request));
        }
        number
    };
    world.answer(replica).await;
    let travelling = world.lock().mixed_up.travelling.remove(&number);
    travelling.unwrap().answer
}

fn set_out(state: &mut State, replica: usize, answer: Answer) -> u64 {
    let mixed_up = &mut state.mixed_up;
    mixed_up.next += 1;
    let travelling = Travelling {
        replica,
        answer,
        is_another: false,
    };
    mixed_up.travelling.insert(mixed_up.next, travelling);
    mixed_up.next
}

fn asked(request: &Outgoing) -> Asked {
    let body = request.body.as_ref();
    let bundle: Value = body.map_or(Value::Null, |body| serde_json::from_slice(body).unwrap());
    let requests = items(&bundle["entry"]).map(|entry| &entry["request"]);
    let updates = requests.filter(|request| request["ifMatch"].is_string());
    Asked {
        kind: kind(request),
        versions: updates.map(Value::to_string).collect(),
    }
}

/// What is asked for, without which one.
fn kind(request: &Outgoing) -> String {
    if let Some(body) = &request.body {
        let bundle: Value = serde_json::from_slice(body).unwrap();
        return format!("{} entries", items(&bundle["entry"]).count());
    }
    let (path, deed) = match request.url.split_once('?') {
        Some((path, _)) => (path, "search"),
        None => (request.url.as_str(), "read"),
    };
    let below = path.trim_start_matches("http://fhir.example/");
    let of_type = below.split('/').next().unwrap_or_default();
    format!("{of_type} {deed}")
}

/// Perhaps an answer that is on its way becomes another.
fn mix_up(state: &mut State, replica: usize, number: u64, asked: Asked) {
    let mixed_up = state.plan.fhir_lies.mixed_up;
    let since = *state.mixed_up.since.entry(replica).or_insert(TRUE_BETWEEN);
    let is_due = since >= TRUE_BETWEEN;
    let chosen = is_due && state.rng.u32(..1_000) < mixed_up;
    // There are few transactions that have an order, and few reads.
    let is_another = match state.rng.u8(..3) {
        0 if is_due && reorder(state, number) => true,
        0 if is_due => state.rng.u8(..4) == 0 && deny(state, number, &asked.kind),
        1 if chosen => cross(state, replica, number),
        2 if chosen => repeat(state, replica, number, &asked),
        _ => false,
    };
    let since = if is_another { 0 } else { since + 1 };
    state.mixed_up.since.insert(replica, since);
    let own = &state.mixed_up.travelling[&number];
    if !own.is_another && own.answer.status == 200 {
        let answer = own.answer.clone();
        let versions = asked.versions;
        let told = Told { answer, versions };
        state.mixed_up.told.insert((replica, asked.kind), told);
    }
}

/// The entries of a transaction are answered in another order.
fn reorder(state: &mut State, number: u64) -> bool {
    let own = state.mixed_up.travelling.get_mut(&number).unwrap();
    let Ok(mut bundle) = serde_json::from_slice::<Value>(&own.answer.body) else {
        return false;
    };
    if bundle["type"] != "transaction-response" {
        return false;
    }
    let entries = bundle["entry"].as_array_mut().unwrap();
    if entries.len() < 2 {
        return false;
    }
    entries.rotate_left(1);
    own.answer.body = bundle.to_string().into();
    own.is_another = true;
    state.happened("entries answered in another order");
    true
}

/// Two answers that are on their way to a replica change places.
fn cross(state: &mut State, replica: usize, number: u64) -> bool {
    let travelling = &state.mixed_up.travelling;
    let own = travelling[&number].answer.clone();
    let may_cross = |(other, it): &(&u64, &Travelling)| {
        let is_free = **other != number && it.replica == replica && !it.is_another;
        is_free && is_whole(&it.answer)
    };
    let others: Vec<u64> = travelling
        .iter()
        .filter(may_cross)
        .map(|(at, _)| *at)
        .collect();
    let Some(other) = state.rng.choice(others).filter(|_| is_whole(&own)) else {
        return false;
    };
    let travelling = &mut state.mixed_up.travelling;
    let crossed = travelling.get_mut(&other).unwrap();
    let others = std::mem::replace(&mut crossed.answer, own);
    crossed.is_another = true;
    let own = travelling.get_mut(&number).unwrap();
    own.answer = others;
    own.is_another = true;
    state.happened("answers crossed");
    true
}

/// Whether an answer can be taken for another's: without a body it says of nobody what it is about.
fn is_whole(answer: &Answer) -> bool {
    !answer.body.is_empty()
}

/// What is read is said not to be there.
fn deny(state: &mut State, number: u64, kind: &str) -> bool {
    let own = state.mixed_up.travelling.get_mut(&number).unwrap();
    if !kind.ends_with(" read") || own.answer.status != 200 {
        return false;
    }
    own.answer = outcome(404, "there is no such thing");
    own.is_another = true;
    state.happened("what is there denied");
    true
}

/// What was answered before to a request of the same kind is answered again, once.
fn repeat(state: &mut State, replica: usize, number: u64, asked: &Asked) -> bool {
    let mixed_up = &mut state.mixed_up;
    let own = mixed_up.travelling.get_mut(&number).unwrap();
    let Some(told) = mixed_up.told.remove(&(replica, asked.kind.clone())) else {
        return false;
    };
    let is_same = !asked.versions.is_empty() && told.versions == asked.versions;
    if is_same || told.answer.body == own.answer.body || !is_whole(&own.answer) {
        return false;
    }
    own.answer = told.answer;
    own.is_another = true;
    state.happened("an earlier answer again");
    true
}
