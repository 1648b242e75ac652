//! Whether entries speak of another person than the stored patient: name, sex and birth date are
//! given on both sides, and all three differ.
//!
//! - Names differ where none of the one side has a word of its family name in common with one of
//!   the other: letters count without case and accents, `Müller` is `MUELLER`. Only names in the same
//!   script are compared; maiden and former names count too.
//! - `unknown` is no sex. Birth dates agree as far as both go.

use serde_json::Value;

use radcast_dicom::NameGroup;
use radcast_engine::failure::{Code, Failure};

use super::super::edit::EditError;
use super::super::fact::{Fact, Facts};
use super::super::object::Object;
use super::super::stored::Stored;
use super::super::{PatientKey, StudyDelta};
use super::{ROWS, TYPE};

/// Refuses entries that speak of another person than the stored patient does; where none is stored,
/// than the first of them.
pub(super) fn check(
    delta: &StudyDelta,
    key: &PatientKey,
    stored: Option<&Stored>,
) -> Result<(), Failure> {
    let said = delta.statements();
    let mut said: Vec<_> = said
        .filter(|(_, said)| said.patient.key() == key)
        .map(|(change, said)| (change.key(), said.patient.facts()))
        .collect();
    said.dedup_by(|(_, one), (_, other)| one.are_shared(other));
    let (name, known) = match stored {
        Some(stored) => {
            let person = Person::stored(&stored.object);
            let name = stored.reference();
            let person = person.map_err(|error| error.into_failure(&name))?;
            (name, person)
        }
        None => match said.first() {
            Some((_, facts)) => (TYPE.to_owned(), Person::said(facts)),
            None => return Ok(()),
        },
    };
    let other = said
        .iter()
        .find(|(_, facts)| known.is_other(&Person::said(facts)));
    let Some((instance, _)) = other else {
        return Ok(());
    };
    let message = format!(
        "name, sex and birth date of the instance {} all differ from those of the {name} that its \
         patient id stands for",
        instance.instance
    );
    Err(Failure::new(Code::FhirPatientMismatch, message))
}

/// Who somebody is.
#[derive(Default)]
struct Person {
    names: Vec<Name>,
    sex: Option<String>,
    birth_date: Option<String>,
}

impl Person {
    fn stored(patient: &Object) -> Result<Self, EditError> {
        let names = patient.objects("name")?;
        let names = names.iter().map(Name::stored).collect::<Result<_, _>>();
        Ok(Self {
            names: names.map_err(|error: EditError| error.within("name"))?,
            sex: patient.text("gender")?,
            birth_date: patient.text("birthDate")?,
        })
    }

    fn said(facts: &Facts) -> Self {
        let mut person = Self::default();
        for (index, row) in ROWS.iter().enumerate() {
            match (row.element, facts.get(index)) {
                ("name", Some(Fact::Name(group))) => person.names.push(Name::said(group)),
                ("name", Some(Fact::List(names))) => {
                    let names = names.iter().filter_map(|json| Object::parse(json));
                    let names = names.filter_map(|name| Name::stored(&name).ok());
                    person.names.extend(names);
                }
                ("gender", Some(Fact::Text(sex))) => person.sex = Some(sex.to_string()),
                ("birthDate", Some(Fact::Text(date))) => {
                    person.birth_date = Some(date.to_string());
                }
                _ => {}
            }
        }
        person
    }

    fn is_other(&self, other: &Self) -> bool {
        let sexes = known_sex(self).zip(known_sex(other));
        let dates = self.birth_date.as_ref().zip(other.birth_date.as_ref());
        let differ = |one: &str, other: &str| !one.starts_with(other) && !other.starts_with(one);
        sexes.is_some_and(|(one, other)| one != other)
            && dates.is_some_and(|(one, other)| differ(one.trim(), other.trim()))
            && names_differ(&self.names, &other.names)
    }
}

fn known_sex(person: &Person) -> Option<&str> {
    person.sex.as_deref().filter(|sex| *sex != "unknown")
}

/// Whether names can be compared, and none is one of the other side.
fn names_differ(names: &[Name], others: &[Name]) -> bool {
    let pairs = || {
        names
            .iter()
            .flat_map(|name| others.iter().map(move |it| (name, it)))
    };
    let mut comparable = pairs().filter(|(name, other)| name.is_comparable(other));
    let mut agreeing = pairs().filter(|(name, other)| name.agrees(other));
    comparable.next().is_some() && agreeing.next().is_none()
}

/// The words of a name, in letters that compare.
struct Name {
    family: Vec<String>,
    all: Vec<String>,
}

impl Name {
    fn said(name: &NameGroup) -> Self {
        let rest = [&name.given, &name.middle].map(String::as_str);
        Self::new(&name.family, &rest)
    }

    fn stored(name: &Object) -> Result<Self, EditError> {
        let family = name.text("family")?.unwrap_or_default();
        let given: Vec<Value> = name.decode("given")?.unwrap_or_default();
        let text = name.text("text")?.unwrap_or_default();
        let mut rest: Vec<_> = given.iter().filter_map(Value::as_str).collect();
        rest.push(&text);
        Ok(Self::new(&family, &rest))
    }

    fn new(family: &str, rest: &[&str]) -> Self {
        let family = words(family);
        let rest = rest.iter().flat_map(|text| words(text));
        let all = family.iter().cloned().chain(rest).collect();
        Self { family, all }
    }

    /// The words that tell the family; all of them where nobody knows which those are.
    fn telling(&self) -> &[String] {
        match self.family.is_empty() {
            true => &self.all,
            false => &self.family,
        }
    }

