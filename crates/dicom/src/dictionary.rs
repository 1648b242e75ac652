//! The data dictionary of PS3.6.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntryRef};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

/// The keyword of an attribute in PS3.6; `Unknown` for one the dictionary does not have.
#[must_use]
pub fn keyword(tag: Tag) -> &'static str {
    entry(tag).map_or("Unknown", |entry| entry.alias)
}

/// The value representation that PS3.6 gives an attribute; none for one the dictionary does not
/// have.
#[must_use]
pub fn vr(tag: Tag) -> Option<VR> {
    entry(tag).map(|entry| entry.vr.relaxed())
}

fn entry(tag: Tag) -> Option<&'static DataDictionaryEntryRef<'static>> {
    static DICTIONARY: StandardDataDictionary = StandardDataDictionary;
    DICTIONARY.by_tag(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_its_keyword_and_value_representation() {
        assert_eq!(keyword(Tag(0x0010, 0x0010)), "PatientName");
        assert_eq!(vr(Tag(0x0020, 0x000D)), Some(VR::UI));
        assert_eq!(keyword(Tag(0x0009, 0x1001)), "Unknown");
    }
}
