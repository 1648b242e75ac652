//! Bundles (R4 Bundle): the transaction or batch that comes in, its response, and searchsets.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::Answer;
use super::outcome::Refusal;
use super::query::Query;
use super::search::Page;

/// A transaction or batch as it came in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submitted {
    resource_type: Option<String>,
    r#type: Option<String>,
    #[serde(default)]
    entry: Vec<Entry>,
}

/// An entry of a transaction or batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub(super) full_url: Option<String>,
    pub(super) resource: Option<Box<RawValue>>,
    pub(super) request: Option<EntryRequest>,
}

/// `Bundle.entry.request`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryRequest {
    pub(super) method: Option<String>,
    pub(super) url: Option<String>,
    pub(super) if_match: Option<String>,
    pub(super) if_none_exist: Option<String>,
    pub(super) if_none_match: Option<String>,
    pub(super) if_modified_since: Option<String>,
}

/// What is posted to the base.
#[derive(Debug)]
pub(super) enum Submission {
    /// All entries or none.
    Transaction(Vec<Entry>),
    /// Each entry for itself.
    Batch(Vec<Entry>),
}

impl Submission {
    /// Reads the bundle; its entries are read one by one later.
    ///
    /// # Errors
    /// The body is no bundle of one of the two types.
    pub(super) fn parse(body: &str) -> Result<Self, Refusal> {
        let bundle: Submitted = serde_json::from_str(body)?;
        if bundle.resource_type.as_deref() != Some("Bundle") {
            return Err(Refusal::invalid("a Bundle is to be posted to the base"));
        }
        match bundle.r#type.as_deref() {
            Some("transaction") => Ok(Self::Transaction(bundle.entry)),
            Some("batch") => Ok(Self::Batch(bundle.entry)),
            _ => Err(Refusal::element(
                "value",
                "Bundle.type",
                "must be transaction or batch",
            )),
        }
    }
}

/// The response to a transaction or batch, in the order of its entries; with what was written, if
/// that is wanted (R4 HTTP 3.1.0.1.7).
///
/// # Errors
/// A stored resource is not JSON.
pub(super) fn response(
    response_type: &str,
    answers: &[Result<Answer, Refusal>],
    with_written: bool,
) -> Result<String, Refusal> {
    let entries = answers
        .iter()
        .map(|answer| ResponseEntry::of(answer, with_written))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(serde_json::to_string(&Bundle {
        resource_type: "Bundle",
        r#type: response_type,
        total: None,
        link: Vec::new(),
        entry: entries,
    })?)
}

/// The bundle of one page of a search.
///
/// # Errors
/// A stored resource is not JSON.
pub(super) fn searchset(base: &str, query: &Query, page: &Page) -> Result<String, Refusal> {
    let matches = page
        .matches
        .iter()
        .map(|found| SearchEntry::of(base, &found.address.to_string(), &found.json, "match"));
    let included = page
        .included
        .iter()
        .map(|(address, json)| SearchEntry::of(base, &address.to_string(), json, "include"));
    Ok(serde_json::to_string(&Bundle {
        resource_type: "Bundle",
        r#type: "searchset",
        total: Some(page.total),
        link: links(base, query, page.next),
        entry: matches.chain(included).collect::<Result<Vec<_>, _>>()?,
    })?)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bundle<'b, E> {
    resource_type: &'b str,
    r#type: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    link: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entry: Vec<E>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SearchEntry<'b> {
    full_url: String,
    resource: &'b RawValue,
    search: Value,
}

impl<'b> SearchEntry<'b> {
    fn of(base: &str, address: &str, json: &'b str, mode: &str) -> Result<Self, Refusal> {
        Ok(Self {
            full_url: format!("{base}/{address}"),
            resource: serde_json::from_str(json)?,
            search: json!({ "mode": mode }),
        })
    }
}

#[derive(Serialize)]
struct ResponseEntry<'b> {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'b RawValue>,
    response: Response,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Value>,
}

impl<'b> ResponseEntry<'b> {
    fn of(answer: &'b Result<Answer, Refusal>, with_written: bool) -> Result<Self, Refusal> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Self::refused(refusal)),
        };
        let version = answer.version.as_ref();
        let written = version.filter(|_| with_written);
        let written = written.and_then(|(_, version)| version.json.as_deref());
        let resource = answer.fetched.as_deref().or(written);
        Ok(Self {
            resource: resource.map(serde_json::from_str).transpose()?,
            response: Response {
                status: answer.status.to_string(),
                location: version.map(|(address, version)| version.location(address)),
                etag: version.map(|(_, version)| version.etag()),
                last_modified: version.map(|(_, version)| version.last_updated.clone()),
                outcome: None,
            },
        })
    }

    fn refused(refusal: &Refusal) -> Self {
        Self {
            resource: None,
            response: Response {
                status: refusal.status.to_string(),
                location: None,
                etag: None,
                last_modified: None,
                outcome: Some(refusal.outcome()),
            },
        }
    }
}

fn links(base: &str, query: &Query, next: Option<i64>) -> Vec<Value> {
    let link = |relation: &str, pairs: &[(String, String)]| {
        let query_text = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let mark = if query_text.is_empty() { "" } else { "?" };
        json!({
            "relation": relation,
            "url": format!("{base}/{}{mark}{query_text}", query.kind.name),
        })
    };
    let mut links = vec![link("self", &query.pairs)];
    if let Some(next) = next {
        let mut pairs = query.pairs.clone();
        pairs.retain(|(name, _)| name != "_offset");
        pairs.push(("_offset".to_owned(), next.to_string()));
        links.push(link("next", &pairs));
    }
    links
}
