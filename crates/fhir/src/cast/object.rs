//! A JSON object that is edited member by member.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;
use memchr::memmem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::edit::EditError;

/// About what a member takes beside its text: the place in the map and three allocations.
const OF_A_MEMBER: usize = 128;

/// A JSON object whose untouched members keep every byte and their order, and that knows whether
/// it was changed.
#[derive(Clone, Default)]
pub(super) struct Object {
    /// Shared by copies as long as nobody edits one.
    members: Arc<Members>,
    changed: bool,
}

type Members = IndexMap<Cow<'static, str>, Text>;

/// A member's JSON text, shared by the copies of an object: a study's series may be long.
#[derive(Clone)]
pub(super) struct Text(Arc<Box<RawValue>>);

impl Text {
    pub(super) fn get(&self) -> &str {
        self.0.get()
    }
}

impl From<Box<RawValue>> for Text {
    fn from(raw: Box<RawValue>) -> Self {
        Self(Arc::new(raw))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Object {
    /// Reads an object; `None` when the text is something else.
    pub(super) fn parse(json: &str) -> Option<Self> {
        let members: Members = serde_json::from_str(json).ok()?;
        Some(Self {
            members: Arc::new(members),
            changed: false,
        })
    }

    /// Whether anything was set or removed since it was read.
    pub(super) fn changed(&self) -> bool {
        self.changed
    }

    /// A member's text; `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        let Text(raw) = self.members.get(name)?;
        (raw.get() != "null").then_some(raw)
    }

    /// A member's text, to be kept while the object is edited; `null` counts as absent.
    pub(super) fn shared(&self, name: &str) -> Option<Text> {
        let text = self.members.get(name)?;
        (text.get() != "null").then(|| text.clone())
    }

    /// The names of the members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(Cow::as_ref)
    }

    /// A member decoded as `T`.
    pub(super) fn decode<'a, T: Deserialize<'a>>(
        &'a self,
        name: &str,
    ) -> Result<Option<T>, EditError> {
        let Some(raw) = self.get(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get())
            .map(Some)
            .map_err(|_| EditError::shape(name))
    }

    /// A string member.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, EditError> {
        self.decode(name)
    }

    /// An object member.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, EditError> {
        let Some(raw) = self.get(name) else {
            return Ok(None);
        };
        match Self::parse(raw.get()) {
            Some(object) => Ok(Some(object)),
            None => Err(EditError::shape(name)),
        }
    }

    /// The items of an array member; empty when it is absent.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Box<RawValue>>, EditError> {
        self.decode(name).map(Option::unwrap_or_default)
    }

    /// The items of an array of objects; empty when it is absent.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, EditError> {
        let items = self.list(name)?;
        let objects = items.iter().map(|item| Self::parse(item.get()));
        objects
            .collect::<Option<_>>()
            .ok_or_else(|| EditError::shape(name))
    }

    /// Sets a member, in its place when it is there.
    pub(super) fn set<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), EditError> {
        let raw = raw(name, value)?;
        Arc::make_mut(&mut self.members).insert(Cow::Borrowed(name), raw.into());
        self.changed = true;
        Ok(())
    }

    /// Sets a member to a JSON text.
    pub(super) fn set_json(&mut self, name: &'static str, json: String) -> Result<(), EditError> {
        let raw = RawValue::from_string(json).map_err(|_| EditError::Build(name))?;
        Arc::make_mut(&mut self.members).insert(Cow::Borrowed(name), raw.into());
        self.changed = true;
        Ok(())
    }

    /// Sets an array member, or removes it when the array is empty, which FHIR does not allow.
    pub(super) fn set_list<T: Serialize>(
        &mut self,
        name: &'static str,
        items: &[T],
    ) -> Result<(), EditError> {
        if items.is_empty() {
            self.remove(name);
            return Ok(());
        }
        self.set(name, items)
    }

    /// Appends to an array member.
    pub(super) fn push<T: Serialize>(
        &mut self,
        name: &'static str,
        item: &T,
    ) -> Result<(), EditError> {
        let mut items = self.list(name)?;
        items.push(raw(name, item)?);
        self.set(name, &items)
    }

    /// Sets a string member unless it says the same.
    pub(super) fn set_text(&mut self, name: &'static str, text: &str) -> Result<(), EditError> {
        if self.text(name)?.as_deref() == Some(text) {
            return Ok(());
        }
        self.set(name, text)
    }

    /// The same object under other names: `"from"` becomes `"to"` wherever it is a whole string.
    /// It counts as read, not as changed. `None` when the result is no JSON.
    pub(super) fn renamed(mut self, names: &[(&str, &str)]) -> Option<Self> {
        for (from, to) in names {
            let (from, to) = (format!("\"{from}\""), format!("\"{to}\""));
            let refers =
                |text: &Text| memmem::find(text.get().as_bytes(), from.as_bytes()).is_some();
            if self.members.values().any(refers) {
                let members = Arc::make_mut(&mut self.members);
                for text in members.values_mut().filter(|text| refers(text)) {
                    let renamed = text.get().replace(&from, &to);
                    *text = RawValue::from_string(renamed).ok()?.into();
                }
            }
        }
        self.changed = false;
        Some(self)
    }

    /// About how many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        let members = self.members.iter();
        let sizes = members.map(|(name, text)| OF_A_MEMBER + name.len() + text.get().len());
        sizes.sum()
    }

    /// Removes a member.
    pub(super) fn remove(&mut self, name: &str) {
        if self.members.contains_key(name) {
            Arc::make_mut(&mut self.members).shift_remove(name);
            self.changed = true;
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members.serialize(serializer)
    }
}

