//! What an item of a long list is known by, without reading all of it. A study may have thousands
//! of instances, and each is looked at whenever one is added.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;

use super::super::element::system;

/// How an item begins that we wrote.
const UID: &[u8] = br#"{"uid":""#;

/// How its SOP class goes on.
const SOP_CLASS: &[u8] = br#":{"system":"urn:ietf:rfc:3986","code":"urn:oid:"#;

#[derive(Deserialize)]
struct UidHead<'a> {
    #[serde(borrow)]
    uid: Option<Cow<'a, str>>,
}

/// The `uid` of an item, which is JSON; `None` when it is no object, or has no text there.
pub(super) fn uid(json: &str) -> Option<Option<Cow<'_, str>>> {
    if let Some(uid) = usual_uid(json) {
        return Some(Some(Cow::Borrowed(uid)));
    }
    let is_object = json.starts_with('{');
    let head: Option<UidHead<'_>> = serde_json::from_str(json).ok();
    head.filter(|_| is_object).map(|head| head.uid)
}

/// The `uid` of an item as we wrote it. The name is nowhere else in it, and nothing is escaped, so
/// that it cannot be there in another writing.
fn usual_uid(json: &str) -> Option<&str> {
    let rest = json.as_bytes().strip_prefix(UID)?;
    let plain = memchr::memchr(b'\\', rest).is_none() && memmem::find(rest, br#""uid""#).is_none();
    let end = memchr::memchr(b'"', rest).filter(|_| plain)?;
    json.get(UID.len()..UID.len() + end)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SopClassHead<'a> {
    #[serde(borrow)]
    sop_class: Option<CodingHead<'a>>,
}

#[derive(Deserialize)]
struct CodingHead<'a> {
    #[serde(borrow)]
    system: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

/// The SOP class of an instance, if it is a bare UID without system, or with the one for URIs.
pub(super) fn bare_sop_class(instance: &str) -> Option<String> {
    if has_usual_sop_class(instance) {
        return None;
    }
    let head: SopClassHead<'_> = serde_json::from_str(instance).ok()?;
    let CodingHead { system, code } = head.sop_class?;
    let system_fits = matches!(system.as_deref(), None | Some("" | system::URI));
    let code = code.filter(|code| system_fits && crate::dicom::is_uid(code))?;
    Some(code.into_owned())
}

/// Whether the only SOP class that there can be is one as we write it.
fn has_usual_sop_class(instance: &str) -> bool {
    const NAME: &[u8] = br#""sopClass""#;
    let text = instance.as_bytes();
    let behind = memmem::find(text, NAME).and_then(|at| text.get(at + NAME.len()..));
    behind.is_some_and(|behind| {
        behind.starts_with(SOP_CLASS)
            && memmem::find(behind, NAME).is_none()
            && memchr::memchr(b'\\', text).is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_found_however_it_is_written() {
        let plain = |json| uid(json).map(|uid| uid.map(Cow::into_owned));
        let one = Some(Some("1.2".to_owned()));
        for json in [
            r#"{"uid":"1.2"}"#,
            r#"{"uid":"1.2","title":"uid"}"#,
            r#"{"uid":"1.2","x":{"uid":"3"}}"#,
            r#"{ "number":1, "u\u0069d":"1.2"}"#,
        ] {
            assert_eq!(plain(json), one, "{json}");
        }
        assert_eq!(plain(r#"{"uid":"\u0031"}"#), Some(Some("1".to_owned())));
        assert_eq!(plain("{}"), Some(None));
        for json in [
            r#"{"uid":"1","uid":"2"}"#,
            r#"{"uid":"1","u\u0069d":"2"}"#,
            r#"{"uid":1}"#,
            "[\"1\"]",
        ] {
            assert_eq!(plain(json), None, "{json}");
        }
    }

    #[test]
    fn a_bare_sop_class_is_found_however_it_is_written() {
        let ours = r#"{"uid":"1","sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2"}}"#;
        assert_eq!(bare_sop_class(ours), None);
        let with = |member: &str| ours.replacen("{", &format!("{{{member},"), 1);
        assert!(!has_usual_sop_class(&with(
            r#""sop\u0043lass":{"code":"1.2"}"#
        )));
        assert_eq!(bare_sop_class(&with(r#""x":{"sopClass":1}"#)), None);
        for bare in [
            r#"{"sopClass":{"code":"1.2"}}"#,
            r#"{"sop\u0043lass":{"code":"1.2"}}"#,
            r#"{"x":{"sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2"}},"sopClass":{"system":"","code":"1.2"}}"#,
            r#"{"sopClass":{"system":"urn:ietf:rfc:3986","code":"1.2"}}"#,
        ] {
            assert_eq!(bare_sop_class(bare).as_deref(), Some("1.2"), "{bare}");
        }
    }
}
