//! A page of a CT study, and what is done with it.

use std::error::Error;

use bytes::Bytes;
use radcast_dicomweb as feed;
use radcast_dicomweb::Entry;
use radcast_engine::feed::MalformedEntry;
use radcast_fhir::cast::{
    Action, Change, Found, Recent, Resource, Rules, StudyDelta, Write, merge,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::feed::Feed;
use super::header::Headers;

/// Entries of the page, and of the study as it is stored.
pub(crate) const PAGE: u32 = 100;
const STORED: u64 = 1_000;

/// The page, and the study as it is stored with the thousand instances before it.
pub(crate) struct Work {
    page: Bytes,
    rules: Rules,
    stored: Found,
}

impl Work {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let (feed, headers) = (Feed::ct(1_200), Headers::read()?);
        let page = |first, last| feed.page(&headers, first..=last, true).map(Bytes::from);
        let mut work = Self {
            page: page(1, STORED)?,
            rules: Rules::new("http://dicom.example"),
            stored: Found::default(),
        };
        let delta = work.fold()?;
        let writes = merge(&delta, &Found::default(), &work.rules)?.writes;
        for write in writes {
            let resource_type = write.resource_type().to_owned();
            let Write::Create { resource, .. } = write else {
                continue;
            };
            let stored = as_stored(&resource)?;
            match resource_type.as_str() {
                "ImagingStudy" => work.stored.study.push(stored),
                "Patient" => work.stored.patient.push(stored),
                _ => work.stored.endpoint.push(stored),
            }
        }
        work.page = page(STORED + 1, STORED + u64::from(PAGE))?;
        Ok(work)
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.page.len()
    }

    pub(crate) fn scan(&self) -> Result<usize, Box<dyn Error>> {
        Ok(serde_json::from_slice::<Vec<&RawValue>>(&self.page)?.len())
    }

    pub(crate) fn parse(&self) -> Result<usize, Box<dyn Error>> {
        Ok(serde_json::from_slice::<Vec<Value>>(&self.page)?.len())
    }

    pub(crate) fn split(&self) -> Result<Vec<Result<Entry, MalformedEntry>>, Box<dyn Error>> {
        let numbers = 1..=u64::MAX;
        feed::split(&self.page, &numbers).ok_or_else(|| "no page".into())
    }

    pub(crate) fn read(&self) -> Result<Vec<Change>, Box<dyn Error>> {
        let mut recent = Recent::new(self.rules.clone());
        let read = |entry: Result<Entry, MalformedEntry>| -> Result<Change, Box<dyn Error>> {
            let entry = entry.map_err(|malformed| malformed.reason)?;
            let metadata = entry.data.as_ref();
            let (sequence, key) = (entry.sequence, entry.key.clone());
            Ok(recent.read(sequence, key, Action::Create, metadata)?)
        };
        self.split()?.into_iter().map(read).collect()
    }

    pub(crate) fn fold(&self) -> Result<StudyDelta, Box<dyn Error>> {
        StudyDelta::fold(self.read()?).ok_or_else(|| "no change".into())
    }

    pub(crate) fn merge_into_nothing(&self) -> Result<usize, Box<dyn Error>> {
        self.merge_into(&Found::default())
    }

    pub(crate) fn merge_into_study(&self) -> Result<usize, Box<dyn Error>> {
        self.merge_into(&self.stored)
    }

    fn merge_into(&self, found: &Found) -> Result<usize, Box<dyn Error>> {
        let writes = merge(&self.fold()?, found, &self.rules)?.writes;
        let bytes = writes.iter().map(|write| match write {
            Write::Create { resource, .. } | Write::Update { resource, .. } => {
                serde_json::to_string(resource).map(|json| json.len())
            }
            Write::Delete { .. } => Ok(0),
        });
        Ok(bytes.sum::<serde_json::Result<usize>>()?)
    }
}

fn as_stored(resource: &Resource) -> Result<Resource, Box<dyn Error>> {
    let mut json = serde_json::to_value(resource)?;
    json["id"] = json!("1");
    json["meta"]["versionId"] = json!("1");
    Ok(Resource::parse(&json.to_string())?)
}
