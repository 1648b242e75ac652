//! One value as a DICOM JSON element (PS3.18 annex F.2).

use dicom_core::value::C;
use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_object::mem::InMemElement;
use serde_json::{Value, json};

use super::character_set::CharacterSet;

/// The longest binary value that is kept; longer ones are bulk data and left out.
const INLINE_BINARY_LIMIT: u32 = 256;
/// The longest text or list of numbers that is kept.
const VALUE_LIMIT: u32 = 1 << 20;

/// The longest value of this VR that goes into the metadata, in bytes.
pub(super) const fn length_limit(vr: VR) -> u32 {
    match vr {
        VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN => INLINE_BINARY_LIMIT,
        _ => VALUE_LIMIT,
    }
}

/// The element as JSON, e.g. `{"vr":"CS","Value":["CT"]}`; `None` when it cannot be written, which
/// then costs this element only.
pub(super) fn to_json(
    tag: Tag,
    vr: VR,
    bytes: &[u8],
    big_endian: bool,
    character_set: CharacterSet,
) -> Option<String> {
    if let Some(values) = textual(vr, bytes, character_set) {
        return Some(text_json(vr, values));
    }
    let element: InMemElement = InMemElement::new(tag, vr, binary(vr, bytes, big_endian));
    dicom_json::to_string(&element).ok()
}

fn text_json(vr: VR, values: Vec<Value>) -> String {
    if values.iter().all(Value::is_null) {
        json!({ "vr": vr.to_string() }).to_string()
    } else {
        json!({ "vr": vr.to_string(), "Value": values }).to_string()
    }
}

/// The values of a textual VR; `None` for a binary one.
fn textual(vr: VR, bytes: &[u8], character_set: CharacterSet) -> Option<Vec<Value>> {
    let values = match vr {
        VR::LT | VR::ST | VR::UT => {
            let text = character_set.decode(bytes, &[]);
            vec![string(text.trim_end_matches(PADDING))]
        }
        VR::UR => vec![string(
            CharacterSet::DEFAULT
                .decode(bytes, &[])
                .trim_end_matches(PADDING),
        )],
        VR::LO | VR::SH | VR::UC => split(&character_set.decode(bytes, &[]), string),
        VR::PN => split(&character_set.decode(bytes, b"^="), person_name),
        VR::IS => split(&CharacterSet::DEFAULT.decode(bytes, &[]), integer),
        VR::DS => split(&CharacterSet::DEFAULT.decode(bytes, &[]), decimal),
        VR::AE | VR::AS | VR::CS | VR::DA | VR::DT | VR::TM | VR::UI => {
            split(&CharacterSet::DEFAULT.decode(bytes, &[]), string)
        }
        _ => return None,
    };
    Some(values)
}

const PADDING: [char; 2] = [' ', '\0'];

fn split(text: &str, value: fn(&str) -> Value) -> Vec<Value> {
    text.trim_end_matches(PADDING)
        .split('\\')
        .map(|part| value(part.trim_matches(PADDING)))
        .collect()
}

/// Empty values are null (PS3.18 F.2.5).
fn string(text: &str) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        Value::from(text)
    }
}

fn integer(text: &str) -> Value {
    text.parse::<i64>()
        .map_or_else(|_| string(text), Value::from)
}

fn decimal(text: &str) -> Value {
    text.parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map_or_else(|| string(text), Value::from)
}

/// The component groups of a name (PS3.5 section 6.2.1.2).
fn person_name(text: &str) -> Value {
    let groups: serde_json::Map<_, _> = ["Alphabetic", "Ideographic", "Phonetic"]
        .into_iter()
        .zip(text.split('='))
        .filter(|(_, group)| !group.is_empty())
        .map(|(name, group)| (name.to_owned(), Value::from(group)))
        .collect();
    if groups.is_empty() {
        Value::Null
    } else {
        Value::Object(groups)
    }
}

