//! The summaries of dose reports, one for each.

use radcast_engine::failure::Failure;

use super::super::Write;
use super::super::delta::InstanceUids;
use super::super::imaging_study::is_ours;
use super::super::object::Object;
use super::Links;
use super::events::{Events, Merging};
use super::links;
use super::reports::Report;
use super::rows;
use super::said::Said;
use super::stock::{Stock, failure, open};

impl Merging<'_> {
    /// Brings the summaries in step; those of what is no report any more go.
    pub(super) fn summaries(
        &self,
        stock: &mut Stock<'_>,
        events: &Events,
    ) -> Result<Vec<Write>, Failure> {
        let mut writes = Vec::new();
        for report in self.reports.each() {
            match (report.summary, self.links) {
                (Some(said), Some(links)) => {
                    writes.extend(self.summary(report, said, links, stock, events)?);
                }
                _ => writes.extend(self.remove_summary(&report.uids, stock)?),
            }
        }
        Ok(writes)
    }

    fn summary(
        &self,
        report: &Report<'_>,
        said: &Said,
        links: &Links,
        stock: &mut Stock<'_>,
        events: &Events,
    ) -> Result<Option<Write>, Failure> {
        let query = self.identity.summary_query(&report.uids);
        let stored = stock.take_summary(&report.uids, &query)?;
        let members = report.events.keys();
        let members = members.filter_map(|uid| events.references.get(*uid).cloned());
        let members: Vec<_> = members.collect();
        let gone = events.stored.iter().filter(|it| !members.contains(it));
        let gone: Vec<_> = gone.cloned().collect();
        let put = |object: &mut Object| {
            self.identity.ensure_summary(object, &report.uids)?;
            rows::put_all(&said.facts, object)?;
            links.put(object, self.rules)?;
            links::put_members(object, &members, &gone)
        };
        let (_, write) = super::write(stored, &query, self.rules, put)?;
        Ok(write)
    }

    /// The deletes of the summaries of what is gone. One that does not say the series becomes that
    /// of a series in which the report stays.
    fn remove_summary(
        &self,
        report: &InstanceUids,
        stock: &mut Stock<'_>,
    ) -> Result<Vec<Write>, Failure> {
        let (mut gone, earlier) = stock.take_summaries(report);
        let mut writes = Vec::new();
        let others = match earlier.is_empty() {
            true => Vec::new(),
            false => self.other_series(&report.instance),
        };
        match others.first() {
            None => gone.extend(earlier),
            Some(series) => {
                let report = InstanceUids {
                    series: series.clone(),
                    instance: report.instance.clone(),
                };
                for resource in earlier {
                    if let Some(mut stored) = open(resource)? {
                        let ensured = self.identity.ensure_summary(&mut stored.object, &report);
                        ensured.map_err(|error| failure(resource, error))?;
                        writes.extend(stored.update());
                    }
                }
            }
        }
        for resource in gone {
            let is_ours = is_ours(resource.object(), self.rules);
            if is_ours.map_err(|error| failure(resource, error))?
                && let Some(stored) = open(resource)?
            {
                writes.push(stored.delete());
            }
        }
        Ok(writes)
    }
}
