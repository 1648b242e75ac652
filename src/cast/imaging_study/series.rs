//! `ImagingStudy.series` and the instances in them.

use std::collections::BTreeMap;

use dicom_dictionary_std::tags;

use super::super::delta::InstanceUids;
use super::super::edit::EditError;
use super::super::fact::Fact;
use super::super::mapping::{Derived, Origin};
use super::super::object::Object;
use super::super::row::{PutFacts, put_all};
use super::attributes;
use super::instances::Instances;
use super::items::Items;
use super::links::Links;

/// What a series is known by, as a row of the mapping.
pub(super) const DERIVED: &[Derived] = &[
    Derived::new("series.uid", Origin::Entry, "the bare UID").tags(&[tags::SERIES_INSTANCE_UID])
];

/// What an instance is known by, as a row of the mapping.
pub(super) const DERIVED_OF_INSTANCES: &[Derived] =
    &[
        Derived::new("series.instance.uid", Origin::Entry, "the bare UID")
            .tags(&[tags::SOP_INSTANCE_UID]),
    ];

/// The series of a study while it is edited.
pub(super) struct SeriesList {
    series: Items,
    /// By the place of the series. A series that does not tell its instances has none here.
    instances: BTreeMap<usize, Instances>,
}

impl SeriesList {
    /// Reads the series of a study.
    pub(super) fn open(study: &Object) -> Result<Self, EditError> {
        let mut series = Items::read(study, "series")?;
        let mut instances = BTreeMap::new();
        for place in 0..series.places() {
            let Some(object) = series.open(place) else {
                continue;
            };
            if let Some(read) = Instances::read(object).map_err(|e| e.within("series"))? {
                instances.insert(place, read);
            }
        }
        Ok(Self { series, instances })
    }

    /// Removes an instance, and its series when it was the last one there; answers whether there
    /// was such an instance.
    pub(super) fn remove(&mut self, uids: &InstanceUids) -> bool {
        let Some(place) = self.series.position(&uids.series) else {
            return false;
        };
        let Some(instances) = self.instances.get_mut(&place) else {
            return false;
        };
        let removed = instances.remove(&uids.instance);
        if removed && instances.len() == 0 {
            self.instances.remove(&place);
            self.series.remove(&uids.series);
        }
        removed
    }

    /// Brings a series in step with the facts that count and with the service's Endpoint, and
    /// adds it when it is new.
    pub(super) fn put(
        &mut self,
        uid: &str,
        facts: &[Option<&Fact>],
        put: PutFacts,
        links: &Links,
    ) -> Result<(), EditError> {
        let within = |error: EditError| error.within("series");
        let series = self.series.entry(uid).map_err(within)?;
        put(attributes::SERIES, facts, series).map_err(within)?;
        links.put_endpoint(series).map_err(within)
    }

    /// Brings an instance in step with the facts that count, and adds it when it is new. `afresh`
    /// drops what was known of it before. Of one that is not listed nothing is known.
    pub(super) fn put_instance(
        &mut self,
        uids: &InstanceUids,
        facts: &[Option<&Fact>],
        afresh: bool,
    ) -> Result<(), EditError> {
        let within = |error: EditError| error.within("series.instance");
        self.series.entry(&uids.series).map_err(within)?;
        let place = self.series.position(&uids.series).unwrap_or_default();
        let instances = self.instances.entry(place).or_default();
        let Some(instance) = instances.entry(&uids.instance).map_err(within)? else {
            return Ok(());
        };
        if afresh {
            for (row, _) in attributes::INSTANCE
                .iter()
                .zip(facts)
                .filter(|(_, f)| f.is_none())
            {
                instance.remove(row.element);
            }
        }
        put_all(attributes::INSTANCE, facts, instance).map_err(within)
    }

    /// Whether no series is left.
    pub(super) fn is_empty(&self) -> bool {
        self.series.len() == 0
    }

    /// How many series there are.
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// Lists no instances any more when there are more than `most`. A study that does not list
    /// them never does again: nobody knows their UIDs.
    pub(super) fn limit(&mut self, most: u32) {
        let all = self.instances.values().map(Instances::len).sum::<usize>();
        let too_many = u32::try_from(all).map_or(true, |all| all > most);
        if too_many || self.instances.values().any(Instances::are_unlisted) {
            self.instances.values_mut().for_each(Instances::unlist);
        }
    }

    /// Visits each series with its instances, if it tells any.
    pub(super) fn visit(
        &mut self,
        mut visit: impl FnMut(&mut Object, Option<&mut Instances>) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        for place in 0..self.series.places() {
            if let Some(series) = self.series.open(place) {
                visit(series, self.instances.get_mut(&place)).map_err(|e| e.within("series"))?;
            }
        }
        Ok(())
    }

    /// Writes everything back into the study.
    pub(super) fn close(mut self, study: &mut Object) -> Result<(), EditError> {
        self.visit(|series, instances| match instances {
            Some(instances) => instances.write(series),
            None => Ok(()),
        })?;
        self.series.write(study, "series")
    }
}
