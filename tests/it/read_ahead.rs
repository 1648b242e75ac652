//! Pages asked for before their turn, in simulated time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use radcast::settings::ApiVersion;
use radcast_dicomweb::Page;
use radcast_dicomweb::{FeedClient, SequenceWindows, TimeWindows};
use radcast_engine::failure::Class;
use radcast_engine::feed::ChangeFeed;
use radcast_http::{Answer, Exchange, Outgoing, TransportError};
use reqwest::Url;
use tokio::time::Instant;

const PAGE: u64 = 4;
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// A feed of so many entries that answers after a second each time.
#[derive(Debug)]
struct Feed {
    entries: u64,
    /// The length of each entry's metadata, in bytes.
    metadata: usize,
    asked: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    /// Requests for a page.
    pages: usize,
    at_once: usize,
    most_at_once: usize,
    /// How many requests for a page fail next.
    failing: usize,
}

impl Feed {
    fn new(entries: u64, metadata: usize) -> Arc<Self> {
        Arc::new(Self {
            entries,
            metadata,
            asked: Mutex::default(),
        })
    }

    fn client(self: &Arc<Self>, version: ApiVersion) -> FeedClient {
        let address = Url::parse("http://dicom.example").unwrap();
        FeedClient::over(Arc::clone(self) as _, &address, version)
    }

    fn by_sequence(self: &Arc<Self>) -> SequenceWindows {
        let client = self.client(ApiVersion::V1);
        SequenceWindows::new(client, PAGE, 0, Duration::ZERO).pages_at_once(3)
    }

    fn by_time(self: &Arc<Self>) -> TimeWindows {
        let client = self.client(ApiVersion::V2);
        TimeWindows::new(client, PAGE, 0, None, Duration::ZERO).pages_at_once(3)
    }

    fn entry(&self, number: u64) -> String {
        let happened = time(number);
        let text = "x".repeat(self.metadata);
        format!(
            r#"{{"sequence":{number},"studyInstanceUid":"1","seriesInstanceUid":"2","sopInstanceUid":"3","action":"create","state":"current","timestamp":"{happened}","metadata":{{"00080060":"{text}"}}}}"#
        )
    }

    fn rows(&self, query: &HashMap<String, String>) -> String {
        let number = |name: &str| -> u64 { query[name].parse().unwrap() };
        let (offset, limit) = (number("offset"), number("limit"));
        let from: Option<Timestamp> = query.get("startTime").map(|time| time.parse().unwrap());
        let rows =
            (1..=self.entries).filter(|number| from.is_none_or(|from| time(*number) >= from));
        let rows = rows.skip(offset.try_into().unwrap());
        let rows: Vec<_> = rows
            .take(limit.try_into().unwrap())
            .map(|number| self.entry(number))
            .collect();
        format!("[{}]", rows.join(","))
    }
}

/// Two entries a second.
fn time(number: u64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + i64::try_from(number / 2).unwrap()).unwrap()
}

#[async_trait]
impl Exchange for Feed {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        let url = Url::parse(&request.url).unwrap();
        if url.path().ends_with("/latest") {
            return Ok(answer(200, self.entry(self.entries)));
        }
        let fails = {
            let mut asked = self.asked.lock().unwrap();
            asked.pages += 1;
            asked.at_once += 1;
            asked.most_at_once = asked.most_at_once.max(asked.at_once);
            let fails = asked.failing > 0;
            asked.failing = asked.failing.saturating_sub(1);
            fails
        };
        tokio::time::sleep(ANSWER_TIME).await;
        self.asked.lock().unwrap().at_once -= 1;
        if fails {
            return Ok(answer(503, String::new()));
        }
        let query = url.query_pairs().into_owned().collect();
        Ok(answer(200, self.rows(&query)))
    }
}

fn answer(status: u16, body: String) -> Answer {
    Answer {
        status,
        retry_after: None,
        location: None,
        body: body.into(),
    }
}

fn sequences(page: &Page) -> Vec<u64> {
    let entries = page.entries.iter().flatten();
    entries.map(|entry| entry.sequence).collect()
}

async fn read_to_end(feed: &mut impl ChangeFeed<Data = radcast_dicom::Dataset>) -> Vec<u64> {
    let mut read = Vec::new();
    loop {
        let page = feed.next().await.unwrap();
        read.extend(sequences(&page));
        if !page.more {
            return read;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn three_pages_come_in_the_time_of_one_once_the_first_is_there() {
    let all: Vec<_> = (1..=50).collect();
    let by_sequence = Feed::new(50, 10);
    let began = Instant::now();
    assert_eq!(read_to_end(&mut by_sequence.by_sequence()).await, all);
    assert_eq!(began.elapsed(), ANSWER_TIME * 5);
    let by_time = Feed::new(50, 10);
    let began = Instant::now();
    assert_eq!(read_to_end(&mut by_time.by_time()).await, all);
    assert!(began.elapsed() <= ANSWER_TIME * 6, "{:?}", began.elapsed());
    for feed in [by_sequence, by_time] {
        let asked = feed.asked.lock().unwrap();
        assert_eq!((asked.pages, asked.most_at_once), (13, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_for_beyond_the_end() {
    let feed = Feed::new(PAGE - 1, 10);
    let (mut by_sequence, mut by_time) = (feed.by_sequence(), feed.by_time());
    for _ in 0..3 {
        read_to_end(&mut by_sequence).await;
        read_to_end(&mut by_time).await;
    }
    // One window by sequence; one by time at each look.
    assert_eq!(feed.asked.lock().unwrap().pages, 1 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_is_asked_for_one_page_at_a_time_until_it_answers() {
    for version in [ApiVersion::V1, ApiVersion::V2] {
        let feed = Feed::new(50, 10);
        let (mut by_sequence, mut by_time) = (feed.by_sequence(), feed.by_time());
        let mut next = async || match version {
            ApiVersion::V1 => by_sequence.next().await,
            ApiVersion::V2 => by_time.next().await,
        };
        let mut read = Vec::new();
        for _ in 0..3 {
            read.extend(sequences(&next().await.unwrap()));
        }
        // Those on the way are answered; what is asked for from now on is not.
        feed.asked.lock().unwrap().failing = 4;
        let mut failed = 0;
        while read.len() < 50 {
            match next().await {
                Ok(page) => read.extend(sequences(&page)),
                Err(failure) => {
                    assert_eq!(failure.class(), Class::Transient);
                    failed += 1;
                    let asked = feed.asked.lock().unwrap();
                    assert_eq!((failed, asked.at_once), (failed, 0));
                }
            }
        }
        let all: Vec<_> = (1..=50).collect();
        assert_eq!(read, all);
        assert!((2..=4).contains(&failed), "{failed}");
    }
}

#[tokio::test(start_paused = true)]
async fn large_pages_are_asked_for_one_at_a_time() {
    let feed = Feed::new(12, 3 << 20);
    let all: Vec<_> = (1..=12).collect();
    assert_eq!(read_to_end(&mut feed.by_sequence()).await, all);
    assert_eq!(feed.asked.lock().unwrap().most_at_once, 1);
}
