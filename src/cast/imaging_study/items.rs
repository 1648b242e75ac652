//! An array of objects that have a `uid`: series of a study, instances of a series.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::super::edit::EditError;
use super::super::object::Object;
use super::head;

/// An array of objects that have a `uid`. An item is opened when it is edited; the others keep
/// every byte.
#[derive(Default)]
pub(super) struct Items {
    items: Vec<Item>,
    /// The first item of each `uid`.
    index: HashMap<String, usize>,
    changed: bool,
}

enum Item {
    Closed(Box<RawValue>),
    Open(Box<RawValue>, Object),
    New(Object),
    Removed,
}

impl Items {
    /// Reads the array member `name`; empty when it is absent.
    pub(super) fn read(object: &Object, name: &str) -> Result<Self, EditError> {
        let raws = object.list(name)?;
        let mut index = HashMap::with_capacity(raws.len());
        for (at, raw) in raws.iter().enumerate() {
            let uid = head::uid(raw.get()).ok_or_else(|| EditError::shape(name))?;
            if let Some(uid) = uid {
                index.entry(uid.into_owned()).or_insert(at);
            }
        }
        Ok(Self {
            items: raws.into_iter().map(Item::Closed).collect(),
            index,
            changed: false,
        })
    }

    /// The item of this `uid`, appended when there is none.
    pub(super) fn entry(&mut self, uid: &str) -> Result<&mut Object, EditError> {
        let at = match self.index.get(uid) {
            Some(&at) => at,
            None => self.append(uid)?,
        };
        self.open(at).ok_or_else(|| EditError::shape("uid"))
    }

    fn append(&mut self, uid: &str) -> Result<usize, EditError> {
        let mut object = Object::default();
        object.set("uid", uid)?;
        self.items.push(Item::New(object));
        self.index.insert(uid.to_owned(), self.items.len() - 1);
        Ok(self.items.len() - 1)
    }

    /// The place of the item of this `uid`.
    pub(super) fn position(&self, uid: &str) -> Option<usize> {
        self.index.get(uid).copied()
    }

    /// Removes the item of this `uid`; answers whether there was one.
    pub(super) fn remove(&mut self, uid: &str) -> bool {
        let Some(at) = self.index.remove(uid) else {
            return false;
        };
        if let Some(item) = self.items.get_mut(at) {
            *item = Item::Removed;
        }
        self.changed = true;
        true
    }

    /// Removes the items of which `uid` gives one, from their texts; answers with those.
    pub(super) fn take(&mut self, uid: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let (mut taken, mut index) = (Vec::new(), HashMap::new());
        for (at, item) in self.items.iter_mut().enumerate() {
            let Some(json) = item.text() else {
                continue;
            };
            if let Some(uid) = uid(&json) {
                taken.push(uid);
                *item = Item::Removed;
            } else if let Some(uid) = head::uid(&json).flatten() {
                index.entry(uid.into_owned()).or_insert(at);
            }
        }
        self.changed |= !taken.is_empty();
        self.index = index;
        taken
    }

    /// The `uid`s of the items.
    pub(super) fn uids(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str)
    }

    /// How many places there are, removed items included.
    pub(super) fn places(&self) -> usize {
        self.items.len()
    }

    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        let left = self
            .items
            .iter()
            .filter(|item| !matches!(item, Item::Removed));
        left.count()
    }

    /// The item at a place, to be edited; none when it was removed.
    pub(super) fn open(&mut self, at: usize) -> Option<&mut Object> {
        let item = self.items.get_mut(at)?;
        if let Item::Closed(raw) = item {
            let object = Object::parse(raw.get())?;
            *item = Item::Open(raw.clone(), object);
        }
        match item {
            Item::Open(_, object) | Item::New(object) => Some(object),
            Item::Closed(_) | Item::Removed => None,
        }
    }

    /// The text of an item that was not opened.
    pub(super) fn closed(&self, at: usize) -> Option<&str> {
        match self.items.get(at)? {
            Item::Closed(raw) => Some(raw.get()),
            Item::Open(..) | Item::New(_) | Item::Removed => None,
        }
    }

    /// Whether anything was added, removed or edited.
    pub(super) fn changed(&self) -> bool {
        let edited = |item: &Item| match item {
            Item::Closed(_) | Item::Removed => false,
            Item::Open(_, object) => object.changed(),
            Item::New(_) => true,
        };
        self.changed || self.items.iter().any(edited)
    }

    /// Writes the array back, if it was changed.
    pub(super) fn write(&self, object: &mut Object, name: &'static str) -> Result<(), EditError> {
        if !self.changed() {
            return Ok(());
        }
        let left = self
            .items
            .iter()
            .filter(|item| !matches!(item, Item::Removed));
        object.set_list(name, &left.collect::<Vec<_>>())
    }
}

impl Item {
    /// Its JSON text; none when it was removed.
    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Closed(raw) => Some(Cow::Borrowed(raw.get())),
            Self::Removed => None,
            Self::Open(..) | Self::New(_) => serde_json::to_string(self).ok().map(Cow::Owned),
        }
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Closed(raw) => raw.serialize(serializer),
            Self::Open(raw, object) if !object.changed() => raw.serialize(serializer),
            Self::Open(_, object) | Self::New(object) => object.serialize(serializer),
            Self::Removed => serializer.serialize_unit(),
        }
    }
}
