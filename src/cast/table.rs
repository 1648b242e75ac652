//! The tables of the mapping as entries are read by them: rows, and all that these look at.

use std::sync::LazyLock;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::dicom::{Dataset, InvalidValue};

use super::Rules;
use super::fact::Facts;
use super::imaging_study::{FRAMES, attributes};
use super::observation::body;
use super::patient;
use super::reading::Reading;
use super::row::{Row, read_all};

/// What is read, and how.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) dataset: &'a Dataset,
    /// The data partition; `None` for the default one.
    pub(super) partition: Option<&'a str>,
    pub(super) rules: &'a Rules,
}

/// Rows that are read together, of a dataset that has their attributes and no others. So what they
/// say follows from the texts of these, the data partition and the rules, and from nothing else.
pub(super) struct Table {
    pub(super) rows: &'static [Row],
    /// Sorted.
    pub(super) tags: Box<[Tag]>,
}

/// What a dataset says about the rows of a table.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) facts: Facts,
    /// Invalid values of optional attributes.
    pub(super) invalid: Vec<InvalidValue>,
    /// One phrase for each required attribute that is missing or invalid.
    pub(super) missing: Vec<String>,
}

/// What is said of patient, study and series is the same in many entries; of what is said of an
/// instance class and title are, and so they are tables of their own.
pub(super) struct Tables {
    pub(super) patient: Table,
    pub(super) study: Table,
    pub(super) series: Table,
    pub(super) class: Table,
    pub(super) number: Table,
    pub(super) title: Table,
    pub(super) body: Table,
}

/// The tables of the mapping.
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let [class, number, title] = attributes::INSTANCE.each_ref().map(std::slice::from_ref);
    Tables {
        // A patient without a name is known by the study.
        patient: Table::new(patient::ROWS, &[tags::STUDY_INSTANCE_UID]),
        study: Table::new(attributes::STUDY, &[]),
        series: Table::new(attributes::SERIES, FRAMES),
        class: Table::new(class, &[]),
        number: Table::new(number, &[]),
        title: Table::new(title, &[]),
        body: Table::new(body::ROWS, &[]),
    }
});

impl Table {
    /// The table of these rows, which look at `others` besides their own attributes.
    fn new(rows: &'static [Row], others: &[Tag]) -> Self {
        let tags = rows.iter().flat_map(|row| row.tags).chain(others);
        let mut tags: Vec<Tag> = tags.copied().collect();
        tags.sort();
        tags.dedup();
        Self {
            rows,
            tags: tags.into(),
        }
    }

    /// What a dataset says.
    pub(super) fn read(&self, source: Source<'_>) -> Answer {
        let dataset = &source.dataset.only(&self.tags);
        let mut reading = Reading::of(Source { dataset, ..source });
        let facts = read_all(self.rows, &mut reading);
        Answer {
            facts,
            invalid: reading.invalid,
            missing: reading.missing,
        }
    }
}
