//! Entries and stored resources for the properties, out of small sets, so that they collide.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use proptest::prelude::*;
use proptest::sample::select;
use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Change, Resource};
use serde_json::{Value, json};

use crate::cast_world::{create, delete, key};

/// One entry of a study's feed; values from small sets, so that they collide.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) instance: u8,
    /// `None` for a delete.
    pub(crate) said: Option<Said>,
}

#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) patient: &'static str,
    elements: Vec<(&'static str, &'static str)>,
}

impl Entry {
    pub(crate) fn key(&self) -> InstanceKey {
        // Instances 0 to 2 are of one series, 3 to 5 of another.
        let series = if self.instance < 3 { "1.1" } else { "1.2" };
        key("1", series, &format!("1.{}", self.instance + 3))
    }

    pub(crate) fn change(&self, sequence: usize) -> Change {
        let sequence = sequence as u64;
        let Some(said) = &self.said else {
            return delete(sequence, self.key());
        };
        let id = format!(r#"{{"Value":["{}"]}}"#, said.patient);
        let mut elements = said.elements.clone();
        elements.push(("00100020", &id));
        create(sequence, self.key(), &elements)
    }
}

/// At most one value of each attribute, out of a few.
fn elements() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let attribute = |tag: &'static str, values: &'static [&'static str]| {
        prop::option::of(select(values)).prop_map(move |value| value.map(|value| (tag, value)))
    };
    let all = (
        attribute(
            "00080060",
            &[
                r#"{"Value":["CT"]}"#,
                r#"{"Value":["MR"]}"#,
                r#"{"Value":["SR"]}"#,
            ],
        ),
        attribute("00080050", &[r#"{"Value":["A"]}"#, r#"{"Value":["B"]}"#]),
        attribute("00081030", &[r#"{"Value":["x"]}"#, r#"{"Value":["y"]}"#]),
        attribute(
            "00080020",
            &[r#"{"Value":["20240601"]}"#, r#"{"Value":["2024"]}"#],
        ),
        attribute("00200011", &[r#"{"Value":[1]}"#, r#"{"Value":["2"]}"#]),
        attribute(
            "00200013",
            &[r#"{"Value":[1]}"#, r#"{"Value":[2]}"#, r#"{"Value":[-1]}"#],
        ),
        attribute(
            "00100010",
            &[
                r#"{"Value":[{"Alphabetic":"Rossi^Maria"}]}"#,
                r#"{"Value":["Yamada^Tarou=山田^太郎"]}"#,
                r#"{"Value":["^^"]}"#,
            ],
        ),
        attribute(
            "00100040",
            &[
                r#"{"Value":["M"]}"#,
                r#"{"Value":["F"]}"#,
                r#"{"Value":["?"]}"#,
            ],
        ),
        attribute(
            "00100030",
            &[r#"{"Value":["19800229"]}"#, r#"{"Value":["1980"]}"#],
        ),
    );
    (all, more_of_the_patient()).prop_map(|((a, b, c, d, e, f, g, h, i), more)| {
        let all = [a, b, c, d, e, f, g, h, i];
        all.into_iter().flatten().chain(more).collect()
    })
}

/// As [`elements`], of the patient's other attributes.
fn more_of_the_patient() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let attribute = |tag: &'static str, values: &'static [&'static str]| {
        prop::option::of(select(values)).prop_map(move |value| value.map(|value| (tag, value)))
    };
    let all = (
        attribute(
            "00101000",
            &[r#"{"Value":["Y1"]}"#, r#"{"Value":["Y2","Y3"]}"#],
        ),
        attribute(
            "00101001",
            &[
                r#"{"Value":["Verdi","Neri=王"]}"#,
                r#"{"Value":["Verdi^Ada"]}"#,
            ],
        ),
        attribute(
            "00101005",
            &[r#"{"Value":["Blu"]}"#, r#"{"Value":["=李"]}"#],
        ),
        attribute(
            "00102154",
            &[r#"{"Value":["1","2"]}"#, r#"{"Value":["a@b"]}"#],
        ),
        attribute("00101040", &[r#"{"Value":["Weg 1"]}"#]),
        attribute("00102150", &[r#"{"Value":["CH"]}"#, r#"{"Value":["IT"]}"#]),
        attribute("00102297", &[r#"{"Value":["Keeper"]}"#]),
        attribute("00102299", &[r#"{"Value":["Zoo"]}"#]),
        attribute(
            "00102201",
            &[r#"{"Value":["Canis"]}"#, r#"{"Value":["Felis"]}"#],
        ),
        attribute("00102160", &[r#"{"Value":["Han"]}"#]),
    );
    all.prop_map(|(a, b, c, d, e, f, g, h, i, j)| {
        let all = [a, b, c, d, e, f, g, h, i, j];
        all.into_iter().flatten().collect()
    })
}

fn said() -> impl Strategy<Value = Said> {
    let patient = prop_oneof![4 => Just("P1"), 1 => Just("P2")];
    (patient, elements()).prop_map(|(patient, elements)| Said { patient, elements })
}

pub(crate) fn stored() -> impl Strategy<Value = Entry> {
    (0_u8..6, said()).prop_map(|(instance, said)| Entry {
        instance,
        said: Some(said),
    })
}

pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        3 => stored(),
        1 => (0_u8..6).prop_map(|instance| Entry { instance, said: None }),
    ]
}

/// Any JSON value.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".*", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names of members that casting looks at.
const NAMES: &[&str] = &[
    "identifier",
    "system",
    "value",
    "type",
    "coding",
    "code",
    "series",
    "instance",
    "uid",
    "modality",
    "sopClass",
    "number",
    "numberOfInstances",
    "subject",
    "reference",
    "endpoint",
    "note",
    "text",
    "name",
    "use",
    "family",
    "given",
    "extension",
    "url",
    "valueCode",
    "status",
    "meta",
    "source",
    "versionId",
    "id",
    "address",
    "started",
    "description",
    "gender",
    "bodySite",
    "laterality",
    "display",
    "specimen",
    "title",
    "valueBase64Binary",
    "telecom",
    "contact",
    "country",
    "organization",
];

/// Values that casting looks at.
const VALUES: &[&str] = &[
    "urn:dicom:uid",
    "urn:oid:1",
    "urn:mrn",
    "P1",
    "1.1",
    "1.3",
    "DCM",
    "CT",
    "usual",
    "ACSN",
    "https://radcast.invalid/fhir/StructureDefinition/unlisted-instances",
    "AAAAAAAAAAE=",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "ResponsiblePerson",
    "PatientSpeciesDescription",
    "http://hl7.org/fhir/StructureDefinition/patient-animal",
];

/// JSON that looks like resources: names and values that casting looks at, in any arrangement.
fn resource_like() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        select(VALUES).prop_map(Value::from),
        Just(Value::Null),
        (-2..4).prop_map(Value::from),
        Just(json!(1.5e300)),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            2 => prop::collection::hash_map(select(NAMES), inner.clone(), 0..6)
                .prop_map(|m| m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Value>()),
            1 => prop::collection::vec(inner, 0..3).prop_map(Value::from),
        ]
    })
}

/// A resource that is found, and else like nothing: its own members over arbitrary ones.
pub(crate) fn found(
    resource_type: &'static str,
    identifier: Value,
) -> impl Strategy<Value = Vec<Resource>> {
    let own = json!({"resourceType": resource_type, "id": "r", "meta": {"versionId": "1"}, "identifier": [identifier]});
    let resource = (resource_like(), prop::bool::weighted(0.9)).prop_map(move |(other, keep)| {
        let mut members = other.as_object().cloned().unwrap_or_default();
        if keep {
            members.extend(own.as_object().cloned().unwrap_or_default());
        }
        Resource::parse(&Value::Object(members).to_string()).unwrap()
    });
    prop::collection::vec(resource, 0..2)
}
