//! Single entries of the feed as they are now.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use radcast::settings::ApiVersion;
use radcast_dicomweb::Entry;
use radcast_dicomweb::FeedClient;
use radcast_engine::failure::{Class, Code};
use radcast_engine::feed::{Action, CurrentState, State};
use radcast_sandbox::Fault;
use reqwest::{StatusCode, Url};

use crate::support::instances::study;
use crate::support::services::Services;

fn clients(services: &Services) -> [FeedClient; 2] {
    let address: Url = services.dicom_address().parse().unwrap();
    [ApiVersion::V1, ApiVersion::V2]
        .map(|version| FeedClient::new(&address, version, Duration::from_secs(10)).unwrap())
}

/// The entry as both versions tell it, with its time known and without.
async fn entry(services: &Services, sequence: u64, happened: Timestamp) -> Entry {
    let mut told = Vec::new();
    for client in clients(services) {
        for happened in [Some(happened), None] {
            let found = client.entry(sequence, happened).await.unwrap();
            told.push(found.unwrap().unwrap());
        }
    }
    let first = told.remove(0);
    for other in told {
        assert_eq!(
            (other.sequence, other.action, other.state, &other.key),
            (first.sequence, first.action, first.state, &first.key)
        );
        assert_eq!(other.data.is_some(), first.data.is_some());
    }
    first
}

/// A time of the service, and the service with all its entries there.
async fn services_at(time: &str) -> (Services, Timestamp) {
    let services = Services::start().await;
    let then: Timestamp = time.parse().unwrap();
    drop(services.dicom.clone().with_clock(Arc::new(move || then)));
    (services, then)
}

#[tokio::test]
async fn an_entry_is_told_with_what_has_become_of_its_instance() {
    let (services, then) = services_at("2024-06-02T08:15:30.1234567Z").await;
    let places = study(1, 1, 1, 3);
    services.store(&places);
    services.delete(places[1]);
    services.delete(places[2]);
    services.store(&places[2..]);
    let told = async |sequence| {
        let entry = entry(&services, sequence, then).await;
        (entry.action, entry.state, entry.data.is_some())
    };
    assert_eq!(told(1).await, (Action::Create, State::Current, true));
    assert_eq!(told(2).await, (Action::Create, State::Deleted, false));
    assert_eq!(told(3).await, (Action::Create, State::Replaced, true));
    assert_eq!(told(4).await, (Action::Delete, State::Deleted, false));
    assert_eq!(told(5).await, (Action::Delete, State::Replaced, true));
}

#[tokio::test]
async fn an_entry_is_found_among_hundreds_of_the_same_second() {
    let (services, then) = services_at("2024-06-02T08:15:30.75Z").await;
    let last = services.store(&study(1, 1, 1, 450));
    let [_, by_time] = clients(&services);
    let cut: Timestamp = "2024-06-02T08:15:30Z".parse().unwrap();
    for happened in [then, cut] {
        let before = services.dicom.faults().count("dicom.feed");
        let found = by_time.entry(last, Some(happened)).await.unwrap();
        assert_eq!(found.unwrap().unwrap().sequence, last);
        assert_eq!(services.dicom.faults().count("dicom.feed") - before, 3);
    }
}

#[tokio::test]
async fn a_time_that_leads_astray_does_no_harm() {
    let (services, _) = services_at("2024-06-02T08:15:30.75Z").await;
    let last = services.store(&study(1, 1, 1, 1));
    let [_, by_time] = clients(&services);
    let wrong: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let found = by_time.entry(last, Some(wrong)).await.unwrap();
    assert_eq!(found.unwrap().unwrap().sequence, last);
}

#[tokio::test]
async fn the_feed_says_for_certain_that_it_has_no_such_entry() {
    let services = Services::start().await;
    services.dicom.skip_sequences(1).unwrap();
    services.store(&study(1, 1, 1, 1));
    for client in clients(&services) {
        let now = Timestamp::from_second(0).ok();
        assert!(client.entry(1, now).await.unwrap().is_none());
        // Beyond its end it cannot know: somebody has put another feed in its place.
        let failure = client.entry(3, None).await.unwrap_err();
        assert_eq!(failure.code, Code::DicomPositionAhead);
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_told_under_its_number() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 1));
    let nameless = r#"{"action":"create","state":"current","sopInstanceUid":"1.4"}"#;
    services.dicom.insert_raw_entry(nameless).unwrap();
    for client in clients(&services) {
        let found = client.entry(2, None).await.unwrap();
        assert_eq!(found.unwrap().unwrap_err().subject.sequence, Some(2));
    }
}

#[tokio::test]
async fn a_service_that_is_down_says_nothing() {
    let services = Services::start().await;
    services.store(&study(1, 1, 1, 1));
    for client in clients(&services) {
        let down = Fault::reject(StatusCode::SERVICE_UNAVAILABLE);
        services.dicom.faults().order("dicom.feed", down);
        let failure = client.entry(1, None).await.unwrap_err();
        assert_eq!(failure.class(), Class::Transient);
    }
}
