//! Which Observations are those of an instance, and which of them is which.
//!
//! All Observations of an instance carry its SOP Instance UID as identifier, so that one search
//! finds them; an irradiation event carries its own UID too. Outside the default partition, where
//! equal UIDs may occur again, they carry one more, whose system names the partition, and are
//! found by that. Where there are such twins, those of the default partition are created by it
//! too. The condition of a creation has the code as well, which tells the summary from the events.

use serde_json::Value;

use super::super::edit::EditError;
use super::super::element::system;
use super::super::identifier;
use super::super::object::Object;
use super::super::query::Query;
use super::super::{Rules, StudyKey};
use super::TYPE;
use super::concept::Concept;
use super::dose::tables;
use super::rows::says_code;
use super::said::Which;

/// The identity of an instance among those of its service.
pub(super) struct Identity<'a> {
    study: &'a StudyKey,
    rules: &'a Rules,
    instance: &'a str,
}

impl<'a> Identity<'a> {
    pub(super) fn new(study: &'a StudyKey, instance: &'a str, rules: &'a Rules) -> Self {
        Self {
            study,
            rules,
            instance,
        }
    }

    /// The token that finds the Observations of the instance: system and value.
    pub(super) fn token(&self, has_twins: bool) -> (String, String) {
        if has_twins || self.study.partition().is_some() {
            (self.scope(), self.instance.to_owned())
        } else {
            dicom_uid(self.instance)
        }
    }

    fn scope(&self) -> String {
        self.rules.instance_system(self.study.partition())
    }

    /// The condition under which one of them is created.
    pub(super) fn create_query(&self, which: &Which, has_twins: bool) -> Query {
        let (system, value) = self.token(has_twins);
        let mut query = Query::new(TYPE).token("identifier", Some(&system), &value);
        if let Which::IrradiationEvent(uid) = which {
            let (system, value) = dicom_uid(uid);
            query = query.token("identifier", Some(&system), &value);
        }
        let code = code(which);
        query.token("code", Some(code.scheme.system()), code.code)
    }

    /// Adds the identifiers that one of them has to carry; one that was created beside twins has
    /// the partition's too.
    pub(super) fn ensure(
        &self,
        observation: &mut Object,
        which: &Which,
        is_scoped: bool,
    ) -> Result<(), EditError> {
        let add = |observation: &mut Object, (system, value): (String, String)| {
            identifier::ensure(observation, None, Some(&system), &value)
        };
        add(observation, dicom_uid(self.instance))?;
        if let Which::IrradiationEvent(uid) = which {
            add(observation, dicom_uid(uid))?;
        }
        if is_scoped || self.study.partition().is_some() {
            add(observation, self.token(true))?;
        }
        Ok(())
    }

    /// Whether an Observation that carries [`Self::token`] is the instance's, and not that of its
    /// twin in another partition.
    pub(super) fn is_of_instance(&self, observation: &Object) -> Result<bool, EditError> {
        Ok(self.study.partition().is_some() || !self.is_of_partition(observation)?)
    }

    fn is_of_partition(&self, observation: &Object) -> Result<bool, EditError> {
        let tokens = identifier::tokens(observation)?;
        let mut systems = tokens.iter().filter_map(|token| token.system.as_deref());
        Ok(systems.any(|system| self.rules.is_partition_instance_system(system)))
    }

    /// Which of the instance's Observations it is, by its code and identifiers: none for what
    /// somebody else says about the instance, several where somebody else added UIDs.
    pub(super) fn which(&self, observation: &Object) -> Result<Vec<Which>, EditError> {
        if has_code(observation, &tables::SUMMARY)? {
            return Ok(vec![Which::DoseSummary]);
        }
        if !has_code(observation, &tables::EVENT)? {
            return Ok(Vec::new());
        }
        let tokens = identifier::tokens(observation)?.into_iter();
        let uids = tokens.filter(|token| token.system.as_deref() == Some(system::DICOM_UID));
        let uids = uids.filter_map(|token| {
            let value = token.value?;
            let uid = value.strip_prefix("urn:oid:")?;
            (uid != self.instance).then(|| Which::IrradiationEvent(uid.into()))
        });
        let uids: Vec<_> = uids.collect();
        let only = || vec![Which::IrradiationEvent(self.instance.into())];
        Ok(if uids.is_empty() { only() } else { uids })
    }
}

/// `urn:dicom:uid` and `urn:oid:…`
pub(super) fn dicom_uid(uid: &str) -> (String, String) {
    (system::DICOM_UID.to_owned(), format!("urn:oid:{uid}"))
}

fn code(which: &Which) -> &'static Concept {
    match which {
        Which::DoseSummary => &tables::SUMMARY,
        Which::IrradiationEvent(_) => &tables::EVENT,
    }
}

/// Whether `code` has the concept among its codings.
pub(super) fn has_code(observation: &Object, concept: &Concept) -> Result<bool, EditError> {
    let code: Option<Value> = observation.decode("code")?;
    Ok(code.is_some_and(|code| says_code(&code, &concept.codeable(&[]))))
}
