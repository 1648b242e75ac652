//! `Observation`: what is said about an instance, found, brought in step, removed with it.
//!
//! | element | where it comes from |
//! |---|---|
//! | `identifier` | SOP Instance UID, of an irradiation event its own UID too: `identity.rs` |
//! | `status`, `code`, `effective[x]`, `issued`, `device`, `performer`, `bodySite`, `component` | `rows.rs`; read by the room of the kind: `dose/` |
//! | `subject`, `partOf`, `hasMember` | references: `links.rs` |
//! | `meta.source` | our service, for a new one |
//!
//! What others added stays; what the instance does not say any more goes. What dicom-cast wrote is
//! taken away by `healing.rs` once the same is said here.

pub(super) mod body;
pub(crate) mod component;
mod concept;
pub(crate) mod dose;
mod healing;
mod identity;
mod links;
mod mapping;
pub(crate) mod rows;
mod said;
mod searches;
mod stock;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::failure::Failure;

use super::change::Attributes;
use super::edit::EditError;
use super::object::Object;
use super::query::Query;
use super::reading::Reading;
use super::stored::Stored;
use super::write::full_url;
use super::{Resource, Rules, StudyDelta, Write, element};
use identity::Identity;
pub(super) use links::Links;
pub(super) use mapping::mapping;
pub(super) use said::Said;
use said::Which;
use stock::{Shelf, Stock};

const TYPE: &str = "Observation";

/// What an entry says in Observations; nothing for nearly all.
pub(super) type Statements = Arc<[Said]>;

/// Reads what an entry says in Observations.
pub(super) fn read(reading: &mut Reading<'_>) -> Statements {
    if reading.rules.dose_observations {
        dose::read(reading).into()
    } else {
        Statements::default()
    }
}

/// Brings the Observations of a study's instances in step with a delta. `links` is none when the
/// delta only removes.
pub(super) fn merge(
    delta: &StudyDelta,
    links: Option<&Links>,
    found: &[Resource],
    rules: &Rules,
) -> Result<Vec<Write>, Failure> {
    let is_silent = |(_, said): (_, &Attributes)| said.observations.is_empty();
    if found.is_empty() && delta.statements().all(is_silent) {
        return Ok(Vec::new());
    }
    let instances = instances(delta);
    let (mut writes, shelf) = (Vec::new(), Shelf::of(found)?);
    for (instance, said) in &instances {
        let identity = Identity::new(delta.study(), instance, rules);
        let stock = Stock::of(&identity, &shelf)?;
        writes.extend(merge_instance(&identity, said, links, stock, rules)?);
    }
    let said = instances.values().flat_map(|said| said.iter());
    writes.extend(superseded(delta, &healing::components(said), &shelf)?);
    Ok(writes)
}

/// What is said about each instance at last: nothing of those that are gone, or no reports.
fn instances(delta: &StudyDelta) -> BTreeMap<&str, &[Said]> {
    let removed = delta.removed().iter();
    let removed = removed.map(|uids| (uids.instance.as_str(), &[][..]));
    let stated = delta
        .statements()
        .map(|(change, said)| (change.key().instance.as_str(), &*said.observations));
    removed.chain(stated).collect()
}

/// Brings the Observations of one instance in step; those that are not said any more go.
fn merge_instance(
    identity: &Identity<'_>,
    said: &[Said],
    links: Option<&Links>,
    mut stock: Stock,
    rules: &Rules,
) -> Result<Vec<Write>, Failure> {
    let mut writes = Vec::new();
    let mut members = Vec::new();
    let is_summary = |said: &&Said| said.which == Which::DoseSummary;
    let (summaries, events): (Vec<_>, Vec<_>) = said.iter().partition(is_summary);
    // The summary refers to the events.
    for one in events.into_iter().chain(summaries) {
        let Some(links) = links else { break };
        let query = identity.create_query(&one.which, stock.has_twins);
        let stored = stock.take(&one.which, &query)?;
        let is_scoped = stock.has_twins && stored.is_none();
        let put = |object: &mut Object| {
            identity.ensure(object, &one.which, is_scoped)?;
            rows::put_all(&one.facts, object)?;
            links.put(object)?;
            if is_summary(&one) {
                links::put_members(object, &members, &stock.references())?;
            }
            Ok(())
        };
        let (reference, write) = write(stored, &query, rules, put)?;
        writes.extend(write);
        members.push(reference);
    }
    writes.extend(stock.delete(rules)?);
    Ok(writes)
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
    reports: &[serde_json::Value],
    found: &Shelf<'_>,
) -> Result<Vec<Write>, Failure> {
    if reports.is_empty() || delta.study().partition().is_some() {
        return Ok(Vec::new());
    }
    let query = Query::new(TYPE);
    let mut writes = Vec::new();
    for resource in found.all() {
        let superseded =
            |object: &Object| healing::is_superseded(object, delta.study().uid(), reports);
        let stored = Stored::single(std::slice::from_ref(resource), &query, superseded)?;
        writes.extend(stored.map(Stored::delete));
    }
    Ok(writes)
}
