//! The stored events of a study, each until it is taken to be brought in step.

use std::collections::HashMap;

use super::super::Resource;
use super::identity::ReportRef;

/// A stored event.
#[derive(Clone)]
pub(super) struct HeldEvent<'a> {
    pub(super) resource: &'a Resource,
    /// Its UID; several where somebody else added some.
    pub(super) uids: Vec<String>,
    /// The reports that state it.
    pub(super) reports: Vec<ReportRef>,
    /// Whether its identifiers say that it is of the study; those of earlier versions do not.
    pub(super) is_exact: bool,
    /// Whether this service created it.
    pub(super) is_ours: bool,
}

/// The stored Observations of one event.
#[derive(Default)]
pub(super) struct Taken<'a> {
    /// The one to be brought in step. Of several that say to be this one nobody knows which is.
    pub(super) those: Vec<HeldEvent<'a>>,
    /// Those whose place it takes: earlier versions wrote one for each report.
    pub(super) duplicates: Vec<HeldEvent<'a>>,
}

/// The stored events, and which of them were taken.
pub(super) struct Pool<'a> {
    held: Vec<(HeldEvent<'a>, bool)>,
    by_uid: HashMap<String, Vec<usize>>,
}

impl<'a> Pool<'a> {
    pub(super) fn of(held: Vec<HeldEvent<'a>>) -> Self {
        let mut by_uid: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, event) in held.iter().enumerate() {
            for uid in &event.uids {
                by_uid.entry(uid.clone()).or_default().push(at);
            }
        }
        let held = held.into_iter().map(|event| (event, false));
        Self {
            held: held.collect(),
            by_uid,
        }
    }

    /// Takes the Observations of an event. A duplicate is taken only if all its reports are
    /// `known`: others' summaries refer to theirs.
    pub(super) fn take(&mut self, uid: &str, known: impl Fn(&str) -> bool) -> Taken<'a> {
        let is_known = |event: &HeldEvent<'_>| event.reports.iter().all(|it| known(&it.instance));
        let places = self.by_uid.get(uid).into_iter().flatten().copied();
        let mut places: Vec<_> = places.filter(|at| self.is_left(*at)).collect();
        places.sort_by_cached_key(|at| {
            let event = self.held.get(*at).map(|(event, _)| event);
            event.map(|it| (!it.is_exact, !it.is_ours, is_known(it), it.resource.id()))
        });
        let mut taken = Taken::default();
        for at in places {
            let Some((event, is_taken)) = self.held.get_mut(at) else {
                continue;
            };
            if taken.those.is_empty() || event.is_exact {
                taken.those.push(event.clone());
            } else if event.is_ours && is_known(event) {
                taken.duplicates.push(event.clone());
            } else {
                continue;
            }
            *is_taken = true;
        }
        taken
    }

    /// Returns those that nobody took.
    pub(super) fn left(&self) -> impl Iterator<Item = &HeldEvent<'a>> {
        let left = self.held.iter().filter(|(_, is_taken)| !is_taken);
        left.map(|(event, _)| event)
    }

    fn is_left(&self, at: usize) -> bool {
        self.held.get(at).is_some_and(|(_, is_taken)| !is_taken)
    }
}
