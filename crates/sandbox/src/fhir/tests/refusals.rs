//! Every refusal is an `OperationOutcome` that says why.

use super::*;

async fn assert_refused(request: RequestBuilder, status: u16, reason: &str) {
    let refused = send(request).await;
    assert_eq!(refused.status, status, "{}", refused.text);
    let diagnostics = refused.diagnostics();
    assert!(diagnostics.contains(reason), "{diagnostics}");
    assert!(
        refused
            .header("content-type")
            .starts_with("application/fhir+json")
    );
}

#[tokio::test]
async fn bad_bodies_are_refused_with_their_reason() {
    let service = Service::start().await;
    for (path, body, reason) in [
        ("/Patient", "{", "not well-formed JSON, at line 1 column 1"),
        ("/Patient", "[]", "not a resource"),
        (
            "/Patient",
            r#"{"resourceType":"Endpoint"}"#,
            "is not Patient",
        ),
        (
            "/Patient",
            r#"{"resourceType":"Patient","name":[]}"#,
            "Patient.name is an empty array",
        ),
        (
            "",
            r#"{"resourceType":"Patient"}"#,
            "a Bundle is to be posted",
        ),
        (
            "",
            r#"{"resourceType":"Bundle","type":"history"}"#,
            "Bundle.type",
        ),
        (
            "",
            r#"{"resourceType":"Bundle","type":"batch","entry":7}"#,
            "the shape",
        ),
    ] {
        let request = service.request(Method::POST, path).body(body);
        assert_refused(request, 400, reason).await;
    }
    assert_eq!(service.store.versions_written().unwrap(), 0);
}

#[tokio::test]
async fn an_update_must_state_the_id_of_its_url() {
    let service = Service::start().await;
    for (path, body, reason) in [
        (
            "/Patient/1",
            r#"{"resourceType":"Patient","id":"2"}"#,
            "that of the URL, 1",
        ),
        (
            "/Patient/1",
            r#"{"resourceType":"Patient"}"#,
            "that of the URL, 1",
        ),
        (
            "/Patient/a_b",
            r#"{"resourceType":"Patient"}"#,
            "an id is 1 to 64",
        ),
    ] {
        let request = service.request(Method::PUT, path).body(body);
        assert_refused(request, 400, reason).await;
    }
    assert_eq!(service.store.versions_written().unwrap(), 0);
}

#[tokio::test]
async fn requests_for_what_is_not_served_are_refused_with_their_reason() {
    let service = Service::start().await;
    let unknown = "birthdate is not known for Patient; known are: identifier";
    for (method, path, status, reason) in [
        (
            Method::GET,
            "/Claim",
            404,
            "kept are: Patient, Endpoint, ImagingStudy",
        ),
        (Method::GET, "/Patient?birthdate=2000", 400, unknown),
        (Method::GET, "/Patient?identifier=", 400, "identifier"),
        (Method::GET, "/Patient?_format=xml", 406, "JSON alone"),
        (
            Method::GET,
            "/Patient/1/_history/1",
            404,
            "nothing is served here",
        ),
        (Method::PATCH, "/Patient/1", 405, "method is not supported"),
        (Method::GET, "", 405, "method is not supported"),
    ] {
        assert_refused(service.request(method, path), status, reason).await;
    }
}

#[tokio::test]
async fn a_single_write_may_not_refer_to_what_is_absent() {
    let service = Service::start().await;
    let refused = service.post("/ImagingStudy", &study("Patient/1")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.diagnostics(),
        "there is no Patient/1, to which the resource refers"
    );
    assert_eq!(service.store.count("ImagingStudy").unwrap(), 0);
}

#[tokio::test]
async fn a_body_of_another_media_type_is_refused() {
    let service = Service::start().await;
    let request = service
        .http
        .post(service.url("/Patient"))
        .header("content-type", "application/fhir+xml")
        .body("<Patient/>");
    assert_eq!(send(request).await.status, 415);
}

#[tokio::test]
async fn a_body_of_several_megabytes_is_taken() {
    let service = Service::start().await;
    let long = json!({"resourceType": "Patient", "language": "x".repeat(3 << 20)});
    assert_eq!(service.post("/Patient", &long).await.status, 201);
}

#[tokio::test]
async fn a_refusal_repeats_no_value_of_the_resource() {
    let service = Service::start().await;
    for body in [
        r#"{"resourceType":"Patient","birthDate":"canary"}"#,
        r#"{"resourceType":"Patient","id":"canary canary"}"#,
        r#"{"resourceType":"canary"}"#,
        r#"{"resourceType":"Patient","link":[{"other":{"reference":"Patient?identifier=canary"}}]}"#,
        r#"{"resourceType":"Patient","a":"canary"#,
        r#"{"resourceType":"Bundle","type":"batch","entry":"canary"}"#,
    ] {
        for path in ["/Patient", ""] {
            let refused = send(service.request(Method::POST, path).body(body)).await;
            assert_eq!(refused.status, 400, "{body}");
            assert!(!refused.text.contains("canary"), "{}", refused.text);
        }
    }
}
