//! What a SOP Class UID says of the object.

/// The root of the classes whose IOD is a structured report (PS3.4 Table B.5-1, PS3.6 Table A-1).
/// Every class of it is one, retired and trial ones too; new ones are added to it.
const STRUCTURED_REPORTS: &str = "1.2.840.10008.5.1.4.1.1.88.";

/// Structured reports outside of the root: Spectacle Prescription Report, Macular Grid Thickness
/// and Volume Report (PS3.3 A.35.9, A.35.11).
const OTHER_STRUCTURED_REPORTS: [&str; 2] = [
    "1.2.840.10008.5.1.4.1.1.78.6",
    "1.2.840.10008.5.1.4.1.1.79.1",
];

/// X-Ray, Radiopharmaceutical, Patient, and Enhanced X-Ray Radiation Dose SR (PS3.3 A.35).
const DOSE_REPORTS: [&str; 4] = [
    "1.2.840.10008.5.1.4.1.1.88.67",
    "1.2.840.10008.5.1.4.1.1.88.68",
    "1.2.840.10008.5.1.4.1.1.88.73",
    "1.2.840.10008.5.1.4.1.1.88.76",
];

/// Whether objects of this class have an SR Document Content (PS3.3 C.17.3): Concept Name Code
/// Sequence (0040,A043) is their title. Key object selections are among them.
pub(in crate::cast) fn is_structured_report(uid: &str) -> bool {
    let below = uid.strip_prefix(STRUCTURED_REPORTS);
    below.is_some_and(|below| !below.is_empty()) || OTHER_STRUCTURED_REPORTS.contains(&uid)
}

/// Whether objects of this class report radiation dose.
pub(in crate::cast) fn is_dose_report(uid: &str) -> bool {
    DOSE_REPORTS.contains(&uid)
}

#[cfg(test)]
mod tests {
    use dicom_dictionary_std::uids;

    use super::*;

    #[test]
    fn reports_are_structured_reports() {
        let reports = [
            uids::BASIC_TEXT_SR_STORAGE,
            uids::ENHANCED_SR_STORAGE,
            uids::COMPREHENSIVE3_DSR_STORAGE,
            uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
            uids::MAMMOGRAPHY_CADSR_STORAGE,
            uids::SPECTACLE_PRESCRIPTION_REPORT_STORAGE,
            uids::MACULAR_GRID_THICKNESS_AND_VOLUME_REPORT_STORAGE,
        ];
        for uid in reports {
            assert!(is_structured_report(uid) && !is_dose_report(uid), "{uid}");
        }
    }

    #[test]
    fn dose_reports_are_structured_reports_too() {
        let reports = [
            uids::X_RAY_RADIATION_DOSE_SR_STORAGE,
            uids::RADIOPHARMACEUTICAL_RADIATION_DOSE_SR_STORAGE,
            uids::PATIENT_RADIATION_DOSE_SR_STORAGE,
            uids::ENHANCED_X_RAY_RADIATION_DOSE_SR_STORAGE,
        ];
        for uid in reports {
            assert!(is_structured_report(uid) && is_dose_report(uid), "{uid}");
        }
    }

    #[test]
    fn images_are_none() {
        let others = [
            uids::CT_IMAGE_STORAGE,
            uids::ENCAPSULATED_PDF_STORAGE,
            uids::CONTENT_ASSESSMENT_RESULTS_STORAGE,
            "1.2.840.10008.5.1.4.1.1.88",
            "1.2.840.10008.5.1.4.1.1.88.",
            "1.2.840.10008.5.1.4.1.1.881",
            "",
        ];
        for uid in others {
            assert!(!is_structured_report(uid) && !is_dose_report(uid), "{uid}");
        }
    }
}
