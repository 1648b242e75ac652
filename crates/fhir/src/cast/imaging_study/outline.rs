//! The stored list of series, seen in one pass. A study may have thousands of instances, and each
//! is looked at whenever one is added.
//!
//! The text is JSON for sure, so that to see its structure is enough.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;

use radcast_dicom::Cursor;

use super::items::Item;

/// How the SOP class of an instance begins that we wrote.
const SOP_CLASS: &str = r#"{"system":"urn:ietf:rfc:3986","code":"urn:oid:"#;

/// A series as it is stored.
#[derive(Default)]
pub(super) struct Series<'a> {
    pub(super) instances: Listed<'a>,
    /// The text of the list of instances, and its place in that of the series.
    pub(super) list: Option<(usize, &'a str)>,
    pub(super) has_extensions: bool,
    modality: Option<&'a str>,
    number_of_instances: Option<&'a str>,
}

/// A coding by what it means.
#[derive(Deserialize)]
pub(super) struct Coding<'a> {
    #[serde(borrow)]
    pub(super) system: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) code: Option<Cow<'a, str>>,
}

impl<'a> Series<'a> {
    /// Where the list of instances stands in the text of the series.
    pub(super) fn list_range(&self) -> Range<usize> {
        self.list.map_or(0..0, |(at, list)| at..at + list.len())
    }

    /// The modality, if there is one; `None` when it is not as it should be.
    pub(super) fn modality(&self) -> Option<Option<Coding<'a>>> {
        let Some(json) = self.modality else {
            return Some(None);
        };
        let coding = json.starts_with('{').then(|| serde_json::from_str(json));
        coding?.ok().map(Some)
    }

    /// How many instances it says that it has, if it does; `None` when that is no number.
    pub(super) fn number_of_instances(&self) -> Option<Option<f64>> {
        let json = self.number_of_instances.unwrap_or("null");
        serde_json::from_str(json).ok()
    }
}

/// The instances of a series, as far as it lists any.
#[derive(Default)]
pub(super) enum Listed<'a> {
    #[default]
    None,
    Items(Vec<Item<'a>>),
    /// They are no list, or not all of them are objects that have a text as `uid`, if any.
    Misshapen,
}

/// The items of a list of series, which is JSON, and what else is seen of them; `None` when it is
/// no list, or not all of them are objects that have a text as `uid`, if any.
pub(super) fn series(json: &str) -> Option<(Vec<Item<'_>>, Vec<Series<'_>>)> {
    let mut outlines = Vec::new();
    let items = Walk::new(json).items(|walk| {
        let (item, outline) = walk.series()?;
        outlines.push(outline);
        Some(item)
    });
    items.map(|items| (items, outlines))
}

/// A way through JSON text, object by object.
struct Walk<'a> {
    json: &'a str,
    cursor: Cursor<'a>,
}

impl<'a> Walk<'a> {
    const fn new(json: &'a str) -> Self {
        Self {
            json,
            cursor: Cursor::new(json.as_bytes()),
        }
    }

    fn items(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Option<Item<'a>>,
    ) -> Option<Vec<Item<'a>>> {
        let mut items = Vec::new();
        let mut more = self.cursor.enter(b'[')?;
        while more {
            items.push(item(self)?);
            more = self.cursor.proceed(b'[')?;
        }
        Some(items)
    }

    fn series(&mut self) -> Option<(Item<'a>, Series<'a>)> {
        let mut series = Series::default();
        self.cursor.peek()?;
        let start = self.cursor.place();
        let item = self.object(|walk, name| {
            match name {
                b"instance" => {
                    walk.cursor.peek()?;
                    let list = walk.cursor.place();
                    series.instances = walk.instances()?;
                    let text = walk.json.get(list..walk.cursor.place())?;
                    let is_list = matches!(series.instances, Listed::Items(_));
                    series.list = is_list.then_some((list - start, text));
                }
                b"extension" => series.has_extensions |= walk.value()?.is_some(),
                b"modality" => series.modality = walk.value()?,
                b"numberOfInstances" => series.number_of_instances = walk.value()?,
                _ => _ = walk.value()?,
            }
            Some(false)
        });
        Some((item?, series))
    }

    /// The instances of a series; goes behind them whatever they are.
    fn instances(&mut self) -> Option<Listed<'a>> {
        let list = self.cursor.clone();
        if let Some(items) = self.items(Self::instance) {
            return Some(Listed::Items(items));
        }
        self.cursor = list;
        let value = self.value()?;
        Some(value.map_or(Listed::None, |_| Listed::Misshapen))
    }

    fn instance(&mut self) -> Option<Item<'a>> {
        self.object(|walk, name| {
            let value = walk.value()?;
            Some(name == b"sopClass" && !value.is_some_and(|class| class.starts_with(SOP_CLASS)))
        })
    }

    /// An object by its `uid`. `member` passes the value of each other member, and answers whether
    /// it may have to be mended.
    fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &[u8]) -> Option<bool>,
    ) -> Option<Item<'a>> {
        let (mut uid, mut is_odd) = (None, false);
        self.cursor.peek()?;
        let start = self.cursor.place();
        let mut more = self.cursor.enter(b'{')?;
        while more {
            let name = name(self.cursor.written_key()?)?;
            if *name != *b"uid" {
                is_odd |= member(self, &name)?;
            } else if uid.is_none() {
                uid = Some(self.uid()?);
            } else {
                return None;
            }
            more = self.cursor.proceed(b'{')?;
        }
        let json = self.json.get(start..self.cursor.place())?;
        Some(Item::stored(json, uid.flatten(), is_odd))
    }

    fn uid(&mut self) -> Option<Option<Cow<'a, str>>> {
        let Some(value) = self.value()? else {
            return Some(None);
        };
        let uid = value.strip_prefix('"')?.strip_suffix('"')?;
        if uid.as_bytes().contains(&b'\\') {
            return serde_json::from_str(value).ok().map(Cow::Owned).map(Some);
        }
        Some(Some(Cow::Borrowed(uid)))
    }

    /// Passes a value; `null` is none.
    fn value(&mut self) -> Option<Option<&'a str>> {
        let value = self.json.get(self.cursor.value()?)?;
        Some((value != "null").then_some(value))
    }
}

