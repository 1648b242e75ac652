//! Where the elements of what is written come from.

use std::collections::BTreeSet;

use super::StudyDelta;
use super::disagreement::Statement;
use super::imaging_study::attributes;
use super::mapping::{MappedRow, of_rows};
use super::patient;
use super::row::Row;
use radcast_engine::feed::InstanceKey;

/// Which instance's attributes an element comes from. Never holds the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The row of the mapping.
    pub row: MappedRow,
    /// Series Instance UID, where the element is of a series or of an instance in it.
    pub series: Option<String>,
    /// SOP Instance UID, where the element is of an instance.
    pub instance: Option<String>,
    /// The instance whose value counts.
    pub said_by: InstanceKey,
}

impl StudyDelta {
    /// What entries say, row by row of the mapping, and which of them counts.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let all: Vec<_> = self.statements().collect();
        let patient = self.patient().map(patient::PatientFacts::key);
        let of_patient = all
            .iter()
            .filter(|(_, said)| Some(said.patient.key()) == patient)
            .map(|(change, said)| (change.key(), said.patient.facts()));
        let of_study = all.iter().map(|(change, said)| (change.key(), &said.study));
        let of_series = all
            .iter()
            .map(|(change, said)| (change.key(), &said.series));
        let of_instances = all
            .iter()
            .map(|(change, said)| (change.key(), &said.instance));
        [
            latest("Patient", patient::ROWS, of_patient, |_| (None, None)),
            latest("ImagingStudy", attributes::STUDY, of_study, |_| {
                (None, None)
            }),
            latest(
                "ImagingStudy.series",
                attributes::SERIES,
                of_series,
                |key| (Some(key.series.clone()), None),
            ),
            latest(
                "ImagingStudy.series.instance",
                attributes::INSTANCE,
                of_instances,
                |key| (Some(key.series.clone()), Some(key.instance.clone())),
            ),
        ]
        .concat()
    }
}

/// For each row and place the last instance that says something about it.
fn latest<'a>(
    path: &str,
    rows: &[Row],
    statements: impl DoubleEndedIterator<Item = Statement<'a>>,
    place: impl Fn(&InstanceKey) -> (Option<String>, Option<String>),
) -> Vec<Source> {
    let rows: Vec<MappedRow> = of_rows(path, rows).collect();
    let (mut sources, mut known) = (Vec::new(), BTreeSet::new());
    for (key, facts) in statements.rev() {
        let (series, instance) = place(key);
        for (at, row) in rows.iter().enumerate() {
            let mut is_new = || known.insert((at, series.clone(), instance.clone()));
            if facts.get(at).is_some() && is_new() {
                sources.push(Source {
                    row: row.clone(),
                    series: series.clone(),
                    instance: instance.clone(),
                    said_by: key.clone(),
                });
            }
        }
    }
    sources
}
