//! The change feed, read in both versions from a real service.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use radcast::settings::ApiVersion;
use radcast_dicomweb::Page;
use radcast_dicomweb::{FeedClient, SequenceWindows, TimeWindows};
use radcast_engine::failure::{Class, Code, Failure};
use radcast_engine::feed::ChangeFeed;
use radcast_sandbox::Fault;
use reqwest::{StatusCode, Url};

use crate::support::instances::study;
use crate::support::services::Services;

fn client(services: &Services, version: ApiVersion) -> FeedClient {
    let address: Url = services.dicom_address().parse().unwrap();
    FeedClient::new(&address, version, Duration::from_secs(10)).unwrap()
}

fn v1(services: &Services, limit: u64, position: u64, settle: Duration) -> SequenceWindows {
    SequenceWindows::new(client(services, ApiVersion::V1), limit, position, settle)
}

fn v2(services: &Services, limit: u64, position: u64, settle: Duration) -> TimeWindows {
    TimeWindows::new(
        client(services, ApiVersion::V2),
        limit,
        position,
        None,
        settle,
    )
}

const SOON: Duration = Duration::ZERO;
const LATER: Duration = Duration::from_secs(3_600);

fn sequences(page: &Page) -> Vec<u64> {
    let entries = page.entries.iter();
    entries
        .filter_map(|entry| match entry {
            Ok(entry) => Some(entry.sequence),
            Err(malformed) => malformed.subject.sequence,
        })
        .collect()
}

/// Every sequence up to the end of the feed, as delivered, and the watermark there.
async fn read_to_end(feed: &mut impl ChangeFeed<Data = radcast_dicom::Dataset>) -> (Vec<u64>, u64) {
    let mut read = Vec::new();
    loop {
        let page = feed.next().await.unwrap();
        read.extend(sequences(&page));
        if !page.more {
            return (read, page.watermark);
        }
    }
}

async fn refusal(feed: &mut impl ChangeFeed<Data = radcast_dicom::Dataset>) -> Failure {
    feed.next().await.unwrap_err()
}

#[tokio::test]
async fn an_empty_feed_is_read_without_complaint() {
    let services = Services::start().await;
    assert_eq!(
        read_to_end(&mut v1(&services, 100, 0, SOON)).await,
        (vec![], 0)
    );
    assert_eq!(
        read_to_end(&mut v2(&services, 100, 0, SOON)).await,
        (vec![], 0)
    );
}

#[tokio::test]
async fn every_entry_is_delivered_once_in_both_versions() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 3, 9));
    let all: Vec<u64> = (1..=last).collect();
    let (mut by_sequence, mut by_time) = (v1(&services, 4, 0, SOON), v2(&services, 4, 0, SOON));
    assert_eq!(read_to_end(&mut by_sequence).await, (all.clone(), last));
    assert_eq!(read_to_end(&mut by_time).await, (all, last));
    services.store(&study(1, 2, 1, 1));
    assert_eq!(
        read_to_end(&mut by_sequence).await,
        (vec![last + 1], last + 1)
    );
    assert_eq!(read_to_end(&mut by_time).await, (vec![last + 1], last + 1));
}

#[tokio::test]
async fn reading_goes_on_after_the_stored_position() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 9));
    assert_eq!(
        read_to_end(&mut v1(&services, 100, 6, SOON)).await,
        (vec![7, 8, 9], 9)
    );
    assert_eq!(
        read_to_end(&mut v2(&services, 100, 6, SOON)).await,
        (vec![7, 8, 9], 9)
    );
}

#[tokio::test]
async fn a_wide_gap_of_empty_windows_is_not_the_end() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 1));
    services.dicom.skip_sequences(1_000).unwrap();
    services.store(&study(1, 2, 1, 1));
    assert_eq!(
        read_to_end(&mut v1(&services, 100, 0, SOON)).await,
        (vec![1, 1_002], 1_002)
    );
    assert_eq!(
        read_to_end(&mut v2(&services, 100, 0, SOON)).await,
        (vec![1, 1_002], 1_002)
    );
}

