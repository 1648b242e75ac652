use reqwest::StatusCode;
use serde_json::json;

use super::{Running, metadata};

/// Two studies, with two and one instances; the second is an MR of another patient.
async fn two_studies() -> Running {
    let running = Running::in_memory().await;
    running.create(1);
    running.create(2);
    let mut other = metadata("4.5.6", 1);
    other["00080060"]["Value"] = json!(["MR"]);
    other["00100020"]["Value"] = json!(["PID-78"]);
    running
        .service
        .store_metadata(None, &other.to_string())
        .unwrap();
    running
}

#[tokio::test]
async fn a_study_says_what_it_holds() {
    let running = two_studies().await;
    let studies = running.json("/v1/studies").await;
    assert_eq!(studies.as_array().unwrap().len(), 2);
    let study = &studies[0];
    assert_eq!(study["0020000D"]["Value"], json!(["1.2.3"]));
    assert_eq!(
        study["00100010"]["Value"],
        json!([{ "Alphabetic": "Rossi^Maria" }])
    );
    assert_eq!(study["00080061"]["Value"], json!(["CT"]));
    assert_eq!(study["00201206"]["Value"], json!([1]));
    assert_eq!(study["00201208"]["Value"], json!([2]));
    assert_eq!(
        study["00081190"]["Value"],
        json!([running.url("/v1/studies/1.2.3")])
    );
    assert_eq!(study.get("00080018"), None);
}

#[tokio::test]
async fn each_level_is_searched_by_path_and_by_filter() {
    let running = two_studies().await;
    for (path, count) in [
        ("/v1/studies?PatientID=PID-78", 1),
        ("/v1/studies?00100020=PID-77", 1),
        ("/v1/studies?StudyDate=20240601", 2),
        ("/v1/studies?AccessionNumber=A-4.5.6&Modality=MR", 1),
        ("/v2/studies?StudyInstanceUID=1.2.3", 1),
        ("/v1/series", 2),
        ("/v1/studies/1.2.3/series", 1),
        ("/v1/series?Modality=MR", 1),
        ("/v1/instances", 3),
        ("/v1/studies/1.2.3/instances", 2),
        ("/v1/studies/1.2.3/series/1.2.3.1/instances", 2),
        ("/v1/instances?SOPInstanceUID=4.5.6.1.1", 1),
        ("/v1/instances?limit=1&offset=1", 1),
    ] {
        let found = running.json(path).await;
        assert_eq!(found.as_array().unwrap().len(), count, "{path}");
    }
    let instances = running.json("/v1/instances?limit=1&offset=1").await;
    assert_eq!(instances[0]["00080018"]["Value"], json!(["1.2.3.1.2"]));
    let series = running.json("/v1/studies/1.2.3/series").await;
    assert_eq!(series[0]["00201209"]["Value"], json!([2]));
}

#[tokio::test]
async fn nothing_found_is_no_content() {
    let running = two_studies().await;
    for path in [
        "/v1/studies?PatientID=nobody",
        "/v1/studies?PatientID=PID-77&Modality=MR",
        "/v1/studies/9.9/series",
        "/v1/studies?offset=2",
    ] {
        assert_eq!(running.status(path).await, StatusCode::NO_CONTENT, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_matched_is_refused() {
    let running = two_studies().await;
    for query in [
        "PatientName=Rossi",
        "fuzzymatching=true",
        "includefield=all",
        "PatientID=PID*",
        "StudyDate=20240101-20241231",
        "PatientID=",
        "limit=0",
        "limit=201",
        "offset=x",
    ] {
        let status = running.status(&format!("/v1/studies?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
}
