//! The DICOMweb service: its change feed in both versions.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use radcast::auth::{Answer, Exchange, NoAnswer, Outgoing};
use radcast::failure::Symptom;
use serde_json::{Value, json};

use super::issuers;
use super::plan::{EventKind, Nature};
use super::world::{Course, Row, Service, State, World, instance_uid, study_uid};

/// The service as one replica reaches it.
#[derive(Debug)]
pub struct ModelFeed {
    pub world: World,
    pub replica: usize,
}

#[async_trait]
impl Exchange for ModelFeed {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, NoAnswer> {
        let course = self.world.request(self.replica, Service::Feed).await;
        if course == Course::Refused {
            return Err(no_answer());
        }
        let now = self.world.now();
        let answer = respond(&mut self.world.lock(), &request.url, now);
        self.world.answer(self.replica).await;
        if course == Course::AnswerLost {
            return Err(no_answer());
        }
        Ok(answer)
    }
}

pub fn no_answer() -> NoAnswer {
    NoAnswer {
        symptom: Symptom::Timeout,
        reason: "the model does not answer".to_owned(),
    }
}

fn respond(state: &mut State, url: &str, now: Timestamp) -> Answer {
    let (path, query) = url.split_once('?').unwrap();
    let query: HashMap<_, _> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let number = |name: &str| query.get(name).map(|text| text.parse::<u64>().unwrap());
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(10));
    let v2 = path.contains("/v2/");
    let body = if path.ends_with("/latest") {
        latest(state, v2, now)
    } else if v2 {
        let time = |name: &str| {
            query
                .get(name)
                .map(|text| text.parse::<Timestamp>().unwrap())
        };
        let from = time("startTime").unwrap_or(Timestamp::MIN);
        let to = time("endTime").unwrap_or(Timestamp::MAX);
        let mut rows = visible(state, now);
        rows.retain(|sequence| (from..to).contains(&state.rows[sequence].at));
        rows.sort_by_key(|sequence| (state.rows[sequence].at, *sequence));
        let skip = usize::try_from(offset).unwrap();
        rows = rows
            .into_iter()
            .skip(skip)
            .take(usize::try_from(limit).unwrap())
            .collect();
        page(state, &rows)
    } else {
        let mut rows = visible(state, now);
        rows.retain(|sequence| (offset + 1..=offset + limit).contains(sequence));
        page(state, &rows)
    };
    Answer {
        status: 200,
        retry_after: None,
        body: body.map(|body| body.to_string().into()).unwrap_or_default(),
    }
}

fn visible(state: &State, now: Timestamp) -> Vec<u64> {
    let visible = state.rows.iter().filter(|(_, row)| row.visible <= now);
    visible.map(|(sequence, _)| *sequence).collect()
}

fn latest(state: &State, v2: bool, now: Timestamp) -> Option<Value> {
    let rows = visible(state, now);
    let newest = rows
        .into_iter()
        .max_by_key(|sequence| (v2.then(|| state.rows[sequence].at), *sequence));
    newest.map(|sequence| entry(state, sequence, false))
}

fn page(state: &mut State, rows: &[u64]) -> Option<Value> {
    if let [alone] = rows {
        *state.recalled.entry(*alone).or_default() += 1;
    }
    // A retry in v2 looks through a window of time.
    for sequence in rows {
        if rows.len() > 1 {
            *state.recalled.entry(*sequence).or_default() += 1;
        }
    }
    Some(
        rows.iter()
            .map(|sequence| entry(state, *sequence, true))
            .collect(),
    )
}

