//! Character strings: LO, SH, ST, LT, UC, UT (PS3.5 6.2).

use dicom_core::{Tag, VR};

use super::element::Value;
use super::{Dataset, InvalidValue, Reason};

impl Dataset {
    /// The text of a character string attribute.
    ///
    /// # Errors
    /// When it has several values, is too long for its value representation, or holds control
    /// characters that are not allowed there.
    pub fn text(&self, tag: Tag) -> Result<Option<String>, InvalidValue> {
        self.read(tag, |element, value| match value {
            Value::Text(text) => validate(&text, element.vr()).map(|()| Some(text)),
            Value::Object(_) | Value::Malformed => Err(Reason::Malformed),
        })
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
    if let Some(longest) = longest.filter(|&longest| text.chars().count() > longest) {
        return Err(Reason::TooLong(longest));
    }
    let of_lines = matches!(vr, VR::ST | VR::LT | VR::UT | VR::UN);
    let allowed =
        |c: char| !c.is_control() || (of_lines && matches!(c, '\t' | '\n' | '\x0C' | '\r'));
    if text.chars().all(allowed) {
        Ok(())
    } else {
        Err(Reason::Repertoire(name))
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
    fn lines_belong_in_texts_only() {
        assert_eq!(validate("a\r\nb", VR::LT), Ok(()));
        assert_eq!(validate("a\nb", VR::LO), Err(Reason::Repertoire("LO")));
        assert_eq!(validate("a\u{7}b", VR::UT), Err(Reason::Repertoire("UT")));
    }
}
