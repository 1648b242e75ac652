//! Irradiation events: one Observation for each UID of a study, however many reports state it. The
//! report that began to state it last is the one that counts.

use std::collections::HashMap;

use radcast_engine::failure::Failure;

use super::super::edit::EditError;
use super::super::imaging_study;
use super::super::object::Object;
use super::super::stored::Stored;
use super::super::{Resource, Rules, StudyDelta, Write};
use super::identity::{Identity, ReportRef};
use super::pool::{HeldEvent, Pool, Taken};
use super::reports::Reports;
use super::rows;
use super::said::Said;
use super::stock::{failure, open};
use super::{Links, TYPE};

/// What Observations are brought in step with.
pub(super) struct Merging<'a> {
    pub(super) delta: &'a StudyDelta,
    pub(super) reports: &'a Reports<'a>,
    pub(super) identity: &'a Identity<'a>,
    /// None when the delta only removes.
    pub(super) links: Option<&'a Links>,
    /// The study as it is stored.
    pub(super) study: &'a [Resource],
    pub(super) rules: &'a Rules,
}

/// The events of a study, brought in step.
#[derive(Default)]
pub(super) struct Events {
    /// Creates and updates.
    pub(super) writes: Vec<Write>,
    /// Deletes, which have to come after the writes of the summaries that refer to them.
    pub(super) deletes: Vec<Write>,
    /// The references to those that reports state, by UID.
    pub(super) references: HashMap<String, String>,
    /// The references to all that were stored.
    pub(super) stored: Vec<String>,
}

