//! Searches and their pages.

use super::*;

async fn with_identifiers(identifiers: &[Value]) -> Service {
    let service = Service::start().await;
    for identifier in identifiers {
        let resource = json!({"resourceType": "Patient", "identifier": [identifier]});
        assert_eq!(service.post("/Patient", &resource).await.status, 201);
    }
    service
}

#[tokio::test]
async fn the_forms_of_a_token_find_what_they_mean() {
    let service = with_identifiers(&[
        json!({"system": "s", "value": "v"}),
        json!({"system": "t", "value": "v"}),
        json!({"value": "v"}),
        json!({"system": "s", "value": "w"}),
    ])
    .await;
    for (token, ids) in [
        ("v", ["1", "2", "3"].as_slice()),
        ("s|v", &["1"]),
        ("|v", &["3"]),
        ("s|", &["1", "4"]),
        ("s|w,t|v", &["2", "4"]),
        ("V", &[]),
    ] {
        assert_eq!(
            service.found("/Patient", &[("identifier", token)]).await,
            ids,
            "{token}"
        );
    }
    let both = [("identifier", "v"), ("identifier", "s|")];
    assert_eq!(service.found("/Patient", &both).await, ["1"]);
}

#[tokio::test]
async fn escaped_characters_belong_to_the_value() {
    let service = with_identifiers(&[
        json!({"system": "s", "value": r"a,b|c$d\e"}),
        json!({"system": "s", "value": "a"}),
        json!({"system": "s|t", "value": "é +&=%"}),
    ])
    .await;
    let found = async |token: &str| service.found("/Patient", &[("identifier", token)]).await;
    assert_eq!(found(r"s|a\,b\|c\$d\\e").await, ["1"]);
    assert_eq!(found(r"a,b\|c").await, ["2"]);
    assert_eq!(found(r"s\|t|é +&=%").await, ["3"]);
}

#[tokio::test]
async fn names_are_found_by_their_start_in_any_letter_case() {
    let service = Service::start().await;
    let names = json!([{"family": "Müller", "given": ["Ann_a"]}]);
    service
        .post(
            "/Patient",
            &json!({"resourceType": "Patient", "name": names}),
        )
        .await;
    for (name, found) in [("mÜl", 1), ("ann", 1), ("üll", 0), ("ann%", 0), ("annx", 0)] {
        assert_eq!(
            service.found("/Patient", &[("name", name)]).await.len(),
            found,
            "{name}"
        );
    }
    assert!(
        service
            .found("/Patient", &[("family", "ann")])
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn endpoints_are_found_by_name_and_connection_type() {
    let service = Service::start().await;
    let endpoint = json!({
        "resourceType": "Endpoint",
        "status": "active",
        "name": "PACS wado",
        "connectionType": {"system": "ct", "code": "dicom-wado-rs"},
        "payloadType": [{"text": "DICOM"}],
        "address": "http://pacs",
    });
    service.post("/Endpoint", &endpoint).await;
    let both = [("name", "pacs"), ("connection-type", "ct|dicom-wado-rs")];
    assert_eq!(service.found("/Endpoint", &both).await, ["1"]);
    let other = [("name", "pacs"), ("connection-type", "dicom-qido-rs")];
    assert!(service.found("/Endpoint", &other).await.is_empty());
}

#[tokio::test]
async fn studies_are_found_by_patient_series_modality_and_status() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    assert_eq!(
        service
            .post("/ImagingStudy", &study("Patient/1"))
            .await
            .status,
        201
    );
    let absolute = service.url("/Patient/1");
    for (name, value, found) in [
        ("patient", "1", 1),
        ("patient", "Patient/1", 1),
        ("subject", absolute.as_str(), 1),
        ("subject", "Device/1", 0),
        ("series", "1.2", 1),
        (
            "modality",
            "http://dicom.nema.org/resources/ontology/DCM|CT",
            1,
        ),
        ("modality", "MR", 0),
        (
            "status",
            "http://hl7.org/fhir/imagingstudy-status|available",
            1,
        ),
        ("status", "cancelled", 0),
        ("_id", "1,2", 1),
    ] {
        let ids = service.found("/ImagingStudy", &[(name, value)]).await;
        assert_eq!(ids.len(), found, "{name}={value}");
    }
}

#[tokio::test]
async fn included_patients_come_once_and_do_not_count() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    service.post("/ImagingStudy", &study("Patient/1")).await;
    service.post("/ImagingStudy", &study("Patient/1")).await;
    let parameters = [
        ("_include", "ImagingStudy:patient"),
        ("_include", "ImagingStudy:subject"),
    ];
    let bundle = service.search("/ImagingStudy", &parameters).await.json();
    assert_eq!(bundle["total"], 2);
    let modes: Vec<_> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["resource"]["resourceType"].clone(),
                entry["search"]["mode"].clone(),
            )
        })
        .collect();
    assert_eq!(
        modes,
        [
            (json!("ImagingStudy"), json!("match")),
            (json!("ImagingStudy"), json!("match")),
            (json!("Patient"), json!("include")),
        ]
    );
}

