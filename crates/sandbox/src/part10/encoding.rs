//! How elements are laid out: byte order and explicit or implicit VR (PS3.5 section 7.1).

use std::io;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, uids};

use super::source::Source;

/// The length of a value that ends at a delimiter.
pub(super) const UNDEFINED_LENGTH: u32 = u32::MAX;

/// Retired, and still met.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Byte order and explicitness of the value representations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

/// Tag, value representation and length of one element.
#[derive(Debug, Clone, Copy)]
pub(super) struct ElementHeader {
    pub(super) tag: Tag,
    pub(super) vr: VR,
    pub(super) length: u32,
}

impl Encoding {
    pub(super) const EXPLICIT_LITTLE_ENDIAN: Self = Self {
        explicit: true,
        big_endian: false,
    };
    pub(super) const IMPLICIT_LITTLE_ENDIAN: Self = Self {
        explicit: false,
        big_endian: false,
    };

    /// The encoding that the first element of a data set shows. Files lie about it in their
    /// transfer syntax often enough that DICOM tools look for themselves.
    pub(super) fn of_first_element(source: &mut Source<'_>) -> io::Result<Self> {
        Ok(match source.peek(6)? {
            [group_0, group_1, _, _, vr @ ..] => Self {
                explicit: is_vr_shaped(vr),
                // Groups at the start of a data set are small: their high byte is zero.
                big_endian: *group_0 == 0 && *group_1 != 0,
            },
            _ => Self::EXPLICIT_LITTLE_ENDIAN,
        })
    }

    /// This encoding with the explicitness that the first element of an item shows: items of an
    /// element of unknown VR are implicit by PS3.5 section 6.2.2 note 2, and explicit in some files.
    pub(super) fn of_item(self, source: &mut Source<'_>) -> io::Result<Self> {
        Ok(match source.peek(6)? {
            [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => self,
            [_, _, _, _, vr @ ..] if vr.len() == 2 => Self {
                explicit: is_vr_shaped(vr),
                ..self
            },
            _ => self,
        })
    }

    /// The uncompressed transfer syntax that has this encoding.
    pub(super) const fn transfer_syntax(self) -> &'static str {
        match (self.explicit, self.big_endian) {
            (_, true) => EXPLICIT_VR_BIG_ENDIAN,
            (true, false) => uids::EXPLICIT_VR_LITTLE_ENDIAN,
            (false, false) => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        }
    }

    /// The header of the next element; `None` at the end, also in the middle of a header.
    pub(super) fn read_header(self, source: &mut Source<'_>) -> io::Result<Option<ElementHeader>> {
        let (header, size) = match *source.peek(12)? {
            [a, b, c, d, e, f, g, h, ref rest @ ..] => {
                let tag = Tag(self.u16([a, b]), self.u16([c, d]));
                let long = <[u8; 4]>::try_from(rest).ok();
                self.header(tag, [e, f, g, h], long)
            }
            _ => return Ok(None),
        };
        Ok(source.skip(size)?.then_some(header))
    }

    /// The tag of the next element, without consuming it.
    pub(super) fn peek_tag(self, source: &mut Source<'_>) -> io::Result<Option<Tag>> {
        Ok(match *source.peek(4)? {
            [a, b, c, d] => Some(Tag(self.u16([a, b]), self.u16([c, d]))),
            _ => None,
        })
    }

    /// The header of `tag` from the four bytes after it and the four that follow, and its size.
    fn header(self, tag: Tag, next: [u8; 4], long: Option<[u8; 4]>) -> (ElementHeader, u64) {
        let [v0, v1, l0, l1] = next;
        let implicit = (self.u32(next), 8);
        let of = |vr, (length, size)| (ElementHeader { tag, vr, length }, size);
        // An element without a VR amidst explicit ones occurs.
        if tag.group() == 0xFFFE || !self.explicit || !is_vr_shaped(&[v0, v1]) {
            return of(dictionary_vr(tag), implicit);
        }
        let short = (u32::from(self.u16([l0, l1])), 8);
        // A cut-off long form claims more than is left and so ends the reading.
        let long = long.map_or((UNDEFINED_LENGTH - 1, 12), |long| (self.u32(long), 12));
        match VR::from_binary([v0, v1]) {
            Some(vr) if has_short_length(vr) => of(vr, short),
            Some(vr) => of(vr, long),
            // New VRs have the long form (PS3.5 section 7.1.2), misspelt old ones the short one.
            None if [l0, l1] == [0, 0] => of(dictionary_vr(tag), long),
            None => of(dictionary_vr(tag), short),
        }
    }

    const fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    const fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }
}

/// The VR of a tag by PS3.6; UN for those that it does not have.
pub(super) fn dictionary_vr(tag: Tag) -> VR {
    let private_creator = tag.group() % 2 == 1 && (0x0010..=0x00FF).contains(&tag.element());
    if private_creator {
        return VR::LO;
    }
    StandardDataDictionary
        .by_tag(tag)
        .map_or(VR::UN, |entry| entry.vr().relaxed())
}

fn is_vr_shaped(bytes: &[u8]) -> bool {
    bytes.len() == 2 && bytes.iter().all(u8::is_ascii_uppercase)
}

/// Whether explicit VR gives the length in two bytes (PS3.5 table 7.1-2).
const fn has_short_length(vr: VR) -> bool {
    !matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    )
}
