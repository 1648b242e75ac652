//! A JSON object that is edited member by member.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::edit::EditError;

/// About what a member takes beside its text: the place in the map and two allocations.
const OF_A_MEMBER: usize = 96;

/// A JSON object whose untouched members keep every byte and their order, and that knows whether
/// it was changed.
#[derive(Clone, Default)]
pub(super) struct Object {
    members: IndexMap<String, Box<RawValue>>,
    changed: bool,
}

impl Object {
    /// Reads an object; `None` when the text is something else.
    pub(super) fn parse(json: &str) -> Option<Self> {
        let members = serde_json::from_str(json).ok()?;
        Some(Self {
            members,
            changed: false,
        })
    }

    /// Whether anything was set or removed since it was read.
    pub(super) fn changed(&self) -> bool {
        self.changed
    }

    /// A member's text; `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        let raw = self.members.get(name)?;
        (raw.get() != "null").then_some(raw)
    }

    /// The names of the members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
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
        self.members.insert(name.to_owned(), raw);
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
    pub(super) fn renamed(&self, names: &[(&str, &str)]) -> Option<Self> {
        let mut renamed = Self {
            members: self.members.clone(),
            changed: false,
        };
        for raw in renamed.members.values_mut() {
            for (from, to) in names {
                let (from, to) = (format!("\"{from}\""), format!("\"{to}\""));
                if raw.get().contains(&from) {
                    *raw = RawValue::from_string(raw.get().replace(&from, &to)).ok()?;
                }
            }
        }
        Some(renamed)
    }

    /// About how many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        let members = self.members.iter();
        let sizes = members.map(|(name, raw)| OF_A_MEMBER + name.len() + raw.get().len());
        sizes.sum()
    }

    /// Removes a member.
    pub(super) fn remove(&mut self, name: &str) {
        self.changed |= self.members.shift_remove(name).is_some();
    }
}

impl Serialize for Object {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
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
    fn a_wrong_shape_names_the_element() {
        let object = Object::parse(r#"{"a":[1],"o":[{},5]}"#).unwrap();
        assert_eq!(object.text("a"), Err(EditError::shape("a")));
        assert!(object.object("a").is_err() && object.objects("o").is_err());
        assert!(Object::parse("[]").is_none() && Object::parse("{\"a\":NaN}").is_none());
    }
}
