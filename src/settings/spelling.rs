//! Which known setting an unknown key was probably meant to be.

use strsim::damerau_levenshtein;

use super::setting::Setting;
use super::table;

/// The nearest known path: by spelling or, failing that, the same key in another section.
pub(super) fn nearest_setting(path: &str) -> Option<&'static str> {
    let path = path.to_lowercase();
    named()
        .map(|setting| (distance(&path, setting.path), setting.path))
        .filter(|(distance, known)| *distance <= known.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
        .or_else(|| moved(&path))
}

/// The known section that this one is a misspelling of. Stricter than for whole paths: variables
/// of other programs are about as well.
pub(super) fn nearest_section(section: &str) -> Option<&'static str> {
    table::sections().into_iter().find(|known| {
        let distance = distance(&section.to_lowercase(), known);
        (1..=known.len() / 6).contains(&distance)
    })
}

fn moved(path: &str) -> Option<&'static str> {
    let mut alike = named().filter(|setting| leaf(setting.path).eq_ignore_ascii_case(leaf(path)));
    let only = alike.next()?;
    alike.next().is_none().then_some(only.path)
}

fn named() -> impl Iterator<Item = &'static Setting> {
    table::ALL
        .iter()
        .filter(|setting| !setting.path.ends_with('*'))
}

fn distance(lower: &str, known: &str) -> usize {
    damerau_levenshtein(lower, &known.to_lowercase())
}

fn leaf(path: &str) -> &str {
    path.rsplit(':').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_leads_to_the_nearest_known_one() {
        assert_eq!(nearest_setting("Fhir:Endpont"), Some("Fhir:Endpoint"));
        assert_eq!(nearest_setting("Dicom:Endpoint"), Some("DicomWeb:Endpoint"));
        assert_eq!(
            nearest_setting("dicomcastworker:maxconcurency"),
            Some("DicomCastWorker:MaxConcurrency")
        );
    }

    #[test]
    fn a_key_in_the_wrong_section_leads_to_the_right_one() {
        assert_eq!(
            nearest_setting("DicomWeb:PollInterval"),
            Some("DicomCastWorker:PollInterval")
        );
        assert_eq!(
            nearest_setting("DicomCast:EnforceValidationOfTagValues"),
            Some("DicomCast:Features:EnforceValidationOfTagValues")
        );
    }

    #[test]
    fn a_key_like_no_other_leads_nowhere() {
        assert_eq!(nearest_setting("Serilog:WriteTo"), None);
        assert_eq!(
            nearest_setting("Kestrel:Endpoint"),
            None,
            "three settings end so"
        );
    }

    #[test]
    fn a_section_is_recognised_with_one_slip_only() {
        assert_eq!(nearest_section("DicomWebb"), Some("DicomWeb"));
        assert_eq!(nearest_section("DicomWeb"), None, "right is not misspelt");
        assert_eq!(nearest_section("Core"), None);
    }
}
