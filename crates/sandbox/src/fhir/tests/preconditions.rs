//! `If-Match`, alone and in a transaction.

use super::*;

fn numbered(identifier: &str) -> Value {
    let mut resource = patient(identifier);
    resource["id"] = json!("1");
    resource
}

async fn with_two_versions() -> Service {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    service.put("/Patient/1", &numbered("b")).await;
    service
}

fn matching(service: &Service, method: Method, tag: &str) -> RequestBuilder {
    service
        .request(method, "/Patient/1")
        .header("if-match", tag)
        .body(numbered("c").to_string())
}

#[tokio::test]
async fn the_current_version_may_be_replaced() {
    let service = with_two_versions().await;
    let replaced = send(matching(&service, Method::PUT, "W/\"2\"")).await;
    assert_eq!(replaced.status, 200);
    assert_eq!(replaced.header("etag"), "W/\"3\"");
}

#[tokio::test]
async fn a_stale_version_is_neither_replaced_nor_deleted() {
    let service = with_two_versions().await;
    for method in [Method::PUT, Method::DELETE] {
        let refused = send(matching(&service, method, "W/\"1\"")).await;
        assert_eq!(refused.status, 412);
        assert!(refused.diagnostics().contains("2 is current"));
    }
    assert_eq!(service.store.versions_written().unwrap(), 2);
}

#[tokio::test]
async fn a_malformed_tag_is_a_bad_request() {
    let service = with_two_versions().await;
    let refused = send(matching(&service, Method::PUT, "2")).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_write_under_a_condition_that_is_not_heeded_is_refused() {
    let service = with_two_versions().await;
    for method in [Method::PUT, Method::DELETE] {
        let request = matching(&service, method, "W/\"2\"").header("if-none-match", "*");
        assert_eq!(send(request).await.status, 400);
    }
    assert_eq!(service.store.versions_written().unwrap(), 2);
}

#[tokio::test]
async fn a_tag_for_what_is_gone_fails() {
    let service = with_two_versions().await;
    service.delete("/Patient/1").await;
    let refused = send(matching(&service, Method::PUT, "W/\"3\"")).await;
    assert_eq!(refused.status, 412);
}

#[tokio::test]
async fn a_stale_entry_fails_its_whole_transaction() {
    let service = with_two_versions().await;
    let put = |tag: &str| {
        json!([
            post_entry("urn:uuid:new", &patient("n")),
            {
                "resource": numbered("c"),
                "request": {"method": "PUT", "url": "Patient/1", "ifMatch": tag},
            },
        ])
    };
    let refused = service.transact(put("W/\"1\"")).await;
    assert_eq!(refused.status, 412);
    assert!(
        refused
            .diagnostics()
            .starts_with("Bundle.entry[1]: If-Match asks for version 1")
    );
    assert_eq!(service.store.versions_written().unwrap(), 2);
    assert_eq!(service.store.count("Patient").unwrap(), 1);

    assert_eq!(service.transact(put("W/\"2\"")).await.status, 200);
    assert_eq!(service.store.versions_written().unwrap(), 4);
}
