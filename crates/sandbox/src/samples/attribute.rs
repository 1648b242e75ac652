//! Attributes as constants, and as elements of a data set.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// A tag and its value.
pub(super) type Attribute = (Tag, Value);

/// The value of an attribute, of the VR that PS3.6 gives it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// Text, with a backslash between values.
    Text(&'static str),
    /// Text in bytes of its own, for encodings that `dicom-object` does not write.
    Encoded(&'static [u8]),
    /// A sequence of one item.
    Item(&'static [Attribute]),
    /// A sequence of one coded concept.
    Coded(Code),
}

/// A coded concept: Code Value, Coding Scheme Designator, Code Meaning (PS3.16 chapter 8).
pub(super) type Code = (&'static str, &'static str, &'static str);

/// The element that the attribute is.
pub(super) fn element(tag: Tag, value: Value) -> InMemElement {
    match value {
        Value::Text(text) => DataElement::new(tag, vr(tag), PrimitiveValue::from(text)),
        Value::Encoded(bytes) => DataElement::new(tag, vr(tag), PrimitiveValue::U8(bytes.into())),
        Value::Item(attributes) => sequence(tag, vec![item(attributes)]),
        Value::Coded(code) => sequence(tag, vec![coded(code)]),
    }
}

/// The data set of these attributes.
pub(super) fn item(attributes: &[Attribute]) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(attributes.iter().map(|(tag, value)| element(*tag, *value)))
}

pub(super) fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> InMemElement {
    DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
}

pub(super) fn coded((value, scheme, meaning): Code) -> InMemDicomObject {
    item(&[
        (tags::CODE_VALUE, Value::Text(value)),
        (tags::CODING_SCHEME_DESIGNATOR, Value::Text(scheme)),
        (tags::CODE_MEANING, Value::Text(meaning)),
    ])
}

fn vr(tag: Tag) -> VR {
    let entry = StandardDataDictionary.by_tag(tag);
    entry.map_or(VR::UN, |entry| entry.vr().relaxed())
}
