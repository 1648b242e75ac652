//! Answers of the change feed that are not to be believed: from caches, from replicas that lag
//! behind, to other questions; and feeds that are not the one that was read before.

mod continuity;
mod model;

use std::time::Duration;

use radcast::settings::ApiVersion;
use radcast_engine::failure::Code;
use radcast_engine::feed::CurrentState;
use radcast_engine::feed::Known;

use model::Feed;

pub const VERSIONS: [ApiVersion; 2] = [ApiVersion::V1, ApiVersion::V2];

/// No entries.
pub const NONE: [u64; 0] = [];

#[tokio::test(start_paused = true)]
async fn a_replica_that_lags_behind_for_an_hour_costs_no_entry() {
    for version in VERSIONS {
        for shown in [0, 1, 10, 15, 20] {
            let feed = Feed::of(1..=21);
            feed.lock().shown = Some(shown);
            let mut reader = feed.reader(version, 0, Known::default());
            let told = reader.read_for(20).await;
            let before: Vec<_> = (1..=shown).collect();
            assert_eq!((told.numbers(), told.watermark), (before, shown));
            assert_eq!(told.failing, None, "it may come within the settle time");
            let told = reader.read_for(3_600).await;
            assert_eq!(told.numbers(), NONE);
            let failure = told.failing.unwrap();
            assert_eq!(failure.code, Code::DicomUnreliableFeed);
            assert!(failure.message.contains("entry 21"), "{failure}");
            feed.lock().shown = None;
            let told = reader.read_for(60).await;
            let behind: Vec<_> = (shown + 1..=21).collect();
            assert_eq!(
                (told.numbers(), told.watermark),
                (behind, 21),
                "{version:?}"
            );
            assert_eq!(told.failing, None);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_follows_at_a_distance_holds_nothing_up_but_what_it_lacks() {
    for version in VERSIONS {
        let feed = Feed::of((1..=40).filter(|number| number % 5 != 0));
        let mut reader = feed.reader(version, 0, Known::default());
        let mut before = 0;
        for shown in [7, 18, 27, 33] {
            feed.lock().shown = Some(shown);
            let told = reader.read_for(100).await;
            let expected = (before + 1..=shown).filter(|number| number % 5 != 0);
            assert_eq!(told.numbers(), expected.collect::<Vec<_>>(), "{version:?}");
            before = shown;
        }
        feed.lock().shown = None;
        let told = reader.read_for(100).await;
        assert_eq!(
            (told.numbers(), told.watermark),
            (vec![34, 36, 37, 38, 39], 39)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn pages_without_a_body_or_without_entries_are_no_end_of_the_feed() {
    for version in VERSIONS {
        for body in ["", "[]"] {
            let feed = Feed::of(1..=21);
            feed.lock().pages = vec![body.to_owned(); 2_000].into();
            let mut reader = feed.reader(version, 0, Known::default());
            let told = reader.read_for(300).await;
            assert_eq!((told.numbers(), told.watermark), (vec![], 0));
            assert_eq!(told.failing.unwrap().code, Code::DicomUnreliableFeed);
            feed.lock().pages.clear();
            let told = reader.read_for(60).await;
            assert_eq!((told.numbers(), told.watermark), ((1..=21).collect(), 21));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_one_page_without_a_body_nothing_comes_but_another_question() {
    for version in VERSIONS {
        let feed = Feed::of(1..=21);
        let mut reader = feed.reader(version, 0, Known::default());
        reader.next().await.unwrap();
        feed.lock().pages.push_back(String::new());
        let told = reader.read_for(60).await;
        assert_eq!((told.numbers(), told.watermark), ((11..=21).collect(), 21));
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_entry_of_an_empty_feed_needs_no_body_and_that_of_another_does() {
    for version in VERSIONS {
        let empty = Feed::of([]);
        let told = empty
            .reader(version, 0, Known::default())
            .read_for(60)
            .await;
        assert_eq!((told.numbers(), told.failing), (vec![], None));
        let feed = Feed::of(1..=5);
        let mut reader = feed.reader(version, 0, Known::default());
        reader.read_for(15).await;
        feed.lock().latest.push_back((200, String::new()));
        let failure = reader.next().await.unwrap_err();
        assert_eq!(failure.code, Code::DicomUnreliableFeed);
        assert_eq!(reader.read_for(60).await.failing, None);
    }
}

/// Pages of ten entries from this number on, as often.
fn pages(feed: &Feed, first: u64, times: usize) {
    let entries: Vec<_> = (first..first + 10)
        .map(|number| feed.entry(number))
        .collect();
    feed.lock().pages = vec![format!("[{}]", entries.join(",")); times].into();
}

#[tokio::test(start_paused = true)]
async fn a_page_that_answers_another_question_blames_no_entry() {
    let feed = Feed::of(1..=400);
    // Windows of numbers beyond, and of times before those that are asked for.
    let [mut by_sequence, mut by_time] =
        VERSIONS.map(|version| feed.reader(version, 0, Known::default()));
    for _ in 0..20 {
        by_sequence.next().await.unwrap();
        by_time.next().await.unwrap();
    }
    for (reader, first) in [(&mut by_sequence, 301), (&mut by_time, 1)] {
        pages(&feed, first, 500);
        let told = reader.read_for(200).await;
        assert_eq!(
            told.failing.as_ref().unwrap().code,
            Code::DicomUnreliableFeed
        );
        let mut read = told.numbers();
        assert!(read.len() <= 10, "what was on its way: {read:?}");
        feed.lock().pages.clear();
        let told = reader.read_for(60).await;
        read.extend(told.numbers());
        assert_eq!((read, told.watermark), ((201..=400).collect(), 400));
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_of_before_in_the_midst_of_a_long_feed_costs_no_entry() {
    for version in VERSIONS {
        for astray in 0..20 {
            let feed = Feed::of(1..=200);
            feed.lock().astray = Some(astray);
            let mut reader = feed.reader(version, 0, Known::default());
            let told = reader.read_for(100).await;
            let mut numbers = told.numbers();
            numbers.sort_unstable();
            assert_eq!(
                numbers,
                (1..=200).collect::<Vec<_>>(),
                "{version:?} {astray}"
            );
            assert_eq!(told.watermark, 200);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_newest_number_that_is_far_too_high_costs_few_requests_and_is_told_of() {
    for version in VERSIONS {
        let feed = Feed::of((1..=20).chain([1_000_000_000]));
        feed.lock().shown = Some(20);
        let mut reader = feed.reader(version, 0, Known::default());
        let told = reader.read_for(3_600).await;
        assert_eq!(told.numbers(), (1..=20).collect::<Vec<_>>(), "{version:?}");
        let failure = told.failing.unwrap();
        assert_eq!(failure.code, Code::DicomUnreliableFeed);
        assert!(failure.message.contains("1000000000"), "{failure}");
        let asked = feed.lock().asked.len();
        assert!(asked < 6 * 3_600, "{version:?} {asked}");
        let latest = feed
            .lock()
            .asked
            .iter()
            .filter(|url| url.contains("/latest"))
            .count();
        assert!(latest > 100, "{version:?} {latest}");
        feed.lock().rows.remove(&1_000_000_000);
        feed.add([21], "1.9");
        feed.lock().shown = None;
        let told = reader.read_for(600).await;
        assert_eq!(told.numbers(), [21], "{version:?}");
        assert_eq!(told.failing, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wide_run_of_numbers_that_were_never_given_is_passed() {
    for version in VERSIONS {
        let feed = Feed::of((1..=20).chain(30_000..=30_020));
        let mut reader = feed.reader(version, 0, Known::default());
        let told = reader.read_for(3_600).await;
        let expected: Vec<_> = (1..=20).chain(30_000..=30_020).collect();
        assert_eq!(told.numbers(), expected, "{version:?}");
        assert_eq!((told.watermark, told.failing), (30_020, None));
    }
}

#[tokio::test(start_paused = true)]
async fn what_committed_late_is_found_again_however_long_after_it_something_followed() {
    for version in VERSIONS {
        let feed = Feed::of((1..=20).chain([620]));
        let mut reader = feed.reader(version, 0, Known::default());
        reader.read_for(20).await;
        feed.add(21..=25, "1.9");
        let told = reader.read_for(60).await;
        assert_eq!(told.numbers(), [21, 22, 23, 24, 25], "{version:?}");
        assert_eq!(told.watermark, 620);
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_a_number_that_was_not_asked_for_is_malformed_if_it_stays() {
    let feed = Feed::of(1..=10);
    let odd = |number: u64| {
        let entries = (1..=10).map(|at| feed.entry(at));
        let page: Vec<_> = entries.collect();
        let asked_for = "\"sequence\":4,";
        format!("[{}]", page.join(",")).replace(asked_for, &format!("\"sequence\":{number},"))
    };
    // A passing confusion, and a service that counts wrongly.
    for (times, good) in [(2, true), (3, false)] {
        feed.lock().pages = vec![odd(4_000); times].into();
        let mut reader = feed.reader(ApiVersion::V1, 0, Known::default());
        let mut failed = 0;
        let page = loop {
            match reader.next().await {
                Ok(page) => break page,
                Err(failure) => assert_eq!(failure.code, Code::DicomUnreliableFeed),
            }
            failed += 1;
        };
        assert_eq!(failed, 2);
        assert_eq!(page.entries[3].is_ok(), good);
        assert_eq!(
            page.entries.iter().filter(|entry| entry.is_ok()).count(),
            if good { 10 } else { 9 }
        );
        assert_eq!(page.watermark, 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gap_wider_than_a_page_is_passed_also_while_a_long_feed_is_read() {
    for version in VERSIONS {
        let feed = Feed::of((1..=95).chain(1_200..=1_400));
        let mut reader = feed.reader(version, 0, Known::default());
        let mut watermarks = Vec::new();
        loop {
            let page = reader.next().await.unwrap();
            watermarks.push(page.watermark);
            if !page.more {
                break;
            }
        }
        assert!(
            watermarks.iter().any(|mark| (1_200..1_300).contains(mark)),
            "{watermarks:?}"
        );
        assert_eq!(watermarks.last(), Some(&1_400));
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_was_named_and_never_shown_stops_what_comes_behind_it() {
    for version in VERSIONS {
        let feed = Feed::of(1..=5);
        let mut reader = feed.reader(version, 0, Known::default());
        reader.read_for(15).await;
        let ghost = feed.entry(5).replace("\"sequence\":5,", "\"sequence\":7,");
        feed.lock().latest.push_back((200, ghost));
        reader.next().await.unwrap();
        feed.add([8, 9], "1.9");
        let told = reader.read_for(60).await;
        assert_eq!((told.numbers(), told.watermark), (vec![8, 9], 5));
        assert!(told.failing.unwrap().message.contains("entry 7"));
        feed.add(10..=500, "1.9");
        let told = reader.read_for(600).await;
        assert_eq!(told.numbers(), NONE, "{version:?}");
        feed.add([7], "1.9");
        let told = reader.read_for(100).await;
        let expected: Vec<_> = std::iter::once(7).chain(10..=500).collect();
        assert_eq!((told.numbers(), told.watermark), (expected, 500));
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorded_entry_is_not_gone_because_a_replica_does_not_hold_it_yet() {
    for version in VERSIONS {
        let feed = Feed::of((1..=21).filter(|number| *number != 7));
        feed.lock().shown = Some(3);
        let client = feed.client(version);
        for sequence in [5, 21] {
            let failure = client.entry(sequence, None).await.unwrap_err();
            assert_eq!(failure.code, Code::DicomUnreliableFeed);
        }
        feed.lock().shown = None;
        assert!(client.entry(5, None).await.unwrap().is_some());
        assert!(client.entry(7, None).await.unwrap().is_none());
        feed.lock().pages.push_back(String::new());
        assert!(client.entry(5, None).await.is_err());
        pages(&feed, 11, 1);
        let failure = client.entry(5, None).await.unwrap_err();
        assert_eq!(failure.code, Code::DicomUnreliableFeed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_new_costs_one_small_question_more_and_what_is_not_costs_none() {
    let feed = Feed::of(1..=5);
    let mut reader = feed.reader(ApiVersion::V1, 0, Known::default());
    reader.read_for(5).await;
    let asked = || std::mem::take(&mut feed.lock().asked);
    assert_eq!(asked().len(), 2);
    reader.next().await.unwrap();
    assert!(matches!(&asked()[..], [latest] if latest.contains("/latest?")));
    feed.add([6], "1.9");
    tokio::time::sleep(Duration::from_secs(1)).await;
    reader.next().await.unwrap();
    let asked = asked();
    assert_eq!(asked.len(), 3);
    assert!(
        asked[1].ends_with("?offset=4&limit=1&includeMetadata=false"),
        "{asked:?}"
    );
}
