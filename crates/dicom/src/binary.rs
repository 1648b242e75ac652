//! Values that are given as binary (InlineBinary, PS3.18 F.2.7): those of attributes that the
//! service did not know (`UN`), which are in implicit little endian (PS3.5 6.2.2), as DICOM JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dicom_core::VR;

use super::character_set::{Terms, decode};
use super::{Reason, implicit, items};

/// The members of an element without a value that have these bytes, base64 in JSON, as its value;
/// and what is to be said of it.
pub(super) fn json(
    binary: &Bytes,
    vr: VR,
    terms: Option<&Terms>,
) -> Result<(Bytes, Option<Reason>), Reason> {
    let bytes = bytes(binary).ok_or(Reason::Binary)?;
    let delimiters: &[u8] = if vr == VR::PN { b"^=" } else { b"" };
    let (value, note) = match vr {
        VR::SQ => (implicit::items(&bytes), None),
        VR::US => (numbers(&bytes, u16::from_le_bytes), None),
        VR::SS => (numbers(&bytes, i16::from_le_bytes), None),
        VR::UL => (numbers(&bytes, u32::from_le_bytes), None),
        VR::SL => (numbers(&bytes, i32::from_le_bytes), None),
        VR::UV => (numbers(&bytes, u64::from_le_bytes), None),
        VR::SV => (numbers(&bytes, i64::from_le_bytes), None),
        VR::FL => (numbers(&bytes, f32::from_le_bytes), None),
        VR::FD => (numbers(&bytes, f64::from_le_bytes), None),
        vr if is_text(vr) => {
            let (text, note) = decode(&bytes, terms, delimiters)?;
            (serde_json::to_string(&[text]).ok(), note)
        }
        _ => (None, None),
    };
    Ok((value.ok_or(Reason::Binary)?.into(), note))
}

/// The bytes of a base64 text, which some writers put into an array.
fn bytes(binary: &Bytes) -> Option<Vec<u8>> {
    let text = match items(binary) {
        Some(list) => <[Bytes; 1]>::try_from(list.items).ok()?,
        None => [binary.clone()],
    };
    let text: String = serde_json::from_slice(&text.concat()).ok()?;
    STANDARD.decode(text).ok()
}

const fn is_text(vr: VR) -> bool {
    matches!(
        vr,
        VR::AE
            | VR::AS
            | VR::CS
            | VR::DA
            | VR::DS
            | VR::DT
            | VR::IS
            | VR::LO
            | VR::LT
            | VR::PN
            | VR::SH
            | VR::ST
            | VR::TM
            | VR::UC
            | VR::UI
            | VR::UR
            | VR::UT
    )
}

/// As an array of JSON; none when bytes are left over, or a number is none of JSON.
fn numbers<const WIDTH: usize, T: serde::Serialize>(
    bytes: &[u8],
    of: fn([u8; WIDTH]) -> T,
) -> Option<String> {
    let (chunks, []) = bytes.as_chunks::<WIDTH>() else {
        return None;
    };
    let numbers: Vec<_> = chunks.iter().map(|chunk| of(*chunk)).collect();
    serde_json::to_string(&numbers).ok()
}
