//! `If-Match`: a write that holds for one version only (R4 HTTP 3.1.0.5).

use axum::http::StatusCode;

use super::address::Address;
use super::outcome::Refusal;
use super::versions::Version;

/// The version that a write asks to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precondition {
    /// None is asked for.
    Absent,
    /// `*`: any, as long as there is one.
    AnyVersion,
    /// `W/"n"`.
    Version(u32),
}

impl Precondition {
    /// Reads the value of `If-Match`, weak or strong.
    ///
    /// # Errors
    /// The value is no single entity tag of this store.
    pub(super) fn parse(value: Option<&str>) -> Result<Self, Refusal> {
        let Some(value) = value.map(str::trim) else {
            return Ok(Self::Absent);
        };
        if value == "*" {
            return Ok(Self::AnyVersion);
        }
        value
            .strip_prefix("W/")
            .unwrap_or(value)
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .and_then(|number| number.parse().ok())
            .map(Self::Version)
            .ok_or_else(|| Refusal::invalid("If-Match must be one entity tag such as W/\"3\""))
    }

    /// Lets the write pass if the current version is the one asked for.
    ///
    /// # Errors
    /// 412 if it is not.
    pub(super) fn check(self, address: &Address, current: Option<&Version>) -> Result<(), Refusal> {
        let live = current.filter(|version| version.json.is_some());
        let failed = |diagnostics| {
            Err(Refusal::new(
                StatusCode::PRECONDITION_FAILED,
                "conflict",
                diagnostics,
            ))
        };
        match (self, live) {
            (Self::Absent, _) | (Self::AnyVersion, Some(_)) => Ok(()),
            (Self::Version(asked), Some(live)) if asked == live.number => Ok(()),
            (Self::Version(asked), Some(live)) => failed(format!(
                "If-Match asks for version {asked} of {address}, and {} is current: read it again",
                live.number
            )),
            (_, None) => failed(format!("If-Match asks for {address}, and there is none")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_strong_tags_name_a_version() {
        assert_eq!(
            Precondition::parse(Some("W/\"3\"")),
            Ok(Precondition::Version(3))
        );
        assert_eq!(
            Precondition::parse(Some(" \"3\" ")),
            Ok(Precondition::Version(3))
        );
        assert_eq!(Precondition::parse(Some("*")), Ok(Precondition::AnyVersion));
        assert_eq!(Precondition::parse(None), Ok(Precondition::Absent));
    }

    #[test]
    fn a_malformed_tag_is_a_bad_request() {
        for value in [
            "",
            "3",
            "W/3",
            "\"\"",
            "w/\"3\"",
            "\"1\", \"2\"",
            "\"x\"",
            "\"",
        ] {
            let refusal = Precondition::parse(Some(value)).unwrap_err();
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{value}");
        }
    }
}
