//! Answers that are not read: larger than can be held, from every peer and in every way that they are
//! sent, or somewhere else.

use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::RawQuery;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use radcast::settings::ApiVersion;
use radcast_dicomweb::{FeedClient, SequenceWindows};
use radcast_engine::failure::Code;
use radcast_engine::feed::ChangeFeed;
use radcast_fhir::cast::wanted;
use radcast_fhir::client::FhirClient;
use radcast_sandbox::Server;
use serde_json::Value;

use crate::support::instances::study;

/// What a client may hold, in bytes.
const MOST: usize = 1 << 20;

/// The way in which a body is sent.
#[derive(Debug, Clone, Copy)]
enum Way {
    WithLength,
    Chunked,
    Gzip,
}

const WAYS: [Way; 3] = [Way::WithLength, Way::Chunked, Way::Gzip];

/// An answer with a body of the beginning, this many times the piece, and the end.
fn answer(way: Way, status: StatusCode, parts: (String, String, usize, String)) -> Response {
    let (start, piece, times, end) = parts;
    let piece = Bytes::from(piece);
    let pieces = std::iter::once(Bytes::from(start))
        .chain(std::iter::repeat_n(piece, times))
        .chain([Bytes::from(end)]);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    match way {
        Way::WithLength => (status, kind, pieces.collect::<Vec<_>>().concat()).into_response(),
        Way::Chunked => {
            let pieces = stream::iter(pieces.map(Ok::<_, Infallible>));
            (status, kind, Body::from_stream(pieces)).into_response()
        }
        Way::Gzip => {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            pieces.for_each(|piece| packed.write_all(&piece).unwrap());
            let encoding = [(header::CONTENT_ENCODING, "gzip")];
            (status, kind, encoding, packed.finish().unwrap()).into_response()
        }
    }
}

