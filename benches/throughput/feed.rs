//! A change feed that is planned in a few bytes an entry and written out when it is read.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::header::{Flaw, Headers};
use super::study::{Modality, Study};

/// When the feed begins, in milliseconds, and how much later each entry is.
const BEGINNING: i64 = 1_717_315_200_000;
const STEP: i64 = 10;

/// The instances of the one study stand in so many series.
const CT_SERIES: u32 = 4;

/// A feed, as it is read after everything in it has happened.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    studies: Vec<Study>,
    rows: Vec<Row>,
    flaws: HashMap<(u32, u32), Flaw>,
    malformed: HashSet<(u32, u32)>,
    deleted: HashSet<(u32, u32)>,
    corrected: HashSet<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    study: u32,
    image: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    /// An action that there is not.
    Malformed,
    Update,
    Delete,
}

impl Feed {
    /// One CT study of so many instances.
    pub(crate) fn ct(instances: u32) -> Self {
        let mut feed = Self::default();
        let study = feed.begin_study(|number| Study {
            number,
            patient: 0,
            modality: Modality::Ct,
            series: CT_SERIES,
            instances_per_series: instances.div_ceil(CT_SERIES),
        });
        (0..instances).for_each(|image| feed.store(study, image, None));
        feed
    }

    /// So many CR studies of two instances, each of a patient of its own.
    pub(crate) fn cr(studies: u32) -> Self {
        let mut feed = Self::default();
        for patient in 0..studies {
            let study = feed.begin_study(|number| Study {
                number,
                patient,
                modality: Modality::Cr,
                series: 2,
                instances_per_series: 1,
            });
            (0..2).for_each(|image| feed.store(study, image, None));
        }
        feed
    }

    /// Returns a feed of enhanced multi-frame CT images: their number, and the number of series in a study.
    pub(crate) fn enhanced(images: u32, series: u32) -> Self {
        let mut feed = Self::default();
        for patient in 0..images / series {
            let study = feed.begin_study(|number| Study {
                number,
                patient,
                modality: Modality::EnhancedCt,
                series,
                instances_per_series: 1,
            });
            (0..series).for_each(|image| feed.store(study, image, None));
        }
        feed
    }

    pub(crate) fn begin_study(&mut self, study: impl FnOnce(u32) -> Study) -> u32 {
        let number = u32::try_from(self.studies.len()).unwrap_or(u32::MAX);
        self.studies.push(study(number));
        number
    }

    pub(crate) fn study(&self, study: u32) -> Option<&Study> {
        self.studies.get(study as usize)
    }

    pub(crate) fn store(&mut self, study: u32, image: u32, flaw: Option<Flaw>) {
        self.flaws.extend(flaw.map(|flaw| ((study, image), flaw)));
        self.push(study, image, Kind::Create);
    }

    pub(crate) fn store_malformed(&mut self, study: u32, image: u32) {
        self.malformed.insert((study, image));
        self.push(study, image, Kind::Malformed);
    }

    pub(crate) fn delete(&mut self, study: u32, image: u32) {
        self.deleted.insert((study, image));
        self.push(study, image, Kind::Delete);
    }

    /// A bulk update of what is there of a study that is complete.
    pub(crate) fn correct(&mut self, study: u32) {
        let instances = self.study(study).map_or(0, Study::instances);
        self.corrected.insert(study);
        for image in 0..instances {
            let key = (study, image);
            if !self.deleted.contains(&key) && !self.malformed.contains(&key) {
                self.push(study, image, Kind::Update);
            }
        }
    }

    fn push(&mut self, study: u32, image: u32, kind: Kind) {
        self.rows.push(Row { study, image, kind });
    }

