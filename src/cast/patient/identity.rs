//! Which `Patient` is the patient's: PatientID with the system of its issuer (PS3.3 10.14), or the
//! study where there is none and the settings say so.

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::Identifier;

use super::super::PatientKey;
use super::super::edit::EditError;
use super::super::element::{self, system};
use super::super::fact::Fact;
use super::super::identifier;
use super::super::issuer::Designator;
use super::super::object::{Object, raw};
use super::super::reading::Reading;
use super::super::row::Row;
use super::other_ids;
use crate::dicom::{Dataset, InvalidValue};
use crate::settings::MissingId;

/// PatientID with its system. An issuer that cannot be read, and might decide the system, leaves
/// the identity open, and with it the entry.
pub(super) fn read(reading: &mut Reading<'_>, _: &'static [Tag]) -> Option<Fact> {
    let read = reading.dataset.text(tags::PATIENT_ID);
    let is_missing = matches!(read, Ok(None));
    if is_missing && reading.rules.missing_id == MissingId::PerStudy {
        return of_study(reading).map(Box::new).map(Fact::Patient);
    }
    let id = reading.accept(read);
    let system = system(reading)?.filter(|system| !system.is_empty());
    Some(Fact::Patient(Box::new(PatientKey {
        system: system.map(Arc::from),
        id: id?.into(),
        of_study: false,
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
    })
}

/// The system of PatientID; `None` when it cannot be told.
///
/// Where `Patient:PatientSystemId` is configured and no issuers are, nobody's issuer is looked at:
/// dicom-cast's patients have that system.
pub(super) fn system(reading: &mut Reading<'_>) -> Option<Option<String>> {
    let rules = reading.rules;
    let decides = rules.issuer_as_system || rules.issuers.systems().next().is_some();
    if !decides && rules.patient_system.is_some() {
        return Some(rules.patient_system.clone());
    }
    let issuer = match issuer(reading.dataset) {
        Ok(issuer) => issuer,
        Err(invalid) => {
            reading.reject(invalid);
            return (!decides).then_some(None);
        }
    };
    Some(if rules.issuer_as_system {
        issuer.system(&rules.issuers).or(issuer.local)
    } else {
        let configured = issuer.configured(&rules.issuers).map(str::to_owned);
        let universal = || issuer.system(&rules.issuers);
        configured
            .or_else(|| rules.patient_system.clone())
            .or_else(universal)
    })
}

/// Who issued the PatientID of a dataset or of an item (Issuer of Patient ID Macro, PS3.3 10.14).
pub(super) fn issuer(dataset: &Dataset) -> Result<Designator, InvalidValue> {
    let sequence = tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE;
    let qualifiers = dataset.items(sequence).into_iter().next();
    let qualifiers = qualifiers.map(|item| super::super::issuer::designator(&item, sequence));
    Ok(Designator {
        local: dataset.text(tags::ISSUER_OF_PATIENT_ID)?,
        ..qualifiers.transpose()?.unwrap_or_default()
    })
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
    identifier::ensure(patient, kind, system, &key.id)
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
