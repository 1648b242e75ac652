use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::super::super::part10::{self, Instance};
use super::{Running, metadata, sample};

async fn with_a_file() -> (Running, Vec<u8>, Instance) {
    let running = Running::in_folder().await;
    let file = sample("cr-chest");
    assert_eq!(
        running.stow("/v1/studies", &[&file]).await.status(),
        StatusCode::OK
    );
    let instance = part10::from_bytes(&file).unwrap();
    (running, file, instance)
}

fn path(instance: &Instance) -> String {
    let (study, series, uid) = (&instance.study, &instance.series, &instance.instance);
    format!("/v1/studies/{study}/series/{series}/instances/{uid}")
}

async fn accepting(running: &Running, path: &str, accept: &str) -> Response {
    let request = running
        .client
        .get(running.url(path))
        .header("accept", accept);
    request.send().await.unwrap()
}

#[tokio::test]
async fn an_instance_comes_as_one_part_unless_asked_for_alone() {
    let (running, file, instance) = with_a_file().await;
    let response = running.get(&path(&instance)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let content_type = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(content_type.starts_with("multipart/related; type=\"application/dicom\""));
    let boundary = content_type.split("boundary=").nth(1).unwrap();
    let body = response.bytes().await.unwrap();
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>(body)]);
    let mut parts = multer::Multipart::new(stream, boundary);
    let part = parts.next_field().await.unwrap().unwrap();
    assert_eq!(part.bytes().await.unwrap(), file);
    assert!(parts.next_field().await.unwrap().is_none());
}

#[tokio::test]
async fn only_what_is_accepted_is_sent() {
    let (running, _, instance) = with_a_file().await;
    let path = path(&instance);
    for (accept, status) in [
        ("application/dicom", StatusCode::OK),
        ("application/dicom; transfer-syntax=*", StatusCode::OK),
        (
            "application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
            StatusCode::OK,
        ),
        (
            "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90",
            StatusCode::NOT_ACCEPTABLE,
        ),
        (
            "multipart/related; type=\"application/dicom\"",
            StatusCode::OK,
        ),
        ("image/jpeg, */*", StatusCode::OK),
        ("application/*", StatusCode::OK),
        ("image/jpeg", StatusCode::NOT_ACCEPTABLE),
    ] {
        assert_eq!(
            accepting(&running, &path, accept).await.status(),
            status,
            "{accept}"
        );
    }
    let metadata = format!("{path}/metadata");
    let json = accepting(&running, &metadata, "application/dicom+json").await;
    assert_eq!(json.headers()["content-type"], "application/dicom+json");
    let xml = accepting(&running, &metadata, "application/dicom+xml").await;
    assert_eq!(xml.status(), StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn metadata_is_had_at_each_level() {
    let running = Running::in_memory().await;
    running.create(1);
    running.create(2);
    let both = json!([metadata("1.2.3", 1), metadata("1.2.3", 2)]);
    assert_eq!(running.json("/v1/studies/1.2.3/metadata").await, both);
    assert_eq!(
        running
            .json("/v2/studies/1.2.3/series/1.2.3.1/metadata")
            .await,
        both
    );
    let one = "/v1/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.2/metadata";
    assert_eq!(running.json(one).await, json!([metadata("1.2.3", 2)]));
    let unknown = running.status("/v1/studies/9.9/metadata").await;
    assert_eq!(unknown, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_file_of_an_updated_instance_is_served_as_the_original_only() {
    let (running, file, instance) = with_a_file().await;
    let changes = json!({ "00100020": { "vr": "LO", "Value": ["RC-9"] } });
    running
        .service
        .update(None, &instance.study, changes.as_object().unwrap())
        .unwrap();
    assert_eq!(
        running.status(&path(&instance)).await,
        StatusCode::NOT_IMPLEMENTED
    );
    let response = running
        .client
        .get(running.url(&path(&instance)))
        .header("accept", "application/dicom")
        .header("msdicom-request-original", "true")
        .send()
        .await
        .unwrap();
    assert_eq!(response.bytes().await.unwrap(), file);
    let metadata = running.json(&format!("{}/metadata", path(&instance))).await;
    assert_eq!(metadata[0]["00100020"]["Value"], json!(["RC-9"]));
}

#[tokio::test]
async fn what_is_not_there_or_not_supported_is_said() {
    let running = Running::in_memory().await;
    running.create(1);
    let instance = "/v1/studies/1.2.3/series/1.2.3.1/instances";
    for (path, status) in [
        (format!("{instance}/1.2.3.1.9"), StatusCode::NOT_FOUND),
        (format!("{instance}/1.2.3.1.1"), StatusCode::NOT_FOUND),
        (format!("{instance}/abc"), StatusCode::BAD_REQUEST),
        (
            format!("{instance}/1.2.3.1.1/frames/1"),
            StatusCode::NOT_IMPLEMENTED,
        ),
        (
            format!("{instance}/1.2.3.1.1/rendered"),
            StatusCode::NOT_IMPLEMENTED,
        ),
        ("/v1/studies/1.2.3".to_owned(), StatusCode::NOT_IMPLEMENTED),
        ("/v1/workitems".to_owned(), StatusCode::NOT_IMPLEMENTED),
        ("/v3/studies".to_owned(), StatusCode::NOT_FOUND),
        (
            "/v1/partitions/a/changefeed".to_owned(),
            StatusCode::NOT_FOUND,
        ),
    ] {
        let response = running.get(&path).await;
        assert_eq!(response.status(), status, "{path}");
        let body: Value = response.json().await.unwrap();
        assert!(body["message"].is_string(), "{path}");
    }
    let put = running
        .client
        .put(running.url("/v1/studies"))
        .send()
        .await
        .unwrap();
    assert_eq!(put.status(), StatusCode::METHOD_NOT_ALLOWED);
    let update = running
        .post(
            "/v2/studies/$bulkUpdate",
            "application/json",
            b"{}".to_vec(),
        )
        .await;
    assert_eq!(update.status(), StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test]
async fn the_front_page_lists_what_there_is() {
    let running = Running::in_memory().await;
    let response = running.get("/").await;
    assert_eq!(response.headers()["api-supported-versions"], "1.0, 2.0");
    let contents: Value = response.json().await.unwrap();
    for path in contents["try"].as_array().unwrap() {
        let status = running.status(path.as_str().unwrap()).await;
        assert!(status.is_success(), "{path}: {status}");
    }
}
