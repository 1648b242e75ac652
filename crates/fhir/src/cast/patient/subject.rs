//! Whose a study is: the patient's whom entries name, or the one's whom the stored study has.
//!
//! | the stored study is | entries name the patient | it becomes |
//! |---|---|---|
//! | nobody's, the patient's, one's who was merged into the patient | | the patient's |
//! | another patient's | in an update | the patient's, with a notice |
//! | another patient's who is not there any more | | the patient's, with a notice |
//! | another patient's, and all instances name or come with another one by now | | the patient's, with a notice |
//! | another patient's | otherwise | as `ImagingStudy:OnOtherPatient` says |
//! | another patient's | late, after newer entries | nobody else's |
//! | another patient's | by an instance that is read again | nobody else's, unless all instances name another one |

use dicom_dictionary_std::tags;

use crate::options::OnOtherPatient;
use radcast_dicom::keyword;
use radcast_engine::failure::{Code, Failure, OmittedValue};

use super::super::imaging_study::{self, StoredSubject};
use super::super::stored::Stored;
use super::super::{Found, Merged, Notice, PatientKey, ResourceName, Rules, StudyDelta, reference};
use super::holder::{People, Unresolved};
use super::{put, query};

/// Whose a study is.
pub(in crate::cast) struct Subject {
    /// Reference to the patient.
    pub(in crate::cast) reference: String,
    pub(in crate::cast) whose: Whose,
}

/// Whose a study is by the word of the entries that name a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cast) enum Whose {
    /// That patient's, as before.
    Named,
    /// That patient's, and another one's before.
    Moved,
    /// Another patient's: the entries speak for their own instances alone.
    Other,
}

/// Decides whose the study is, and brings that patient in step.
pub(in crate::cast) fn merge(
    delta: &StudyDelta,
    key: &PatientKey,
    found: &Found,
    rules: &Rules,
    merged: &mut Merged,
) -> Result<Subject, Failure> {
    let people = People::of(found, rules);
    let holder = people.holder(key, &query(key));
    let holder = holder.map_err(Unresolved::into_failure)?;
    let patient = holder.as_ref().map(|holder| &holder.stored);
    let stored = imaging_study::stored_subject(delta.study(), &found.study, rules)?;
    let other = stored.filter(|stored| !is_same(stored, key, patient, &people));
    let mut whose = Whose::Named;
    if let Some(other) = other {
        let (name, kept) = (other.to_string(), other.reference.clone());
        let moves = !key.of_study && moves(delta, key, &other, found, rules)?;
        match kept {
            Some(reference) if key.of_study => return Ok(Subject { reference, whose }),
            Some(reference) if !moves && !fails(delta, key, rules) => {
                note(delta, key, &name, merged);
                let whose = Whose::Other;
                return Ok(Subject { reference, whose });
            }
            _ if !moves => return Err(refused(delta, key, &name)),
            _ => {}
        }
        whose = Whose::Moved;
        merged.notices.push(Notice::StudyMoved {
            study: delta.study().clone(),
            from: name,
            instance: speaker(delta, key),
        });
    }
    let reference = put(delta, key, holder, rules, merged)?;
    Ok(Subject { reference, whose })
}

/// The patient of the stored study, who has to be read where that may be the one that is named.
pub(super) fn follow_up(
    delta: &StudyDelta,
    key: &PatientKey,
    found: &Found,
    rules: &Rules,
) -> Option<ResourceName> {
    if key.of_study || delta.is_late() {
        return None;
    }
    let stored = imaging_study::stored_subject(delta.study(), &found.study, rules);
    let reference = stored.ok()??.reference?;
    let name = ResourceName::of(&reference, rules.fhir_base.as_deref())?;
    (name.resource_type == super::TYPE).then_some(name)
}

/// Whether the patient of the stored study is the one that is named.
fn is_same(
    stored: &StoredSubject,
    key: &PatientKey,
    patient: Option<&Stored>,
    people: &People<'_>,
) -> bool {
    let Some(reference) = &stored.reference else {
        let identifier = stored.identifier.as_ref();
        return identifier.is_none_or(|it| it.is(key.system.as_deref(), &key.id));
    };
    let Some(patient) = patient else {
        return false;
    };
    reference::same(reference, &patient.reference())
        || people.is_replaced_by(reference, &patient.id)
}

/// Whether the study becomes the named patient's whatever the settings say, or by them.
fn moves(
    delta: &StudyDelta,
    key: &PatientKey,
    other: &StoredSubject,
    found: &Found,
    rules: &Rules,
) -> Result<bool, Failure> {
    if delta.is_late() {
        return Ok(false);
    }
    let is_by_setting = rules.on_other_patient == OnOtherPatient::Move && delta.names_anew(key);
    Ok(delta.moves_to(key)
        || is_by_setting
        || People::of(found, rules).is_gone(other.reference.as_deref())
        || imaging_study::is_unclaimed(delta, &found.study, rules)?)
}

/// Whether the entries are refused because they name another patient. What is read again is no
/// entry: the one by which it is read only removes.
fn fails(delta: &StudyDelta, key: &PatientKey, rules: &Rules) -> bool {
    rules.on_other_patient == OnOtherPatient::Fail && delta.names_anew(key)
}

/// Notes that the entries name another patient than the study has.
fn note(delta: &StudyDelta, key: &PatientKey, subject: &str, merged: &mut Merged) {
    merged.notices.push(Notice::OtherPatient {
        study: delta.study().clone(),
        subject: subject.to_owned(),
        instance: speaker(delta, key),
    });
    let omitted = || OmittedValue {
        tag: tags::PATIENT_ID.to_string(),
        keyword: keyword(tags::PATIENT_ID).to_owned(),
        reason: "is of another patient than the study, of which the instance became part"
            .to_owned(),
        is_kept: false,
    };
    let naming = delta.statements();
    let naming = naming.filter(|(it, said)| said.patient.key() == key && !it.is_reread());
    let omitted = naming.map(|(change, _)| (change.sequence(), omitted()));
    merged.omitted.extend(omitted);
}

fn refused(delta: &StudyDelta, key: &PatientKey, subject: &str) -> Failure {
    let message = format!(
        "the instance {} names another patient than {subject}, who has study {}",
        speaker(delta, key),
        delta.study().uid()
    );
    Failure::new(Code::FhirOtherPatient, message)
}

/// The instance that named the patient last.
fn speaker(delta: &StudyDelta, key: &PatientKey) -> String {
    let naming = delta.statements();
    let naming = naming.filter(|(_, said)| said.patient.key() == key);
    let last = naming.last().map(|(change, _)| change.key());
    last.map_or_else(String::new, |key| key.instance.clone())
}
