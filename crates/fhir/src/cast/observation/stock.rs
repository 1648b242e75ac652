//! The stored Observations of a study, sorted.

use std::collections::HashMap;

use radcast_engine::failure::Failure;

use super::super::delta::InstanceUids;
use super::super::edit::EditError;
use super::super::imaging_study::is_ours;
use super::super::query::Query;
use super::super::stored::Stored;
use super::super::{Resource, Write};
use super::TYPE;
use super::identity::{Identity, Marks};
use super::place::{Part, Place};
use super::pool::HeldEvent;
use super::reports::Reports;

/// The stored Observations of a study, and none of others that a search found too.
#[derive(Default)]
pub(super) struct Stock<'a> {
    pub(super) events: Vec<HeldEvent<'a>>,
    summaries: HashMap<InstanceUids, Vec<&'a Resource>>,
    /// Those that earlier versions wrote, by SOP Instance UID.
    earlier: HashMap<String, Vec<&'a Resource>>,
    /// Those that earlier versions moved from study to study.
    shared: Vec<&'a Resource>,
}

/// Returns a resource for editing.
pub(super) fn open(resource: &Resource) -> Result<Option<Stored>, Failure> {
    Stored::single(std::slice::from_ref(resource), &Query::new(TYPE), |_| {
        Ok(true)
    })
}

pub(super) fn failure(resource: &Resource, error: EditError) -> Failure {
    let id = resource.id().unwrap_or_default();
    error.into_failure(&format!("{TYPE}/{id}"))
}

impl<'a> Stock<'a> {
    pub(super) fn of(
        identity: &Identity<'_>,
        place: &Place,
        reports: &Reports<'_>,
        found: &'a [Resource],
    ) -> Result<Self, Failure> {
        let mut stock = Self::default();
        for resource in found {
            let put = stock.put(identity, place, reports, resource);
            put.map_err(|error| failure(resource, error))?;
        }
        Ok(stock)
    }

    fn put(
        &mut self,
        identity: &Identity<'_>,
        place: &Place,
        reports: &Reports<'_>,
        resource: &'a Resource,
    ) -> Result<(), EditError> {
        let object = resource.object();
        let marks = identity.marks(object, |uid| reports.knows(uid))?;
        match &marks {
            Marks::EarlierSummary(_) | Marks::EarlierEvent { .. } => match place.part(object)? {
                Part::Own => {}
                Part::Other => return Ok(()),
                Part::Shared => {
                    self.put_shared(resource, &marks, reports);
                    return Ok(());
                }
            },
            _ => {}
        }
        let is_ours = is_ours(object, identity.rules())?;
        self.put_own(resource, marks, is_ours);
        Ok(())
    }

    fn put_own(&mut self, resource: &'a Resource, marks: Marks, is_ours: bool) {
        let is_exact = matches!(marks, Marks::Event { .. });
        match marks {
            Marks::Other => {}
            Marks::Summary(all) => {
                for uids in all {
                    self.summaries.entry(uids).or_default().push(resource);
                }
            }
            Marks::EarlierSummary(instances) => {
                for instance in instances {
                    self.earlier.entry(instance).or_default().push(resource);
                }
            }
            Marks::Event { uids, reports } | Marks::EarlierEvent { uids, reports } => {
                self.events.push(HeldEvent {
                    resource,
                    uids,
                    reports,
                    is_exact,
                    is_ours,
                });
            }
        }
    }

    /// Notes one that is part of this study too, if the delta speaks of what it says.
    fn put_shared(&mut self, resource: &'a Resource, marks: &Marks, reports: &Reports<'_>) {
        let is_spoken_of = match marks {
            Marks::EarlierSummary(instances) => instances.iter().any(|it| reports.knows(it)),
            Marks::EarlierEvent { reports: of, .. } => {
                of.iter().any(|report| reports.knows(&report.instance))
            }
            _ => false,
        };
        if is_spoken_of {
            self.shared.push(resource);
        }
    }

    /// Takes the stored summary of a report, to be brought in step.
    pub(super) fn take_summary(
        &mut self,
        report: &InstanceUids,
        query: &Query,
    ) -> Result<Option<Stored>, Failure> {
        let exact = self.summaries.remove(report);
        let all = exact.or_else(|| self.earlier.remove(&report.instance));
        let all: Vec<_> = all.unwrap_or_default().into_iter().cloned().collect();
        Stored::single(&all, query, |_| Ok(true))
    }

    /// Takes the stored summaries of a report that is gone: those that say the report, and those
    /// that say its SOP Instance UID alone.
    pub(super) fn take_summaries(
        &mut self,
        report: &InstanceUids,
    ) -> (Vec<&'a Resource>, Vec<&'a Resource>) {
        (
            self.summaries.remove(report).unwrap_or_default(),
            self.earlier.remove(&report.instance).unwrap_or_default(),
        )
    }

    /// Returns the updates by which what belongs to another study is no part of this one.
    pub(super) fn release(&self, place: &Place) -> Result<Vec<Write>, Failure> {
        let mut writes = Vec::new();
        for resource in &self.shared {
            if let Some(mut stored) = open(resource)? {
                let released = place.release(&mut stored.object);
                released.map_err(|error| failure(resource, error))?;
                writes.extend(stored.update());
            }
        }
        Ok(writes)
    }
}
