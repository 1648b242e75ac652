//! The tables of the mapping as entries are read by them: rows, and all that these look at.

use std::sync::LazyLock;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use radcast_dicom::{Dataset, InvalidValue};
use radcast_engine::failure::Code;

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
    /// Whether it is of an update, in which an attribute without value takes back what was said.
    pub(super) empties: bool,
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
    /// A closer word for what is missing.
    pub(super) refusal: Option<Code>,
}

/// What is said of patient, study and series is the same in many entries; of what is said of an
/// instance class and title are, and so they are tables of their own. What is said of a series is
/// also there in two tables: its own, and what the series beside it mostly say too.
pub(super) struct Tables {
    pub(super) patient: Table,
    pub(super) study: Table,
    pub(super) series: Table,
    pub(super) series_own: Table,
    pub(super) series_shared: Table,
    pub(super) class: Table,
    pub(super) number: Table,
    pub(super) title: Table,
    pub(super) body: Table,
}

/// How many rows of a series, the first ones, are its own: number, modality, description, start.
const OWN: usize = 4;

/// The tables of the mapping.
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let [class, number, title] = attributes::INSTANCE.each_ref().map(std::slice::from_ref);
    let (own, shared) = attributes::SERIES.split_at(OWN);
    Tables {
        // A patient without a name is known by the study.
        patient: Table::new(patient::ROWS, &[tags::STUDY_INSTANCE_UID]),
        study: Table::new(attributes::STUDY, &[]),
        series: Table::new(attributes::SERIES, FRAMES),
        series_own: Table::new(own, &[]),
        series_shared: Table::new(shared, FRAMES),
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
            refusal: reading.refusal,
        }
    }
}

impl Answer {
    /// What is said about the rows of this answer and, behind them, those of another one.
    pub(super) fn join(mut self, other: Self) -> Self {
        let facts = self.facts.0.iter().chain(other.facts.0.iter());
        self.facts = Facts(facts.cloned().collect());
        let is_new = |invalid: &InvalidValue| !self.invalid.contains(invalid);
        let invalid: Vec<_> = other.invalid.into_iter().filter(is_new).collect();
        self.invalid.extend(invalid);
        self.missing.extend(other.missing);
        self.refusal = self.refusal.or(other.refusal);
        self
    }
}
