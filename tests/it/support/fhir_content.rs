//! What a FHIR store holds, apart from what the store itself made up.

use std::collections::BTreeMap;

use radcast_sandbox::FhirStore;
use serde_json::Value;

/// The resources of a store without ids, versions and order; references name what they refer to.
pub fn content(store: &FhirStore) -> Vec<Value> {
    let types = ["Patient", "Endpoint", "ImagingStudy"];
    let resources: Vec<Value> = types
        .iter()
        .flat_map(|of_type| store.resources(of_type).unwrap())
        .collect();
    let names = resources
        .iter()
        .map(|resource| (reference(resource), name(resource)))
        .collect();
    let mut content: Vec<Value> = resources
        .into_iter()
        .map(|resource| normalised(resource, &names))
        .collect();
    content.sort_by_key(Value::to_string);
    content
}

fn reference(resource: &Value) -> String {
    format!(
        "{}/{}",
        text(&resource["resourceType"]),
        text(&resource["id"])
    )
}

fn name(resource: &Value) -> String {
    resource["identifier"].to_string()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn normalised(mut resource: Value, names: &BTreeMap<String, String>) -> Value {
    let members = resource.as_object_mut().unwrap();
    members.remove("id");
    members
        .get_mut("meta")
        .and_then(Value::as_object_mut)
        .map(|meta| {
            meta.remove("versionId");
            meta.remove("lastUpdated")
        });
    rename(&mut resource, names);
    sort(&mut resource);
    resource
}

fn rename(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text) {
                text.clone_from(name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Object(members) => members.values_mut().for_each(|value| rename(value, names)),
        _ => {}
    }
}

/// Sorts every array: what was deleted and stored again stands elsewhere.
fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(sort);
            items.sort_by_key(Value::to_string);
        }
        Value::Object(members) => {
            members.values_mut().for_each(sort);
            members.sort_keys();
        }
        _ => {}
    }
}
