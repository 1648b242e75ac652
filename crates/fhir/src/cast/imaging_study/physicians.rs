//! `ImagingStudy.referrer` and `ImagingStudy.interpreter`.

use dicom_core::Tag;

use super::super::fact::Fact;
use super::super::reading::Reading;

/// The one person of an attribute and its identification sequence.
pub(super) fn read_one(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let &[name, identification] = tags else {
        return None;
    };
    Fact::json(&reading.person(name, identification)?)
}

/// The persons of an attribute and its identification sequence.
pub(super) fn read_all(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let &[names, identifications] = tags else {
        return None;
    };
    Fact::list(&reading.persons(names, identifications))
}
