use axum::http;
use reqwest::StatusCode;

use super::super::super::faults::Fault;
use super::{Running, sample};

#[tokio::test]
async fn each_operation_counts_its_requests_and_takes_its_faults() {
    let running = Running::in_folder().await;
    let faults = running.service.faults();
    let instance = "/v1/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1";
    for (operation, path) in [
        ("dicom.feed", "/v1/changefeed"),
        ("dicom.feed", "/v2/changefeed"),
        ("dicom.latest", "/v1/changefeed/latest"),
        ("dicom.latest", "/v2/changefeed/latest"),
        ("dicom.query", "/v1/studies"),
        ("dicom.query", "/v1/partitions/p/studies/1/series"),
        ("dicom.metadata", "/v1/studies/1.2.3/metadata"),
        ("dicom.retrieve", instance),
    ] {
        let before = faults.count(operation);
        faults.order(operation, Fault::reject(http::StatusCode::BAD_GATEWAY));
        assert_eq!(
            running.status(path).await,
            StatusCode::BAD_GATEWAY,
            "{path}"
        );
        assert_ne!(
            running.status(path).await,
            StatusCode::BAD_GATEWAY,
            "{path}"
        );
        assert_eq!(faults.count(operation), before + 2, "{path}");
    }
    assert_eq!(faults.total(), 16);
}

#[tokio::test]
async fn a_lost_answer_is_of_a_request_that_was_carried_out() {
    let running = Running::in_folder().await;
    let faults = running.service.faults();
    let lost = || Fault::FailAfterWrite(http::StatusCode::GATEWAY_TIMEOUT);
    faults.order("dicom.store", lost());
    let response = running.stow("/v1/studies", &[&sample("ct-chest")]).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(running.service.latest_sequence().unwrap(), 1);

    running.create(1);
    faults.order("dicom.delete", lost());
    assert_eq!(
        running.delete("/v1/studies/1.2.3").await,
        StatusCode::GATEWAY_TIMEOUT
    );
    assert_eq!(
        running.delete("/v1/studies/1.2.3").await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(faults.count("dicom.delete"), 2);
    assert_eq!(faults.count("dicom.store"), 1);
}
