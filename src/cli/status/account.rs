//! The status, put together from what the store knows. Pure.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{FRESH, absence};
use crate::ops::failures::Count;
use radcast_engine::failure::Code;
use radcast_engine::store::{Report, SyncState};

/// The status as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    /// The state in words.
    state: String,
    /// That nobody has reported for a while.
    pub(super) absent: Option<String>,
    code: Option<String>,
    cure: Option<&'static str>,
    position: Option<u64>,
    position_timestamp: Option<String>,
    latest: Option<u64>,
    lag_entries: Option<u64>,
    lag_seconds: Option<i64>,
    last_success: Option<String>,
    replica: Option<String>,
    version: Option<String>,
    reported_at: Option<String>,
    age_seconds: Option<i64>,
    standby: Option<String>,
    standby_state: Option<String>,
    failures: Vec<Count>,
}

impl Account {
    pub(super) fn of(
        active: Option<&Report>,
        standby: Option<&Report>,
        stored: Option<SyncState>,
        failures: Vec<Count>,
        now: Timestamp,
    ) -> Self {
        let position = stored.as_ref().map(|state| state.sequence);
        let position_timestamp = stored.and_then(|state| state.timestamp);
        let position = position.or(active.map(|report| report.position));
        let latest = active.map(|report| report.latest);
        let lag = position.zip(latest);
        let lag_entries = lag.map(|(position, latest)| latest.saturating_sub(position));
        let absent = absence(active, now);
        let fresh = standby.filter(|report| now.duration_since(report.at) <= FRESH);
        // Where nobody works, what keeps the other one from it is what has to be mended.
        let kept = fresh.filter(|_| absent.is_some());
        let told = kept.filter(|report| report.code.is_some()).or(active);
        let code = told.and_then(|report| report.code.clone());
        Self {
            state: active.map_or_else(|| "unknown".to_owned(), state),
            absent,
            cure: code.as_deref().and_then(Code::named).map(Code::cure),
            code,
            position,
            position_timestamp: position_timestamp.map(|at| at.to_string()),
            latest,
            lag_entries,
            lag_seconds: lag_entries
                .and_then(|entries| lag_seconds(entries, position_timestamp, now)),
            last_success: active
                .and_then(|report| report.last_success)
                .map(|at| at.to_string()),
            replica: active.map(|report| report.replica.clone()),
            version: active.map(|report| report.version.clone()),
            reported_at: active.map(|report| report.at.to_string()),
            age_seconds: active.map(|report| now.duration_since(report.at).as_secs()),
            standby: fresh.map(|report| report.replica.clone()),
            standby_state: fresh.map(state),
            failures,
        }
    }

    /// The status for people, label by label.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        lines.extend(self.absent.clone().map(|absent| ("ABSENT", absent)));
        let last = match (&self.absent, &self.reported_at) {
            (Some(_), Some(_)) => "last known: ",
            _ => "",
        };
        lines.push(("State", format!("{last}{}", self.state)));
        lines.extend(self.cure.map(|cure| ("Cure", cure.to_owned())));
        lines.push(("Position", self.position_in_words()));
        lines.extend(self.lag_in_words().map(|lag| ("Behind", lag)));
        let success = self.last_success.as_deref().unwrap_or("none told of");
        lines.push(("Last success", success.to_owned()));
        lines.extend(self.replica_in_words().map(|replica| ("Replica", replica)));
        let standby = self.standby.as_deref().zip(self.standby_state.as_deref());
        let standby = standby.map(|(replica, state)| match state {
            "standby" => replica.to_owned(),
            state => format!("{replica}, {state}"),
        });
        lines.extend(standby.map(|standby| ("Standby", standby)));
        lines.push(("Failures", self.failures_in_words()));
        lines
    }

    fn position_in_words(&self) -> String {
        match (self.position, self.latest) {
            (None, _) => "none: the feed is read from its start".to_owned(),
            (Some(position), None) => position.to_string(),
            (Some(position), Some(latest)) => format!("{position} of {latest}"),
        }
    }

    fn lag_in_words(&self) -> Option<String> {
        let entries = self.lag_entries?;
        Some(match self.lag_seconds {
            Some(seconds) if entries > 0 => {
                format!("{} entries, {}", grouped(entries), span(seconds))
            }
            _ => format!("{} entries", grouped(entries)),
        })
    }

    fn replica_in_words(&self) -> Option<String> {
        let (replica, version) = (self.replica.as_deref()?, self.version.as_deref()?);
        let age = span(self.age_seconds?);
        Some(format!("{replica}, version {version}, reported {age} ago"))
    }

    fn failures_in_words(&self) -> String {
        if self.failures.is_empty() {
            return "none".to_owned();
        }
        let count = |count: &Count| {
            let more = if count.or_more { "+" } else { "" };
            format!("{}{more} {}", grouped(count.count), count.class)
        };
        let counts: Vec<String> = self.failures.iter().map(count).collect();
        format!("{}; `radcast failures list` shows them", counts.join(", "))
    }
}

