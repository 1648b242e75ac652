//! Which Observations are those of a report, and which of them is which.
//!
//! | identifier | its system | what carries it |
//! |---|---|---|
//! | SOP Instance UID | `urn:dicom:uid` | a summary; an event, for each report that states it |
//! | the same | the instances of a data partition that is not the default one | the same |
//! | event UID | `urn:dicom:uid` | an event |
//! | study, series and SOP Instance UID | [`SUMMARY`] | a summary: its identity |
//! | study and event UID | [`EVENT`] | an event: its identity |
//! | study, series and SOP Instance UID | [`REPORT`] | an event: each report that states it, in the order in which they began to |
//!
//! The last three are exact: the same SOP Instance UID occurs in other studies, series and
//! partitions, and one event in several reports. A search goes by the others, which Observations of
//! earlier versions carry too.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::super::delta::InstanceUids;
use super::super::edit::EditError;
use super::super::element::system;
use super::super::identifier::{self, Token};
use super::super::object::Object;
use super::super::query::Query;
use super::super::{Rules, StudyKey};
use super::TYPE;
use super::concept::Concept;
use super::dose::tables;
use super::rows::says_code;

/// The system of summaries. Nobody can own the name, so that it means the same at every service;
/// that of a partition has its name behind it.
pub(super) const SUMMARY: &str = "https://radcast.invalid/fhir/sid/dose-summary";
/// The system of irradiation events.
pub(super) const EVENT: &str = "https://radcast.invalid/fhir/sid/irradiation-event";
/// The system of the reports that state an event.
pub(super) const REPORT: &str = "https://radcast.invalid/fhir/sid/dose-report";

/// What is percent-encoded of the name of a partition: all but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// System and value.
type Pair = (String, String);

/// The identities of what is said in one study.
pub(super) struct Identity<'a> {
    study: &'a StudyKey,
    rules: &'a Rules,
}

/// A report that states an event. The identifiers that earlier versions wrote name no series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportRef {
    pub(super) series: Option<String>,
    pub(super) instance: String,
}

impl ReportRef {
    pub(super) fn of(uids: &InstanceUids) -> Self {
        Self::in_series(&uids.series, &uids.instance)
    }

    pub(super) fn in_series(series: &str, instance: &str) -> Self {
        Self {
            series: Some(series.to_owned()),
            instance: instance.to_owned(),
        }
    }
}

/// What the identifiers of an Observation say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// It belongs to another study or partition, or is neither a summary nor an event.
    Other,
    /// The summary of reports of this study.
    Summary(Vec<InstanceUids>),
    /// The summary of one of these instances, in a study and series that are not said.
    EarlierSummary(Vec<String>),
    /// An event of this study.
    Event {
        /// Its UID; several where somebody else added some.
        uids: Vec<String>,
        reports: Vec<ReportRef>,
    },
    /// As [`Self::Event`], in a study that is not said.
    EarlierEvent {
        uids: Vec<String>,
        reports: Vec<ReportRef>,
    },
}

impl<'a> Identity<'a> {
    pub(super) const fn new(study: &'a StudyKey, rules: &'a Rules) -> Self {
        Self { study, rules }
    }

    pub(super) const fn rules(&self) -> &Rules {
        self.rules
    }

    /// Returns the token that finds what an instance says, among it that of instances of the same
    /// UID in other studies and series.
    pub(super) fn search_token(&self, instance: &str) -> Pair {
        match self.study.partition() {
            None => dicom_uid(instance),
            partition => (self.rules.instance_system(partition), instance.to_owned()),
        }
    }

    /// Returns the condition under which the summary of a report is created.
    pub(super) fn summary_query(&self, report: &InstanceUids) -> Query {
        let (system, value) = self.of_report(SUMMARY, &report.series, &report.instance);
        Query::new(TYPE).token("identifier", Some(&system), &value)
    }

    /// Returns the condition under which an event is created.
    pub(super) fn event_query(&self, uid: &str) -> Query {
        let (system, value) = self.of_event(uid);
        Query::new(TYPE).token("identifier", Some(&system), &value)
    }

    /// Adds the identifiers that the summary of a report carries.
    pub(super) fn ensure_summary(
        &self,
        observation: &mut Object,
        report: &InstanceUids,
    ) -> Result<(), EditError> {
        let identity = self.of_report(SUMMARY, &report.series, &report.instance);
        let all = self.of_instance(&report.instance).chain([identity]);
        ensure_all(observation, all)
    }

    /// Adds the identifiers that an event carries whoever states it.
    pub(super) fn ensure_event(
        &self,
        observation: &mut Object,
        uid: &str,
    ) -> Result<(), EditError> {
        ensure_all(observation, [dicom_uid(uid), self.of_event(uid)])
    }

