//! Identifiers and locators: UR (PS3.5 6.2), which are those of RFC 3986.

use dicom_core::Tag;

use super::{Dataset, Read, Reason};

impl Dataset {
    /// The URI, or the reference to one, of an attribute.
    ///
    /// # Errors
    /// When it has several values, or characters that RFC 3986 wants percent-encoded, leading
    /// blanks among them.
    pub fn uri(&self, tag: Tag) -> Read<String> {
        self.read_text(tag, |text| validate(text).map(|()| text.to_owned()))
    }
}

pub(super) fn validate(text: &str) -> Result<(), Reason> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    if !text.bytes().all(allowed) {
        return Err(Reason::Repertoire("UR"));
    }
    let mut escapes = text.split('%').skip(1);
    let hexadecimal = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    if escapes.all(|rest| rest.get(..2).is_some_and(hexadecimal)) {
        Ok(())
    } else {
        Err(Reason::Form("UR (RFC 3986)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_in_the_repertoire_of_rfc_3986() {
        for uri in ["https://pacs.example/a?b=%20#c", "urn:oid:1.2", "../d"] {
            assert_eq!(validate(uri), Ok(()), "{uri}");
        }
        for other in [" urn:a", "a b", "a\\b", "<a>", "ä", "a\u{7}"] {
            assert_eq!(validate(other), Err(Reason::Repertoire("UR")), "{other}");
        }
        for broken in ["%", "a%2", "%zz"] {
            let form = Reason::Form("UR (RFC 3986)");
            assert_eq!(validate(broken), Err(form), "{broken}");
        }
    }
}
