//! How a failed entry stands: what happens to it by itself, and what a person can do.

use jiff::Timestamp;

use radcast_engine::failure::{Class, Code, Disposition, Dispositions};
use radcast_engine::store::{FailureRecord, FailureTable, RecordState};

/// How a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A later entry of the same instance was applied.
    Superseded,
    /// A value was left out of an entry that is otherwise stored.
    LeftOut,
    /// It is being retried at this moment.
    Retrying,
    /// Its retry was asked for; the daemon has not taken it yet.
    Asked,
    /// It is retried by itself at this time.
    Due(Timestamp),
    /// The instance has to be stored anew.
    NeedsUpload,
    /// Retries of its code are switched off.
    SwitchedOff,
    /// It is retried when somebody asks.
    OnSignal,
}

impl Standing {
    /// How a record stands, with these dispositions in force.
    #[must_use]
    pub fn of(record: &FailureRecord, dispositions: &Dispositions) -> Self {
        let never = disposition(record, dispositions) == Disposition::Never;
        match (record.key.table, record.state, record.next_retry) {
            (FailureTable::OmittedValue, ..) => Self::LeftOut,
            (FailureTable::Retrying, ..) => Self::Retrying,
            (_, RecordState::Superseded, _) => Self::Superseded,
            _ if record.retry => Self::Asked,
            (_, _, Some(due)) => Self::Due(due),
            _ if never && is_of_data(record) => Self::NeedsUpload,
            _ if never => Self::SwitchedOff,
            _ => Self::OnSignal,
        }
    }

    /// How it stands and what can be done, in sentences.
    #[must_use]
    pub fn advice(self, id: &str) -> String {
        match self {
            Self::Superseded => format!(
                "Nothing is missing: a later entry of the same instance was applied. \
                 `radcast failures dismiss {id}` removes the record."
            ),
            Self::LeftOut => format!(
                "The entry is stored without this value. Correct it at the source and store the \
                 instance again, or dismiss the record with `radcast failures dismiss {id}`."
            ),
            Self::Retrying => "It is being retried now: wait for what becomes of it.".to_owned(),
            Self::Asked => {
                "A retry has been asked for; the daemon takes it when it runs.".to_owned()
            }
            Self::Due(due) => format!(
                "It is retried by itself at {due}; `radcast failures retry {id}` retries it before."
            ),
            Self::NeedsUpload => format!(
                "No retry helps: correct the instance at its source, delete it and store it again; \
                 the change feed brings it by itself. (`radcast failures retry {id} --force` tries \
                 all the same.)"
            ),
            Self::SwitchedOff => format!(
                "RetryConfiguration:Policies switches retries of its code off; `radcast failures \
                 retry {id} --force` retries it all the same."
            ),
            Self::OnSignal => format!(
                "Once it is mended, `radcast failures retry {id}` retries it with the instance's \
                 present state."
            ),
        }
    }
}

/// The disposition of a record's code; that of its table for a code of another version of radcast.
pub(super) fn disposition(record: &FailureRecord, dispositions: &Dispositions) -> Disposition {
    match Code::named(&record.code) {
        Some(code) => dispositions.of(code),
        None if record.key.table == FailureTable::Dicom => Disposition::Never,
        None => Disposition::OnSignal,
    }
}

/// Whether the data of the instance itself are at fault.
fn is_of_data(record: &FailureRecord) -> bool {
    record.key.table == FailureTable::Dicom || record.class == Class::Dicom.as_str()
}
