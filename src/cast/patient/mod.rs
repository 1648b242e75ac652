//! `Patient`: what entries say about it, and bringing the stored one in step.

mod name;
mod redaction;

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::failure::Failure;

use super::disagreement::{Disagreement, Statement, resolve};
use super::edit::EditError;
use super::fact::{Fact, Facts};
use super::identifier;
use super::object::Object;
use super::query::Query;
use super::reading::{self, Reading};
use super::row::{Row, put_all, read_all};
use super::stored::Stored;
use super::{PatientKey, Resource, StudyDelta, Write, put};

const TYPE: &str = "Patient";

const NAME: &[Tag] = &[tags::PATIENT_NAME];

/// The mapping. The first row is the patient's identity.
const ROWS: &[Row] = &[
    Row::required(
        &[tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID],
        "identifier",
        read_identifier,
        put_identifier,
    ),
    Row::optional(NAME, "name", name::read_alphabetic, name::put_alphabetic)
        .present_if(name::has_alphabetic),
    Row::optional(NAME, "name", name::read_ideographic, name::put_ideographic)
        .present_if(name::has_ideographic),
    Row::optional(NAME, "name", name::read_phonetic, name::put_phonetic)
        .present_if(name::has_phonetic),
    Row::optional(&[tags::PATIENT_SEX], "gender", gender, put::text),
    Row::optional(
        &[tags::PATIENT_BIRTH_DATE],
        "birthDate",
        reading::date,
        put::text,
    ),
];

/// What one entry says about the patient. Entries that say the same commute on the `Patient`.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientFacts {
    key: PatientKey,
    facts: Facts,
}

impl PatientFacts {
    /// Reads the rows; `None` when there is no identity, which the reading then knows.
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let facts = read_all(ROWS, reading);
        match facts.get(0) {
            Some(Fact::Patient(key)) => Some(Self {
                key: key.clone(),
                facts,
            }),
            _ => None,
        }
    }

    /// Which patient.
    #[must_use]
    pub fn key(&self) -> &PatientKey {
        &self.key
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

/// The reference to the patient, and the write that creates or corrects it.
pub(super) fn merge(
    delta: &StudyDelta,
    key: &PatientKey,
    found: &[Resource],
    disagreements: &mut Vec<Disagreement>,
) -> Result<(String, Option<Write>), Failure> {
    let statements = |of_all: bool| -> Vec<Statement<'_>> {
        let all = delta.statements();
        let wanted = all.filter(|(_, said)| of_all || said.patient.key == *key);
        wanted
            .map(|(change, said)| (change.key(), &said.patient.facts))
            .collect()
    };
    resolve(
        ROWS.get(..1).unwrap_or_default(),
        &statements(true),
        disagreements,
    );
    let facts = resolve(ROWS, &statements(false), disagreements);
    let query = query(key);
    let identified =
        |patient: &Object| identifier::carries(patient, key.system.as_deref(), &key.id);
    if let Some(mut stored) = Stored::single(found, &query, identified)? {
        let reference = stored.reference();
        let put = delta.way_of_facts()(ROWS, &facts, &mut stored.object);
        put.map_err(|error| error.into_failure(&reference))?;
        return Ok((reference, stored.update()));
    }
    let object = create(&facts).map_err(|error| error.into_failure(TYPE))?;
    let write = Write::create(&query, object);
    Ok((super::write::full_url(&query), Some(write)))
}

fn create(facts: &[Option<&Fact>]) -> Result<Object, EditError> {
    let mut patient = Object::default();
    patient.set("resourceType", TYPE)?;
    put_all(ROWS, facts, &mut patient)?;
    Ok(patient)
}

/// PatientID with the configured system, or the issuer's when the rules say so. An issuer that
/// cannot be read leaves the identity open, and with it the entry.
fn read_identifier(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    let id = reading.dataset.text(tags::PATIENT_ID);
    let id = reading.accept(id);
    let system = if reading.rules.issuer_as_system {
        let issuer = reading.dataset.text(tags::ISSUER_OF_PATIENT_ID);
        let readable = issuer.is_ok();
        let issuer = reading.accept(issuer);
        readable.then_some(issuer)?
    } else {
        reading.rules.patient_system.clone()
    };
    let system = system.filter(|system| !system.is_empty()).map(Box::from);
    let id = id?.into_boxed_str();
    Some(Fact::Patient(PatientKey { system, id }))
}

fn put_identifier(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Patient(key) = fact else {
        return Err(EditError::Build(row.element));
    };
    identifier::ensure(patient, Some("MR"), key.system.as_deref(), &key.id)
}

fn gender(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    reading::term(reading, *tags.first()?, "M, F, O", |term| match term {
        "M" => Some("male"),
        "F" => Some("female"),
        "O" => Some("other"),
        _ => None,
    })
}
