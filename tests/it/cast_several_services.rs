//! Deleting what others still have or have added to: several archives of one study, annotations,
//! resources that refer to it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use radcast_fhir::cast::{Change, Merged, Notice, Resource, Rules, StudyDelta, merge};
use serde_json::{Value, json};

use crate::cast_world::{World, create, delete, items, key, kinds, rules, text};

/// Our rules, and those of another archive's radcast.
fn archives() -> [Rules; 2] {
    let other = Rules {
        wado_version: "v2".into(),
        patient_system: Some("urn:mrn".into()),
        ..Rules::new("https://other.example")
    };
    [rules(), other]
}

fn stored(n: u8) -> Change {
    create(u64::from(n), key("1.2", "1.3", &format!("1.4.{n}")), &[])
}

fn gone(n: u8) -> Change {
    delete(100 + u64::from(n), key("1.2", "1.3", &format!("1.4.{n}")))
}

/// The instances that the study lists, by their numbers.
fn listed(world: &World) -> Vec<u8> {
    let study = world.all("ImagingStudy");
    let series = study.iter().flat_map(|study| items(&study["series"]));
    let instances = series.flat_map(|series| items(&series["instance"]));
    let numbers = instances.map(|it| {
        text(&it["uid"])
            .rsplit('.')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    });
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_unstable();
    numbers
}

/// The addresses of the Endpoints of the study, or of its first series.
fn endpoints(world: &World, of: &Value) -> Vec<String> {
    let references = items(of).map(|it| text(&it["reference"]).to_owned());
    let address = |reference: String| {
        let endpoint: Value = serde_json::from_str(&world.resources[&reference]).unwrap();
        text(&endpoint["address"]).to_owned()
    };
    references.map(address).collect()
}

fn is_held(merged: &Merged) -> bool {
    let mut notices = merged.notices.iter();
    notices.any(|notice| matches!(notice, Notice::HeldByOthers { .. }))
}

#[test]
fn a_study_goes_with_the_last_copy() {
    let [a, b] = archives();
    for (first, second) in [(&a, &b), (&b, &a)] {
        let mut world = World::default();
        for rules in [&a, &b] {
            world.cast_by(rules, [stored(1), stored(2)]).unwrap();
        }
        for n in [1, 2] {
            let merged = world.cast_by(first, [gone(n)]).unwrap();
            assert!(is_held(&merged));
            assert_eq!(listed(&world), [1, 2]);
            let again = world.cast_by(first, [gone(n)]).unwrap();
            assert_eq!(kinds(&again), [""; 0], "a replay");
        }
        let study = world.only("ImagingStudy");
        let left = format!("{}/v2", second.dicom_endpoint);
        assert_eq!(endpoints(&world, &study["endpoint"]), [left.as_str()]);
        assert_eq!(
            endpoints(&world, &study["series"][0]["endpoint"]),
            [left.as_str()]
        );
        world.cast_by(second, [gone(1)]).unwrap();
        assert_eq!(listed(&world), [2]);
        world.cast_by(second, [gone(2)]).unwrap();
        assert_eq!(listed(&world), [0; 0]);
        // The archive that made the study takes it away; the other one leaves it empty.
        let expected = usize::from(second.dicom_endpoint == b.dicom_endpoint);
        assert_eq!(world.all("ImagingStudy").len(), expected);
    }
}

#[test]
fn an_instance_that_the_other_archive_never_had_goes_at_once() {
    let [a, b] = archives();
    let mut world = World::default();
    world.cast_by(&a, [stored(1), stored(2)]).unwrap();
    world.cast_by(&b, [stored(2)]).unwrap();
    world.cast_by(&a, [stored(3)]).unwrap();
    assert!(!is_held(&world.cast_by(&a, [gone(1), gone(3)]).unwrap()));
    assert_eq!(listed(&world), [2]);
    assert!(is_held(&world.cast_by(&a, [gone(2)]).unwrap()));
    assert_eq!(listed(&world), [2]);
    // Stored again, the study says both.
    world.cast_by(&a, [stored(2)]).unwrap();
    let study = world.only("ImagingStudy");
    assert_eq!(endpoints(&world, &study["series"][0]["endpoint"]).len(), 2);
    assert!(is_held(&world.cast_by(&b, [gone(2)]).unwrap()));
    assert_eq!(listed(&world), [2]);
}

