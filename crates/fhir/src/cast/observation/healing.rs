//! Observations that dicom-cast wrote: it made new ones whenever it came past a report, all of them
//! identified by the study alone.

use serde_json::Value;

use super::super::edit::EditError;
use super::super::fact::Fact;
use super::super::identifier;
use super::super::marked::says;
use super::super::object::Object;
use super::dose::tables;
use super::identity::{dicom_uid, has_code};
use super::rows::{self, says_code};
use super::said::Said;

/// The members that dicom-cast gave an Observation, and those that servers add.
const MEMBERS: [&str; 11] = [
    "resourceType",
    "id",
    "meta",
    "text",
    "identifier",
    "partOf",
    "status",
    "code",
    "subject",
    "bodySite",
    "component",
];

/// Whether it is one of dicom-cast's, and says nothing that reports of the study do not say.
pub(super) fn is_superseded(
    observation: &Object,
    study: &str,
    reports: &[Value],
) -> Result<bool, EditError> {
    if !is_of_dicom_cast(observation, study)? {
        return Ok(false);
    }
    let components: Vec<Value> = observation.decode("component")?.unwrap_or_default();
    Ok(components
        .iter()
        .all(|component| is_said(component, reports)))
}

fn is_of_dicom_cast(observation: &Object, study: &str) -> Result<bool, EditError> {
    let (system, value) = dicom_uid(study);
    let plain = observation.names().all(|name| MEMBERS.contains(&name));
    if !plain || !identifier::carries(observation, Some(&system), &value)? {
        return Ok(false);
    }
    let uids = identifier::tokens(observation)?;
    let uids = uids
        .iter()
        .filter(|token| token.system.as_deref() == Some(&system));
    let is_preliminary = observation.text("status")?.as_deref() == Some("preliminary");
    let is_dose =
        has_code(observation, &tables::SUMMARY)? || has_code(observation, &tables::EVENT)?;
    Ok(uids.count() == 1 && is_preliminary && is_dose)
}

/// The components of what is said.
pub(super) fn components<'a>(said: impl Iterator<Item = &'a Said>) -> Vec<Value> {
    let at = rows::ROWS.iter().position(|row| row.element == "component");
    let facts = said.filter_map(|said| said.facts.get(at?));
    let items = facts.flat_map(|fact| match fact {
        Fact::List(items) => items.to_vec(),
        _ => Vec::new(),
    });
    items
        .filter_map(|item| serde_json::from_str(&item).ok())
        .collect()
}

/// Whether a report says the same by the same code.
fn is_said(component: &Value, reports: &[Value]) -> bool {
    let code = component.get("code").unwrap_or(&Value::Null);
    let mut said = reports.iter().filter(|said| {
        let ours = said.get("code").unwrap_or(&Value::Null);
        says_code(code, ours)
    });
    said.any(|said| same_value(component, said))
}

/// dicom-cast wrote numbers without their unit's words, counts as integers, and codes under the
/// system of their name.
fn same_value(theirs: &Value, ours: &Value) -> bool {
    let number = |it: &Value| {
        let quantity = it
            .pointer("/valueQuantity/value")
            .or_else(|| it.get("valueInteger"));
        quantity.and_then(Value::as_f64)
    };
    let unit = |it: &Value| it.pointer("/valueQuantity/code").cloned();
    if let Some(value) = number(theirs) {
        let same_unit = unit(theirs).is_none_or(|theirs| unit(ours).is_none_or(|it| it == theirs));
        return number(ours) == Some(value) && same_unit;
    }
    let code = "/valueCodeableConcept/coding/0/code";
    if let Some(value) = theirs.pointer(code) {
        return ours.pointer(code) == Some(value);
    }
    match theirs.get("valueString").and_then(Value::as_str) {
        Some(text) => [code, "/valueCodeableConcept/text", "/valueString"]
            .iter()
            .filter_map(|path| ours.pointer(path)?.as_str())
            .any(|ours| text.contains(ours)),
        None => says(ours, theirs),
    }
}
