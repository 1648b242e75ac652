//! The change feed over HTTP, in the form of v1 and of v2.

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::changes::{Order, Window};
use super::parameters::{Pairs, Parameters};
use super::refusal::{Refusal, blocking};
use super::service::DicomService;

/// `GET /v1/changefeed`: a window of sequences, however few entries it holds.
pub(super) async fn sequences(
    State(service): State<DicomService>,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let parameters = Parameters(pairs);
    let window = Window::Sequences {
        after: parameters.number("offset", 0..=i64::MAX, 0)?,
        width: parameters.number("limit", 1..=100, 10)?,
    };
    page(service, window, parameters.include_metadata()?).await
}

/// `GET /v2/changefeed`: entries of a stretch of time.
pub(super) async fn times(
    State(service): State<DicomService>,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    let parameters = Parameters(pairs);
    let from = parameters.time("startTime")?;
    let before = parameters.time("endTime")?;
    if let (Some(from), Some(before)) = (from, before)
        && before <= from
    {
        return Err(Refusal::bad_request("endTime is not after startTime"));
    }
    let window = Window::Times {
        from: from.map_or(i64::MIN, ticks_from),
        before: before.map_or(i64::MAX, ticks_from),
        skip: parameters.number("offset", 0..=i64::MAX, 0)?,
        limit: parameters.number("limit", 1..=200, 100)?,
    };
    page(service, window, parameters.include_metadata()?).await
}

/// `GET /v1/changefeed/latest`.
pub(super) async fn last_sequence(
    State(service): State<DicomService>,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    latest(service, Order::Sequence, Parameters(pairs)).await
}

/// `GET /v2/changefeed/latest`.
pub(super) async fn last_time(
    State(service): State<DicomService>,
    Query(pairs): Pairs,
) -> Result<Response, Refusal> {
    latest(service, Order::Time, Parameters(pairs)).await
}

async fn page(service: DicomService, window: Window, metadata: bool) -> Result<Response, Refusal> {
    blocking(move || Ok(json(service.index().page(window, metadata)?))).await
}

async fn latest(
    service: DicomService,
    order: Order,
    parameters: Parameters,
) -> Result<Response, Refusal> {
    let metadata = parameters.include_metadata()?;
    let entry = blocking(move || Ok(service.index().latest(order, metadata)?)).await?;
    Ok(entry.map_or_else(|| StatusCode::NO_CONTENT.into_response(), json))
}

fn json(text: String) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        text,
    )
        .into_response()
}

/// The first tick at or after the time.
fn ticks_from(time: Timestamp) -> i64 {
    let ticks = (time.as_nanosecond() + 99).div_euclid(100);
    i64::try_from(ticks).unwrap_or(i64::MAX)
}
