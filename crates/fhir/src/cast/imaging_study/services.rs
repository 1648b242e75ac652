//! The services that a stored study says it is held by: ours, and those that count beside it.

use radcast_engine::failure::Failure;

use super::super::edit::EditError;
use super::super::object::{Object, raw};
use super::super::{Found, Resource, ResourceName, Rules, StudyKey, endpoint, reference};

const ELEMENT: &str = "endpoint";

/// The most Endpoints of a study that are read.
const MAX_READ: usize = 20;

/// The services of a study.
pub(super) struct Services<'a> {
    found: &'a Found,
    base: Option<&'a str>,
    /// Reference to our Endpoint, if there is one.
    pub(super) ours: Option<String>,
    /// The Endpoints of the study, which are those of a series that names none.
    of_study: Vec<String>,
}

impl<'a> Services<'a> {
    /// The services of a stored study.
    pub(super) fn of(
        key: &StudyKey,
        study: &Object,
        found: &'a Found,
        rules: &'a Rules,
    ) -> Result<Self, Failure> {
        let of_study = references(study).map_err(|error| error.into_failure(super::TYPE))?;
        Ok(Self {
            found,
            base: rules.fhir_base.as_deref(),
            ours: endpoint::stored(key, &found.endpoint, rules)?,
            of_study,
        })
    }

    /// Whether an Endpoint is our service's.
    pub(super) fn is_ours(&self, endpoint: &str) -> bool {
        let ours = self.ours.as_deref();
        ours.is_some_and(|ours| reference::same(ours, endpoint))
    }

    /// The Endpoints of a series.
    pub(super) fn of_series(&self, series: &Object) -> Result<Vec<String>, EditError> {
        let named = references(series)?;
        Ok(match named.is_empty() {
            true => self.of_study.clone(),
            false => named,
        })
    }

    /// The Endpoints of the study that count beside ours, as far as they are references by name.
    pub(super) fn others_of_study(&self) -> Vec<ResourceName> {
        let others = self.others(&self.of_study).into_iter();
        let named = others.filter_map(|it| ResourceName::of(&it, self.base));
        named.take(MAX_READ).collect()
    }

    /// Those of some Endpoints that count beside ours.
    pub(super) fn others(&self, endpoints: &[String]) -> Vec<String> {
        let others = endpoints
            .iter()
            .filter(|it| !self.is_ours(it) && self.counts(it));
        others.cloned().collect()
    }

    /// Whether the service of an Endpoint may hold images: one that is not there, or out of use, or
    /// of another kind than DICOM's, holds none. What cannot be read may.
    fn counts(&self, endpoint: &str) -> bool {
        let Some(name) = ResourceName::of(endpoint, self.base) else {
            return true;
        };
        let mut read = self.found.read.iter();
        match read.find(|(read, _)| *read == name) {
            None => true,
            Some((_, None)) => false,
            Some((_, Some(resource))) => may_hold(resource).unwrap_or(true),
        }
    }

    /// Whether a read showed that there is no such Endpoint.
    pub(super) fn is_gone(&self, endpoint: &str) -> bool {
        let name = ResourceName::of(endpoint, self.base);
        let mut read = self.found.read.iter();
        name.is_some_and(|name| read.any(|(read, it)| *read == name && it.is_none()))
    }

    /// The Endpoints beside ours that have to be read to know whether they count.
    pub(super) fn to_read(&self, series: &[Object]) -> Vec<ResourceName> {
        let of_series = series.iter().filter_map(|it| references(it).ok());
        let all = of_series.flatten().chain(self.of_study.iter().cloned());
        let others = all.filter(|it| !self.is_ours(it));
        let names = others.filter_map(|it| ResourceName::of(&it, self.base));
        let mut names: Vec<_> = names.filter(|it| it.resource_type == "Endpoint").collect();
        names.sort();
        names.dedup();
        names.truncate(MAX_READ);
        names
    }

    /// Takes our Endpoint away from a study or series.
    pub(super) fn leave(&self, object: &mut Object) -> Result<(), EditError> {
        let endpoints = object.objects(ELEMENT)?;
        let mut items = object.list(ELEMENT)?;
        let mut is_ours = endpoints.iter().map(|it| {
            let reference = it.text("reference").ok().flatten();
            reference.is_some_and(|it| self.is_ours(&it))
        });
        let before = items.len();
        items.retain(|_| !is_ours.next().unwrap_or_default());
        match items.len() < before {
            true => object.set_list(ELEMENT, &items),
            false => Ok(()),
        }
    }

    /// Takes our Endpoint away from a series, which names those of the study that are left if it
    /// named none.
    pub(super) fn leave_series(&self, series: &mut Object) -> Result<(), EditError> {
        if references(series)?.is_empty() {
            let left = self.of_study.iter().filter(|it| !self.is_ours(it));
            let left = left.map(|it| super::super::element::reference(it));
            let left: Vec<_> = left.collect::<Result<_, _>>()?;
            let left = left.iter().map(|it| raw(ELEMENT, it));
            return series.set_list(ELEMENT, &left.collect::<Result<Vec<_>, _>>()?);
        }
        self.leave(series)
    }
}

/// The references of `endpoint`.
pub(super) fn references(object: &Object) -> Result<Vec<String>, EditError> {
    let mut references = Vec::new();
    for item in object.objects(ELEMENT)? {
        references.extend(item.text("reference").map_err(|it| it.within(ELEMENT))?);
    }
    Ok(references)
}

fn may_hold(endpoint: &Resource) -> Result<bool, EditError> {
    let object = endpoint.object();
    let status = object.text("status")?;
    let kind = object.object("connectionType")?.unwrap_or_default();
    let is_of_dicom = kind
        .text("code")?
        .is_none_or(|code| code.starts_with("dicom-"));
    let is_out_of_use = status.is_some_and(|status| endpoint::is_out_of_use(&status));
    Ok(is_of_dicom && !is_out_of_use)
}
