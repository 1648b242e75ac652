//! `Patient`: what entries say about it, and bringing the stored one in step. What is mapped stands
//! in `rows.rs`.

mod address;
mod animal;
mod contact;
mod ethnicity;
mod extension;
mod holder;
mod identity;
mod member;
mod mismatch;
mod name;
mod other_ids;
mod other_names;
mod redaction;
pub(super) mod rows;
pub(super) mod subject;
mod telecom;

use std::fmt;

use crate::options::PatientPolicy;
use radcast_engine::failure::{Code, Failure};

use super::disagreement::{Disagreement, Statement, resolve};
use super::edit::EditError;
use super::fact::{Fact, Facts};
use super::mapping::{MappedResource, of_rows};
use super::object::Object;
use super::query::Query;
use super::row::put_all;
use super::{
    Found, Merged, Notice, PatientKey, ResourceName, Rules, StudyDelta, Write, stored_values,
};
use holder::{Holder, People, Unresolved};
pub(super) use identity::new_issuer;
pub(super) use rows::ROWS;

const TYPE: &str = "Patient";

pub(super) fn mapping() -> MappedResource {
    MappedResource {
        resource_type: TYPE,
        rows: of_rows(TYPE, ROWS).collect(),
    }
}

/// What one entry says about the patient. Entries that say the same commute on the `Patient`.
#[derive(Clone, Eq)]
pub struct PatientFacts {
    key: PatientKey,
    facts: Facts,
}

impl PatientFacts {
    /// The facts of [`ROWS`]; `None` when there is no identity among them.
    pub(super) fn of(facts: Facts) -> Option<Self> {
        match facts.get(0) {
            Some(Fact::Patient(key)) => Some(Self {
                key: PatientKey::clone(key),
                facts,
            }),
            _ => None,
        }
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Which patient.
    #[must_use]
    pub fn key(&self) -> &PatientKey {
        &self.key
    }
}

impl PartialEq for PatientFacts {
    /// The key is one of the facts.
    fn eq(&self, other: &Self) -> bool {
        self.facts == other.facts
    }
}

impl fmt::Debug for PatientFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientFacts(..)")
    }
}

/// The search by identity.
pub(super) fn query(key: &PatientKey) -> Query {
    Query::new(TYPE).token("identifier", key.system.as_deref(), &key.id)
}

/// The patients that have to be read to know which one is named, and whether the study is theirs.
pub(super) fn follow_ups(
    delta: &StudyDelta,
    key: &PatientKey,
    found: &Found,
    rules: &Rules,
) -> Vec<ResourceName> {
    let people = People::of(found, rules);
    let mut names = match people.holder(key, &query(key)) {
        Err(Unresolved::Unread(names)) => names,
        Err(Unresolved::Failed(_)) => Vec::new(),
        // The study's patient may be the one that is named, whatever the search found.
        Ok(_) => people.unread_survivors(subject::follow_up(delta, key, found, rules)),
    };
    names.retain(|name| !people.knows(name));
    names
}

/// The reference to the patient, and the write that creates or corrects it. Entries that speak of
/// another person are refused.
fn put(
    delta: &StudyDelta,
    key: &PatientKey,
    holder: Option<Holder>,
    rules: &Rules,
    merged: &mut Merged,
) -> Result<String, Failure> {
    let facts = resolve_facts(delta, key, &mut merged.disagreements);
    let Some(holder) = holder else {
        mismatch::check(delta, key, None)?;
        let (reference, write) = create(&facts, &query(key), rules)?;
        merged.writes.extend(write);
        return Ok(reference);
    };
    let Holder {
        mut stored,
        is_known_by_own_id,
        is_active,
    } = holder;
    let reference = stored.reference();
    if is_known_by_own_id {
        mismatch::check(delta, key, Some(&stored))?;
    }
    if !is_active {
        merged.notices.push(Notice::InactivePatient {
            study: delta.study().clone(),
            patient: reference.clone(),
        });
    }
    let is_corrected = is_known_by_own_id && is_active;
    if is_corrected && rules.patient_policy == PatientPolicy::Synchronize {
        let statements = delta.statements();
        let statements: Vec<Statement<'_>> = statements
            .filter(|(_, said)| said.patient.key == *key)
            .map(|(change, said)| (change.key(), &said.patient.facts))
            .collect();
        let mut values = stored_values::Stored {
            delta,
            name: Some(&reference),
            notices: &mut merged.notices,
            counting: &mut merged.counting,
            put: delta.way_of_facts(),
        };
        let put = values.put(ROWS, &facts, &statements, &mut stored.object);
        put.map_err(|error| error.into_failure(&reference))?;
    }
    merged.writes.extend(stored.update());
    Ok(reference)
}

/// What counts of what entries say about this patient. That they name several patients is a
/// disagreement; that some name none is not.
fn resolve_facts<'a>(
    delta: &'a StudyDelta,
    key: &PatientKey,
    disagreements: &mut Vec<Disagreement>,
) -> Vec<Option<&'a Fact>> {
    let statements = |counts: &dyn Fn(&PatientKey) -> bool| -> Vec<Statement<'a>> {
        let all = delta.statements();
        all.filter(|(_, said)| counts(&said.patient.key))
            .map(|(change, said)| (change.key(), &said.patient.facts))
            .collect()
    };
    let named = statements(&|other| other.of_study == key.of_study);
    resolve(ROWS.get(..1).unwrap_or_default(), &named, disagreements);
    resolve(ROWS, &statements(&|other| other == key), disagreements)
}

fn create(
    facts: &[Option<&Fact>],
    query: &Query,
    rules: &Rules,
) -> Result<(String, Option<Write>), Failure> {
    if rules.patient_policy == PatientPolicy::LinkOnly {
        let message = format!("no Patient matches the search by {}", query.names());
        return Err(Failure::new(Code::FhirPatientMissing, message));
    }
    let object = new(facts).map_err(|error| error.into_failure(TYPE))?;
    let write = Write::create(query, object);
    Ok((super::write::full_url(query), Some(write)))
}

fn new(facts: &[Option<&Fact>]) -> Result<Object, EditError> {
    let mut patient = Object::default();
    patient.set("resourceType", TYPE)?;
    put_all(ROWS, facts, &mut patient)?;
    Ok(patient)
}
