//! One instance's DICOM JSON, read lazily and tag by tag.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::character_set::Terms;
use super::element::{Element, Value};
use super::element_key::tag;
use super::flawed::{Flaw, Flawed, Read};
use super::place::{self, Place};
use super::scan::{self, visit_members};
use super::{Cursor, InvalidValue, Reason, dictionary};

/// A dataset in DICOM JSON (PS3.18 F.2): where each element stands, nothing decoded yet.
#[derive(Clone)]
pub struct Dataset {
    json: Bytes,
    /// Sorted by tag, each once.
    elements: Vec<Place>,
    /// Those of the dataset that this one is a part of.
    outer_terms: Option<Terms>,
}

/// The text is no JSON object, or one that never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the dataset is no JSON object")]
pub struct NotAnObject;

/// As many elements as few images have.
const USUAL: usize = 192;

impl Dataset {
    /// Finds the elements; members that are named by no tag are ignored, the last of equal tags
    /// counts.
    ///
    /// # Errors
    /// When the text is no JSON object, or one that never ends.
    pub fn parse(json: Bytes) -> Result<Self, NotAnObject> {
        let mut elements = Vec::with_capacity(USUAL);
        let closed = visit_members(&json, |key, value| {
            let tag = key.try_into().ok().and_then(tag);
            elements.extend(tag.and_then(|tag| Place::new(tag, &value)));
        });
        if !closed {
            return Err(NotAnObject);
        }
        place::sort(&mut elements);
        Ok(Self {
            json,
            elements,
            outer_terms: None,
        })
    }

    /// As [`Dataset::parse`], of the object that the cursor stands before in `json`.
    #[must_use]
    pub fn scan(cursor: &mut Cursor<'_>, json: &Bytes) -> Option<Self> {
        cursor.peek()?;
        let start = cursor.place();
        let mut elements = Vec::with_capacity(USUAL);
        let mut more = cursor.enter(b'{')?;
        while more {
            let tag = cursor.tag()?;
            let value = cursor.value()?;
            if let Some(tag) = tag {
                elements.push(Place::new(tag, &(value.start - start..value.end - start))?);
            }
            more = cursor.proceed(b'{')?;
        }
        place::sort(&mut elements);
        Some(Self {
            json: json.slice(start..cursor.place()),
            elements,
            outer_terms: None,
        })
    }

