//! `Observation`: weight and height of the patient as measured for a study, one of each per study
//! (FHIR's profiles of vital signs, R4 observation-vitalsigns).
//!
//! They carry the study's identifier: its UID or, outside the default partition, where equal UIDs
//! may occur again, the one that names the partition. They go with the study's last instance.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use radcast_dicom::{Decimal, InvalidValue, Reason};
use radcast_engine::failure::Failure;

use super::super::disagreement::{Disagreement, Statement, resolve};
use super::super::edit::EditError;
use super::super::fact::{Fact, Facts};
use super::super::imaging_study::is_ours;
use super::super::marked::says;
use super::super::object::Object;
use super::super::query::Query;
use super::super::reading::{self, Reading};
use super::super::row::Row;
use super::super::stored::Stored;
use super::super::{Resource, Rules, StudyDelta, StudyKey, Write, identifier, put};
use super::concept::{Concept, Scheme};
use super::identity::{dicom_uid, has_code};
use super::{Links, TYPE};

const WEIGHT: Concept = loinc("29463-7", "Body weight");
const HEIGHT: Concept = loinc("8302-2", "Body height");

/// The mapping: a row for each Observation, and what both have.
pub(crate) const ROWS: &[Row] = &[
    Row::optional(&[tags::PATIENT_WEIGHT], "valueQuantity", weight, put_value)
        .part("LOINC 29463-7")
        .rule("In kg, with the digits that it has; zero stands for unknown."),
    Row::optional(&[tags::PATIENT_SIZE], "valueQuantity", height, put_value)
        .part("LOINC 8302-2")
        .rule("Metres as cm, with the digits that it has; zero stands for unknown."),
    Row::optional(
        &[
            tags::STUDY_DATE,
            tags::STUDY_TIME,
            tags::TIMEZONE_OFFSET_FROM_UTC,
        ],
        "effectiveDateTime",
        reading::date_time,
        put::date_time,
    )
    .qualified()
    .finer_by(put::is_finer)
    .part("weight and height")
    .rule("As ImagingStudy.started."),
];

/// The rows that are Observations.
const MEASURED: usize = 2;

/// The height in metres that no patient has: such numbers are centimetres.
const TOO_HIGH: f64 = 10.0;

const fn loinc(code: &'static str, meaning: &'static str) -> Concept {
    Concept {
        code,
        scheme: Scheme::Loinc,
        earlier: &[],
        meaning,
    }
}

/// Whether anything was measured; the rest says nothing by itself.
pub(in crate::cast) fn is_measured(facts: &Facts) -> bool {
    (0..MEASURED).any(|row| facts.get(row).is_some())
}

/// The search for those that a delta speaks of, or that go with a study that it may empty.
pub(super) fn search(delta: &StudyDelta, rules: &Rules) -> Option<Query> {
    if !rules.body_observations {
        return None;
    }
    let is_said = |row: usize| {
        let mut said = delta.statements();
        said.any(|(_, said)| said.body.get(row).is_some())
    };
    let may_empty = delta.statements().next().is_none();
    let rows = [&WEIGHT, &HEIGHT].into_iter().enumerate();
    let wanted = rows.filter(|(row, _)| may_empty || is_said(*row));
    let codes: Vec<_> = wanted
        .map(|(_, concept)| (concept.scheme.system().to_owned(), concept.code.to_owned()))
        .collect();
    let identified = Query::new(TYPE).any_token("identifier", &[token(delta.study(), rules)]);
    (!codes.is_empty()).then(|| identified.any_token("code", &codes))
}

/// System and value of the identifier that they carry.
fn token(study: &StudyKey, rules: &Rules) -> (String, String) {
    match study.partition() {
        None => dicom_uid(study.uid()),
        partition => (rules.study_system(partition), study.uid().to_owned()),
    }
}

/// Brings them in step with what entries say.
pub(in crate::cast) fn merge(
    delta: &StudyDelta,
    links: &Links,
    found: &[Resource],
    rules: &Rules,
    disagreements: &mut Vec<Disagreement>,
) -> Result<Vec<Write>, Failure> {
    let statements = delta.statements();
    let said: Vec<Statement<'_>> = statements
        .map(|(change, said)| (change.key(), &said.body))
        .collect();
    let facts = resolve(
        ROWS.get(..MEASURED).unwrap_or_default(),
        &said,
        disagreements,
    );
    // That instances disagree on the date is told of by the study.
    let moment = resolve(ROWS, &said, &mut Vec::new()).pop().flatten();
    let mut writes = Vec::new();
    for ((row, concept), fact) in ROWS.iter().zip([&WEIGHT, &HEIGHT]).zip(facts) {
        let Some(fact) = fact else { continue };
        let query = query(delta.study(), concept, rules);
        let stored = find(delta.study(), concept, found, rules)?;
        if fact.is_emptied() {
            writes.extend(emptied(stored, delta, rules)?);
            continue;
        }
        if stored.is_some() && delta.is_late() {
            continue;
        }
        let put = |object: &mut Object| {
            describe(object, concept)?;
            let (system, value) = token(delta.study(), rules);
            identifier::ensure(object, None, Some(&system), &value)?;
            links.put(object, rules)?;
            row.bring(object, fact)?;
            match (ROWS.last(), moment) {
                (Some(row), Some(moment)) => row.bring(object, moment),
                _ => Ok(()),
            }
        };
        let (_, write) = super::write(stored, &query, rules, put)?;
        writes.extend(write);
    }
    Ok(writes)
}

