//! WADO-RS (PS3.18 section 10.4): an instance as it was stored, and metadata.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::named::Named;
use super::refusal::{Refusal, blocking};
use super::service::DicomService;

const DICOM: &str = "application/dicom";
const MULTIPART: &str = "multipart/related";
const DICOM_JSON: &str = "application/dicom+json";

/// Asks for the file of an updated instance as it was before.
const REQUEST_ORIGINAL: &str = "msdicom-request-original";

/// `GET …/metadata` of a study, a series or an instance.
pub(super) async fn metadata(
    State(service): State<DicomService>,
    headers: HeaderMap,
    named: Named,
) -> Result<Response, Refusal> {
    choose(&headers, &[DICOM_JSON, "application/json"])?;
    let selection = named.selection()?;
    let instances = blocking(move || Ok(service.index().metadata(&selection)?)).await?;
    if instances.is_empty() {
        return Err(Refusal::not_found("nothing is stored under these UIDs"));
    }
    let body = format!("[{}]", instances.join(","));
    Ok(([(header::CONTENT_TYPE, DICOM_JSON)], body).into_response())
}

/// `GET …/instances/{instance}`: in the transfer syntax it came in, as nothing is transcoded.
pub(super) async fn instance(
    State(service): State<DicomService>,
    headers: HeaderMap,
    named: Named,
) -> Result<Response, Refusal> {
    let form = choose(&headers, &[MULTIPART, DICOM])?;
    let original = headers
        .get(REQUEST_ORIGINAL)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let (content, transfer_syntax) = blocking(move || file(&service, named, original)).await?;
    check_transfer_syntax(&headers, &transfer_syntax)?;
    Ok(if form == DICOM {
        ([(header::CONTENT_TYPE, DICOM.to_owned())], content).into_response()
    } else {
        multipart(content, &transfer_syntax)
    })
}

fn file(
    service: &DicomService,
    named: Named,
    original: bool,
) -> Result<(Vec<u8>, String), Refusal> {
    let selection = named.selection()?;
    let stored = service.index().select(&selection)?;
    let stored = stored
        .first()
        .ok_or_else(|| Refusal::not_found("no such instance"))?;
    if stored.file.is_some_and(|file| file != stored.version) && !original {
        return Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            format!(
                "the file of an updated instance is served as it was before only: \
                ask for it with the header {REQUEST_ORIGINAL}: true"
            ),
        ));
    }
    let content = service
        .file(stored)?
        .ok_or_else(|| Refusal::not_found("the instance is stored without its file"))?;
    Ok((content, stored.transfer_syntax.clone().unwrap_or_default()))
}

/// The content as the only part.
fn multipart(content: Vec<u8>, transfer_syntax: &str) -> Response {
    let boundary = (0_u32..)
        .map(|number| format!("instance-{number}"))
        .find(|text| memchr::memmem::find(&content, text.as_bytes()).is_none())
        .unwrap_or_default();
    let mut body =
        format!("--{boundary}\r\nContent-Type: {DICOM}; transfer-syntax={transfer_syntax}\r\n\r\n")
            .into_bytes();
    body.extend(content);
    body.extend(format!("\r\n--{boundary}--\r\n").bytes());
    let content_type = format!("{MULTIPART}; type=\"{DICOM}\"; boundary={boundary}");
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// The first of the offered media types, by the order of the Accept header, that it accepts.
fn choose<'a>(headers: &HeaderMap, offered: &[&'a str]) -> Result<&'a str, Refusal> {
    let accepted = accept(headers);
    if accepted.is_empty() {
        return offered
            .first()
            .copied()
            .ok_or_else(|| not_acceptable(offered));
    }
    accepted
        .iter()
        .find_map(|range| {
            let range = range.split(';').next().unwrap_or_default().trim();
            offered.iter().find(|media_type| {
                range == "*/*"
                    || media_type.eq_ignore_ascii_case(range)
                    || range
                        .strip_suffix("/*")
                        .is_some_and(|r| media_type.starts_with(r))
            })
        })
        .copied()
        .ok_or_else(|| not_acceptable(offered))
}

fn not_acceptable(offered: &[&str]) -> Refusal {
    let message = format!("available as {} only", offered.join(" or "));
    Refusal::new(StatusCode::NOT_ACCEPTABLE, message)
}

/// Refuses when the Accept header asks for transfer syntaxes, and none of them is the stored one.
fn check_transfer_syntax(headers: &HeaderMap, stored: &str) -> Result<(), Refusal> {
    let asked: Vec<_> = accept(headers)
        .iter()
        .flat_map(|range| range.split(';'))
        .filter_map(|parameter| parameter.trim().strip_prefix("transfer-syntax="))
        .map(|uid| uid.trim_matches('"').to_owned())
        .collect();
    if asked.is_empty() || asked.iter().any(|uid| uid == "*" || uid == stored) {
        return Ok(());
    }
    let message = format!("stored in transfer syntax {stored}, and not transcoded");
    Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, message))
}

fn accept(headers: &HeaderMap) -> Vec<&str> {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect()
}
