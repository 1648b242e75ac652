//! Faults on order, and the requests counted.

use axum::http::StatusCode as Status;

use super::*;
use crate::Fault;

#[tokio::test]
async fn faults_happen_in_order_and_requests_are_counted() {
    let service = Service::start().await;
    let faults = service.store.faults();
    faults.order(
        "fhir.create",
        Fault::Reject {
            status: Status::TOO_MANY_REQUESTS,
            body: r#"{"resourceType":"OperationOutcome"}"#.to_owned(),
            retry_after: Some(3),
        },
    );
    faults.order("fhir.create", Fault::FailAfterWrite(Status::BAD_GATEWAY));

    let rejected = service.post("/Patient", &patient("a")).await;
    assert_eq!(
        (rejected.status.as_u16(), rejected.header("retry-after")),
        (429, "3")
    );
    assert_eq!(service.store.count("Patient").unwrap(), 0);

    let lost = service.post("/Patient", &patient("a")).await;
    assert_eq!(lost.status, 502);
    assert_eq!(service.store.count("Patient").unwrap(), 1);

    assert_eq!(service.post("/Patient", &patient("a")).await.status, 201);
    service.get("/Patient").await;
    assert_eq!(faults.count("fhir.create"), 3);
    assert_eq!(faults.count("fhir.search"), 1);
    assert_eq!(faults.total(), 4);
}

#[tokio::test]
async fn a_held_answer_is_written_before_it_is_released() {
    let service = Service::start().await;
    let (hold, release) = Fault::hold();
    service.store.faults().order("fhir.transaction", hold);
    let held = service.transact(json!([post_entry("urn:uuid:p", &patient("a"))]));
    let others = async {
        while service.store.count("Patient").unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        // Another operation is not held up.
        assert_eq!(service.get("/Patient/1").await.status, 200);
        release.send(()).unwrap();
    };
    let (held, ()) = tokio::join!(held, others);
    assert_eq!(held.status, 200);
}
