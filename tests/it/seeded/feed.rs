//! The DICOMweb service: its change feed in both versions.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use radcast_engine::failure::Symptom;
use radcast_http::{Answer, Exchange, Outgoing, TransportError};
use serde_json::{Value, json};

use super::issuers;
use super::plan::{EventKind, Nature};
use super::world::{Course, Row, Service, State, World, instance_of, instance_uid, study_uid};

/// The service as one replica reaches it.
#[derive(Debug)]
pub struct ModelFeed {
    pub world: World,
    pub replica: usize,
}

#[async_trait]
impl Exchange for ModelFeed {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        let course = self.world.request(self.replica, Service::Feed).await;
        if course == Course::Refused {
            return Err(no_answer());
        }
        let (now, second) = (self.world.now(), self.world.second());
        let (status, body) = respond(&mut self.world.lock(), &request.url, now, second);
        self.world.answer(self.replica).await;
        if course == Course::AnswerLost {
            return Err(no_answer());
        }
        Ok(Answer {
            status,
            retry_after: None,
            location: None,
            body: body.into(),
        })
    }
}

pub fn no_answer() -> TransportError {
    TransportError {
        symptom: Symptom::Timeout,
        reason: "the model does not answer".to_owned(),
    }
}

/// A request to the feed.
struct Asked {
    latest: bool,
    v2: bool,
    offset: u64,
    limit: u64,
    from: Timestamp,
    with_metadata: bool,
}

impl Asked {
    fn read(url: &str) -> Self {
        let (path, query) = url.split_once('?').unwrap();
        let query: HashMap<_, _> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let number = |name: &str| query.get(name).map(|text| text.parse::<u64>().unwrap());
        let from = query.get("startTime").map(|text| text.parse().unwrap());
        Self {
            latest: path.ends_with("/latest"),
            v2: path.contains("/v2/"),
            offset: number("offset").unwrap_or(0),
            limit: number("limit").unwrap_or(10),
            from: from.unwrap_or(Timestamp::MIN),
            with_metadata: query
                .get("includeMetadata")
                .is_none_or(|text| text == "true"),
        }
    }

    /// Another page of the same feed.
    fn astray(self, rng: &mut fastrand::Rng) -> Self {
        let hour = SignedDuration::from_hours(1);
        Self {
            offset: if self.v2 { 0 } else { rng.u64(..20) },
            from: self.from.checked_sub(hour).unwrap_or(Timestamp::MIN),
            ..self
        }
    }
}

fn respond(state: &mut State, url: &str, now: Timestamp, second: u64) -> (u16, String) {
    match url.split_once("/instances/") {
        Some((_, uid)) => retrieve(state, uid.trim_end_matches("/metadata")),
        None => (200, respond_with_feed(state, url, now, second)),
    }
}

/// The metadata of an instance, if it is there (WADO-RS).
fn retrieve(state: &mut State, uid: &str) -> (u16, String) {
    let at = instance_of(uid).filter(|at| *at < state.instances.len());
    let version = at.and_then(|at| Some((at, state.instances[at].current?)));
    let Some((at, version)) = version else {
        return (404, String::new());
    };
    state.happened("an instance read again");
    (200, json!([metadata(state, at, version)]).to_string())
}

fn respond_with_feed(state: &mut State, url: &str, now: Timestamp, second: u64) -> String {
    let asked = Asked::read(url);
    let (seen, lie) = state.lie(&asked, now, second);
    let body = truth(state, &asked, seen);
    match lie {
        Some(Lie::Cached) => state.cached.get(url).cloned().unwrap_or(body),
        Some(Lie::Nothing) => String::new(),
        Some(Lie::Empty) => "[]".to_owned(),
        Some(Lie::Stray) => {
            let other = asked.astray(&mut state.rng);
            truth(state, &other, seen)
        }
        None if asked.latest => body,
        None => {
            state.cached.insert(url.to_owned(), body.clone());
            body
        }
    }
}

/// What a page is in place of itself.
#[derive(Debug, Clone, Copy)]
enum Lie {
    Cached,
    Nothing,
    Empty,
    Stray,
}

