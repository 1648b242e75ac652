//! Patients and their Observations with all that is mapped, on a server that others wrote.

use serde_json::{Value, json};

use super::{Site, cases, no_failure};
use crate::support::instances::study;

cases! {
    all_of_a_patient_is_valid_and_written_once
    the_patient_of_a_study_that_names_none_is_valid
}

/// Every attribute of a patient that is mapped.
fn complete(id: &str) -> String {
    let place = study(1, 1, 1, 1)[0];
    let mut instance = place.ct();
    let code = |value: &str, scheme: &str, meaning: &str| {
        json!({ "vr": "SQ", "Value": [{
            "00080100": { "vr": "SH", "Value": [value] },
            "00080102": { "vr": "SH", "Value": [scheme] },
            "00080104": { "vr": "LO", "Value": [meaning] },
        }]})
    };
    let name = json!([{ "Alphabetic": "Bianchi^Maria", "Ideographic": "山田^花子", "Phonetic": "やまだ^はなこ" }]);
    let elements = [
        ("00100020", json!({ "vr": "LO", "Value": [id] })),
        ("00101000", json!({ "vr": "LO", "Value": ["Y1"] })),
        ("00101001", json!({ "vr": "PN", "Value": name })),
        (
            "00101002",
            json!({ "vr": "SQ", "Value": [{
                "00100020": { "vr": "LO", "Value": ["X1"] },
                "00100021": { "vr": "LO", "Value": ["HOSP"] },
            }]}),
        ),
        ("00101005", json!({ "vr": "PN", "Value": name })),
        ("00101020", json!({ "vr": "DS", "Value": ["1.755"] })),
        ("00101030", json!({ "vr": "DS", "Value": [70.5] })),
        ("00101040", json!({ "vr": "LO", "Value": ["Weg 1^^Bern"] })),
        ("00102150", json!({ "vr": "LO", "Value": ["CH"] })),
        ("00102152", json!({ "vr": "LO", "Value": ["BE"] })),
        (
            "00102154",
            json!({ "vr": "SH", "Value": ["+41 44 1", "a@b.ch", "none"] }),
        ),
        (
            "00102155",
            json!({ "vr": "LT", "Value": ["1^WPN^FX~2^ORN^CP~3^PRN^BP\nhttps://a.ch"] }),
        ),
        ("00102160", json!({ "vr": "SH", "Value": ["Han"] })),
        ("00102201", json!({ "vr": "LO", "Value": ["Canis"] })),
        (
            "00102202",
            code("448771007", "SCT", "Canis lupus familiaris"),
        ),
        ("00102203", json!({ "vr": "CS", "Value": ["ALTERED"] })),
        ("00102292", json!({ "vr": "LO", "Value": ["Beagle"] })),
        ("00102293", code("132557000", "SCT", "Beagle dog")),
        (
            "00102297",
            json!({ "vr": "PN", "Value": ["Keeper^Ann^^Dr."] }),
        ),
        ("00102298", json!({ "vr": "CS", "Value": ["OWNER"] })),
        ("00102299", json!({ "vr": "LO", "Value": ["Shelter"] })),
    ];
    let members = instance.as_object_mut().unwrap();
    members.extend(elements.map(|(tag, element)| (tag.to_owned(), element)));
    if id.is_empty() {
        members.remove("00100020");
    }
    instance.to_string()
}

async fn check(site: &Site) -> Vec<Value> {
    site.check_validity().await;
    site.check_structure().await;
    site.resources().await
}

async fn all_of_a_patient_is_valid_and_written_once(site: Site) {
    let last = site.services.store_json(&complete("P 1"));
    let daemon = site.daemon().with("Patient__GenerateObservations", "true");
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
    let written = check(&site).await;
    // Patient, Endpoint, ImagingStudy, weight and height.
    assert_eq!(written.len(), 5);
    let versions = site.versions().await;
    let again = site.daemon().with("Patient__GenerateObservations", "true");
    again.run_until_settled(last).await;
    no_failure(&again).await;
    assert_eq!(site.versions().await, versions);
    assert_eq!(check(&site).await, written);
}

async fn the_patient_of_a_study_that_names_none_is_valid(site: Site) {
    let last = site.services.store_json(&complete(""));
    let daemon = site.daemon().with("Patient__MissingId", "PerStudy");
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
    assert_eq!(check(&site).await.len(), 3);
}