/// The service has moved: its former Endpoint may be another archive's.
#[test]
fn a_deletion_of_what_only_others_list_is_told_and_counts_once_they_are_off() {
    let [a, b] = archives();
    for is_joined in [false, true] {
        for beside in [false, true] {
            let mut world = World::default();
            world.cast_by(&a, [stored(1), stored(2)]).unwrap();
            let joining = if is_joined {
                stored(3)
            } else {
                create(3, key("1.9", "1.3", "9"), &[])
            };
            world.cast_by(&b, [joining]).unwrap();
            let mut deleting = vec![gone(1)];
            deleting.extend(beside.then(|| stored(4)));
            let of_other_study = |it: &&Value| it["identifier"][0]["value"] == "urn:oid:1.9";
            let merged = world.cast_by(&b, deleting.clone()).unwrap();
            let told: Vec<_> = merged.notices.iter().map(ToString::to_string).collect();
            let case = format!("{is_joined} {beside} {told:?}");
            assert_eq!(merged.notices[0].event(), "listed_by_others", "{case}");
            let studies = world.all("ImagingStudy");
            let first = studies.iter().find(|it| !of_other_study(it)).unwrap();
            let former = text(&first["endpoint"][0]["reference"]).to_owned();
            assert!(told[0].contains(&format!("({former})")), "{case}");
            assert!(listed(&world).contains(&1), "{case}");
            let mut endpoint: Value = serde_json::from_str(&world.resources[&former]).unwrap();
            endpoint["status"] = json!("off");
            world.put(&endpoint.to_string());
            let merged = world.cast_by(&b, deleting).unwrap();
            assert!(!listed(&world).contains(&1), "{case}");
            assert!(merged.notices.is_empty(), "{case}");
        }
    }
}

#[test]
fn removals_beside_what_is_stored_heed_the_other_archive_too() {
    let [a, b] = archives();
    let mut world = World::default();
    for rules in [&a, &b] {
        world.cast_by(rules, [stored(1), stored(2)]).unwrap();
    }
    world.cast_by(&a, [gone(1), stored(3)]).unwrap();
    assert_eq!(listed(&world), [1, 2, 3]);
    world.cast_by(&b, [gone(1)]).unwrap();
    assert_eq!(listed(&world), [2, 3]);
}

#[test]
fn unlisted_instances_are_counted_by_archive_too() {
    let [a, b] = archives().map(|rules| Rules {
        list_instances_up_to: 0,
        ..rules
    });
    let mut world = World::default();
    world.cast_by(&a, [stored(1), stored(2)]).unwrap();
    world.cast_by(&b, [stored(2)]).unwrap();
    let count = |world: &World| world.only("ImagingStudy")["numberOfInstances"].clone();
    for (n, left) in [(1, 1), (2, 1)] {
        world.cast_by(&a, [gone(n)]).unwrap();
        assert_eq!(count(&world), left, "{n}");
    }
    world.cast_by(&b, [gone(2)]).unwrap();
    assert_eq!(count(&world), 0);
}

/// A world with our study of one instance, in which a resource was edited.
fn edited(name: &str, edit: impl Fn(&mut Value)) -> World {
    let mut world = World::default();
    world.cast([stored(1)]);
    let name = world
        .resources
        .keys()
        .find(|it| it.starts_with(name))
        .unwrap()
        .clone();
    let mut resource: Value = serde_json::from_str(&world.resources[&name]).unwrap();
    edit(&mut resource);
    world.put(&resource.to_string());
    world
}

