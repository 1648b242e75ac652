//! An array of objects that have a `uid`: series of a study, instances of a series.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::super::edit::EditError;
use super::super::object::Object;

/// An array of objects that have a `uid`. An item is opened when it is edited; the others keep
/// every byte.
#[derive(Default)]
pub(super) struct Items<'a> {
    items: Vec<Item<'a>>,
    /// The first item of each `uid`, once that was asked for.
    index: Option<HashMap<Cow<'a, str>, usize>>,
    removed: usize,
    changed: bool,
}

/// One of them.
pub(super) struct Item<'a> {
    uid: Option<Cow<'a, str>>,
    json: Cow<'a, str>,
    /// Whether there may be something in it to be mended.
    is_odd: bool,
    state: State,
}

enum State {
    Closed,
    Open(Box<Object>),
    Removed,
}

impl<'a> Items<'a> {
    /// Those that are stored.
    pub(super) fn stored(items: Vec<Item<'a>>) -> Self {
        Self {
            items,
            ..Self::default()
        }
    }

    /// Appends an item that nobody has.
    pub(super) fn append(&mut self, uid: &'a str, json: String) -> usize {
        let (at, uid) = (self.items.len(), Cow::Borrowed(uid));
        if let Some(index) = &mut self.index {
            index.insert(uid.clone(), at);
        }
        self.items.push(Item {
            uid: Some(uid),
            json: Cow::Owned(json),
            is_odd: false,
            state: State::Closed,
        });
        self.changed = true;
        at
    }

    /// The place of the item of this `uid`.
    pub(super) fn position(&mut self, uid: &str) -> Option<usize> {
        self.index().get(uid).copied()
    }

    fn index(&mut self) -> &mut HashMap<Cow<'a, str>, usize> {
        let items = self.items.iter().enumerate();
        self.index.get_or_insert_with(|| {
            let mut index = HashMap::with_capacity(items.len());
            for (at, item) in items {
                if let Some(uid) = item.uid.as_ref().filter(|_| !item.is_removed()) {
                    index.entry(uid.clone()).or_insert(at);
                }
            }
            index
        })
    }

    /// Removes the item of this `uid`; answers whether there was one.
    pub(super) fn remove(&mut self, uid: &str) -> bool {
        let at = self.index().remove(uid);
        let Some(item) = at.and_then(|at| self.items.get_mut(at)) else {
            return false;
        };
        item.state = State::Removed;
        self.removed += 1;
        self.changed = true;
        true
    }

    /// Removes the items of which `uid` gives one, from their texts; answers with those.
    pub(super) fn take(&mut self, uid: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let mut taken = Vec::new();
        for item in self.items.iter_mut().filter(|item| !item.is_removed()) {
            let uid = item.json("uid").ok().and_then(|json| uid(&json));
            if let Some(uid) = uid {
                taken.push(uid);
                item.state = State::Removed;
            }
        }
        self.removed += taken.len();
        self.changed |= !taken.is_empty();
        self.index = None;
        taken
    }

    /// The `uid`s of the items.
    pub(super) fn uids(&self) -> impl Iterator<Item = &str> {
        let left = self.items.iter().filter(|item| !item.is_removed());
        left.filter_map(|item| item.uid.as_deref())
    }

    /// How many places there are, removed items included.
    pub(super) fn places(&self) -> usize {
        self.items.len()
    }

    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        self.items.len() - self.removed
    }

    /// The item at a place, to be edited; none when it was removed.
    pub(super) fn open(&mut self, at: usize) -> Option<&mut Object> {
        self.open_without(at, 0..0)
    }

    /// As [`Items::open`], with an empty list in this part of its text.
    pub(super) fn open_without(&mut self, at: usize, list: Range<usize>) -> Option<&mut Object> {
        let item = self.items.get_mut(at)?;
        if matches!(item.state, State::Closed) {
            let object = if list.is_empty() {
                Object::parse(&item.json)?
            } else {
                let (before, behind) = (item.json.get(..list.start)?, item.json.get(list.end..)?);
                Object::parse(&[before, "[]", behind].concat())?
            };
            item.state = State::Open(Box::new(object));
        }
        match &mut item.state {
            State::Open(object) => Some(object),
            State::Closed | State::Removed => None,
        }
    }

    /// The item at a place, if it was opened before.
    pub(super) fn opened(&mut self, at: usize) -> Option<&mut Object> {
        match &mut self.items.get_mut(at)?.state {
            State::Open(object) => Some(object),
            State::Closed | State::Removed => None,
        }
    }

    /// The text of an item that was not opened.
    pub(super) fn closed(&self, at: usize) -> Option<&str> {
        let item = self.items.get(at)?;
        matches!(item.state, State::Closed).then_some(&*item.json)
    }

    /// Whether the item at a place was removed.
    pub(super) fn is_removed(&self, at: usize) -> bool {
        self.items.get(at).is_none_or(Item::is_removed)
    }

    /// The places of those in which there may be something to be mended.
    pub(super) fn odd(&self) -> Vec<usize> {
        let items = self.items.iter().enumerate();
        let odd = items.filter(|(_, item)| item.is_odd);
        odd.map(|(at, _)| at).collect()
    }

    /// Whether anything was added, removed or edited.
    pub(super) fn changed(&self) -> bool {
        self.changed || self.items.iter().any(Item::is_edited)
    }

    /// Writes the array back, if it was changed.
    pub(super) fn write(&self, object: &mut Object, name: &'static str) -> Result<(), EditError> {
        if !self.changed() {
            return Ok(());
        }
        if self.len() == 0 {
            object.remove(name);
            return Ok(());
        }
        let room = self.items.iter().map(|item| item.json.len() + 1);
        let mut json = String::with_capacity(room.sum::<usize>() + 2);
        json.push('[');
        for item in self.items.iter().filter(|item| !item.is_removed()) {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&item.json(name)?);
        }
        json.push(']');
        object.set_json(name, json)
    }
}

impl<'a> Item<'a> {
    /// One that is stored.
    pub(super) fn stored(json: &'a str, uid: Option<Cow<'a, str>>, is_odd: bool) -> Self {
        Self {
            uid,
            json: Cow::Borrowed(json),
            is_odd,
            state: State::Closed,
        }
    }

    pub(super) fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    #[cfg(test)]
    pub(super) fn into_plain(self) -> (String, Option<String>) {
        (self.json.into_owned(), self.uid.map(Cow::into_owned))
    }

    fn is_removed(&self) -> bool {
        matches!(self.state, State::Removed)
    }

    fn is_edited(&self) -> bool {
        matches!(&self.state, State::Open(object) if object.changed())
    }

    /// Its JSON text, as it was when it was removed.
    fn json(&self, name: &'static str) -> Result<Cow<'_, str>, EditError> {
        match &self.state {
            State::Open(object) if object.changed() => {
                let json = serde_json::to_string(object);
                json.map(Cow::Owned).map_err(|_| EditError::Build(name))
            }
            State::Open(_) | State::Closed | State::Removed => Ok(Cow::Borrowed(&self.json)),
        }
    }
}
