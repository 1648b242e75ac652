//! Entries that name another patient than their study has, and those that speak of another person
//! than the patient of their id.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast::settings::{OnOtherPatient, PatientPolicy};
use radcast_engine::failure::{Code, Failure};
use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Merged, Notice, Rules};
use serde_json::{Value, json};

use crate::cast_world::{World, dataset, delete, items, key, rules, text};

fn instance(n: u8) -> InstanceKey {
    key("1.2", "1.3", &format!("1.4.{n}"))
}

fn elements(id: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let id = ("00100020".to_owned(), format!(r#"{{"Value":["{id}"]}}"#));
    let more = more
        .iter()
        .map(|(tag, value)| ((*tag).to_owned(), format!(r#"{{"Value":{value}}}"#)));
    more.chain([id]).collect()
}

fn says(n: u8, action: Action, id: &str, more: &[(&str, &str)]) -> Change {
    let elements = elements(id, more);
    let elements: Vec<_> = elements
        .iter()
        .map(|(tag, json)| (tag.as_str(), json.as_str()))
        .collect();
    let dataset = dataset(&instance(n), &elements);
    let rules = Rules {
        body_observations: true,
        ..rules()
    };
    Change::read(u64::from(n), instance(n), action, Some(&dataset), &rules).unwrap()
}

fn create(n: u8, id: &str) -> Change {
    says(n, Action::Create, id, &[])
}

/// The patient A's instance, which says this as the description of the study.
fn describes(n: u8, text: &str) -> Change {
    let text = format!(r#"["{text}"]"#);
    says(n, Action::Create, "A", &[("00081030", &text)])
}

fn update(n: u8, id: &str) -> Change {
    says(n, Action::Update, id, &[])
}

fn on_other(policy: OnOtherPatient) -> Rules {
    Rules {
        on_other_patient: policy,
        body_observations: true,
        ..rules()
    }
}

/// The value of the identifier of the study's patient.
fn whose(world: &World) -> String {
    let study = world.only("ImagingStudy");
    let subject = text(&study["subject"]["reference"]);
    let mut patients = world.all("Patient").into_iter();
    let patient = patients.find(|it| subject == format!("Patient/{}", text(&it["id"])));
    text(&patient.unwrap()["identifier"][0]["value"]).to_owned()
}

fn is_moved(merged: &Merged) -> bool {
    let mut notices = merged.notices.iter();
    notices.any(|notice| matches!(notice, Notice::StudyMoved { .. }))
}

fn is_kept(merged: &Merged) -> bool {
    let mut notices = merged.notices.iter();
    notices.any(|notice| matches!(notice, Notice::OtherPatient { .. }))
}

const CREATES: [Action; 2] = [Action::Create, Action::Update];

#[test]
fn an_update_moves_the_study_and_a_create_as_the_settings_say() {
    for policy in [
        OnOtherPatient::Keep,
        OnOtherPatient::Move,
        OnOtherPatient::Fail,
    ] {
        let rules = on_other(policy);
        for action in CREATES {
            let mut world = World::default();
            world.cast_by(&rules, [create(1, "A")]).unwrap();
            let before = world.resources.clone();
            let outcome = world.cast_by(&rules, [says(2, action, "B", &[])]);
            let case = format!("{policy:?} {action:?}");
            if action == Action::Update || policy == OnOtherPatient::Move {
                let merged = outcome.unwrap();
                assert_eq!(
                    (whose(&world).as_str(), is_moved(&merged)),
                    ("B", true),
                    "{case}"
                );
                assert_eq!(merged.omitted, [], "{case}");
                continue;
            }
            if policy == OnOtherPatient::Fail {
                assert_eq!(outcome.unwrap_err().code, Code::FhirOtherPatient, "{case}");
                assert_eq!(world.resources, before, "{case}");
                continue;
            }
            let merged = outcome.unwrap();
            assert_eq!(
                (whose(&world).as_str(), is_kept(&merged)),
                ("A", true),
                "{case}"
            );
            let omitted: Vec<_> = merged
                .omitted
                .iter()
                .map(|(n, it)| (*n, it.tag.as_str()))
                .collect();
            assert_eq!(omitted, [(2, "(0010,0020)")], "{case}");
            assert_eq!(world.all("Patient").len(), 1, "{case}: nobody else is made");
            assert_eq!(world.only("ImagingStudy")["numberOfInstances"], 2, "{case}");
        }
    }
}

#[test]
fn within_a_delta_it_is_as_one_by_one() {
    let orders: [&[Change]; 5] = [
        &[create(1, "A"), create(2, "B"), create(3, "A")],
        &[
            create(1, "A"),
            create(2, "B"),
            update(3, "B"),
            create(1, "A"),
        ],
        &[create(1, "A"), update(2, "B"), create(3, "C")],
        &[create(1, "A"), create(2, "B"), create(1, "B")],
        &[
            create(1, "A"),
            create(2, "B"),
            delete(9, instance(1)),
            create(3, "B"),
        ],
    ];
    for policy in [OnOtherPatient::Keep, OnOtherPatient::Move] {
        let rules = on_other(policy);
        for changes in orders {
            let (mut folded, mut single) = (World::default(), World::default());
            let together = folded.cast_by(&rules, changes.to_vec()).unwrap();
            let mut told = Vec::new();
            for change in changes {
                let merged = single.cast_by(&rules, [change.clone()]).unwrap();
                told.extend(merged.omitted);
            }
            assert_eq!(whose(&folded), whose(&single), "{policy:?} {changes:?}");
            // Whom an entry after it brings in is not left out.
            assert!(
                together.omitted.iter().all(|it| told.contains(it)),
                "{changes:?}"
            );
        }
    }
}

#[test]
fn of_an_instance_of_another_patient_nothing_but_its_place_is_taken() {
    const SAID: [(&str, &str); 4] = [
        ("00081030", r#"["of B"]"#),
        ("00080050", r#"["B1"]"#),
        ("00101030", "[70]"),
        ("00100010", r#"["Other^Name"]"#),
    ];
    let rules = on_other(OnOtherPatient::Keep);
    let mut world = World::default();
    world.cast_by(&rules, [create(1, "A")]).unwrap();
    world
        .cast_by(&rules, [says(2, Action::Create, "B", &SAID)])
        .unwrap();
    let study = world.only("ImagingStudy");
    assert_eq!(
        (&study["description"], &study["basedOn"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(items(&study["identifier"]).count(), 1);
    assert_eq!(world.all("Observation"), [Value::Null; 0]);
    assert_eq!(world.only("Patient")["name"], Value::Null);
}

#[test]
fn a_study_that_every_instance_has_left_is_the_other_patient_s() {
    let rules = on_other(OnOtherPatient::Keep);
    let mut world = World::default();
    world
        .cast_by(&rules, [create(1, "A"), create(2, "A"), create(3, "A")])
        .unwrap();
    for (n, expected) in [(1, "A"), (2, "A"), (3, "B")] {
        let merged = world.cast_by(&rules, [create(n, "B")]).unwrap();
        assert_eq!(whose(&world), expected, "{n}");
        assert_eq!(is_moved(&merged), expected == "B", "{n}");
    }
    // Whom the first two named is not kept: one of them is asked once the third has gone.
    let gone = [delete(9, instance(3))];
    let (read, _) = world.cast_reading(&rules, gone, |_| create(2, "B"));
    assert_eq!((read, whose(&world).as_str()), (Some(instance(2)), "B"));
}

#[test]
fn an_instance_that_came_back_or_went_does_not_count_as_another_patient_s() {
    let rules = on_other(OnOtherPatient::Keep);
    let mut world = World::default();
    world
        .cast_by(&rules, [create(1, "A"), create(2, "B"), create(3, "B")])
        .unwrap();
    assert_eq!(items(&world.only("ImagingStudy")["extension"]).count(), 1);
    world
        .cast_by(&rules, [create(2, "A"), delete(9, instance(3))])
        .unwrap();
    assert_eq!(world.only("ImagingStudy")["extension"], Value::Null);
}

#[test]
fn with_its_instances_replaced_in_one_delta_the_study_moves() {
    let rules = on_other(OnOtherPatient::Keep);
    let mut world = World::default();
    world
        .cast_by(&rules, [create(1, "A"), create(2, "A")])
        .unwrap();
    let changes = [
        delete(7, instance(1)),
        delete(8, instance(2)),
        create(3, "B"),
    ];
    let merged = world.cast_by(&rules, changes).unwrap();
    assert!(is_moved(&merged) && whose(&world) == "B");
}

#[test]
fn when_the_last_instance_of_the_patient_goes_the_study_is_of_those_that_remain() {
    let rules = on_other(OnOtherPatient::Keep);
    let mut world = World::default();
    world
        .cast_by(&rules, [create(1, "A"), create(2, "B"), create(3, "A")])
        .unwrap();
    let (read, _) = world.cast_reading(&rules, [delete(9, instance(3))], |_| panic!());
    assert_eq!((read, whose(&world).as_str()), (None, "A"));
    let (read, merged) = world.cast_reading(&rules, [delete(9, instance(1))], |_| create(2, "B"));
    assert_eq!(read, Some(instance(2)));
    assert!(is_moved(&merged) && whose(&world) == "B");
    assert_eq!(world.only("ImagingStudy")["extension"], Value::Null);
}

/// An instance that was sent to the wrong study moves the study, and is deleted again.
#[test]
fn a_study_that_was_moved_goes_back_when_the_instances_that_moved_it_have_gone() {
    let ways = [
        (OnOtherPatient::Keep, Action::Update),
        (OnOtherPatient::Move, Action::Create),
    ];
    for (policy, action) in ways {
        let rules = on_other(policy);
        let mut world = World::default();
        world
            .cast_by(&rules, [create(1, "A"), create(2, "A")])
            .unwrap();
        let merged = world.cast_by(&rules, [says(3, action, "B", &[])]).unwrap();
        assert!(is_moved(&merged) && whose(&world) == "B");
        let gone = [delete(9, instance(3))];
        let (read, merged) = world.cast_reading(&rules, gone, |_| create(2, "A"));
        assert_eq!(read, Some(instance(2)), "{policy:?}");
        assert!(is_moved(&merged) && whose(&world) == "A", "{policy:?}");
    }
}

/// Of three patients two have gone.
#[test]
fn after_a_move_an_instance_of_a_third_patient_makes_no_claim() {
    let rules = on_other(OnOtherPatient::Keep);
    let mut world = World::default();
    for (n, id) in [(1, "A"), (2, "B"), (3, "C")] {
        world.cast_by(&rules, [create(n, id)]).unwrap();
    }
    for (gone, next, id) in [(1, 3, "C"), (3, 2, "B")] {
        let gone = [delete(9, instance(gone))];
        let (read, merged) = world.cast_reading(&rules, gone, |_| create(next, id));
        assert_eq!(read, Some(instance(next)));
        assert!(is_moved(&merged) && whose(&world) == id, "{id}");
    }
    assert_eq!(world.only("ImagingStudy")["extension"], Value::Null);
}

/// A patient's correction reaches the feed instance by instance.
#[test]
fn instances_lose_their_marks_when_their_own_updates_come() {
    let rules = on_other(OnOtherPatient::Keep);
    let mut world = World::default();
    world
        .cast_by(&rules, [create(1, "A"), create(2, "A"), create(3, "A")])
        .unwrap();
    for n in [3, 1, 2] {
        world.cast_by(&rules, [update(n, "B")]).unwrap();
        assert_eq!(whose(&world), "B", "{n}");
    }
    assert_eq!(world.only("ImagingStudy")["extension"], Value::Null);
    let (read, _) = world.cast_reading(&rules, [delete(9, instance(3))], |_| panic!());
    assert_eq!((read, whose(&world).as_str()), (None, "B"));
}

#[test]
fn an_instance_of_another_patient_is_not_read_beside_entries_that_name_one() {
    let fold = |changes: &[Change]| radcast_fhir::cast::StudyDelta::fold(changes.to_vec()).unwrap();
    let alone = fold(&[delete(9, instance(1))]);
    let beside = fold(&[delete(9, instance(1)), create(3, "A")]);
    assert!(alone.may_be_read_with(&create(2, "B")));
    assert!(!beside.may_be_read_with(&create(2, "B")));
    assert!(beside.may_be_read_with(&create(2, "A")));
}

/// The mark stays with an instance that another service holds on.
#[test]
fn an_instance_of_another_patient_that_stays_listed_makes_no_claim() {
    let rules = on_other(OnOtherPatient::Keep);
    let others = Rules {
        dicom_endpoint: "https://other.example".into(),
        ..on_other(OnOtherPatient::Keep)
    };
    let mut world = World::default();
    world
        .cast_by(&rules, [create(1, "A"), create(2, "B")])
        .unwrap();
    world.cast_by(&others, [create(2, "B")]).unwrap();
    world.cast_by(&rules, [delete(8, instance(2))]).unwrap();
    assert_eq!(world.only("ImagingStudy")["numberOfInstances"], 2);
    let gone = [delete(9, instance(1))];
    let (read, merged) = world.cast_reading(&rules, gone, |_| create(2, "B"));
    assert_eq!(read, Some(instance(2)));
    assert!(is_moved(&merged) && whose(&world) == "B");
}

#[test]
fn a_late_deletion_of_the_last_instance_of_the_patient_moves_the_study_too() {
    let rules = on_other(OnOtherPatient::Keep);
    let mut world = World::default();
    world
        .cast_by(&rules, [create(1, "A"), create(2, "B")])
        .unwrap();
    let gone = delete(9, instance(1)).into_late();
    let (read, merged) = world.cast_reading(&rules, [gone], |_| create(2, "B"));
    assert_eq!(read, Some(instance(2)));
    assert!(is_moved(&merged) && whose(&world) == "B");
}

#[test]
fn a_study_that_was_left_without_instances_is_of_those_that_come_if_we_created_it() {
    let rules = on_other(OnOtherPatient::Keep);
    for source in ["https://dicom.example/", "https://ris.example/"] {
        let mut world = World::default();
        world.cast_by(&rules, [create(1, "A")]).unwrap();
        let mut study = world.only("ImagingStudy");
        study["note"] = json!([{ "authorString": "R", "text": "seen" }]);
        study["meta"]["source"] = json!(source);
        world.put(&study.to_string());
        world.cast_by(&rules, [delete(9, instance(1))]).unwrap();
        let merged = world.cast_by(&rules, [create(2, "B")]).unwrap();
        let is_ours = source == "https://dicom.example/";
        let expected = if is_ours { "B" } else { "A" };
        assert_eq!(
            (whose(&world).as_str(), is_moved(&merged)),
            (expected, is_ours)
        );
    }
}

#[test]
fn of_what_nobody_disagreed_on_nothing_is_read_again() {
    let same = [("00081030", r#"["x"]"#)];
    let mut world = World::default();
    let says_same = |n| says(n, Action::Create, "A", &same);
    world.cast([says_same(1), says_same(2), create(3, "A")]);
    world.cast([says_same(4)]);
    for n in [1, 2, 3] {
        let (read, _) = world.cast_reading(&rules(), [delete(9, instance(n))], |_| panic!());
        assert_eq!(read, None);
    }
}

#[test]
fn an_instance_that_was_read_again_counts_until_another_one_is() {
    let mut world = World::default();
    for (n, text) in [(1, "x"), (2, "y"), (3, "y")] {
        world.cast([describes(n, text)]);
    }
    for (gone, next, text) in [(2, 3, "y"), (3, 1, "x")] {
        let (read, _) = world.cast_reading(&rules(), [delete(9, instance(gone))], |_| {
            describes(next, text)
        });
        assert_eq!(read, Some(instance(next)));
        assert_eq!(world.only("ImagingStudy")["description"], text);
    }
    assert_eq!(world.only("ImagingStudy")["extension"], Value::Null);
}

#[test]
fn with_a_deletion_the_entries_beside_count_more_than_what_is_read_again() {
    let mut world = World::default();
    world.cast([describes(1, "x")]);
    world.cast([describes(2, "y")]);
    let changes = [delete(9, instance(2)), describes(3, "z")];
    let (read, _) = world.cast_reading(&rules(), changes, |_| describes(1, "x"));
    assert_eq!(read, Some(instance(1)));
    assert_eq!(world.only("ImagingStudy")["description"], "z");
}

/// A person corrects the subject of a study; then instances go that had said the last word.
#[test]
fn an_instance_that_is_read_again_moves_no_study_and_fails_no_deletion() {
    for policy in [
        OnOtherPatient::Keep,
        OnOtherPatient::Move,
        OnOtherPatient::Fail,
    ] {
        let rules = on_other(policy);
        let mut world = World::default();
        for (n, text) in [(1, "x"), (2, "y"), (3, "z")] {
            world.cast_by(&rules, [describes(n, text)]).unwrap();
        }
        let corrected = json!({ "reference": "Patient/corrected" });
        let mut study = world.only("ImagingStudy");
        study["subject"] = corrected.clone();
        world.put(&study.to_string());
        world.put(&patient("corrected", "C", ""));
        for (gone, next) in [(3, 2), (2, 1)] {
            let (read, merged) = world.cast_reading(&rules, [delete(9, instance(gone))], |_| {
                describes(next, "x")
            });
            assert_eq!(read, Some(instance(next)), "{policy:?}");
            let study = world.only("ImagingStudy");
            assert_eq!(study["subject"], corrected, "{policy:?}");
            assert_eq!(study["numberOfInstances"], gone - 1, "{policy:?}");
            assert!(is_kept(&merged) && merged.omitted.is_empty(), "{policy:?}");
        }
    }
}

#[test]
fn of_many_that_were_disagreed_on_any_is_read_again() {
    let mut world = World::default();
    for n in 0..=255_u8 {
        let text = format!(r#"["{n}"]"#);
        world.cast([says(n, Action::Create, "A", &[("00081030", &text)])]);
    }
    world.cast([says(0, Action::Create, "A", &[("00081030", r#"["x"]"#)])]);
    world.cast([says(1, Action::Create, "A", &[("00081030", r#"["y"]"#)])]);
    let extension = world.only("ImagingStudy")["extension"].to_string();
    assert!(extension.len() < 5_000, "{}", extension.len());
    let (read, _) = world.cast_reading(&rules(), [delete(9, instance(7))], |_| {
        says(255, Action::Create, "A", &[("00081030", r#"["z"]"#)])
    });
    assert_eq!(read, Some(instance(255)));
    assert_eq!(world.only("ImagingStudy")["description"], "z");
}

#[test]
fn a_late_entry_never_moves_the_study_and_is_recorded() {
    for policy in [OnOtherPatient::Keep, OnOtherPatient::Move] {
        let rules = on_other(policy);
        let mut world = World::default();
        world.cast_by(&rules, [create(1, "A")]).unwrap();
        let merged = world.cast_by(&rules, [create(2, "B").into_late()]).unwrap();
        assert_eq!(
            (whose(&world).as_str(), merged.omitted.len()),
            ("A", 1),
            "{policy:?}"
        );
    }
}

fn study(subject: &str) -> String {
    format!(
        r#"{{"resourceType":"ImagingStudy","id":"s","meta":{{"versionId":"1"}},"subject":{subject},
            "identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:1.2"}}],
            "series":[{{"uid":"1.3","instance":[{{"uid":"9"}}]}}]}}"#
    )
}

fn patient(id: &str, value: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","meta":{{"versionId":"1"}}{more},
            "identifier":[{{"system":"urn:mrn","value":"{value}"}}]}}"#
    )
}

#[test]
fn whoever_was_merged_into_the_patient_or_is_gone_is_nobody_else() {
    let merged =
        r#","active":false,"link":[{"other":{"reference":"Patient/b"},"type":"replaced-by"}]"#;
    let mut world = World::default();
    world.put(&study(r#"{"reference":"Patient/a","display":"A"}"#));
    world
        .put(&patient("a", "A", merged))
        .put(&patient("b", "B", ""));
    let told = world.cast([create(1, "B")]);
    let subject = world.only("ImagingStudy")["subject"].clone();
    assert_eq!(
        (subject, told.notices),
        (json!({"reference": "Patient/b"}), vec![])
    );
    let mut world = World::default();
    world.put(&study(r#"{"reference":"Patient/gone"}"#));
    let told = world.cast([create(1, "B")]);
    assert!(is_moved(&told) && whose(&world) == "B");
}

#[test]
fn a_patient_that_the_search_missed_is_known_by_the_study() {
    let mut world = World::default();
    world
        .put(&study(r#"{"reference":"Patient/a"}"#))
        .put(&patient("a", "A", ""));
    let change = create(1, "A");
    let delta = radcast_fhir::cast::StudyDelta::of(change);
    let mut found = world.found_for(&delta, &rules());
    found.patient.clear();
    let name = delta.follow_ups(&found, &rules()).remove(0);
    let read = radcast_fhir::cast::Resource::parse(&world.resources["Patient/a"]).unwrap();
    found.read.push((name, Some(read)));
    let merged = radcast_fhir::cast::merge(&delta, &found, &rules()).unwrap();
    assert_eq!(
        crate::cast_world::kinds(&merged),
        ["Create(Endpoint)", "Update(ImagingStudy/s)"]
    );
}

#[test]
fn a_subject_by_identifier_alone_is_that_patient_and_no_other() {
    let subject = r#"{"identifier":{"system":"urn:mrn","value":"A"}}"#;
    let mut world = World::default();
    world.put(&study(subject));
    let mut same = world.clone();
    let failure = world.cast_by(&rules(), [create(1, "B")]).unwrap_err();
    assert_eq!(failure.code, Code::FhirOtherPatient);
    assert!(!failure.message.contains('"'), "{failure}");
    same.cast([create(1, "A")]);
    assert_eq!(whose(&same), "A");
}

const STORED: &str = r#","gender":"male","birthDate":"1950-05-05","name":[{"use":"official","family":"Right","given":["Name"]}]"#;
const PERSON: [(&str, &str); 3] = [
    ("00100010", r#"["Other^Person"]"#),
    ("00100040", r#"["F"]"#),
    ("00100030", r#"["19800101"]"#),
];

fn cast_person(
    policy: PatientPolicy,
    action: Action,
    more: &[(&str, &str)],
) -> (World, Result<Merged, Failure>) {
    let mut world = World::default();
    world.put(&patient("a", "A", STORED));
    let rules = Rules {
        patient_policy: policy,
        ..rules()
    };
    let outcome = world.cast_by(&rules, [says(1, action, "A", more)]);
    (world, outcome)
}

#[test]
fn another_person_with_the_same_id_is_refused_and_nothing_is_written() {
    for policy in [
        PatientPolicy::Synchronize,
        PatientPolicy::CreateIfMissing,
        PatientPolicy::LinkOnly,
    ] {
        for action in CREATES {
            let (world, outcome) = cast_person(policy, action, &PERSON);
            let failure = outcome.unwrap_err();
            assert_eq!(failure.code, Code::FhirPatientMismatch);
            assert!(
                failure.message.contains("1.4.1") && failure.message.contains("Patient/a"),
                "{failure}"
            );
            assert_eq!(world.resources.len(), 1);
            for missing in 0..PERSON.len() {
                let mut some = PERSON.to_vec();
                some.remove(missing);
                cast_person(policy, action, &some).1.unwrap();
            }
        }
    }
}

#[test]
fn within_a_delta_another_person_is_refused_whoever_comes_first() {
    let same = [
        ("00100010", r#"["Right^Name"]"#),
        ("00100040", r#"["M"]"#),
        ("00100030", r#"["19500505"]"#),
    ];
    let (one, other) = (
        says(1, Action::Create, "A", &same),
        says(2, Action::Create, "A", &PERSON),
    );
    for changes in [[one.clone(), other.clone()], [other, one]] {
        let mut world = World::default();
        let failure = world.cast_by(&rules(), changes).unwrap_err();
        assert_eq!(failure.code, Code::FhirPatientMismatch);
        assert!(world.resources.is_empty());
    }
}

#[test]
fn somebody_who_was_merged_may_have_been_known_by_other_words() {
    let old = format!(r#"{STORED},"x":1"#).replace(r#","x":1"#, "");
    let mut world = World::default();
    world.put(&patient("a", "A", &old).replace(r#""value":"A""#, r#""value":"A","use":"old""#));
    world.cast([says(1, Action::Create, "A", &PERSON)]);
    assert_eq!(
        world.only("ImagingStudy")["subject"]["reference"],
        "Patient/a"
    );
}
