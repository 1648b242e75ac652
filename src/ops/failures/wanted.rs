//! Which failed entries somebody wants, in the words that people use.

use jiff::Timestamp;
use strsim::damerau_levenshtein;

use super::Moment;
use radcast_engine::failure::{Class, Code};
use radcast_engine::store::{FailureTable, RecordFilter};

/// Every failed entry whose failure stays until somebody does something (R19), whatever its class.
const INTRANSIENT: &str = "intransient";

/// The most characters of a restriction; a UID has 64, all categories together fewer than this.
const LONGEST: usize = 256;

/// The longest word that known ones are compared with: that takes time by the length of both.
const COMPARED: usize = 64;

/// Which failed entries somebody wants. Everything that is given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    tables: Vec<FailureTable>,
    class: Option<Class>,
    code: Option<Code>,
    study: Option<String>,
    instance: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
    since: Option<Moment>,
    until: Option<Moment>,
    superseded: bool,
}

impl Filter {
    /// The names that [`Filter::set`] knows.
    pub const NAMES: [&'static str; 10] = [
        "category",
        "class",
        "code",
        "study",
        "instance",
        "from",
        "to",
        "since",
        "until",
        "superseded",
    ];

    /// Adds a restriction by its name. An empty text restricts nothing.
    ///
    /// # Errors
    /// The name or the text cannot be used; the sentence says which, and what can be.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        if !Self::NAMES.contains(&name) {
            let hint = nearest(name, Self::NAMES);
            return Err(format!("{name:?} is no filter{hint}"));
        }
        if text.is_empty() {
            return Ok(());
        }
        if text.len() > LONGEST {
            return Err(format!("{name}: has more than {LONGEST} characters"));
        }
        match name {
            "category" => self.tables = categories(text)?,
            "class" => self.class(text)?,
            "code" => self.code = Some(code(text)?),
            "study" => self.study = Some(text.to_owned()),
            "instance" => self.instance = Some(text.to_owned()),
            "from" => self.from = Some(sequence(name, text)?),
            "to" => self.to = Some(sequence(name, text)?),
            "since" => self.since = Some(moment(name, text)?),
            "until" => self.until = Some(moment(name, text)?),
            _ => self.superseded = flag(name, text)?,
        }
        Ok(())
    }

    /// Whether nothing is restricted.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The filter, with times seen from `now`.
    #[must_use]
    pub fn filter(&self, now: Timestamp) -> RecordFilter {
        RecordFilter {
            tables: self.tables.clone(),
            class: self.class.map(|class| class.as_str().to_owned()),
            code: self.code.map(|code| code.as_str().to_owned()),
            study: self.study.clone(),
            instance: self.instance.clone(),
            from_sequence: self.from,
            to_sequence: self.to,
            since: self.since.map(|since| since.from(now)),
            until: self.until.map(|until| until.from(now)),
            superseded: self.superseded,
            retry_by: None,
        }
    }

    fn class(&mut self, text: &str) -> Result<(), String> {
        if text == INTRANSIENT {
            self.tables = FailureTable::FAILED.to_vec();
            return Ok(());
        }
        let known = || {
            Class::ALL
                .map(Class::as_str)
                .into_iter()
                .chain([INTRANSIENT])
        };
        let class = Class::ALL.into_iter().find(|class| class.as_str() == text);
        self.class = Some(class.ok_or_else(|| {
            let all: Vec<&str> = known().collect();
            format!(
                "class: {text:?} is none{}; it is one of {}",
                nearest(text, known()),
                all.join(", ")
            )
        })?);
        Ok(())
    }
}

/// Categories with commas between them.
fn categories(text: &str) -> Result<Vec<FailureTable>, String> {
    let known = FailureTable::ALL.map(FailureTable::category);
    let table = |word: &str| {
        FailureTable::of_category(word.trim()).ok_or_else(|| {
            let hint = nearest(word, known);
            let all = known.join(", ");
            format!("category: {word:?} is none{hint}; it is one of {all}")
        })
    };
    text.split(',').map(table).collect()
}

fn code(text: &str) -> Result<Code, String> {
    Code::named(text).ok_or_else(|| {
        let hint = nearest(text, Code::ALL.iter().map(|code| code.as_str()));
        format!("code: {text:?} is none{hint}; `radcast failures explain` lists them")
    })
}

fn sequence(name: &str, text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{name}: {text:?} is no sequence: write a number such as 4711"))
}

fn moment(name: &str, text: &str) -> Result<Moment, String> {
    text.parse().map_err(|error| format!("{name}: {error}"))
}

fn flag(name: &str, text: &str) -> Result<bool, String> {
    text.parse()
        .map_err(|_| format!("{name}: {text:?} is neither true nor false"))
}

/// `; did you mean …?` when one of the known words is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if word.len() > COMPARED {
        return String::new();
    }
    let word = word.to_lowercase();
    let distance = |known: &&str| damerau_levenshtein(&word, known);
    known
        .into_iter()
        .min_by_key(distance)
        .filter(|known| distance(known) <= known.len() / 3)
        .map(|known| format!("; did you mean {known:?}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restriction_of_any_length_is_refused_without_being_compared() {
        let long = "x".repeat(1_000_000);
        let begun = std::time::Instant::now();
        for name in Filter::NAMES {
            let refused = Filter::default().set(name, &long).unwrap_err();
            assert!(refused.starts_with(name) && refused.len() < 100);
        }
        assert!(Filter::default().set(&long, "1").is_err());
        assert!(begun.elapsed() < std::time::Duration::from_secs(1));
    }
}
