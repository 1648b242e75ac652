//! Decimal numbers: DS (PS3.5 6.2).

use dicom_core::Tag;

use super::{Dataset, Read, Reason};

/// The longest DS.
const LONGEST: usize = 16;

const FORM: Reason = Reason::Form("DS (a decimal number)");

/// A decimal number with the digits it was given, in the spelling of JSON and FHIR: `-0.50`,
/// `1.2e-3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal(String);

impl Decimal {
    /// The number as JSON writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Dataset {
    /// The number of a decimal attribute.
    ///
    /// # Errors
    /// When it has several values, is no decimal number, is longer than 16 characters as text, or
    /// is larger than a computer counts.
    pub fn decimal(&self, tag: Tag) -> Read<Decimal> {
        self.read_number(tag, LONGEST, parse)
    }
}

fn parse(text: &str) -> Result<Decimal, Reason> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (sign, unsigned) = match mantissa.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(FORM);
    }
    let mut number = format!("{sign}{}", significant(whole));
    if !fraction.is_empty() {
        number = format!("{number}.{fraction}");
    }
    if let Some(exponent) = exponent {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if unsigned.is_empty() || !digits(unsigned) {
            return Err(FORM);
        }
        number = format!("{number}e{exponent}");
    }
    let finite = number.parse::<f64>().is_ok_and(f64::is_finite);
    finite.then_some(Decimal(number)).ok_or(Reason::OutOfRange)
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Without leading zeros, but for the last digit.
fn significant(whole: &str) -> &str {
    match whole.trim_start_matches('0') {
        "" => "0",
        significant => significant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(text: &str) -> Result<String, Reason> {
        parse(text).map(|decimal| decimal.as_str().to_owned())
    }

    #[test]
    fn numbers_keep_their_digits_in_the_spelling_of_json() {
        let spellings = [
            ("72.50", "72.50"),
            ("+72", "72"),
            ("-0072.5", "-72.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("00", "0"),
            ("1.2E-3", "1.2e-3"),
            ("1e+05", "1e+05"),
        ];
        for (text, json) in spellings {
            assert_eq!(spelt(text).as_deref(), Ok(json), "{text}");
            assert!(serde_json::from_str::<f64>(json).is_ok(), "{json}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", ".", "-", "1,5", "1.5.2", "0x1", "NaN", "inf", "1e", "e5", "1e5.0", "--1", "１",
        ] {
            assert_eq!(spelt(text), Err(FORM), "{text}");
        }
        assert_eq!(spelt("1e999"), Err(Reason::OutOfRange));
    }
}
