//! A position belongs to one feed.

use std::sync::Arc;

use radcast::settings::ApiVersion;
use radcast_engine::failure::{Class, Code};
use radcast_engine::feed::Known;

use super::model::{Feed, time};
use super::{NONE, VERSIONS};

/// What the feed of [`Feed::of`] is known by after this entry.
fn known(sequence: u64) -> Known {
    let entry = format!("{sequence} {} 1/1.1/1.9.{sequence}", time(sequence));
    Known {
        address: Some(Arc::from("http://dicom.example")),
        entry: Some(Arc::new(entry.parse().unwrap())),
    }
}

#[tokio::test(start_paused = true)]
async fn the_feed_that_was_read_before_is_read_on_whatever_became_of_the_instance() {
    for version in VERSIONS {
        for standing in ["current", "replaced", "deleted"] {
            let feed = Feed::of(1..=60);
            feed.lock().standing = standing;
            // The position may be a gap that has settled.
            feed.lock().rows.remove(&50);
            for known in [known(49), Known::default()] {
                let told = feed.reader(version, 50, known).read_for(30).await;
                assert_eq!(told.numbers(), (51..=60).collect::<Vec<_>>());
                assert_eq!(told.failing, None);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_feed_is_not_read_until_the_right_one_is_back() {
    for version in VERSIONS {
        for last in [50, 60] {
            let feed = Feed::of(1..=40);
            feed.add(41..=last, "1.8");
            let mut reader = feed.reader(version, 50, known(50));
            let told = reader.read_for(600).await;
            assert_eq!(told.numbers(), NONE);
            let failure = told.failing.unwrap();
            assert_eq!(failure.code, Code::DicomFeedReplaced);
            assert_eq!(failure.class(), Class::Setup);
            for part in ["1/1.1/1.9.50", "1/1.1/1.8.50"] {
                assert!(failure.message.contains(part), "{failure}");
            }
            feed.add(41..=61, "1.9");
            let told = reader.read_for(30).await;
            assert_eq!(told.numbers(), (51..=61).collect::<Vec<_>>());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_was_restored_while_it_was_read_is_found_out() {
    for version in VERSIONS {
        let feed = Feed::of(1..=50);
        let mut reader = feed.reader(version, 0, Known::default());
        reader.read_for(30).await;
        feed.lock().rows.split_off(&41);
        let told = reader.read_for(30).await;
        assert_eq!(told.failing.unwrap().code, Code::DicomPositionAhead);
        feed.add(41..=60, "1.8");
        let told = reader.read_for(300).await;
        assert_eq!((told.numbers(), told.watermark), (vec![], 0));
        assert_eq!(told.failing.unwrap().code, Code::DicomFeedReplaced);
    }
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_was_restored_and_has_outrun_the_position_between_two_looks_is_found_out() {
    for version in VERSIONS {
        for last in [50, 60] {
            let feed = Feed::of(1..=50);
            let mut reader = feed.reader(version, 0, Known::default());
            reader.read_for(30).await;
            feed.add(41..=last, "1.8");
            let told = reader.read_for(300).await;
            assert_eq!(told.numbers(), NONE, "{version:?}");
            assert_eq!(told.failing.unwrap().code, Code::DicomFeedReplaced);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_known_entry_that_is_missing_is_waited_for_unless_later_ones_are_there() {
    for version in VERSIONS {
        let feed = Feed::of(1..=60);
        feed.lock().shown = Some(30);
        let mut reader = feed.reader(version, 50, known(50));
        let told = reader.read_for(300).await;
        assert_eq!(told.failing.unwrap().code, Code::DicomUnreliableFeed);
        feed.lock().shown = None;
        assert_eq!(reader.read_for(30).await.numbers().len(), 10);
        feed.lock().rows.remove(&50);
        let mut reader = feed.reader(version, 50, known(50));
        let told = reader.read_for(300).await;
        assert_eq!(told.numbers(), NONE);
        assert_eq!(told.failing.unwrap().code, Code::DicomFeedReplaced);
    }
}

#[tokio::test(start_paused = true)]
async fn a_position_without_an_entry_belongs_to_the_address_where_it_was_counted() {
    let moved = |address: &str| Known {
        address: Some(Arc::from(address)),
        entry: None,
    };
    for version in VERSIONS {
        let feed = Feed::of(1..=60);
        let told = feed
            .reader(version, 50, moved("http://dicom.example"))
            .read_for(30)
            .await;
        assert_eq!(told.numbers().len(), 10);
        let told = feed
            .reader(version, 50, moved("http://other.example"))
            .read_for(30)
            .await;
        assert_eq!(told.failing.unwrap().code, Code::DicomFeedReplaced);
        // Where its entry is there, the same feed has another address now.
        let known = Known {
            entry: known(50).entry,
            ..moved("http://other.example")
        };
        assert_eq!(
            feed.reader(version, 50, known)
                .read_for(30)
                .await
                .numbers()
                .len(),
            10
        );
    }
}

#[tokio::test(start_paused = true)]
async fn times_are_compared_as_precisely_as_they_were_kept() {
    let feed = Feed::of(1..=60);
    let read = async |entry: &str| {
        let known = Known {
            address: None,
            entry: Some(Arc::new(entry.parse().unwrap())),
        };
        feed.reader(ApiVersion::V1, 50, known)
            .read_for(30)
            .await
            .failing
    };
    let second = time(50);
    assert_eq!(read(&format!("50 {second} 1/1.1/1.9.50")).await, None);
    assert_eq!(read("50 - 1/1.1/1.9.50").await, None);
    let later = time(52);
    let failure = read(&format!("50 {later} 1/1.1/1.9.50")).await.unwrap();
    assert_eq!(failure.code, Code::DicomFeedReplaced);
}
