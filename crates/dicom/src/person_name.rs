//! Person names: PN (PS3.5 6.2.1), three groups of five components.

use std::fmt;

use bytes::Bytes;
use dicom_core::Tag;

use super::element::Value;
use super::flawed::Flaw;
use super::scan::members;
use super::text::MAX_KEPT;
use super::{Dataset, Flawed, Read, Reason};

/// The longest group of a name, in characters.
const LONGEST: usize = 64;

/// A person's name in up to three writings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PersonName {
    /// In letters: Latin, Cyrillic, Greek …
    pub alphabetic: NameGroup,
    /// In ideographs: kanji, hanzi, hanja.
    pub ideographic: NameGroup,
    /// In phonetic characters: kana, hangul.
    pub phonetic: NameGroup,
}

impl PersonName {
    /// Whether no group says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.alphabetic, &self.ideographic, &self.phonetic]
            .iter()
            .all(|group| group.is_empty())
    }
}

/// The five components of a name, each trimmed; empty when absent.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct NameGroup {
    /// Family name complex.
    pub family: String,
    /// Given name complex.
    pub given: String,
    /// Middle name.
    pub middle: String,
    /// Name prefix.
    pub prefix: String,
    /// Name suffix.
    pub suffix: String,
}

impl NameGroup {
    /// Whether no component says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The characters that it takes, carets included.
    fn length(&self) -> usize {
        let Self {
            family,
            given,
            middle,
            prefix,
            suffix,
        } = self;
        let all = [family, given, middle, prefix, suffix];
        let last = all.iter().rposition(|component| !component.is_empty());
        let characters = all.iter().map(|component| component.chars().count());
        characters.sum::<usize>() + last.unwrap_or_default()
    }
}

impl fmt::Debug for NameGroup {
    /// Tells whether there is a name and not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "empty" } else { ".." })
    }
}

impl Dataset {
    /// The name of an attribute: as PS3.18 F.2.2 writes it, an object of groups, or as plain text
    /// with the groups joined by `=`. A name that says nothing is `None`.
    ///
    /// # Errors
    /// When it has several values, a group longer than 64 characters (and kept up to 1,024), control
    /// characters, more than three groups or more than five components.
    pub fn person_name(&self, tag: Tag) -> Read<PersonName> {
        self.read(tag, |_, value| name(value))
    }

    /// The names of an attribute that may have several.
    ///
    /// # Errors
    /// As [`Dataset::person_name`], but for the number of values.
    pub fn person_names(&self, tag: Tag) -> Result<Vec<PersonName>, Flawed<Vec<PersonName>>> {
        self.read_all(tag, |_, value| name(value))
    }
}

fn name(value: Value) -> Result<Option<PersonName>, Flaw<PersonName>> {
    let name = match value {
        Value::Object(json) => from_object(&json)?,
        value => from_text(&value.into_text()?)?,
    };
    let groups = [&name.alphabetic, &name.ideographic, &name.phonetic];
    if groups.iter().any(|group| group.length() > LONGEST) {
        return Err(Flaw::kept(Reason::TooLong(LONGEST), name));
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}

fn from_object(json: &Bytes) -> Result<PersonName, Reason> {
    let [mut alphabetic, mut ideographic, mut phonetic] = [const { String::new() }; 3];
    for (key, value) in members(json).ok_or(Reason::Malformed)? {
        let group = match key.to_ascii_lowercase().as_str() {
            "alphabetic" => &mut alphabetic,
            "ideographic" => &mut ideographic,
            "phonetic" => &mut phonetic,
            _ => continue,
        };
        let text: Option<String> = serde_json::from_slice(&value).map_err(|_| Reason::Malformed)?;
        *group = text.unwrap_or_default();
    }
    // Some writers put several groups, or the whole value, into the first.
    let mut name = from_text(&alphabetic)?;
    for (own, text) in [
        (&mut name.ideographic, ideographic),
        (&mut name.phonetic, phonetic),
    ] {
        if !text.is_empty() {
            *own = group(&text)?;
        }
    }
    Ok(name)
}

fn from_text(text: &str) -> Result<PersonName, Reason> {
    let mut groups = text.split('=');
    let mut next = || groups.next().map_or(Ok(NameGroup::default()), group);
    let name = PersonName {
        alphabetic: next()?,
        ideographic: next()?,
        phonetic: next()?,
    };
    let rest = groups.all(|group| group.trim_matches([' ', '\0', '^']).is_empty());
    rest.then_some(name)
        .ok_or(Reason::Form("PN (three groups)"))
}

fn group(text: &str) -> Result<NameGroup, Reason> {
    let text = text.trim_matches([' ', '\0']);
    if text.chars().count() > MAX_KEPT {
        return Err(Reason::TooLong(LONGEST));
    }
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return Err(Reason::Repertoire("PN"));
    }
    let mut components = text.split('^').map(|component| component.trim().to_owned());
    let mut next = || components.next().unwrap_or_default();
    let group = NameGroup {
        family: next(),
        given: next(),
        middle: next(),
        prefix: next(),
        suffix: next(),
    };
    if components.any(|component| !component.is_empty()) {
        return Err(Reason::Form("PN (five components)"));
    }
    Ok(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(json: &'static str) -> Result<PersonName, Reason> {
        from_object(&Bytes::from_static(json.as_bytes()))
    }

    #[test]
    fn components_are_trimmed_and_trailing_carets_say_nothing() {
        let group = group("Rossi^ Maria ^^Dr.^^^").unwrap();
        assert_eq!(
            (group.family.as_str(), group.given.as_str()),
            ("Rossi", "Maria")
        );
        assert_eq!((group.middle.as_str(), group.prefix.as_str()), ("", "Dr."));
    }

    #[test]
    fn an_object_gives_its_groups_and_null_is_none() {
        let name =
            name(r#"{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎","Phonetic":null}"#);
        let name = name.unwrap();
        assert_eq!(name.ideographic.family, "山田");
        assert_eq!(name.alphabetic.given, "Tarou");
        assert!(name.phonetic.is_empty());
    }

    #[test]
    fn plain_text_gives_its_groups() {
        let name = from_text("Yamada^Tarou=山田^太郎=やまだ^たろう").unwrap();
        assert_eq!(name.phonetic.given, "たろう");
        assert_eq!(from_text("=山田").unwrap().ideographic.family, "山田");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        assert_eq!(from_text("a=b=c=d"), Err(Reason::Form("PN (three groups)")));
        assert_eq!(
            group("a^b^c^d^e^f"),
            Err(Reason::Form("PN (five components)"))
        );
        assert_eq!(group(&"x".repeat(1_025)), Err(Reason::TooLong(64)));
        assert_eq!(group("a\u{1b}b"), Err(Reason::Repertoire("PN")));
        assert_eq!(
            name(r#"{"Alphabetic":{"Family":"x"}}"#),
            Err(Reason::Malformed)
        );
    }

    #[test]
    fn debug_output_hides_the_name() {
        assert!(!format!("{:?}", from_text("Rossi^Maria").unwrap()).contains("Rossi"));
    }
}
