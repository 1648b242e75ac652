//! What a notifier is told.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::Severity;
use super::summary::Summary;
use radcast_engine::failure::{Class, Code, Subject};

/// The namespace of the ids of notifications.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f0c_22ae_5d5c_4b8e_9d0a_3b1f_6c27_e4d1);

/// Something that a person should know. As JSON its members are in camel case.
///
/// It is made of failures and subjects alone, so it holds UIDs and no patient data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Notification {
    /// A UUID. It stays the same when the notification is sent again.
    pub id: String,
    /// What it tells of.
    #[serde(serialize_with = "as_text")]
    pub kind: Kind,
    /// How much it matters.
    #[serde(serialize_with = "as_text")]
    pub severity: Severity,
    /// What radcast does about it.
    #[serde(serialize_with = "as_text")]
    pub class: Class,
    /// What went wrong.
    #[serde(serialize_with = "as_text")]
    pub code: Code,
    /// The particulars in a sentence; of several, those of the latest.
    pub message: String,
    /// What a person can do about it; `None` when it is over.
    pub cure: Option<&'static str>,
    /// How often it happened from `first_time` to `last_time`.
    pub count: u64,
    /// When it happened first.
    #[serde(serialize_with = "as_text")]
    pub first_time: Timestamp,
    /// When it happened last.
    #[serde(serialize_with = "as_text")]
    pub last_time: Timestamp,
    /// The first few entries that it happened to, 5 at most.
    pub samples: Vec<Sample>,
    /// Who tells.
    pub source: Source,
}

/// What a notification tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Entries failed and were recorded.
    EntryFailed,
    /// Recorded entries were tried again, and failed again.
    RetryFailed,
    /// Nothing failed, but a person should look at it.
    Notice,
    /// The feed waits.
    FeedPaused,
    /// The feed goes on.
    FeedResumed,
    /// Many entries failed alike: it is one fault.
    Escalation,
    /// Entries have needed several attempts for a long time.
    TransientPersistent,
    /// Entries need one attempt again.
    TransientResolved,
}

/// An entry that it happened to, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Sample {
    /// Sequence of the feed entry.
    pub sequence: Option<u64>,
    /// Study Instance UID (0020,000D).
    pub study_instance_uid: Option<String>,
    /// Series Instance UID (0020,000E).
    pub series_instance_uid: Option<String>,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: Option<String>,
}

/// Who tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Source {
    /// The service: `radcast`.
    pub service: &'static str,
    /// Which of its replicas, or the name of the machine.
    pub replica: Option<String>,
}

impl Source {
    /// This service, on this replica.
    #[must_use]
    pub const fn replica(replica: Option<String>) -> Self {
        Self {
            service: "radcast",
            replica,
        }
    }
}

impl Notification {
    /// The notification of a summary, the `number`th since the start of the process.
    pub(super) fn new(summary: Summary, source: &Source, number: u64) -> Self {
        let Summary {
            kind,
            code,
            message,
            count,
            first,
            last,
            samples,
        } = summary;
        Self {
            id: id(source, number, last),
            kind,
            severity: kind.severity(code),
            class: code.class(),
            code,
            message,
            cure: (!kind.is_over()).then_some(code.cure()),
            count,
            first_time: first,
            last_time: last,
            samples: samples.into_iter().map(Sample::from).collect(),
            source: source.clone(),
        }
    }
}

