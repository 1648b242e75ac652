//! One item of ours in a list that others write too, each of its members from an attribute of its
//! own: none of them erases what another gave.

use serde_json::Value;

use super::super::edit::EditError;
use super::super::marked::says;
use super::super::object::{Object, raw};

/// Our item of a list, and what it says besides what attributes do.
pub(super) struct Item {
    pub(super) list: &'static str,
    /// Its `id`.
    pub(super) mark: &'static str,
    /// A member that it always has, and its value.
    pub(super) fixed: Option<(&'static str, &'static str)>,
}

impl Item {
    /// Brings a member of our item in step; what somebody else says already in an item of his is
    /// not said again.
    pub(super) fn put(
        &self,
        object: &mut Object,
        member: &'static str,
        value: &Value,
    ) -> Result<(), EditError> {
        let mut items = object.list(self.list)?;
        let mut said = false;
        for place in &mut items {
            let mut item = self.parse(place.get())?;
            let stored: Option<Value> = item.decode(member)?;
            if self.is_ours(&item) {
                if stored.is_some_and(|stored| says(&stored, value) && says(value, &stored)) {
                    return Ok(());
                }
                item.set(member, value)?;
                *place = raw(self.list, &item)?;
                return object.set(self.list, &items);
            }
            said |= stored.is_some_and(|stored| says(&stored, value));
        }
        if said {
            return Ok(());
        }
        object.push(self.list, &self.create(member, value)?)
    }

    /// Takes a member out of our item, and the item away when nothing is left of which it `needs`
    /// one.
    pub(super) fn remove(
        &self,
        object: &mut Object,
        member: &str,
        needs: impl Fn(&str) -> bool,
    ) -> Result<(), EditError> {
        let mut items = object.list(self.list)?;
        for (at, place) in items.iter_mut().enumerate() {
            let mut item = self.parse(place.get())?;
            if !self.is_ours(&item) || item.get(member).is_none() {
                continue;
            }
            item.remove(member);
            if item.names().any(needs) {
                *place = raw(self.list, &item)?;
            } else {
                items.remove(at);
            }
            return object.set_list(self.list, &items);
        }
        Ok(())
    }

    /// Whether our item has a member.
    pub(super) fn has(&self, object: &Object, member: &str) -> Result<bool, EditError> {
        let items = object.objects(self.list)?;
        let ours = items.iter().find(|item| self.is_ours(item));
        Ok(ours.is_some_and(|item| item.get(member).is_some()))
    }

    fn create(&self, member: &'static str, value: &Value) -> Result<Object, EditError> {
        let mut item = Object::default();
        item.set("id", self.mark)?;
        if let Some((name, value)) = self.fixed {
            item.set(name, value)?;
        }
        item.set(member, value)?;
        Ok(item)
    }

    fn is_ours(&self, item: &Object) -> bool {
        item.text("id")
            .is_ok_and(|id| id.as_deref() == Some(self.mark))
    }

    fn parse(&self, json: &str) -> Result<Object, EditError> {
        Object::parse(json).ok_or_else(|| EditError::shape(self.list))
    }
}
