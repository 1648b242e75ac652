//! The HTTP API of the failed entries.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::gate::{self, Gate};
use super::problem::Problem;
use super::{Act, ApiKey, Bulk, Filter, Outcome, PAGE, View, each, find};
use crate::ops::answer::Answer;
use radcast_engine::failure::Dispositions;
use radcast_engine::store::{RecordId, RecordKey, Store};
use radcast_engine::{Clock, system_clock};

/// The most records of a page.
const MOST: usize = 1_000;

/// The parameters of a request, in order.
type Parameters = Query<Vec<(String, String)>>;

#[derive(Clone)]
struct Api {
    store: Arc<dyn Store>,
    dispositions: Dispositions,
    clock: Clock,
    /// How long records are acted on for one request.
    acting: Duration,
}

/// `GET`, `POST` and `DELETE` below `/api/v1/failures`: what the commands `radcast failures …` do,
/// for callers that show the key. Without a key nobody is let in. The dispositions say which records
/// can be retried; `limit` is how long an answer may take.
pub fn failures_api(
    store: Arc<dyn Store>,
    key: Option<ApiKey>,
    dispositions: Dispositions,
    limit: Duration,
) -> Router {
    let gate = Arc::new(Gate::new(key, limit));
    let api = Api {
        store,
        dispositions,
        clock: system_clock(),
        acting: limit / 2,
    };
    Router::new()
        .route("/api/v1/failures", get(list))
        .route("/api/v1/failures/retry", post(retry_all))
        .route("/api/v1/failures/{id}", get(show).delete(dismiss))
        .route("/api/v1/failures/{id}/retry", post(retry))
        .layer(from_fn_with_state(gate, gate::pass))
        .with_state(api)
}

async fn list(State(api): State<Api>, Query(parameters): Parameters) -> Result<Answer, Problem> {
    let (mut wanted, mut limit, mut after) = (Filter::default(), PAGE, None);
    for (name, text) in &parameters {
        match name.as_str() {
            "limit" => limit = page_size(text)?,
            "cursor" => after = cursor(text)?,
            name => wanted.set(name, text).map_err(Problem::bad_request)?,
        }
    }
    let filter = wanted.filter((api.clock)());
    let records = api.store.records(&filter, after.as_ref(), limit).await?;
    let next = records.last().map(|record| record.key.full_id());
    let items: Vec<View<'_>> = records
        .iter()
        .map(|record| View::of(record, &api.dispositions))
        .collect();
    Ok(Answer(json!({ "items": items, "next": next })))
}

fn page_size(text: &str) -> Result<usize, Problem> {
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| {
        Problem::bad_request(format!("limit: {text:?} is no number from 1 to {MOST}"))
    })
}

fn cursor(text: &str) -> Result<Option<RecordKey>, Problem> {
    match text.parse() {
        _ if text.is_empty() => Ok(None),
        Ok(RecordId::Key(key)) => Ok(Some(key)),
        _ => Err(Problem::bad_request(format!(
            "cursor: {text:?} is none: give the value of next of the page before"
        ))),
    }
}

async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Answer, Problem> {
    let record = find(&*api.store, &id).await?;
    Ok(Answer(json!(View::of(&record, &api.dispositions))))
}

async fn retry(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(parameters): Parameters,
) -> Result<Response, Problem> {
    let force = force(&parameters)?;
    let record = find(&*api.store, &id).await?;
    let act = Act::Retry {
        dispositions: api.dispositions.clone(),
        force,
    };
    match act.to(&*api.store, &record).await? {
        Outcome::Done => {
            let id = record.key.id();
            Ok((StatusCode::ACCEPTED, Answer(json!({ "requested": [id] }))).into_response())
        }
        Outcome::Refused(reason) => Err(Problem::new(StatusCode::CONFLICT, reason)
            .with("id", record.key.id())
            .with("code", record.code)
            .with("cure", record.cure)),
        Outcome::Gone => Err(gone(&record.key)),
    }
}

fn force(parameters: &[(String, String)]) -> Result<bool, Problem> {
    parameters.iter().try_fold(false, |_, (name, text)| {
        let value = match name.as_str() {
            "force" => text.parse().ok(),
            _ => None,
        };
        value.ok_or_else(|| {
            Problem::bad_request(format!("{name}={text} is none of: force=true, force=false"))
        })
    })
}

fn gone(key: &RecordKey) -> Problem {
    let detail = format!("there is no failure {} any more", key.id());
    Problem::new(StatusCode::NOT_FOUND, detail)
}

/// The body names filters as `GET` does; `"all": true` stands for none, `"force": true` is that of
/// a single retry. When there are more than can be asked for in time, `next` says where to go on,
/// and the body of the next request says that as its `cursor`.
async fn retry_all(
    State(api): State<Api>,
    body: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(body) = body.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let Selection {
        wanted,
        force,
        after,
    } = Selection::of(&body)?;
    let act = Act::Retry {
        dispositions: api.dispositions.clone(),
        force,
    };
    let filter = wanted.filter((api.clock)());
    let (begun, stop) = (Instant::now(), CancellationToken::new());
    let progress = |_: &Bulk| {
        if begun.elapsed() >= api.acting {
            stop.cancel();
        }
    };
    let (bulk, ended) = each(&*api.store, &filter, after, &act, &stop, progress).await;
    let refused: Vec<Value> = bulk
        .refused
        .iter()
        .map(|(reason, refused)| {
            json!({ "reason": reason, "count": refused.count, "first": refused.first })
        })
        .collect();
    match ended {
        Ok(()) => {
            let mut answer = json!({ "requested": bulk.done, "refused": refused });
            if let Some(next) = bulk.next {
                answer["next"] = next.full_id().into();
            }
            Ok((StatusCode::ACCEPTED, Answer(answer)).into_response())
        }
        Err(failure) => Err(Problem::from(failure).with("requested", bulk.done)),
    }
}

/// What a body asks for.
struct Selection {
    wanted: Filter,
    force: bool,
    after: Option<RecordKey>,
}

impl Selection {
    fn of(body: &Map<String, Value>) -> Result<Self, Problem> {
        let (mut wanted, mut all, mut force) = (Filter::default(), false, false);
        let mut after = None;
        for (name, value) in body {
            match (name.as_str(), value) {
                ("all", Value::Bool(value)) => all = *value,
                ("force", Value::Bool(value)) => force = *value,
                ("cursor", Value::String(text)) => after = cursor(text)?,
                (_, Value::Null) => {}
                (name, value) => set(&mut wanted, name, value)?,
            }
        }
        if all == wanted.is_everything() {
            return Ok(Self {
                wanted,
                force,
                after,
            });
        }
        Err(Problem::bad_request(if all {
            "give either filters or \"all\": true"
        } else {
            "give filters such as {\"code\": \"fhir.rejected\"}, or {\"all\": true}"
        }))
    }
}

fn set(wanted: &mut Filter, name: &str, value: &Value) -> Result<(), Problem> {
    let set = match value {
        Value::String(text) => wanted.set(name, text),
        value => wanted.set(name, &value.to_string()),
    };
    set.map_err(Problem::bad_request)
}

async fn dismiss(State(api): State<Api>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let record = find(&*api.store, &id).await?;
    if api.store.remove(&record.key).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(gone(&record.key))
    }
}
