//! What one entry of the feed says.

use std::fmt;
use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::options::Validation;
use radcast_dicom::{Dataset, InvalidValue, is_uid, keyword};
use radcast_engine::failure::{Code, Failure};
use radcast_engine::feed::InstanceKey;

use super::fact::Facts;
use super::reading::Reading;
use super::recent::Memory;
use super::table::{Source, TABLES};
use super::{PatientFacts, PatientKey, Rules, StudyKey, observation};

/// What happened to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was stored.
    Create,
    /// Its attributes were changed in place.
    Update,
    /// It was deleted.
    Delete,
}

/// What one entry says: the mapped facts, no dataset. Cheap to clone.
#[derive(Clone)]
pub struct Change {
    content: Arc<Content>,
    late: bool,
    /// Whether the instance was stored before and is read again, see [`Self::into_reread`].
    reread: bool,
}

struct Content {
    sequence: u64,
    key: InstanceKey,
    study: StudyKey,
    is_update: bool,
    /// `None` for a delete.
    attributes: Option<Attributes>,
    warnings: Vec<InvalidValue>,
}

/// The facts, table by table.
pub(super) struct Attributes {
    pub(super) patient: PatientFacts,
    pub(super) study: Facts,
    pub(super) series: Facts,
    pub(super) instance: Facts,
    pub(super) observations: observation::Statements,
    pub(super) body: Facts,
    /// Whether anything was taken back that other instances of the study may say.
    pub(super) takes_back: bool,
}

impl Change {
    /// Reads an entry. The dataset of a delete is not looked at.
    ///
    /// # Errors
    /// `dicom.missing-attribute` when the UIDs of the key are no UIDs, when a create or update comes
    /// without dataset, or when the UIDs, PatientID, Modality or SOPClassUID of the dataset are
    /// missing or invalid, or the UIDs not those of the key; `dicom.placeholder-id` and
    /// `dicom.unknown-issuer` where that is all that is wrong with PatientID; `dicom.invalid-value` when only values
    /// of other mapped attributes are invalid and validation is full. Either names every attribute
    /// that is missing or invalid.
    pub fn read(
        sequence: u64,
        key: InstanceKey,
        action: Action,
        dataset: Option<&Dataset>,
        rules: &Rules,
    ) -> Result<Self, Failure> {
        Self::read_with(
            sequence,
            key,
            action,
            dataset,
            rules,
            &mut Memory::default(),
        )
    }

    /// As [`Change::read`], by the same rules as ever with this memory.
    pub(super) fn read_with(
        sequence: u64,
        key: InstanceKey,
        action: Action,
        dataset: Option<&Dataset>,
        rules: &Rules,
        memory: &mut Memory,
    ) -> Result<Self, Failure> {
        let study = memory.study_of(&key);
        let mut missing = no_uids(&key);
        let (attributes, warnings) = match (action, dataset) {
            (Action::Create | Action::Update, Some(dataset)) => {
                let source = Source {
                    dataset,
                    partition: study.partition(),
                    rules,
                    empties: action == Action::Update,
                };
                let (attributes, warnings) = read_attributes(&key, missing, source, memory)?;
                (Some(attributes), warnings)
            }
            (Action::Create | Action::Update, None) => {
                missing.push("the entry comes without metadata".to_owned());
                return Err(refused(&missing, &[], None));
            }
            (Action::Delete, _) if missing.is_empty() => (None, Vec::new()),
            (Action::Delete, _) => return Err(refused(&missing, &[], None)),
        };
        let content = Content {
            sequence,
            key,
            study,
            is_update: action == Action::Update,
            attributes,
            warnings,
        };
        Ok(Self {
            content: Arc::new(content),
            late: false,
            reread: false,
        })
    }

    /// The same change, to be applied alone and after newer ones: of patient, study and series it
    /// only says what nobody else has said. Its own instance is brought in step as ever.
    #[must_use]
    pub fn into_late(self) -> Self {
        Self { late: true, ..self }
    }

    /// The same change, of an instance that is there already and is read again to say what holds: it
    /// corrects, as an update does.
    #[must_use]
    pub(super) fn into_reread(self) -> Self {
        Self {
            reread: true,
            ..self
        }
    }

