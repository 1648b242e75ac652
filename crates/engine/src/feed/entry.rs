//! One entry of a feed.

use jiff::Timestamp;

use super::{EntryIdentity, InstanceKey, is_uid};
use crate::failure::{Code, Failure, Redacted, Subject};

/// What happened to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was stored.
    Create,
    /// Its attributes were changed by a bulk update.
    Update,
    /// It was deleted.
    Delete,
}

impl Action {
    /// The word that records use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// What has become of the instance version an entry tells of, as of the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is the present one.
    Current,
    /// A newer one has taken its place; a later entry tells of it.
    Replaced,
    /// The instance is gone.
    Deleted,
}

/// One entry of a feed. `D` is what it says beside its identity.
#[derive(Debug)]
pub struct Entry<D> {
    /// Its number, unique and increasing.
    pub sequence: u64,
    /// The instance it tells of.
    pub key: InstanceKey,
    /// What happened.
    pub action: Action,
    /// What has become of it.
    pub state: State,
    /// When it happened, by the service's clock.
    pub timestamp: Option<Timestamp>,
    /// What the entry says of the instance as it is now; absent once the instance is deleted.
    pub data: Option<D>,
    /// Its text as it came, if that was to be kept.
    pub raw: Option<Redacted>,
}

/// An entry that cannot be read, with what could be read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedEntry {
    /// Sequence and UIDs, as far as they are there, and the digest of what came instead.
    pub subject: Subject,
    /// When it happened, if that can be read.
    pub timestamp: Option<Timestamp>,
    /// What is wrong with it, without values.
    pub reason: String,
    /// Its text as it came, if that was to be kept.
    pub raw: Option<Redacted>,
}

impl MalformedEntry {
    /// What is recorded of it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let raw = self.subject.digest.as_ref();
        let raw = raw.map_or_else(String::new, |digest| format!("; raw entry sha256 {digest}"));
        let message = format!("{}{raw}", self.reason);
        Failure::new(Code::DicomMalformedEntry, message)
    }
}

impl<D> Entry<D> {
    /// The sequence and the UIDs of this entry, for records and logs. What is no UID is left out.
    #[must_use]
    pub fn subject(&self) -> Subject {
        subject(self.sequence, self.key.clone(), self.action, self.timestamp)
    }

    /// What it is known again by; `None` when one of its UIDs is none.
    #[must_use]
    pub fn identity(&self) -> Option<EntryIdentity> {
        let InstanceKey {
            study,
            series,
            instance,
            ..
        } = &self.key;
        Some(EntryIdentity {
            sequence: self.sequence,
            timestamp: self.timestamp,
            uids: EntryIdentity::join(study, series, instance)?,
        })
    }

    /// Returns whether nothing can be done for the entry without data.
    #[must_use]
    pub const fn needs_data(&self) -> bool {
        matches!(
            (self.action, self.state),
            (Action::Create | Action::Update, State::Current)
        )
    }

    /// As [`Entry::subject`], when nothing else of the entry is wanted any more.
    #[must_use]
    pub fn into_subject(self) -> Subject {
        subject(self.sequence, self.key, self.action, self.timestamp)
    }
}

fn subject(
    sequence: u64,
    key: InstanceKey,
    action: Action,
    timestamp: Option<Timestamp>,
) -> Subject {
    let uid = |text: String| Some(text).filter(|text| is_uid(text));
    Subject {
        sequence: Some(sequence),
        study: uid(key.study),
        series: uid(key.series),
        instance: uid(key.instance),
        partition: key.partition.filter(|text| is_partition(text)),
        action: Some(action.as_str().to_owned()),
        timestamp,
        digest: None,
    }
}

/// Whether a text is the name of a data partition, and so can hold nothing else: letters, digits and
/// `.-_`, 64 at most.
#[must_use]
pub fn is_partition(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    // In an address, one or two dots are no name but a step.
    let is_step = matches!(text, "." | "..");
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !is_step
}
