//! Which `Patient` is the patient's: PatientID with the system of its issuer (PS3.3 10.14), or the
//! study where there is none and the settings say so.

use std::sync::{Arc, LazyLock};

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::{Identifier, Reference};

use super::super::edit::EditError;
use super::super::element::{self, system};
use super::super::fact::Fact;
use super::super::identifier;
use super::super::issuer::{Designator, Known, Whose, designator, stated};
use super::super::object::{Object, raw};
use super::super::reading::Reading;
use super::super::row::Row;
use super::super::{Issuer, PatientKey, Rules};
use super::other_ids;
use super::rows::ID;
use crate::options::{MissingId, Names, OnUnknownIssuer};
use radcast_dicom::{Dataset, Flawed, InvalidValue, Reason, usable, usable_if_any};
use radcast_engine::failure::Code;

/// PatientID with its system. An issuer that cannot be read leaves the identity open, and with it
/// the entry.
pub(super) fn read(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    let id = usable_if_any(reading.dataset.text(tags::PATIENT_ID));
    let (id, flaw) = match id {
        Ok((id, flaw)) => (Ok(id.and_then(stated)), flaw),
        Err(invalid) => (Err(invalid), None),
    };
    let is_placeholder = matches!(&id, Ok(Some(id)) if reading.rules.placeholder_ids.contains(id));
    let is_missing = is_placeholder || matches!(id, Ok(None));
    if is_missing && reading.rules.missing_id == MissingId::PerStudy {
        return of_study(reading).map(Box::new).map(Fact::Patient);
    }
    if is_placeholder {
        let invalid = InvalidValue::new(tags::PATIENT_ID, Reason::Placeholder);
        reading.refuse(Code::DicomPlaceholderId, invalid);
        return None;
    }
    let id = reading.accept(id);
    flaw.into_iter().for_each(|flaw| reading.reject(flaw));
    let issuer = reading.accept(issuer(reading.dataset).map(Some))?;
    let system = match system(&issuer, reading.rules) {
        Ok(system) => system,
        Err(UnknownIssuer) => {
            let invalid = InvalidValue::new(tags::PATIENT_ID, Reason::UnknownIssuer);
            reading.refuse(Code::DicomUnknownIssuer, invalid);
            return None;
        }
    };
    Some(Fact::Patient(Box::new(PatientKey {
        system: system.uri.map(Arc::from),
        id: id?.into(),
        of_study: false,
        issuer: system.issuer.map(Arc::from),
    })))
}

/// The identity of the patient of a study whose instances name none. The same UID in another
/// partition is another study, and another patient.
fn of_study(reading: &mut Reading<'_>) -> Option<PatientKey> {
    let uid = reading.dataset.uid(tags::STUDY_INSTANCE_UID).ok()??;
    let (system, id) = match reading.partition {
        None => (system::DICOM_UID.to_owned(), format!("urn:oid:{uid}")),
        partition => (reading.rules.study_system(partition), uid),
    };
    Some(PatientKey {
        system: Some(system.into()),
        id: id.into(),
        of_study: true,
        issuer: None,
    })
}

/// The system of a patient's id.
pub(super) struct System {
    /// Its URI; none where nobody is stated or home, and no system is configured.
    pub(super) uri: Option<String>,
    /// Whose it is, where the URI was made for this issuer and tells nobody.
    pub(super) issuer: Option<String>,
}

/// An issuer that is not known, and the settings let no such one pass.
pub(super) struct UnknownIssuer;

/// The system of what an issuer issued. Whoever is stated, and neither configured nor home, never
/// has the configured system.
pub(super) fn system(issuer: &Designator, rules: &Rules) -> Result<System, UnknownIssuer> {
    let of = |uri: Option<String>| System { uri, issuer: None };
    match issuer.whose(known(rules)) {
        Whose::Unstated if rules.issuer_as_system => Ok(of(None)),
        Whose::Unstated | Whose::Home => {
            let system = rules.patient_system.clone();
            Ok(of(system.filter(|system| !system.is_empty())))
        }
        Whose::System(system) => Ok(of(Some(system))),
        Whose::Unknown => match as_system(issuer, rules) {
            Some(text) => Ok(of(Some(text))),
            None if rules.on_unknown_issuer == OnUnknownIssuer::Fail => Err(UnknownIssuer),
            None => Ok(System {
                uri: Some(issuer.own_system()),
                issuer: issuer.name().map(str::to_owned),
            }),
        },
    }
}

/// The text of an issuer as its system, as dicom-cast took it; none that no URI can be.
fn as_system(issuer: &Designator, rules: &Rules) -> Option<String> {
    let alone = rules.issuer_as_system && issuer.universal.is_none();
    let text = issuer.local.as_ref().filter(|_| alone)?;
    text.bytes()
        .all(|byte| byte.is_ascii_graphic())
        .then(|| text.clone())
}

