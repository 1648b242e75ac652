//! One element of a dataset: tag, value representation, values.

use bytes::Bytes;
use dicom_core::{Tag, VR};

use super::character_set::Terms;
use super::scan::{items_up_to, visit_members};
use super::{Dataset, Reason, binary, blank, dictionary};

/// The most values that are read: of no attribute that is mapped are as many used.
const MOST_VALUES: usize = 10_000;

/// One element of a dataset (PS3.18 F.2.2), its values still undecoded.
#[derive(Clone)]
pub struct Element {
    tag: Tag,
    vr: VR,
    value: Option<Bytes>,
    unread: Option<Reason>,
    note: Option<Reason>,
    /// The character sets that hold in its items.
    terms: Option<Terms>,
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
    /// Reads the element of this tag from its JSON text. `terms` are the character sets of its
    /// dataset.
    ///
    /// The dictionary decides the value representation; the element's own counts for attributes
    /// that the dictionary does not have.
    pub(super) fn read(tag: Tag, json: &Bytes, terms: impl FnOnce() -> Option<Terms>) -> Self {
        let members = Members::of(json);
        let vr = dictionary::vr(tag).or(members.vr).unwrap_or(VR::UN);
        let mut element = Self {
            tag,
            vr,
            unread: members.unread(json),
            value: members.value,
            note: None,
            terms: None,
        };
        if vr == VR::SQ || members.binary.is_some() {
            element.terms = terms();
        }
        if let Some(binary) = members.binary.filter(|_| element.unread.is_none()) {
            match binary::json(&binary, vr, element.terms.as_ref()) {
                Ok((value, note)) => (element.value, element.note) = (Some(value), note),
                Err(reason) => element.unread = Some(reason),
            }
        }
        element
    }

    /// Why it cannot be read, if it says something that cannot: each value has to be of the kind
    /// that the value representation has.
    pub(super) fn unread(&self) -> Option<Reason> {
        let is_misshapen = |value: &Value| match value {
            Value::Text(_) | Value::Number(_) => self.vr == VR::SQ,
            Value::Object(_) => !matches!(self.vr, VR::SQ | VR::PN),
            Value::Malformed => true,
        };
        let misshapen = || self.values().iter().any(is_misshapen);
        self.unread
            .or_else(|| misshapen().then_some(Reason::Malformed))
    }

    /// What is to be said of its value, if it is read.
    pub(super) fn note(&self) -> Option<Reason> {
        self.note
    }

    /// Whether it is there and says that there is nothing.
    pub(super) fn is_blank(&self) -> bool {
        let is_nothing = |value: &Value| match value {
            Value::Text(text) => self.vr == VR::PN && text.trim_matches(['^', '=', ' ']).is_empty(),
            Value::Number(_) | Value::Malformed => false,
            Value::Object(json) => blank::is_blank(json),
        };
        self.unread.is_none() && self.values().iter().all(is_nothing)
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
        let items = self.values().into_iter().map(|value| self.item(value));
        items.filter_map(Result::ok).collect()
    }

    fn item(&self, value: Value) -> Result<Dataset, Reason> {
        let item = value.into_dataset()?;
        Ok(item.within(self.terms.clone()))
    }

    /// The items of a sequence, each with its own verdict.
    pub(super) fn verdicts(&self) -> Vec<Result<Dataset, Reason>> {
        if let Some(reason) = self.unread {
            return vec![Err(reason)];
        }
        let values = self.values().into_iter();
        values.map(|value| self.item(value)).collect()
    }

    /// Whether it has no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unread.is_none() && self.values().is_empty()
    }

    /// The one value, or none; with what is to be said of it. The same value several times is one.
    pub(super) fn single(&self) -> Result<(Option<Value>, Option<Reason>), Reason> {
        let mut values = self.all()?.into_iter();
        let first = values.next();
        match values.next() {
            None => Ok((first, self.note)),
            Some(second) if Some(&second) == first.as_ref() => {
                let is_same = values.all(|other| other == second);
                let note = Some(Reason::SeveralValues);
                is_same
                    .then_some((first, note))
                    .ok_or(Reason::SeveralValues)
            }
            Some(_) => Err(Reason::SeveralValues),
        }
    }

    /// All values that are not empty, each of them JSON that a value can be.
    pub(super) fn all(&self) -> Result<Vec<Value>, Reason> {
        if let Some(reason) = self.unread {
            return Err(reason);
        }
        let values = self.values();
        match values.contains(&Value::Malformed) {
            true => Err(Reason::Malformed),
            false => Ok(values),
        }
    }

    /// All values that are not empty; of very many the first ones. That there are too many is said of
    /// those that are used, which are fewer.
    fn values(&self) -> Vec<Value> {
        let Some(json) = &self.value else {
            return Vec::new();
        };
        match items_up_to(json, MOST_VALUES) {
            Some(list) if list.complete || list.items.len() > MOST_VALUES => {
                let values = list.items.iter().flat_map(|v| self.decode(v));
                values.take(MOST_VALUES).collect()
            }
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
        let values = filled.map(|part| Value::Text(part.to_owned()));
        values.take(MOST_VALUES).collect()
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

/// The members of an element that matter.
#[derive(Default)]
struct Members {
    vr: Option<VR>,
    value: Option<Bytes>,
    binary: Option<Bytes>,
    reference: Option<Bytes>,
    /// There is something else in it that is no mere description.
    has_other: bool,
    is_closed: bool,
}

/// Members that some writers add, and that say nothing of the value.
const DESCRIPTIONS: [&[u8]; 6] = [
    b"name",
    b"keyword",
    b"tag",
    b"type",
    b"vm",
    b"privateCreator",
];

impl Members {
    fn of(json: &Bytes) -> Self {
        let mut members = Self::default();
        members.is_closed = visit_members(json, |key, range| {
            let is = |name: &[u8]| key.eq_ignore_ascii_case(name);
            if is(b"vr") {
                members.vr = json.get(range).and_then(declared_vr);
            } else if is(b"Value") {
                members.value = Some(json.slice(range));
            } else if !json.get(range.clone()).is_some_and(says_nothing) {
                let text = Some(json.slice(range));
                if is(b"InlineBinary") {
                    members.binary = text;
                } else if is(b"BulkDataURI") {
                    members.reference = text;
                } else {
                    members.has_other |= !DESCRIPTIONS.iter().any(|name| is(name));
                }
            }
        });
        if !members.value.as_deref().is_none_or(says_nothing) {
            members.binary = None;
            members.reference = None;
            members.has_other = false;
        }
        members
    }

    /// Why the element cannot be read, as far as its members tell.
    fn unread(&self, json: &[u8]) -> Option<Reason> {
        if !self.is_closed {
            return (json != b"null").then_some(Reason::Malformed);
        }
        let reference = self.reference.as_ref().filter(|_| self.binary.is_none());
        let reference = reference.map(|uri| match uri.first() {
            Some(b'"') => Reason::ByReference,
            _ => Reason::Malformed,
        });
        let is_other = self.has_other && self.binary.is_none();
        reference.or_else(|| is_other.then_some(Reason::Malformed))
    }
}

/// Whether a member is written as nothing: `null`, an empty string or array.
fn says_nothing(json: &[u8]) -> bool {
    match json {
        b"null" | b"\"\"" => true,
        [b'[', within @ .., b']'] => within.iter().all(u8::is_ascii_whitespace),
        _ => false,
    }
}

fn declared_vr(json: &[u8]) -> Option<VR> {
    let text: String = serde_json::from_slice(json).ok()?;
    text.to_ascii_uppercase().parse().ok()
}
