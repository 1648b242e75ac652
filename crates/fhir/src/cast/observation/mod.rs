//! `Observation`: what is said about an instance, found, brought in step, removed with it.
//!
//! | element | where it comes from |
//! |---|---|
//! | `identifier` | study, series and SOP Instance UID of a report; study and event UID: `identity.rs` |
//! | `status`, `code`, `effective[x]`, `issued`, `device`, `performer`, `bodySite`, `component` | `rows.rs`; read by the room of the kind: `dose/` |
//! | `subject`, `partOf`, `hasMember` | references: `links.rs` |
//! | `meta.source` | our service, for a new one |
//!
//! A summary is of one report (`summaries.rs`), an irradiation event of all reports of the study that
//! state it (`events.rs`). A search finds those of other studies too, which `stock.rs` leaves aside.
//!
//! What others added stays; what the instance does not say any more goes. What dicom-cast wrote is
//! taken away by `healing.rs` once the same is said here.

pub(super) mod body;
pub(crate) mod component;
mod concept;
pub(crate) mod dose;
mod events;
mod healing;
mod identity;
mod links;
mod mapping;
mod place;
mod pool;
mod reports;
pub(crate) mod rows;
mod said;
mod searches;
mod stock;
mod summaries;

use std::collections::HashSet;
use std::sync::Arc;

use radcast_engine::failure::Failure;

use super::change::Attributes;
use super::edit::EditError;
use super::object::Object;
use super::query::Query;
use super::reading::Reading;
use super::stored::Stored;
use super::write::full_url;
use super::{Found, Resource, Rules, StudyDelta, Write, element};
use events::Merging;
use identity::Identity;
pub(super) use links::Links;
pub(super) use mapping::mapping;
use place::Place;
use reports::Reports;
pub(super) use said::Said;
use stock::Stock;

const TYPE: &str = "Observation";

/// What an entry says in Observations; nothing for nearly all.
pub(super) type Statements = Arc<[Said]>;

/// Reads what an entry says in Observations.
pub(super) fn read(reading: &mut Reading<'_>) -> Statements {
    if reading.rules.dose_observations {
        let said = dose::read(reading);
        if !said.is_empty() {
            reading.reject_unread(rows::ROWS.iter().flat_map(|row| row.tags));
        }
        said.into()
    } else {
        Statements::default()
    }
}

/// Brings the Observations of a study's instances in step with a delta. `links` is none when the
/// delta only removes.
///
/// The writes may be sent one after the other: none refers to a later one, and nothing is deleted
/// to which one still refers.
pub(super) fn merge(
    delta: &StudyDelta,
    links: Option<&Links>,
    found: &Found,
    rules: &Rules,
) -> Result<Vec<Write>, Failure> {
    let is_silent = |(_, said): (_, &Attributes)| said.observations.is_empty();
    if found.observations.is_empty() && delta.statements().all(is_silent) {
        return Ok(Vec::new());
    }
    let reports = Reports::of(delta);
    let identity = Identity::new(delta.study(), rules);
    let place = Place::new(delta, links, &found.study, rules)?;
    let observations = each_once(&found.observations);
    let mut stock = Stock::of(&identity, &place, &reports, &observations)?;
    let merging = Merging {
        delta,
        reports: &reports,
        identity: &identity,
        links,
        study: &found.study,
        rules,
    };
    let events = merging.events(std::mem::take(&mut stock.events))?;
    let summaries = merging.summaries(&mut stock, &events)?;
    let mut writes = events.writes;
    writes.extend(summaries);
    writes.extend(events.deletes);
    writes.extend(stock.release(&place)?);
    writes.extend(superseded(delta, &reports, &observations)?);
    Ok(writes)
}

/// Returns the found Observations, each once: several searches may find one.
pub(super) fn each_once(found: &[Resource]) -> Vec<Resource> {
    let mut known = HashSet::new();
    let mut once = found.to_vec();
    once.retain(|resource| {
        let is_observation = resource.resource_type().as_deref() == Some(TYPE);
        is_observation && resource.id().is_none_or(|id| known.insert(id))
    });
    once
}

/// The reference to an Observation, and the write that creates it or brings it in step.
fn write(
    stored: Option<Stored>,
    query: &Query,
    rules: &Rules,
    put: impl FnOnce(&mut Object) -> Result<(), EditError>,
) -> Result<(String, Option<Write>), Failure> {
    if let Some(mut stored) = stored {
        let reference = stored.reference();
        restore(&mut stored.object).map_err(|error| error.into_failure(&reference))?;
        put(&mut stored.object).map_err(|error| error.into_failure(&reference))?;
        return Ok((reference, stored.update()));
    }
    let mut object = Object::default();
    object
        .set("resourceType", TYPE)
        .and_then(|()| object.set("meta", &element::meta(&rules.source())?))
        .and_then(|()| put(&mut object))
        .map_err(|error| error.into_failure(TYPE))?;
    Ok((full_url(query), Some(Write::create(query, object))))
}

/// The deletes of what dicom-cast wrote and reports say now.
fn superseded(
    delta: &StudyDelta,
    reports: &Reports<'_>,
    found: &[Resource],
) -> Result<Vec<Write>, Failure> {
    let said = healing::components(reports.said());
    if said.is_empty() || delta.study().partition().is_some() {
        return Ok(Vec::new());
    }
    let query = Query::new(TYPE);
    let mut writes = Vec::new();
    for resource in found {
        let superseded =
            |object: &Object| healing::is_superseded(object, delta.study().uid(), &said);
        let stored = Stored::single(std::slice::from_ref(resource), &query, superseded)?;
        writes.extend(stored.map(Stored::delete));
    }
    Ok(writes)
}

/// The extension of an Observation that was to be deleted, by which it is told from one that a person
/// marked as entered in error.
const DELETED: &str = "https://radcast.invalid/fhir/StructureDefinition/deleted";

const RETRACTED: &str = "entered-in-error";

/// The writes, with an update in the place of each delete: what cannot be deleted is marked as entered
/// in error, unless it is already.
pub(super) fn retract(writes: Vec<Write>, found: &[Resource]) -> Result<Vec<Write>, Failure> {
    let query = Query::new(TYPE);
    let mut retracted = Vec::with_capacity(writes.len());
    for write in writes {
        let Write::Delete { id, .. } = &write else {
            retracted.push(write);
            continue;
        };
        let is_it = |resource: &&Resource| resource.id().as_ref() == Some(id);
        let Some(resource) = found.iter().find(is_it) else {
            continue;
        };
        let mut stored = Stored::new(resource, &query)?;
        let mark = mark(&mut stored.object);
        mark.map_err(|error| error.into_failure(&stored.reference()))?;
        retracted.extend(stored.update());
    }
    Ok(retracted)
}

fn mark(observation: &mut Object) -> Result<(), EditError> {
    if observation.text("status")?.as_deref() == Some(RETRACTED) {
        return Ok(());
    }
    observation.set("status", RETRACTED)?;
    let mark = serde_json::json!({ "url": DELETED, "valueBoolean": true });
    observation.push("extension", &mark)
}

/// Takes back that an Observation was to be deleted: what it says is said again.
fn restore(observation: &mut Object) -> Result<(), EditError> {
    let mut items = observation.list("extension")?;
    let before = items.len();
    let is_mark = |json: &str| {
        let item = Object::parse(json).and_then(|item| item.text("url").ok().flatten());
        item.as_deref() == Some(DELETED)
    };
    items.retain(|item| !is_mark(item.get()));
    if items.len() == before {
        return Ok(());
    }
    observation.set_list("extension", &items)?;
    observation.set_text("status", "final")
}