/// The name of a member, from what stands between its quotes.
fn name(written: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !written.contains(&b'\\') {
        return Some(Cow::Borrowed(written));
    }
    let quoted = [b"\"", written, b"\""].concat();
    let name: String = serde_json::from_slice(&quoted).ok()?;
    Some(Cow::Owned(name.into_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::value::RawValue;

    use super::super::healing::bare_sop_class;
    use super::super::items::Items;
    use super::*;

    /// An item by its text and its `uid`.
    type Plain = (String, Option<String>);

    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        uid: Option<Cow<'a, str>>,
    }

    /// The items of a list, by a parser that sees everything.
    fn plain(json: &str) -> Option<Vec<Plain>> {
        let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let heads = items.iter().map(|item| {
            let head = item
                .get()
                .starts_with('{')
                .then(|| serde_json::from_str(item.get()));
            let head: Head<'_> = head?.ok()?;
            Some((item.get().to_owned(), head.uid.map(Cow::into_owned)))
        });
        heads.collect()
    }

    fn seen(items: Vec<Item<'_>>) -> Vec<Plain> {
        items.into_iter().map(Item::into_plain).collect()
    }

    /// A list member of an item; `None` when there is none.
    fn list<'a>(item: &'a str, name: &str) -> Option<&'a RawValue> {
        let members: indexmap::IndexMap<String, &RawValue> = serde_json::from_str(item).unwrap();
        let list = members.get(name).copied();
        list.filter(|list| list.get() != "null")
    }

    const MEMBERS: &[&str] = &[
        r#""uid":"1.2""#,
        r#""uid" : "1.3""#,
        r#""u\u0069d":"1.\u0034""#,
        r#""uid":null"#,
        r#""uid":5"#,
        r#""uid":"\ud800""#,
        r#""\ud800":1"#,
        r#""number":-1.5e3"#,
        r#""title":"a\\b\"}],{\"uid\":""#,
        r#""x":{"uid":"3","sopClass":1}"#,
        r#""instance": null"#,
        r#""numberOfInstances":2.0"#,
        r#""modality":{"system":"DCM", "code":"CT"}"#,
        r#""extension":[{"url":"x"}]"#,
        r#""sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2"}"#,
        r#""sop\u0043lass":{"code":"1.2"}"#,
        r#""sopClass":{"system":"urn:ietf:rfc:3986","code":"1.2"}"#,
    ];

    fn object(member: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let members = prop::collection::vec(member, 0..4);
        members.prop_map(|members| format!("{{ {} }}", members.join(" ,")))
    }

    fn array(item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let other = select(&["5", "null", "[]", r#""{""#][..]).prop_map(str::to_owned);
        let items = prop::collection::vec(prop_oneof![12 => item, 1 => other], 0..4);
        items.prop_map(|items| format!("[{}]", items.join(" , ")))
    }

    fn member() -> impl Strategy<Value = String> {
        select(MEMBERS).prop_map(str::to_owned)
    }

    fn series_list() -> impl Strategy<Value = String> {
        let instances = array(object(member())).prop_map(|list| format!(r#""instance":{list}"#));
        array(object(prop_oneof![1 => member(), 1 => instances]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_outline_tells_what_a_parser_does(json in series_list()) {
            let outline = series(&json);
            prop_assert_eq!(outline.is_some(), plain(&json).is_some());
            let Some((items, outlines)) = outline else { return Ok(()) };
            let items = seen(items);
            prop_assert_eq!(&items, &plain(&json).unwrap());
            for ((text, _), outline) in items.iter().zip(outlines) {
                let list = list(text, "instance").map(RawValue::get);
                let range = outline.list_range();
                match outline.instances {
                    Listed::None => prop_assert_eq!(list, None),
                    Listed::Misshapen => prop_assert!(list.is_some_and(|list| plain(list).is_none())),
                    Listed::Items(items) => {
                        prop_assert_eq!(text.get(range), list);
                        prop_assert_eq!(Some(seen(items)), plain(list.unwrap()));
                    }
                }
            }
        }

        #[test]
        fn what_may_be_mended_is_odd(json in array(object(member()))) {
            let Some(items) = Walk::new(&json).items(Walk::instance) else { return Ok(()) };
            let items = Items::stored(items);
            for at in 0..items.places() {
                let class = items.closed(at).and_then(bare_sop_class);
                prop_assert!(class.is_none() || items.odd().contains(&at), "{}", json);
            }
        }
    }

    #[test]
    fn modality_and_number_are_read_where_they_are_as_they_should_be() {
        let read = |member: &str| {
            let json = format!(r#"[{{{member}}}]"#);
            let outline = series(&json)?.1.pop()?;
            let modality = outline.modality().map(|it| it.map(|it| it.code.is_some()));
            Some((modality, outline.number_of_instances()))
        };
        let none = (Some(None), Some(None));
        assert_eq!(read(r#""uid":"1","modality":null"#), Some(none));
        let both = r#""numberOfInstances":7.0,"modality":{"code":"CT"}"#;
        assert_eq!(read(both), Some((Some(Some(true)), Some(Some(7.0)))));
        let neither = r#""numberOfInstances":"7","modality":["DCM","CT"]"#;
        assert_eq!(read(neither), Some((None, None)));
    }
}
