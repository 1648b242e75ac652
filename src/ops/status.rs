//! `/api/v1/status`: how far the daemon is.

use axum::extract::State as Extract;
use serde_json::json;

use super::Facts;
use super::answer::Answer;
use super::observer::Settled;

/// State, position, lag, and the counts since the start.
pub(super) async fn status(Extract(facts): Extract<Facts>) -> Answer {
    let status = facts.watched.status();
    let code = status.state.code();
    let settled = facts.observer.settled_so_far();
    let Settled {
        applied,
        skipped,
        failed,
    } = settled;
    Answer(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "state": status.state.as_str(),
        "leader": status.leader,
        "code": code.map(|code| code.as_str()),
        "cure": code.map(|code| code.cure()),
        "requested_wait": status.wait.map(|wait| json!({
            "until": wait.until.to_string(),
            "service": wait.service,
        })),
        "position": status.position,
        "latest": status.latest,
        "lag": facts.watched.lag().map(|lag| json!({
            "entries": lag.entries,
            "seconds": lag.time.as_secs_f64(),
        })),
        "last_success": status.last_success.map(|at| at.to_string()),
        "validation": facts.validation.as_str(),
        "entries": { "applied": applied, "skipped": skipped, "failed": failed },
        "failure_rate": settled.failure_rate(),
    }))
}