    /// How many entries there are, which is the sequence of the last one.
    pub(crate) fn entries(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Instances that have to be in the FHIR store in the end.
    pub(crate) fn instances(&self) -> u64 {
        let created = self.rows.iter().filter(|row| {
            let key = (row.study, row.image);
            let mapped = self.flaws.get(&key) != Some(&Flaw::NoPatientId);
            row.kind == Kind::Create && mapped && !self.deleted.contains(&key)
        });
        created.count() as u64
    }

    /// Entries that have to be recorded as failed.
    pub(crate) fn refused(&self) -> u64 {
        let refused = self.rows.iter().filter(|row| match row.kind {
            Kind::Malformed => true,
            Kind::Create | Kind::Update => {
                self.flaws.get(&(row.study, row.image)) == Some(&Flaw::NoPatientId)
            }
            Kind::Delete => false,
        });
        refused.count() as u64
    }

    /// Returns whether an entry takes megabytes.
    pub(crate) fn has_large_entries(&self) -> bool {
        let mut studies = self.studies.iter();
        studies.any(|study| study.modality == Modality::EnhancedCt)
    }

    /// Entries with an action, in words.
    pub(crate) fn mix(&self) -> String {
        let count = |kind| self.rows.iter().filter(|row| row.kind == kind).count();
        let (deletes, updates) = (count(Kind::Delete), count(Kind::Update));
        let bad = self.flaws.len() + self.malformed.len();
        let (entries, studies) = (self.rows.len(), self.studies.len());
        format!(
            "{entries} entries, {studies} studies, {deletes} deletes, {updates} updates, {bad} bad"
        )
    }

    /// The sequences of the entries from a time on and before another.
    pub(crate) fn between(
        &self,
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    ) -> RangeInclusive<u64> {
        let first_from = |time: Timestamp| {
            let steps = (time.as_millisecond() - BEGINNING + STEP - 1).div_euclid(STEP);
            u64::try_from(steps).unwrap_or_default()
        };
        let first = from.map_or(1, first_from).max(1);
        let last = before.map_or(u64::MAX, |before| first_from(before).saturating_sub(1));
        first..=last.min(self.entries())
    }

    /// The entries of these sequences as a JSON array.
    pub(crate) fn page(
        &self,
        headers: &Headers,
        sequences: RangeInclusive<u64>,
        metadata: bool,
    ) -> Result<String, std::fmt::Error> {
        let last = (*sequences.end()).min(self.entries());
        let mut page = String::with_capacity(1 << 20);
        page.push('[');
        for sequence in *sequences.start()..=last {
            if page.len() > 1 {
                page.push(',');
            }
            self.write(headers, sequence, metadata, &mut page)?;
        }
        page.push(']');
        Ok(page)
    }

    /// Writes one entry.
    pub(crate) fn write(
        &self,
        headers: &Headers,
        sequence: u64,
        metadata: bool,
        to: &mut String,
    ) -> std::fmt::Result {
        let at = usize::try_from(sequence)
            .unwrap_or_default()
            .wrapping_sub(1);
        let row = self.rows.get(at).ok_or(std::fmt::Error)?;
        let study = self.study(row.study).ok_or(std::fmt::Error)?;
        let key = (row.study, row.image);
        let corrected = self.corrected.contains(&row.study);
        let state = match row.kind {
            _ if self.deleted.contains(&key) => "Deleted",
            Kind::Create if corrected => "Replaced",
            _ => "Current",
        };
        let action = match row.kind {
            Kind::Create => "Create",
            Kind::Malformed => "Archive",
            Kind::Update => "Update",
            Kind::Delete => "Delete",
        };
        write!(
            to,
            "{{\"sequence\":{sequence},\"partitionName\":\"Microsoft.Default\",\
             \"studyInstanceUid\":\"{}\",\"seriesInstanceUid\":\"{}\",\"sopInstanceUid\":\"{}\",\
             \"action\":\"{action}\",\"timestamp\":\"{}\",\"state\":\"{state}\"",
            study.uid(),
            study.series_uid(row.image),
            study.instance_uid(row.image),
            timestamp(sequence),
        )?;
        if metadata && state != "Deleted" && row.kind != Kind::Malformed {
            to.push_str(",\"metadata\":");
            let flaw = self.flaws.get(&key).copied();
            headers.write(study, row.image, flaw, corrected, to)?;
        }
        to.push('}');
        Ok(())
    }
}

fn timestamp(sequence: u64) -> Timestamp {
    let later = i64::try_from(sequence).unwrap_or_default() * STEP;
    Timestamp::from_millisecond(BEGINNING + later).unwrap_or(Timestamp::UNIX_EPOCH)
}
