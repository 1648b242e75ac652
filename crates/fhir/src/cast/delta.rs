//! The changes of one study, folded.

use std::collections::BTreeSet;
use std::fmt;

use super::change::Attributes;
use super::row::{PutFacts, fill_all, put_all, put_values};
use super::{Change, PatientFacts, PatientKey, StudyKey};
use radcast_engine::feed::InstanceKey;

/// What has to become true of a study: instances to be gone, then what entries say, in order.
///
/// Deltas of one study are joined by [`Self::then`], which is associative. An instance that is
/// created and then deleted leaves its removal alone.
#[derive(Clone)]
pub struct StudyDelta {
    study: StudyKey,
    removed: BTreeSet<InstanceUids>,
    stored: Vec<Change>,
    late: bool,
    /// Whether what it takes back stays, because instances that it does not speak of may say it.
    takes_nothing: bool,
}

/// Which instance of the study.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct InstanceUids {
    pub(super) series: String,
    pub(super) instance: String,
}

impl InstanceUids {
    pub(super) fn of(change: &Change) -> Self {
        let key = change.key();
        Self {
            series: key.series.clone(),
            instance: key.instance.clone(),
        }
    }
}

impl StudyDelta {
    /// The delta of one change.
    #[must_use]
    pub fn of(change: Change) -> Self {
        let (study, late) = (change.study(), change.is_late());
        if change.attributes().is_some() {
            return Self {
                study,
                removed: BTreeSet::new(),
                stored: vec![change],
                late,
                takes_nothing: false,
            };
        }
        Self {
            study,
            removed: BTreeSet::from([InstanceUids::of(&change)]),
            stored: Vec::new(),
            late,
            takes_nothing: false,
        }
    }

