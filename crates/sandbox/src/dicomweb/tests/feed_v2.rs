use reqwest::StatusCode;

use super::{Running, metadata};

/// Three entries, a minute apart.
async fn three_minutes() -> Running {
    let running = Running::in_memory().await;
    for instance in 1..=3 {
        running.create(instance);
        running.advance(60);
    }
    running
}

#[tokio::test]
async fn a_window_begins_with_its_start_and_ends_before_its_end() {
    let running = three_minutes().await;
    let window = |query: &str| format!("/v2/changefeed?{query}");
    for (query, sequences) in [
        ("", vec![1, 2, 3]),
        ("startTime=2024-06-02T08:01:00Z", vec![2, 3]),
        ("startTime=2024-06-02T08:01:00.0000001Z", vec![3]),
        ("startTime=2024-06-02T08:01:00.00000005Z", vec![3]),
        ("endTime=2024-06-02T08:01:00Z", vec![1]),
        ("endTime=2024-06-02T08:01:00.0000001Z", vec![1, 2]),
        (
            "starttime=2024-06-02T10:01:00%2B02:00&ENDTIME=2024-06-02T08:02:00Z",
            vec![2],
        ),
        ("startTime=2025-01-01T00:00:00Z", vec![]),
    ] {
        assert_eq!(
            running.sequences(&window(query)).await,
            sequences,
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_offset_counts_entries_and_not_sequences() {
    let running = three_minutes().await;
    running.service.skip_sequences(10).unwrap();
    running.create(4);
    assert_eq!(running.sequences("/v2/changefeed?offset=2").await, [3, 14]);
    assert_eq!(
        running.sequences("/v2/changefeed?offset=1&limit=2").await,
        [2, 3]
    );
    assert_eq!(running.sequences("/v2/changefeed?offset=4").await, [0; 0]);
    assert_eq!(
        running
            .sequences("/v2/changefeed?startTime=2024-06-02T08:01:00Z&offset=1")
            .await,
        [3, 14]
    );
}

#[tokio::test]
async fn entries_are_in_the_order_of_time_then_sequence() {
    let running = Running::in_memory().await;
    running.service.skip_sequences(1).unwrap();
    running.advance(60);
    running.create(2);
    running.create(3);
    let early = metadata("1.2.3", 1).to_string();
    let start = "2024-06-02T08:02:00Z".parse().unwrap();
    running.service.late_commit(1, start, None, &early).unwrap();
    assert_eq!(running.sequences("/v2/changefeed").await, [2, 3, 1]);
    assert_eq!(running.sequences("/v1/changefeed").await, [1, 2, 3]);
    assert_eq!(running.json("/v2/changefeed/latest").await["sequence"], 1);
    assert_eq!(running.json("/v1/changefeed/latest").await["sequence"], 3);
}

#[tokio::test]
async fn a_page_has_a_hundred_entries_unless_asked_for_up_to_two_hundred() {
    let running = Running::in_memory().await;
    for instance in 1..=210 {
        running.create(instance);
    }
    assert_eq!(running.sequences("/v2/changefeed").await.len(), 100);
    assert_eq!(
        running.sequences("/v2/changefeed?limit=200").await.len(),
        200
    );
    assert_eq!(
        running.status("/v2/changefeed?limit=201").await,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn time_does_not_run_backwards_when_the_clock_does() {
    let running = three_minutes().await;
    running.advance(-3600);
    running.create(4);
    let page = running.json("/v2/changefeed").await;
    assert_eq!(page[3]["sequence"], 4);
    assert_eq!(page[3]["timestamp"], page[2]["timestamp"]);
}

#[tokio::test]
async fn times_without_zone_and_windows_without_length_are_refused() {
    let running = Running::in_memory().await;
    for query in [
        "startTime=2024-06-02T08:00:00",
        "startTime=2024-06-02",
        "startTime=yesterday",
        // An unescaped plus is a blank.
        "endTime=2024-06-02T08:00:00+02:00",
        "startTime=2024-06-02T08:00:00Z&endTime=2024-06-02T08:00:00Z",
        "startTime=2024-06-02T08:00:01Z&endTime=2024-06-02T08:00:00Z",
        "limit=0",
        "offset=-1",
        "includeMetadata=1",
    ] {
        let status = running.status(&format!("/v2/changefeed?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
}
