//! `Observation.component`: one for each content item that a table names.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use radcast_dicom::{CodedConcept, ContentItem, Measurement};

use super::super::concept::code as concept_code;
use super::super::reading::Reading;
use super::concept::{self, Concept};

/// A row of a table of components.
pub(crate) struct Component {
    /// The name of the content item.
    pub(crate) concept: Concept,
    /// What its value becomes.
    pub(crate) kind: Kind,
}

/// What the value of a content item becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// NUM as `valueQuantity`.
    Quantity,
    /// NUM as `valueInteger`; as `valueQuantity` when it is no whole number.
    Count,
    /// CODE as `valueCodeableConcept` under the value's own system; TEXT as its text.
    Coded,
    /// TEXT as `valueString`.
    Text,
}

impl Kind {
    /// The rule in words.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::Quantity => "NUM, in the digits and the unit of the report; zero is a value",
            Self::Count => "NUM that is a whole number; else `valueQuantity`",
            Self::Coded => "CODE, under the value's own system; TEXT as its text",
            Self::Text => "TEXT",
        }
    }

    /// The attribute that the value comes from.
    pub(super) const fn attribute(self) -> Tag {
        match self {
            Self::Quantity | Self::Count => tags::NUMERIC_VALUE,
            Self::Coded => tags::CONCEPT_CODE_SEQUENCE,
            Self::Text => tags::TEXT_VALUE,
        }
    }

    /// The element of `Observation.component`.
    pub(crate) const fn element(self) -> &'static str {
        match self {
            Self::Quantity => "valueQuantity",
            Self::Count => "valueInteger",
            Self::Coded => "valueCodeableConcept",
            Self::Text => "valueString",
        }
    }
}

pub(super) const fn component(concept: Concept, kind: Kind) -> Component {
    Component { concept, kind }
}

/// A component as FHIR has it.
#[derive(Serialize)]
struct Written {
    code: Value,
    #[serde(flatten)]
    value: WrittenValue,
}

/// `value[x]`
#[derive(Serialize)]
enum WrittenValue {
    #[serde(rename = "valueQuantity")]
    Quantity(Quantity),
    #[serde(rename = "valueInteger")]
    Count(i32),
    #[serde(rename = "valueCodeableConcept")]
    Coded(Value),
    #[serde(rename = "valueString")]
    Text(String),
}

/// `Quantity`, its number in the digits that the report has.
#[derive(Serialize)]
struct Quantity {
    value: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

impl Component {
    /// The row of a table that is about an item of this name.
    pub(super) fn named<'a>(table: &'a [Self], name: &CodedConcept) -> Option<&'a Self> {
        table.iter().find(|row| row.concept.is(name))
    }

    /// The item's value as JSON of a component; none when it has none. What is invalid goes to the
    /// reading.
    pub(super) fn read(
        &self,
        reading: &mut Reading<'_>,
        item: &ContentItem,
        qualifier: &[String],
    ) -> Option<Box<str>> {
        let value = match self.kind {
            Kind::Quantity => WrittenValue::Quantity(quantity(measured(reading, item)?)?),
            Kind::Count => count(measured(reading, item)?)?,
            Kind::Coded => WrittenValue::Coded(coded(reading, item)?),
            Kind::Text => WrittenValue::Text(text(reading, item)?),
        };
        let written = Written {
            code: self.concept.codeable(qualifier),
            value,
        };
        serde_json::to_string(&written).ok().map(Box::from)
    }
}

fn measured(reading: &mut Reading<'_>, item: &ContentItem) -> Option<Measurement> {
    reading.accept(item.measurement())
}

fn quantity(measured: Measurement) -> Option<Quantity> {
    let value = RawValue::from_string(measured.value.as_str().to_owned()).ok()?;
    let unit = measured.unit.as_ref().and_then(concept_code);
    let (words, system, code) = match unit {
        Some(unit) => (
            Some(
                unit.display
                    .unwrap_or_else(|| unit.code.clone())
                    .into_owned(),
            ),
            Some(unit.system.into_owned()),
            Some(unit.code.into_owned()),
        ),
        None => (measured.unit.map(|unit| unit.value), None, None),
    };
    Some(Quantity {
        value,
        unit: words,
        system,
        code,
    })
}

fn count(measured: Measurement) -> Option<WrittenValue> {
    let whole = measured.value.as_str().parse::<f64>().ok();
    let whole = whole.filter(|number| number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX));
    match whole {
        // Whole and in range.
        Some(number) => Some(WrittenValue::Count(number as i32)),
        None => quantity(measured).map(WrittenValue::Quantity),
    }
}

fn text(reading: &mut Reading<'_>, item: &ContentItem) -> Option<String> {
    let text = reading.accept(item.text())?;
    reading.string(tags::TEXT_VALUE, &text)
}

fn coded(reading: &mut Reading<'_>, item: &ContentItem) -> Option<Value> {
    match item.code() {
        Some(code) => concept::codeable(&code, &[]),
        None => {
            let text = text(reading, item)?;
            Some(serde_json::json!({ "text": text }))
        }
    }
}
