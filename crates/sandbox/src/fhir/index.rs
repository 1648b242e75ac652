//! The search index: tokens, normalised strings and references, taken from a resource when it is
//! written.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};
use serde_json::Value;

use super::address::{Address, within};
use super::parameter::{Kind, ResourceType};

/// A row of the index: parameter, value, system (empty when there is none).
type Row = (&'static str, String, String);

/// Replaces the rows of a resource by those of its new content.
pub(super) fn rewrite(
    tx: &Transaction<'_>,
    kind: &ResourceType,
    sequence: i64,
    base: &str,
    resource: &Value,
) -> rusqlite::Result<()> {
    clear(tx, sequence)?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO search_index (type, parameter, value, system, sequence)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (parameter, value, system) in rows(kind, base, resource) {
        insert.execute(params![kind.name, parameter, value, system, sequence])?;
    }
    Ok(())
}

/// Removes the rows of a resource.
pub(super) fn clear(tx: &Transaction<'_>, sequence: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM search_index WHERE sequence = ?1")?
        .execute([sequence])?;
    Ok(())
}

/// The form in which strings are compared: lower case.
pub(super) fn normalised(text: &str) -> String {
    text.to_lowercase()
}

fn rows(kind: &ResourceType, base: &str, resource: &Value) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    for parameter in kind.parameters {
        for path in parameter.paths {
            for element in elements(resource, path) {
                let found = values(parameter.kind, base, element);
                rows.extend(
                    found
                        .into_iter()
                        .map(|(value, system)| (parameter.name, value, system)),
                );
            }
        }
    }
    rows
}

/// The elements at the end of a dotted path, through all arrays on the way.
fn elements<'v>(resource: &'v Value, path: &str) -> Vec<&'v Value> {
    path.split('.').fold(vec![resource], |parents, step| {
        parents
            .into_iter()
            .filter_map(|parent| parent.get(step))
            .flat_map(each)
            .collect()
    })
}

/// The elements of an array; anything else is its own only element.
fn each(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn values(kind: Kind, base: &str, element: &Value) -> Vec<(String, String)> {
    let text = |name: &str| element.get(name).and_then(Value::as_str);
    let system = || text("system").unwrap_or_default().to_owned();
    match kind {
        Kind::Identifier => pair(text("value"), system()),
        Kind::Coding => pair(text("code"), system()),
        Kind::CodeableConcept => elements(element, "coding")
            .into_iter()
            .flat_map(|coding| values(Kind::Coding, base, coding))
            .collect(),
        Kind::Code(system) => pair(element.as_str(), system.to_owned()),
        Kind::Id => pair(element.as_str(), String::new()),
        Kind::Text => pair(element.as_str().map(normalised).as_deref(), String::new()),
        Kind::HumanName => ["family", "given", "text", "prefix", "suffix"]
            .iter()
            .flat_map(|part| elements(element, part))
            .flat_map(|part| values(Kind::Text, base, part))
            .collect(),
        Kind::Reference(targets) => pair(
            text("reference")
                .and_then(|reference| referent(targets, base, reference))
                .as_deref(),
            String::new(),
        ),
    }
}

fn pair(value: Option<&str>, system: String) -> Vec<(String, String)> {
    value
        .map(|value| (value.to_owned(), system))
        .into_iter()
        .collect()
}

/// The form in which a reference is compared: `Type/id` in this store, else as it stands. `None`
/// for a type that the parameter does not lead to.
fn referent(targets: &[&str], base: &str, reference: &str) -> Option<String> {
    match Address::parse(within(base, reference)) {
        Some(address) => targets
            .contains(&address.kind.name)
            .then(|| address.to_string()),
        None => Some(reference.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn indexed(name: &str, resource: &Value) -> Vec<Row> {
        let kind = ResourceType::named(name).unwrap();
        rows(kind, "http://h/fhir", resource).into_iter().collect()
    }

    #[test]
    fn an_identifier_without_a_system_has_an_empty_one() {
        let rows = indexed(
            "Device",
            &json!({"identifier": [{"value": "A"}, {"system": "s", "value": "B"}, {"system": "s"}]}),
        );
        assert_eq!(
            rows,
            [
                ("identifier", "A".into(), String::new()),
                ("identifier", "B".into(), "s".into()),
            ]
        );
    }

    #[test]
    fn equal_values_of_many_series_make_one_row() {
        let series = json!({"modality": {"system": "d", "code": "CT"}});
        let rows = indexed("ImagingStudy", &json!({"series": [series, series]}));
        assert_eq!(rows, [("modality", "CT".into(), "d".into())]);
    }

    #[test]
    fn a_subject_that_is_a_device_is_no_patient() {
        let rows = indexed(
            "ImagingStudy",
            &json!({"subject": {"reference": "Device/1"}}),
        );
        assert_eq!(rows, [("subject", "Device/1".into(), String::new())]);
    }

    #[test]
    fn every_part_of_a_name_is_found_in_lower_case() {
        let name = json!([{"family": "Ärzte", "given": ["Max", "Q"]}]);
        let values: Vec<_> = indexed("Patient", &json!({"name": name}))
            .into_iter()
            .filter(|row| row.0 == "name")
            .map(|row| row.1)
            .collect();
        assert_eq!(values, ["max", "q", "ärzte"]);
    }
}
