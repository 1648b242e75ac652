//! What an answer of the storage account means. The texts of the storage crates and of the account
//! are not shown: they quote signatures and rows.

use std::error::Error;
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use radcast_engine::failure::{Dependency, Failure, Operation, Symptom, classify};
use radcast_http::TransportError;
use radcast_http::{describe, retry_after};

/// An answer other than success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}")]
pub(super) struct Refused {
    status: u16,
    /// The error code of the service, e.g. `TableNotFound`; empty without one.
    code: String,
    retry_after: Option<Duration>,
}

/// No answer, or none that is complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(super) struct Unanswered {
    symptom: Symptom,
    text: String,
}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        Self {
            symptom: radcast_http::symptom(&error),
            text: describe(error),
        }
    }
}

impl From<TransportError> for Unanswered {
    fn from(TransportError { symptom, reason }: TransportError) -> Self {
        Self {
            symptom,
            text: reason,
        }
    }
}

impl Unanswered {
    /// Something else answered in the account's place.
    pub(super) fn foreign() -> Self {
        Self {
            symptom: Symptom::Malformed,
            text: "what answered is no storage account".to_owned(),
        }
    }
}

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// There is no such row or blob.
    Missing,
    /// There is not even its table or container.
    NoHome,
    /// It is there already, or another version of it is, or somebody else holds it.
    Changed,
    /// Something else.
    Failed(Failure),
}

impl Refused {
    /// Reads the error code from the header, or from the body: JSON of tables, XML of blobs.
    pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = headers.get("x-ms-error-code");
        let code = header
            .and_then(|code| Some(code.to_str().ok()?.to_owned()))
            .or_else(|| code_in_json(body))
            .or_else(|| code_in_xml(body));
        let plain = |code: &String| {
            code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        Self {
            status,
            code: code.filter(plain).unwrap_or_default(),
            retry_after: retry_after(headers),
        }
    }

    fn symptom(&self) -> Symptom {
        match self.code.as_str() {
            "AuthenticationFailed"
            | "InvalidAuthenticationInfo"
            | "NoAuthenticationInformation" => Symptom::CredentialsInText,
            "OperationTimedOut" => Symptom::Timeout,
            "ServerBusy" | "TableBeingDeleted" | "ContainerBeingDeleted" => Symptom::BusyInText,
            _ => Symptom::Status(self.status),
        }
    }
}

fn code_in_json(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body["odata.error"]["code"].as_str()?.to_owned())
}

fn code_in_xml(body: &[u8]) -> Option<String> {
    let (_, code) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    Some(code.split_once("</Code>")?.0.to_owned())
}

impl Trouble {
    /// What an error of the storage crates means.
    pub(super) fn of(
        dependency: Dependency,
        operation: Operation,
        error: &azure_core_021::Error,
    ) -> Self {
        for cause in causes(error) {
            if let Some(refused) = cause.downcast_ref::<Refused>() {
                return Self::refused(dependency, operation, refused);
            }
            if let Some(unanswered) = cause.downcast_ref::<Unanswered>() {
                let code = classify(dependency, operation, unanswered.symptom);
                return Self::Failed(Failure::new(code, unanswered.text.clone()));
            }
            if let Some(failure) = cause.downcast_ref::<Failure>() {
                return Self::Failed(failure.clone());
            }
        }
        Self::malformed(dependency, operation)
    }

    /// An answer that cannot be read.
    pub(super) fn malformed(dependency: Dependency, operation: Operation) -> Self {
        let code = classify(dependency, operation, Symptom::Malformed);
        let text = format!("the {} answered what cannot be read", name(dependency));
        Self::Failed(Failure::new(code, text))
    }

    /// What a status means that came without an error code, inside the answer to a batch.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            404 => Self::Missing,
            409 | 412 => Self::Changed,
            _ => {
                let refused = Refused {
                    status,
                    code: String::new(),
                    retry_after: None,
                };
                Self::refused(Dependency::Tables, Operation::Write, &refused)
            }
        }
    }

    fn refused(dependency: Dependency, operation: Operation, refused: &Refused) -> Self {
        match (refused.status, refused.code.as_str()) {
            (404, "ResourceNotFound" | "EntityNotFound" | "BlobNotFound") => Self::Missing,
            (404, "TableNotFound" | "ContainerNotFound") => Self::NoHome,
            (409, "TableBeingDeleted" | "ContainerBeingDeleted") | (404, _) => {
                Self::Failed(failure(dependency, operation, refused))
            }
            (409 | 412, _) => Self::Changed,
            _ => Self::Failed(failure(dependency, operation, refused)),
        }
    }

    /// The failure, where nothing is to be done about the rest.
    pub(super) fn into_failure(self, dependency: Dependency) -> Failure {
        let text = match self {
            Self::Failed(failure) => return failure,
            Self::Missing | Self::NoHome => "what is to be changed was removed by somebody else",
            Self::Changed => "somebody else keeps changing the same thing",
        };
        let code = classify(dependency, Operation::Write, Symptom::NoConnection);
        Failure::new(code, text)
    }
}

fn failure(dependency: Dependency, operation: Operation, refused: &Refused) -> Failure {
    let code = classify(dependency, operation, refused.symptom());
    let text = format!("the {} answered {refused}", name(dependency));
    Failure {
        retry_after: refused.retry_after,
        ..Failure::new(code, text.trim_end())
    }
}

const fn name(dependency: Dependency) -> &'static str {
    match dependency {
        Dependency::Blobs => "blob service",
        Dependency::Dicom | Dependency::Fhir | Dependency::Tables | Dependency::Identity => {
            "table service"
        }
    }
}

/// The error and what caused it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
