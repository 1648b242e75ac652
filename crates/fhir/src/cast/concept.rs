//! Coded concepts as FHIR writes them.

use fhir_model::r4b::types::{CodeableConcept, Coding};

use super::element::{self, system};
use super::terminology::{Code, CodedItem};
use radcast_dicom::CodedConcept;

/// `Coding`; none when nothing tells the code's system.
pub(super) fn coding(concept: &CodedConcept) -> Option<Coding> {
    let code = code(concept)?;
    let mut coding = element::coding(&code.system, &code.code).ok()?;
    coding.display = code.display.map(|display| display.into_owned());
    // Versions of registered systems have their own form, which is not DICOM's.
    if code.system.starts_with("urn:dicom:scheme:") {
        coding.version.clone_from(&concept.scheme_version);
    }
    Some(coding)
}

/// `CodeableConcept`: the code, and in words what it means.
pub(super) fn codeable(concept: &CodedConcept) -> Option<CodeableConcept> {
    let coding = coding(concept)?;
    let text = coding.display.clone();
    element::concept(Some(coding), text).ok()
}

/// The system of a code alone.
pub(super) fn system(concept: &CodedConcept) -> Option<String> {
    code(concept).map(|code| code.system.into_owned())
}

/// The code under its system; none when nothing tells the system.
pub(super) fn code(concept: &CodedConcept) -> Option<Code> {
    let CodedConcept {
        value,
        scheme,
        scheme_uid,
        meaning,
        ..
    } = concept;
    if scheme.is_none() && scheme_uid.is_none() {
        return Some(Code {
            system: system::URI.into(),
            code: value.clone().into(),
            display: meaning.clone().map(Into::into),
        });
    }
    Code::of(CodedItem {
        value,
        designator: scheme.as_deref().unwrap_or_default(),
        uid: scheme_uid.as_deref(),
        meaning: meaning.as_deref(),
    })
}
