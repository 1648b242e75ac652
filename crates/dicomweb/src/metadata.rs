//! The metadata of single instances (WADO-RS, PS3.18 section 10.4).

use async_trait::async_trait;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;

use super::FeedClient;
use super::client::{malformed, no_answer, refused};
use radcast_dicom::Dataset;
use radcast_engine::failure::Failure;
use radcast_engine::feed::{CurrentInstance, InstanceKey};
use radcast_http::Outgoing;

/// Who answers, in words.
const METADATA: &str = "the service, asked for an instance's metadata,";

/// What is kept as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[async_trait]
impl CurrentInstance<Dataset> for FeedClient {
    async fn of(&self, instance: &InstanceKey) -> Result<Option<Dataset>, Failure> {
        let Some(path) = path(instance) else {
            return Ok(None);
        };
        let url = format!("{}{path}", self.service());
        let request = Outgoing::get(url, "application/dicom+json", self.limit());
        let answer = self.exchange(request).await.map_err(no_answer)?;
        match answer.status {
            204 | 404 | 410 => return Ok(None),
            // A service that does not offer this says so by 501, which is no outage.
            501 => {
                return Err(malformed(
                    "the service does not serve metadata of instances",
                ));
            }
            _ if !answer.is_success() => return Err(refused(METADATA, &answer)),
            _ => {}
        }
        let datasets: Option<Vec<Box<RawValue>>> = serde_json::from_slice(&answer.body).ok();
        let datasets = datasets.unwrap_or_default();
        let dataset = match datasets.as_slice() {
            [dataset] => Dataset::parse(Bytes::from(dataset.get().to_owned())).ok(),
            _ => None,
        };
        let none = || malformed("the metadata are not those of one instance");
        dataset.map(Some).ok_or_else(none)
    }
}

/// The path of the metadata of an instance below the service; `None` when its names would lead
/// elsewhere, so that no service can have it.
fn path(instance: &InstanceKey) -> Option<String> {
    let names = [&instance.study, &instance.series, &instance.instance];
    let mut names = names.into_iter().chain(&instance.partition);
    if names.any(|name| matches!(name.as_str(), "" | "." | "..")) {
        return None;
    }
    let segment = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
    let partition = instance.partition.as_deref();
    let partition = partition.map(|name| format!("/partitions/{}", segment(name)));
    Some(format!(
        "{}/studies/{}/series/{}/instances/{}/metadata",
        partition.unwrap_or_default(),
        segment(&instance.study),
        segment(&instance.series),
        segment(&instance.instance)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_partition_study_series_and_instance() {
        let mut key = InstanceKey {
            partition: None,
            study: "1.2".into(),
            series: "1.3".into(),
            instance: "1.4".into(),
        };
        let rest = "/studies/1.2/series/1.3/instances/1.4/metadata";
        assert_eq!(path(&key).as_deref(), Some(rest));
        key.partition = Some("a/b".into());
        assert_eq!(path(&key), Some(format!("/partitions/a%2Fb{rest}")));
        for step in ["", ".", ".."] {
            key.partition = Some(step.into());
            assert_eq!(path(&key), None, "{step:?}");
        }
        key.partition = None;
        key.series = "..".into();
        assert_eq!(path(&key), None);
    }
}