fn entry(state: &State, sequence: u64, with_metadata: bool) -> Value {
    let row = &state.rows[&sequence];
    let instance = &state.instances[row.instance];
    let standing = match instance.current {
        None => "deleted",
        Some(current) if current == sequence => "current",
        Some(_) => "replaced",
    };
    let mut entry = json!({
        "sequence": sequence,
        "studyInstanceUid": study_uid(instance.study),
        "seriesInstanceUid": format!("{}.1", study_uid(instance.study)),
        "sopInstanceUid": instance_uid(row.instance),
        "action": row.action,
        "state": standing,
        "timestamp": row.at.to_string(),
    });
    if let Some(version) = instance.current.filter(|_| with_metadata) {
        entry["metadata"] = metadata(state, row.instance, version);
    }
    entry
}

/// The attributes of an instance's present version, whose entry's sequence is its number.
pub fn metadata(state: &State, at: usize, version: u64) -> Value {
    let instance = &state.instances[at];
    let revision = state.revisions.get(&instance.study).copied().unwrap_or(0);
    let element = |vr: &str, value: Value| json!({ "vr": vr, "Value": [value] });
    let (id, issuer) = issuers::stated(state.plan.seed, instance.study);
    let mut metadata = json!({
        "00080016": element("UI", json!("1.2.840.10008.5.1.4.1.1.2")),
        "00080018": element("UI", json!(instance_uid(at))),
        "0020000D": element("UI", json!(study_uid(instance.study))),
        "0020000E": element("UI", json!(format!("{}.1", study_uid(instance.study)))),
        "00080060": element("CS", json!("CT")),
        "00081030": element("LO", json!(format!("revision {revision}"))),
        // Two studies of one patient, and one of another.
        "00100020": element("LO", json!(id)),
        "00200013": element("IS", json!(version)),
    });
    if let Some(issuer) = issuer {
        metadata["00100021"] = element("LO", json!(issuer));
    }
    match instance.nature {
        Nature::Unreadable => {
            metadata.as_object_mut().unwrap().remove("00080060");
        }
        Nature::Untidy => metadata["00100040"] = element("CS", json!("?")),
        Nature::Good | Nature::Refused | Nature::Poison => {}
    }
    metadata
}

/// Something happens in the service.
pub fn happen(state: &mut State, event: &super::plan::Event, now: Timestamp) {
    match event.kind {
        EventKind::Store(nature) => {
            state.instances.push(super::world::Instance {
                study: event.study,
                nature,
                current: None,
            });
            let instance = state.instances.len() - 1;
            add(state, instance, "create", event, now);
        }
        EventKind::Update => {
            let there = of_study(state, event.study, true);
            if !there.is_empty() {
                *state.revisions.entry(event.study).or_default() += 1;
            }
            for instance in there {
                add(state, instance, "update", event, now);
            }
        }
        EventKind::Delete => {
            if let Some(instance) = pick(state, event.study, true) {
                add(state, instance, "delete", event, now);
            }
        }
        EventKind::StoreAgain => {
            if let Some(instance) = pick(state, event.study, false) {
                add(state, instance, "create", event, now);
            }
        }
    }
}

fn of_study(state: &State, study: u8, there: bool) -> Vec<usize> {
    let all = state.instances.iter().enumerate();
    all.filter(|(_, instance)| instance.study == study && instance.current.is_some() == there)
        .map(|(at, _)| at)
        .collect()
}

fn pick(state: &mut State, study: u8, there: bool) -> Option<usize> {
    let choice = of_study(state, study, there);
    state.rng.choice(choice)
}

fn add(
    state: &mut State,
    instance: usize,
    action: &'static str,
    event: &super::plan::Event,
    now: Timestamp,
) {
    let last = state
        .rows
        .last_key_value()
        .map_or(0, |(sequence, _)| *sequence);
    let sequence = last + 1 + event.gap;
    let newest = state.rows.values().map(|row| row.at).max().unwrap_or(now);
    let at = newest.max(now) + jiff::SignedDuration::from_micros(1);
    let visible = at + jiff::SignedDuration::from_secs(event.late.cast_signed());
    state.rows.insert(
        sequence,
        Row {
            instance,
            action,
            at,
            visible,
        },
    );
    state.instances[instance].current = (action != "delete").then_some(sequence);
}
