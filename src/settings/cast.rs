//! `DicomCast`: how attributes are read.

use jiff::tz::TimeZone;

pub use radcast_fhir::options::Validation;

use super::table;
use super::values::Values;

/// How attributes are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Cast {
    /// What an invalid value of a mapped attribute does to its entry.
    pub validation: Validation,
    /// The time zone of times without an offset; `None`: they are not turned into instants.
    pub time_zone: Option<TimeZone>,
    /// Whether radiation dose reports become `Observation`s.
    pub generate_observations: bool,
}

impl Cast {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let validation = read_validation(values);
        let time_zone = values.time_zone(&table::CAST_TIME_ZONE);
        let generate_observations = values.boolean(&table::CAST_GENERATE_OBSERVATIONS);
        Some(Self {
            validation: validation?,
            time_zone: time_zone?,
            generate_observations: generate_observations?,
        })
    }
}

/// `Validation` wins. Only `EnforceValidationOfTagValues` = `true` can contradict it: `false` is
/// what every settings file of dicom-cast says.
fn read_validation(values: &mut Values) -> Option<Validation> {
    let enforced = values.boolean(&table::CAST_ENFORCE_VALIDATION);
    let level = values.choice(&table::CAST_VALIDATION, |word| match word {
        "full" => Some(Validation::Full),
        "partial" => Some(Validation::Partial),
        _ => None,
    });
    match (enforced?, level?) {
        (true, Some(Validation::Partial)) => {
            let cure = "contradicts DicomCast:Features:EnforceValidationOfTagValues = true; remove one of the two";
            values.problem(&table::CAST_VALIDATION, cure);
            None
        }
        (_, Some(level)) => Some(level),
        (true, None) => Some(Validation::Full),
        (false, None) => Some(Validation::Partial),
    }
}
