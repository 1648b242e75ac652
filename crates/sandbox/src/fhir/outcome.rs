//! Refusals, answered as `OperationOutcome` (R4 OperationOutcome).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::task::JoinError;

/// The media type of every body that is sent.
pub(super) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// A request that is not carried out, and why. The text never repeats element values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// A code of <http://hl7.org/fhir/issue-type>.
    pub(super) code: &'static str,
    pub(super) diagnostics: String,
    /// The element at fault, as a FHIRPath.
    pub(super) expression: Option<String>,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        diagnostics: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            diagnostics: diagnostics.into(),
            expression: None,
        }
    }

    /// 400 with issue code `invalid`.
    pub(super) fn invalid(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", diagnostics)
    }

    /// 400 for what the standard allows and this store does not do.
    pub(super) fn unsupported(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "not-supported", diagnostics)
    }

    /// 400 for one element of a resource; the text is preceded by its path.
    pub(super) fn element(code: &'static str, path: &str, rule: &str) -> Self {
        Self {
            expression: Some(path.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, code, format!("{path} {rule}"))
        }
    }

    /// The same refusal, naming the entry of the bundle that brought it about.
    pub(super) fn in_entry(self, index: usize) -> Self {
        Self {
            diagnostics: format!("Bundle.entry[{index}]: {}", self.diagnostics),
            expression: Some(format!("Bundle.entry[{index}]")),
            ..self
        }
    }

    /// The refusal as an `OperationOutcome`.
    pub(super) fn outcome(&self) -> Value {
        let severity = if self.status.is_server_error() {
            "fatal"
        } else {
            "error"
        };
        let mut issue = json!({
            "severity": severity,
            "code": self.code,
            "diagnostics": self.diagnostics,
        });
        if let Some(expression) = &self.expression {
            issue["expression"] = json!([expression]);
        }
        json!({ "resourceType": "OperationOutcome", "issue": [issue] })
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "exception",
            format!("the database of the store failed: {error}"),
        )
    }
}

impl From<JoinError> for Refusal {
    fn from(_: JoinError) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "exception",
            "the request ended early inside the store",
        )
    }
}

impl From<serde_json::Error> for Refusal {
    /// Names the place alone: the text of a JSON error may quote an element.
    fn from(error: serde_json::Error) -> Self {
        let what = if error.is_data() {
            "the JSON does not have the shape that is asked for"
        } else {
            "the body is not well-formed JSON"
        };
        let (line, column) = (error.line(), error.column());
        Self::new(
            StatusCode::BAD_REQUEST,
            "structure",
            format!("{what}, at line {line} column {column}"),
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = self.outcome().to_string();
        (self.status, [(header::CONTENT_TYPE, FHIR_JSON)], body).into_response()
    }
}