fn binary(vr: VR, bytes: &[u8], big_endian: bool) -> PrimitiveValue {
    let b = big_endian;
    match vr {
        _ if bytes.is_empty() => PrimitiveValue::Empty,
        VR::US => PrimitiveValue::U16(numbers(bytes, b, u16::from_le_bytes)),
        VR::SS => PrimitiveValue::I16(numbers(bytes, b, i16::from_le_bytes)),
        VR::UL => PrimitiveValue::U32(numbers(bytes, b, u32::from_le_bytes)),
        VR::SL => PrimitiveValue::I32(numbers(bytes, b, i32::from_le_bytes)),
        VR::UV => PrimitiveValue::U64(numbers(bytes, b, u64::from_le_bytes)),
        VR::SV => PrimitiveValue::I64(numbers(bytes, b, i64::from_le_bytes)),
        VR::FL => PrimitiveValue::F32(numbers(bytes, b, f32::from_le_bytes)),
        VR::FD => PrimitiveValue::F64(numbers(bytes, b, f64::from_le_bytes)),
        VR::AT => PrimitiveValue::Tags(tags(bytes, b)),
        // InlineBinary is little endian (PS3.18 F.2.7).
        VR::OW => PrimitiveValue::U8(little_endian::<2>(bytes, b)),
        VR::OL | VR::OF => PrimitiveValue::U8(little_endian::<4>(bytes, b)),
        VR::OV | VR::OD => PrimitiveValue::U8(little_endian::<8>(bytes, b)),
        _ => PrimitiveValue::U8(bytes.into()),
    }
}

fn numbers<const SIZE: usize, T>(
    bytes: &[u8],
    big_endian: bool,
    from_le_bytes: fn([u8; SIZE]) -> T,
) -> C<T> {
    words(bytes, big_endian).map(from_le_bytes).collect()
}

fn tags(bytes: &[u8], big_endian: bool) -> C<Tag> {
    let numbers: C<u16> = numbers(bytes, big_endian, u16::from_le_bytes);
    let (pairs, _) = numbers.as_chunks();
    pairs
        .iter()
        .map(|[group, element]| Tag(*group, *element))
        .collect()
}

fn little_endian<const SIZE: usize>(bytes: &[u8], big_endian: bool) -> C<u8> {
    words::<SIZE>(bytes, big_endian).flatten().collect()
}

/// The words of a value in little-endian order; an incomplete last one is left out.
fn words<const SIZE: usize>(
    bytes: &[u8],
    big_endian: bool,
) -> impl Iterator<Item = [u8; SIZE]> + '_ {
    bytes.as_chunks().0.iter().map(move |word: &[u8; SIZE]| {
        let mut word = *word;
        if big_endian {
            word.reverse();
        }
        word
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(vr: VR, bytes: &[u8]) -> Value {
        let json = to_json(Tag(0x0008, 0x0001), vr, bytes, false, CharacterSet::DEFAULT);
        serde_json::from_str(&json.unwrap()).unwrap()
    }

    #[test]
    fn numbers_in_text_become_numbers_where_they_parse() {
        assert_eq!(
            encoded(VR::IS, b"12 \\x\\-3")["Value"],
            json!([12, "x", -3])
        );
        assert_eq!(
            encoded(VR::DS, b"1.5\\nan\\1E2 ")["Value"],
            json!([1.5, "nan", 100.0])
        );
    }

    #[test]
    fn padding_goes_and_empty_values_are_null() {
        assert_eq!(encoded(VR::UI, b"1.2.3\0")["Value"], json!(["1.2.3"]));
        assert_eq!(
            encoded(VR::CS, b" A \\\\B")["Value"],
            json!(["A", null, "B"])
        );
        assert_eq!(encoded(VR::CS, b"  "), json!({"vr": "CS"}));
        assert_eq!(encoded(VR::PN, b""), json!({"vr": "PN"}));
        assert_eq!(encoded(VR::LT, b"  a\\b ")["Value"], json!(["  a\\b"]));
    }

    #[test]
    fn the_groups_of_a_name_are_told_apart() {
        assert_eq!(
            encoded(VR::PN, b"A^B==C\\=D")["Value"],
            json!([{"Alphabetic": "A^B", "Phonetic": "C"}, {"Ideographic": "D"}])
        );
    }

    #[test]
    fn binary_values_honour_the_byte_order() {
        let json = to_json(
            Tag(0x0028, 0x0010),
            VR::US,
            &[1, 2],
            true,
            CharacterSet::DEFAULT,
        );
        assert_eq!(json.unwrap(), r#"{"vr":"US","Value":[258]}"#);
        let json = to_json(
            Tag(0x0028, 0x0009),
            VR::AT,
            &[0, 8, 0, 1, 9],
            true,
            CharacterSet::DEFAULT,
        );
        assert_eq!(json.unwrap(), r#"{"vr":"AT","Value":["00080001"]}"#);
        let json = to_json(
            Tag(0x0028, 0x1201),
            VR::OW,
            &[1, 2],
            true,
            CharacterSet::DEFAULT,
        );
        assert_eq!(json.unwrap(), r#"{"vr":"OW","InlineBinary":"AgE="}"#);
    }

    #[test]
    fn what_is_not_finite_is_text() {
        assert_eq!(
            encoded(VR::FD, &f64::NAN.to_le_bytes())["Value"],
            json!(["NaN"])
        );
    }
}
