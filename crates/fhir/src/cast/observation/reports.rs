//! The reports that a delta speaks of.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::super::StudyDelta;
use super::super::delta::InstanceUids;
use super::identity::ReportRef;
use super::said::Said;

/// An instance of the delta.
pub(super) struct Report<'a> {
    pub(super) uids: InstanceUids,
    /// Whether the delta removes it; what is said of it comes after that.
    pub(super) is_removed: bool,
    /// What is said at last; none of what is gone, or no dose report.
    pub(super) summary: Option<&'a Said>,
    /// The events that are said at last, by their UIDs.
    pub(super) events: IndexMap<&'a str, &'a Said>,
    statements: Vec<Statement<'a>>,
}

/// The events that one entry says.
struct Statement<'a> {
    /// Its place among all of the delta.
    place: usize,
    events: HashSet<&'a str>,
}

/// The instances of a delta.
pub(super) struct Reports<'a> {
    all: IndexMap<InstanceUids, Report<'a>>,
    by_instance: HashMap<String, Vec<usize>>,
    /// Those that say an event, be it not at last.
    by_event: IndexMap<&'a str, Vec<usize>>,
}

impl<'a> Reports<'a> {
    pub(super) fn of(delta: &'a StudyDelta) -> Self {
        let mut reports = Self {
            all: IndexMap::new(),
            by_instance: HashMap::new(),
            by_event: IndexMap::new(),
        };
        for uids in delta.removed() {
            reports.entry(uids.clone(), true);
        }
        for (place, (change, said)) in delta.statements().enumerate() {
            let uids = InstanceUids::of(change);
            let (at, report) = reports.entry(uids, false);
            report.say(place, &said.observations);
            for uid in said.observations.iter().filter_map(Said::event) {
                let saying = reports.by_event.entry(uid).or_default();
                if saying.last() != Some(&at) {
                    saying.push(at);
                }
            }
        }
        reports
    }

    fn entry(&mut self, uids: InstanceUids, is_removed: bool) -> (usize, &mut Report<'a>) {
        let at = self.all.get_index_of(&uids).unwrap_or(self.all.len());
        if at == self.all.len() {
            let places = self.by_instance.entry(uids.instance.clone()).or_default();
            places.push(at);
        }
        let entry = self.all.entry(uids);
        let uids = entry.key().clone();
        let report = entry.or_insert_with(|| Report {
            uids,
            is_removed,
            summary: None,
            events: IndexMap::new(),
            statements: Vec::new(),
        });
        (at, report)
    }

    /// Returns all of them.
    pub(super) fn each(&self) -> impl Iterator<Item = &Report<'a>> {
        self.all.values()
    }

    /// Returns the UIDs of the events that are said at last.
    pub(super) fn events(&self) -> impl Iterator<Item = &'a str> {
        let all = self.by_event.iter();
        let at_last = all.filter(|(uid, saying)| {
            let mut saying = saying.iter().filter_map(|at| self.all.get_index(*at));
            saying.any(|(_, report)| report.events.contains_key(*uid))
        });
        at_last.map(|(uid, _)| *uid)
    }

    /// Returns those with this SOP Instance UID, in whatever series.
    pub(super) fn of_instance(&self, instance: &str) -> impl Iterator<Item = &Report<'a>> {
        let places = self.by_instance.get(instance).into_iter().flatten();
        places.filter_map(|at| Some(self.all.get_index(*at)?.1))
    }

    /// Returns those that say an event, be it not at last.
    fn saying(&self, uid: &str) -> impl Iterator<Item = &Report<'a>> {
        let places = self.by_event.get(uid).into_iter().flatten();
        places.filter_map(|at| Some(self.all.get_index(*at)?.1))
    }

    /// Returns all that is said at last.
    pub(super) fn said(&self) -> impl Iterator<Item = &'a Said> {
        let all = self.each();
        all.flat_map(|report| {
            report
                .summary
                .into_iter()
                .chain(report.events.values().copied())
        })
    }

    /// Returns whether there is one with this SOP Instance UID.
    pub(super) fn knows(&self, instance: &str) -> bool {
        self.by_instance.contains_key(instance)
    }

    /// Returns the reports that state an event once those that do so are stated, in order: one that
    /// begins to comes last or, if it is `late`, first; one that ceases to goes.
    pub(super) fn follow(
        &self,
        uid: &str,
        mut stating: Vec<ReportRef>,
        late: bool,
    ) -> Vec<ReportRef> {
        let known = stating.iter().filter_map(|report| self.exactly(report));
        let mut relevant: Vec<_> = known.chain(self.saying(uid)).collect();
        relevant.sort_by_key(|report| std::ptr::from_ref(*report));
        relevant.dedup_by_key(|report| std::ptr::from_ref(*report));
        let all = relevant.into_iter().flat_map(|report| {
            let statements = report.statements.iter();
            statements.map(move |it| (it.place, it.events.contains(uid), &report.uids))
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(place, ..)| *place);
        for (_, says, uids) in all {
            let report = ReportRef::of(uids);
            match (says, stating.iter().position(|it| *it == report)) {
                (true, None) if late => stating.insert(0, report),
                (true, None) => stating.push(report),
                (false, Some(at)) => drop(stating.remove(at)),
                _ => {}
            }
        }
        stating
    }

    /// Returns the one that a reference with its series is to.
    pub(super) fn exactly(&self, report: &ReportRef) -> Option<&Report<'a>> {
        let mut named = self.of_instance(&report.instance);
        named.find(|it| report.series.as_ref() == Some(&it.uids.series))
    }
}

impl<'a> Report<'a> {
    fn say(&mut self, place: usize, said: &'a [Said]) {
        self.summary = None;
        self.events.clear();
        for one in said {
            match one.event() {
                Some(uid) => drop(self.events.insert(uid, one)),
                None => self.summary = Some(one),
            }
        }
        let events = self.events.keys().copied().collect();
        self.statements.push(Statement { place, events });
    }

    /// Returns whether it says an event, be it not at last.
    pub(super) fn says(&self, uid: &str) -> bool {
        self.statements.iter().any(|it| it.events.contains(uid))
    }
}
