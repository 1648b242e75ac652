//! A FHIR server's state as far as casting needs one, in memory: answers the lookups, applies the
//! writes, and checks their conditions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use bytes::Bytes;
use indexmap::IndexMap;
use radcast_dicom::{Dataset, Sieve};
use radcast_engine::failure::Failure;
use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{
    Action, Change, Found, Lookups, Merged, Query, Resource, Rules, StudyDelta, Write, merge,
    wanted,
};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

type Members = IndexMap<String, Box<RawValue>>;

/// Rules of a service at `https://dicom.example`.
pub(crate) fn rules() -> Rules {
    Rules {
        wado_version: "v2".into(),
        patient_system: Some("urn:mrn".into()),
        ..Rules::new("https://dicom.example")
    }
}

/// An instance of the default partition.
pub(crate) fn key(study: &str, series: &str, instance: &str) -> InstanceKey {
    InstanceKey {
        partition: None,
        study: study.into(),
        series: series.into(),
        instance: instance.into(),
    }
}

/// The dataset of an instance: these elements, by tag and JSON text, besides the required ones.
pub(crate) fn dataset(key: &InstanceKey, elements: &[(&str, &str)]) -> Dataset {
    let uid = |uid: &str| format!(r#"{{"vr":"UI","Value":["{uid}"]}}"#);
    let (study, series, instance) = (uid(&key.study), uid(&key.series), uid(&key.instance));
    let required = [
        ("0020000D", study.as_str()),
        ("0020000E", series.as_str()),
        ("00080018", instance.as_str()),
        ("00100020", r#"{"vr":"LO","Value":["P1"]}"#),
        ("00080060", r#"{"vr":"CS","Value":["CT"]}"#),
        (
            "00080016",
            r#"{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.2"]}"#,
        ),
    ];
    let all: BTreeMap<_, _> = required.iter().chain(elements).copied().collect();
    let members: Vec<_> = all
        .iter()
        .map(|(tag, json)| format!("\"{tag}\":{json}"))
        .collect();
    let whole = format!("{{{}}}", members.join(","));
    Dataset::parse(sieved(&whole)).unwrap()
}

/// What is left of a dataset in a page that is too large to be held: all of its attributes that
/// matter.
pub(crate) fn sieved(dataset: &str) -> Bytes {
    let mut sieve = Sieve::new(wanted);
    sieve.push(format!(r#"{{"metadata":{dataset}}}"#).as_bytes());
    let left = sieve.into_kept();
    let start = r#"{"metadata":"#.len();
    left.slice(start..left.len() - 1)
}

/// A create entry.
pub(crate) fn create(sequence: u64, key: InstanceKey, elements: &[(&str, &str)]) -> Change {
    let dataset = dataset(&key, elements);
    Change::read(sequence, key, Action::Create, Some(&dataset), &rules()).unwrap()
}

/// A delete entry.
pub(crate) fn delete(sequence: u64, key: InstanceKey) -> Change {
    Change::read(sequence, key, Action::Delete, None, &rules()).unwrap()
}

/// The stored resources, by `Type/id`, in the text that the server would give out.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) resources: BTreeMap<String, String>,
}

/// The extension that keeps which instances have to be read again once others go: it depends on what
/// was said together.
fn is_contested(extension: &Value) -> bool {
    text(&extension["url"]).ends_with("/contested-by-instances")
}

/// A resource without that extension.
pub(crate) fn uncontested(mut resource: Value) -> Value {
    if let Some(extensions) = resource["extension"].as_array_mut() {
        extensions.retain(|it| !is_contested(it));
    }
    if resource["extension"].as_array().is_some_and(Vec::is_empty) {
        resource["extension"] = Value::Null;
    }
    if resource["extension"].is_null() {
        resource.as_object_mut().unwrap().remove("extension");
    }
    resource
}

impl World {
    /// Stores a resource as somebody else wrote it.
    pub(crate) fn put(&mut self, json: &str) -> &mut Self {
        let value: Value = serde_json::from_str(json).unwrap();
        let name = format!("{}/{}", text(&value["resourceType"]), text(&value["id"]));
        self.resources.insert(name, json.into());
        self
    }

    /// Casts the changes of one study as one delta.
    pub(crate) fn cast(&mut self, changes: impl IntoIterator<Item = Change>) -> Merged {
        self.cast_by(&rules(), changes).unwrap()
    }

    /// As [`Self::cast`], by other rules.
    pub(crate) fn cast_by(
        &mut self,
        rules: &Rules,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<Merged, Failure> {
        self.cast_delta(rules, StudyDelta::fold(changes).unwrap())
    }

    fn cast_delta(&mut self, rules: &Rules, delta: StudyDelta) -> Result<Merged, Failure> {
        let mut all = Merged::default();
        for delta in delta.parts().unwrap_or_else(|| vec![delta]) {
            let merged = merge(&delta, &self.found_for(&delta, rules), rules)?;
            self.apply(&merged.writes);
            all.writes.extend(merged.writes);
            all.disagreements.extend(merged.disagreements);
            all.notices.extend(merged.notices);
            all.omitted.extend(merged.omitted);
        }
        Ok(all)
    }

    /// As [`Self::cast`], with what an instance says that is read again. Answers with that instance.
    pub(crate) fn cast_reading(
        &mut self,
        rules: &Rules,
        changes: impl IntoIterator<Item = Change>,
        read: impl Fn(&InstanceKey) -> Change,
    ) -> (Option<InstanceKey>, Merged) {
        let mut delta = StudyDelta::fold(changes).unwrap();
        let found = self.found_for(&delta, rules);
        let candidates = delta.reread(&found.study, rules).unwrap_or_default();
        let key = candidates.into_iter().next();
        if let Some(key) = &key {
            delta = delta.after_reading(read(key));
        }
        (key, self.cast_delta(rules, delta).unwrap())
    }

    /// Everything that is looked up for a delta.
    pub(crate) fn found_for(&self, delta: &StudyDelta, rules: &Rules) -> Found {
        let mut found = self.found(&delta.lookups(rules));
        loop {
            let names = delta.follow_ups(&found, rules);
            if names.is_empty() {
                break;
            }
            for name in names {
                let json = self.resources.get(&name.to_string());
                let resource = json.map(|json| Resource::parse(json).unwrap());
                found.read.push((name, resource));
            }
        }
        let searches = delta.observation_searches(&found.study, rules);
        let observations = searches
            .iter()
            .flat_map(|query| self.search(&query.encoded(), query.resource_type));
        Found {
            observations: observations.collect(),
            ..found
        }
    }

    /// The answers to the lookups.
    pub(crate) fn found(&self, lookups: &Lookups) -> Found {
        let endpoint = lookups.endpoint.as_ref().map(|lookup| {
            let identified = self.search(&lookup.by_identifier.encoded(), "Endpoint");
            if identified.is_empty() {
                self.search(&lookup.by_dicom_cast_name.encoded(), "Endpoint")
            } else {
                identified
            }
        });
        let search = |query: &Query| self.search(&query.encoded(), query.resource_type);
        Found {
            undeletable: false,
            undeletable_observations: false,
            study: search(&lookups.study),
            patient: lookups.patient.as_ref().map(search).unwrap_or_default(),
            endpoint: endpoint.unwrap_or_default(),
            observations: Vec::new(),
            read: Vec::new(),
            references: {
                let queries = lookups.references.iter();
                queries
                    .map(|query| (query.clone(), search(query)))
                    .collect()
            },
        }
    }

    /// The resources of a type.
    pub(crate) fn all(&self, resource_type: &str) -> Vec<Value> {
        let prefix = format!("{resource_type}/");
        let of_type = self
            .resources
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix));
        of_type
            .map(|(_, json)| serde_json::from_str(json).unwrap())
            .collect()
    }

    /// The only resource of a type.
    pub(crate) fn only(&self, resource_type: &str) -> Value {
        let mut all = self.all(resource_type);
        assert_eq!(all.len(), 1, "resources of type {resource_type}");
        all.remove(0)
    }

    fn search(&self, query: &str, resource_type: &str) -> Vec<Resource> {
        let prefix = format!("{resource_type}/");
        let of_type = self
            .resources
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix));
        let matching =
            of_type.filter(|(_, json)| matches(&serde_json::from_str(json).unwrap(), query));
        matching
            .map(|(_, json)| Resource::parse(json).unwrap())
            .collect()
    }

    /// Applies the writes of one transaction.
    pub(crate) fn apply(&mut self, writes: &[Write]) {
        let mut ids = BTreeMap::new();
        for write in writes {
            if let Write::Create {
                full_url,
                identity,
                resource,
            } = write
            {
                let resource_type = resource.resource_type().unwrap();
                let existing = self.search(&identity.encoded(), &resource_type);
                assert!(
                    existing.is_empty(),
                    "create of what exists: {resource_type}"
                );
                let id = full_url.trim_start_matches("urn:uuid:");
                ids.insert(full_url.clone(), format!("{resource_type}/{id}"));
            }
        }
        for write in writes {
            self.apply_one(write, &ids);
        }
    }

    fn apply_one(&mut self, write: &Write, ids: &BTreeMap<String, String>) {
        let (name, next, resource) = match write {
            Write::Create {
                full_url, resource, ..
            } => (ids[full_url].clone(), 1, resource),
            Write::Update {
                id,
                version,
                resource,
            } => {
                let name = format!("{}/{id}", write.resource_type());
                self.check_version(&name, version);
                (name, version.parse::<u32>().unwrap() + 1, resource)
            }
            Write::Delete {
                resource_type,
                id,
                version,
            } => {
                let name = format!("{resource_type}/{id}");
                self.check_version(&name, version);
                self.resources.remove(&name);
                return;
            }
        };
        let mut json = serde_json::to_string(resource).unwrap();
        for (full_url, reference) in ids {
            json = json.replace(full_url, reference);
        }
        self.resources
            .insert(name.clone(), stamped(&json, &name, next));
    }

    fn check_version(&self, name: &str, version: &str) {
        let stored = Resource::parse(&self.resources[name]).unwrap();
        assert_eq!(
            stored.version().as_deref(),
            Some(version),
            "If-Match of {name}"
        );
    }
}

/// The text with id and version as the server sets them.
fn stamped(json: &str, name: &str, version: u32) -> String {
    let mut members: Members = serde_json::from_str(json).unwrap();
    let mut meta: Members = members
        .get("meta")
        .map(|meta| serde_json::from_str(meta.get()).unwrap())
        .unwrap_or_default();
    meta.insert(
        "versionId".into(),
        to_raw_value(&version.to_string()).unwrap(),
    );
    members.insert("meta".into(), to_raw_value(&meta).unwrap());
    let id = name.split_once('/').unwrap().1;
    members.insert("id".into(), to_raw_value(id).unwrap());
    serde_json::to_string(&members).unwrap()
}

/// Whether a resource matches an encoded query of the parameters that casting uses.
pub(crate) fn matches(resource: &Value, query: &str) -> bool {
    query.split('&').all(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        let value = percent_encoding::percent_decode_str(value)
            .decode_utf8()
            .unwrap();
        name == "_count"
            || alternatives(&value)
                .iter()
                .any(|parts| matches_one(resource, name, parts))
    })
}

