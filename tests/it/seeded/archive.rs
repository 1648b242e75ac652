//! Another archive, whose radcast keeps it in step with the same FHIR server: it has a series of its
//! own in studies of ours, and copies of instances of ours.

use std::collections::BTreeSet;

use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Issuer, Rules};
use serde_json::Value;

use super::issuers;
use super::newest::study_of;
use super::world::{State, study_uid};
use crate::cast_world::{World as CastWorld, dataset, items, key, rules, text};

/// Where it is.
const ADDRESS: &str = "https://other.example";

/// Of how many requests one finds that it has just written.
const ONE_OF: u8 = 12;

/// What it has: series and instance of a study.
#[derive(Debug, Default)]
pub struct Archive {
    held: BTreeSet<(u8, String, String)>,
    /// What it has or had. Of what it added and took away again, our service may have a copy by what
    /// it can know, as long as ours says nothing of that series.
    had: BTreeSet<String>,
    instances: u64,
}

impl Archive {
    /// Whether it has an instance, or had one.
    pub fn had(&self, uid: &str) -> bool {
        self.had.contains(uid)
    }

    /// Whether it has anything of a study.
    pub fn has_part_in(&self, study: u8) -> bool {
        self.held.iter().any(|(of, _, _)| *of == study)
    }
}

/// Perhaps it stores something, or deletes it.
pub fn meddle(state: &mut State, now: &str) {
    if !state.plan.fhir_lies.archive || state.calm || state.others.u8(..ONE_OF) != 0 {
        return;
    }
    let studies = state.stored.of_type("ImagingStudy");
    let studies: Vec<_> = studies.filter_map(|(_, it)| study_of(it)).collect();
    let Some(study) = state.others.choice(studies) else {
        return;
    };
    let held = state.archive.held.iter().filter(|(of, _, _)| *of == study);
    let held: Vec<_> = held.cloned().collect();
    if state.others.u8(..3) == 0
        && let Some(gone) = state.others.choice(held)
    {
        if cast(state, &gone, Action::Delete, now) {
            state.archive.held.remove(&gone);
            state.happened("another archive deletes");
        }
        return;
    }
    let stored = choose(state, study);
    if cast(state, &stored, Action::Create, now) {
        state.archive.had.insert(stored.2.clone());
        state.archive.held.insert(stored);
        state.happened("another archive stores");
    }
}

/// An instance of its own, or the copy of one of ours.
fn choose(state: &mut State, study: u8) -> (u8, String, String) {
    let all = state.instances.iter().enumerate();
    let ours = all.filter(|(_, it)| it.study == study && it.current.is_some());
    let ours: Vec<_> = ours.map(|(at, _)| super::world::instance_uid(at)).collect();
    if state.others.bool()
        && let Some(copy) = state.others.choice(ours)
    {
        return (study, format!("{}.1", study_uid(study)), copy);
    }
    state.archive.instances += 1;
    let uid = format!("8.8.{}", state.archive.instances);
    (study, own_series(study), uid)
}

fn own_series(study: u8) -> String {
    format!("{}.9", study_uid(study))
}

/// Does as radcast does for it, with nobody in between.
fn cast(
    state: &mut State,
    (study, series, instance): &(u8, String, String),
    action: Action,
    now: &str,
) -> bool {
    let Some(rules) = its_rules(state) else {
        return false;
    };
    let mut world = CastWorld::default();
    for (_, resource) in state.stored.all() {
        world.put(&resource.to_string());
    }
    let before = world.resources.clone();
    let key = key(&study_uid(*study), series, instance);
    let change = change(state, *study, &key, action, &rules);
    if world.cast_by(&rules, [change]).is_err() {
        return false;
    }
    for name in before.keys() {
        if !world.resources.contains_key(name) {
            state.stored.remove(name);
        }
    }
    for (name, json) in &world.resources {
        if before.get(name) != Some(json) {
            let resource = serde_json::from_str(json).unwrap();
            state.stored.put(name, resource, now);
        }
    }
    true
}

/// Its rules, once it is known whose patient ids have no issuer.
fn its_rules(state: &State) -> Option<Rules> {
    let mut its = Rules {
        dicom_endpoint: ADDRESS.into(),
        ..rules()
    };
    let is_stated = (0..3).any(|study| issuers::stated(state, study).1.is_some());
    if is_stated {
        let home = state.home_issuer.as_ref()?;
        its.know_home(&Issuer {
            name: home.name.clone(),
            universal_id: home.universal_id.clone(),
        });
    }
    Some(its)
}

fn change(state: &State, study: u8, key: &InstanceKey, action: Action, rules: &Rules) -> Change {
    let element = |vr: &str, value: &str| format!(r#"{{"vr":"{vr}","Value":["{value}"]}}"#);
    let (id, issuer) = issuers::stated(state, study);
    let id = element("LO", id);
    let issuer = issuer.map(|issuer| element("LO", issuer));
    let issuer = issuer.iter().map(|json| ("00100021", json.as_str()));
    let elements: Vec<_> = issuer.chain([("00100020", id.as_str())]).collect();
    let dataset = (action == Action::Create).then(|| dataset(key, &elements));
    Change::read(1, key.clone(), action, dataset.as_ref(), rules).unwrap()
}

/// Whether an Endpoint is its own.
pub fn is_its_endpoint(endpoint: &Value) -> bool {
    text(&endpoint["address"]).starts_with(ADDRESS)
}

/// What it says of a study stays when we write that.
pub fn watch(state: &mut State, name: &str, before: Option<&Value>, after: &Value) {
    let (Some(study), Some(before)) = (study_of(after), before) else {
        return;
    };
    let series = |of: &Value, uid: &str| {
        let mut series = items(&of["series"]);
        series.find(|it| text(&it["uid"]) == uid).cloned()
    };
    let own = own_series(study);
    if series(before, &own) != series(after, &own) {
        state.violate(format!("{name}: the series of another archive is changed"));
    }
    let lists = |(_, of, uid): &&(u8, String, String)| {
        let listed = series(after, of).unwrap_or_default();
        items(&listed["instance"]).any(|it| text(&it["uid"]) == uid)
    };
    let mut held = state.archive.held.iter().filter(|(of, _, _)| *of == study);
    let lost = held.find(|it| !lists(it)).cloned();
    if let Some((_, _, uid)) = lost {
        state.violate(format!("{name} lists {uid} of another archive no more"));
    }
    let of_others = |of: &Value| {
        let its = |it: &&Value| {
            let endpoint = state.stored.newest(text(&it["reference"]));
            endpoint.is_some_and(|it| is_its_endpoint(it))
        };
        let of_series = items(&of["series"]).map(|series| items(&series["endpoint"]).filter(its));
        let of_series: usize = of_series.map(Iterator::count).sum();
        (items(&of["endpoint"]).filter(its).count(), of_series)
    };
    if of_others(before) != of_others(after) {
        state.violate(format!("{name} names another archive otherwise"));
    }
}