    /// Brings the identifiers of the reports that state an event in step, and in order.
    pub(super) fn put_reports(
        &self,
        observation: &mut Object,
        event: &[String],
        stored: &[ReportRef],
        wanted: &[ReportRef],
    ) -> Result<(), EditError> {
        let kept: Vec<_> = stored.iter().filter(|it| wanted.contains(it)).collect();
        // Unless all that is new comes last, the order is made anew.
        let is_in_order = wanted.iter().take(kept.len()).eq(kept.iter().copied());
        let kept = if is_in_order { kept } else { Vec::new() };
        let mut stays: Vec<_> = kept.iter().flat_map(|it| self.of_ref(it)).collect();
        for uid in event {
            stays.extend([dicom_uid(uid), self.of_event(uid)]);
        }
        let gone = stored.iter().flat_map(|it| self.of_ref(it));
        let gone: Vec<_> = gone.filter(|pair| !stays.contains(pair)).collect();
        remove_all(observation, &gone)?;
        ensure_all(observation, wanted.iter().flat_map(|it| self.of_ref(it)))
    }

    /// Returns what the identifiers of an Observation say. `is_report` knows SOP Instance UIDs of
    /// reports.
    pub(super) fn marks(
        &self,
        observation: &Object,
        is_report: impl Fn(&str) -> bool,
    ) -> Result<Marks, EditError> {
        let is_summary = has_code(observation, &tables::SUMMARY)?;
        if !is_summary && !has_code(observation, &tables::EVENT)? {
            return Ok(Marks::Other);
        }
        let tokens = identifier::tokens(observation)?;
        let base = if is_summary { SUMMARY } else { EVENT };
        let is_exact = |token: &Token| token.system.as_deref().is_some_and(|it| is_of(it, base));
        let is_exact = tokens.iter().any(is_exact);
        if !is_exact && !self.is_of_partition(&tokens) {
            return Ok(Marks::Other);
        }
        Ok(match (is_summary, is_exact) {
            (true, true) => self.summary(&tokens),
            (true, false) => Marks::EarlierSummary(dicom_uids(&tokens)),
            (false, true) => self.event(&tokens),
            (false, false) => earlier_event(dicom_uids(&tokens), is_report),
        })
    }

    fn summary(&self, tokens: &[Token]) -> Marks {
        let own = self.values(tokens, SUMMARY).filter_map(in_series);
        let own: Vec<_> = own
            .map(|(series, instance)| InstanceUids {
                series: series.to_owned(),
                instance: instance.to_owned(),
            })
            .collect();
        match own.is_empty() {
            true => Marks::Other,
            false => Marks::Summary(own),
        }
    }

    fn event(&self, tokens: &[Token]) -> Marks {
        let uids: Vec<_> = self.values(tokens, EVENT).map(str::to_owned).collect();
        match uids.is_empty() {
            true => Marks::Other,
            false => {
                let reports = self.reports(tokens, &uids);
                Marks::Event { uids, reports }
            }
        }
    }

    /// The reports that state an event, in the order of the identifiers: those with their series,
    /// and those of which there is the SOP Instance UID alone.
    fn reports(&self, tokens: &[Token], event: &[String]) -> Vec<ReportRef> {
        let exact = |token| {
            let mut values = self.values(std::slice::from_ref(token), REPORT);
            let (series, instance) = in_series(values.next()?)?;
            Some(ReportRef::in_series(series, instance))
        };
        let known: Vec<_> = tokens.iter().filter_map(exact).collect();
        let bare = |token| {
            let instance = uid_of(token)?.to_owned();
            let is_known = known.iter().any(|known| known.instance == instance);
            (!is_known && !event.contains(&instance)).then_some(ReportRef {
                series: None,
                instance,
            })
        };
        let mut reports: Vec<ReportRef> = Vec::new();
        for report in tokens
            .iter()
            .filter_map(|token| exact(token).or_else(|| bare(token)))
        {
            if !reports.contains(&report) {
                reports.push(report);
            }
        }
        reports
    }

