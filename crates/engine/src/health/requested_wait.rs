//! The wait that a service asked for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::failure::Failure;

/// A wait before the next attempt because a service asked for one (`Retry-After`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestedWait {
    /// The name of the service.
    pub service: &'static str,
    /// When the next attempt is made, in whole seconds.
    pub until: Timestamp,
}

impl RequestedWait {
    /// Returns the wait of this length after a failure; `None` if no service asked for one.
    pub(crate) fn after(failure: &Failure, delay: Duration, now: Timestamp) -> Option<Self> {
        failure.retry_after.filter(|asked| !asked.is_zero())?;
        let until = now
            .checked_add(SignedDuration::try_from(delay).ok()?)
            .ok()?;
        let is_within_second = until.subsec_nanosecond() > 0;
        let second = until.as_second() + i64::from(is_within_second);
        Some(Self {
            service: failure.code.service(),
            until: Timestamp::from_second(second).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    #[test]
    fn only_a_wait_that_was_asked_for_is_shown_and_in_whole_seconds() {
        let now = Timestamp::from_millisecond(7_200).unwrap();
        let after = |code, asked: Option<u64>| {
            let failure = Failure {
                retry_after: asked.map(Duration::from_secs),
                ..Failure::new(code, "")
            };
            let wait = RequestedWait::after(&failure, Duration::from_secs(30), now)?;
            Some((wait.service, wait.until.to_string()))
        };
        let until = "1970-01-01T00:00:38Z".to_owned();
        assert_eq!(
            after(Code::FhirTooBusy, Some(30)),
            Some(("FHIR server", until.clone()))
        );
        assert_eq!(
            after(Code::DicomTooBusy, Some(9_000)),
            Some(("DICOM service", until))
        );
        assert_eq!(after(Code::FhirTooBusy, Some(0)), None);
        assert_eq!(after(Code::FhirTooBusy, None), None);
    }
}