fn endpoint(status: &str, kind: &str) -> String {
    format!(
        r#"{{"resourceType":"Endpoint","id":"x","meta":{{"versionId":"1"}},"status":"{status}",
            "connectionType":{{"code":"{kind}"}},"address":"https://x.example"}}"#
    )
}

#[test]
fn an_endpoint_that_others_named_may_hold_the_images_unless_it_is_seen_not_to() {
    // What is stored as the other Endpoint, whether the instance stays, and whether the study does.
    let cases = [
        (Some(endpoint("active", "dicom-wado-rs")), true, true),
        (Some(endpoint("active", "dicom-qido-rs")), true, true),
        (Some(endpoint("off", "dicom-wado-rs")), false, true),
        (Some(endpoint("active", "ihe-iid")), false, true),
        (None, false, false),
    ];
    for (other, stays, is_kept) in cases {
        let mut world = edited("ImagingStudy/", |study| {
            let reference = json!({"reference": "Endpoint/x"});
            study["endpoint"]
                .as_array_mut()
                .unwrap()
                .push(reference.clone());
            let of_series = &mut study["series"][0]["endpoint"];
            of_series.as_array_mut().unwrap().push(reference);
        });
        if let Some(json) = &other {
            world.put(json);
        }
        let merged = world.cast([gone(1)]);
        assert_eq!(listed(&world) == [1], stays, "{other:?}");
        assert_eq!(is_held(&merged), stays, "{other:?}");
        assert_eq!(
            world.all("ImagingStudy").len(),
            usize::from(is_kept),
            "{other:?}"
        );
        let study = world.all("ImagingStudy");
        for study in study {
            assert_eq!(study["endpoint"], json!([{"reference": "Endpoint/x"}]));
        }
    }
}

/// Sets an element, or adds to a list if the pointer ends in `/-`.
fn add(study: &mut Value, pointer: &str, added: &Value) {
    match pointer.strip_suffix("/-") {
        Some(list) => {
            let list = study.pointer_mut(list).unwrap().as_array_mut();
            list.unwrap().push(added.clone());
        }
        None => study[&pointer[1..]] = added.clone(),
    }
}

#[test]
fn what_others_added_to_stays_without_ours() {
    let additions: [(&str, Value); 14] = [
        ("/note", json!([{"text": "seen", "authorString": "R"}])),
        ("/note", json!([{"text": "seen", "time": "2024"}])),
        (
            "/contained",
            json!([{"resourceType": "Patient", "id": "c"}]),
        ),
        (
            "/extension",
            json!([{"url": "https://x", "valueString": "v"}]),
        ),
        (
            "/identifier/-",
            json!({"system": "urn:other", "value": "1"}),
        ),
        ("/basedOn", json!([{"reference": "ServiceRequest/1"}])),
        ("/interpreter", json!([{"reference": "Practitioner/1"}])),
        ("/reasonCode", json!([{"text": "pain"}])),
        ("/encounter", json!({"reference": "Encounter/1"})),
        ("/procedureReference", json!({"reference": "Procedure/1"})),
        ("/modality/-", json!({"system": "urn:x", "code": "Q"})),
        ("/_description", json!({"id": "d"})),
        ("/status", json!("cancelled")),
        ("/text", json!({"status": "additional", "div": "<div/>"})),
    ];
    for (pointer, added) in additions {
        let mut world = edited("ImagingStudy/", |study| add(study, pointer, &added));
        let merged = world.cast([gone(1)]);
        let told = |notice: &Notice| matches!(notice, Notice::AnnotatedStudyEmptied { .. });
        assert!(
            merged.notices.iter().any(told),
            "{pointer} {:?}",
            merged.notices
        );
        let study = world.only("ImagingStudy");
        let list = study.pointer(pointer.trim_end_matches("/-")).unwrap();
        let is_there = *list == added || items(list).any(|it| *it == added);
        assert!(is_there, "{pointer} {study}");
        assert_eq!(
            (&study["series"], &study["endpoint"]),
            (&Value::Null, &Value::Null),
            "{pointer}"
        );
        assert_eq!(study["numberOfInstances"], 0, "{pointer}");
        if pointer != "/status" {
            assert_eq!(study["status"], "registered", "{pointer}");
            world.cast([stored(2)]);
            assert_eq!(
                world.only("ImagingStudy")["status"],
                "available",
                "{pointer}"
            );
        }
    }
}