    /// Sequence of the entry in the feed.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.content.sequence
    }

    /// The instance.
    #[must_use]
    pub fn key(&self) -> &InstanceKey {
        &self.content.key
    }

    /// The study of the instance.
    #[must_use]
    pub fn study(&self) -> StudyKey {
        self.content.study.clone()
    }

    /// The patient; `None` for a delete.
    #[must_use]
    pub fn patient(&self) -> Option<&PatientKey> {
        self.patient_facts().map(PatientFacts::key)
    }

    /// What is said about the patient; `None` for a delete.
    #[must_use]
    pub fn patient_facts(&self) -> Option<&PatientFacts> {
        self.attributes().map(|attributes| &attributes.patient)
    }

    /// Invalid values of optional attributes, which are not used.
    #[must_use]
    pub fn warnings(&self) -> &[InvalidValue] {
        &self.content.warnings
    }

    /// Whether it corrects what was said before.
    pub(super) fn is_update(&self) -> bool {
        self.reread || self.content.is_update
    }

    /// Whether the instance was stored before and is read again.
    pub(super) fn is_reread(&self) -> bool {
        self.reread
    }

    /// Whether the service was told to correct the instance: that may move a study to another patient,
    /// which the same words read again may not.
    pub(super) fn is_correction(&self) -> bool {
        self.content.is_update
    }

    pub(super) fn is_late(&self) -> bool {
        self.late
    }

    pub(super) fn attributes(&self) -> Option<&Attributes> {
        self.content.attributes.as_ref()
    }
}

impl fmt::Debug for Change {
    /// Tells sequence, UIDs and kind: the facts are patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("sequence", &self.content.sequence)
            .field("key", &self.content.key)
            .field("removed", &self.content.attributes.is_none())
            .field("late", &self.late)
            .field("warnings", &self.content.warnings)
            .finish_non_exhaustive()
    }
}

fn read_attributes(
    key: &InstanceKey,
    missing: Vec<String>,
    source: Source<'_>,
    memory: &mut Memory,
) -> Result<(Attributes, Vec<InvalidValue>), Failure> {
    let mut reading = Reading::of(source);
    let are_uids = missing.is_empty();
    reading.missing = missing;
    for (tag, uid) in uids(key) {
        if !are_uids || !source.dataset.plainly_says_uid(tag, uid) {
            reading.require_uid(tag, uid);
        }
    }
    let patient = reading.take(memory.patient.read(&TABLES.patient, source));
    let study = reading.take(memory.study.read(&TABLES.study, source));
    let series = reading.take(memory.series(source));
    let instance = read_instance(&mut reading, source, memory);
    let observations = observation::read(&mut reading);
    let body = read_body(&mut reading, source, memory);
    let Reading {
        invalid,
        missing,
        refusal,
        ..
    } = reading;
    let validation = source.rules.validation;
    let usable = missing.is_empty() && (invalid.is_empty() || validation == Validation::Partial);
    match PatientFacts::of(patient).filter(|_| usable) {
        Some(patient) => {
            let shared = [patient.facts(), &study];
            let takes_back = source.empties && shared.iter().any(|facts| facts.have_emptied());
            let attributes = Attributes {
                patient,
                study,
                series,
                instance,
                observations,
                body,
                takes_back,
            };
            Ok((attributes, invalid))
        }
        None => Err(refused(&missing, &invalid, refusal)),
    }
}

/// The facts of the instance itself, joined.
fn read_instance(reading: &mut Reading<'_>, source: Source<'_>, memory: &mut Memory) -> Facts {
    let class = reading.take(memory.class.read(&TABLES.class, source));
    // Another one in each entry.
    let mut number = TABLES.number.rows.iter();
    let number = number.next().and_then(|row| row.fact(reading));
    let title = reading.take(memory.title.read(&TABLES.title, source));
    Facts(Arc::new([
        class.get(0).cloned(),
        number,
        title.get(0).cloned(),
    ]))
}

fn read_body(reading: &mut Reading<'_>, source: Source<'_>, memory: &mut Memory) -> Facts {
    if !source.rules.body_observations {
        return Facts::default();
    }
    let facts = reading.take(memory.body.read(&TABLES.body, source));
    if observation::body::is_measured(&facts) {
        facts
    } else {
        Facts::default()
    }
}

/// The failure that names all that is missing or invalid. `refusal` is the closer word for what is
/// missing, where that is one thing.
fn refused(missing: &[String], invalid: &[InvalidValue], refusal: Option<Code>) -> Failure {
    let code = match missing {
        [] => Code::DicomInvalidValue,
        [_] => refusal.unwrap_or(Code::DicomMissingAttribute),
        _ => Code::DicomMissingAttribute,
    };
    let invalid = invalid.iter().map(ToString::to_string);
    let all: Vec<_> = missing.iter().cloned().chain(invalid).collect();
    Failure::new(code, all.join("; "))
}

fn uids(key: &InstanceKey) -> [(Tag, &str); 3] {
    [
        (tags::STUDY_INSTANCE_UID, &key.study),
        (tags::SERIES_INSTANCE_UID, &key.series),
        (tags::SOP_INSTANCE_UID, &key.instance),
    ]
}

/// One phrase for each part of the key that is no UID.
fn no_uids(key: &InstanceKey) -> Vec<String> {
    let invalid = uids(key).into_iter().filter(|(_, uid)| !is_uid(uid));
    invalid
        .map(|(tag, _)| format!("{} {tag} of the entry is missing or no UID", keyword(tag)))
        .collect()
}