impl Merging<'_> {
    /// Brings the events in step.
    pub(super) fn events(&self, held: Vec<HeldEvent<'_>>) -> Result<Events, Failure> {
        let mut events = Events::default();
        let stored = held.iter().filter_map(|event| event.resource.id());
        events.stored = stored.map(|id| format!("{TYPE}/{id}")).collect();
        let mut pool = Pool::of(held);
        for uid in self.reports.events() {
            let Some(links) = self.links else { break };
            let taken = pool.take(uid, |instance| self.reports.knows(instance));
            self.state(uid, links, taken, &mut events)?;
        }
        for event in pool.left() {
            // What is stated has its Observation, and this one is others'.
            let mut uids = event.uids.iter();
            if !uids.any(|uid| events.references.contains_key(uid)) {
                self.silence(event, &mut events)?;
            }
        }
        Ok(events)
    }

    /// Brings an event in step that reports of the delta state.
    fn state(
        &self,
        uid: &str,
        links: &Links,
        taken: Taken<'_>,
        events: &mut Events,
    ) -> Result<(), Failure> {
        let query = self.identity.event_query(uid);
        let stored = taken.those.iter().map(|it| it.resource.clone());
        let stored = Stored::single(&stored.collect::<Vec<_>>(), &query, |_| Ok(true))?;
        let (uids, of_stored) = match taken.those.into_iter().next() {
            Some(event) => (event.uids, event.reports),
            None => (vec![uid.to_owned()], Vec::new()),
        };
        let mut duplicated = Vec::new();
        for duplicate in taken.duplicates {
            let stored = open(duplicate.resource)?;
            events.deletes.extend(stored.map(Stored::delete));
            duplicated.extend(duplicate.reports);
        }
        let known = self.in_order(duplicated, &of_stored);
        let wanted = self.reports_of(uid, &known);
        let said = wanted.last().and_then(|last| self.said(uid, last));
        let put = |object: &mut Object| {
            let identity = self.identity;
            identity.ensure_event(object, uid)?;
            identity.put_reports(object, &uids, &of_stored, &wanted)?;
            if let Some(said) = said {
                rows::put_all(&said.facts, object)?;
            }
            links.put(object, self.rules)
        };
        let (reference, write) = super::write(stored, &query, self.rules, put)?;
        events.writes.extend(write);
        events.references.insert(uid.to_owned(), reference);
        Ok(())
    }

    /// Takes the reports of the delta away from an event that none of them states.
    fn silence(&self, event: &HeldEvent<'_>, events: &mut Events) -> Result<(), Failure> {
        let Some(uid) = event.uids.first() else {
            return Ok(());
        };
        let wanted = self.reports_of(uid, &event.reports);
        if wanted == event.reports {
            return Ok(());
        }
        let fail = |error: EditError| failure(event.resource, error);
        let Some(mut stored) = open(event.resource)? else {
            return Ok(());
        };
        if wanted.is_empty() {
            events
                .deletes
                .extend(event.is_ours.then(|| stored.delete()));
            return Ok(());
        }
        let object = &mut stored.object;
        self.identity
            .ensure_event(object, uid)
            .and_then(|()| {
                self.identity
                    .put_reports(object, &event.uids, &event.reports, &wanted)
            })
            .map_err(fail)?;
        events.writes.extend(stored.update());
        Ok(())
    }

    /// What a report of the delta says of an event.
    fn said(&self, uid: &str, report: &ReportRef) -> Option<&Said> {
        self.reports.exactly(report)?.events.get(uid).copied()
    }

    /// The reports that state an event after the delta.
    fn reports_of(&self, uid: &str, known: &[ReportRef]) -> Vec<ReportRef> {
        let mut left: Vec<ReportRef> = Vec::new();
        for report in known.iter().flat_map(|report| self.left(uid, report)) {
            if !left.contains(&report) {
                left.push(report);
            }
        }
        self.reports.follow(uid, left, self.delta.is_late())
    }

    /// What is left of one that stated an event once the delta has removed what it removes. One of
    /// which the series is not known is that of the delta, or else that of another series.
    fn left(&self, uid: &str, report: &ReportRef) -> Vec<ReportRef> {
        if report.series.is_some() {
            let removed = self.reports.exactly(report);
            let is_removed = removed.is_some_and(|it| it.is_removed);
            return if is_removed {
                Vec::new()
            } else {
                vec![report.clone()]
            };
        }
        let mut spoken_of = self.reports.of_instance(&report.instance).peekable();
        if spoken_of.peek().is_none() {
            return vec![report.clone()];
        }
        match spoken_of.find(|it| it.says(uid)) {
            Some(it) if it.is_removed => Vec::new(),
            Some(it) => vec![ReportRef::of(&it.uids)],
            None => {
                let series = self.other_series(&report.instance).into_iter();
                let others = series.map(|series| ReportRef::in_series(&series, &report.instance));
                others.collect()
            }
        }
    }

    /// The series of the stored study in which an instance of this UID stays as it is.
    pub(super) fn other_series(&self, instance: &str) -> Vec<String> {
        let mut series =
            imaging_study::series_with(self.delta.study(), instance, self.study, self.rules);
        let spoken_of: Vec<_> = self.reports.of_instance(instance).collect();
        series.retain(|series| !spoken_of.iter().any(|it| it.uids.series == *series));
        series
    }

    /// The reports of duplicates before those of the one that takes their place; those that the
    /// delta speaks of are put into its order.
    fn in_order(&self, duplicates: Vec<ReportRef>, own: &[ReportRef]) -> Vec<ReportRef> {
        let is_merged = !duplicates.is_empty();
        let mut all: Vec<_> = duplicates.into_iter().chain(own.iter().cloned()).collect();
        if !is_merged {
            return all;
        }
        let rank = |report: &ReportRef| {
            let mut reports = self.reports.each();
            reports.position(|it| it.uids.instance == report.instance)
        };
        let places = all.iter().enumerate();
        let places: Vec<_> = places
            .filter_map(|(at, it)| Some((at, rank(it)?)))
            .collect();
        let mut ranked: Vec<_> = places.clone();
        ranked.sort_by_key(|(_, rank)| *rank);
        let moved: Vec<_> = ranked
            .iter()
            .filter_map(|(at, _)| all.get(*at).cloned())
            .collect();
        for ((at, _), report) in places.into_iter().zip(moved) {
            if let Some(place) = all.get_mut(at) {
                *place = report;
            }
        }
        all
    }
}
