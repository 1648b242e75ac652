//! Persons that a study names, as references to a `Practitioner`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::{Identifier, Reference};

use super::concept;
use super::element;
use super::fact::distinct;
use super::reading::Reading;
use radcast_dicom::{CodedConcept, Dataset, NameGroup, PersonName};

/// How a person is identified (Person Identification Macro, PS3.3 10.1).
struct Identification {
    identifier: Option<Identifier>,
    /// The name that belongs to the code.
    meaning: Option<String>,
}

impl Reading<'_> {
    /// The person of an attribute and its identification sequence.
    pub(super) fn person(&mut self, name: Tag, identification: Tag) -> Option<Reference> {
        let name = self.dataset.person_name(name);
        let names: Vec<_> = self.accept(name).into_iter().collect();
        self.identified(&names, identification).into_iter().next()
    }

    /// The persons of an attribute and its identification sequence.
    pub(super) fn persons(&mut self, names: Tag, identifications: Tag) -> Vec<Reference> {
        let names = self.dataset.person_names(names);
        let names = self.accept(names.map(Some)).unwrap_or_default();
        self.identified(&names, identifications)
    }

    /// Each name with what the sequence says in the same place. Where the numbers of both differ,
    /// nobody knows which belong together, and the names count alone.
    fn identified(&mut self, names: &[PersonName], sequence: Tag) -> Vec<Reference> {
        let known = self.identifications(sequence);
        let persons: Vec<_> = if names.is_empty() {
            let known = known.into_iter().flatten();
            known.map(|known| reference(None, Some(known))).collect()
        } else if known.len() == names.len() {
            let pairs = names.iter().zip(known);
            pairs
                .map(|(name, known)| reference(display(name), known))
                .collect()
        } else {
            let names = names.iter();
            names.map(|name| reference(display(name), None)).collect()
        };
        distinct(persons.into_iter().flatten())
    }

    /// One for each item; none for an item that says nothing usable.
    fn identifications(&mut self, sequence: Tag) -> Vec<Option<Identification>> {
        let items = self.dataset.sequence(sequence).into_iter();
        let known = items.map(|item| {
            let item = self.accept(item.map(Some))?;
            self.identification(&item, sequence)
        });
        known.collect()
    }

    fn identification(&mut self, item: &Dataset, sequence: Tag) -> Option<Identification> {
        let codes = item.coded_concepts(tags::PERSON_IDENTIFICATION_CODE_SEQUENCE);
        let codes = codes.into_iter().filter_map(|code| {
            let code = code.map_err(|flawed| flawed.within(sequence));
            self.accept(code.map(Some))
        });
        let codes: Vec<_> = codes.collect();
        let code = codes.into_iter().next()?;
        let institution = self.institution(item, sequence);
        Some(Identification {
            identifier: self.identifier(&code, institution),
            meaning: code.meaning,
        })
    }

    /// The designator of the code's scheme is who issues the codes; it may be configured as such.
    fn identifier(&self, code: &CodedConcept, institution: Option<String>) -> Option<Identifier> {
        let issuer = code.scheme.as_deref();
        let configured = issuer.and_then(|issuer| self.rules.issuers.system(issuer));
        let system = configured
            .map(str::to_owned)
            .or_else(|| concept::system(code));
        element::assigned_identifier(system.as_deref(), &code.value, institution).ok()
    }

    /// Institution Name (0008,0080), or what Institution Code Sequence (0008,0082) means.
    fn institution(&mut self, item: &Dataset, sequence: Tag) -> Option<String> {
        let name = item.text(tags::INSTITUTION_NAME);
        let name = name.map_err(|flawed| flawed.within(sequence));
        let name = self.accept(name);
        name.or_else(|| {
            let codes = item.coded_concepts(tags::INSTITUTION_CODE_SEQUENCE);
            let codes = codes.into_iter();
            let codes = codes.filter_map(|code| code.or_else(|flawed| flawed.kept.ok_or(())).ok());
            codes.into_iter().find_map(|code| code.meaning)
        })
    }
}

fn reference(display: Option<String>, known: Option<Identification>) -> Option<Reference> {
    let (identifier, meaning) = match known {
        Some(known) => (known.identifier, known.meaning),
        None => (None, None),
    };
    let display = display.or(meaning);
    if identifier.is_none() && display.is_none() {
        return None;
    }
    element::logical_reference("Practitioner", identifier, display).ok()
}

/// A name as it is said: the first writing that there is.
pub(super) fn display(name: &PersonName) -> Option<String> {
    let PersonName {
        alphabetic,
        ideographic,
        phonetic,
    } = name;
    let written = [(alphabetic, false), (ideographic, true), (phonetic, true)];
    let mut written = written.into_iter().filter(|(group, _)| !group.is_empty());
    written
        .next()
        .map(|(group, family_first)| said(group, family_first))
}

fn said(group: &NameGroup, family_first: bool) -> String {
    let NameGroup {
        family,
        given,
        middle,
        prefix,
        suffix,
    } = group;
    let parts = if family_first {
        [prefix, family, given, middle]
    } else {
        [prefix, given, middle, family]
    };
    let words = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = parts.map(|part| words(part));
    let filled: Vec<_> = parts.iter().filter(|part| !part.is_empty()).collect();
    let name = filled
        .iter()
        .map(|part| part.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    match (name.is_empty(), suffix.is_empty()) {
        (_, true) => name,
        (true, false) => words(suffix),
        (false, false) => format!("{name}, {}", words(suffix)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(components: [&str; 5]) -> NameGroup {
        let [family, given, middle, prefix, suffix] = components.map(str::to_owned);
        NameGroup {
            family,
            given,
            middle,
            prefix,
            suffix,
        }
    }

    #[test]
    fn a_name_is_said_with_prefix_and_suffix() {
        let said = |components| said(&group(components), false);
        let full = ["Morrison-Jones", "Susan  Ann", "B", "Dr.", "Ph.D., MD"];
        assert_eq!(said(full), "Dr. Susan Ann B Morrison-Jones, Ph.D., MD");
        assert_eq!(said(["Rossi", "", "", "", ""]), "Rossi");
        assert_eq!(said(["", "", "", "", "MD"]), "MD");
    }

    #[test]
    fn the_first_writing_counts_and_ideographs_begin_with_the_family() {
        let mut name = PersonName {
            ideographic: group(["山田", "太郎", "", "", ""]),
            phonetic: group(["やまだ", "たろう", "", "", ""]),
            ..PersonName::default()
        };
        assert_eq!(display(&name).unwrap(), "山田 太郎");
        name.alphabetic = group(["Yamada", "Tarou", "", "", ""]);
        assert_eq!(display(&name).unwrap(), "Tarou Yamada");
        assert_eq!(display(&PersonName::default()), None);
    }
}