    /// The length of its text, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.json.len()
    }

    /// The element of this tag, whether or not it has a value.
    #[must_use]
    pub fn element(&self, tag: Tag) -> Option<Element> {
        Some(Element::read(tag, &self.text_of(tag)?, || self.terms()))
    }

    /// The character sets of what is not Unicode in it.
    fn terms(&self) -> Option<Terms> {
        let own = self.text_of(tags::SPECIFIC_CHARACTER_SET);
        own.map(Terms::of).or_else(|| self.outer_terms.clone())
    }

    /// This dataset as a part of one that has these character sets.
    pub(super) fn within(self, outer_terms: Option<Terms>) -> Self {
        Self {
            outer_terms,
            ..self
        }
    }

    /// Why an element cannot be read at all, if it is there and cannot.
    #[must_use]
    pub fn unread(&self, tag: Tag) -> Option<InvalidValue> {
        if self.raw_one(tag).is_none_or(|json| is_plain(tag, json)) {
            return None;
        }
        let reason = self.element(tag)?.unread()?;
        Some(InvalidValue::new(tag, reason))
    }

    /// Whether an element is there and says that there is nothing: no value, or blank ones.
    #[must_use]
    pub fn is_emptied(&self, tag: Tag) -> bool {
        self.element(tag).is_some_and(|element| element.is_blank())
    }

    /// The first item of a sequence attribute; none when it is no object. The others, thousands
    /// perhaps, are not looked at.
    #[must_use]
    pub fn first_item(&self, tag: Tag) -> Option<Self> {
        let item = scan::first_item(&self.text_of(tag)?, "Value")?;
        Self::parse(item).ok().map(|item| item.within(self.terms()))
    }

    /// Whether an element is the usual form of one text, and so [`Self::uid`] this one: what takes
    /// no reading.
    #[must_use]
    pub fn plainly_says_uid(&self, tag: Tag, uid: &str) -> bool {
        let value = self
            .raw_one(tag)
            .and_then(|json| json.strip_prefix(br#"{"vr":"UI","Value":[""#))
            .and_then(|json| json.strip_suffix(br#""]}"#));
        value == Some(uid.as_bytes())
    }

    pub(super) fn raw_one(&self, tag: Tag) -> Option<&[u8]> {
        self.json.get(self.place(tag)?)
    }

    /// The JSON text of each of these elements; the tags are sorted.
    pub fn raw<'a>(&'a self, tags: &'a [Tag]) -> impl Iterator<Item = Option<&'a [u8]>> {
        let places = place::find(&self.elements, tags);
        places.map(|place| self.json.get(place?.range()))
    }

    /// The dataset of these elements alone; the tags are sorted.
    #[must_use]
    pub fn only(&self, tags: &[Tag]) -> Self {
        Self {
            json: self.json.clone(),
            elements: place::find(&self.elements, tags).flatten().collect(),
            outer_terms: self.terms(),
        }
    }

    fn text_of(&self, tag: Tag) -> Option<Bytes> {
        Some(self.json.slice(self.place(tag)?))
    }

    fn place(&self, tag: Tag) -> Option<Range<usize>> {
        Some(place::find_one(&self.elements, tag)?.range())
    }

    /// The items of a sequence attribute; empty when it is absent.
    #[must_use]
    pub fn items(&self, tag: Tag) -> Vec<Self> {
        self.element(tag).map(|e| e.items()).unwrap_or_default()
    }

    /// The items of a sequence attribute, each with its own verdict; empty when it is absent.
    ///
    /// # Errors
    /// The item, or the whole sequence, cannot be read as DICOM JSON.
    pub fn sequence(&self, tag: Tag) -> Vec<Result<Self, InvalidValue>> {
        let items = self.element(tag).map(|element| element.verdicts());
        let items = items.into_iter().flatten();
        items
            .map(|item| item.map_err(|reason| InvalidValue::new(tag, reason)))
            .collect()
    }

    /// Reads the one value of an attribute with `parse`; an element without value is `None`.
    pub(super) fn read<T>(
        &self,
        tag: Tag,
        parse: impl FnOnce(&Element, Value) -> Result<Option<T>, Flaw<T>>,
    ) -> Read<T> {
        let Some(element) = self.element(tag) else {
            return Ok(None);
        };
        let read = match element.single() {
            Ok((Some(value), flaw)) => noted(parse(&element, value), flaw),
            Ok((None, _)) => Ok(None),
            Err(reason) => Err(reason.into()),
        };
        read.map_err(|flaw| Flawed::new(tag, flaw))
    }

    /// Reads every value of an attribute with `parse`; one that cannot be used makes all of them
    /// useless.
    pub(super) fn read_all<T>(
        &self,
        tag: Tag,
        parse: impl Fn(&Element, Value) -> Result<Option<T>, Flaw<T>>,
    ) -> Result<Vec<T>, Flawed<Vec<T>>> {
        let Some(element) = self.element(tag) else {
            return Ok(Vec::new());
        };
        let refuse = |reason: Reason| Flawed::new(tag, reason.into());
        let (mut all, mut flaw) = (Vec::new(), element.note());
        for value in element.all().map_err(refuse)? {
            match parse(&element, value) {
                Ok(value) => all.extend(value),
                Err(Flaw { reason, kept }) => {
                    all.push(kept.ok_or_else(|| refuse(reason))?);
                    flaw.get_or_insert(reason);
                }
            }
        }
        match flaw {
            Some(reason) if !all.is_empty() => Err(Flawed::new(tag, Flaw::kept(reason, all))),
            _ => Ok(all),
        }
    }

    /// As [`Self::read`], for value representations that are text (or a number standing for it).
    pub(super) fn read_text<T>(
        &self,
        tag: Tag,
        parse: impl FnOnce(&str) -> Result<T, Reason>,
    ) -> Read<T> {
        self.read(tag, |_, value| Ok(parse(&value.into_text()?).map(Some)?))
    }

    /// As [`Self::read_text`], for a string of `longest` characters at most, or not many more. What
    /// JSON writes as a number has no such bound (PS3.18 F.2.3).
    pub(super) fn read_number<T>(
        &self,
        tag: Tag,
        longest: usize,
        parse: impl FnOnce(&str) -> Result<T, Reason>,
    ) -> Read<T> {
        self.read(tag, |_, value| {
            let is_text = matches!(value, Value::Text(_));
            let text = value.into_text()?;
            let length = if is_text { text.chars().count() } else { 0 };
            if length > MAX_NUMBER {
                return Err(Reason::TooLong(longest).into());
            }
            let number = parse(&text)?;
            if length > longest {
                return Err(Flaw::kept(Reason::TooLong(longest), number));
            }
            Ok(Some(number))
        })
    }
}

/// Whether an element begins as nearly every one does that can be read: `{"vr":"CS","Value":["`. What
/// is wrong with its values is told by whoever reads them; the items of a sequence are looked at by
/// few.
fn is_plain(tag: Tag, json: &[u8]) -> bool {
    let rest = json.strip_prefix(br#"{"vr":""#);
    let Some((_, rest)) = rest.and_then(|rest| rest.split_first_chunk::<2>()) else {
        return false;
    };
    let Some(values) = rest.strip_prefix(br#"","Value":["#) else {
        return rest == br#""}"#;
    };
    let vr = || dictionary::vr(tag);
    match values.first() {
        Some(b'{') => matches!(vr(), Some(VR::SQ | VR::PN)),
        Some(b'"' | b'-' | b'0'..=b'9') => vr() != Some(VR::SQ),
        _ => false,
    }
}

/// The longest number that is kept, in characters.
const MAX_NUMBER: usize = 64;

/// A value that was read, with a flaw of the element that it comes from.
fn noted<T>(read: Result<Option<T>, Flaw<T>>, flaw: Option<Reason>) -> Result<Option<T>, Flaw<T>> {
    match (read, flaw) {
        (Ok(Some(value)), Some(reason)) => Err(Flaw::kept(reason, value)),
        (read, _) => read,
    }
}

impl fmt::Debug for Dataset {
    /// Tells the size and nothing of the content: a dataset is patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements = self.elements.len();
        f.debug_struct("Dataset")
            .field("elements", &elements)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
