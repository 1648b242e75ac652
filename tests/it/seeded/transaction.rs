//! Transactions with conditional creates and `If-Match`.

use std::collections::BTreeMap;

use radcast_http::{Answer, Prefer};
use serde_json::{Value, json};

use super::fhir::{answer, outcome, search};
use super::plan::Nature;
use super::world::{State, instance_uid};
use super::{issuers, newest, rereading, watched};
use crate::cast_world::{items, text};

/// Who asks, for what, and when.
pub struct Asked {
    pub replica: usize,
    pub prefer: Prefer,
    pub second: u64,
}

pub fn carry_out(state: &mut State, asked: &Asked, bundle: &Value, now: &str) -> Answer {
    match troubled(state, bundle) {
        Some(Nature::Refused) => return outcome(422, "refused"),
        Some(_) => return outcome(500, "fails"),
        None => {}
    }
    let entries: Vec<&Value> = items(&bundle["entry"]).collect();
    let mut references = BTreeMap::new();
    let mut named = Vec::new();
    for entry in &entries {
        match name(state, asked.replica, entry, &mut references) {
            Ok(name) => named.push(name),
            Err(status) => return outcome(status, "the condition does not hold"),
        }
    }
    let represents = state.plan.fhir_lies.represents && asked.prefer == Prefer::Representation;
    let mut responses = Vec::new();
    for (entry, (name, done)) in entries.iter().zip(&named) {
        if !*done {
            carry_out_one(state, asked, entry, name, &references, now);
        }
        responses.push(response(state, entry, name, *done, represents));
    }
    let strangers = issuers::check(state);
    state.violations.extend(strangers);
    let answered = json!({ "resourceType": "Bundle", "type": "transaction-response",
                           "entry": responses });
    answer(200, &answered)
}

/// The trouble with an instance that a transaction speaks of.
fn troubled(state: &State, bundle: &Value) -> Option<Nature> {
    if state.repaired {
        return None;
    }
    let said = bundle.to_string();
    (0..state.instances.len()).find_map(|instance| {
        let uid = instance_uid(instance);
        let held =
            said.contains(&format!("urn:oid:{uid}\"")) || said.contains(&format!("\"{uid}\""));
        held.then(|| state.troubles(instance))?
    })
}

fn response(state: &State, entry: &Value, name: &str, done: bool, represents: bool) -> Value {
    let method = text(&entry["request"]["method"]);
    let status = match (method, done) {
        ("POST", false) => "201",
        ("DELETE", _) => "204",
        _ => "200",
    };
    let version = state.stored.versions(name);
    let (location, etag) = (
        format!("{name}/_history/{version}"),
        format!("W/\"{version}\""),
    );
    let mut answered =
        json!({ "response": { "status": status, "location": location, "etag": etag } });
    if let Some(resource) = state.stored.newest(name).filter(|_| represents) {
        answered["resource"] = (**resource).clone();
    }
    answered
}

/// The name of the resource that an entry is about, and whether there is nothing to do.
fn name(
    state: &mut State,
    replica: usize,
    entry: &Value,
    references: &mut BTreeMap<String, String>,
) -> Result<(String, bool), u16> {
    let request = &entry["request"];
    let url = text(&request["url"]);
    if text(&request["method"]) != "POST" {
        let stored = state.stored.newest(url).ok_or(404_u16)?;
        let version = format!("W/\"{}\"", text(&stored["meta"]["versionId"]));
        let condition = request["ifMatch"].as_str();
        return match condition {
            Some(condition) if condition != version => {
                rereading::refused(state, replica, url, condition);
                Err(412)
            }
            _ => Ok((url.to_owned(), false)),
        };
    }
    let found = search(state, url, text(&request["ifNoneExist"]), false);
    let (name, done) = match found.as_slice() {
        [] => (state.stored.new_name(url), false),
        [(name, _)] => (name.clone(), true),
        _ => return Err(412),
    };
    references.insert(text(&entry["fullUrl"]).to_owned(), name.clone());
    Ok((name, done))
}

fn carry_out_one(
    state: &mut State,
    asked: &Asked,
    entry: &Value,
    name: &str,
    references: &BTreeMap<String, String>,
    now: &str,
) {
    if text(&entry["request"]["method"]) == "DELETE" {
        watched::delete(state, name);
        state.stored.remove(name);
        return;
    }
    let mut resource = entry["resource"].clone();
    if !references.is_empty() {
        let mut json = resource.to_string();
        for (full_url, reference) in references {
            json = json.replace(full_url, reference);
        }
        resource = serde_json::from_str(&json).unwrap();
    }
    newest::watch(state, name, &resource);
    watched::write(state, name, &resource, asked.second);
    state.stored.put(name, resource, now);
}
