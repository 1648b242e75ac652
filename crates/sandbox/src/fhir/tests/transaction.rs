//! Transactions and batches.

use super::*;

fn delete_entry(url: &str) -> Value {
    json!({"request": {"method": "DELETE", "url": url}})
}

fn conditional_entry(full_url: &str, identifier: &str) -> Value {
    let mut entry = post_entry(full_url, &patient(identifier));
    entry["request"]["ifNoneExist"] = json!(format!("identifier=urn:mrn|{identifier}"));
    entry
}

#[tokio::test]
async fn placeholders_are_resolved_in_every_entry() {
    let service = Service::start().await;
    let mut study = study("urn:uuid:p");
    study["extension"] = json!([{"url": "u", "valueReference": {"reference": "urn:uuid:p"}}]);
    study["description"] = json!("urn:uuid:p");
    let answered = service
        .transact(json!([
            post_entry("urn:uuid:s", &study),
            post_entry("urn:uuid:p", &patient("a")),
        ]))
        .await;
    assert_eq!(answered.status, 200, "{}", answered.text);

    let response = answered.json();
    assert_eq!(response["type"], "transaction-response");
    let first = &response["entry"][0]["response"];
    assert_eq!(first["status"], "201 Created");
    assert_eq!(first["location"], "ImagingStudy/1/_history/1");
    assert_eq!(first["etag"], "W/\"1\"");
    assert!(first["lastModified"].is_string());

    let stored = &service.store.resources("ImagingStudy").unwrap()[0];
    assert_eq!(stored["subject"]["reference"], "Patient/2");
    assert_eq!(
        stored["extension"][0]["valueReference"]["reference"],
        "Patient/2"
    );
    assert_eq!(stored["description"], "urn:uuid:p");
    assert_eq!(
        service.found("/ImagingStudy", &[("patient", "2")]).await,
        ["1"]
    );
}

#[tokio::test]
async fn placeholders_lead_to_what_a_conditional_create_found() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    let entries = json!([
        conditional_entry("urn:uuid:p", "a"),
        post_entry("urn:uuid:s", &study("urn:uuid:p")),
    ]);
    let response = service.transact(entries).await.json();
    assert_eq!(response["entry"][0]["response"]["status"], "200 OK");
    assert_eq!(
        response["entry"][0]["response"]["location"],
        "Patient/1/_history/1"
    );
    let stored = &service.store.resources("ImagingStudy").unwrap()[0];
    assert_eq!(stored["subject"]["reference"], "Patient/1");
    assert_eq!(service.store.versions_written().unwrap(), 2);
}

#[tokio::test]
async fn entries_are_carried_out_in_the_order_of_the_standard() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    let response = service
        .transact(json!([
            {"request": {"method": "GET", "url": "Patient?identifier=urn:mrn|a"}},
            conditional_entry("urn:uuid:p", "a"),
            delete_entry("Patient/1"),
        ]))
        .await
        .json();
    let found = &response["entry"][0]["resource"];
    assert_eq!(found["total"], 1);
    assert_eq!(found["entry"][0]["resource"]["id"], "2");
    assert_eq!(response["entry"][1]["response"]["status"], "201 Created");
    assert_eq!(response["entry"][2]["response"]["status"], "204 No Content");
}