impl Kind {
    /// Its name in notifications, e.g. `entryFailed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EntryFailed => "entryFailed",
            Self::RetryFailed => "retryFailed",
            Self::Notice => "notice",
            Self::FeedPaused => "feedPaused",
            Self::FeedResumed => "feedResumed",
            Self::Escalation => "escalation",
            Self::TransientPersistent => "transientPersistent",
            Self::TransientResolved => "transientResolved",
        }
    }

    /// Whether the trouble is over.
    const fn is_over(self) -> bool {
        matches!(self, Self::FeedResumed | Self::TransientResolved)
    }

    pub(super) const fn severity(self, code: Code) -> Severity {
        match (self, code.class()) {
            (Self::FeedResumed | Self::TransientResolved, _) => Severity::Information,
            (Self::TransientPersistent | Self::Notice, _) => Severity::Warning,
            (Self::EntryFailed | Self::RetryFailed, Class::Dicom) => Severity::Warning,
            (Self::EntryFailed | Self::RetryFailed, _) => Severity::Error,
            (Self::FeedPaused, Class::Setup) => Severity::Critical,
            (Self::FeedPaused, _) => Severity::Error,
            (Self::Escalation, _) => Severity::Critical,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Subject> for Sample {
    fn from(subject: Subject) -> Self {
        Self {
            sequence: subject.sequence,
            study_instance_uid: subject.study,
            series_instance_uid: subject.series,
            sop_instance_uid: subject.instance,
        }
    }
}

/// Differs between processes, as they start at different times or on different replicas.
fn id(source: &Source, number: u64, time: Timestamp) -> String {
    let replica = source.replica.as_deref().unwrap_or_default();
    let name = format!("{replica} {time} {number}");
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}

fn as_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::notify::summary::Moment;
    use radcast_engine::failure::Failure;

    fn summary(kind: Kind, code: Code) -> Summary {
        let subject = Subject {
            sequence: Some(7),
            study: Some("1.2".into()),
            series: Some("1.2.3".into()),
            ..Subject::default()
        };
        let now = Moment {
            instant: tokio::time::Instant::now(),
            time: "2024-06-01T12:00:00.5Z".parse().unwrap(),
        };
        Summary::of_failure(
            kind,
            &subject,
            &Failure::new(code, "2 Patient resources carry the identifier"),
            now,
        )
    }

    #[test]
    fn its_json_is_what_the_documentation_says() {
        let source = Source::replica(Some("radcast-0".into()));
        let summary = summary(Kind::EntryFailed, Code::FhirMultipleMatches);
        let notification = Notification::new(summary, &source, 1);
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/notifications.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, rest) = page.split_once("```json\n").unwrap();
        let (shown, _) = rest.split_once("```").unwrap();
        let mut expected: Value = serde_json::from_str(shown).unwrap();
        expected["id"] = notification.id.clone().into();
        assert_eq!(serde_json::to_value(&notification).unwrap(), expected);
    }

    #[test]
    fn ids_are_uuids_and_differ_by_number_and_replica() {
        let one = Source::replica(Some("one".into()));
        let two = Source::replica(Some("two".into()));
        let ids: std::collections::BTreeSet<_> = [(&one, 1), (&one, 2), (&two, 1)]
            .map(|(source, number)| {
                let summary = summary(Kind::EntryFailed, Code::FhirRejected);
                Notification::new(summary, source, number).id
            })
            .into();
        assert_eq!(ids.len(), 3);
        assert!(ids.iter().all(|id| id.parse::<Uuid>().is_ok()));
    }

    #[test]
    fn what_stops_everything_is_critical_and_a_bad_instance_is_not() {
        let severity = |kind, code| {
            let source = Source::replica(None);
            Notification::new(summary(kind, code), &source, 1).severity
        };
        let expected = [
            (
                Kind::EntryFailed,
                Code::DicomInvalidValue,
                Severity::Warning,
            ),
            (Kind::EntryFailed, Code::FhirRejected, Severity::Error),
            (Kind::FeedPaused, Code::FhirUnreachable, Severity::Error),
            (Kind::FeedPaused, Code::FhirForbidden, Severity::Critical),
            (
                Kind::FeedResumed,
                Code::FhirForbidden,
                Severity::Information,
            ),
        ];
        for (kind, code, expected) in expected {
            assert_eq!(severity(kind, code), expected, "{kind:?} {code}");
        }
    }
}
