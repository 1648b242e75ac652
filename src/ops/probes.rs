//! `/healthz/…`: what the platform asks.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Facts;
use radcast_engine::State;

type Answer = (StatusCode, Json<Value>);

/// Whether the engine has begun. Not whether it gets anywhere: a service that is down would have
/// the platform restart the container for ever.
pub(super) async fn startup(Extract(facts): Extract<Facts>) -> Answer {
    match facts.heartbeat.age() {
        Some(_) => live(Extract(facts)).await,
        None => failing(json!({ "status": "starting", "reason": "the engine has not begun yet" })),
    }
}

/// Whether the engine turns. A restart mends nothing else, so nothing else counts.
pub(super) async fn live(Extract(facts): Extract<Facts>) -> Answer {
    let age = facts.heartbeat.age().unwrap_or_default().as_secs();
    if facts.heartbeat.is_stale() {
        let reason = format!("the engine has not turned for {age} s");
        return failing(json!({ "status": "stuck", "reason": reason }));
    }
    (StatusCode::OK, Json(json!({ "status": "live" })))
}

/// Whether entries are worked on.
pub(super) async fn ready(Extract(facts): Extract<Facts>) -> Answer {
    let state = facts.watched.status().state;
    let name = state.as_str();
    match state {
        State::Starting => failing(json!({
            "status": "not ready", "state": name, "reason": "the feed has not been read yet",
        })),
        State::Paused(code) => failing(json!({
            "status": "not ready", "state": name, "code": code.as_str(), "reason": code.cure(),
        })),
        // Who stands by is ready to take over: a rollout waits for that.
        State::CatchingUp | State::Following | State::Retrying { .. } | State::Standby => (
            StatusCode::OK,
            Json(json!({ "status": "ready", "state": name })),
        ),
    }
}

const fn failing(body: Value) -> Answer {
    (StatusCode::SERVICE_UNAVAILABLE, Json(body))
}