impl State {
    /// As of when an answer is, and in what other way it is not the service's own.
    fn lie(&mut self, asked: &Asked, now: Timestamp, second: u64) -> (Timestamp, Option<Lie>) {
        let lies = self.plan.lies;
        if self.calm {
            return (now, None);
        }
        let (from, to) = lies.lagging;
        let lags = (from..to).contains(&second) && (lies.lagging_latest || !asked.latest);
        let lag = SignedDuration::from_secs(lies.lag.cast_signed());
        let seen = if lags { now - lag } else { now };
        // Two wrong answers in a row that fit one another cannot be told from the truth.
        let may_lie = !asked.latest && lies.pages > 0 && !std::mem::take(&mut self.feed_lied);
        if !may_lie || self.rng.u32(..1_000) >= lies.pages {
            return (seen, None);
        }
        self.feed_lied = true;
        let kinds = [Lie::Cached, Lie::Nothing, Lie::Empty, Lie::Stray];
        (seen, self.rng.choice(kinds))
    }
}

fn truth(state: &mut State, asked: &Asked, now: Timestamp) -> String {
    if asked.latest {
        let latest = latest(state, asked.v2, now);
        return latest.map(|entry| entry.to_string()).unwrap_or_default();
    }
    let mut rows = visible(state, now);
    if asked.v2 {
        rows.retain(|sequence| state.rows[sequence].at >= asked.from);
        rows.sort_by_key(|sequence| (state.rows[sequence].at, *sequence));
        let skip = usize::try_from(asked.offset).unwrap();
        let rows = rows.into_iter().skip(skip);
        let rows: Vec<_> = rows.take(usize::try_from(asked.limit).unwrap()).collect();
        return page(state, &rows, asked.with_metadata).to_string();
    }
    let window = asked.offset + 1..=asked.offset + asked.limit;
    rows.retain(|sequence| window.contains(sequence));
    page(state, &rows, asked.with_metadata).to_string()
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

fn page(state: &mut State, rows: &[u64], with_metadata: bool) -> Value {
    if with_metadata {
        recall(state, rows);
    }
    rows.iter()
        .map(|sequence| entry(state, *sequence, with_metadata))
        .collect()
}

/// Takes note that the present state of these entries was asked for.
fn recall(state: &mut State, rows: &[u64]) {
    if let [alone] = rows {
        *state.recalled.entry(*alone).or_default() += 1;
    }
    // A retry in v2 looks through a window of time.
    for sequence in rows {
        if rows.len() > 1 {
            *state.recalled.entry(*sequence).or_default() += 1;
        }
    }
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
    let stated = issuers::stated_by(state, instance);
    let (id, issuer) = stated;
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
    if let Some(family) = issuers::family(state.plan.seed, stated) {
        metadata["00100010"] = element("PN", json!({ "Alphabetic": family }));
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
                strays: false,
                current: None,
            });
            let instance = state.instances.len() - 1;
            add(state, instance, "create", event, now);
        }
        EventKind::Update => {
            let there = of_study(state, event.study, true);
            if !there.is_empty() {
                *state.revisions.entry(event.study).or_default() += 1;
                if state.plan.moves {
                    state.happened("a study moved");
                }
            }
            let instances = state.instances.iter_mut();
            instances
                .filter(|it| it.study == event.study)
                .for_each(|it| it.strays = false);
            for instance in there {
                add(state, instance, "update", event, now);
            }
        }
        EventKind::Stray => {
            if let Some(instance) = pick(state, event.study, true) {
                state.happened("an instance went astray");
                state.instances[instance].strays = true;
                add(state, instance, "update", event, now);
            }
        }
        EventKind::Delete => {
            let astray = state.instances.iter().position(|it| {
                let is_there = it.current.is_some();
                it.strays && it.study == event.study && is_there
            });
            // Most mistakes are corrected.
            let astray = astray.filter(|_| state.rng.u8(..3) != 0);
            if let Some(instance) = astray.or_else(|| pick(state, event.study, true)) {
                if state.instances[instance].strays {
                    state.happened("an instance that went astray deleted");
                }
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
    let at = newest.max(now) + SignedDuration::from_micros(1);
    let visible = at + SignedDuration::from_secs(event.late.cast_signed());
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
