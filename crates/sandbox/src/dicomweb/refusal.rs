//! Answers that say why not.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::error::DicomServiceError;

/// A status and a message for the person who sent the request.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "message": self.message }))).into_response()
    }
}

impl From<DicomServiceError> for Refusal {
    fn from(error: DicomServiceError) -> Self {
        let status = match error {
            DicomServiceError::Conflict { .. } => StatusCode::CONFLICT,
            DicomServiceError::Metadata(_) | DicomServiceError::Partition(_) => {
                StatusCode::BAD_REQUEST
            }
            DicomServiceError::SequenceTaken(_)
            | DicomServiceError::Folder(_)
            | DicomServiceError::Index(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

/// Runs what uses disk or index away from the threads that serve connections.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        let message = "the operation ended unexpectedly; the log says why";
        Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message))
    })
}
