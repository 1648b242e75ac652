//! Which attributes of a dataset are read at all: the rest of an answer that is too large to be held
//! is passed over.

use std::collections::HashSet;
use std::sync::LazyLock;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::imaging_study::anatomy::FRAMES;
use super::mapping::mapping;
use radcast_dicom::Wanted;

/// What is read besides the rows of the mapping: how to read them.
const BESIDE: [Tag; 2] = [tags::SPECIFIC_CHARACTER_SET, tags::TIMEZONE_OFFSET_FROM_UTC];

static READ: LazyLock<HashSet<Tag>> = LazyLock::new(|| {
    let resources = mapping();
    let rows = resources.iter().flat_map(|resource| &resource.rows);
    let attributes = rows.flat_map(|row| &row.attributes);
    attributes.map(|it| it.tag).chain(BESIDE).collect()
});

/// Tells what is read of an attribute, in the items of a sequence or else in the dataset itself. Of the
/// functional groups of frames (PS3.3 C.7.6.16) that is the anatomy.
#[must_use]
pub fn wanted(sequence: Option<Tag>, tag: Tag) -> Wanted {
    let is_wanted = match sequence {
        Some(_) => tag == tags::FRAME_ANATOMY_SEQUENCE,
        None if FRAMES.contains(&tag) => return Wanted::InItems,
        None => READ.contains(&tag),
    };
    if is_wanted { Wanted::Whole } else { Wanted::No }
}