#[test]
fn what_servers_and_dicom_cast_write_is_no_addition() {
    let written: [(&str, Value); 4] = [
        ("text", json!({"status": "generated", "div": "<div/>"})),
        ("note", json!([{"text": "Chest"}])),
        (
            "meta",
            json!({"versionId": "1", "source": "https://dicom.example/", "tag": [{"code": "x"}]}),
        ),
        ("modality", json!([{"system": "DCM", "code": "CT"}])),
    ];
    for (element, value) in written {
        let mut world = edited("ImagingStudy/", |study| study[element] = value.clone());
        world.cast([gone(1)]);
        assert_eq!(world.all("ImagingStudy"), [Value::Null; 0], "{element}");
    }
}

#[test]
fn a_series_that_others_added_to_stays_without_instances() {
    let mut world = edited("ImagingStudy/", |study| {
        study["series"][0]["extension"] = json!([{"url": "https://x", "valueString": "v"}]);
    });
    world.cast([gone(1)]);
    let series = world.only("ImagingStudy")["series"][0].clone();
    assert_eq!(
        (&series["instance"], &series["numberOfInstances"]),
        (&Value::Null, &json!(0))
    );
    assert_eq!(series["extension"][0]["valueString"], "v");
}

#[test]
fn what_cannot_be_deleted_is_emptied_and_its_reports_are_entered_in_error() {
    let rules = Rules {
        body_observations: true,
        ..rules()
    };
    let weight = [("00101030", r#"{"Value":[70]}"#)];
    let mut world = World::default();
    let one = key("1.2", "1.3", "1.4.1");
    let dataset = crate::cast_world::dataset(&one, &weight);
    let change = Change::read(
        1,
        one,
        radcast_fhir::cast::Action::Create,
        Some(&dataset),
        &rules,
    );
    world.cast_by(&rules, [change.unwrap()]).unwrap();
    let delta = StudyDelta::of(gone(1));
    let mut found = world.found_for(&delta, &rules);
    let refused = merge(&delta, &found, &rules).unwrap();
    assert!(
        kinds(&refused)
            .iter()
            .all(|kind| kind.starts_with("Delete(")),
        "{refused:?}"
    );
    assert_eq!(refused.writes.len(), 2);
    found.undeletable = true;
    found.undeletable_observations = true;
    let merged = merge(&delta, &found, &rules).unwrap();
    let told = |notice: &Notice| matches!(notice, Notice::ReferencedStudyEmptied { .. });
    assert!(merged.notices.iter().any(told));
    for write in &merged.writes {
        let radcast_fhir::cast::Write::Update { resource, .. } = write else {
            panic!("{write:?}");
        };
        let resource: Value = serde_json::to_value(resource).unwrap();
        let status = match text(&resource["resourceType"]) {
            "ImagingStudy" => "registered",
            _ => "entered-in-error",
        };
        assert_eq!(resource["status"], status);
        assert_eq!(resource["series"], Value::Null);
        // Once it is so, nothing is left to be written.
        found
            .study
            .retain(|it| it.id().as_deref() != resource["id"].as_str());
        found
            .observations
            .retain(|it| it.id().as_deref() != resource["id"].as_str());
        let resource = Resource::parse(&resource.to_string()).unwrap();
        match resource.resource_type().as_deref() {
            Some("ImagingStudy") => found.study.push(resource),
            _ => found.observations.push(resource),
        }
    }
    assert_eq!(kinds(&merge(&delta, &found, &rules).unwrap()), [""; 0]);
}