/// The beginning of entry 1's metadata, a frame, and the end, of an enhanced multi-frame instance.
fn enhanced(number: usize, frames: usize) -> (String, String, usize, String) {
    let place = study(1, 1, 1, 9)[number - 1];
    let metadata = place.ct().to_string();
    let entry = format!(
        r#"{{"sequence":{number},"studyInstanceUid":"{}","seriesInstanceUid":"{}","sopInstanceUid":"{}","action":"create","state":"current","timestamp":"2026-01-01T00:00:00Z","metadata":{},"52009230":{{"vr":"SQ","Value":["#,
        place.study_uid(),
        place.series_uid(),
        place.instance_uid(),
        metadata.strip_suffix('}').unwrap(),
    );
    let plane = r#""00209113":{"vr":"SQ","Value":[{"00200032":{"vr":"DS","Value":[1,2,3]}}]}"#;
    let private = format!(
        r#""00291010":{{"vr":"UN","InlineBinary":"{}"}}"#,
        "A".repeat(800)
    );
    let frame = format!("{{{plane},{private}}},");
    (entry, frame, frames, r#"{}]}}}"#.to_owned())
}

async fn feed(page: impl Fn(usize) -> Response + Clone + Send + Sync + 'static) -> Server {
    let entry = r#"{"sequence":3,"studyInstanceUid":"1","seriesInstanceUid":"1","sopInstanceUid":"1","action":"create","state":"current","timestamp":"2026-01-01T00:00:00Z","metadata":{}}"#;
    let router = Router::new()
        .route("/v1/changefeed/latest", get(async move || entry))
        .route(
            "/v1/changefeed",
            get(async move |RawQuery(query): RawQuery| {
                let query = query.unwrap_or_default();
                let number = |name: &str| {
                    let value = query.split('&').find_map(|it| it.strip_prefix(name));
                    value.and_then(|it| it.parse::<usize>().ok()).unwrap_or(0)
                };
                let limit = number("limit=");
                page(if limit == 1 { number("offset=") + 1 } else { 0 })
            }),
        );
    Server::start(router, 0).await.unwrap()
}

fn reader(server: &Server, most: usize) -> SequenceWindows {
    let address = server.base_url().parse().unwrap();
    let client = FeedClient::new(&address, ApiVersion::V1, Duration::from_secs(60)).unwrap();
    SequenceWindows::new(client.holding(most, wanted), 3, 0, Duration::ZERO)
}

#[tokio::test]
async fn a_page_of_enhanced_instances_takes_the_room_of_what_is_mapped() {
    for way in WAYS {
        let server = feed(move |_| {
            let (start, frame, frames, end) = enhanced(1, 9_000);
            let second = enhanced(2, 1);
            let end = format!("{end},{}{}{}]", second.0, second.1, second.3);
            answer(
                way,
                StatusCode::OK,
                (format!("[{start}"), frame, frames, end),
            )
        })
        .await;
        let page = reader(&server, MOST).next().await.unwrap();
        let entries: Vec<_> = page.entries.iter().flatten().collect();
        assert_eq!(entries.len(), 2, "{way:?} {page:?}");
        for entry in entries {
            let dataset = entry.data.as_ref().unwrap();
            assert!(dataset.size() < 200_000, "{way:?}");
            let modality = dataset.text(dicom_dictionary_std::tags::MODALITY);
            assert_eq!(modality.unwrap().as_deref(), Some("CT"), "{way:?}");
        }
    }
}

#[tokio::test]
async fn an_entry_that_is_too_large_by_what_is_mapped_stands_alone() {
    let server = feed(|alone| {
        let long = |number| {
            let (start, _, _, _) = enhanced(number, 0);
            let (start, _) = start.split_once(r#","52009230""#).unwrap();
            let filler = if number == 2 { 7 } else { 0 };
            let text = "x".repeat(MOST / 5);
            (
                format!(r#"{start},"00081030":{{"vr":"LO","Value":["a""#),
                format!(r#","{text}""#),
                filler,
                "]}}}".to_owned(),
            )
        };
        let text = |number| {
            let (start, piece, times, end) = long(number);
            format!("{start}{}{end}", piece.repeat(times))
        };
        let numbers = match alone {
            0 => vec![1, 2, 3],
            1..=3 => vec![alone],
            _ => vec![],
        };
        let entries: Vec<_> = numbers.into_iter().map(text).collect();
        let body = format!("[{}]", entries.join(","));
        answer(
            Way::Chunked,
            StatusCode::OK,
            (body, String::new(), 0, String::new()),
        )
    })
    .await;
    let mut feed = reader(&server, MOST);
    let page = feed.next().await.unwrap();
    let told: Vec<_> = page
        .entries
        .iter()
        .map(|entry| match entry {
            Ok(entry) => (entry.sequence, None),
            Err(malformed) => (
                malformed.subject.sequence.unwrap_or_default(),
                Some(malformed.failure().message),
            ),
        })
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told.iter()
            .all(|(number, message)| message.is_some() == (*number == 2))
    );
    let message = told[1].1.clone().unwrap();
    assert!(
        message.contains("the answer is larger than 1048576 bytes"),
        "{message}"
    );
}

#[tokio::test]
async fn an_answer_of_the_fhir_server_that_is_too_large_is_not_read_to_its_end() {
    for way in WAYS {
        for status in [
            StatusCode::OK,
            StatusCode::BAD_REQUEST,
            StatusCode::BAD_GATEWAY,
        ] {
            let router = Router::new().fallback(async move || {
                let piece = r#"{"resource":{"resourceType":"Patient","id":"1"}},"#.repeat(100);
                let start = r#"{"resourceType":"Bundle","entry":["#.to_owned();
                answer(way, status, (start, piece, 2_000, "null]}".to_owned()))
            });
            let server = Server::start(router, 0).await.unwrap();
            let address = server.base_url().parse().unwrap();
            let client = FhirClient::new(&address, Duration::from_secs(60)).unwrap();
            let client = client.holding(MOST);
            let code = match status {
                StatusCode::OK => Code::FhirAnswerTooLarge,
                StatusCode::BAD_REQUEST => Code::FhirRejected,
                _ => Code::FhirServerError,
            };
            let searched = client.search("Patient", "identifier=1").await.unwrap_err();
            assert_eq!(searched.code, code, "{way:?} {status}");
            if status == StatusCode::OK {
                let read = client.capability().await.unwrap_err();
                assert_eq!(read.code, code, "{way:?}");
                let tested = client.test_transaction().await.unwrap_err();
                assert_eq!(tested.code, code, "{way:?}");
            } else {
                let held = searched.answer.map_or(0, |answer| answer.reveal().len());
                assert!(held <= 256 << 10, "{way:?} {held}");
            }
        }
    }
}

/// The datasets of our own servers are what they were, whether condensed or not.
#[test]
fn what_is_mapped_is_kept_byte_for_byte() {
    let whole = study(1, 1, 1, 1)[0].ct();
    let left = crate::cast_world::sieved(&whole.to_string());
    let left: Value = serde_json::from_slice(&left).unwrap();
    for (tag, element) in left.as_object().unwrap() {
        assert_eq!(element, &whole[tag]);
    }
}

#[tokio::test]
async fn a_redirect_is_followed_nowhere_and_says_where_it_points() {
    let elsewhere = feed(|_| StatusCode::OK.into_response()).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let target = format!(
        "{}/path?key=SECRET",
        elsewhere.base_url().replace("//", "//user:SECRET@")
    );
    let router = Router::new().fallback({
        let asked = Arc::clone(&asked);
        async move || {
            asked.fetch_add(1, Ordering::SeqCst);
            (StatusCode::FOUND, [(header::LOCATION, target)])
        }
    });
    let server = Server::start(router, 0).await.unwrap();
    let address = server.base_url().parse().unwrap();
    let seconds = Duration::from_secs(60);
    let feed = FeedClient::new(&address, ApiVersion::V1, seconds).unwrap();
    let of_feed = feed.latest().await.unwrap_err();
    let fhir = FhirClient::new(&address, seconds).unwrap();
    let of_fhir = fhir.capability().await.unwrap_err();
    assert_eq!(of_feed.code, Code::DicomWrongAddress);
    assert_eq!(of_fhir.code, Code::FhirWrongAddress);
    for failure in [of_feed, of_fhir] {
        let place = format!("{}/path", elsewhere.base_url());
        assert!(failure.message.contains(&place), "{failure}");
        assert!(!failure.message.contains("SECRET"), "{failure}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}
