use reqwest::StatusCode;
use serde_json::{Value, json};

use super::super::DicomServiceError;
use super::{Running, metadata};

type Entries = Vec<(u64, String, String)>;

fn expected(entries: &[(u64, &str, &str)]) -> Entries {
    let own = |(sequence, action, state): &(u64, &str, &str)| {
        (*sequence, (*action).to_owned(), (*state).to_owned())
    };
    entries.iter().map(own).collect()
}

#[tokio::test]
async fn an_entry_has_every_property_in_its_casing() {
    let running = Running::in_memory().await;
    running.create(7);
    assert_eq!(
        running.json("/v1/changefeed").await,
        json!([{
            "sequence": 1,
            "partitionName": "Microsoft.Default",
            "studyInstanceUid": "1.2.3",
            "seriesInstanceUid": "1.2.3.1",
            "sopInstanceUid": "1.2.3.1.7",
            "action": "Create",
            "timestamp": "2024-06-02T08:00:00.0000000+00:00",
            "state": "Current",
            "metadata": metadata("1.2.3", 7),
        }])
    );
}

#[tokio::test]
async fn the_state_is_that_of_now_on_every_entry_of_an_instance() {
    let running = Running::in_memory().await;
    let instance = || {
        running
            .service
            .delete(None, "1.2.3", Some("1.2.3.1"), Some("1.2.3.1.7"))
    };
    running.create(7);
    assert_eq!(
        running.entries("/v1/changefeed").await,
        expected(&[(1, "Create", "Current")])
    );
    assert_eq!(instance().unwrap(), 1);
    assert_eq!(
        running.entries("/v1/changefeed").await,
        expected(&[(1, "Create", "Deleted"), (2, "Delete", "Deleted")])
    );
    running.create(7);
    assert_eq!(
        running.entries("/v1/changefeed").await,
        expected(&[
            (1, "Create", "Replaced"),
            (2, "Delete", "Replaced"),
            (3, "Create", "Current")
        ])
    );
    let changes = json!({ "00100020": { "vr": "LO", "Value": ["PID-78"] } });
    running
        .service
        .update(None, "1.2.3", changes.as_object().unwrap())
        .unwrap();
    assert_eq!(
        running.entries("/v1/changefeed").await,
        expected(&[
            (1, "Create", "Replaced"),
            (2, "Delete", "Replaced"),
            (3, "Create", "Replaced"),
            (4, "Update", "Current")
        ])
    );
    assert_eq!(instance().unwrap(), 1);
    let states: Vec<_> = running.entries("/v1/changefeed").await;
    assert!(
        states.iter().all(|(_, _, state)| state == "Deleted"),
        "{states:?}"
    );
}

#[tokio::test]
async fn every_entry_of_a_living_instance_has_its_newest_metadata() {
    let running = Running::in_memory().await;
    running.create(7);
    running.service.delete(None, "1.2.3", None, None).unwrap();
    let deleted = running.json("/v1/changefeed").await;
    assert!(
        deleted
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry.get("metadata").is_none())
    );
    running.create(7);
    let changes = json!({ "00100020": { "vr": "LO", "Value": ["PID-78"] } });
    let updated = running
        .service
        .update(None, "1.2.3", changes.as_object().unwrap());
    assert_eq!(updated.unwrap(), 1);
    let page = running.json("/v1/changefeed").await;
    let patients: Vec<_> = page
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["metadata"]["00100020"]["Value"][0])
        .collect();
    assert_eq!(patients, [&json!("PID-78"); 4]);
    let without = running.json("/v1/changefeed?includeMetadata=false").await;
    assert!(
        without
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry.get("metadata").is_none())
    );
}

#[tokio::test]
async fn an_update_makes_one_entry_an_instance() {
    let running = Running::in_memory().await;
    running.create(1);
    running.create(2);
    let changes = json!({ "00081030": { "vr": "LO", "Value": ["New"] } });
    let updated = running
        .service
        .update(None, "1.2.3", changes.as_object().unwrap());
    assert_eq!(updated.unwrap(), 2);
    assert_eq!(
        running.entries("/v1/changefeed?offset=2").await,
        expected(&[(3, "Update", "Current"), (4, "Update", "Current")])
    );
    let uid = json!({ "0020000D": { "vr": "UI", "Value": ["9"] } });
    let refused = running
        .service
        .update(None, "1.2.3", uid.as_object().unwrap());
    assert!(
        matches!(refused, Err(DicomServiceError::Metadata(_))),
        "{refused:?}"
    );
    assert_eq!(running.service.latest_sequence().unwrap(), 4);
}

#[tokio::test]
async fn a_page_is_a_window_of_sequences_whatever_it_holds() {
    let running = Running::in_memory().await;
    running.create(1);
    running.service.skip_sequences(15).unwrap();
    running.create(2);
    running.create(3);
    assert_eq!(running.sequences("/v1/changefeed").await, [1]);
    assert_eq!(
        running.sequences("/v1/changefeed?offset=1&limit=15").await,
        [0; 0]
    );
    assert_eq!(
        running.sequences("/v1/changefeed?offset=1&limit=16").await,
        [17]
    );
    assert_eq!(
        running.sequences("/v1/changefeed?offset=16&limit=2").await,
        [17, 18]
    );
    assert_eq!(running.sequences("/v1/changefeed?offset=18").await, [0; 0]);
    assert_eq!(
        running
            .sequences(&format!("/v1/changefeed?offset={}", i64::MAX))
            .await,
        [0; 0]
    );
    assert_eq!(running.json("/v1/changefeed/latest").await["sequence"], 18);
}

