//! The start of a file: preamble, prefix and file meta information (PS3.10 section 7.1).

use std::io;

use dicom_core::DataDictionary;
use dicom_core::Tag;
use dicom_dictionary_std::{StandardDataDictionary, tags};

use super::data_set::{DataSet, Scope};
use super::encoding::{Encoding, UNDEFINED_LENGTH};
use super::source::Source;

const PREAMBLE: usize = 128;
const PREFIX: &[u8] = b"DICM";

/// Passes over preamble and prefix. False when the bytes do not look like DICOM at all.
pub(super) fn skip_preamble(source: &mut Source<'_>) -> io::Result<bool> {
    if source.peek(PREAMBLE + PREFIX.len())?.get(PREAMBLE..) == Some(PREFIX) {
        return source.skip((PREAMBLE + PREFIX.len()) as u64);
    }
    if source.peek(PREFIX.len())? == PREFIX {
        return source.skip(PREFIX.len() as u64);
    }
    starts_with_an_element(source)
}

/// The file meta information: none, some or all of group 0002.
pub(super) fn read(source: &mut Source<'_>) -> io::Result<DataSet> {
    let encoding = Encoding {
        big_endian: false,
        ..Encoding::of_first_element(source)?
    };
    DataSet::read(source, Scope::root(encoding, Tag(0x0003, 0x0000)))
}

/// Whether a file without prefix begins with an element that begins data sets.
fn starts_with_an_element(source: &mut Source<'_>) -> io::Result<bool> {
    let encoding = Encoding::of_first_element(source)?;
    let Some(tag) = encoding.peek_tag(source)? else {
        return Ok(false);
    };
    if !matches!(tag.group(), 0x0002 | 0x0008) {
        return Ok(false);
    }
    let known = tag.element() == 0 || StandardDataDictionary.by_tag(tag).is_some();
    let length = match *source.peek(8)? {
        [_, _, _, _, l0, l1, l2, l3] if !encoding.explicit => u32::from_le_bytes([l0, l1, l2, l3]),
        _ => 0,
    };
    // An implicit first element is short, or a sequence.
    Ok(known
        && (length < 0x1_0000 || length == UNDEFINED_LENGTH || tag == tags::LANGUAGE_CODE_SEQUENCE))
}
