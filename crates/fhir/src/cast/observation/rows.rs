//! The mapping of an `Observation`, element by element. What is said is read by the room of its
//! kind: `dose/`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde_json::Value;

use super::super::edit::EditError;
use super::super::fact::{Fact, Facts};
use super::super::object::Object;
use super::super::row::{Put, Row};
use super::super::{marked, put};

/// The elements that are managed beside `identifier`, `subject`, `partOf` and `hasMember`.
pub(crate) const ROWS: &[Row] = &[
    row(
        &[tags::COMPLETION_FLAG, tags::VERIFICATION_FLAG],
        "status",
        put_status,
        "`final` when complete or verified, else `preliminary`; what a person made of it stays",
    ),
    row(
        &[tags::CONCEPT_NAME_CODE_SEQUENCE],
        "code",
        put_code,
        "LOINC 73569-6 for the summary of a report, (113852, DCM) for an irradiation event",
    ),
    row(
        &[tags::DATE_TIME, tags::TIMEZONE_OFFSET_FROM_UTC],
        EFFECTIVE,
        put_effective,
        "start and end of irradiation; for a summary without, Content Date and Content Time",
    ),
    row(
        &[
            tags::CONTENT_DATE,
            tags::CONTENT_TIME,
            tags::TIMEZONE_OFFSET_FROM_UTC,
        ],
        "issued",
        put::date_time,
        "only with an offset or a configured zone",
    ),
    row(
        &[
            tags::MANUFACTURER,
            tags::MANUFACTURER_MODEL_NAME,
            tags::DEVICE_SERIAL_NUMBER,
            tags::DEVICE_UID,
        ],
        "device",
        marked::put_one,
        "the device observer (TID 1004), else the equipment: a logical reference by UID or serial \
         number",
    ),
    row(
        &[tags::PERSON_NAME],
        "performer",
        marked::put_list,
        "the person observers (TID 1003), by name",
    ),
    row(
        &[tags::CONCEPT_CODE_SEQUENCE],
        "bodySite",
        marked::put_one,
        "(123014, DCM) Target Region of an event",
    ),
    row(
        &[tags::CONTENT_SEQUENCE],
        "component",
        marked::put_list,
        "one for each content item with a name below",
    ),
];

/// The element of `effective[x]` that names its row.
const EFFECTIVE: &str = "effectiveDateTime";
const PERIOD: &str = "effectivePeriod";

const fn row(tags: &'static [Tag], element: &'static str, put: Put, rule: &'static str) -> Row {
    Row::optional(tags, element, |_, _| None, put).rule(rule)
}

/// Brings an Observation in step with what its instance says. Only that instance speaks of it, so
/// that what is not said any more goes, if it is ours.
pub(super) fn put_all(facts: &Facts, observation: &mut Object) -> Result<(), EditError> {
    for (at, row) in ROWS.iter().enumerate() {
        match facts.get(at) {
            Some(fact) => row.bring(observation, fact)?,
            None => marked::remove(observation, row)?,
        }
    }
    Ok(())
}

/// What the report says, unless a person has amended, corrected or withdrawn it.
fn put_status(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let stored = object.text(row.element)?;
    match stored.as_deref() {
        None | Some("registered" | "preliminary" | "final") => put::text(object, row, fact),
        Some(_) => Ok(()),
    }
}

/// A code that others may have given more codings.
fn put_code(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Json(json) = fact else {
        return Err(EditError::Build(row.element));
    };
    let parse = |json: &str| {
        let parsed = serde_json::from_str::<Value>(json);
        parsed.map_err(|_| EditError::shape(row.element))
    };
    let wanted = parse(json)?;
    if let Some(stored) = object.get(row.element)
        && says_code(&parse(stored.get())?, &wanted)
    {
        return Ok(());
    }
    object.set(row.element, &wanted)
}

/// Whether a stored CodeableConcept has the system and code of the wanted one.
pub(super) fn says_code(stored: &Value, wanted: &Value) -> bool {
    let codings = |concept: &Value| -> Vec<Value> {
        let list = concept.get("coding").and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let stored = codings(stored);
    codings(wanted).iter().all(|wanted| {
        let same = |name: &str, other: &Value| wanted.get(name) == other.get(name);
        let mut stored = stored.iter();
        stored.any(|other| same("system", other) && same("code", other))
    })
}

/// A moment or a period, and no other form beside it.
fn put_effective(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let others: &[&str] = match fact {
        Fact::Text(moment) => {
            put::set_moment(object, row.element, moment)?;
            &[PERIOD]
        }
        Fact::Json(json) => {
            put_period(object, json)?;
            &[EFFECTIVE, "_effectiveDateTime"]
        }
        _ => return Err(EditError::Build(row.element)),
    };
    for other in others
        .iter()
        .chain(&["effectiveTiming", "effectiveInstant"])
    {
        object.remove(other);
    }
    Ok(())
}

fn put_period(object: &mut Object, json: &str) -> Result<(), EditError> {
    let wanted: Value = serde_json::from_str(json).map_err(|_| EditError::Build(PERIOD))?;
    let Some(mut stored) = object.object(PERIOD)? else {
        return object.set(PERIOD, &wanted);
    };
    for name in ["start", "end"] {
        let text = wanted.get(name).and_then(Value::as_str).unwrap_or_default();
        put::set_moment(&mut stored, name, text).map_err(|error| error.within(PERIOD))?;
    }
    if stored.changed() {
        object.set(PERIOD, &stored)?;
    }
    Ok(())
}
