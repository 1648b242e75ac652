//! A feed filled before the daemon starts, and what has to come out of it.

use std::error::Error;

use radcast::store::{RecordFilter, SqliteStore, Store};
use serde_json::{Map, Value};

use crate::hospital::{Event, Hospital};
use crate::report;
use crate::site::Site;
use crate::study::{Headers, Study, set};

/// What a feed was filled with.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Sequence of the last entry; as many entries as that.
    pub(crate) last: u64,
    /// Images stored, and the bytes of their DICOM JSON.
    pub(crate) images: u64,
    pub(crate) bytes: u64,
    pub(crate) deletes: u64,
    pub(crate) updates: u64,
    /// Entries that have to be recorded as failed.
    pub(crate) refused: u64,
    /// Instances that have to be in the FHIR store in the end.
    instances: u64,
}

impl Backlog {
    /// Fills the feed with the entries of a hospital.
    pub(crate) fn of_a_hospital(
        site: &Site,
        hospital: Hospital<'_>,
        entries: u64,
    ) -> Result<Self, Box<dyn Error>> {
        let mut backlog = Self::default();
        let mut progress = report::Progress::new("filled", entries);
        for event in hospital {
            backlog.take(site, &event)?;
            progress.reached(backlog.last);
        }
        Ok(backlog)
    }

    /// Fills the feed with the images of one study.
    pub(crate) fn of_one(
        site: &Site,
        headers: &Headers,
        study: &Study,
    ) -> Result<Self, Box<dyn Error>> {
        let mut backlog = Self::default();
        for image in 0..study.instances() {
            let metadata = Value::Object(study.metadata(headers, image));
            backlog.take(site, &Event::Stored(metadata.to_string()))?;
        }
        Ok(backlog)
    }

    fn take(&mut self, site: &Site, event: &Event) -> Result<(), Box<dyn Error>> {
        match event {
            Event::Stored(metadata) => {
                self.store(site, metadata)?;
                self.instances += 1;
            }
            Event::Refused(metadata) => {
                self.store(site, metadata)?;
                self.refused += 1;
            }
            Event::Malformed(text) => {
                site.dicom.insert_raw_entry(text)?;
                self.refused += 1;
            }
            Event::Deleted {
                study,
                series,
                instance,
            } => {
                let there = site
                    .dicom
                    .delete(None, study, Some(series), Some(instance))?;
                self.deletes += there;
                self.instances -= there;
            }
            Event::Updated { study, refused, .. } => {
                self.updates += site.dicom.update(None, study, &correction())?;
                self.refused += u64::from(*refused);
            }
        }
        self.last += event.entries();
        Ok(())
    }

    fn store(&mut self, site: &Site, metadata: &str) -> Result<(), Box<dyn Error>> {
        site.dicom.store_metadata(None, metadata)?;
        self.images += 1;
        self.bytes += metadata.len() as u64;
        Ok(())
    }

    /// Fails unless every entry has arrived: a daemon that loses some measures nothing.
    pub(crate) async fn check_arrived(&self, site: &Site) -> Result<(), Box<dyn Error>> {
        let studies = site.fhir.resources("ImagingStudy")?;
        let instances: u64 = studies
            .iter()
            .filter_map(|study| study.get("numberOfInstances")?.as_u64())
            .sum();
        let store = SqliteStore::open(&site.folder().join("radcast.db"))?;
        let recorded = store
            .records(&RecordFilter::default(), None, usize::MAX)
            .await?
            .len() as u64;
        if (instances, recorded) == (self.instances, self.refused) {
            return Ok(());
        }
        Err(format!(
            "{instances} instances and {recorded} failed entries have arrived, not {} and {}",
            self.instances, self.refused
        )
        .into())
    }
}

fn correction() -> Map<String, Value> {
    let mut changes = Map::new();
    set(&mut changes, "00081030", "LO", Value::from("Corrected"));
    changes
}
