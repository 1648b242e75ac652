//! The content tree of structured reports (PS3.3 C.17.3).

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{CodedConcept, Dataset, DateTime, Decimal, PersonName, Read};

/// How deep a tree is followed. The templates for dose reports need six levels; each level is
/// scanned anew.
const DEEPEST: usize = 16;

/// A content item: its name, its value, and the items below it.
///
/// Nothing is decoded before it is asked for. An item without a name, of an unknown value type or
/// by reference (0040,DB73) is an item like others, about which less can be said.
#[derive(Clone)]
pub struct ContentItem {
    dataset: Dataset,
    depth: usize,
}

/// A number and what it counts (PS3.3 C.18.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Measurement {
    /// Numeric Value (0040,A30A), or Floating Point Value (0040,A161) where that cannot be read.
    pub value: Decimal,
    /// Measurement Units (0040,08EA).
    pub unit: Option<CodedConcept>,
}

impl fmt::Debug for ContentItem {
    /// Tells nothing of the content: it is patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentItem(..)")
    }
}

impl fmt::Debug for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Measurement(..)")
    }
}

impl ContentItem {
    /// The root of a report's content tree, which is the dataset itself; none of what has no
    /// content, or no title.
    #[must_use]
    pub fn root(dataset: &Dataset) -> Option<Self> {
        dataset.element(tags::CONTENT_SEQUENCE)?;
        dataset.element(tags::CONCEPT_NAME_CODE_SEQUENCE)?;
        Some(Self {
            dataset: dataset.clone(),
            depth: 0,
        })
    }

    /// Concept Name (0040,A043).
    #[must_use]
    pub fn name(&self) -> Option<CodedConcept> {
        first_concept(&self.dataset, tags::CONCEPT_NAME_CODE_SEQUENCE)
    }

    /// The value of an item of type CODE (0040,A168).
    #[must_use]
    pub fn code(&self) -> Option<CodedConcept> {
        first_concept(&self.dataset, tags::CONCEPT_CODE_SEQUENCE)
    }

    /// The value of an item of type NUM (0040,A300); none when nothing was measured.
    ///
    /// # Errors
    /// When the number is none.
    pub fn measurement(&self) -> Read<Measurement> {
        let measured = self.dataset.items(tags::MEASURED_VALUE_SEQUENCE);
        let Some(measured) = measured.first() else {
            return Ok(None);
        };
        let value = match measured.decimal(tags::NUMERIC_VALUE) {
            Ok(Some(value)) => Ok(Some(value)),
            unread => match measured.decimal(tags::FLOATING_POINT_VALUE) {
                Ok(Some(value)) => Ok(Some(value)),
                _ => unread,
            },
        };
        let of = |value| Measurement {
            value,
            unit: first_concept(measured, tags::MEASUREMENT_UNITS_CODE_SEQUENCE),
        };
        match value {
            Ok(value) => Ok(value.map(of)),
            Err(flawed) => Err(flawed.map(of)),
        }
    }

    /// The value of an item of type TEXT (0040,A160).
    ///
    /// # Errors
    /// As [`Dataset::text`].
    pub fn text(&self) -> Read<String> {
        self.dataset.text(tags::TEXT_VALUE)
    }

    /// The value of an item of type UIDREF (0040,A124).
    ///
    /// # Errors
    /// As [`Dataset::uid`].
    pub fn uid(&self) -> Read<String> {
        self.dataset.uid(tags::UID)
    }

    /// The value of an item of type DATETIME (0040,A120).
    ///
    /// # Errors
    /// As [`Dataset::date_time`].
    pub fn date_time(&self) -> Read<DateTime> {
        self.dataset.date_time(tags::DATE_TIME)
    }

    /// The value of an item of type PNAME (0040,A123).
    ///
    /// # Errors
    /// As [`Dataset::person_name`].
    pub fn person_name(&self) -> Read<PersonName> {
        self.dataset.person_name(tags::PERSON_NAME)
    }

    /// The items below it, in order.
    #[must_use]
    pub fn children(&self) -> Vec<Self> {
        if self.depth >= DEEPEST {
            return Vec::new();
        }
        let items = self.dataset.items(tags::CONTENT_SEQUENCE).into_iter();
        let below = |dataset| Self {
            dataset,
            depth: self.depth + 1,
        };
        items.map(below).collect()
    }

