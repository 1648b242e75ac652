//! The names of use `maiden` and `old`, one for each writing, each a fact of its own.

use dicom_core::Tag;
use fhir_model::r4b::codes::NameUse;
use fhir_model::r4b::types::HumanName;

use super::super::edit::EditError;
use super::super::element;
use super::super::fact::Fact;
use super::super::marked::{has_part, put_part, remove_part};
use super::super::object::Object;
use super::super::reading::Reading;
use super::super::row::Row;
use super::name::words;
use radcast_dicom::{NameGroup, PersonName};

/// A writing: the group of the PN, its code, and what tells its names from those of the others.
struct Writing {
    group: fn(&PersonName) -> &NameGroup,
    code: Option<&'static str>,
    mark: &'static str,
}

const ALPHABETIC: Writing = Writing {
    group: |name| &name.alphabetic,
    code: None,
    mark: "",
};
const IDEOGRAPHIC: Writing = Writing {
    group: |name| &name.ideographic,
    code: Some("IDE"),
    mark: "-IDE",
};
const PHONETIC: Writing = Writing {
    group: |name| &name.phonetic,
    code: Some("SYL"),
    mark: "-SYL",
};

/// The readers, writers and tests of a writing.
macro_rules! writing {
    ($writing:ident, $maiden:ident, $old:ident, $put:ident, $remove:ident, $has:ident) => {
        /// Patient's Birth Name (0010,1005) in one writing.
        pub(super) fn $maiden(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
            let name = reading.dataset.person_name(*tags.first()?);
            let name = reading.accept(name)?;
            names(&[name], NameUse::Maiden, &$writing)
        }

        /// Other Patient Names (0010,1001) in one writing.
        pub(super) fn $old(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
            let all = reading.dataset.person_names(*tags.first()?);
            let all = reading.accept(all.map(Some))?;
            names(&all, NameUse::Old, &$writing)
        }

        /// Ours in this writing.
        pub(super) fn $put(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
            put_part(patient, row, fact, $writing.mark)
        }

        /// Ours in this writing, which are not said any more.
        pub(super) fn $remove(patient: &mut Object, row: &Row) -> Result<(), EditError> {
            remove_part(patient, row, $writing.mark)
        }

        /// Whether there are any of ours in this writing.
        pub(super) fn $has(patient: &Object, row: &Row) -> Result<bool, EditError> {
            has_part(patient, row, $writing.mark)
        }
    };
}

writing!(
    ALPHABETIC,
    maiden_alphabetic,
    old_alphabetic,
    put_alphabetic,
    remove_alphabetic,
    has_alphabetic
);
writing!(
    IDEOGRAPHIC,
    maiden_ideographic,
    old_ideographic,
    put_ideographic,
    remove_ideographic,
    has_ideographic
);
writing!(
    PHONETIC,
    maiden_phonetic,
    old_phonetic,
    put_phonetic,
    remove_phonetic,
    has_phonetic
);

fn names(all: &[PersonName], of: NameUse, writing: &Writing) -> Option<Fact> {
    let groups = all.iter().map(writing.group);
    let filled = groups.filter(|group| !group.is_empty());
    let names: Vec<_> = filled
        .filter_map(|group| human_name(group, Some(of), writing.code))
        .collect();
    Fact::list(&names)
}

/// `HumanName` of a group (PS3.5 6.2.1).
pub(super) fn human_name(
    group: &NameGroup,
    of: Option<NameUse>,
    code: Option<&str>,
) -> Option<HumanName> {
    let mut name = element::name(of, code).ok()?;
    let family = words(&[&group.family]).join(" ");
    name.family = (!family.is_empty()).then_some(family);
    let parts = |components: &[&str]| -> Vec<Option<String>> {
        let words = words(components).into_iter();
        words.map(|word| Some(word.to_owned())).collect()
    };
    name.given = parts(&[&group.given, &group.middle]);
    name.prefix = parts(&[&group.prefix]);
    name.suffix = parts(&[&group.suffix]);
    Some(name)
}