/// The delete of one that we made, of which an update says that nothing was measured.
fn emptied(
    stored: Option<Stored>,
    delta: &StudyDelta,
    rules: &Rules,
) -> Result<Option<Write>, Failure> {
    let Some(stored) = stored.filter(|_| delta.may_remove()) else {
        return Ok(None);
    };
    let is_ours = is_ours(&stored.object, rules);
    let is_ours = is_ours.map_err(|error| error.into_failure(&stored.reference()))?;
    Ok(is_ours.then(|| stored.delete()))
}

/// The deletes of those that we made, once the study has no instance left.
pub(in crate::cast) fn remove(
    study: &StudyKey,
    found: &[Resource],
    rules: &Rules,
) -> Result<Vec<Write>, Failure> {
    let mut writes = Vec::new();
    for concept in [&WEIGHT, &HEIGHT] {
        if let Some(stored) = find(study, concept, found, rules)? {
            let is_ours = is_ours(&stored.object, rules);
            if is_ours.map_err(|error| error.into_failure(&stored.reference()))? {
                writes.push(stored.delete());
            }
        }
    }
    Ok(writes)
}

/// The condition under which one of them is created.
fn query(study: &StudyKey, concept: &Concept, rules: &Rules) -> Query {
    let (system, value) = token(study, rules);
    let identified = Query::new(TYPE).token("identifier", Some(&system), &value);
    identified.token("code", Some(concept.scheme.system()), concept.code)
}

fn find(
    study: &StudyKey,
    concept: &Concept,
    found: &[Resource],
    rules: &Rules,
) -> Result<Option<Stored>, Failure> {
    let (system, value) = token(study, rules);
    Stored::single(found, &query(study, concept, rules), |object| {
        Ok(has_code(object, concept)? && identifier::carries(object, Some(&system), &value)?)
    })
}

/// What it is, where nothing tells.
fn describe(observation: &mut Object, concept: &Concept) -> Result<(), EditError> {
    let vital_signs = json!([{
        "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "vital-signs",
        }],
    }]);
    let all = [
        ("status", json!("final")),
        ("category", vital_signs),
        ("code", concept.codeable(&[])),
    ];
    for (name, value) in &all {
        if observation.get(name).is_none() {
            observation.set(name, value)?;
        }
    }
    Ok(())
}

/// `Quantity`, its number in the digits that the dataset has.
#[derive(Serialize)]
struct Quantity<'a> {
    value: Box<RawValue>,
    unit: &'a str,
    system: &'a str,
    code: &'a str,
}

fn quantity(number: String, unit: &str) -> Option<Fact> {
    Fact::json(&Quantity {
        value: RawValue::from_string(number).ok()?,
        unit,
        system: "http://unitsofmeasure.org",
        code: unit,
    })
}

fn weight(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let kilograms = measured(reading, *tags.first()?, f64::INFINITY)?;
    quantity(kilograms.as_str().to_owned(), "kg")
}

fn height(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let metres = measured(reading, *tags.first()?, TOO_HIGH)?;
    quantity(hundredfold(metres.as_str()), "cm")
}

/// A number above zero, below a bound. Devices write zero for what nobody measured.
fn measured(reading: &mut Reading<'_>, tag: Tag, bound: f64) -> Option<Decimal> {
    let read = reading.dataset.decimal(tag);
    let decimal = reading.accept(read)?;
    let number: f64 = decimal.as_str().parse().ok()?;
    if number < 0.0 || number >= bound {
        reading.reject(InvalidValue::new(tag, Reason::OutOfRange));
        return None;
    }
    (number > 0.0).then_some(decimal)
}

/// A hundred times a number, digit by digit: `1.755` as `175.5`.
fn hundredfold(number: &str) -> String {
    if let Some((mantissa, exponent)) = number.split_once('e') {
        return format!("{}e{exponent}", hundredfold(mantissa));
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let padded = format!("{fraction:0<2}");
    let (up, rest) = padded.split_at_checked(2).unwrap_or((&padded, ""));
    let whole = format!("{whole}{up}");
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        significant => significant,
    };
    match rest {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

/// The value, and no other form of one beside it.
fn put_value(observation: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Json(json) = fact else {
        return Err(EditError::Build(row.element));
    };
    observation.remove("dataAbsentReason");
    let parse = |json: &str| {
        let value: Result<Value, _> = serde_json::from_str(json);
        value.map_err(|_| EditError::shape(row.element))
    };
    if let Some(stored) = observation.get(row.element)
        && says(&parse(stored.get())?, &parse(json)?)
    {
        return Ok(());
    }
    let raw: Box<RawValue> =
        serde_json::from_str(json).map_err(|_| EditError::Build(row.element))?;
    observation.set(row.element, &raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredfold_keeps_the_digits() {
        for (metres, centimetres) in [
            ("1.75", "175"),
            ("1.755", "175.5"),
            ("1.8", "180"),
            ("2", "200"),
            ("0.5", "50"),
            ("0.052", "5.2"),
            ("0.005", "0.5"),
            ("1.750", "175.0"),
            ("1.75e0", "175e0"),
            ("17.5e-1", "1750e-1"),
        ] {
            assert_eq!(hundredfold(metres), centimetres, "{metres}");
        }
    }
}