/// The JSON text of a value.
pub(super) fn raw<T: Serialize + ?Sized>(
    name: &'static str,
    value: &T,
) -> Result<Box<RawValue>, EditError> {
    serde_json::value::to_raw_value(value).map_err(|_| EditError::Build(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untouched_members_keep_bytes_and_order() {
        let mut object = Object::parse(r#"{"z":1.00, "b" : [ 1 ], "a":"\u00e9"}"#).unwrap();
        object.set_text("b2", "x").unwrap();
        object.remove("b");
        assert!(object.changed());
        let json = serde_json::to_string(&object).unwrap();
        assert_eq!(json, r#"{"z":1.00,"a":"\u00e9","b2":"x"}"#);
    }

    #[test]
    fn setting_what_is_there_changes_nothing() {
        let mut object = Object::parse(r#"{"a":"\u00e9","n":null}"#).unwrap();
        object.set_text("a", "é").unwrap();
        object.remove("x");
        assert!(!object.changed());
        assert_eq!(object.text("n"), Ok(None));
    }

    #[test]
    fn a_copy_is_edited_without_the_other() {
        let one = Object::parse(r#"{"a":1,"b":[2],"c":null}"#).unwrap();
        let (mut other, text) = (one.clone(), one.shared("b").unwrap());
        other.set("b", &3).unwrap();
        other.remove("a");
        assert_eq!(
            serde_json::to_string(&other).unwrap(),
            r#"{"b":3,"c":null}"#
        );
        let unchanged = serde_json::to_string(&one).unwrap();
        assert_eq!(unchanged, r#"{"a":1,"b":[2],"c":null}"#);
        assert_eq!((text.get(), one.changed()), ("[2]", false));
        assert!(one.shared("c").is_none());
    }

    #[test]
    fn a_wrong_shape_names_the_element() {
        let object = Object::parse(r#"{"a":[1],"o":[{},5]}"#).unwrap();
        assert_eq!(object.text("a"), Err(EditError::shape("a")));
        assert!(object.object("a").is_err() && object.objects("o").is_err());
        assert!(Object::parse("[]").is_none() && Object::parse("{\"a\":NaN}").is_none());
    }
}
