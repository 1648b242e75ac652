//! The `Patient` that an identifier stands for, among those that carry it.
//!
//! | the patient | finds | is corrected by entries |
//! |---|---|---|
//! | carries the identifier | yes | yes |
//! | carries it as another id, which an entry gave | when no other does | yes |
//! | carries it with `use` = `old` | when nobody carries it as their own | no |
//! | took the place of one that carries it (`link.type` = `replaced-by`) | as that one | no |
//! | is inactive | when nobody active does | no |
//!
//! Links are followed through patients that were read, not through what a search says of them.

use radcast_engine::failure::{Code, Failure};

use super::super::edit::EditError;
use super::super::identifier;
use super::super::object::Object;
use super::super::query::Query;
use super::super::stored::{Stored, multiple};
use super::super::{Found, PatientKey, Resource, ResourceName, Rules};
use super::{TYPE, other_ids};

/// The most links that are followed from a merged patient to the one in its place.
const MAX_LINKS: usize = 8;

/// The patient that an identifier stands for.
pub(super) struct Holder {
    pub(super) stored: Stored,
    /// Whether the patient has the identifier as a present one, and is not found in the place of
    /// somebody who was merged.
    pub(super) is_known_by_own_id: bool,
    /// Whether the patient is in use.
    pub(super) is_active: bool,
}

/// How a patient has an identifier, the best way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Own,
    Old,
    Other,
}

/// A patient that an identifier may stand for.
struct Candidate<'a> {
    way: Way,
    patient: &'a Resource,
    is_survivor: bool,
    is_active: bool,
}

impl Candidate<'_> {
    /// The lower the better. Another id is an entry's word, and comes after all that the patients'
    /// own system says.
    fn rank(&self) -> (bool, bool, Way) {
        (self.way == Way::Other, !self.is_active, self.way)
    }
}

/// Why a patient cannot be told.
pub(super) enum Unresolved {
    /// These have to be read first.
    Unread(Vec<ResourceName>),
    /// What is stored does not tell.
    Failed(Failure),
}

impl Unresolved {
    /// The failure of a merge, for which all that can be read was read.
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::Unread(names) => {
                let names: Vec<_> = names.iter().map(ToString::to_string).collect();
                broken(&format!("{} could not be read", names.join(", ")))
            }
        }
    }
}

impl From<Failure> for Unresolved {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Patients as they were found and read.
pub(super) struct People<'a> {
    found: &'a Found,
    rules: &'a Rules,
}

impl<'a> People<'a> {
    pub(super) fn of(found: &'a Found, rules: &'a Rules) -> Self {
        Self { found, rules }
    }

