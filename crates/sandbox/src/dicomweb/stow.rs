//! STOW-RS (PS3.18 section 10.5): storing files.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::{Value, json};

use super::super::part10::{self, Instance};
use super::address::{Address, is_uid};
use super::error::DicomServiceError;
use super::named::Named;
use super::refusal::{Refusal, blocking};
use super::service::DicomService;

/// The largest request, in bytes.
const SIZE_LIMIT: u64 = 256 << 20;

const DICOM: &str = "application/dicom";

/// Failure Reason (0008,1197): processing failure (PS3.7 annex C).
const PROCESSING_FAILURE: u16 = 0x0110;
/// The content is no storable instance.
const INVALID_INSTANCE: u16 = 43264;
/// The instance belongs to another study than the request's.
const STUDY_MISMATCH: u16 = 43265;
/// An instance with these UIDs is stored already.
const ALREADY_STORED: u16 = 45070;

/// `POST /studies` and `POST /studies/{study}`.
pub(super) async fn store(
    State(service): State<DicomService>,
    named: Named,
    request: Request,
) -> Result<Response, Refusal> {
    let boundary = boundary(request.headers())?;
    let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(SIZE_LIMIT));
    let stream = request.into_body().into_data_stream();
    let mut parts = Multipart::with_constraints(stream, boundary, constraints);
    let mut outcomes = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        if part
            .content_type()
            .is_some_and(|t| t.essence_str() != DICOM)
        {
            return Err(unsupported("a part is not application/dicom"));
        }
        let content = part.bytes().await.map_err(unreadable)?;
        let (service, named) = (service.clone(), named.clone());
        outcomes.push(blocking(move || Ok(store_part(&service, &named, &content))).await?);
    }
    Ok(answer(&named, &outcomes))
}

/// What became of one part.
enum Outcome {
    Stored(Instance),
    Failed {
        instance: Option<Instance>,
        reason: u16,
    },
}

fn store_part(service: &DicomService, named: &Named, content: &Bytes) -> Outcome {
    let failed = |instance, reason| Outcome::Failed { instance, reason };
    let instance = match part10::from_bytes(content) {
        Ok(instance) => instance,
        Err(error) => {
            tracing::debug!(event = "part_not_stored", %error, "a part was not stored");
            return failed(None, INVALID_INSTANCE);
        }
    };
    let uids = [&instance.study, &instance.series, &instance.instance];
    if !uids.into_iter().all(|uid| is_uid(uid)) {
        return failed(Some(instance), INVALID_INSTANCE);
    }
    if named
        .study
        .as_ref()
        .is_some_and(|study| *study != instance.study)
    {
        return failed(Some(instance), STUDY_MISMATCH);
    }
    let address = Address {
        partition: named.partition.clone(),
        study: instance.study.clone(),
        series: instance.series.clone(),
        instance: instance.instance.clone(),
    };
    match service.store_file(&address, &instance, content) {
        Ok(()) => Outcome::Stored(instance),
        Err(DicomServiceError::Conflict { .. }) => failed(Some(instance), ALREADY_STORED),
        Err(error) => {
            tracing::error!(event = "part_not_stored", %error, instance = address.instance, "a part was not stored");
            failed(Some(instance), PROCESSING_FAILURE)
        }
    }
}

/// The Store Instances Response Module (PS3.18 section I.2).
fn answer(named: &Named, outcomes: &[Outcome]) -> Response {
    let base = &named.base_url;
    let mut referenced = Vec::new();
    let mut failed = Vec::new();
    let mut study = named.study.clone();
    for outcome in outcomes {
        match outcome {
            Outcome::Stored(stored) => {
                let mut item = reference(stored);
                item["00081190"] = element("UR", instance_url(base, stored));
                referenced.push(item);
                study.get_or_insert_with(|| stored.study.clone());
            }
            Outcome::Failed { instance, reason } => {
                let mut item = instance.as_ref().map_or_else(|| json!({}), reference);
                item["00081197"] = element("US", *reason);
                failed.push(item);
            }
        }
    }
    let status = match (referenced.is_empty(), failed.is_empty()) {
        (true, true) => return StatusCode::NO_CONTENT.into_response(),
        (false, true) => StatusCode::OK,
        (false, false) => StatusCode::ACCEPTED,
        (true, false) => StatusCode::CONFLICT,
    };
    let mut body = json!({});
    if let Some(study) = study {
        body["00081190"] = element("UR", format!("{base}/studies/{study}"));
    }
    for (tag, items) in [("00081198", failed), ("00081199", referenced)] {
        if !items.is_empty() {
            body[tag] = json!({ "vr": "SQ", "Value": items });
        }
    }
    let content_type = [(header::CONTENT_TYPE, "application/dicom+json")];
    (status, content_type, Json(body).into_response().into_body()).into_response()
}

/// Referenced SOP Class UID and Referenced SOP Instance UID.
fn reference(instance: &Instance) -> Value {
    json!({
        "00081150": element("UI", instance.sop_class.as_str()),
        "00081155": element("UI", instance.instance.as_str()),
    })
}

fn element(vr: &str, value: impl Into<Value>) -> Value {
    json!({ "vr": vr, "Value": [value.into()] })
}

fn instance_url(base: &str, instance: &Instance) -> String {
    let Instance {
        study,
        series,
        instance,
        ..
    } = instance;
    format!("{base}/studies/{study}/series/{series}/instances/{instance}")
}

/// The boundary of a `multipart/related` request of DICOM parts.
fn boundary(headers: &HeaderMap) -> Result<String, Refusal> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    // Not parsed as a MIME type: `type=application/dicom` without quotes is not one, and common.
    let mut pieces = content_type.split(';').map(str::trim);
    let media_type = pieces.next().unwrap_or_default();
    let parameters: Vec<_> = pieces.filter_map(|piece| piece.split_once('=')).collect();
    let parameter = |name: &str| {
        let found = parameters
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim_matches('"'))
    };
    if !media_type.eq_ignore_ascii_case("multipart/related") {
        return Err(unsupported("the content is not multipart/related"));
    }
    if parameter("type").is_some_and(|part| !part.eq_ignore_ascii_case(DICOM)) {
        return Err(unsupported("the parts are not application/dicom"));
    }
    parameter("boundary")
        .filter(|boundary| !boundary.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| Refusal::bad_request("the content type has no boundary"))
}

fn unsupported(message: &str) -> Refusal {
    let message = format!(
        "{message}; send multipart/related; type=\"application/dicom\" with one file a part"
    );
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

fn unreadable(error: multer::Error) -> Refusal {
    match error {
        multer::Error::StreamSizeExceeded { limit } => Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request is larger than {limit} bytes; send fewer files at a time"),
        ),
        error => Refusal::bad_request(format!("the multipart content is unreadable: {error}")),
    }
}
