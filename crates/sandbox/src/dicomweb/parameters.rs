//! Query parameters.

use std::ops::RangeInclusive;

use axum::extract::Query;
use jiff::Timestamp;

use super::refusal::Refusal;

/// Names and values, decoded, in their order.
pub(super) type Pairs = Query<Vec<(String, String)>>;

/// The number, if it is in the range.
pub(super) fn number(name: &str, text: &str, allowed: RangeInclusive<i64>) -> Result<i64, Refusal> {
    text.parse()
        .ok()
        .filter(|number| allowed.contains(number))
        .ok_or_else(|| {
            let (from, to) = (allowed.start(), allowed.end());
            Refusal::bad_request(format!("{name} is no number from {from} to {to}"))
        })
}

/// Parameters with case-insensitive names. Unknown ones are ignored.
pub(super) struct Parameters(pub(super) Vec<(String, String)>);

impl Parameters {
    fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        pair.map(|(_, value)| value.as_str())
    }

    /// A number in the range; the default if there is none.
    pub(super) fn number(
        &self,
        name: &str,
        allowed: RangeInclusive<i64>,
        default: i64,
    ) -> Result<i64, Refusal> {
        self.get(name)
            .map_or(Ok(default), |text| number(name, text, allowed))
    }

    /// A date and time with its time zone.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                Refusal::bad_request(format!("{name} is no date and time with a time zone"))
            })
        };
        self.get(name).map(parse).transpose()
    }

    /// Whether entries come with metadata; they do unless said otherwise.
    pub(super) fn include_metadata(&self) -> Result<bool, Refusal> {
        match self.get("includeMetadata") {
            None => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Refusal::bad_request(
                "includeMetadata is neither true nor false",
            )),
        }
    }
}
