//! The FHIR server: searches by identifier, reads, and what carries out transactions.

use std::sync::Arc;

use async_trait::async_trait;
use radcast_http::{Answer, Exchange, Outgoing, TransportError};
use serde_json::{Value, json};

use super::feed::no_answer;
use super::rereading;
use super::world::{Course, Service, State, World};
use super::{archive, merges, mixed_up, others, paging, strangers, transaction};
use crate::cast_world::{matches, text};

/// The server as one replica reaches it.
#[derive(Debug)]
pub struct ModelFhir {
    pub world: World,
    pub replica: usize,
}

#[async_trait]
impl Exchange for ModelFhir {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        let course = self.world.request(self.replica, Service::Fhir).await;
        if course == Course::Refused {
            let busy = self.world.lock().rng.bool();
            return if busy {
                Ok(answer(503, &json!({})))
            } else {
                Err(no_answer())
            };
        }
        let answer = self.carry_out(&request, course);
        let answer = mixed_up::travel(&self.world, self.replica, &request, answer).await;
        if course == Course::AnswerLost {
            return Err(no_answer());
        }
        Ok(answer)
    }
}

impl ModelFhir {
    fn carry_out(&self, request: &Outgoing, course: Course) -> Answer {
        let (now, second) = (self.world.now().to_string(), self.world.second());
        let state = &mut self.world.lock();
        others::meddle(state, &now);
        merges::meddle(state, &now, second);
        archive::meddle(state, &now);
        match &request.body {
            Some(bundle) => {
                let bundle = serde_json::from_slice(bundle).unwrap();
                let asked = transaction::Asked {
                    replica: self.replica,
                    prefer: request.prefer,
                    second,
                };
                transaction::carry_out(state, &asked, &bundle, &now)
            }
            None => get(state, self.replica, request, course == Course::Stale),
        }
    }
}

pub fn answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        retry_after: None,
        location: None,
        body: body.to_string().into(),
    }
}

pub fn outcome(status: u16, text: &str) -> Answer {
    let issue = json!([{ "severity": "error", "code": "processing", "diagnostics": text }]);
    answer(
        status,
        &json!({ "resourceType": "OperationOutcome", "issue": issue }),
    )
}

fn get(state: &mut State, replica: usize, request: &Outgoing, stale: bool) -> Answer {
    let url = request.url.as_str();
    if url.ends_with("/metadata") {
        let rest = json!([{ "interaction": [{ "code": "transaction" }] }]);
        let statement = json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
                                "rest": rest });
        return answer(200, &statement);
    }
    if let Some(page) = paging::further(state, replica, url) {
        return page;
    }
    let stale_reads = state.plan.fhir_lies.stale_reads;
    let Some((path, query)) = url.split_once('?') else {
        let stale = !state.calm && state.rng.u32(..1_000) < stale_reads;
        return read(state, replica, request, stale);
    };
    let resource_type = path.rsplit('/').next().unwrap();
    let found = search(state, resource_type, query, stale && stale_reads == 0);
    let found = found.into_iter().map(|(_, resource)| resource).collect();
    paging::first(state, replica, found)
}

/// A stale read finds the version before the newest, or what is deleted by now.
fn read(state: &mut State, replica: usize, request: &Outgoing, stale: bool) -> Answer {
    let name = request.url.trim_start_matches("http://fhir.example/");
    let before = state.stored.before(name).filter(|_| stale).cloned();
    if before.is_some() {
        state.happened("a stale read");
    }
    let Some(resource) = before.or_else(|| state.stored.newest(name).cloned()) else {
        return outcome(404, "gone");
    };
    rereading::told_of(state, replica, &resource);
    let tag = format!("W/\"{}\"", text(&resource["meta"]["versionId"]));
    let is_known = request.if_none_match.as_ref() == Some(&tag);
    if is_known && state.plan.fhir_lies.says_not_modified {
        return Answer {
            body: Vec::new().into(),
            ..answer(304, &Value::Null)
        };
    }
    answer(200, &resource)
}

/// The resources that a query finds, by name. A stale search reads the versions before the newest.
pub fn search(state: &State, of_type: &str, query: &str, stale: bool) -> Vec<(String, Arc<Value>)> {
    let is_loose = strangers::is_loose(state) && of_type == "Patient";
    let all = state.stored.of_type(of_type);
    let read = all.map(|(name, newest)| {
        let before = state.stored.before(name).filter(|_| stale);
        (name.clone(), before.unwrap_or(newest).clone())
    });
    read.filter(|(_, resource)| match is_loose {
        true => strangers::matches_loosely(resource, query),
        false => matches(resource, query),
    })
    .collect()
}
