//! Entries that say something about every attribute of the mapping, by its value representation.

use proptest::prelude::*;
use proptest::sample::select;
use radcast_fhir::cast::{Action, Change, Origin, mapping};

use crate::cast_world::{dataset, key, rules};

/// Attributes that tell who the patient is: another one would be another resource.
const IDENTITY: [&str; 3] = [
    "PatientID",
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
];

/// Attributes without which an entry fails.
const REQUIRED: [&str; 2] = ["Modality", "SOPClassUID"];

/// One instance, and its elements by tag.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    instance: u8,
    /// Whether it is an update, in which what is empty takes back what was said.
    is_update: bool,
    elements: Vec<(String, String)>,
}

/// The entries of one study, each of which says most of what can be said.
pub(super) fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (0_u8..4, any::<bool>(), elements());
    let entry = entry.prop_map(|(instance, is_update, elements)| Entry {
        instance,
        is_update,
        elements,
    });
    prop::collection::vec(entry, 1..4)
}

/// The changes that they are read as. Values that an attribute does not take are left out.
pub(super) fn changes(entries: &[Entry]) -> Vec<Change> {
    let changes = (1..).zip(entries).map(|(sequence, entry)| {
        let series = if entry.instance < 2 { "1.1" } else { "1.2" };
        let key = key("1", series, &format!("1.{}", entry.instance + 3));
        let elements = entry.elements.iter();
        let elements: Vec<_> = elements
            .map(|(tag, json)| (tag.as_str(), json.as_str()))
            .collect();
        let action = match entry.is_update {
            true => Action::Update,
            false => Action::Create,
        };
        let set = dataset(&key, &elements);
        Change::read(sequence, key, action, Some(&set), &rules()).unwrap()
    });
    changes.collect()
}

fn elements() -> impl Strategy<Value = Vec<(String, String)>> {
    let rows = mapping().into_iter().flat_map(|resource| resource.rows);
    let of_dataset = rows.filter(|row| row.origin == Origin::Dataset);
    let mut attributes: Vec<_> = of_dataset.flat_map(|row| row.attributes).collect();
    attributes.retain(|attribute| !IDENTITY.contains(&attribute.keyword));
    attributes.sort_by_key(|attribute| attribute.tag);
    attributes.dedup();
    let elements = attributes.into_iter().map(|attribute| {
        let tag = format!("{:04X}{:04X}", attribute.tag.0, attribute.tag.1);
        let values = values(attribute.keyword, attribute.vr);
        let is_required = REQUIRED.contains(&attribute.keyword);
        let empty = if is_required { 0 } else { 2 };
        let said = prop_oneof![
            2 => Just(None),
            8 => select(values).prop_map(Some),
            empty => Just(Some(String::new())),
        ];
        said.prop_map(move |value| Some((tag.clone(), format!(r#"{{"Value":[{}]}}"#, value?))))
    });
    elements
        .collect::<Vec<_>>()
        .prop_map(|elements| elements.into_iter().flatten().collect())
}

/// Values of an attribute: those of its own, where only few are taken, or of its representation.
fn values(keyword: &str, vr: &str) -> Vec<String> {
    let own: &[&str] = match keyword {
        "TimezoneOffsetFromUTC" => &[r#""+0200""#, r#""-0930""#],
        "PatientSex" => &[r#""M""#, r#""F""#, r#""?""#],
        "Modality" => &[r#""CT""#, r#""MR""#],
        "BodyPartExamined" => &[r#""CHEST""#, r#""KNEE""#, r#""MY PART""#],
        "Laterality" | "ImageLaterality" | "FrameLaterality" => &[r#""L""#, r#""R""#, r#""B""#],
        _ => of_representation(vr),
    };
    own.iter().map(|value| (*value).to_owned()).collect()
}

fn of_representation(vr: &str) -> &'static [&'static str] {
    match vr {
        "PN" => &[
            r#"{"Alphabetic":"Rossi^Maria^^Dr."}"#,
            r#""Yamada^Tarou=山田^太郎=やまだ^たろう""#,
        ],
        "CS" => &[r#""ONE""#, r#""TWO_2""#],
        "DA" => &[r#""20240601""#, r#""202312""#, r#""2023""#],
        "TM" => &[r#""142501.25""#, r#""0800""#],
        "DT" => &[r#""20240601142501+0200""#],
        "AS" => &[r#""045Y""#],
        "IS" | "US" | "UL" | "SS" | "SL" => &["1", r#""2 ""#, "7.0"],
        "DS" | "FD" | "FL" => &["72.50", r#"" 1.80""#],
        "UI" => &[
            r#""1.2.840.10008.5.1.4.1.1.2""#,
            r#""1.2.840.10008.5.1.4.1.1.4\u0000""#,
        ],
        "UR" => &[r#""http://example.org/a""#],
        "SQ" => ITEMS,
        _ => &[r#""A 1""#, r#"" \u00c4rzt\u006cich ""#, "4711"],
    }
}

/// Items that have a code, identifiers, their issuers and names, so that each sequence finds what
/// it is about.
const ITEMS: &[&str] = &[
    r#"{"00080100":{"vr":"SH","Value":["51185008"]},"00080102":{"vr":"SH","Value":["SCT"]},"00080104":{"vr":"LO","Value":["Thorax"]}}"#,
    r#"{"00080050":{"vr":"SH","Value":["A 1"]},"00080051":{"Value":[{"00400031":{"Value":["RIS"]}}]},
        "00401101":{"Value":[{"00080100":{"Value":["D1"]},"00080102":{"Value":["99LOCAL"]},"00080104":{"Value":["Who"]}}]},
        "00400031":{"Value":["RIS"]},"00400032":{"Value":["1.2.3"]},"00400033":{"Value":["ISO"]},
        "0040A123":{"Value":[{"Alphabetic":"Bianchi^Carla"}]},
        "00402016":{"Value":["P 1"]},"00402017":{"Value":["F 1"]},"00401001":{"Value":["RP1"]},
        "0040100A":{"Value":[{"00080100":{"Value":["R1"]},"00080102":{"Value":["99LOCAL"]},"00080104":{"Value":["Why"]}}]},
        "00401002":{"Value":["Because"]},"00321064":{"Value":[{"00080100":{"Value":["C1"]},"00080102":{"Value":["99LOCAL"]}}]},
        "00400551":{"Value":["S 1"]},"00400562":{"Value":[{"00400031":{"Value":["LAB"]}}]},"00400554":{"Value":["1.2.3.4"]},
        "00100020":{"Value":["OTHER"]},"00100021":{"Value":["RIS"]},
        "00080100":{"Value":["X1"]},"00080102":{"Value":["99LOCAL"]},"00080104":{"Value":["Local"]}}"#,
];
