//! The FHIR server: searches by identifier, transactions with conditional creates and `If-Match`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use radcast::auth::{Answer, Exchange, NoAnswer, Outgoing};
use serde_json::{Value, json};

use super::feed::no_answer;
use super::issuers;
use super::newest;
use super::others;
use super::plan::Nature;
use super::rereading;
use super::strangers;
use super::world::{Course, Service, State, World, instance_uid};
use crate::cast_world::{items, matches, text};

/// The server as one replica reaches it.
#[derive(Debug)]
pub struct ModelFhir {
    pub world: World,
    pub replica: usize,
}

#[async_trait]
impl Exchange for ModelFhir {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, NoAnswer> {
        let course = self.world.request(self.replica, Service::Fhir).await;
        if course == Course::Refused {
            let busy = self.world.lock().rng.bool();
            return if busy {
                Ok(answer(503, &json!({})))
            } else {
                Err(no_answer())
            };
        }
        let now = self.world.now().to_string();
        let answer = {
            let mut state = self.world.lock();
            others::meddle(&mut state, &now);
            match &request.body {
                Some(bundle) => {
                    let bundle = serde_json::from_slice(bundle).unwrap();
                    transaction(&mut state, self.replica, &bundle, &now)
                }
                None => read(
                    &mut state,
                    self.replica,
                    &request.url,
                    course == Course::Stale,
                ),
            }
        };
        self.world.answer(self.replica).await;
        if course == Course::AnswerLost {
            return Err(no_answer());
        }
        Ok(answer)
    }
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        retry_after: None,
        body: body.to_string().into(),
    }
}

fn read(state: &mut State, replica: usize, url: &str, stale: bool) -> Answer {
    if url.ends_with("/metadata") {
        let rest = json!([{ "interaction": [{ "code": "transaction" }] }]);
        let statement = json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
                                "rest": rest });
        return answer(200, &statement);
    }
    let Some((path, query)) = url.split_once('?') else {
        let name = url.trim_start_matches("http://fhir.example/");
        let newest = state
            .resources
            .get(name)
            .and_then(|versions| versions.last());
        return match newest {
            Some(resource) => answer(200, &serde_json::from_str(resource).unwrap()),
            None => outcome(404, "gone"),
        };
    };
    let resource_type = path.rsplit('/').next().unwrap();
    let found = search(state, resource_type, query, stale);
    let entries: Vec<_> = found
        .iter()
        .map(|(_, resource)| json!({ "resource": resource }))
        .collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries });
    rereading::told(state, replica, &bundle);
    answer(200, &bundle)
}

/// The resources that a query finds, by name. A stale search reads the versions before the newest.
fn search(state: &State, of_type: &str, query: &str, stale: bool) -> Vec<(String, Value)> {
    let prefix = format!("{of_type}/");
    let all = state.resources.iter();
    let all = all.filter(|(name, _)| name.starts_with(&prefix));
    let read = all.filter_map(|(name, versions)| {
        let before = versions.len().checked_sub(2).filter(|_| stale);
        let version = before.or_else(|| versions.len().checked_sub(1))?;
        let resource = serde_json::from_str(&versions[version]).ok()?;
        Some((name.clone(), resource))
    });
    let is_loose = strangers::is_loose(state) && of_type == "Patient";
    read.filter(|(_, resource): &(String, Value)| match is_loose {
        true => strangers::matches_loosely(resource, query),
        false => matches(resource, query),
    })
    .collect()
}

fn transaction(state: &mut State, replica: usize, bundle: &Value, now: &str) -> Answer {
    let said = bundle.to_string();
    let troubled = (0..state.instances.len()).find_map(|instance| {
        let uid = format!("\"{}\"", instance_uid(instance));
        let held =
            said.contains(&format!("urn:oid:{}\"", instance_uid(instance))) || said.contains(&uid);
        held.then(|| state.troubles(instance))?
    });
    match troubled {
        Some(Nature::Refused) => return outcome(422, "refused"),
        Some(_) => return outcome(500, "fails"),
        None => {}
    }
    let entries: Vec<&Value> = items(&bundle["entry"]).collect();
    let mut references = BTreeMap::new();
    let mut named = Vec::new();
    for entry in &entries {
        match name(state, replica, entry, &mut references) {
            Ok(name) => named.push(name),
            Err(status) => return outcome(status, "the condition does not hold"),
        }
    }
    let responses: Vec<_> = entries
        .iter()
        .zip(&named)
        .map(|(entry, (name, done))| {
            if !*done {
                carry_out(state, entry, name, &references, now);
            }
            let status = match (text(&entry["request"]["method"]), done) {
                ("POST", false) => "201",
                ("DELETE", _) => "204",
                _ => "200",
            };
            let version = state.resources.get(name).map_or(0, Vec::len);
            let (location, etag) = (
                format!("{name}/_history/{version}"),
                format!("W/\"{version}\""),
            );
            json!({ "response": { "status": status, "location": location, "etag": etag } })
        })
        .collect();
    let strangers = issuers::check(state);
    state.violations.extend(strangers);
    let answered = json!({ "resourceType": "Bundle", "type": "transaction-response",
                           "entry": responses });
    answer(200, &answered)
}

fn outcome(status: u16, text: &str) -> Answer {
    let issue = json!([{ "severity": "error", "code": "processing", "diagnostics": text }]);
    answer(
        status,
        &json!({ "resourceType": "OperationOutcome", "issue": issue }),
    )
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
        let stored = state
            .resources
            .get(url)
            .and_then(|versions| versions.last());
        let stored: Value = serde_json::from_str(stored.ok_or(404_u16)?).unwrap();
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
        [] => {
            state.next_id += 1;
            (format!("{url}/{}", state.next_id), false)
        }
        [(name, _)] => (name.clone(), true),
        _ => return Err(412),
    };
    references.insert(text(&entry["fullUrl"]).to_owned(), name.clone());
    Ok((name, done))
}

fn carry_out(
    state: &mut State,
    entry: &Value,
    name: &str,
    references: &BTreeMap<String, String>,
    now: &str,
) {
    if text(&entry["request"]["method"]) == "DELETE" {
        state.resources.remove(name);
        return;
    }
    let mut json = entry["resource"].to_string();
    for (full_url, reference) in references {
        json = json.replace(full_url, reference);
    }
    let mut resource: Value = serde_json::from_str(&json).unwrap();
    let versions = state.resources.get(name).map_or(0, Vec::len);
    resource["id"] = json!(name.split_once('/').unwrap().1);
    resource["meta"]["versionId"] = json!((versions + 1).to_string());
    resource["meta"]["lastUpdated"] = json!(now);
    newest::watch(state, name, &resource);
    strangers::watch(state, name, &resource);
    let versions = state.resources.entry(name.to_owned()).or_default();
    versions.push(resource.to_string());
}