    /// All items below it, in the order of the document. What is below an item that `is_closed` is
    /// not visited.
    pub fn descendants(&self, is_closed: impl Fn(&Self) -> bool) -> impl Iterator<Item = Self> {
        let mut waiting = self.children();
        waiting.reverse();
        std::iter::from_fn(move || {
            let item = waiting.pop()?;
            if !is_closed(&item) {
                waiting.extend(item.children().into_iter().rev());
            }
            Some(item)
        })
    }
}

/// The first concept of a code sequence that has a code. What is wrong with its words does not
/// matter: a concept is known by its code.
fn first_concept(dataset: &Dataset, sequence: Tag) -> Option<CodedConcept> {
    dataset.items(sequence).iter().find_map(concept)
}

fn concept(item: &Dataset) -> Option<CodedConcept> {
    let text = |tag| match item.text(tag) {
        Ok(text) => text,
        Err(flawed) => flawed.kept,
    };
    let urn = || item.uri(tags::URN_CODE_VALUE).ok().flatten();
    let value = text(tags::CODE_VALUE).or_else(|| text(tags::LONG_CODE_VALUE));
    Some(CodedConcept {
        value: value.or_else(urn)?,
        scheme: text(tags::CODING_SCHEME_DESIGNATOR),
        scheme_uid: item.uid(tags::CODING_SCHEME_UID).ok().flatten(),
        scheme_version: text(tags::CODING_SCHEME_VERSION),
        meaning: text(tags::CODE_MEANING),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn item(json: &str) -> ContentItem {
        let dataset = Dataset::parse(Bytes::from(json.to_owned())).unwrap();
        ContentItem { dataset, depth: 0 }
    }

    fn named(code: &str, below: &str) -> String {
        format!(
            r#"{{"0040A043":{{"vr":"SQ","Value":[{{"00080100":{{"vr":"SH","Value":["{code}"]}}}}]}},
                "0040A730":{{"vr":"SQ","Value":[{below}]}}}}"#
        )
    }

    fn names(items: impl Iterator<Item = ContentItem>) -> Vec<String> {
        let names = items.map(|item| item.name().map(|name| name.value));
        names.map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn items_are_visited_in_the_order_of_the_document() {
        let below = [named("2", &named("3", "")), named("4", "")].join(",");
        let root = item(&named("1", &format!("{below},null,7,{{}}")));
        assert_eq!(names(root.descendants(|_| false)), ["2", "3", "4", ""]);
        let closed = |item: &ContentItem| item.name().is_some_and(|name| name.value == "2");
        assert_eq!(names(root.descendants(closed)), ["2", "4", ""]);
    }

    #[test]
    fn a_tree_is_followed_to_a_bounded_depth() {
        let mut tree = named("x", "");
        for _ in 0..DEEPEST + 9 {
            tree = named("x", &tree);
        }
        assert_eq!(item(&tree).descendants(|_| false).count(), DEEPEST);
    }

    #[test]
    fn a_measurement_is_read_where_there_is_one() {
        let measured = |value: &str| {
            let json = format!(r#"{{"0040A300":{{"vr":"SQ","Value":[{value}]}}}}"#);
            let read = item(&json).measurement();
            read.map(|read| read.map(|it| it.value.as_str().to_owned()))
        };
        let number = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(measured(r#"{"0040A30A":{"Value":[0]}}"#), number("0"));
        assert_eq!(
            measured(r#"{"0040A30A":{"Value":["1.50"]}}"#),
            number("1.50")
        );
        assert_eq!(
            measured(r#"{"0040A30A":{"Value":["NaN"]},"0040A161":{"Value":[2.5]}}"#),
            number("2.5")
        );
        assert_eq!(measured(""), Ok(None));
        assert_eq!(measured(r#"{"0040A30A":{"vr":"DS"}}"#), Ok(None));
        for wrong in [
            r#"{"0040A30A":{"Value":[NaN]}}"#,
            r#"{"0040A30A":{"Value":[1,2]}}"#,
        ] {
            assert!(measured(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_concept_is_known_without_its_words() {
        let long = "x".repeat(1_025);
        let json = format!(
            r#"{{"0040A168":{{"Value":[{{}},{{"00080100":{{"Value":["1"]}},"00080104":{{"Value":["{long}"]}}}}]}}}}"#
        );
        let code = item(&json).code().unwrap();
        assert_eq!((code.value.as_str(), code.meaning), ("1", None));
    }
}
