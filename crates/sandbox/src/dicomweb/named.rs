//! What the path of a request names.

use axum::RequestPartsExt;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::header;
use axum::http::request::Parts;
use serde::Deserialize;

use super::address::{self, Selection};
use super::refusal::Refusal;

/// The study, series or instance that a path names.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) partition: String,
    pub(super) study: Option<String>,
    pub(super) series: Option<String>,
    pub(super) instance: Option<String>,
    /// The address up to `/studies`, without a slash at its end.
    pub(super) base_url: String,
}

impl Named {
    /// The selection, which every path with a study is.
    pub(super) fn selection(self) -> Result<Selection, Refusal> {
        Ok(Selection {
            partition: self.partition,
            study: self
                .study
                .ok_or_else(|| Refusal::bad_request("the path names no study"))?,
            series: self.series,
            instance: self.instance,
        })
    }
}

#[derive(Deserialize)]
struct PathNames {
    partition: Option<String>,
    study: Option<String>,
    series: Option<String>,
    instance: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Path(names): Path<PathNames> = parts
            .extract()
            .await
            .map_err(|error: PathRejection| Refusal::bad_request(error.body_text()))?;
        Ok(Self {
            partition: address::partition(names.partition.as_deref())?,
            base_url: base_url(parts, names.partition.as_deref()),
            study: checked("Study", names.study)?,
            series: checked("Series", names.series)?,
            instance: checked("SOP", names.instance)?,
        })
    }
}

fn checked(level: &str, uid: Option<String>) -> Result<Option<String>, Refusal> {
    match uid {
        Some(uid) if !address::is_uid(&uid) => Err(Refusal::bad_request(format!(
            "the path's {level} Instance UID is no UID: 1 to 64 digits and dots"
        ))),
        uid => Ok(uid),
    }
}

fn base_url(parts: &Parts, partition: Option<&str>) -> String {
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|h| h.to_str().ok());
    let version = parts.uri.path().split('/').nth(1).unwrap_or_default();
    let partition = partition.map_or_else(String::new, |name| format!("/partitions/{name}"));
    format!(
        "http://{}/{version}{partition}",
        host.unwrap_or("localhost")
    )
}
