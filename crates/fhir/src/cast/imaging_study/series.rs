//! `ImagingStudy.series` and the instances in them.

use std::collections::BTreeMap;

use dicom_dictionary_std::tags;

use super::super::delta::InstanceUids;
use super::super::edit::EditError;
use super::super::mapping::{Derived, Origin};
use super::super::object::{Object, Text, raw};
use super::super::reference;
use super::additions;
use super::digests::{Digests, UNLISTED};
use super::holdings::Holdings;
use super::instance;
use super::instances::Instances;
use super::items::Items;
use super::links::Links;
use super::outline;
use super::services::{self, Services};

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
#[derive(Default)]
pub(super) struct SeriesList<'a> {
    series: Items<'a>,
    /// At the place of each series what else is seen of it.
    outlines: Vec<outline::Series<'a>>,
    /// At the place of each series its instances. One that does not tell them has none here.
    instances: Vec<Option<Instances<'a>>>,
    /// By the place of a series that several services serve, our Endpoint and what they have of it.
    holdings: BTreeMap<usize, (String, Holdings)>,
}

/// What became of an instance that our service has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// The instance is not listed.
    Unknown,
    /// The instance is listed, and not as our service's: only other Endpoints may have it.
    OfOthers,
    /// It went.
    Removed,
    /// It stays, for another service may have it.
    Kept,
}

/// Takes an instance of our service out of a series, as far as services serve it.
fn withdraw(series: &mut Object, uid: &str, services: &Services<'_>) -> Result<Removal, EditError> {
    let endpoints = services.of_series(series)?;
    let others = services.others(&endpoints);
    let mut holdings = Holdings::read(series)?;
    if others.iter().all(|it| holdings.is_absent(it, uid)) {
        holdings.forget(uid);
        holdings.write(series)?;
        return Ok(Removal::Removed);
    }
    let ours = services.ours.as_deref();
    let ours = ours.filter(|_| endpoints.iter().any(|it| services.is_ours(it)));
    let Some(ours) = ours.filter(|ours| !holdings.is_absent(ours, uid)) else {
        return Ok(Removal::OfOthers);
    };
    holdings.remove(ours, uid);
    holdings.write(series)?;
    Ok(Removal::Kept)
}

/// Takes our service out of a series that has these instances, if it has none of them.
fn leave_empty(
    series: &mut Object,
    instances: &[Option<u64>],
    services: &Services<'_>,
) -> Result<(), EditError> {
    let mut holdings = Holdings::read(series)?;
    let ours = services.ours.as_deref();
    let Some(ours) = ours.filter(|ours| holdings.has_none(ours, instances)) else {
        return Ok(());
    };
    holdings.leave(ours);
    services.leave_series(series)?;
    holdings.write(series)
}

impl<'a> SeriesList<'a> {
    /// Reads the series of a study.
    pub(super) fn open(series: Option<&'a Text>) -> Result<Self, EditError> {
        let Some(series) = series else {
            return Ok(Self::default());
        };
        let stored = outline::series(series.get()).ok_or_else(|| EditError::shape("series"))?;
        let mut list = Self {
            series: Items::stored(stored.0),
            instances: Vec::with_capacity(stored.1.len()),
            outlines: stored.1,
            holdings: BTreeMap::new(),
        };
        for place in 0..list.series.places() {
            let read = list.read_instances(place).map_err(|e| e.within("series"))?;
            list.instances.push(read);
        }
        Ok(list)
    }

