//! The entry-at-a-time way, as dicom-cast went it: pages of ten, and for each entry three searches
//! and one transaction that rewrites the whole `ImagingStudy`, one after the other.
//!
//! Only what it costs is modelled: its request pattern and the size of what it sends. An entry that
//! dicom-cast failed or died of is passed by.

mod casting;

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};

use super::figures::{Figures, Run};
use super::report::Progress;
use super::site::{Site, http_client};
use casting::{Found, text};

const PAGE: u64 = 10;
const FHIR_JSON: &str = "application/fhir+json";

/// Goes through the feed until its end, or for so long.
pub(crate) async fn measure(
    site: &Site,
    run: Run<'_>,
    longest: Duration,
) -> Result<Figures, Box<dyn Error>> {
    let client = Client {
        http: http_client()?,
        feed: format!("{}/v1/changefeed", site.service.address()),
        fhir: site.fhir_address(),
    };
    let began = Instant::now();
    let mut progress = Progress::new("baseline:", run.of);
    let mut entries = 0;
    while entries < run.of && began.elapsed() < longest {
        client
            .get(&format!("{}/latest?includeMetadata=false", client.feed))
            .await?;
        let query = format!("offset={entries}&limit={PAGE}&includeMetadata=true");
        let page = client.get(&format!("{}?{query}", client.feed)).await?;
        for entry in page.as_array().into_iter().flatten() {
            client.cast(entry).await?;
            entries += 1;
            if began.elapsed() >= longest {
                break;
            }
        }
        progress.reached(entries);
    }
    let took = began.elapsed();
    Ok(Figures::of(
        &Run {
            took,
            entries,
            ..run
        },
        site,
    ))
}

struct Client {
    http: reqwest::Client,
    feed: String,
    fhir: String,
}

impl Client {
    async fn get(&self, url: &str) -> Result<Value, Box<dyn Error>> {
        let answer = self.http.get(url).header(ACCEPT, FHIR_JSON).send().await?;
        Ok(serde_json::from_slice(
            &answer.error_for_status()?.bytes().await?,
        )?)
    }

    /// The one resource that a search finds.
    async fn search(&self, query: &str) -> Result<Option<Value>, Box<dyn Error>> {
        let mut found = self.get(&format!("{}/{query}", self.fhir)).await?;
        let entry = found.pointer_mut("/entry/0/resource");
        Ok(entry.map(Value::take))
    }

    async fn cast(&self, entry: &Value) -> Result<(), Box<dyn Error>> {
        let deletes = entry["action"] == "Delete";
        let metadata = &entry["metadata"];
        let patient_id = text(metadata, "00100020");
        let is_skipped = !deletes && (entry["state"] == "Deleted" || patient_id.is_none());
        if is_skipped {
            return Ok(());
        }
        let patient = match &patient_id {
            Some(id) => {
                let system = casting::PATIENT_SYSTEM;
                self.search(&format!("Patient?identifier={system}%7C{id}"))
                    .await?
            }
            None => None,
        };
        let endpoint = self.search(casting::ENDPOINT_QUERY).await?;
        let uid = entry["studyInstanceUid"].as_str().unwrap_or_default();
        let by_uid = format!("identifier=urn:dicom:uid%7Curn:oid:{uid}");
        let study = self.search(&format!("ImagingStudy?{by_uid}")).await?;
        if deletes {
            self.search(&format!("Observation?{by_uid}")).await?;
        }
        let found = Found {
            patient,
            endpoint,
            study,
        };
        self.post(casting::writes(entry, found)).await
    }

    async fn post(&self, entries: Vec<Value>) -> Result<(), Box<dyn Error>> {
        if entries.is_empty() {
            return Ok(());
        }
        let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
        let sent = self
            .http
            .post(&self.fhir)
            .header(CONTENT_TYPE, FHIR_JSON)
            .header(ACCEPT, FHIR_JSON)
            .body(bundle.to_string())
            .send()
            .await?;
        let status = sent.status();
        let answer = sent.text().await?;
        if status.is_success() {
            return Ok(());
        }
        Err(format!("the baseline's transaction was answered {status}: {answer:.300}").into())
    }
}