    /// This delta and then a later one of the same study.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        if !later.removed.is_empty() {
            self.stored
                .retain(|change| !later.removed.contains(&InstanceUids::of(change)));
        }
        self.stored.extend(later.stored);
        self.removed.extend(later.removed);
        self.late &= later.late;
        self
    }

    /// Whether what an instance says can be read again beside the entries: they name no other patient.
    #[must_use]
    pub fn may_be_read_with(&self, again: &Change) -> bool {
        let named = self.stored.iter().filter_map(Change::patient);
        let mut named = named.filter(|key| !key.of_study);
        named.all(|key| again.patient() == Some(key))
    }

    /// This delta after what an instance says that is read again: the entries are newer.
    #[must_use]
    pub fn after_reading(self, again: Change) -> Self {
        Self::of(again.into_reread()).then(self)
    }

    /// The delta of the changes of one study, in the order of the feed; `None` without changes.
    pub fn fold(changes: impl IntoIterator<Item = Change>) -> Option<Self> {
        let mut changes = changes.into_iter();
        let first = Self::of(changes.next()?);
        Some(changes.fold(first, Self::and))
    }

    /// This delta and then the one of a change.
    fn and(mut self, change: Change) -> Self {
        if change.attributes().is_none() {
            return self.then(Self::of(change));
        }
        self.late &= change.is_late();
        self.stored.push(change);
        self
    }

    /// The study.
    #[must_use]
    pub fn study(&self) -> &StudyKey {
        &self.study
    }

    /// Whether newer changes were applied before it: see [`Change::into_late`].
    pub(super) fn is_late(&self) -> bool {
        self.late
    }

    /// How facts that several instances share come into a stored object.
    pub(super) fn way_of_facts(&self) -> PutFacts {
        match self {
            Self { late: true, .. } => fill_all,
            Self {
                takes_nothing: true,
                ..
            } => put_values,
            _ => put_all,
        }
    }

    /// As [`Self::way_of_facts`], of facts that are shared in one series.
    pub(super) fn way_of_series_facts(&self) -> PutFacts {
        if self.late { fill_all } else { put_all }
    }

    /// Whether what it takes back goes.
    pub(super) fn may_remove(&self) -> bool {
        !self.late && !self.takes_nothing
    }

    /// Whether it takes anything back that other instances of the study may say.
    pub(super) fn takes_back(&self) -> bool {
        let mut said = self.statements();
        said.any(|(_, said)| said.takes_back)
    }

    /// The same delta, that takes nothing back which other series may say.
    pub(super) fn without_taking_back(&self) -> Self {
        Self {
            takes_nothing: true,
            ..self.clone()
        }
    }

    /// What entries say, in order.
    pub(super) fn statements(&self) -> impl Iterator<Item = (&Change, &Attributes)> {
        let changes = self.stored.iter();
        changes.filter_map(|change| Some((change, change.attributes()?)))
    }

    /// The instances to be gone before anything is said about them again.
    pub(super) fn removed(&self) -> &BTreeSet<InstanceUids> {
        &self.removed
    }

    /// Whether an instance is among them.
    pub(super) fn removes(&self, series: &str, instance: &str) -> bool {
        !self.removed.is_empty() && {
            let (series, instance) = (series.to_owned(), instance.to_owned());
            self.removed.contains(&InstanceUids { series, instance })
        }
    }

    /// The deltas of each of which the entries name one patient, in order; none when this one is
    /// such. What becomes of a study whose entries name several depends on what is stored of it.
    #[must_use]
    pub fn parts(&self) -> Option<Vec<Self>> {
        let named = |change: &Change| change.patient().filter(|key| !key.of_study).cloned();
        let mut parts: Vec<(Option<PatientKey>, Self)> = Vec::new();
        for change in &self.stored {
            let key = named(change);
            match parts.last_mut() {
                Some((of, part)) if of.is_none() || key.is_none() || *of == key => {
                    *of = of.take().or(key);
                    part.stored.push(change.clone());
                }
                _ => parts.push((
                    key,
                    Self {
                        study: self.study.clone(),
                        removed: BTreeSet::new(),
                        stored: vec![change.clone()],
                        late: self.late,
                        takes_nothing: self.takes_nothing,
                    },
                )),
            }
        }
        let mut parts: Vec<_> = parts.into_iter().map(|(_, part)| part).collect();
        parts.first_mut()?.removed.clone_from(&self.removed);
        (parts.len() > 1).then_some(parts)
    }

    /// What the entries say that name no patient.
    pub(super) fn of_unnamed(&self) -> Self {
        let mut unnamed = self.clone();
        let is_unnamed = |key: &PatientKey| key.of_study;
        unnamed
            .stored
            .retain(|it| it.patient().is_some_and(is_unnamed));
        unnamed
    }

    /// Whether an update names this patient.
    pub(super) fn moves_to(&self, key: &PatientKey) -> bool {
        let mut naming = self.stored.iter().filter(|it| it.patient() == Some(key));
        naming.any(Change::is_correction)
    }

    /// Whether an entry names this patient, and not only an instance that is read again.
    pub(super) fn names_anew(&self, key: &PatientKey) -> bool {
        let mut naming = self.stored.iter().filter(|it| it.patient() == Some(key));
        naming.any(|change| !change.is_reread())
    }

    /// Whether the last that is said of an instance is said by an update.
    pub(super) fn updates(&self, key: &InstanceKey) -> bool {
        let said = self.stored.iter().rev().find(|it| it.key() == key);
        said.is_some_and(Change::is_update)
    }

    /// The patient of the study: the one named last; the unnamed one when nobody names any.
    pub(super) fn patient(&self) -> Option<&PatientFacts> {
        let last_first = || self.stored.iter().rev().filter_map(Change::patient_facts);
        let named = last_first().find(|facts| !facts.key().of_study);
        named.or_else(|| last_first().next())
    }
}

impl fmt::Debug for StudyDelta {
    /// Tells the study and how much is in the delta: what is in it is patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StudyDelta")
            .field("study", &self.study)
            .field("removed", &self.removed.len())
            .field("stored", &self.stored.len())
            .field("late", &self.late)
            .finish_non_exhaustive()
    }
}
