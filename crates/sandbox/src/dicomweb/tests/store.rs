use reqwest::StatusCode;
use serde_json::{Value, json};

use super::super::super::part10;
use super::super::DicomService;
use super::{Running, parts, sample};

#[tokio::test]
async fn a_stored_file_is_in_the_feed_and_comes_back_byte_for_byte() {
    let running = Running::in_folder().await;
    let file = sample("xa-dose");
    let instance = part10::from_bytes(&file).unwrap();
    let response = running.stow("/v2/studies", &[&file]).await;
    assert_eq!(response.status(), StatusCode::OK);
    let answer: Value = response.json().await.unwrap();
    let item = &answer["00081199"]["Value"][0];
    assert_eq!(item["00081150"]["Value"], json!([instance.sop_class]));
    assert_eq!(item["00081155"]["Value"], json!([instance.instance]));
    assert_eq!(answer.get("00081198"), None);
    let url = item["00081190"]["Value"][0].as_str().unwrap();
    assert!(url.starts_with(&running.url("/v2/studies/")), "{url}");

    let page = running.json("/v1/changefeed").await;
    assert_eq!(page[0]["sopInstanceUid"], instance.instance);
    let metadata: Value = serde_json::from_str(&instance.metadata).unwrap();
    assert_eq!(page[0]["metadata"], metadata);

    let request = running
        .client
        .get(url)
        .header("accept", "application/dicom");
    let retrieved = request.send().await.unwrap();
    assert_eq!(retrieved.headers()["content-type"], "application/dicom");
    assert_eq!(retrieved.bytes().await.unwrap(), file);
}

#[tokio::test]
async fn some_failures_are_202_and_only_failures_409_with_reasons() {
    let running = Running::in_folder().await;
    let (ct, mr) = (sample("ct-chest"), sample("mr-knee"));
    assert_eq!(
        running.stow("/v1/studies", &[&ct]).await.status(),
        StatusCode::OK
    );

    let response = running
        .stow("/v1/studies", &[&ct, &mr, b"no DICOM at all"])
        .await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let answer: Value = response.json().await.unwrap();
    let stored = answer["00081199"]["Value"].as_array().unwrap();
    assert_eq!(stored.len(), 1);
    let failed = &answer["00081198"]["Value"];
    assert_eq!(failed[0]["00081197"]["Value"], json!([45070]));
    let ct_uid = part10::from_bytes(&ct).unwrap().instance;
    assert_eq!(failed[0]["00081155"]["Value"], json!([ct_uid]));
    assert_eq!(failed[1]["00081197"]["Value"], json!([43264]));

    let response = running.stow("/v1/studies", &[&ct]).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(running.service.latest_sequence().unwrap(), 2);
}

#[tokio::test]
async fn an_instance_of_another_study_than_the_path_is_not_stored() {
    let running = Running::in_folder().await;
    let ct = sample("ct-chest");
    let response = running.stow("/v1/studies/1.2.3", &[&ct]).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(
        answer["00081198"]["Value"][0]["00081197"]["Value"],
        json!([43265])
    );
    let study = part10::from_bytes(&ct).unwrap().study;
    let response = running.stow(&format!("/v1/studies/{study}"), &[&ct]).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn content_of_another_kind_is_refused() {
    let running = Running::in_folder().await;
    let ct = sample("ct-chest");
    let multipart = parts(&[&ct]);
    for (content_type, status) in [
        ("application/dicom", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            "multipart/related; type=\"application/dicom+json\"; boundary=between",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            "multipart/related; type=\"application/dicom\"",
            StatusCode::BAD_REQUEST,
        ),
        (
            "multipart/related; boundary=elsewhere",
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let response = running
            .post("/v1/studies", content_type, multipart.clone())
            .await;
        assert_eq!(response.status(), status, "{content_type}");
    }
    let unquoted = "Multipart/Related;type=application/dicom;boundary=\"between\"";
    let response = running.post("/v1/studies", unquoted, multipart).await;
    assert_eq!(response.status(), StatusCode::OK);
    let cut_off = b"--between\r\nContent-Type: application/dicom\r\n\r\nabc".to_vec();
    let response = running.post("/v1/studies", unquoted, cut_off).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let nothing = b"--between--\r\n".to_vec();
    let response = running.post("/v1/studies", unquoted, nothing).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn deleting_takes_the_level_that_is_named() {
    let running = Running::in_folder().await;
    running.create(1);
    running.create(2);
    let series = "/v1/studies/1.2.3/series/1.2.3.1";
    assert_eq!(
        running
            .delete(&format!("{series}/instances/1.2.3.1.9"))
            .await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        running
            .delete(&format!("{series}/instances/1.2.3.1.1"))
            .await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        running
            .json(&format!("{series}/metadata"))
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    running.create(1);
    assert_eq!(running.delete(series).await, StatusCode::NO_CONTENT);
    assert_eq!(running.delete(series).await, StatusCode::NOT_FOUND);
    running.create(1);
    assert_eq!(
        running.delete("/v2/studies/1.2.3").await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(running.status("/v1/studies").await, StatusCode::NO_CONTENT);
    assert_eq!(running.service.latest_sequence().unwrap(), 8);
}

#[tokio::test]
async fn a_deleted_file_is_gone_from_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let service = DicomService::open(folder.path()).unwrap();
    let running = Running::with(service, None).await;
    let files = folder.path().join("files");
    let ct = sample("ct-chest");
    running.stow("/v1/studies", &[&ct]).await;
    assert_eq!(std::fs::read_dir(&files).unwrap().count(), 1);
    let study = part10::from_bytes(&ct).unwrap().study;
    running.delete(&format!("/v1/studies/{study}")).await;
    assert_eq!(std::fs::read_dir(&files).unwrap().count(), 0);
}

#[tokio::test]
async fn a_service_opened_again_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::with(DicomService::open(folder.path()).unwrap(), None).await;
    first.create(1);
    first.service.skip_sequences(3).unwrap();
    first.server.stop().await.unwrap();
    drop(first.service);
    let second = Running::with(DicomService::open(folder.path()).unwrap(), None).await;
    assert_eq!(second.create(2), 5);
    assert_eq!(second.sequences("/v1/changefeed").await, [1, 5]);
}

#[tokio::test]
async fn partitions_are_stores_of_their_own() {
    let running = Running::in_folder().await;
    let ct = sample("ct-chest");
    let instance = part10::from_bytes(&ct).unwrap();
    for partition in ["one", "two"] {
        let response = running
            .stow(&format!("/v1/partitions/{partition}/studies"), &[&ct])
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        let answer: Value = response.json().await.unwrap();
        let url = answer["00081190"]["Value"][0].as_str().unwrap();
        assert!(
            url.contains(&format!("/v1/partitions/{partition}/studies/")),
            "{url}"
        );
    }
    let study = format!("studies/{}", instance.study);
    assert_eq!(
        running.status(&format!("/v1/{study}/metadata")).await,
        StatusCode::NOT_FOUND
    );
    let deleted = running.delete(&format!("/v1/partitions/one/{study}")).await;
    assert_eq!(deleted, StatusCode::NO_CONTENT);
    let path = format!("/v2/partitions/two/{study}/metadata");
    assert_eq!(running.status(&path).await, StatusCode::OK);
    assert_eq!(
        running.status("/v1/partitions/a%2Fb/studies").await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        running.status("/v1/partitions/%2E%2E%2E/studies").await,
        StatusCode::BAD_REQUEST
    );
}
