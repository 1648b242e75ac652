//! Character strings: LO, SH, ST, LT, UC, UT (PS3.5 6.2).

use dicom_core::{Tag, VR};

use super::element::{Element, Value};
use super::flawed::Flaw;
use super::{Dataset, Flawed, Read, Reason};

impl Dataset {
    /// The text of a character string attribute.
    ///
    /// # Errors
    /// When it has several values, is too long for its value representation (and kept up to 1,024
    /// characters, of ST and LT up to 65,536), or holds control characters that are not allowed there.
    pub fn text(&self, tag: Tag) -> Read<String> {
        self.read(tag, text)
    }

    /// The texts of a character string attribute that may have several.
    ///
    /// # Errors
    /// As [`Dataset::text`], but for the number of values.
    pub fn texts(&self, tag: Tag) -> Result<Vec<String>, Flawed<Vec<String>>> {
        self.read_all(tag, text)
    }
}

fn text(element: &Element, value: Value) -> Result<Option<String>, Flaw<String>> {
    let text = value.into_text()?;
    match validate(&text, element.vr()) {
        Ok(()) => Ok(Some(text)),
        Err(Reason::TooLong(longest)) if text.chars().count() <= most_kept(longest) => {
            Err(Flaw::kept(Reason::TooLong(longest), text))
        }
        Err(reason) => Err(reason.into()),
    }
}

/// The longest short text that is kept, in characters, although DICOM bounds it to fewer.
pub(super) const MAX_KEPT: usize = 1_024;

/// The longest text of several lines that is kept, in characters.
const MAX_KEPT_LINES: usize = 65_536;

/// The longest text that is kept of a value representation that takes no more than `longest`.
const fn most_kept(longest: usize) -> usize {
    if longest < MAX_KEPT {
        MAX_KEPT
    } else {
        MAX_KEPT_LINES
    }
}

fn validate(text: &str, vr: VR) -> Result<(), Reason> {
    let (name, longest) = match vr {
        VR::SH => ("SH", Some(16)),
        VR::LO => ("LO", Some(64)),
        VR::ST => ("ST", Some(1024)),
        VR::LT => ("LT", Some(10_240)),
        VR::UC => ("UC", None),
        _ => ("UT", None),
    };
    let of_lines = matches!(vr, VR::ST | VR::LT | VR::UT | VR::UN);
    let allowed =
        |c: char| !c.is_control() || (of_lines && matches!(c, '\t' | '\n' | '\x0C' | '\r'));
    if !text.chars().all(allowed) {
        return Err(Reason::Repertoire(name));
    }
    match longest.filter(|&longest| text.chars().count() > longest) {
        Some(longest) => Err(Reason::TooLong(longest)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(validate(&"Ж".repeat(16), VR::SH), Ok(()));
        assert_eq!(validate(&"Ж".repeat(17), VR::SH), Err(Reason::TooLong(16)));
        assert_eq!(validate(&"x".repeat(65), VR::LO), Err(Reason::TooLong(64)));
    }

    #[test]
    fn long_texts_have_a_bound_too_but_unlimited_ones() {
        for (vr, longest) in [(VR::ST, 1024), (VR::LT, 10_240)] {
            assert_eq!(validate(&"ж".repeat(longest), vr), Ok(()));
            let longer = "ж".repeat(longest + 1);
            assert_eq!(validate(&longer, vr), Err(Reason::TooLong(longest)));
            assert_eq!(validate(&longer, VR::UT), Ok(()));
            assert_eq!(validate(&longer, VR::UC), Ok(()));
        }
    }

    #[test]
    fn lines_belong_in_texts_only() {
        assert_eq!(validate("a\r\nb", VR::LT), Ok(()));
        assert_eq!(validate("a\nb", VR::LO), Err(Reason::Repertoire("LO")));
        assert_eq!(validate("a\u{7}b", VR::UT), Err(Reason::Repertoire("UT")));
    }
}
