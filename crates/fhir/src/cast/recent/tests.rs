//! What is remembered is what would be read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::reading::Reading;
use super::super::row::read_all;
use super::super::table::{TABLES, Table};
use super::*;
use crate::options::{MissingId, Validation};
use radcast_dicom::vr;

/// An item of a sequence that has all that any sequence of the mapping is looked through for.
const ITEM: &str = r#"{"00080050":{"Value":["N#"]},"00080051":{"Value":[@]},"00080080":{"Value":["I#"]},
    "00080100":{"Value":["T-A#"]},"00080102":{"Value":["SRT"]},"00080104":{"Value":["M#"]},
    "00100020":{"Value":["O#"]},"00100021":{"Value":["L#"]},"00400031":{"Value":["L#"]},
    "00400032":{"Value":["1.#"]},"00400033":{"Value":["ISO"]},"00401002":{"Value":["W#"]},
    "00400551":{"Value":["S#"]},"00402016":{"Value":["P#"]},"00402017":{"Value":["F#"]},
    "00321064":{"Value":[@]},"0040100A":{"Value":[@]},"00401101":{"Value":[@]},
    "00209071":{"Value":[{"00082218":{"Value":[@]},"00209072":{"Value":["R"]}}]}}"#;

const CODE: &str = r#"{"00080100":{"Value":["C#"]},"00080102":{"Value":["DCM"]},"00080104":{"Value":["M#"]},
    "00400032":{"Value":["1.#"]},"00400033":{"Value":["ISO"]}}"#;

