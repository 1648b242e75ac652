//! Whether what failed is tried again, and who has to ask for it.

use std::collections::BTreeMap;
use std::fmt;

use super::{Class, Code};

/// Who has to do what before a failed entry is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Nobody anything: it is tried again by itself. Once that was given up, as [`Self::OnSignal`].
    Auto,
    /// Something has to be repaired first, then somebody asks for the retry.
    OnSignal,
    /// No retry helps: the instance has to be stored anew, which the feed tells of.
    Never,
}

impl Disposition {
    /// The word that tables, settings and answers use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::OnSignal => "on-signal",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Code {
    /// Whether it is tried again unless the settings say otherwise.
    #[must_use]
    pub const fn disposition(self) -> Disposition {
        match self.class() {
            _ if self.is_mended_by_settings() => Disposition::OnSignal,
            Class::Transient | Class::Conflict | Class::Setup => Disposition::Auto,
            Class::Fhir | Class::Internal => Disposition::OnSignal,
            Class::Dicom => Disposition::Never,
        }
    }

    /// Whether an instance that fails so is taken as it is once the settings say more.
    const fn is_mended_by_settings(self) -> bool {
        matches!(self, Self::DicomPlaceholderId | Self::DicomUnknownIssuer)
    }
}

/// The dispositions in force: those of the codes, and what was chosen instead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dispositions(BTreeMap<Code, Disposition>);

impl Dispositions {
    /// With another disposition for a code.
    #[must_use]
    pub fn with(mut self, code: Code, disposition: Disposition) -> Self {
        self.0.insert(code, disposition);
        self
    }

    /// The disposition of a code.
    #[must_use]
    pub fn of(&self, code: Code) -> Disposition {
        self.0
            .get(&code)
            .copied()
            .unwrap_or_else(|| code.disposition())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r03_every_code_but_those_of_bad_instances_can_be_tried_again() {
        for code in Code::ALL {
            let never = code.disposition() == Disposition::Never;
            let is_bad = code.class() == Class::Dicom && !code.is_mended_by_settings();
            assert_eq!(never, is_bad, "{code}");
        }
        for code in [Code::DicomPlaceholderId, Code::DicomUnknownIssuer] {
            assert_eq!(code.disposition(), Disposition::OnSignal, "{code}");
        }
    }

    #[test]
    fn r35_lost_races_and_busy_servers_are_retried_without_being_asked_and_repairs_are_not() {
        for code in [Code::FhirConflict, Code::FhirTooBusy, Code::DicomTooBusy] {
            assert_eq!(code.disposition(), Disposition::Auto, "{code}");
        }
        for code in [
            Code::FhirMultipleMatches,
            Code::FhirInvalidResource,
            Code::FhirRejected,
            Code::FhirInvalidResponse,
        ] {
            assert_eq!(code.disposition(), Disposition::OnSignal, "{code}");
        }
    }

    #[test]
    fn a_choice_wins_over_the_disposition_of_its_code_alone() {
        let chosen = Dispositions::default().with(Code::FhirRejected, Disposition::Never);
        assert_eq!(chosen.of(Code::FhirRejected), Disposition::Never);
        assert_eq!(chosen.of(Code::FhirTooLarge), Disposition::OnSignal);
    }
}
