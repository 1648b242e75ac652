//! Which Observations to look for.

use std::collections::BTreeSet;

use super::super::query::Query;
use super::super::{Resource, Rules, StudyDelta, imaging_study};
use super::identity::{Identity, dicom_uid};
use super::{Said, TYPE, body};

/// The most identifiers in one search: they have to fit into an address.
const MOST: usize = 20;

/// The most resources of a page that is asked for. A report of angiography has some hundred events.
const PAGE: &str = "1000";

impl StudyDelta {
    /// The searches for Observations, in the light of the `study` that was found by
    /// [`Lookups::study`](super::super::Lookups::study): those of the instances that are reports
    /// now, or may have been; with the former their irradiation events, whoever states them, and
    /// those that dicom-cast wrote. None for a delta without reports.
    #[must_use]
    pub fn observation_searches(&self, study: &[Resource], rules: &Rules) -> Vec<Query> {
        let mut searches = self.report_searches(study, rules);
        searches.extend(body::search(self, rules));
        searches
    }

    fn report_searches(&self, study: &[Resource], rules: &Rules) -> Vec<Query> {
        if !rules.dose_observations {
            return Vec::new();
        }
        let reports = self.statements();
        let reports: Vec<_> = reports
            .filter(|(_, said)| !said.observations.is_empty())
            .collect();
        let events = reports
            .iter()
            .flat_map(|(_, said)| said.observations.iter());
        let events: BTreeSet<_> = events.filter_map(Said::event).collect();
        let reports = reports.iter();
        let reports: BTreeSet<&str> = reports
            .map(|(change, _)| change.key().instance.as_str())
            .collect();
        let identity = Identity::new(self.study(), rules);
        let mut tokens = Vec::new();
        if !reports.is_empty() && self.study().partition().is_none() {
            tokens.push(dicom_uid(self.study().uid()));
        }
        let former = imaging_study::former_reports(self, study, rules);
        let instances: BTreeSet<&str> = former.iter().map(String::as_str).chain(reports).collect();
        tokens.extend(instances.into_iter().map(|it| identity.search_token(it)));
        // Other reports of the study may state the same events.
        tokens.extend(events.into_iter().map(dicom_uid));
        let query = |tokens: &[(String, String)]| {
            let any = Query::new(TYPE).any_token("identifier", tokens);
            any.string("_count", PAGE)
        };
        tokens.chunks(MOST).map(query).collect()
    }
}
