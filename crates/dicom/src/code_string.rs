//! Code strings: CS (PS3.5 6.2).

use dicom_core::Tag;

use super::element::Value;
use super::flawed::Flaw;
use super::text::MAX_KEPT;
use super::{Dataset, Flawed, Read, Reason};

impl Dataset {
    /// The term of a code string attribute.
    ///
    /// # Errors
    /// When it has several values, more than 16 characters, or others than capital letters,
    /// digits, blank and underscore. It is kept unless it has control characters or more than
    /// 1,024 characters.
    pub fn code_string(&self, tag: Tag) -> Read<String> {
        self.read(tag, |_, value| term(value))
    }

    /// The terms of a code string attribute that may have several.
    ///
    /// # Errors
    /// As [`Dataset::code_string`], but for the number of values.
    pub fn code_strings(&self, tag: Tag) -> Result<Vec<String>, Flawed<Vec<String>>> {
        self.read_all(tag, |_, value| term(value))
    }
}

fn term(value: Value) -> Result<Option<String>, Flaw<String>> {
    let term = value.into_text()?;
    let is_text = term.chars().count() <= MAX_KEPT && !term.chars().any(char::is_control);
    match validate(&term) {
        Ok(()) => Ok(Some(term)),
        Err(reason) if is_text => Err(Flaw::kept(reason, term)),
        Err(reason) => Err(reason.into()),
    }
}

fn validate(text: &str) -> Result<(), Reason> {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ' || b == b'_';
    if !text.bytes().all(allowed) {
        return Err(Reason::Repertoire("CS"));
    }
    if text.len() > 16 {
        return Err(Reason::TooLong(16));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_terms_in_capitals_are_taken() {
        assert_eq!(validate("CT"), Ok(()));
        assert_eq!(validate("DERIVED_2 X"), Ok(()));
        assert_eq!(validate("ct"), Err(Reason::Repertoire("CS")));
        assert_eq!(validate("ABCDEFGHIJKLMNOPQ"), Err(Reason::TooLong(16)));
    }
}
