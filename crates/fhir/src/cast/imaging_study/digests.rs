//! Sets of instances that an extension holds, as a digest of each SOP Instance UID.
//!
//! `valueBase64Binary` holds the first eight bytes of the SHA-256 of each UID, in ascending order.
//! Of a million instances two have the same digest with a probability of 3 in 100 million.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use fhir_model::Base64Binary;
use fhir_model::r4b::types::{Extension, ExtensionValue};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::super::StudyDelta;
use super::super::edit::EditError;
use super::super::object::{Object, raw};

/// The instances that a series does not list, because its study has too many.
///
/// FHIR wants a URL and no URN (R4 Extension.url); nobody can own this one.
pub(super) const UNLISTED: &str =
    "https://radcast.invalid/fhir/StructureDefinition/unlisted-instances";

/// The instances of a study that name another patient than it has.
pub(super) const OF_OTHER_PATIENT: &str =
    "https://radcast.invalid/fhir/StructureDefinition/instances-of-other-patient";

/// The instances of a study that count where others say something else.
pub(super) const CONTESTED: &str =
    "https://radcast.invalid/fhir/StructureDefinition/contested-by-instances";

const ELEMENT: &str = "extension";

/// The exact set of the instances that an extension holds.
pub(super) struct Digests {
    url: &'static str,
    digests: BTreeSet<u64>,
    changed: bool,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "valueBase64Binary")]
    value: Option<&'a RawValue>,
}

impl Digests {
    /// The empty set.
    pub(super) const fn none(url: &'static str) -> Self {
        Self {
            url,
            digests: BTreeSet::new(),
            changed: false,
        }
    }

    /// Reads the set from the extension of this URL.
    pub(super) fn read(object: &Object, url: &'static str) -> Result<Self, EditError> {
        let mut digests = BTreeSet::new();
        for extension in object.list(ELEMENT)? {
            let Some(head) = ours(&extension, url) else {
                continue;
            };
            let value = head.value.and_then(|value| decode(value.get()));
            let mut value = value.ok_or_else(|| EditError::shape(ELEMENT))?;
            if digests.is_empty() {
                digests = value;
            } else {
                digests.append(&mut value);
            }
        }
        Ok(Self {
            url,
            digests,
            changed: false,
        })
    }

    /// Adds an instance, unless it is there.
    pub(super) fn insert(&mut self, uid: &str) {
        self.changed |= self.digests.insert(digest(uid));
    }

    /// Adds instances by their digests.
    pub(super) fn extend(&mut self, digests: impl IntoIterator<Item = u64>) {
        for digest in digests {
            self.changed |= self.digests.insert(digest);
        }
    }

    /// Removes an instance; answers whether it was there.
    pub(super) fn remove(&mut self, uid: &str) -> bool {
        let removed = !self.digests.is_empty() && self.digests.remove(&digest(uid));
        self.changed |= removed;
        removed
    }

    /// Removes the instances that the delta removes and of which it says nothing, but for those that
    /// the study goes on `listing`.
    pub(super) fn forget_gone(&mut self, delta: &StudyDelta, listing: &[&str]) {
        if self.digests.is_empty() || delta.removed().is_empty() {
            return;
        }
        let said = delta.statements();
        let said: HashSet<&str> = said.map(|(it, _)| it.key().instance.as_str()).collect();
        for gone in delta.removed() {
            let uid = gone.instance.as_str();
            if !said.contains(uid) && !listing.contains(&uid) {
                self.remove(&gone.instance);
            }
        }
    }

    /// Whether an instance is there.
    pub(super) fn contains(&self, uid: &str) -> bool {
        !self.digests.is_empty() && self.digests.contains(&digest(uid))
    }

    /// Removes all instances.
    pub(super) fn clear(&mut self) {
        self.changed |= !self.digests.is_empty();
        self.digests.clear();
    }

    /// The digests of the instances.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.digests.iter().copied()
    }

    /// How many instances there are.
    pub(super) fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether any were added or removed.
    pub(super) const fn changed(&self) -> bool {
        self.changed
    }

    /// Writes the extension back, if anything was changed. Other extensions stay as they are.
    pub(super) fn write(&self, object: &mut Object) -> Result<(), EditError> {
        if !self.changed {
            return Ok(());
        }
        let is_ours = |item: &RawValue| ours(item, self.url).is_some();
        let mut items = object.list(ELEMENT)?;
        let place = items.iter().position(|item| is_ours(item));
        let place = place.unwrap_or(items.len());
        items.retain(|item| !is_ours(item));
        if !self.digests.is_empty() {
            items.insert(place.min(items.len()), raw(ELEMENT, &self.extension()?)?);
        }
        object.set_list(ELEMENT, &items)
    }

    fn extension(&self) -> Result<Extension, EditError> {
        Extension::builder()
            .url(self.url.to_owned())
            .value(ExtensionValue::Base64Binary(encode(&self.digests)))
            .build()
            .map_err(|_| EditError::Build(ELEMENT))
    }
}

