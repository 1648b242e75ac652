//! Pages of the change feed that the service cannot give because of one entry in them.

use std::collections::BTreeMap;
use std::time::Duration;

use radcast::settings::{ApiVersion, OnUnparsable};
use radcast_dicomweb::Page;
use radcast_dicomweb::{FeedClient, SequenceWindows, TimeWindows};
use radcast_engine::failure::Code;
use radcast_engine::feed::ChangeFeed;
use radcast_sandbox::Fault;
use reqwest::{StatusCode, Url};

use crate::support::daemon::{Daemon, until};
use crate::support::instances::study;
use crate::support::poison::{Harm, Poison};
use crate::support::services::Services;

const SOON: Duration = Duration::ZERO;
const LATER: Duration = Duration::from_secs(3_600);

async fn poisoned() -> (Services, Poison) {
    let poison = Poison::default();
    let services = Services::start_with(|feed| poison.before(feed)).await;
    (services, poison)
}

fn client(services: &Services, version: ApiVersion) -> FeedClient {
    let address: Url = services.dicom_address().parse().unwrap();
    FeedClient::new(&address, version, Duration::from_secs(10)).unwrap()
}

fn v1(services: &Services, limit: u64, settle: Duration) -> SequenceWindows {
    SequenceWindows::new(client(services, ApiVersion::V1), limit, 0, settle)
}

fn v2(services: &Services, limit: u64, settle: Duration) -> TimeWindows {
    TimeWindows::new(client(services, ApiVersion::V2), limit, 0, None, settle)
}

/// What was delivered: how often each sequence, and whether it could be read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Delivered {
    entries: BTreeMap<(Option<u64>, bool), usize>,
    failures: Vec<Code>,
    watermark: u64,
}

impl Delivered {
    fn take(&mut self, page: &Page) {
        for entry in &page.entries {
            let key = match entry {
                Ok(entry) => (Some(entry.sequence), true),
                Err(malformed) => (malformed.subject.sequence, false),
            };
            *self.entries.entry(key).or_default() += 1;
        }
        self.watermark = page.watermark;
    }

    fn of(bad: &[u64], last: u64) -> BTreeMap<(Option<u64>, bool), usize> {
        (1..=last)
            .map(|number| ((Some(number), !bad.contains(&number)), 1))
            .collect()
    }
}

/// Reads to the end of the feed, asking again after each of at most ten failures.
async fn read_to_end(feed: &mut impl ChangeFeed<Data = radcast_dicom::Dataset>) -> Delivered {
    let mut delivered = Delivered::default();
    while delivered.failures.len() < 10 {
        match feed.next().await {
            Ok(page) => {
                delivered.take(&page);
                if !page.more {
                    break;
                }
            }
            Err(failure) => delivered.failures.push(failure.code),
        }
    }
    delivered
}

#[tokio::test]
async fn rx7_the_entry_that_spoils_a_page_is_found_and_its_neighbours_go_on() {
    let (services, poison) = poisoned().await;
    let last = services.store(&study(1, 1, 1, 25));
    poison.put([17], Harm::MetadataFails);
    for settle in [SOON, LATER] {
        let by_sequence = read_to_end(&mut v1(&services, 10, settle)).await;
        let by_time = read_to_end(&mut v2(&services, 10, settle)).await;
        for delivered in [by_sequence, by_time] {
            assert_eq!(delivered.failures, [Code::DicomServerError; 2]);
            assert_eq!(delivered.entries, Delivered::of(&[17], last));
            assert_eq!(delivered.watermark, last);
        }
    }
}

#[tokio::test]
async fn rx7_an_entry_whose_metadata_cannot_be_read_is_known_with_its_uids() {
    let (services, poison) = poisoned().await;
    let places = study(1, 1, 1, 4);
    services.store(&places);
    poison.put([3], Harm::MetadataFails);
    let mut feed = v1(&services, 10, SOON);
    for _ in 0..2 {
        feed.next().await.unwrap_err();
    }
    let page = feed.next().await.unwrap();
    let malformed = page.entries[2].as_ref().unwrap_err();
    assert_eq!(malformed.subject.sequence, Some(3));
    assert_eq!(malformed.subject.instance, Some(places[2].instance_uid()));
    assert!(malformed.timestamp.is_some());
    let failure = malformed.failure();
    assert_eq!(failure.code, Code::DicomMalformedEntry);
    assert_eq!(
        failure.message,
        "asked for this entry alone with its metadata, the change feed answered 500"
    );
}

#[tokio::test]
async fn w6_a_deletion_needs_no_metadata_and_goes_on_although_its_page_fails() {
    let (services, poison) = poisoned().await;
    let places = study(1, 1, 1, 3);
    services.store(&places);
    services.delete(places[1]);
    poison.put([2, 4], Harm::MetadataFails);
    let delivered = read_to_end(&mut v1(&services, 10, SOON)).await;
    assert_eq!(delivered.entries, Delivered::of(&[], 4));
}