    /// What stands behind the study in values of this system.
    fn values<'t>(&self, tokens: &'t [Token], base: &str) -> impl Iterator<Item = &'t str> {
        let (system, study) = (self.system(base), format!("{}/", self.study.uid()));
        tokens.iter().filter_map(move |token| {
            let is_own = token.system.as_deref() == Some(system.as_str());
            token
                .value
                .as_deref()
                .filter(|_| is_own)?
                .strip_prefix(&study)
        })
    }

    /// Whether identifiers that do not say the study say this partition: the default one has none.
    fn is_of_partition(&self, tokens: &[Token]) -> bool {
        let mut systems = tokens.iter().filter_map(|token| token.system.as_deref());
        match self.study.partition() {
            None => !systems.any(|system| self.rules.is_partition_instance_system(system)),
            partition => {
                let own = self.rules.instance_system(partition);
                systems.any(|system| system == own)
            }
        }
    }

    fn system(&self, base: &str) -> String {
        match self.study.partition() {
            None => base.to_owned(),
            Some(name) => format!("{base}/{}", utf8_percent_encode(name, ENCODED)),
        }
    }

    fn of_event(&self, uid: &str) -> Pair {
        (self.system(EVENT), format!("{}/{uid}", self.study.uid()))
    }

    fn of_report(&self, base: &str, series: &str, instance: &str) -> Pair {
        let value = format!("{}/{series}/{instance}", self.study.uid());
        (self.system(base), value)
    }

    /// The identifiers by which what an instance says is searched for.
    fn of_instance(&self, instance: &str) -> impl Iterator<Item = Pair> {
        let of_partition = self.study.partition().map(|_| self.search_token(instance));
        std::iter::once(dicom_uid(instance)).chain(of_partition)
    }

    /// The identifiers of a report that states an event.
    fn of_ref(&self, report: &ReportRef) -> Vec<Pair> {
        let exact = report.series.as_deref();
        let exact = exact.map(|series| self.of_report(REPORT, series, &report.instance));
        self.of_instance(&report.instance).chain(exact).collect()
    }
}

/// An event as earlier versions identified it: by the report, then by its own UID, unless the two
/// are the same.
fn earlier_event(mut uids: Vec<String>, is_report: impl Fn(&str) -> bool) -> Marks {
    if uids.is_empty() {
        return Marks::Other;
    }
    let report = uids.iter().position(|uid| is_report(uid));
    let instance = uids.remove(report.unwrap_or_default());
    if uids.is_empty() {
        uids.push(instance.clone());
    }
    Marks::EarlierEvent {
        uids,
        reports: vec![ReportRef {
            series: None,
            instance,
        }],
    }
}

/// Whether a system is this one, of the default or another partition.
fn is_of(system: &str, base: &str) -> bool {
    let rest = system.strip_prefix(base);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn in_series(value: &str) -> Option<(&str, &str)> {
    value.split_once('/')
}

/// `urn:dicom:uid` and `urn:oid:…`
pub(super) fn dicom_uid(uid: &str) -> Pair {
    (system::DICOM_UID.to_owned(), format!("urn:oid:{uid}"))
}

/// The UID of an identifier that is one.
fn uid_of(token: &Token) -> Option<&str> {
    let is_uid = token.system.as_deref() == Some(system::DICOM_UID);
    let value = token.value.as_deref().filter(|_| is_uid)?;
    value.strip_prefix("urn:oid:")
}

/// The UIDs among identifiers, each once, in order.
fn dicom_uids(tokens: &[Token]) -> Vec<String> {
    let mut uids: Vec<String> = Vec::new();
    for uid in tokens.iter().filter_map(uid_of) {
        if !uids.iter().any(|known| known == uid) {
            uids.push(uid.to_owned());
        }
    }
    uids
}

fn ensure_all(
    observation: &mut Object,
    pairs: impl IntoIterator<Item = Pair>,
) -> Result<(), EditError> {
    for (system, value) in pairs {
        identifier::ensure(observation, None, Some(&system), &value)?;
    }
    Ok(())
}

/// Removes identifiers; the others keep their bytes.
fn remove_all(observation: &mut Object, pairs: &[Pair]) -> Result<(), EditError> {
    const NAME: &str = "identifier";
    let is_gone = |token: &Token| {
        let mut pairs = pairs.iter();
        pairs.any(|(system, value)| token.is(Some(system), value))
    };
    let (stored, tokens) = (observation.list(NAME)?, identifier::tokens(observation)?);
    if !tokens.iter().any(is_gone) {
        return Ok(());
    }
    let kept = stored.into_iter().zip(&tokens);
    let kept: Vec<_> = kept
        .filter(|(_, token)| !is_gone(token))
        .map(|(item, _)| item)
        .collect();
    observation.set_list(NAME, &kept)
}

/// Whether `code` has the concept among its codings.
pub(super) fn has_code(observation: &Object, concept: &Concept) -> Result<bool, EditError> {
    let code: Option<Value> = observation.decode("code")?;
    Ok(code.is_some_and(|code| says_code(&code, &concept.codeable(&[]))))
}