/// The extension, if it is the one of this URL.
fn ours<'a>(extension: &'a RawValue, url: &str) -> Option<Head<'a>> {
    let head: Head<'_> = serde_json::from_str(extension.get()).ok()?;
    (head.url.as_deref() == Some(url)).then_some(head)
}

/// The digest of a SOP Instance UID.
pub(super) fn digest(uid: &str) -> u64 {
    let hash = Sha256::digest(uid.as_bytes());
    let first = hash.iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Digests as a `base64Binary`.
pub(super) fn encode(digests: &BTreeSet<u64>) -> Base64Binary {
    Base64Binary(digests.iter().flat_map(|it| it.to_be_bytes()).collect())
}

/// The digests of a `base64Binary`; none when it is no whole number of them.
pub(super) fn decode(json: &str) -> Option<BTreeSet<u64>> {
    let bytes: Base64Binary = serde_json::from_str(json).ok()?;
    let (digests, rest) = bytes.as_chunks::<8>();
    rest.is_empty()
        .then(|| digests.iter().copied().map(u64::from_be_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(json: &str) -> Object {
        Object::parse(json).unwrap()
    }

    fn text(series: &Object) -> String {
        serde_json::to_string(series).unwrap()
    }

    /// The value of the extension, computed with `sha256sum` and `base64`.
    const OF_1_2: &str = "d6wxm/4ZeeI=";

    #[test]
    fn the_digest_is_the_start_of_the_sha_256() {
        let mut unlisted = Digests::none(UNLISTED);
        unlisted.insert("1.2");
        let mut object = series(r#"{"uid":"1"}"#);
        unlisted.write(&mut object).unwrap();
        let expected = format!(
            r#"{{"uid":"1","extension":[{{"url":"{UNLISTED}","valueBase64Binary":"{OF_1_2}"}}]}}"#
        );
        assert_eq!(text(&object), expected);
        assert!(Digests::read(&object, UNLISTED).unwrap().contains("1.2"));
    }

    #[test]
    fn the_set_comes_back_sorted_and_other_extensions_keep_their_bytes() {
        let mut object = series(r#"{"extension":[{"url":"a", "v":1.0},5]}"#);
        let mut unlisted = Digests::read(&object, UNLISTED).unwrap();
        for n in 0..500 {
            unlisted.insert(&format!("1.{n}"));
        }
        unlisted.write(&mut object).unwrap();
        let mut again = Digests::read(&object, UNLISTED).unwrap();
        assert_eq!(again.len(), 500);
        again.insert("1.7");
        let before = text(&object);
        again.write(&mut object).unwrap();
        assert_eq!(text(&object), before);
        for n in 0..500 {
            assert!(again.remove(&format!("1.{n}")), "{n}");
            assert!(!again.remove(&format!("1.{n}")), "{n}");
        }
        again.write(&mut object).unwrap();
        assert_eq!(text(&object), r#"{"extension":[{"url":"a", "v":1.0},5]}"#);
    }

    #[test]
    fn several_sets_are_one_when_they_are_written() {
        let one = |value: &str| format!(r#"{{"url":"{UNLISTED}","valueBase64Binary":"{value}"}}"#);
        let (a, b) = (one("AAAAAAAAAAE="), one("AAAA AAAA\\nAAI="));
        let mut object = series(&format!(r#"{{"extension":[{a},7,{b}]}}"#));
        let mut unlisted = Digests::read(&object, UNLISTED).unwrap();
        assert_eq!(unlisted.len(), 2);
        unlisted.insert("1.2");
        unlisted.write(&mut object).unwrap();
        let items = object.list(ELEMENT).unwrap();
        assert_eq!((items.len(), items[1].get()), (2, "7"));
        assert_eq!(Digests::read(&object, UNLISTED).unwrap().len(), 3);
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for value in [r#""AAAA""#, r#""?""#, "5", "null"] {
            let json =
                format!(r#"{{"extension":[{{"url":"{UNLISTED}","valueBase64Binary":{value}}}]}}"#);
            let error = Digests::read(&series(&json), UNLISTED).err();
            assert_eq!(error, Some(EditError::shape(ELEMENT)), "{value}");
        }
    }
}