#[tokio::test]
async fn a_failing_entry_is_named_and_undoes_all() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    let mut bad = study("Patient/1");
    bad["status"] = json!("done");
    for (last, status, named) in [
        (post_entry("urn:uuid:s", &bad), 400, "ImagingStudy.status"),
        (
            post_entry("urn:uuid:s", &study("Patient/9")),
            400,
            "there is no Patient/9",
        ),
        (
            post_entry("urn:uuid:s", &study("urn:uuid:x")),
            400,
            "urn:uuid:x",
        ),
        (
            post_entry("urn:uuid:s", &study("Patient/1")),
            400,
            "there is no Patient/1",
        ),
        (
            json!({"request": {"method": "GET", "url": "Patient/9"}}),
            404,
            "Patient/9",
        ),
        (
            json!({"request": {"method": "PATCH", "url": "Patient/1"}}),
            400,
            "request.method",
        ),
        (json!({}), 400, "request"),
    ] {
        let entries = json!([
            post_entry("urn:uuid:p", &patient("b")),
            delete_entry("Patient/1"),
            last
        ]);
        let refused = service.transact(entries).await;
        assert_eq!(refused.status, status, "{}", refused.text);
        let diagnostics = refused.diagnostics();
        assert!(
            diagnostics.starts_with("Bundle.entry[2]: "),
            "{diagnostics}"
        );
        assert!(diagnostics.contains(named), "{diagnostics}");
        assert_eq!(service.store.versions_written().unwrap(), 1);
    }
    assert_eq!(
        service.found("/Patient", &[("identifier", "a,b")]).await,
        ["1"]
    );
}

#[tokio::test]
async fn several_matches_fail_a_transaction() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    service.post("/Patient", &patient("a")).await;
    let refused = service
        .transact(json!([conditional_entry("urn:uuid:p", "a")]))
        .await;
    assert_eq!(refused.status, 412);
    assert!(!refused.diagnostics().contains("urn:mrn"));
}

#[tokio::test]
async fn entries_about_one_resource_are_refused() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    let mut replacement = patient("a");
    replacement["id"] = json!("1");
    let put = json!({"resource": replacement, "request": {"method": "PUT", "url": "Patient/1"}});
    for entries in [
        json!([put, put]),
        json!([put, delete_entry("Patient/1")]),
        json!([put, conditional_entry("urn:uuid:p", "a")]),
        json!([
            conditional_entry("urn:uuid:p", "n"),
            conditional_entry("urn:uuid:q", "n")
        ]),
        json!([
            post_entry("urn:uuid:p", &patient("b")),
            post_entry("urn:uuid:p", &patient("c"))
        ]),
    ] {
        let refused = service.transact(entries).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert_eq!(refused.json()["issue"][0]["code"], "duplicate");
    }
    assert_eq!(service.store.versions_written().unwrap(), 1);
}

#[tokio::test]
async fn the_base_may_end_in_a_slash() {
    let service = Service::start().await;
    let bundle = json!({"resourceType": "Bundle", "type": "transaction"});
    assert_eq!(service.post("/", &bundle).await.status, 200);
    assert_eq!(service.store.faults().count("fhir.transaction"), 1);
}

#[tokio::test]
async fn the_entries_of_a_batch_stand_alone() {
    let service = Service::start().await;
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": [
        post_entry("urn:uuid:s", &study("Patient/9")),
        post_entry("urn:uuid:p", &patient("a")),
        delete_entry("Claim/1"),
    ]});
    let response = service.post("", &bundle).await.json();
    assert_eq!(response["type"], "batch-response");
    let statuses: Vec<_> = (0..3)
        .map(|index| {
            response["entry"][index]["response"]["status"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(
        statuses,
        ["400 Bad Request", "201 Created", "400 Bad Request"]
    );
    let outcome = &response["entry"][0]["response"]["outcome"];
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let diagnostics = outcome["issue"][0]["diagnostics"].as_str().unwrap();
    assert!(diagnostics.starts_with("Bundle.entry[0]: there is no Patient/9"));
    assert_eq!(service.store.versions_written().unwrap(), 1);
}

#[tokio::test]
async fn a_study_of_a_thousand_instances_goes_in_and_comes_back() {
    let service = Service::start().await;
    let instance =
        |n| json!({"uid": format!("1.2.{n}"), "sopClass": {"code": "urn:oid:1.2"}, "number": n});
    let mut study = study("urn:uuid:p");
    study["series"][0]["instance"] = (0..1000).map(instance).collect();
    let entries = json!([
        post_entry("urn:uuid:p", &patient("a")),
        post_entry("urn:uuid:s", &study)
    ]);
    assert_eq!(service.transact(entries).await.status, 200);
    let read = service.get("/ImagingStudy/2").await.json();
    assert_eq!(read["series"], study["series"]);
}
