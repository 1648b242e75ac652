//! The instances of one series: those that it lists, and those that it only counts.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::edit::EditError;
use super::super::object::Object;
use super::digests::{Digests, UNLISTED, digest};
use super::items::Items;
use super::outline::Listed;

/// The instances of a series.
pub(super) struct Instances<'a> {
    pub(super) listed: Items<'a>,
    unlisted: Digests,
}

impl Default for Instances<'_> {
    fn default() -> Self {
        Self {
            listed: Items::default(),
            unlisted: Digests::none(UNLISTED),
        }
    }
}

impl<'a> Instances<'a> {
    /// The instances of a series; none when it neither lists nor counts any.
    pub(super) fn stored(listed: Listed<'a>, unlisted: Digests) -> Result<Option<Self>, EditError> {
        let listed = match listed {
            Listed::None if unlisted.len() == 0 => return Ok(None),
            Listed::None => Items::default(),
            Listed::Items(items) => Items::stored(items),
            Listed::Misshapen => return Err(EditError::shape("instance")),
        };
        Ok(Some(Self { listed, unlisted }))
    }

    /// Whether there are instances that are not listed.
    pub(super) fn are_unlisted(&self) -> bool {
        self.unlisted.len() > 0
    }

    /// Whether an instance is among those that are not listed.
    pub(super) fn is_unlisted(&self, uid: &str) -> bool {
        self.unlisted.contains(uid)
    }

    /// Whether an instance is there.
    pub(super) fn contains(&mut self, uid: &str) -> bool {
        self.listed.position(uid).is_some() || self.unlisted.contains(uid)
    }

    /// Removes an instance; answers whether there was one.
    pub(super) fn remove(&mut self, uid: &str) -> bool {
        let (listed, unlisted) = (self.listed.remove(uid), self.unlisted.remove(uid));
        listed || unlisted
    }

    /// How many instances there are.
    pub(super) fn len(&self) -> usize {
        self.listed.len() + self.unlisted.len()
    }

    /// The digest of each instance; none of one that has no `uid`.
    pub(super) fn digests(&self) -> Vec<Option<u64>> {
        let unread = self.listed.len().saturating_sub(self.listed.uids().count());
        let listed = self.listed.uids().map(|uid| Some(digest(uid)));
        let unread = std::iter::repeat_n(None, unread);
        let unlisted = self.unlisted.iter().map(Some);
        listed.chain(unread).chain(unlisted).collect()
    }

    /// Only counts what it lists, but for items that say what nobody of us wrote: those stay.
    pub(super) fn unlist(&mut self) {
        for uid in self.listed.take(uid_of_ours) {
            self.unlisted.insert(&uid);
        }
        for uid in self.listed.uids() {
            self.unlisted.remove(uid);
        }
    }

    /// Whether anything was added, removed or edited.
    pub(super) fn changed(&self) -> bool {
        self.listed.changed() || self.unlisted.changed()
    }

    /// Writes the instances back into their series, if they were changed.
    pub(super) fn write(&self, series: &mut Object) -> Result<(), EditError> {
        self.listed.write(series, "instance")?;
        self.unlisted.write(series)
    }
}

/// An item that says nothing but what radcast and dicom-cast write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OurInstance<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(rename = "sopClass")]
    _sop_class: Option<OurSopClass>,
    #[serde(rename = "number")]
    _number: Option<IgnoredAny>,
    #[serde(rename = "title")]
    _title: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OurSopClass {
    #[serde(rename = "system")]
    _system: Option<IgnoredAny>,
    #[serde(rename = "version")]
    _version: Option<IgnoredAny>,
    #[serde(rename = "code")]
    _code: Option<IgnoredAny>,
    #[serde(rename = "display")]
    _display: Option<IgnoredAny>,
}

/// The `uid` of an item that somebody else added nothing to.
fn uid_of_ours(item: &str) -> Option<String> {
    let instance: OurInstance<'_> = serde_json::from_str(item).ok()?;
    Some(instance.uid.into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::outline;
    use super::*;

    fn read(list: &str) -> Instances<'_> {
        let (series, mut outlines) = outline::series(list).unwrap();
        let object = Object::parse(Items::stored(series).closed(0).unwrap()).unwrap();
        let unlisted = Digests::read(&object, UNLISTED).unwrap();
        let listed = outlines.pop().unwrap().instances;
        Instances::stored(listed, unlisted).unwrap().unwrap()
    }

    fn unlisted(json: &str) -> (Object, usize) {
        let (mut series, list) = (Object::parse(json).unwrap(), format!("[{json}]"));
        let mut instances = read(&list);
        instances.unlist();
        instances.write(&mut series).unwrap();
        (series, instances.len())
    }

    #[test]
    fn what_others_added_to_an_instance_stays_with_it() {
        let others = r#"{"uid":"2","x":1.0},{"uid":"3","sopClass":{"code":"c","id":"i"}},{}"#;
        let ours = r#"{"uid":"1","sopClass":{"system":"s","code":"c"},"number":1,"title":"t"}"#;
        let (series, len) = unlisted(&format!(r#"{{"instance":[{ours},{others}]}}"#));
        let left = series.get("instance").unwrap().get();
        assert_eq!((left, len), (format!("[{others}]").as_str(), 4));
        let again = serde_json::to_string(&series).unwrap();
        let (same, len) = unlisted(&again);
        assert_eq!((same.changed(), len), (false, 4));
    }

    #[test]
    fn an_instance_counts_once_however_often_it_is_there() {
        let (series, len) = unlisted(r#"{"instance":[{"uid":"1"},{"uid":"1"},{"uid":"1","x":1}]}"#);
        assert_eq!(
            series.get("instance").unwrap().get(),
            r#"[{"uid":"1","x":1}]"#
        );
        assert_eq!((series.get("extension").is_none(), len), (true, 1));
    }

    #[test]
    fn listed_and_unlisted_are_one_set() {
        let (mut series, _) = unlisted(r#"{"instance":[{"uid":"1"},{"uid":"2"}]}"#);
        series
            .push("instance", &serde_json::json!({"uid": "1"}))
            .unwrap();
        let list = serde_json::to_string(&[series]).unwrap();
        let mut instances = read(&list);
        assert!(instances.listed.position("1").is_some());
        assert!(instances.listed.position("2").is_none() && instances.is_unlisted("2"));
        instances.unlist();
        assert_eq!(instances.len(), 2);
        assert!(instances.remove("1") && !instances.remove("1"));
        assert!(instances.are_unlisted() && instances.remove("2"));
        assert_eq!(instances.len(), 0);
    }
}
