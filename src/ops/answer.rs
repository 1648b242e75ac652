//! The body of an answer.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::telemetry::visible_json;

/// JSON that may be shown on a terminal: text of others has no hidden characters in it.
#[derive(Debug)]
pub(super) struct Answer(pub(super) Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = self.0.to_string();
        let media_type = [(header::CONTENT_TYPE, "application/json")];
        (StatusCode::OK, media_type, visible_json(&json).into_owned()).into_response()
    }
}