#[tokio::test]
async fn a_page_has_ten_sequences_unless_asked_for_up_to_a_hundred() {
    let running = Running::in_memory().await;
    for instance in 1..=120 {
        running.create(instance);
    }
    assert_eq!(running.sequences("/v1/changefeed").await.len(), 10);
    assert_eq!(
        running.sequences("/v1/changefeed?limit=100").await.len(),
        100
    );
    assert_eq!(
        running.sequences("/v1/changefeed?limit=1&offset=119").await,
        [120]
    );
}

#[tokio::test]
async fn parameter_names_and_truth_values_are_case_insensitive() {
    let running = Running::in_memory().await;
    running.create(1);
    running.create(2);
    let page = running
        .json("/v1/changefeed?OFFSET=1&Limit=5&includemetadata=FALSE")
        .await;
    assert_eq!(page.as_array().unwrap().len(), 1);
    assert_eq!(page[0]["sequence"], 2);
    assert_eq!(page[0].get("metadata"), None);
}

#[tokio::test]
async fn what_is_out_of_range_or_unreadable_is_refused() {
    let running = Running::in_memory().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "offset=-1",
        "offset=1.5",
        "includeMetadata=0",
        "includeMetadata=1",
        "includeMetadata=yes",
        "offset=99999999999999999999",
    ] {
        let response = running.get(&format!("/v1/changefeed?{query}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
        let body: Value = response.json().await.unwrap();
        assert!(body["message"].is_string(), "{query}: {body}");
    }
    assert_eq!(
        running
            .status("/v1/changefeed/latest?includeMetadata=1")
            .await,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn the_latest_of_an_empty_feed_is_no_content() {
    let running = Running::in_memory().await;
    for version in ["v1", "v2"] {
        let response = running.get(&format!("/{version}/changefeed/latest")).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(response.text().await.unwrap(), "");
        assert_eq!(
            running.json(&format!("/{version}/changefeed")).await,
            json!([])
        );
    }
    running.service.skip_sequences(3).unwrap();
    assert_eq!(
        running.status("/v1/changefeed/latest").await,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn the_feed_spans_partitions_and_keeps_their_instances_apart() {
    let running = Running::in_memory().await;
    let text = metadata("1.2.3", 1).to_string();
    running.service.store_metadata(Some("a"), &text).unwrap();
    running.service.store_metadata(Some("b"), &text).unwrap();
    running
        .service
        .delete(Some("a"), "1.2.3", None, None)
        .unwrap();
    let page = running.json("/v1/changefeed").await;
    let states: Vec<_> = page
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["partitionName"].as_str(), entry["state"].as_str()))
        .collect();
    let (a, b) = (Some("a"), Some("b"));
    let (current, deleted) = (Some("Current"), Some("Deleted"));
    assert_eq!(states, [(a, deleted), (b, current), (a, deleted)]);
}

#[tokio::test]
async fn a_late_commit_fills_a_gap() {
    let running = Running::in_memory().await;
    running.create(1);
    running.service.skip_sequences(1).unwrap();
    running.advance(60);
    running.create(3);
    let late = |sequence, instance| {
        let text = metadata("1.2.3", instance).to_string();
        let time = "2024-06-02T08:00:30Z".parse().unwrap();
        running.service.late_commit(sequence, time, None, &text)
    };
    for taken in [0, 1, 3, 4] {
        let refused = late(taken, 9);
        assert!(
            matches!(refused, Err(DicomServiceError::SequenceTaken(_))),
            "{taken}"
        );
    }
    late(2, 2).unwrap();
    assert!(matches!(
        late(2, 9),
        Err(DicomServiceError::SequenceTaken(2))
    ));
    assert_eq!(running.sequences("/v1/changefeed").await, [1, 2, 3]);
    let page = running.json("/v1/changefeed?offset=1&limit=1").await;
    assert_eq!(page[0]["timestamp"], "2024-06-02T08:00:30.0000000+00:00");
    assert_eq!(page[0]["state"], "Current");
    assert_eq!(running.create(4), 4);
}

#[tokio::test]
async fn a_raw_entry_is_served_verbatim_in_its_place() {
    let running = Running::in_memory().await;
    running.create(1);
    let raw = r#"{"sequence":{sequence},"state":broken}"#;
    assert_eq!(running.service.insert_raw_entry(raw).unwrap(), 2);
    running.create(2);
    let page = running
        .get("/v1/changefeed?includeMetadata=false")
        .await
        .text()
        .await
        .unwrap();
    assert!(
        page.contains(r#",{"sequence":2,"state":broken},{"sequence":3,"#),
        "{page}"
    );
    let latest = running.get("/v1/changefeed/latest").await;
    assert_eq!(latest.json::<Value>().await.unwrap()["sequence"], 3);
}
