//! A resource as it was sent: its text, which is stored, and a reading of it, which is checked and
//! indexed.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::http::StatusCode;
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::outcome::Refusal;
use super::parameter::ResourceType;
use super::{structure, text, validation};

/// A resource that passed the checks.
#[derive(Debug)]
pub(super) struct Document {
    text: String,
    view: Value,
}

impl Document {
    /// Reads and checks a resource of this type.
    pub(super) fn parse(kind: &ResourceType, body: &str) -> Result<Self, Refusal> {
        let view: Value = serde_json::from_str(body)?;
        check_type(kind, &view)?;
        if text::member_count(body) != member_count(&view) {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "structure",
                format!("an object of the {} has two members of one name", kind.name),
            ));
        }
        structure::check(kind.name, &view)?;
        validation::check(kind, &view)?;
        Ok(Self {
            text: text::compact(body),
            view,
        })
    }

    /// The id that the resource states.
    pub(super) fn id(&self) -> Option<&str> {
        self.view.get("id")?.as_str()
    }

    /// The resource as read, for indexing.
    pub(super) const fn view(&self) -> &Value {
        &self.view
    }

    /// Every `reference` in the resource, at any depth.
    pub(super) fn references(&self) -> Vec<&str> {
        let mut found = Vec::new();
        collect_references(&self.view, &mut found);
        found
    }

    /// Replaces the references that are full URLs of entries by the addresses of their resources.
    pub(super) fn resolve(&mut self, addresses: &HashMap<String, String>) -> Result<(), Refusal> {
        let resolved =
            text::replace_references(&self.text, |full_url| addresses.get(full_url).cloned());
        if let Cow::Owned(resolved) = resolved {
            self.view = serde_json::from_str(&resolved)?;
            self.text = resolved;
        }
        Ok(())
    }

    /// The text with the id, version and time that the store gives; all else is as it was sent.
    pub(super) fn stamped(
        &self,
        id: &str,
        version: u32,
        last_updated: &str,
    ) -> Result<String, Refusal> {
        let mut members: IndexMap<String, Box<RawValue>> = serde_json::from_str(&self.text)?;
        let mut meta: IndexMap<String, Box<RawValue>> = match members.get("meta") {
            Some(meta) => serde_json::from_str(meta.get())?,
            None => IndexMap::new(),
        };
        meta.insert("versionId".to_owned(), to_raw_value(&version.to_string())?);
        meta.insert("lastUpdated".to_owned(), to_raw_value(last_updated)?);
        place(&mut members, "resourceType", "id", to_raw_value(id)?);
        place(&mut members, "id", "meta", to_raw_value(&meta)?);
        Ok(serde_json::to_string(&members)?)
    }
}

/// Sets a member where it stands or, when it is new, behind `before`.
fn place(
    members: &mut IndexMap<String, Box<RawValue>>,
    before: &str,
    name: &str,
    value: Box<RawValue>,
) {
    if let Some(present) = members.get_mut(name) {
        *present = value;
    } else {
        let at = members.get_index_of(before).map_or(0, |index| index + 1);
        members.shift_insert(at, name.to_owned(), value);
    }
}

fn check_type(kind: &ResourceType, view: &Value) -> Result<(), Refusal> {
    match view.get("resourceType").and_then(Value::as_str) {
        Some(name) if name == kind.name => Ok(()),
        Some(_) => Err(Refusal::invalid(format!(
            "resourceType is not {}, the type that the request names",
            kind.name
        ))),
        None => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "required",
            "the body is not a resource: a JSON object with a resourceType is asked for",
        )),
    }
}

fn member_count(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.iter().map(member_count).sum(),
        Value::Object(members) => members.len() + members.values().map(member_count).sum::<usize>(),
        _ => 0,
    }
}

fn collect_references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                collect_references(element, found);
            }
        }
        Value::Object(members) => {
            found.extend(members.get("reference").and_then(Value::as_str));
            for member in members.values() {
                collect_references(member, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(body: &str) -> Result<Document, Refusal> {
        Document::parse(ResourceType::named("Patient").unwrap(), body)
    }

    #[test]
    fn only_id_and_two_members_of_meta_are_set() {
        let sent = r#"{"x":1.00,"resourceType":"Patient","meta":{"versionId":"9","source":"s"},"a":[1e5]}"#;
        let stored = patient(sent).unwrap().stamped("7", 2, "t").unwrap();
        assert_eq!(
            stored,
            r#"{"x":1.00,"resourceType":"Patient","id":"7","meta":{"versionId":"2","source":"s","lastUpdated":"t"},"a":[1e5]}"#
        );
    }

    #[test]
    fn a_repeated_member_is_refused() {
        let refusal = patient(r#"{"resourceType":"Patient","active":true,"active":false}"#);
        assert_eq!(refusal.unwrap_err().code, "structure");
    }

    #[test]
    fn another_type_is_refused() {
        let refusal = patient(r#"{"resourceType":"Endpoint"}"#).unwrap_err();
        assert!(refusal.diagnostics.contains("resourceType is not Patient"));
    }
}
