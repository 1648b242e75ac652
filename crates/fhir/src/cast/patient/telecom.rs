//! `Patient.telecom`.

use dicom_core::Tag;
use fhir_model::r4b::codes::{ContactPointSystem, ContactPointUse};
use fhir_model::r4b::types::ContactPoint;

use super::super::fact::{Fact, distinct};
use super::super::reading::Reading;

/// Patient's Telephone Numbers (0010,2154): a value each.
pub(super) fn read_numbers(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let numbers = reading.dataset.texts(*tags.first()?);
    let numbers = reading.accept(numbers.map(Some))?;
    list(numbers.iter().map(|number| plain(number)))
}

/// Patient's Telecom Information (0010,2155): free text, for which PS3.3 C.2.3 recommends the XTN
/// of HL7 v2, with `~` between repetitions.
pub(super) fn read_information(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    let text = reading.dataset.text(*tags.first()?);
    let text = reading.accept(text)?;
    list(text.split(['~', '\r', '\n', '\x0C']).map(|one| {
        if one.contains('^') {
            xtn(one)
        } else {
            plain(one)
        }
    }))
}

fn list(points: impl Iterator<Item = Option<ContactPoint>>) -> Option<Fact> {
    Fact::list(&distinct(points.flatten()))
}

/// A contact point without structure: its form tells what it is.
fn plain(text: &str) -> Option<ContactPoint> {
    let (system, value) = by_form(text.trim());
    point(system, value, None)
}

fn by_form(text: &str) -> (ContactPointSystem, &str) {
    let scheme = text
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    let rest = || text.split_once(':').map_or(text, |(_, rest)| rest.trim());
    match scheme.as_deref() {
        Some("tel") => (ContactPointSystem::Phone, rest()),
        Some("fax") => (ContactPointSystem::Fax, rest()),
        Some("mailto") => (ContactPointSystem::Email, rest()),
        Some("http" | "https") => (ContactPointSystem::Url, text),
        _ if text.contains('@') => (ContactPointSystem::Email, text),
        _ if text.contains(|c: char| c.is_numeric()) => (ContactPointSystem::Phone, text),
        _ => (ContactPointSystem::Other, text),
    }
}

/// Extended Telecommunication Number (HL7 v2.9 2A.3.82): the number, what it is used for, of what
/// equipment, an email address …, and the number once more, in pieces and whole.
fn xtn(text: &str) -> Option<ContactPoint> {
    let parts: Vec<_> = text.split('^').map(str::trim).collect();
    let part = |at: usize| parts.get(at).copied().filter(|part| !part.is_empty());
    let pieces = || {
        let pieces = [part(4), part(5), part(6)];
        pieces.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let is_mail = matches!(part(2), Some("Internet" | "X.400")) || part(1) == Some("NET");
    let number = part(if is_mail { 3 } else { 0 }).or_else(|| part(0));
    let value = number.or_else(|| part(3)).or_else(|| part(11));
    let value = value.map_or_else(pieces, str::to_owned);
    let system = match part(2) {
        Some("PH" | "CP") => ContactPointSystem::Phone,
        Some("FX") => ContactPointSystem::Fax,
        Some("BP") => ContactPointSystem::Pager,
        _ => by_form(&value).0,
    };
    let purpose = match (part(1), part(2)) {
        (_, Some("CP")) | (Some("PRS"), _) => Some(ContactPointUse::Mobile),
        (Some("PRN" | "ORN" | "VHN"), _) => Some(ContactPointUse::Home),
        (Some("WPN"), _) => Some(ContactPointUse::Work),
        _ => None,
    };
    point(system, &value, purpose)
}

fn point(
    system: ContactPointSystem,
    value: &str,
    purpose: Option<ContactPointUse>,
) -> Option<ContactPoint> {
    if value.is_empty() {
        return None;
    }
    let mut point = ContactPoint::builder()
        .system(system)
        .value(value.to_owned())
        .build()
        .ok()?;
    point.r#use = purpose;
    Some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(point: Option<ContactPoint>) -> String {
        serde_json::to_string(&point.unwrap()).unwrap()
    }

    #[test]
    fn the_form_tells_what_it_is() {
        for (text, system, value) in [
            ("+41 44 1", "phone", "+41 44 1"),
            ("tel:+1-2", "phone", "+1-2"),
            ("a@b.ch", "email", "a@b.ch"),
            ("mailto:a@b.ch", "email", "a@b.ch"),
            ("https://a.b", "url", "https://a.b"),
            ("none", "other", "none"),
        ] {
            let expected = format!(r#"{{"system":"{system}","value":"{value}"}}"#);
            assert_eq!(told(plain(text)), expected);
        }
        assert!(plain(" ").is_none());
    }

    #[test]
    fn an_xtn_tells_use_and_equipment() {
        for (text, expected) in [
            (
                "(1)2^PRN^PH",
                r#"{"system":"phone","value":"(1)2","use":"home"}"#,
            ),
            (
                "3^ORN^CP",
                r#"{"system":"phone","value":"3","use":"mobile"}"#,
            ),
            (
                "^NET^Internet^a@b.ch",
                r#"{"system":"email","value":"a@b.ch"}"#,
            ),
            ("4^WPN^FX", r#"{"system":"fax","value":"4","use":"work"}"#),
            (
                "^PRN^PH^^41^44^123",
                r#"{"system":"phone","value":"41 44 123","use":"home"}"#,
            ),
            (
                "^PRN^PH^^^^^^^^^0441",
                r#"{"system":"phone","value":"0441","use":"home"}"#,
            ),
        ] {
            assert_eq!(told(xtn(text)), expected, "{text}");
        }
        assert!(xtn("^^^^").is_none());
    }
}