/// The issuers that are known by these rules.
fn known(rules: &Rules) -> Known<'_> {
    static NOBODY: LazyLock<Names> = LazyLock::new(Names::default);
    let by_text = rules.issuer_as_system;
    let home = if by_text {
        &NOBODY
    } else {
        &rules.home_issuers
    };
    Known {
        issuers: &rules.issuers,
        home,
        home_system: rules.patient_system.as_deref().filter(|_| !by_text),
    }
}

/// The issuer of a dataset's PatientID, unless it is a configured one.
pub(in crate::cast) fn new_issuer(dataset: &Dataset, rules: &Rules) -> Option<Issuer> {
    let is_stated = ID.iter().skip(1).any(|tag| dataset.element(*tag).is_some());
    if !is_stated {
        return None;
    }
    let (id, _) = usable_if_any(dataset.text(tags::PATIENT_ID)).ok()?;
    let id = id.and_then(stated)?;
    let (stated, _) = usable(issuer(dataset)).ok()?;
    let is_known = stated.is_configured(known(rules));
    if is_known || stated.name().is_none() || rules.placeholder_ids.contains(&id) {
        return None;
    }
    Some(Issuer {
        name: stated.local,
        universal_id: stated.universal,
    })
}

/// Who issued the PatientID of a dataset or of an item (Issuer of Patient ID Macro, PS3.3 10.14).
pub(super) fn issuer(dataset: &Dataset) -> Result<Designator, Flawed<Designator>> {
    let sequence = tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE;
    let mut items = dataset.sequence(sequence).into_iter();
    let qualifiers = items.next().transpose()?;
    if items.next().is_some() {
        return Err(InvalidValue::new(sequence, Reason::SeveralValues).into());
    }
    let (qualifiers, flaw) = match qualifiers {
        Some(item) => usable(designator(&item, sequence))?,
        None => (Designator::default(), None),
    };
    let (local, flaw_of_local) = usable_if_any(dataset.text(tags::ISSUER_OF_PATIENT_ID))?;
    let local = local.and_then(stated);
    let issuer = Designator {
        local: local.or(qualifiers.local),
        ..qualifiers
    };
    Flawed::judged(issuer, flaw_of_local.or(flaw))
}

/// Adds the identifier unless it is there. One that was another id of the patient becomes an own
/// one: the row of the other ids must not take it away.
pub(super) fn put(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Patient(key) = fact else {
        return Err(EditError::Build(row.element));
    };
    let kind = (!key.of_study).then_some("MR");
    let system = key.system.as_deref();
    if !is_identified(patient, key, false)? && identifier::carries(patient, system, &key.id)? {
        let own = element::identifier(kind, system, &key.id)?;
        return take_over(patient, row, &own);
    }
    if identifier::carries(patient, system, &key.id)? {
        return Ok(());
    }
    let mut new = element::identifier(kind, system, &key.id)?;
    new.assigner = key.issuer.as_deref().and_then(assigner);
    patient.push(row.element, &new)
}

/// The issuer by name.
pub(super) fn assigner(name: &str) -> Option<Reference> {
    let name = name.replace(char::is_control, " ");
    Reference::builder().display(name).build().ok()
}

/// Makes an identifier an own one: no mark of another id, and the type of an own one.
fn take_over(patient: &mut Object, row: &Row, own: &Identifier) -> Result<(), EditError> {
    let value = own.value.as_deref().unwrap_or_default();
    let mut items = patient.list(row.element)?;
    for (mut item, place) in patient.objects(row.element)?.into_iter().zip(&mut items) {
        if identifier::is(&item, own.system.as_deref(), value)? {
            item.remove("id");
            if let (None, Some(kind)) = (item.get("type"), &own.r#type) {
                item.set("type", kind)?;
            }
            *place = raw(row.element, &item)?;
        }
    }
    patient.set(row.element, &items)
}

/// Whether a patient is identified by the key; `by_others` also when it is one of the other ids
/// that entries gave it.
pub(super) fn is_identified(
    patient: &Object,
    key: &PatientKey,
    by_others: bool,
) -> Result<bool, EditError> {
    if by_others {
        return identifier::carries(patient, key.system.as_deref(), &key.id);
    }
    let mut own = Object::default();
    let mut items = Vec::new();
    for item in patient.objects("identifier")? {
        if !item.text("id")?.is_some_and(|id| other_ids::is_mark(&id)) {
            items.push(item);
        }
    }
    own.set_list("identifier", &items)?;
    identifier::carries(&own, key.system.as_deref(), &key.id)
}
