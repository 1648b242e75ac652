//! Deletion over HTTP: a study, a series or an instance.

use axum::extract::State;
use axum::http::StatusCode;

use super::named::Named;
use super::refusal::{Refusal, blocking};
use super::service::DicomService;

pub(super) async fn delete(
    State(service): State<DicomService>,
    named: Named,
) -> Result<StatusCode, Refusal> {
    let selection = named.selection()?;
    match blocking(move || Ok(service.delete_selected(&selection)?)).await? {
        0 => Err(Refusal::not_found("nothing is stored under these UIDs")),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}