/// Every choice of entries at fault in a feed of five, but for all of them.
#[tokio::test]
async fn rx7_w3_wherever_the_entries_at_fault_are_all_are_found_and_no_other_is_lost() {
    let (services, poison) = poisoned().await;
    let last = services.store(&study(1, 1, 1, 5));
    let by_sequence = client(&services, ApiVersion::V1);
    let by_time = client(&services, ApiVersion::V2);
    for harm in [Harm::MetadataFails, Harm::Fails, Harm::CutsOff] {
        for choice in 1..31_u64 {
            let mut bad: Vec<u64> = (1..=5).collect();
            bad.retain(|number| choice >> (number - 1) & 1 == 1);
            poison.put(bad.clone(), harm);
            let mut by_sequence = SequenceWindows::new(by_sequence.clone(), 4, 0, SOON);
            let mut by_time = TimeWindows::new(by_time.clone(), 4, 0, None, SOON);
            for delivered in [
                read_to_end(&mut by_sequence).await,
                read_to_end(&mut by_time).await,
            ] {
                let expected = Delivered::of(&bad, last);
                assert_eq!(delivered.entries, expected, "{harm:?} {bad:?}");
                assert_eq!(delivered.watermark, last, "{harm:?} {bad:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_found_at_fault_is_passed_at_once_when_it_is_met_again() {
    let (services, poison) = poisoned().await;
    services.store(&study(1, 1, 1, 2));
    services.dicom.skip_sequences(1).unwrap();
    services.store(&study(1, 2, 1, 6));
    poison.put([5], Harm::Fails);
    let (mut by_sequence, mut by_time) = (v1(&services, 10, LATER), v2(&services, 10, LATER));
    assert_eq!(read_to_end(&mut by_sequence).await.failures.len(), 2);
    assert_eq!(read_to_end(&mut by_time).await.failures.len(), 2);
    // The gap at 3 is open: the windows around it are read again.
    for _ in 0..2 {
        let expected = Delivered {
            watermark: 2,
            ..Delivered::default()
        };
        let spoilt = poison.spoilt();
        assert_eq!(read_to_end(&mut by_sequence).await, expected);
        assert_eq!(read_to_end(&mut by_time).await, expected);
        assert!(poison.spoilt() > spoilt, "they hold the entry at fault");
    }
}

#[tokio::test]
async fn a_service_that_can_read_no_metadata_is_down_and_no_entry_is_blamed() {
    for (entries, page) in [(3, 3), (150, 100)] {
        let (services, poison) = poisoned().await;
        let last = services.store(&study(1, 1, 1, entries));
        poison.outage(true);
        let (mut by_sequence, mut by_time) = (v1(&services, page, SOON), v2(&services, page, SOON));
        let down = Delivered {
            failures: vec![Code::DicomServerError; 10],
            ..Delivered::default()
        };
        assert_eq!(read_to_end(&mut by_sequence).await, down);
        assert_eq!(read_to_end(&mut by_time).await, down);
        let spoilt = poison.spoilt();
        assert!(spoilt < 500, "{spoilt} pages were asked for");
        poison.outage(false);
        let all = Delivered::of(&[], last);
        assert_eq!(read_to_end(&mut by_sequence).await.entries, all);
        assert_eq!(read_to_end(&mut by_time).await.entries, all);
    }
}

#[tokio::test]
async fn a_page_that_fails_for_a_while_or_asks_to_wait_is_not_taken_apart() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 8));
    let order = |retry_after| {
        services.dicom.faults().order(
            "dicom.feed",
            Fault::Reject {
                status: StatusCode::SERVICE_UNAVAILABLE,
                body: String::new(),
                retry_after,
            },
        );
    };
    let mut feed = v1(&services, 10, SOON);
    order(None);
    order(None);
    (0..4).for_each(|_| order(Some(1)));
    for _ in 0..6 {
        let failure = feed.next().await.unwrap_err();
        assert_eq!(failure.code, Code::DicomServerError);
    }
    assert_eq!(feed.next().await.unwrap().entries.len(), 8);
    assert_eq!(services.dicom.faults().count("dicom.feed"), 7);
}

#[tokio::test]
async fn while_the_newest_entry_is_not_told_either_the_service_is_down() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 8));
    let mut feed = v1(&services, 4, SOON);
    assert_eq!(feed.next().await.unwrap().entries.len(), 4);
    for _ in 0..5 {
        let fault = || Fault::reject(StatusCode::BAD_GATEWAY);
        services.dicom.faults().order("dicom.feed", fault());
        services.dicom.faults().order("dicom.latest", fault());
    }
    for _ in 0..5 {
        feed.next().await.unwrap_err();
    }
    assert_eq!(services.dicom.faults().count("dicom.feed"), 6);
    let page = feed.next().await.unwrap();
    assert!(page.entries.iter().all(Result::is_ok) && page.entries.len() == 4);
}