    fn read_instances(&mut self, place: usize) -> Result<Option<Instances<'a>>, EditError> {
        let outline = self.outlines.get_mut(place);
        let listed = outline.map(|series| std::mem::take(&mut series.instances));
        let has_extensions = self.outlines.get(place).is_some_and(|it| it.has_extensions);
        let unlisted = match has_extensions.then(|| self.series_at(place)).flatten() {
            Some(series) => Digests::read(series, UNLISTED)?,
            None => Digests::none(UNLISTED),
        };
        Instances::stored(listed.unwrap_or_default(), unlisted)
    }

    /// Removes an instance that our service has no more, unless another one of the series may have
    /// it. A series goes with its last instance, but for one that somebody added to.
    pub(super) fn remove(
        &mut self,
        uids: &InstanceUids,
        services: &Services<'_>,
    ) -> Result<Removal, EditError> {
        let uid = uids.instance.as_str();
        let Some(place) = self.series.position(&uids.series) else {
            return Ok(Removal::Unknown);
        };
        if !self.instances_at(place).is_some_and(|it| it.contains(uid)) {
            return Ok(Removal::Unknown);
        }
        let within = |error: EditError| error.within("series");
        let Some(series) = self.series_at(place) else {
            return Ok(Removal::Unknown);
        };
        let removal = withdraw(series, uid, services).map_err(within)?;
        if removal == Removal::Kept {
            let instances = self.instances_at(place).map(|it| it.digests());
            if let Some((instances, series)) = instances.zip(self.series_at(place)) {
                leave_empty(series, &instances, services).map_err(within)?;
            }
        }
        if removal != Removal::Removed {
            return Ok(removal);
        }
        let is_last = self.instances_at(place).is_some_and(|it| it.len() == 1);
        let series = self.series_at(place).filter(|_| is_last);
        let is_annotated = series.is_some_and(|series| additions::are_in_series(series));
        if let Some(told) = self.instances.get_mut(place)
            && let Some(instances) = told
        {
            instances.remove(uid);
            if is_last && !is_annotated {
                *told = None;
                self.series.remove(&uids.series);
            }
        }
        Ok(Removal::Removed)
    }

    /// Brings a series in step with what is `put` into it and with the service's Endpoint, and
    /// adds it when it is new; answers with its place.
    pub(super) fn put(
        &mut self,
        uid: &'a str,
        put: impl FnOnce(&mut Object) -> Result<(), EditError>,
        links: &Links,
    ) -> Result<usize, EditError> {
        let within = |error: EditError| error.within("series");
        let place = match self.series.position(uid) {
            Some(place) => place,
            None => self.append(uid)?,
        };
        let series = self.series_at(place);
        let series = series.ok_or_else(|| within(EditError::shape("uid")))?;
        put(series).map_err(within)?;
        let before = services::references(series).map_err(within)?;
        links.put_endpoint(series).map_err(within)?;
        if let Some(ours) = &links.endpoint {
            self.join(place, ours, &before).map_err(within)?;
        }
        Ok(place)
    }

    /// Begins to keep what our service has of a series that others serve too.
    fn join(&mut self, place: usize, ours: &str, before: &[String]) -> Result<(), EditError> {
        let is_ours = |it: &String| reference::same(it, ours);
        if before.iter().all(is_ours) {
            return Ok(());
        }
        let is_new = !before.iter().any(is_ours);
        let listed = self.instances_at(place).map(|it| it.digests());
        let listed = listed.unwrap_or_default().into_iter().flatten();
        let Some(series) = self.series_at(place) else {
            return Ok(());
        };
        let mut holdings = Holdings::read(series)?;
        holdings.know(ours, listed.filter(|_| is_new));
        self.holdings.insert(place, (ours.to_owned(), holdings));
        Ok(())
    }

    fn append(&mut self, uid: &'a str) -> Result<usize, EditError> {
        let mut series = Object::default();
        series.set("uid", uid)?;
        self.outlines.push(outline::Series::default());
        self.instances.push(None);
        let json = raw("series", &series)?.get().to_owned();
        Ok(self.series.append(uid, json))
    }

    /// Brings an instance of the series at a place in step with the facts that count, and adds it
    /// when it is new. `afresh` drops what was known of it before. Of one that is not listed
    /// nothing is known.
    pub(super) fn put_instance(
        &mut self,
        place: usize,
        uid: &'a str,
        facts: &instance::Facts<'_>,
        afresh: bool,
    ) -> Result<(), EditError> {
        let within = |error: EditError| error.within("series.instance");
        let Some(told) = self.instances.get_mut(place) else {
            return Ok(());
        };
        let instances = told.get_or_insert_default();
        if let Some((ours, holdings)) = self.holdings.get_mut(&place) {
            holdings.put(ours, uid, !instances.contains(uid));
        }
        instance::put(instances, uid, facts, afresh).map_err(within)
    }

    /// The digest of each instance; none of those that a series does not tell.
    pub(super) fn digests(&self) -> Vec<Option<u64>> {
        let places = (0..self.series.places()).filter(|place| !self.series.is_removed(*place));
        let told = places.filter_map(|place| self.instances.get(place));
        let digests = told.flat_map(|told| match told {
            Some(instances) => instances.digests(),
            None => vec![None],
        });
        digests.collect()
    }

    /// Whether no instance is left, nor a series that does not tell its instances.
    pub(super) fn is_empty(&self) -> bool {
        let mut left = (0..self.series.places()).filter(|place| !self.series.is_removed(*place));
        left.all(|place| {
            let told = self.instances.get(place).and_then(Option::as_ref);
            told.is_some_and(|told| told.len() == 0)
        })
    }

    /// Whether our service serves a series that is left; one that names no service is all of them's.
    pub(super) fn is_served_by(&mut self, services: &Services<'_>) -> Result<bool, EditError> {
        let mut is_served = false;
        self.visit(|list, place| {
            if list.instances_at(place).is_some_and(|it| it.len() == 0) {
                return Ok(());
            }
            if let Some(series) = list.series_at(place) {
                let endpoints = services::references(series)?;
                is_served |=
                    endpoints.is_empty() || endpoints.iter().any(|it| services.is_ours(it));
            }
            Ok(())
        })?;
        Ok(is_served)
    }

    /// Writes back what services have of the series.
    pub(super) fn put_holdings(&mut self) -> Result<(), EditError> {
        for (place, (_, holdings)) in std::mem::take(&mut self.holdings) {
            if let Some(series) = self.series_at(place) {
                holdings
                    .write(series)
                    .map_err(|error| error.within("series"))?;
            }
        }
        Ok(())
    }

    /// The UIDs of the series.
    pub(super) fn uids(&self) -> impl Iterator<Item = &str> {
        self.series.uids()
    }

    /// How many series there are.
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// Lists no instances any more when there are more than `most`. A study that does not list
    /// them never does again: nobody knows their UIDs.
    pub(super) fn limit(&mut self, most: u32) {
        let told = || self.instances.iter().flatten();
        let all = told().map(Instances::len).sum::<usize>();
        let too_many = u32::try_from(all).map_or(true, |all| all > most);
        if too_many || told().any(Instances::are_unlisted) {
            let told = self.instances.iter_mut().flatten();
            told.for_each(Instances::unlist);
        }
    }

    /// Visits the place of each series.
    pub(super) fn visit(
        &mut self,
        mut visit: impl FnMut(&mut Self, usize) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        for place in 0..self.series.places() {
            if !self.series.is_removed(place) {
                visit(self, place).map_err(|error| error.within("series"))?;
            }
        }
        Ok(())
    }

    /// What was seen of the series at a place, as long as nobody edits it.
    pub(super) fn seen_at(&self, place: usize) -> Option<&outline::Series<'a>> {
        self.series.closed(place)?;
        self.outlines.get(place)
    }

    /// The series at a place, to be edited; none when it was removed. The list of its instances is
    /// not in it.
    pub(super) fn series_at(&mut self, place: usize) -> Option<&mut Object> {
        let list = self.outlines.get(place)?.list_range();
        self.series.open_without(place, list)
    }

    /// The instances of the series at a place, if it tells any.
    pub(super) fn instances_at(&mut self, place: usize) -> Option<&mut Instances<'a>> {
        self.instances.get_mut(place)?.as_mut()
    }

    /// Writes everything back into the study.
    pub(super) fn close(mut self, study: &mut Object) -> Result<(), EditError> {
        self.visit(Self::close_series)?;
        self.series.write(study, "series")
    }

    /// Writes its instances back into a series, where anything was changed in it or in them.
    fn close_series(&mut self, place: usize) -> Result<(), EditError> {
        let told = self.instances_at(place);
        if told.is_some_and(|told| told.changed()) {
            self.series_at(place);
        }
        let told = self.instances.get(place).and_then(Option::as_ref);
        let Some(series) = self.series.opened(place) else {
            return Ok(());
        };
        if let Some(told) = told {
            told.write(series)?;
        }
        let is_listed = told.is_some_and(|told| told.listed.changed());
        let list = self.outlines.get(place).and_then(|series| series.list);
        if let Some((_, list)) = list.filter(|_| series.changed() && !is_listed) {
            series.set_json("instance", list.to_owned())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fact::Fact;
    use super::*;

    /// The series of a study after an edit.
    fn after(series: &str, edit: impl FnOnce(&mut SeriesList<'_>)) -> String {
        let mut study = Object::parse(&format!(r#"{{"series":{series}}}"#)).unwrap();
        let stored = study.shared("series");
        let mut list = SeriesList::open(stored.as_ref()).unwrap();
        edit(&mut list);
        list.close(&mut study).unwrap();
        study.get("series").unwrap().get().to_owned()
    }

    #[test]
    fn a_series_that_is_edited_keeps_its_list_and_the_others_every_byte() {
        let stored = concat!(
            r#"[ {"uid":"1" , "instance": [{"uid":"2", "x":1.0} ,{}], "number" : 1},"#,
            r#" {"instance":[ ],"uid":"3"}]"#
        );
        let edited = after(stored, |list| {
            list.series_at(0).unwrap().set("number", &2).unwrap();
        });
        assert_eq!(
            edited,
            concat!(
                r#"[{"uid":"1","instance":[{"uid":"2", "x":1.0} ,{}],"number":2},"#,
                r#"{"instance":[ ],"uid":"3"}]"#
            )
        );
        let looked_at = after(stored, |list| {
            assert!(list.series_at(1).is_some_and(|series| !series.changed()));
        });
        assert_eq!(looked_at, stored);
    }

    #[test]
    fn an_instance_comes_into_its_list_beside_the_others() {
        let stored =
            r#"[{"uid":"1", "instance":[{"uid":"2", "x":1.0}],"extension":[{"url":"u"}]}]"#;
        let facts = [None, Some(&Fact::Number(7)), None];
        let put = |uid: &'static str| {
            after(stored, |list| {
                list.put_instance(0, uid, &facts, false).unwrap();
            })
        };
        let rest = r#""extension":[{"url":"u"}]}]"#;
        assert_eq!(
            put("3"),
            format!(
                r#"[{{"uid":"1","instance":[{{"uid":"2", "x":1.0}},{{"uid":"3","number":7}}],{rest}"#
            )
        );
        assert_eq!(
            put("2"),
            format!(r#"[{{"uid":"1","instance":[{{"uid":"2","x":1.0,"number":7}}],{rest}"#)
        );
    }
}
