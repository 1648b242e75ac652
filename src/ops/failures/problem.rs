//! What the API answers when it does not do what it is asked.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::LookupError;
use crate::ops::answer::Answer;
use radcast_engine::failure::Failure;

/// An answer in the form of RFC 9457.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    more: Value,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            more: json!({}),
        }
    }

    /// With another member.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more[name] = value.into();
        self
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, failure.message.clone())
            .with("code", failure.code.as_str())
            .with("cure", failure.cure())
    }
}

impl From<LookupError> for Problem {
    fn from(unfound: LookupError) -> Self {
        match unfound {
            LookupError::Store(failure) => failure.into(),
            LookupError::Unreadable(_) | LookupError::Missing { .. } => {
                Self::new(StatusCode::NOT_FOUND, unfound.to_string())
            }
            LookupError::Ambiguous { ref ids, .. } => {
                let told = Self::new(StatusCode::CONFLICT, unfound.to_string());
                told.with("ids", ids.as_slice())
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), self.more) {
            body.extend(more);
        }
        let media_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, media_type, Answer(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