#[tokio::test]
async fn walking_the_pages_meets_every_resource_once() {
    let identifiers: Vec<_> = (0..7)
        .map(|n| json!({"system": "s|", "value": n.to_string()}))
        .collect();
    let service = with_identifiers(&identifiers).await;
    let query = [("identifier", r"s\||"), ("_count", "3")];
    let mut page = service.search("/Patient", &query).await.json();
    let mut met = Vec::new();
    let mut sizes = Vec::new();
    loop {
        assert_eq!(page["total"], 7);
        let entries = page["entry"].as_array().unwrap();
        sizes.push(entries.len());
        met.extend(
            entries
                .iter()
                .map(|entry| entry["fullUrl"].as_str().unwrap().to_owned()),
        );
        let links = page["link"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else {
            break;
        };
        let next = next["url"].as_str().unwrap();
        assert_eq!(next.matches("_offset").count(), 1, "{next}");
        let request = service.http.get(next);
        page = send(request).await.json();
    }
    assert_eq!(sizes, [3, 3, 1]);
    let all: Vec<_> = (1..=7)
        .map(|id| service.url(&format!("/Patient/{id}")))
        .collect();
    assert_eq!(met, all);
}

#[tokio::test]
async fn an_update_is_found_by_its_new_values_alone() {
    let service = with_identifiers(&[json!({"value": "old"})]).await;
    let update = json!({"resourceType": "Patient", "id": "1", "identifier": [{"value": "new"}]});
    service.put("/Patient/1", &update).await;
    assert_eq!(
        service.found("/Patient", &[("identifier", "new")]).await,
        ["1"]
    );
    assert!(
        service
            .found("/Patient", &[("identifier", "old")])
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_full_last_page_has_no_next() {
    let service = with_identifiers(&[json!({"value": "a"}), json!({"value": "b"})]).await;
    let bundle = service.search("/Patient", &[("_count", "2")]).await.json();
    assert_eq!(bundle["link"].as_array().unwrap().len(), 1);
    assert_eq!(bundle["link"][0]["url"], service.url("/Patient?_count=2"));
}

#[tokio::test]
async fn a_summary_counts_without_entries() {
    let service = with_identifiers(&[json!({"value": "a"}), json!({"value": "b"})]).await;
    let bundle = service
        .search("/Patient", &[("_summary", "count")])
        .await
        .json();
    assert_eq!(bundle["total"], 2);
    assert_eq!(bundle.get("entry"), None);
}

#[tokio::test]
async fn a_search_may_come_as_a_form() {
    let service = with_identifiers(&[json!({"value": "a"}), json!({"value": "b"})]).await;
    let request = service
        .http
        .post(service.url("/Patient/_search"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("identifier=b");
    assert_eq!(
        send(request).await.json()["entry"][0]["resource"]["id"],
        "2"
    );
    assert_eq!(service.store.faults().count("fhir.search"), 1);
}