#[tokio::test]
async fn an_entry_committed_late_into_a_gap_is_delivered_before_the_watermark_passes_it() {
    let (services, mut by_sequence, mut by_time) = with_a_gap_at_2().await;
    commit_late(&services, 2).await;
    assert_eq!(read_to_end(&mut by_sequence).await, (vec![2], 3));
    assert_eq!(read_to_end(&mut by_time).await, (vec![2], 3));
}

/// Entries 1 and 3, read in both versions.
async fn with_a_gap_at_2() -> (Services, SequenceWindows, TimeWindows) {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 1));
    services.dicom.skip_sequences(1).unwrap();
    services.store(&study(1, 2, 1, 1));
    let (mut by_sequence, mut by_time) =
        (v1(&services, 100, 0, LATER), v2(&services, 100, 0, LATER));
    assert_eq!(read_to_end(&mut by_sequence).await, (vec![1, 3], 1));
    assert_eq!(read_to_end(&mut by_time).await, (vec![1, 3], 1));
    (services, by_sequence, by_time)
}

async fn commit_late(services: &Services, sequence: u64) {
    let latest = client(services, ApiVersion::V1).latest().await.unwrap();
    let late = study(1, 3, 1, 1)[0].ct().to_string();
    services
        .dicom
        .late_commit(sequence, latest.timestamp.unwrap(), None, &late)
        .unwrap();
}

#[tokio::test]
async fn a_malformed_entry_is_isolated_with_its_uids_at_no_extra_request() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 1));
    let broken = r#"{"sequence":2,"studyInstanceUid":"1.2","seriesInstanceUid":"1.3",
        "sopInstanceUid":"1.4","action":"create","state":"current","metadata":17}"#;
    services.dicom.insert_raw_entry(broken).unwrap();
    services.store(&study(1, 2, 1, 1));
    let before = services.dicom.faults().count("dicom.feed");
    let page = v1(&services, 100, 0, SOON).next().await.unwrap();
    assert_eq!(sequences(&page), [1, 2, 3]);
    let malformed = page.entries[1].as_ref().unwrap_err();
    assert_eq!(malformed.subject.instance.as_deref(), Some("1.4"));
    assert_eq!(services.dicom.faults().count("dicom.feed"), before + 1);
}

#[tokio::test]
async fn a_position_beyond_the_end_of_the_feed_is_an_alarm() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 3));
    assert_eq!(
        refusal(&mut v1(&services, 100, 50, SOON)).await.code,
        Code::DicomPositionAhead
    );
    let emptied = Services::start().await;
    assert_eq!(
        refusal(&mut v2(&emptied, 100, 50, SOON)).await.code,
        Code::DicomPositionAhead
    );
}