fn matches_one(resource: &Value, name: &str, parts: &[String]) -> bool {
    let is = |of: &Value, system: &str, code: &str| {
        text(&of["system"]) == system && text(&of["code"]) == code
    };
    match (name, parts) {
        ("identifier", [system, value]) => items(&resource["identifier"])
            .any(|i| text(&i["system"]) == system && text(&i["value"]) == value),
        ("name", [prefix]) => text(&resource["name"]).starts_with(prefix.as_str()),
        ("connection-type", [system, code]) => is(&resource["connectionType"], system, code),
        ("code", [system, code]) => {
            items(&resource["code"]["coding"]).any(|coding| is(coding, system, code))
        }
        other => panic!("a parameter that no server is asked for: {other:?}"),
    }
}

/// The alternatives between commas, of each the parts between bars, FHIR's escapes undone.
fn alternatives(value: &str) -> Vec<Vec<String>> {
    let mut all = vec![vec![String::new()]];
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        let parts = all.last_mut().unwrap();
        match character {
            ',' => all.push(vec![String::new()]),
            '|' => parts.push(String::new()),
            '\\' => parts.last_mut().unwrap().extend(characters.next()),
            '$' => panic!("unescaped {character} in a search"),
            other => parts.last_mut().unwrap().push(other),
        }
    }
    all
}

/// The items of an array; none of what is no array.
pub(crate) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A string; empty for what is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The writes, in words.
pub(crate) fn kinds(merged: &Merged) -> Vec<String> {
    merged
        .writes
        .iter()
        .map(|write| format!("{write:?}"))
        .collect()
}
