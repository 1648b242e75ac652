//! One element of a dataset: tag, value representation, values.

use bytes::Bytes;
use dicom_core::{Tag, VR};

use super::scan::{items, visit_members};
use super::{Dataset, Reason, dictionary};

/// One element of a dataset (PS3.18 F.2.2), its values still undecoded.
///
/// `BulkDataURI` and `InlineBinary` count as no value.
#[derive(Clone)]
pub struct Element {
    tag: Tag,
    vr: VR,
    value: Option<Bytes>,
    well_formed: bool,
}

/// One value, decoded as far as its JSON goes.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A string without its padding; never empty.
    Text(String),
    /// A number, in the text it was written with.
    Number(String),
    /// An object: a person's name or an item of a sequence.
    Object(Bytes),
    /// Anything else.
    Malformed,
}

impl Value {
    /// The text of a string or of a number that stands for one.
    pub(super) fn into_text(self) -> Result<String, Reason> {
        match self {
            Self::Text(text) | Self::Number(text) => Ok(text),
            Self::Object(_) | Self::Malformed => Err(Reason::Malformed),
        }
    }

    /// The item of a sequence.
    pub(super) fn into_dataset(self) -> Result<Dataset, Reason> {
        match self {
            Self::Object(json) => Dataset::parse(json).map_err(|_| Reason::Malformed),
            Self::Text(_) | Self::Number(_) | Self::Malformed => Err(Reason::Malformed),
        }
    }
}

impl Element {
    /// Reads the element of this tag from its JSON text.
    ///
    /// The dictionary decides the value representation; the element's own counts for attributes
    /// that the dictionary does not have.
    pub(super) fn read(tag: Tag, json: &Bytes) -> Self {
        let (mut declared, mut value) = (None, None);
        let well_formed = visit_members(json, |key, range| {
            if key.eq_ignore_ascii_case(b"vr") {
                declared = json.get(range).and_then(declared_vr);
            } else if key.eq_ignore_ascii_case(b"Value") {
                value = Some(json.slice(range));
            }
        });
        Self {
            tag,
            vr: dictionary::vr(tag).or(declared).unwrap_or(VR::UN),
            value,
            well_formed: well_formed || json.as_ref() == b"null",
        }
    }

    /// Which attribute.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// Its value representation: the dictionary's, else the one declared, else `UN`.
    #[must_use]
    pub fn vr(&self) -> VR {
        self.vr
    }

    /// The items of a sequence (VR `SQ`); what is no object is left out.
    #[must_use]
    pub fn items(&self) -> Vec<Dataset> {
        let items = self.values().into_iter().map(Value::into_dataset);
        items.filter_map(Result::ok).collect()
    }

    /// The items of a sequence, each with its own verdict.
    pub(super) fn verdicts(&self) -> Vec<Result<Dataset, Reason>> {
        if !self.well_formed {
            return vec![Err(Reason::Malformed)];
        }
        self.values().into_iter().map(Value::into_dataset).collect()
    }

    /// Whether it has no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.well_formed && self.values().is_empty()
    }

    /// The one value, or none.
    pub(super) fn single(&self) -> Result<Option<Value>, Reason> {
        let mut values = self.all()?.into_iter();
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Reason::SeveralValues),
            (value, _) => Ok(value),
        }
    }

    /// All values that are not empty, each of them JSON that a value can be.
    pub(super) fn all(&self) -> Result<Vec<Value>, Reason> {
        let values = self.values();
        if self.well_formed && !values.contains(&Value::Malformed) {
            Ok(values)
        } else {
            Err(Reason::Malformed)
        }
    }

    /// All values that are not empty.
    fn values(&self) -> Vec<Value> {
        let Some(json) = &self.value else {
            return Vec::new();
        };
        match items(json) {
            Some(list) if list.complete => list.items.iter().flat_map(|v| self.decode(v)).collect(),
            Some(_) => vec![Value::Malformed],
            None => self.decode(json),
        }
    }

    /// The values in one JSON value: several when a backslash joins them (PS3.5 6.4).
    fn decode(&self, json: &Bytes) -> Vec<Value> {
        match json.first() {
            Some(b'{') => vec![Value::Object(json.clone())],
            Some(b'"') => match serde_json::from_slice::<String>(json) {
                Ok(text) => self.split(&text),
                Err(_) => vec![Value::Malformed],
            },
            _ => match serde_json::from_slice::<Option<&serde_json::value::RawValue>>(json) {
                Ok(None) => Vec::new(),
                Ok(Some(raw))
                    if raw
                        .get()
                        .starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) =>
                {
                    vec![Value::Number(raw.get().to_owned())]
                }
                Ok(Some(_)) | Err(_) => vec![Value::Malformed],
            },
        }
    }

    fn split(&self, text: &str) -> Vec<Value> {
        let whole = matches!(self.vr, VR::LT | VR::ST | VR::UT | VR::UR);
        let parts = text.split(move |c| c == '\\' && !whole);
        let trimmed = parts.map(|part| trim(part, whole));
        let filled = trimmed.filter(|part| !part.is_empty());
        filled.map(|part| Value::Text(part.to_owned())).collect()
    }
}

/// Without the padding: trailing blanks and NULs, and leading blanks where they mean nothing. Blanks
/// are those of every script: none of them is anything to FHIR.
fn trim(text: &str, keep_leading: bool) -> &str {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || c == '\0');
    if keep_leading {
        text
    } else {
        text.trim_start()
    }
}

fn declared_vr(json: &[u8]) -> Option<VR> {
    let text: String = serde_json::from_slice(json).ok()?;
    text.to_ascii_uppercase().parse().ok()
}