/// The state in words.
fn state(report: &Report) -> String {
    let code = report.code.as_deref().unwrap_or("an unknown cause");
    match (report.state.as_str(), report.detail.as_deref()) {
        (state @ ("paused" | "retrying"), None) => format!("{state} because of {code}"),
        (state @ ("paused" | "retrying"), Some(detail)) => {
            format!("{state} because of {code}: {detail}")
        }
        (state, None) => state.to_owned(),
        (state, Some(detail)) => format!("{state}: {detail}"),
    }
}

fn lag_seconds(entries: u64, position: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    match (entries, position) {
        (0, _) => Some(0),
        (_, position) => Some(now.duration_since(position?).as_secs().max(0)),
    }
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `2d 3h 4m 5s`, without small units beside large ones.
fn span(seconds: i64) -> String {
    let seconds = SignedDuration::from_secs(seconds.max(0));
    let (hours, minutes) = (seconds.as_hours(), seconds.as_mins() % 60);
    match (hours / 24, hours % 24) {
        (0, 0) if minutes == 0 => format!("{}s", seconds.as_secs()),
        (0, 0) => format!("{minutes}m {}s", seconds.as_secs() % 60),
        (0, hours) => format!("{hours}h {minutes}m"),
        (days, hours) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use radcast_engine::store::Role;

    const NOW: &str = "2024-06-04T12:00:00Z";

    fn report(state: &str, code: Option<Code>, detail: Option<&str>) -> Report {
        Report {
            role: Role::Active,
            replica: "one".to_owned(),
            version: "1.2.3".to_owned(),
            state: state.to_owned(),
            code: code.map(|code| code.as_str().to_owned()),
            detail: detail.map(str::to_owned),
            position: 7,
            position_timestamp: None,
            latest: 12_345,
            last_success: None,
            at: "2024-06-04T11:59:00Z".parse().unwrap(),
        }
    }

    fn lines(report: Option<&Report>, failures: Vec<Count>) -> String {
        let stored = SyncState::at(45, "2024-06-04T09:30:00Z".parse().ok());
        let account = Account::of(report, None, Some(stored), failures, NOW.parse().unwrap());
        let lines = account.lines().into_iter();
        let lines: Vec<String> = lines
            .map(|(label, text)| format!("{label}: {text}"))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn a_following_daemon_is_told_of_with_its_lag() {
        let told = lines(Some(&report("catching up", None, None)), Vec::new());
        assert!(told.starts_with("State: catching up\n"), "{told}");
        assert!(told.contains("Position: 45 of 12345"), "{told}");
        assert!(told.contains("Behind: 12,300 entries, 2h 30m"), "{told}");
        assert!(told.contains("reported 1m 0s ago"), "{told}");
        assert!(told.ends_with("Failures: none"), "{told}");
    }

    #[test]
    fn trouble_is_told_with_its_code_and_its_cure() {
        let paused = report("paused", Some(Code::FhirForbidden), None);
        let told = lines(Some(&paused), Vec::new());
        assert!(
            told.contains("State: paused because of fhir.forbidden"),
            "{told}"
        );
        assert!(told.contains(Code::FhirForbidden.cure()), "{told}");
        let retrying = report("retrying", Some(Code::FhirTooBusy), Some("entry 46"));
        let told = lines(Some(&retrying), Vec::new());
        assert!(
            told.contains("retrying because of fhir.too-busy: entry 46"),
            "{told}"
        );
    }

    #[test]
    fn where_nobody_works_the_one_that_cannot_begin_says_why() {
        let waiting = Report {
            role: Role::Standby,
            ..report("paused", Some(Code::BlobUnavailable), None)
        };
        let of = |active: Option<&Report>| {
            Account::of(
                active,
                Some(&waiting),
                None,
                Vec::new(),
                NOW.parse().unwrap(),
            )
        };
        let told = of(None);
        assert_eq!(told.code.as_deref(), Some("blob.unavailable"));
        assert_eq!(told.cure, Some(Code::BlobUnavailable.cure()));
        let standby = "one, paused because of blob.unavailable".to_owned();
        assert!(told.lines().contains(&("Standby", standby)));
        assert_eq!(of(Some(&report("following", None, None))).code, None);
    }

    #[test]
    fn a_report_of_long_ago_does_not_pass_for_the_present() {
        let mut old = report("following", None, None);
        old.at = "2024-06-04T11:57:59Z".parse().unwrap();
        let told = lines(Some(&old), Vec::new());
        assert!(
            told.starts_with("ABSENT: no report since 2024-06-04 11:57:59Z"),
            "{told}"
        );
        assert!(told.contains("last known: following"), "{told}");
        assert!(lines(None, Vec::new()).starts_with("ABSENT: no report yet"));
    }

    #[test]
    fn counts_that_were_cut_short_say_so() {
        let count = |class: &str, count, or_more| Count {
            class: class.to_owned(),
            count,
            or_more,
        };
        let failures = vec![count("dicom", 1_000, true), count("fhir", 3, false)];
        let told = lines(Some(&report("following", None, None)), failures);
        assert!(told.contains("Failures: 1,000+ dicom, 3 fhir;"), "{told}");
    }
}
