//! A complex extension of which there may be but one: ours is kept in step part by part, one that
//! somebody else wrote stays as it is.

use serde_json::Value;

use super::super::edit::EditError;
use super::super::fact::Fact;
use super::super::marked::says;
use super::super::object::{Object, raw};
use super::super::row::Row;

/// An extension of ours.
pub(super) struct Complex {
    pub(super) url: &'static str,
    /// Its `id`.
    pub(super) mark: &'static str,
}

impl Complex {
    /// Brings a part in step: an extension in it, known by its own `url`. Without an extension
    /// there is a new one, unless the part is no first one.
    pub(super) fn put(
        &self,
        object: &mut Object,
        row: &Row,
        fact: &Fact,
        is_first: bool,
    ) -> Result<(), EditError> {
        let Fact::Json(json) = fact else {
            return Err(EditError::Build(row.element));
        };
        let part: Value = serde_json::from_str(json).map_err(|_| EditError::Build(row.element))?;
        let mut extensions = object.list(row.element)?;
        for (mut extension, place) in object
            .objects(row.element)?
            .into_iter()
            .zip(&mut extensions)
        {
            if extension.text("url")?.as_deref() == Some(self.url) {
                let is_ours = extension.text("id")?.as_deref() == Some(self.mark);
                if is_ours && put_part(&mut extension, &part)? {
                    *place = raw(row.element, &extension)?;
                    object.set(row.element, &extensions)?;
                }
                return Ok(());
            }
        }
        if !is_first {
            return Ok(());
        }
        let mut extension = Object::default();
        extension.set("id", self.mark)?;
        extension.set("extension", &[part])?;
        extension.set("url", self.url)?;
        object.push(row.element, &extension)
    }

    /// Takes the part of this `url` out of our extension, and the extension away with its first part
    /// or its last one.
    pub(super) fn remove(
        &self,
        object: &mut Object,
        row: &Row,
        part: &str,
        is_first: bool,
    ) -> Result<(), EditError> {
        let mut extensions = object.list(row.element)?;
        let stored = object.objects(row.element)?.into_iter();
        for (at, mut extension) in stored.enumerate() {
            if extension.text("id")?.as_deref() != Some(self.mark) {
                continue;
            }
            let mut parts: Vec<Value> = extension.decode("extension")?.unwrap_or_default();
            let before = parts.len();
            parts.retain(|stored| url(stored) != Some(part));
            if parts.len() == before {
                continue;
            }
            if is_first || parts.is_empty() {
                extensions.remove(at);
            } else if let Some(place) = extensions.get_mut(at) {
                extension.set("extension", &parts)?;
                *place = raw(row.element, &extension)?;
            }
            return object.set_list(row.element, &extensions);
        }
        Ok(())
    }

    /// Whether our extension has the part of this `url`.
    pub(super) fn has(&self, object: &Object, row: &Row, part: &str) -> Result<bool, EditError> {
        for extension in object.objects(row.element)? {
            if extension.text("id")?.as_deref() == Some(self.mark) {
                let parts: Vec<Value> = extension.decode("extension")?.unwrap_or_default();
                return Ok(parts.iter().any(|stored| url(stored) == Some(part)));
            }
        }
        Ok(false)
    }
}

/// Whether the part had to be set.
fn put_part(extension: &mut Object, part: &Value) -> Result<bool, EditError> {
    let mut parts: Vec<Value> = extension.decode("extension")?.unwrap_or_default();
    match parts.iter_mut().find(|stored| url(stored) == url(part)) {
        Some(stored) if says(stored, part) && says(part, stored) => return Ok(false),
        Some(stored) => *stored = part.clone(),
        None => parts.push(part.clone()),
    }
    extension.set("extension", &parts)?;
    Ok(true)
}

fn url(extension: &Value) -> Option<&str> {
    extension.get("url")?.as_str()
}
