//! QIDO-RS (PS3.18 section 10.6): searching for studies, series and instances.

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::error::{DicomServiceError, MetadataFault};
use super::identity;
use super::named::Named;
use super::parameters::{Pairs, number};
use super::refusal::{Refusal, blocking};
use super::search::{Level, Match, Search};
use super::service::DicomService;

/// Attributes that can be searched for: keyword, tag and column of the index.
const FILTERS: [(&str, &str, &str); 7] = [
    ("StudyInstanceUID", "0020000D", "study"),
    ("SeriesInstanceUID", "0020000E", "series"),
    ("SOPInstanceUID", "00080018", "instance"),
    ("PatientID", "00100020", "patient_id"),
    ("AccessionNumber", "00080050", "accession_number"),
    ("StudyDate", "00080020", "study_date"),
    ("Modality", "00080060", "modality"),
];

/// Attributes of the answer at each level, besides those that are counted.
const STUDY_ATTRIBUTES: [&str; 12] = [
    "00080005", "00080020", "00080030", "00080050", "00080090", "00080201", "00081030", "00100010",
    "00100020", "00100030", "00100040", "0020000D",
];
const SERIES_ATTRIBUTES: [&str; 10] = [
    "00080005", "00080060", "00080201", "0008103E", "00180015", "0020000D", "0020000E", "00200011",
    "00400244", "00400245",
];
const INSTANCE_ATTRIBUTES: [&str; 11] = [
    "00080005", "00080016", "00080018", "00080060", "00080201", "0020000D", "0020000E", "00200013",
    "00280008", "00280010", "00280011",
];

pub(super) async fn studies(
    service: State<DicomService>,
    named: Named,
    pairs: Pairs,
) -> Result<Response, Refusal> {
    answer(service, named, pairs, Level::Study).await
}

pub(super) async fn series(
    service: State<DicomService>,
    named: Named,
    pairs: Pairs,
) -> Result<Response, Refusal> {
    answer(service, named, pairs, Level::Series).await
}

pub(super) async fn instances(
    service: State<DicomService>,
    named: Named,
    pairs: Pairs,
) -> Result<Response, Refusal> {
    answer(service, named, pairs, Level::Instance).await
}

async fn answer(
    State(service): State<DicomService>,
    named: Named,
    Query(pairs): Pairs,
    level: Level,
) -> Result<Response, Refusal> {
    let base_url = named.base_url.clone();
    let search = search(named, &pairs, level)?;
    blocking(move || {
        let matches = service.index().search(&search)?;
        if matches.is_empty() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let results = matches.iter().map(|found| result(found, level, &base_url));
        let results = results
            .collect::<Result<Vec<_>, _>>()
            .map_err(DicomServiceError::from)?;
        let body = Value::from(results).to_string();
        Ok(([(header::CONTENT_TYPE, "application/dicom+json")], body).into_response())
    })
    .await
}

fn search(named: Named, pairs: &[(String, String)], level: Level) -> Result<Search, Refusal> {
    let mut search = Search {
        level,
        partition: named.partition,
        filters: Vec::new(),
        limit: 100,
        offset: 0,
    };
    let path = [("study", named.study), ("series", named.series)];
    for (column, uid) in path {
        search.filters.extend(uid.map(|uid| (column, uid)));
    }
    for (name, value) in pairs {
        match name.to_ascii_lowercase().as_str() {
            "limit" => search.limit = number(name, value, 1..=200)?,
            "offset" => search.offset = number(name, value, 0..=i64::MAX)?,
            _ => search.filters.push(filter(name, value)?),
        }
    }
    Ok(search)
}

fn filter(name: &str, value: &str) -> Result<(&'static str, String), Refusal> {
    let (keyword, _, column) = FILTERS
        .into_iter()
        .find(|(keyword, tag, _)| keyword.eq_ignore_ascii_case(name) || *tag == name)
        .ok_or_else(|| {
            let known = FILTERS.map(|(keyword, _, _)| keyword).join(", ");
            Refusal::bad_request(format!(
                "{name} is not supported; there are limit, offset, {known}"
            ))
        })?;
    let inexact =
        value.contains(['*', '?', '\\']) || (keyword == "StudyDate" && value.contains('-'));
    if value.is_empty() || inexact {
        let message = format!("{keyword} is matched exactly only: no wildcard, list or range");
        return Err(Refusal::bad_request(message));
    }
    Ok((column, value.to_owned()))
}

fn result(found: &Match, level: Level, base_url: &str) -> Result<Value, MetadataFault> {
    let metadata = identity::parse(&found.metadata)?;
    let study_url = format!("{base_url}/studies/{}", found.study_uid);
    let series_url = format!("{study_url}/series/{}", found.series_uid);
    let (attributes, url): (&[&str], _) = match level {
        Level::Study => (&STUDY_ATTRIBUTES, study_url),
        Level::Series => (&SERIES_ATTRIBUTES, series_url),
        Level::Instance => (
            &INSTANCE_ATTRIBUTES,
            format!("{series_url}/instances/{}", found.instance_uid),
        ),
    };
    let mut result: Map<String, Value> = attributes
        .iter()
        .filter_map(|tag| Some(((*tag).to_owned(), metadata.get(*tag)?.clone())))
        .collect();
    result.insert("00081190".to_owned(), json!({ "vr": "UR", "Value": [url] }));
    if level == Level::Study {
        let modalities: Vec<_> = found
            .modalities
            .split(',')
            .filter(|m| !m.is_empty())
            .collect();
        result.insert(
            "00080061".to_owned(),
            json!({ "vr": "CS", "Value": modalities }),
        );
        result.insert("00201206".to_owned(), count(found.series));
    }
    match level {
        Level::Study => result.insert("00201208".to_owned(), count(found.instances)),
        Level::Series => result.insert("00201209".to_owned(), count(found.instances)),
        Level::Instance => None,
    };
    Ok(Value::Object(result))
}

fn count(number: i64) -> Value {
    json!({ "vr": "IS", "Value": [number] })
}
