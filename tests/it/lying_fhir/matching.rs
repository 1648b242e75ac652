//! Searches and conditions that match more than the identifier.

use radcast_engine::failure::Code;

use super::model::{LyingFhir, Same};
use super::{Scene, image, patient_of, stranger};

fn folded(text: &str) -> String {
    text.to_lowercase().replace('ü', "u")
}

/// The text in a column of one byte a character.
fn in_code_page(text: &str) -> String {
    let byte = |it: char| if u32::from(it) < 256 { it } else { '?' };
    text.trim_end().chars().map(byte).collect()
}

/// Rules by which servers compare, each with a study and an identifier of another resource that the
/// study's own would match.
const RULES: &[(&str, Same, &str, &str)] = &[
    (
        "case",
        |a, b| a.0 == b.0 && a.1.eq_ignore_ascii_case(b.1),
        "1.2.901",
        "ab12",
    ),
    (
        "accents",
        |a, b| a.0 == b.0 && folded(a.1) == folded(b.1),
        "1.2.902",
        "Muller1",
    ),
    (
        "beginning",
        |a, b| a.0 == b.0 && b.1.starts_with(a.1),
        "1.2.901",
        "AB123",
    ),
    ("no system", |a, b| a.1 == b.1, "1.2.901", "AB12"),
    (
        "code page",
        |a, b| in_code_page(a.1) == in_code_page(b.1),
        "1.2.903",
        "病人1",
    ),
    (
        "inner blanks",
        |a, b| a.1.replace(' ', "") == b.1.replace(' ', ""),
        "1.2.901",
        "AB 12",
    ),
];

fn system_of(rule: &str) -> &'static str {
    if rule == "no system" {
        "urn:elsewhere"
    } else {
        "urn:mrn"
    }
}

#[tokio::test]
async fn another_patient_that_the_search_finds_is_not_the_patient() {
    for (rule, same, study, near) in RULES {
        let scene = Scene::new();
        let other = stranger("Patient", "other", system_of(rule), near);
        scene.fhir.lock().put(other);
        let before = scene.fhir.lock().resources["Patient/other"].clone();
        scene.fhir.lock().same = *same;
        scene.fhir.lock().loose.insert("Patient");
        let failure = scene.apply(image(study, 1)).await.unwrap_err();
        assert_eq!(failure.code, Code::FhirNearMatch, "{rule}: {failure}");
        assert!(
            !failure.to_string().contains(&patient_of(study)),
            "{failure}"
        );
        assert!(scene.fhir.lock().all("ImagingStudy").is_empty(), "{rule}");
        assert_eq!(scene.fhir.lock().resources["Patient/other"], before);
        // A person creates the patient: the exact one is found among the near ones.
        let own = stranger("Patient", "own", "urn:mrn", &patient_of(study));
        scene.fhir.lock().put(own);
        scene.apply(image(study, 1)).await.unwrap();
        scene.check_references();
        assert_eq!(scene.fhir.lock().resources["Patient/other"], before);
    }
}

/// The search shows nothing, because it lags behind, and the condition of the create matches.
#[tokio::test]
async fn another_patient_that_the_condition_matches_is_not_referred_to() {
    for gives_representation in [true, false] {
        for (rule, same, study, near) in RULES {
            let scene = Scene::new();
            let other = stranger("Patient", "other", system_of(rule), near);
            scene.fhir.lock().put(other);
            let before = scene.fhir.lock().resources["Patient/other"].clone();
            {
                let mut state = scene.fhir.lock();
                state.gives_representation = gives_representation;
                state.same = *same;
                state.loose.insert("Patient");
                state.blind.insert("Patient");
            }
            let failure = scene.apply(image(study, 1)).await.unwrap_err();
            assert_eq!(failure.code, Code::FhirNearMatch, "{rule}: {failure}");
            assert!(scene.fhir.lock().all("ImagingStudy").is_empty(), "{rule}");
            assert_eq!(scene.fhir.lock().resources["Patient/other"], before);
        }
    }
}

#[tokio::test]
async fn another_endpoint_and_another_study_are_not_taken_for_ours() {
    let uri = "urn:ietf:rfc:3986";
    let uid = "urn:dicom:uid";
    let begins: Same = |a, b| b.1.starts_with(a.1);
    for (kind, system, value) in [
        ("Endpoint", uri, "https://dicom.example/v2/partitions/a"),
        ("ImagingStudy", uid, "urn:oid:1.2.7.1"),
        ("ImagingStudy", "urn:elsewhere", "urn:oid:1.2.7"),
    ] {
        for is_blind in [false, true] {
            let scene = Scene::new();
            scene
                .fhir
                .lock()
                .put(stranger(kind, "other", system, value));
            let name = format!("{kind}/other");
            let before = scene.fhir.lock().resources[&name].clone();
            scene.fhir.lock().same = begins;
            scene.fhir.lock().loose.insert(kind);
            if is_blind {
                scene.fhir.lock().blind.insert(kind);
            }
            let failure = scene.apply(image("1.2.7", 1)).await.unwrap_err();
            assert_eq!(failure.code, Code::FhirNearMatch, "{kind}: {failure}");
            assert_eq!(scene.fhir.lock().resources[&name], before);
            assert_eq!(scene.fhir.lock().all(kind).len(), 1);
        }
    }
}

/// A search for several patients at once shows near matches of one of them.
#[tokio::test]
async fn a_shared_search_leaves_near_matches_to_nobody() {
    let fhir = LyingFhir::new();
    fhir.lock()
        .put(stranger("Patient", "other", "urn:mrn", "ab12"));
    fhir.lock().same = |a, b| a.0 == b.0 && a.1.eq_ignore_ascii_case(b.1);
    fhir.lock().loose.insert("Patient");
    let scene = Scene::at(fhir);
    let studies = ["1.2.1", "1.2.901", "1.2.2", "1.2.3"];
    let applied = studies.map(|study| scene.apply_in_the_end_owned(image(study, 1)));
    let outcomes = futures_util::future::join_all(applied).await;
    let codes: Vec<_> = outcomes
        .iter()
        .map(|it| it.as_ref().err().map(|failure| failure.code))
        .collect();
    assert_eq!(codes, [None, Some(Code::FhirNearMatch), None, None]);
    scene.check_references();
}
