//! `ImagingStudy`: how studies are written.

pub use radcast_fhir::options::{OnOtherPatient, References, Resolution};

use super::table;
use super::values::Values;

/// How studies are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagingStudy {
    /// The system of accession numbers and of the orders they stand for, unless their issuer says
    /// another; `None` for no system.
    pub accession_system: Option<String>,
    /// The most instances that a study lists one by one.
    pub list_instances_up_to: u32,
    /// How other resources are referred to.
    pub references: References,
    /// What becomes of an instance that names another patient than its study has.
    pub on_other_patient: OnOtherPatient,
}

impl ImagingStudy {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let accession_system = values.text(&table::IMAGING_STUDY_ACCESSION_SYSTEM);
        let list_instances_up_to = values.integer(&table::IMAGING_STUDY_LIST_INSTANCES_UP_TO);
        let mut resolution = |setting| {
            values.choice(setting, |word| match word {
                "logical" => Some(Resolution::Logical),
                "search" => Some(Resolution::Search),
                _ => None,
            })
        };
        let based_on = resolution(&table::IMAGING_STUDY_BASED_ON);
        let encounter = resolution(&table::IMAGING_STUDY_ENCOUNTER);
        let referrer = resolution(&table::IMAGING_STUDY_REFERRER);
        let on_other_patient =
            values.choice(&table::IMAGING_STUDY_ON_OTHER_PATIENT, |word| match word {
                "keep" => Some(OnOtherPatient::Keep),
                "move" => Some(OnOtherPatient::Move),
                "fail" => Some(OnOtherPatient::Fail),
                _ => None,
            });
        Some(Self {
            on_other_patient: on_other_patient??,
            accession_system,
            list_instances_up_to: list_instances_up_to??,
            references: References {
                based_on: based_on??,
                encounter: encounter??,
                referrer: referrer??,
            },
        })
    }
}
