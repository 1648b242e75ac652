//! The name, unit and meaning of every metric: alerts and dashboards rely on them.
//!
//! Names are lower case with dots, the unit is metadata, and no attribute holds a UID. `/metrics`
//! writes them as Prometheus does: `cast.entries` is `cast_entries_total`, and `cast.feed.lag` in
//! seconds is `cast_feed_lag_seconds`.

/// A metric's name, unit and meaning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) name: &'static str,
    /// The unit in UCUM, e.g. `s`; in braces what is counted, empty for none.
    pub(super) unit: &'static str,
    pub(super) help: &'static str,
}

const fn name(name: &'static str, unit: &'static str, help: &'static str) -> Name {
    Name { name, unit, help }
}

/// By [`RESULT`]; failed ones by [`CLASS`] as well.
pub(super) const ENTRIES: Name = name(
    "cast.entries",
    "{entry}",
    "Entries of the feed that were settled, by result; failed ones by class.",
);
/// By [`CLASS`].
pub(super) const GAVE_UP: Name = name(
    "cast.gave_up",
    "{entry}",
    "Entries recorded as failed after the retries ran out, by class.",
);
/// By [`CODE`].
pub(super) const ATTEMPTS_FAILED: Name = name(
    "cast.attempts.failed",
    "{attempt}",
    "Attempts to read the feed or to write a study that failed, by code.",
);
/// By [`CODE`].
pub(super) const PAUSES: Name = name(
    "cast.pauses",
    "{pause}",
    "How often work was paused until a dependency or the set-up is mended, by code.",
);
pub(super) const NOTIFICATIONS_DROPPED: Name = name(
    "cast.notifications.dropped",
    "{notification}",
    "Notifications that were dropped, as the queue of a notifier was full.",
);

pub(super) const LAST_SUCCESS: Name = name(
    "cast.last_success.timestamp",
    "s",
    "When a study was last brought in step, in seconds since 1970.",
);
pub(super) const FEED_LAG_ENTRIES: Name = name(
    "cast.feed.lag.entries",
    "{entry}",
    "How many sequence numbers the position is behind the newest entry.",
);
pub(super) const FEED_LAG: Name = name(
    "cast.feed.lag",
    "s",
    "How long ago everything of the feed was settled; 0 while it is.",
);
pub(super) const FEED_POSITION: Name = name(
    "cast.feed.position",
    "",
    "Every entry up to this sequence is settled.",
);
pub(super) const FEED_LATEST: Name =
    name("cast.feed.latest", "", "The newest sequence of the feed.");
/// By [`STATE`].
pub(super) const STATE_NOW: Name = name(
    "cast.state",
    "",
    "1 for the state that the daemon is in, 0 for the others.",
);
pub(super) const LEADER: Name = name(
    "cast.leader",
    "",
    "1 while this process is the one that works, 0 while it stands by.",
);

/// The attribute for what became of an entry: [`APPLIED`], [`SKIPPED`] or [`FAILED`].
pub(super) const RESULT: &str = "result";
pub(super) const APPLIED: &str = "applied";
pub(super) const SKIPPED: &str = "skipped";
pub(super) const FAILED: &str = "failed";
/// The attribute for the class of a failure.
pub(super) const CLASS: &str = "class";
/// The attribute for the code of a failure.
pub(super) const CODE: &str = "code";
/// The attribute for the state of the daemon.
pub(super) const STATE: &str = "state";

/// The meter of dicom-cast, whose four counters are kept, so that dashboards built on them go on
/// working. There they counted the ends of the process; here they count the pauses instead.
pub(super) const DICOM_CAST_METER: &str = "Microsoft.Health.DicomCast";
pub(super) const DICOM_CAST_METER_VERSION: &str = "1.0";
pub(super) const CAST_TO_FHIR_FORBIDDEN: &str = "CastToFhirForbidden";
pub(super) const DICOM_TO_CAST_FORBIDDEN: &str = "DicomToCastForbidden";
pub(super) const CAST_MI_UNAVAILABLE: &str = "CastMIUnavailable";
pub(super) const CASTING_FAILED_FOR_OTHER_REASONS: &str = "CastingFailedForOtherReasons";