#[tokio::test]
async fn rx7_stop_waits_before_the_entry_and_says_which_it_is() {
    let (services, poison) = poisoned().await;
    services.store(&study(1, 1, 1, 3));
    let nameless = r#"{"sequence":{sequence},"action":"create","state":"current"}"#;
    services.dicom.insert_raw_entry(nameless).unwrap();
    services.store(&study(1, 2, 1, 3));
    let stop = OnUnparsable::Stop;
    let (mut by_sequence, mut by_time) = (
        v1(&services, 10, SOON).on_unparsable(stop),
        v2(&services, 10, SOON).on_unparsable(stop),
    );
    assert_stops(&mut by_sequence, 4).await;
    assert_stops(&mut by_time, 4).await;
    for harm in [Harm::MetadataFails, Harm::CutsOff] {
        poison.put([2], harm);
        assert_stops(&mut v1(&services, 10, SOON).on_unparsable(stop), 2).await;
        assert_stops(&mut v2(&services, 10, SOON).on_unparsable(stop), 2).await;
    }
}

async fn assert_stops(feed: &mut impl ChangeFeed<Data = radcast_dicom::Dataset>, before: u64) {
    let delivered = read_to_end(feed).await;
    assert_eq!(delivered.entries, Delivered::of(&[], before - 1));
    assert_eq!(delivered.watermark, before - 1);
    let failure = feed.next().await.unwrap_err();
    assert_eq!(failure.code, Code::DicomInvalidResponse);
    let told = format!("the entry of sequence {before} cannot be read");
    assert!(failure.message.starts_with(&told), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn w3_a_malformed_entry_before_a_gap_and_one_at_the_end_cost_no_other_entry() {
    let (services, poison) = poisoned().await;
    services.store(&study(1, 1, 1, 1));
    let malformed = r#"{"sequence":{sequence},"studyInstanceUid":-Infinity}"#;
    let first = services.dicom.insert_raw_entry(malformed).unwrap();
    services.dicom.skip_sequences(30).unwrap();
    let second = services.store(&study(1, 2, 1, 9)) - 4;
    poison.put([second], Harm::CutsOff);
    let last = services.dicom.insert_raw_entry(malformed).unwrap();
    let daemon = Daemon::of(&services).with("DicomWeb__PageSize", "10");
    daemon.run_until_settled(last).await;
    assert_eq!(daemon.position().await, last);
    let records = daemon.records().await;
    let recorded: Vec<_> = records
        .iter()
        .map(|record| record.subject.sequence)
        .collect();
    assert_eq!(recorded, [Some(first), Some(second), Some(last)]);
    let studies = services.fhir.resources("ImagingStudy").unwrap();
    let mut instances: Vec<_> = studies
        .iter()
        .map(|study| &study["numberOfInstances"])
        .collect();
    instances.sort_by_key(|count| count.as_u64());
    assert_eq!(instances, [1, 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rx7_of_a_page_of_ten_with_a_malformed_entry_nine_are_applied_and_one_is_recorded() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 5));
    let broken = r#"{"sequence":{sequence},"studyInstanceUid":"1.2","action":"create","state":{}}"#;
    let bad = services.dicom.insert_raw_entry(broken).unwrap();
    let last = services.store(&study(1, 2, 1, 4));
    let daemon = Daemon::of(&services);
    daemon.run_until_settled(last).await;
    let records = daemon.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].code, Code::DicomMalformedEntry.as_str());
    assert_eq!(records[0].subject.sequence, Some(bad));
    assert_eq!(records[0].subject.study.as_deref(), Some("1.2"));
    let message = &records[0].message;
    // What `printf '{"sequence":6,"studyInstanceUid":…}' | sha256sum` begins with.
    assert!(
        message.ends_with("raw entry sha256 d4593863f1866e28"),
        "{message}"
    );
    assert!(daemon.log().contains("raw entry sha256 d4593863f1866e28"));
    let studies = services.fhir.resources("ImagingStudy").unwrap();
    let instances = studies
        .iter()
        .map(|study| study["numberOfInstances"].as_u64().unwrap());
    assert_eq!(instances.sum::<u64>(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn rx7_the_daemon_that_is_to_stop_records_nothing_and_stays_before_the_entry() {
    let services = Services::start().await;
    let good = services.store(&study(1, 1, 1, 2));
    services.dicom.insert_raw_entry("{}").unwrap();
    services.store(&study(1, 2, 1, 2));
    let daemon = Daemon::of(&services).with("DicomWeb__OnUnparsable", "Stop");
    let running = daemon.start();
    daemon.until_settled(good).await;
    until("the word that it stops", async || {
        daemon
            .log()
            .contains("the entry of sequence 3 cannot be read")
    })
    .await;
    assert_eq!(running.terminate().await, Some(0));
    assert!(daemon.log().contains(Code::DicomInvalidResponse.as_str()));
    assert_eq!(daemon.position().await, good);
    assert_eq!(daemon.records().await, []);
    assert_eq!(services.fhir.count("ImagingStudy").unwrap(), 1);
}
