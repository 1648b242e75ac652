//! A feed in memory whose answers can be made untrue.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use radcast::settings::ApiVersion;
use radcast_dicomweb::Page;
use radcast_dicomweb::{FeedClient, SequenceWindows, TimeWindows};
use radcast_engine::failure::Failure;
use radcast_engine::feed::ChangeFeed;
use radcast_engine::feed::Known;
use radcast_http::{Answer, Exchange, Outgoing, TransportError};
use reqwest::Url;

pub const SETTLE: Duration = Duration::from_secs(30);
const PAGE: u64 = 10;

#[derive(Debug, Default)]
pub struct State {
    /// The entries: their SOP Instance UIDs, by number.
    pub rows: BTreeMap<u64, String>,
    /// The number up to which pages show entries; all, if there is none.
    pub shown: Option<u64>,
    /// The state of every instance's version.
    pub standing: &'static str,
    /// Bodies of the next pages, and of `latest`.
    pub pages: VecDeque<String>,
    pub latest: VecDeque<(u16, String)>,
    /// How many more pages are true before one is that of the feed's beginning.
    pub astray: Option<usize>,
    /// What was asked for.
    pub asked: Vec<String>,
}

/// Both versions of the feed, a number a second.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Mutex<State>>);

impl Feed {
    /// With these entries.
    pub fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let feed = Self(Arc::new(Mutex::new(State {
            standing: "current",
            ..State::default()
        })));
        feed.add(numbers, "1.9");
        feed
    }

    /// Adds entries of instances whose UIDs begin with this.
    pub fn add(&self, numbers: impl IntoIterator<Item = u64>, root: &str) {
        let rows = numbers.into_iter();
        let rows = rows.map(|number| (number, format!("{root}.{number}")));
        self.lock().rows.extend(rows);
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn client(&self, version: ApiVersion) -> FeedClient {
        let address = Url::parse("http://dicom.example").unwrap();
        FeedClient::over(Arc::new(self.clone()), &address, version)
    }

    /// The feed behind a position, known by what is given.
    pub fn reader(&self, version: ApiVersion, position: u64, known: Known) -> Reader {
        let client = self.client(version);
        match version {
            ApiVersion::V1 => Reader::V1(
                SequenceWindows::new(client, PAGE, position, SETTLE)
                    .known_by(known)
                    .pages_at_once(2),
            ),
            ApiVersion::V2 => Reader::V2(
                TimeWindows::new(client, PAGE, position, None, SETTLE)
                    .known_by(known)
                    .pages_at_once(2),
            ),
        }
    }

    /// The text of an entry.
    pub fn entry(&self, number: u64) -> String {
        self.lock().entry(number)
    }
}

impl State {
    fn entry(&self, number: u64) -> String {
        let (uid, standing, at) = (&self.rows[&number], self.standing, time(number));
        format!(
            r#"{{"sequence":{number},"studyInstanceUid":"1","seriesInstanceUid":"1.1","sopInstanceUid":"{uid}","action":"create","state":"{standing}","timestamp":"{at}","metadata":{{}}}}"#
        )
    }

    fn newest(&self) -> String {
        let newest = self.rows.keys().next_back();
        newest.map(|number| self.entry(*number)).unwrap_or_default()
    }

    fn page(&self, query: &HashMap<String, String>, v2: bool) -> String {
        let number = |name: &str| -> u64 { query[name].parse().unwrap() };
        let (offset, limit) = (number("offset"), number("limit"));
        let shown = self.shown.unwrap_or(u64::MAX);
        let rows = self.rows.keys().copied().filter(|number| *number <= shown);
        let rows: Vec<_> = if v2 {
            let from: Option<Timestamp> = query.get("startTime").map(|time| time.parse().unwrap());
            let rows = rows.filter(|number| from.is_none_or(|from| time(*number) >= from));
            let rows = rows.skip(offset.try_into().unwrap());
            rows.take(limit.try_into().unwrap()).collect()
        } else {
            let window = offset + 1..=offset + limit;
            rows.filter(|number| window.contains(number)).collect()
        };
        let rows: Vec<_> = rows.iter().map(|number| self.entry(*number)).collect();
        format!("[{}]", rows.join(","))
    }
}

/// When the entry of a number happened.
pub fn time(number: u64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + number.cast_signed()).unwrap()
}

#[async_trait]
impl Exchange for Feed {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let url = Url::parse(&request.url).unwrap();
        let (mut state, v2) = (self.lock(), url.path().starts_with("/v2"));
        state.asked.push(request.url);
        let (status, body) = if url.path().ends_with("/latest") {
            let newest = state.newest();
            state.latest.pop_front().unwrap_or((200, newest))
        } else {
            let mut query: HashMap<_, _> = url.query_pairs().into_owned().collect();
            if state.astray == Some(0) {
                query.insert("offset".to_owned(), "0".to_owned());
            }
            state.astray = state.astray.and_then(|left| left.checked_sub(1));
            let page = state.page(&query, v2);
            (200, state.pages.pop_front().unwrap_or(page))
        };
        Ok(Answer {
            status,
            retry_after: None,
            location: None,
            body: body.into(),
        })
    }
}

/// The feed in one of its versions.
#[derive(Debug)]
pub enum Reader {
    V1(SequenceWindows),
    V2(TimeWindows),
}

impl Reader {
    pub async fn next(&mut self) -> Result<Page, Failure> {
        match self {
            Self::V1(feed) => feed.next().await,
            Self::V2(feed) => feed.next().await,
        }
    }

    /// Reads for so many seconds, with a pause of ten wherever there is no more.
    pub async fn read_for(&mut self, seconds: u64) -> Told {
        let mut told = Told::default();
        let end = tokio::time::Instant::now() + Duration::from_secs(seconds);
        while tokio::time::Instant::now() < end {
            match self.next().await {
                Ok(page) => {
                    let entries = page.entries.iter();
                    told.read.extend(entries.map(|entry| match entry {
                        Ok(entry) => (entry.sequence, true),
                        Err(malformed) => (malformed.subject.sequence.unwrap_or_default(), false),
                    }));
                    told.watermark = page.watermark;
                    told.failing = None;
                    if page.more {
                        continue;
                    }
                }
                Err(failure) => told.failing = Some(failure),
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        told
    }
}

/// What reading for a while came to.
#[derive(Debug, Default)]
pub struct Told {
    /// Numbers, and whether their entries could be read.
    pub read: Vec<(u64, bool)>,
    pub watermark: u64,
    /// The last failure, if nothing was read after it.
    pub failing: Option<Failure>,
}

impl Told {
    /// The numbers of the entries that were read, all of which could be.
    pub fn numbers(&self) -> Vec<u64> {
        assert!(self.read.iter().all(|(_, good)| *good), "{self:?}");
        self.read.iter().map(|(number, _)| *number).collect()
    }
}
