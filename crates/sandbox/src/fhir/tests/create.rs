//! Conditional creates.

use super::*;

fn conditional(service: &Service, condition: &str, resource: &Value) -> RequestBuilder {
    service
        .request(Method::POST, "/Patient")
        .header("if-none-exist", condition)
        .body(resource.to_string())
}

#[tokio::test]
async fn a_match_is_answered_instead_of_a_create() {
    let service = Service::start().await;
    let condition = "identifier=urn%3Amrn%7Ca";
    let first = send(conditional(&service, condition, &patient("a"))).await;
    assert_eq!(first.status, 201);
    let second = send(conditional(&service, condition, &patient("a"))).await;
    assert_eq!(second.status, 200);
    assert_eq!(second.json(), first.json());
    assert_eq!(service.store.versions_written().unwrap(), 1);
}

#[tokio::test]
async fn several_matches_are_a_failed_precondition() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    service.post("/Patient", &patient("a")).await;
    let refused = send(conditional(&service, "identifier=urn:mrn|a", &patient("a"))).await;
    assert_eq!(refused.status, 412);
    assert_eq!(refused.json()["issue"][0]["code"], "multiple-matches");
    assert_eq!(service.store.count("Patient").unwrap(), 2);
}

#[tokio::test]
async fn a_condition_that_asks_for_nothing_is_refused() {
    let service = Service::start().await;
    for condition in ["", "_count=1", "identifier=", "birthdate=2000"] {
        let refused = send(conditional(&service, condition, &patient("a"))).await;
        assert_eq!(refused.status, 400, "{condition}");
    }
    assert_eq!(service.store.count("Patient").unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_equal_conditional_creates_at_once_one_creates() {
    let service = Service::start().await;
    let requests: Vec<_> = (0..20)
        .map(|_| conditional(&service, "identifier=urn:mrn|a", &patient("a")))
        .map(|request| tokio::spawn(send(request)))
        .collect();
    let mut created = 0;
    for request in requests {
        created += u32::from(request.await.unwrap().status == 201);
    }
    assert_eq!(created, 1);
    assert_eq!(service.store.count("Patient").unwrap(), 1);
}