/// What an element may be: absent, two values, values that are wrong, and nothing in two ways.
fn element(tag: Tag, choice: u8) -> Option<String> {
    let item = |number: &str| ITEM.replace('@', CODE).replace('#', number);
    let is_sex = tag == tags::PATIENT_SEX;
    let [one, other, wrong] = match vr(tag).map_or("UN", |vr| vr.to_string()) {
        "SQ" => [
            item("1"),
            format!("{},{}", item("2"), item("3")),
            "5".to_owned(),
        ],
        "UI" => [r#""1.2""#, r#""1.3""#, r#""x""#].map(str::to_owned),
        "DA" => [r#""20240601""#, r#""2024""#, r#""x""#].map(str::to_owned),
        "TM" => [r#""1200""#, r#""130000.5""#, r#""x""#].map(str::to_owned),
        "IS" | "DS" => ["7", r#""1.5""#, r#""x""#].map(str::to_owned),
        "CS" if is_sex => [r#""M""#, r#""F""#, r#""x""#].map(str::to_owned),
        "CS" => [r#""R""#, r#""HEAD""#, r#""x""#].map(str::to_owned),
        "PN" => [r#"{"Alphabetic":"A^B"}"#, r#""C^D=E""#, "[]"].map(str::to_owned),
        _ => [r#""+0100""#, r#""B""#, r#"{"a":1}"#].map(str::to_owned),
    };
    match choice {
        0 => Some(format!(r#"{{"Value":[{one}]}}"#)),
        1 => Some(format!(r#"{{"Value":[{other}]}}"#)),
        2 => Some(format!(r#"{{"Value":[{wrong}]}}"#)),
        3 => Some("{}".to_owned()),
        _ => None,
    }
}

/// All attributes that any table looks at.
fn all() -> Vec<Tag> {
    let tables = tables().into_iter().flat_map(|table| table.tags.to_vec());
    tables.collect()
}

/// All that may be in an image or a report, whether or not a table looks at it.
static KNOWN: LazyLock<Vec<Tag>> = LazyLock::new(|| {
    let groups = [
        0x0008, 0x0010, 0x0018, 0x0020, 0x0032, 0x0038, 0x0040, 0x0042, 0x0070, 0x5200,
    ];
    let tags = groups
        .into_iter()
        .flat_map(|group| (0..=u16::MAX).map(move |element| Tag(group, element)));
    tags.filter(|tag| vr(*tag).is_some()).collect()
});

fn tables() -> [&'static Table; 9] {
    let all = &*TABLES;
    [
        &all.patient,
        &all.study,
        &all.series,
        &all.series_own,
        &all.series_shared,
        &all.class,
        &all.number,
        &all.title,
        &all.body,
    ]
}

type Choices = BTreeMap<Tag, u8>;

fn dataset(choices: &Choices) -> Dataset {
    let elements = choices.iter().filter_map(|(tag, choice)| {
        let Tag(group, number) = *tag;
        Some(format!(
            r#""{group:04X}{number:04X}":{}"#,
            element(*tag, *choice)?
        ))
    });
    let elements: Vec<_> = elements.collect();
    Dataset::parse(Bytes::from(format!("{{{}}}", elements.join(",")))).unwrap()
}

fn choices() -> impl Strategy<Value = Choices> {
    let choice = prop_oneof![4 => Just(0_u8), 2 => Just(1_u8), 1 => Just(2_u8), 1 => Just(3_u8), 8 => Just(4_u8)];
    let tags = all();
    prop::collection::vec(choice, tags.len())
        .prop_map(move |choices| tags.iter().copied().zip(choices).collect())
}

fn rules() -> impl Strategy<Value = Rules> {
    (any::<[bool; 5]>()).prop_map(|[per_study, issuer, zone, body, full]| {
        let rules = Rules::new("http://d");
        Rules {
            missing_id: [MissingId::Fail, MissingId::PerStudy][usize::from(per_study)],
            issuer_as_system: issuer,
            time_zone: zone.then_some(jiff::tz::TimeZone::UTC),
            body_observations: body,
            validation: if full {
                Validation::Full
            } else {
                Validation::Partial
            },
            ..rules
        }
    })
}

/// What differs from the entry before: attributes, and the place.
type Step = (Vec<(Index, u8)>, Option<&'static str>, bool, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let changed = prop::collection::vec((any::<Index>(), 0..6_u8), 0..3);
    let partition = select(vec![None, None, None, Some("a"), Some("b")]);
    prop::collection::vec((changed, partition, any::<bool>(), any::<bool>()), 1..12)
}

fn key(partition: Option<&str>, study: &str, instance: &str) -> InstanceKey {
    InstanceKey {
        partition: partition.map(str::to_owned),
        study: study.to_owned(),
        series: "1.2".to_owned(),
        instance: instance.to_owned(),
    }
}

fn require(choices: &mut Choices) {
    let required = [
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
        tags::SOP_INSTANCE_UID,
        tags::MODALITY,
        tags::SOP_CLASS_UID,
    ];
    choices.extend(required.map(|tag| (tag, 0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_table_looks_at_its_own_attributes_only(
        choices in choices(),
        others in 0..3_u8,
        rules in rules(),
    ) {
        let own = all();
        let others = KNOWN.iter().filter(|tag| !own.contains(tag)).map(|tag| (*tag, others));
        let dataset = dataset(&choices.into_iter().chain(others).collect());
        let source = Source { dataset: &dataset, partition: None, rules: &rules, empties: false };
        for table in tables() {
            let mut reading = Reading::of(source);
            let facts = read_all(table.rows, &mut reading);
            let answer = table.read(source);
            prop_assert!(answer.facts == facts);
            prop_assert_eq!(answer.invalid, reading.invalid);
            prop_assert_eq!(answer.missing, reading.missing);
        }
    }

    #[test]
    fn what_is_written_down_is_recognised_and_nothing_else(
        mut choices in choices(),
        (at, choice) in (any::<Index>(), 0..6_u8),
        removed in any::<Index>(),
        partitions in select(vec![[None, None], [None, Some("a")], [Some("a"), Some("b")]]),
        rules in rules(),
    ) {
        let tags = all();
        let mut datasets = vec![dataset(&choices)];
        choices.insert(*at.get(&tags), choice);
        datasets.push(dataset(&choices));
        choices.split_off(removed.get(&tags));
        datasets.push(dataset(&choices));
        let of = |dataset, partition| Source { dataset, partition, rules: &rules, empties: false };
        let pairs = datasets.windows(2).flat_map(|pair| tables().map(|table| (table, pair)));
        for (table, pair) in pairs {
            let [one, other] = [0, 1].map(|at| of(&pair[at], partitions[at]));
            let written = [one, other].map(|source| {
                let mut written = Vec::new();
                write_texts(&mut written, table, source).map(|()| written)
            });
            // Others are too long to be remembered.
            if let [Some(known), Some(new)] = written {
                prop_assert!(are_written(&known, table, one));
                prop_assert_eq!(are_written(&known, table, other), known == new);
                prop_assert_eq!(are_written(&new, table, one), known == new);
            }
        }
    }

    #[test]
    fn a_series_is_read_in_two_parts_as_whole(choices in choices(), rules in rules()) {
        let dataset = dataset(&choices);
        let source = Source { dataset: &dataset, partition: None, rules: &rules, empties: false };
        let (parts, whole) = (Memory::default().series(source), TABLES.series.read(source));
        prop_assert!(parts.facts == whole.facts);
        prop_assert_eq!(parts.invalid, whole.invalid);
        prop_assert_eq!(parts.missing, whole.missing);
    }
}

proptest! {
    #[test]
    fn what_is_remembered_is_what_is_read(
        mut choices in choices(),
        rules in rules(),
        steps in steps(),
        strict: bool,
    ) {
        let mut recent = Recent::new(rules.clone());
        if !strict {
            require(&mut choices);
        }
        let tags = all();
        for (number, (changed, partition, other_study, deleted)) in steps.into_iter().enumerate() {
            for (at, choice) in changed {
                choices.insert(*at.get(&tags), choice);
            }
            if !strict {
                require(&mut choices);
            }
            let study = if other_study && strict { "1.3" } else { "1.2" };
            let key = key(partition, study, "1.2");
            let action = if deleted && strict { Action::Delete } else { Action::Update };
            let (number, dataset) = (number as u64, dataset(&choices));
            let read = Change::read(number, key.clone(), action, Some(&dataset), &rules);
            let recalled = recent.read(number, key, action, Some(&dataset));
            match (read, recalled) {
                (Ok(read), Ok(recalled)) => same(&read, &recalled)?,
                (read, recalled) => prop_assert_eq!(read.err(), recalled.err()),
            }
        }
    }
}

fn same(one: &Change, other: &Change) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.sequence(), other.sequence());
    prop_assert_eq!(one.key(), other.key());
    prop_assert_eq!(one.study(), other.study());
    prop_assert_eq!(one.warnings(), other.warnings());
    prop_assert_eq!(one.patient_facts(), other.patient_facts());
    let (one, other) = (one.attributes(), other.attributes());
    prop_assert_eq!(one.is_some(), other.is_some());
    let all = one.zip(other).is_none_or(|(one, other)| {
        one.study == other.study
            && one.series == other.series
            && one.instance == other.instance
            && one.observations.is_empty() == other.observations.is_empty()
            && one.body == other.body
    });
    prop_assert!(all);
    Ok(())
}

fn read(recent: &mut Recent, change: impl FnOnce(&mut Choices)) -> Change {
    let mut choices = Choices::from([(tags::PATIENT_ID, 0), (tags::SERIES_NUMBER, 0)]);
    choices.extend([(tags::STUDY_ID, 0), (tags::IMAGE_TYPE, 0)]);
    require(&mut choices);
    change(&mut choices);
    let dataset = dataset(&choices);
    let key = key(None, "1.2", "1.2");
    let read = recent.read(1, key, Action::Create, Some(&dataset));
    read.unwrap()
}

#[test]
fn what_says_the_same_shares_its_facts() {
    let mut recent = Recent::new(Rules::new("http://d"));
    let one = read(&mut recent, |_| {});
    let other = read(&mut recent, |choices| {
        choices.insert(tags::SERIES_NUMBER, 1);
    });
    let again = read(&mut recent, |_| {});
    let [one, other, again] = [&one, &other, &again].map(|change| change.attributes().unwrap());
    assert!(one.study.are_shared(&other.study) && one.study.are_shared(&again.study));
    assert!(one.patient.facts().are_shared(other.patient.facts()));
    assert!(one.series != other.series && one.series.are_shared(&again.series));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut recent = Recent::new(Rules::new("http://d"));
    let long = "x".repeat(LONGEST);
    for number in 0..3 * MOST {
        let uids = ["0020000D", "0020000E", "00080018"]
            .map(|tag| format!(r#""{tag}":{{"Value":["1.2"]}}"#));
        let json = format!(
            r#"{{{},"00080060":{{"Value":["CT"]}},"00080016":{{"Value":["1.2"]}},"00100020":{{"Value":["P{number}"]}},
                "00200010":{{"Value":["{number}"],"x":"{long}"}}}}"#,
            uids.join(",")
        );
        let dataset = Dataset::parse(Bytes::from(json)).unwrap();
        let key = key(None, "1.2", "1.2");
        recent.read(1, key, Action::Create, Some(&dataset)).unwrap();
    }
    let memory = &recent.memory;
    assert_eq!(memory.patient.latest.len(), MOST);
    assert_eq!(memory.study.latest.len(), 0);
    assert_eq!(memory.series.latest.len(), 1);
    assert!(memory.study.texts.capacity() <= 2 * LONGEST);
    assert_eq!(
        format!("{recent:?}"),
        format!("Recent {{ patients: {MOST}, .. }}")
    );
}