    fn agrees(&self, other: &Self) -> bool {
        let has = |name: &Self, words: &[String]| words.iter().any(|it| name.all.contains(it));
        if self.family.is_empty() && other.family.is_empty() {
            return has(other, &self.all);
        }
        has(other, &self.family) || has(self, &other.family)
    }

    fn is_comparable(&self, other: &Self) -> bool {
        let scripts = |name: &Self| -> Vec<Script> {
            let words = name.telling().iter();
            words
                .filter_map(|word| word.chars().next().map(Script::of))
                .collect()
        };
        let others = scripts(other);
        scripts(self).iter().any(|script| others.contains(script))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Kana,
    Han,
    Hangul,
    Other,
}

impl Script {
    const fn of(letter: char) -> Self {
        match letter {
            'a'..='z' => Self::Latin,
            '\u{3040}'..='\u{30FF}' | '\u{FF66}'..='\u{FF9F}' => Self::Kana,
            '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' => Self::Han,
            '\u{AC00}'..='\u{D7AF}' | '\u{1100}'..='\u{11FF}' => Self::Hangul,
            _ => Self::Other,
        }
    }
}

/// The words of a text without case, accents and signs.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric() && !is_mark(letter));
    let words = words.map(|word| {
        // However an umlaut is written.
        ["ae", "oe", "ue"]
            .iter()
            .fold(plain(word), |word, written| {
                word.replace(written, written.get(..1).unwrap_or(written))
            })
    });
    words.filter(|word| !word.is_empty()).collect()
}

/// A combining accent.
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36F}')
}

/// Small Latin letters with the plain ones that stand for them.
const PLAIN: &[(&str, &str)] = &[
    ("àáâãäåāăą", "a"),
    ("æ", "ae"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŋ", "n"),
    ("òóôõöøōŏő", "o"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("þ", "th"),
    ("ùúûüũūŭůűų", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
];

/// A word in small letters without accents.
fn plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for letter in word.chars().filter(|letter| !is_mark(*letter)) {
        match PLAIN.iter().find(|(accented, _)| accented.contains(letter)) {
            Some((_, letters)) => plain.push_str(letters),
            None => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(names: &[&str], sex: &str, born: &str) -> Person {
        let names: Vec<String> = names.iter().map(|it| format!("{{{it}}}")).collect();
        let text = |name, value: &str| match value {
            "" => String::new(),
            value => format!(r#","{name}":"{value}""#),
        };
        let json = format!(
            r#"{{"name":[{}]{}{}}}"#,
            names.join(","),
            text("gender", sex),
            text("birthDate", born)
        );
        Person::stored(&Object::parse(&json).unwrap()).unwrap()
    }

    const ROSSI: &str = r#""family":"Rossi","given":["Maria"]"#;
    const MEYER: &str = r#""family":"Meyer","given":["Maria"]"#;

    #[test]
    fn another_person_differs_in_all_three() {
        let known = person(&[ROSSI], "female", "1980-02-29");
        let others = [
            (person(&[MEYER], "male", "1979-01-01"), true),
            (person(&[MEYER], "male", "1980-03"), true),
            (person(&[ROSSI], "male", "1979"), false),
            (person(&[MEYER], "female", "1979"), false),
            (person(&[MEYER], "male", "1980"), false),
            (person(&[MEYER], "male", "1980-02-29"), false),
            (person(&[], "male", "1979"), false),
            (person(&[MEYER], "", "1979"), false),
            (person(&[MEYER], "unknown", "1979"), false),
            (person(&[MEYER], "male", ""), false),
        ];
        for (index, (other, is_other)) in others.iter().enumerate() {
            assert_eq!(known.is_other(other), *is_other, "{index}");
            assert_eq!(other.is_other(&known), *is_other, "{index}");
        }
    }

    #[test]
    fn names_differ_when_no_family_name_is_the_same_in_any_writing() {
        let cases = [
            (r#""family":"Müller""#, r#""family":"MUELLER""#, false),
            (r#""family":"Mu\u0308ller""#, r#""family":"muller""#, false),
            (
                r#""family":"Åström-Næss""#,
                r#""text":"Naess, Kari""#,
                false,
            ),
            (r#""family":"Maria","given":["Rossi"]"#, ROSSI, false),
            (r#""family":"de Rossi""#, ROSSI, false),
            (r#""family":"Łuszcz""#, r#""family":"Luszcz""#, false),
            (MEYER, ROSSI, true),
            (r#""text":"Maria Rossi""#, ROSSI, false),
            (r#""text":"Maria Meyer""#, ROSSI, true),
            (r#""family":"山田""#, r#""family":"Yamada""#, false),
            (r#""family":"山田""#, r#""family":"やまだ""#, false),
            (r#""family":"山田""#, r#""family":"佐藤""#, true),
            (r#""family":"Иванов""#, r#""family":"Петров""#, true),
            (r#""family":"Иванов""#, r#""family":"ИВАНОВ""#, false),
            (r#""family":" ^ ""#, ROSSI, false),
        ];
        for (one, other, differ) in cases {
            let (known, said) = (person(&[one], "", "").names, person(&[other], "", "").names);
            assert_eq!(names_differ(&known, &said), differ, "{one} {other}");
            assert_eq!(names_differ(&said, &known), differ, "{other} {one}");
        }
        let several = person(&[MEYER, r#""use":"maiden","family":"Rossi""#], "", "").names;
        assert!(!names_differ(&several, &person(&[ROSSI], "", "").names));
    }
}