#[tokio::test]
async fn a_refused_read_loses_nothing() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 9));
    let mut feed = v1(&services, 4, 0, SOON);
    assert_eq!(sequences(&feed.next().await.unwrap()), [1, 2, 3, 4]);
    services
        .dicom
        .faults()
        .order("dicom.feed", Fault::reject(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(refusal(&mut feed).await.class(), Class::Transient);
    assert_eq!(read_to_end(&mut feed).await, (vec![5, 6, 7, 8, 9], 9));
}

#[tokio::test]
async fn a_deleted_and_stored_again_instance_reads_as_the_service_tells_it() {
    let services = Services::start().await;
    let place = study(1, 1, 1, 1)[0];
    services.store(&[place]);
    services.delete(place);
    services.store(&[place]);
    let page = v1(&services, 100, 0, SOON).next().await.unwrap();
    let told: Vec<String> = page
        .entries
        .iter()
        .map(|entry| entry.as_ref().unwrap())
        .map(|entry| {
            format!(
                "{:?}/{:?}/{}",
                entry.action,
                entry.state,
                entry.data.is_some()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "Create/Replaced/true",
            "Delete/Replaced/true",
            "Create/Current/true"
        ]
    );
}

#[tokio::test]
async fn gaps_are_read_again_also_while_new_entries_keep_coming() {
    let (services, mut by_sequence, mut by_time) = with_a_gap_at_2().await;
    commit_late(&services, 2).await;
    services.store(&study(1, 4, 1, 1));
    assert_eq!(read_to_end(&mut by_sequence).await, (vec![2, 4], 4));
    assert_eq!(read_to_end(&mut by_time).await, (vec![2, 4], 4));
}

#[tokio::test]
async fn a_late_commit_deep_in_a_wide_gap_is_found_in_one_walk() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 1));
    services.dicom.skip_sequences(2_000).unwrap();
    services.store(&study(1, 2, 1, 1));
    let mut feed = v1(&services, 100, 0, LATER);
    assert_eq!(read_to_end(&mut feed).await, (vec![1, 2_002], 1));
    commit_late(&services, 1_900).await;
    assert_eq!(read_to_end(&mut feed).await, (vec![1_900], 1));
}

#[tokio::test]
async fn an_entry_without_a_number_does_not_keep_the_feed_where_it_is() {
    let services = Services::start().await;
    let nameless = r#"{"action":"create","state":"current","sopInstanceUid":"1.4"}"#;
    services.dicom.insert_raw_entry(nameless).unwrap();
    services.dicom.skip_sequences(300).unwrap();
    services.store(&study(1, 1, 1, 1));
    let mut feed = v1(&services, 100, 0, SOON);
    let (mut unread, mut read) = (0, Vec::new());
    for _ in 0..10 {
        let page = feed.next().await.unwrap();
        unread += page.entries.iter().filter(|entry| entry.is_err()).count();
        read.extend(sequences(&page));
    }
    assert_eq!((unread, read), (1, vec![302]));
}

/// Lets every entry of the service happen a hundred seconds after the one before, from 1970 on.
fn slow_down(services: &Services) {
    let seconds = AtomicI64::new(0);
    let tick = move || seconds.fetch_add(100, Ordering::Relaxed);
    let clock = Arc::new(move || Timestamp::from_second(tick()).unwrap());
    drop(services.dicom.clone().with_clock(clock));
}

const SETTLE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_gap_long_past_holds_nothing_back_while_a_long_feed_is_read() {
    let services = Services::start().await;
    slow_down(&services);
    services.store(&study(1, 1, 1, 1));
    services.dicom.skip_sequences(1).unwrap();
    services.store(&study(1, 2, 1, 7));
    let mut feed = v2(&services, 2, 0, SETTLE);
    let mut watermarks = Vec::new();
    for _ in 0..3 {
        let page = feed.next().await.unwrap();
        assert!(page.more);
        watermarks.push(page.watermark);
    }
    assert_eq!(watermarks, [1, 5, 7]);
}

#[tokio::test]
async fn a_gap_is_read_again_however_much_was_read_after_it() {
    let services = Services::start().await;
    slow_down(&services);
    services.store(&study(1, 1, 1, 1));
    services.dicom.skip_sequences(1).unwrap();
    services.store(&study(1, 2, 1, 1));
    let mut feed = v2(&services, 2, 0, SETTLE);
    assert_eq!(sequences(&feed.next().await.unwrap()), [1, 3]);
    services.store(&study(1, 4, 1, 2));
    assert_eq!(sequences(&feed.next().await.unwrap()), [4, 5]);
    let late = study(1, 3, 1, 1)[0].ct().to_string();
    let then = Timestamp::from_second(99).unwrap();
    services.dicom.late_commit(2, then, None, &late).unwrap();
    assert_eq!(read_to_end(&mut feed).await, (vec![2], 5));
}
