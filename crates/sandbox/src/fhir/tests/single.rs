//! Read, update and delete of one resource, and the capability statement.

use super::*;

#[tokio::test]
async fn a_created_resource_is_read_with_its_version() {
    let service = Service::start().await;
    let created = service.post("/Patient", &patient("a")).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        created.header("location"),
        service.url("/Patient/1/_history/1")
    );
    assert_eq!(created.header("etag"), "W/\"1\"");

    let read = service.get("/Patient/1").await;
    assert_eq!(read.status, 200);
    assert_eq!(read.header("etag"), "W/\"1\"");
    assert!(read.header("last-modified").ends_with(" GMT"));
    assert!(!read.headers.contains_key("location"));
    assert_eq!(read.json(), created.json());
    assert_eq!(read.json()["meta"]["versionId"], "1");
}

#[tokio::test]
async fn a_resource_that_is_known_already_is_not_sent_again() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    let read = async |known: &str| {
        let request = service.request(Method::GET, "/Patient/1");
        send(request.header("if-none-match", known)).await
    };
    let same = read("W/\"1\"").await;
    assert_eq!(
        (same.status, same.text.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    assert_eq!(same.header("etag"), "W/\"1\"");
    assert_eq!(read("W/\"2\"").await.status, 200);
}

#[tokio::test]
async fn every_answer_says_once_that_it_is_fhir_in_json() {
    let service = Service::start().await;
    let created = service.post("/Patient", &patient("a")).await;
    let mut answers = vec![created, service.transact(json!([])).await];
    for path in ["/Patient/1", "/Patient", "/metadata", "/Patient/unknown"] {
        answers.push(service.get(path).await);
    }
    for answered in answers {
        let told: Vec<_> = answered.headers.get_all("content-type").iter().collect();
        let [told] = told[..] else {
            panic!("{told:?}");
        };
        assert!(told.to_str().unwrap().starts_with("application/fhir+json"));
    }
}

#[tokio::test]
async fn unknown_elements_and_the_digits_of_decimals_survive() {
    let service = Service::start().await;
    let sent = r##"{ "resourceType": "Patient", "id": "p", "meta": {"source": "#here"},
        "weight": 1.00, "big": 123456789012345678901234567890.10, "_birthDate": {"id": "é\u00e9"},
        "extension": [{"url": "u", "valueDecimal": 0.10e1}] }"##;
    let request = service.request(Method::PUT, "/Patient/p").body(sent);
    assert_eq!(send(request).await.status, 201);

    let text = service.get("/Patient/p").await.text;
    let last_updated =
        service.store.resources("Patient").unwrap()[0]["meta"]["lastUpdated"].clone();
    assert_eq!(
        text,
        format!(
            r##"{{"resourceType":"Patient","id":"p","meta":{{"source":"#here","versionId":"1","lastUpdated":{last_updated}}},"weight":1.00,"big":123456789012345678901234567890.10,"_birthDate":{{"id":"é\u00e9"}},"extension":[{{"url":"u","valueDecimal":0.10e1}}]}}"##
        )
    );
    let found = service.get("/Patient").await.text;
    assert!(found.contains(&text));
}

#[tokio::test]
async fn a_deleted_resource_is_gone_and_may_come_back() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    assert_eq!(service.delete("/Patient/1").await.status, 204);
    assert_eq!(service.get("/Patient/1").await.status, 410);
    assert_eq!(service.store.count("Patient").unwrap(), 0);
    assert!(
        service
            .found("/Patient", &[("identifier", "a")])
            .await
            .is_empty()
    );

    assert_eq!(service.delete("/Patient/1").await.status, 204);
    assert_eq!(service.store.versions_written().unwrap(), 2);

    let mut again = patient("a");
    again["id"] = json!("1");
    let revived = service.put("/Patient/1", &again).await;
    assert_eq!(revived.status, 201);
    assert_eq!(revived.header("etag"), "W/\"3\"");
    assert_eq!(
        service.found("/Patient", &[("identifier", "a")]).await,
        ["1"]
    );
}

#[tokio::test]
async fn what_never_was_is_not_found_and_deleted_without_a_version() {
    let service = Service::start().await;
    assert_eq!(service.get("/Patient/1").await.status, 404);
    assert_eq!(service.delete("/Patient/1").await.status, 204);
    assert_eq!(service.store.versions_written().unwrap(), 0);
}

#[tokio::test]
async fn an_assigned_id_avoids_those_that_clients_chose() {
    let service = Service::start().await;
    let mut chosen = patient("a");
    chosen["id"] = json!("1");
    service.put("/Patient/1", &chosen).await;
    let created = service.post("/Patient", &patient("b")).await;
    assert_eq!(created.json()["id"], "2");
}

#[tokio::test]
async fn a_browser_gets_readable_json() {
    let service = Service::start().await;
    service.post("/Patient", &patient("a")).await;
    let request = service
        .request(Method::GET, "/Patient")
        .header("accept", "text/html");
    let answered = send(request).await;
    assert!(
        answered
            .text
            .starts_with("{\n  \"resourceType\": \"Bundle\",\n")
    );
    assert_eq!(answered.json(), service.get("/Patient").await.json());
}

#[tokio::test]
async fn the_capability_statement_lists_what_search_accepts() {
    let service = Service::start().await;
    let statement = service.get("/metadata").await.json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let rest = &statement["rest"][0];
    assert_eq!(rest["mode"], "server");
    assert_eq!(
        rest["interaction"],
        json!([{"code": "transaction"}, {"code": "batch"}])
    );
    for resource in rest["resource"].as_array().unwrap() {
        let path = format!("/{}", resource["type"].as_str().unwrap());
        for parameter in resource["searchParam"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            service.found(&path, &[(name, "x")]).await;
        }
        for include in resource["searchInclude"].as_array().unwrap_or(&Vec::new()) {
            service
                .found(&path, &[("_include", include.as_str().unwrap())])
                .await;
        }
    }
}

#[tokio::test]
async fn a_store_in_a_file_is_there_after_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fhir.sqlite");
    {
        let store = FhirStore::open(Some(&path)).unwrap();
        let server = Server::start(store.router(), 0).await.unwrap();
        let service = Service {
            server,
            store,
            ..Service::start().await
        };
        service.post("/Patient", &patient("a")).await;
        service.server.stop().await.unwrap();
    }
    let store = FhirStore::open(Some(&path)).unwrap();
    assert_eq!(store.count("Patient").unwrap(), 1);
    assert_eq!(store.versions_written().unwrap(), 1);
}

#[tokio::test]
async fn the_address_without_a_path_says_where_to_look() {
    let service = Service::start().await;
    let contents = send(service.http.get(service.server.base_url())).await;
    assert_eq!(contents.status, StatusCode::OK);
    for path in contents.json()["try"].as_array().unwrap() {
        let path = path.as_str().unwrap().strip_prefix("/fhir").unwrap();
        assert_eq!(service.get(path).await.status, StatusCode::OK, "{path}");
    }
}