    /// All of them, each once. What was read counts before what was found.
    fn all(&self) -> Vec<&'a Resource> {
        let read = self.found.read.iter().filter_map(|(_, it)| it.as_ref());
        let all = read.chain(&self.found.patient);
        let mut distinct: Vec<&Resource> = Vec::new();
        for patient in all.filter(|it| it.resource_type().as_deref() == Some(TYPE)) {
            let id = patient.id();
            if id.is_none() || !distinct.iter().any(|known| known.id() == id) {
                distinct.push(patient);
            }
        }
        distinct
    }

    /// Whether the patient of a reference was merged into another one.
    pub(super) fn is_replaced_by(&self, reference: &str, id: &str) -> bool {
        let name = ResourceName::of(reference, self.rules.fhir_base.as_deref());
        let of_name = |name: ResourceName| {
            let known = self.all().into_iter();
            known.into_iter().find(|it| name_of(it) == name)
        };
        let survivor = name.and_then(of_name).map(|first| self.survivor(first));
        survivor.is_some_and(|it| it.is_ok_and(|it| it.id().as_deref() == Some(id)))
    }

    /// The patients that have to be read to know who is in the place of one, that one first.
    pub(super) fn unread_survivors(&self, name: Option<ResourceName>) -> Vec<ResourceName> {
        let Some(name) = name else {
            return Vec::new();
        };
        let mut known = self.all().into_iter();
        match known.find(|it| name_of(it) == name) {
            None => vec![name],
            Some(first) => match self.survivor(first) {
                Err(Unresolved::Unread(names)) => names,
                Err(Unresolved::Failed(_)) | Ok(_) => Vec::new(),
            },
        }
    }

    /// Whether a patient was read.
    pub(super) fn knows(&self, name: &ResourceName) -> bool {
        self.found.read.iter().any(|(read, _)| read == name)
    }

    /// Whether a read showed that there is no patient of this reference.
    pub(super) fn is_gone(&self, reference: Option<&str>) -> bool {
        let base = self.rules.fhir_base.as_deref();
        let name = reference.and_then(|reference| ResourceName::of(reference, base));
        let mut read = self.found.read.iter();
        name.is_some_and(|name| read.any(|(read, it)| *read == name && it.is_none()))
    }

    /// The patient of this name as it was read.
    fn read(&self, name: &ResourceName) -> Result<&'a Resource, Unresolved> {
        let read = self.found.read.iter().find(|(read, _)| read == name);
        let (_, patient) = read.ok_or_else(|| Unresolved::Unread(vec![name.clone()]))?;
        let is_named = |it: &&Resource| it.id().as_ref() == Some(&name.id);
        let patient = patient.as_ref().filter(is_named);
        patient.ok_or_else(|| broken(&format!("{name} is not there")).into())
    }

    /// The patient that is used in the place of another one, which is that one as a rule.
    fn survivor(&self, first: &'a Resource) -> Result<&'a Resource, Unresolved> {
        let (mut patient, mut passed) = (first, vec![name_of(first)]);
        while let Some(next) = self.successor(patient)? {
            if passed.contains(&next) {
                return Err(broken(&format!("the links from {next} lead back to it")).into());
            }
            if passed.len() > MAX_LINKS {
                return Err(broken(&format!("{next} is one of too many in a row")).into());
            }
            patient = self.read(&next)?;
            passed.push(next);
        }
        Ok(patient)
    }

    /// The patient that took the place of another one, if there is one.
    fn successor(&self, patient: &Resource) -> Result<Option<ResourceName>, Failure> {
        let name = name_of(patient);
        let fail = |error: EditError| error.within("link").into_failure(&name.to_string());
        let links = patient.object().objects("link");
        let mut successor = None;
        for link in links.map_err(|error| error.into_failure(&name.to_string()))? {
            if link.text("type").map_err(fail)?.as_deref() != Some("replaced-by") {
                continue;
            }
            let other = link.object("other").map_err(fail)?.unwrap_or_default();
            let reference = other.text("reference").map_err(fail)?.unwrap_or_default();
            let next = ResourceName::of(&reference, self.rules.fhir_base.as_deref());
            let next = next.filter(|next| next.resource_type == TYPE);
            let next = next.ok_or_else(|| {
                broken(&format!("{name} was replaced by no Patient of this server"))
            })?;
            if successor.as_ref().is_some_and(|known| *known != next) {
                return Err(broken(&format!("{name} was replaced by several patients")));
            }
            successor = Some(next);
        }
        Ok(successor)
    }

    /// Those that the identifier may stand for.
    fn candidates(&self, key: &PatientKey) -> Result<Vec<Candidate<'a>>, Unresolved> {
        let (mut candidates, mut unread) = (Vec::new(), Vec::new());
        for patient in self.all() {
            let fail = |error: EditError| error.into_failure(&name_of(patient).to_string());
            let Some(way) = way(patient.object(), key).map_err(fail)? else {
                continue;
            };
            match self.survivor(patient) {
                Ok(survivor) => candidates.push(Candidate {
                    way,
                    patient: survivor,
                    is_survivor: survivor.id() != patient.id(),
                    is_active: is_active(survivor.object()).map_err(fail)?,
                }),
                Err(Unresolved::Unread(names)) => unread.extend(names),
                Err(failed) => return Err(failed),
            }
        }
        match unread.is_empty() {
            true => Ok(candidates),
            false => Err(Unresolved::Unread(unread)),
        }
    }

    /// The patient that the identifier stands for.
    pub(super) fn holder(
        &self,
        key: &PatientKey,
        query: &Query,
    ) -> Result<Option<Holder>, Unresolved> {
        let candidates = self.candidates(key)?;
        let best = candidates.iter().map(Candidate::rank).min();
        let is_best = |it: &&Candidate<'_>| Some(it.rank()) == best;
        let candidates: Vec<_> = candidates.iter().filter(is_best).collect();
        let mut patients: Vec<&Resource> = Vec::new();
        for candidate in &candidates {
            let id = candidate.patient.id();
            if id.is_none() || !patients.iter().any(|known| known.id() == id) {
                patients.push(candidate.patient);
            }
        }
        let [patient] = patients.as_slice() else {
            return match patients.is_empty() {
                true => Ok(None),
                false => Err(multiple(&patients, query).into()),
            };
        };
        let is_present = |it: &&Candidate<'_>| it.way != Way::Old && !it.is_survivor;
        let is_active = candidates.iter().any(|it| it.is_active);
        Ok(Some(Holder {
            stored: Stored::new(patient, query)?,
            is_known_by_own_id: candidates.iter().all(is_present),
            is_active,
        }))
    }
}

/// How a patient has an identifier; none when it does not.
fn way(patient: &Object, key: &PatientKey) -> Result<Option<Way>, EditError> {
    let mut best = None;
    for item in patient.objects("identifier")? {
        let within = |error: EditError| error.within("identifier");
        if !identifier::is(&item, key.system.as_deref(), &key.id).map_err(within)? {
            continue;
        }
        let is_mark = item.text("id").map_err(within)?;
        let is_mark = is_mark.is_some_and(|id| other_ids::is_mark(&id));
        let is_old = item.text("use").map_err(within)?.as_deref() == Some("old");
        let way = match (is_mark, is_old) {
            (true, _) => Way::Other,
            (false, true) => Way::Old,
            (false, false) => Way::Own,
        };
        best = Some(best.map_or(way, |best: Way| best.min(way)));
    }
    Ok(best)
}

/// Whether a patient is in use, which it is where nothing is said.
fn is_active(patient: &Object) -> Result<bool, EditError> {
    Ok(patient.decode("active")? != Some(false))
}

fn name_of(patient: &Resource) -> ResourceName {
    ResourceName {
        resource_type: TYPE.to_owned(),
        id: patient.id().unwrap_or_default(),
    }
}

fn broken(cause: &str) -> Failure {
    let message = format!("the Patient of this identifier was merged into another one: {cause}");
    Failure::new(Code::FhirBrokenMerge, message)
}
