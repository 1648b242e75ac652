//! Which `ImagingStudy` is the study's.
//!
//! Every study carries its UID as DICOM identifier. UIDs may occur again in another data
//! partition, so a study outside the default one carries a second identifier, whose system names
//! the partition, and is found by that one alone. The study of the default partition is found by
//! its UID, and the studies of partitions among the answers are left aside. Where there are such
//! twins, the condition of its creation has to be the second identifier too.

use dicom_dictionary_std::tags;

use radcast_engine::failure::Failure;

use super::super::edit::EditError;
use super::super::element::system;
use super::super::identifier::{self, Token};
use super::super::mapping::{Derived, Origin};
use super::super::object::Object;
use super::super::query::Query;
use super::super::stored::Stored;
use super::super::{Resource, Rules, StudyKey};
use super::{TYPE, status};

/// The identifiers of a study, as rows of the mapping.
pub(super) const DERIVED: &[Derived] = &[
    Derived::new(
        "identifier",
        Origin::Entry,
        "system urn:dicom:uid, value urn:oid: and the UID",
    )
    .part("study UID")
    .tags(&[tags::STUDY_INSTANCE_UID]),
    Derived::new(
        "identifier",
        Origin::Settings,
        "outside the default data partition: the UID once more, in a system that names the partition",
    )
    .part("partition"),
];

/// The search for a study.
pub(crate) fn query(study: &StudyKey, rules: &Rules) -> Query {
    Identity::new(study, rules).create_query(false)
}

/// The identifiers of a study.
pub(super) struct Identity<'a> {
    study: &'a StudyKey,
    rules: &'a Rules,
    urn: String,
    scope: String,
}

impl<'a> Identity<'a> {
    pub(super) fn new(study: &'a StudyKey, rules: &'a Rules) -> Self {
        Self {
            study,
            rules,
            urn: format!("urn:oid:{}", study.uid()),
            scope: rules.study_system(study.partition()),
        }
    }

    /// The search that finds the study and no twin of it in another partition.
    pub(super) fn create_query(&self, has_twins: bool) -> Query {
        let query = Query::new(TYPE);
        if has_twins || self.study.partition().is_some() {
            query.token("identifier", Some(&self.scope), self.study.uid())
        } else {
            query.token("identifier", Some(system::DICOM_UID), &self.urn)
        }
    }

    /// The study among the found ones, and whether others are of partitions. One that is entered in
    /// error comes after one that is not.
    pub(super) fn find(&self, found: &[Resource]) -> Result<(Option<Stored>, bool), Failure> {
        let has_twins = std::cell::Cell::new(false);
        let wanted = |study: &Object| {
            let rank = u8::from(status::is_retracted(study)?);
            if self.study.partition().is_some() {
                let is_own = identifier::carries(study, Some(&self.scope), self.study.uid())?;
                return Ok(is_own.then_some(rank));
            }
            let tokens = identifier::tokens(study)?;
            let of_partition = self.are_of_partition(&tokens);
            has_twins.set(has_twins.get() || of_partition);
            let is_own = |token: &Token| token.is(Some(system::DICOM_UID), &self.urn);
            let is_own = tokens.iter().any(is_own) && !of_partition;
            Ok(is_own.then_some(rank))
        };
        let stored = Stored::best(found, &self.create_query(false), wanted)?;
        Ok((stored, has_twins.get()))
    }

    /// Adds the identifiers that the study has to carry.
    pub(super) fn ensure(&self, study: &mut Object) -> Result<(), EditError> {
        identifier::ensure(study, None, Some(system::DICOM_UID), &self.urn)?;
        if self.study.partition().is_some() {
            self.ensure_scoped(study)?;
        }
        Ok(())
    }

    /// Adds the identifier that tells it from its twins.
    pub(super) fn ensure_scoped(&self, study: &mut Object) -> Result<(), EditError> {
        identifier::ensure(study, None, Some(&self.scope), self.study.uid())
    }

    fn are_of_partition(&self, tokens: &[Token]) -> bool {
        let mut systems = tokens.iter().filter_map(|token| token.system.as_deref());
        systems.any(|system| self.rules.is_partition_study_system(system))
    }
}
