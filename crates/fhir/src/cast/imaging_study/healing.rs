//! Mending what dicom-cast wrote, when it is touched.

use std::borrow::Cow;

use serde::Deserialize;

use super::super::disagreement::Statement;
use super::super::edit::EditError;
use super::super::element::system;
use super::super::fact::Fact;
use super::super::object::Object;
use super::attributes;
use super::items::Items;
use super::outline::Series;
use super::series::SeriesList;

/// The canonical form of a code system: dicom-cast wrote DICOM's as `DCM`.
pub(super) fn canonical_system(written: &str) -> &str {
    if written == LEGACY {
        system::DCM
    } else {
        written
    }
}

/// The system of DICOM's codes as dicom-cast wrote it.
const LEGACY: &str = "DCM";

/// Modalities of series with dicom-cast's system, SOP classes as bare UIDs.
pub(super) fn heal_series(list: &mut SeriesList<'_>) -> Result<(), EditError> {
    list.visit(|list, place| {
        if !list.seen_at(place).is_some_and(has_sound_modality)
            && let Some(series) = list.series_at(place)
        {
            heal_modality(series)?;
        }
        let instances = list.instances_at(place);
        instances.map_or(Ok(()), |told| heal_sop_classes(&mut told.listed))
    })
}

fn has_sound_modality(series: &Series<'_>) -> bool {
    let modality = series.modality();
    modality.is_some_and(|coding| coding.is_none_or(|it| it.system.as_deref() != Some(LEGACY)))
}

fn heal_modality(series: &mut Object) -> Result<(), EditError> {
    let Some(mut modality) = series.object("modality")? else {
        return Ok(());
    };
    if modality
        .text("system")
        .map_err(|error| error.within("modality"))?
        .as_deref()
        == Some(LEGACY)
    {
        modality.set_text("system", system::DCM)?;
        series.set("modality", &modality)?;
    }
    Ok(())
}

fn heal_sop_classes(instances: &mut Items<'_>) -> Result<(), EditError> {
    for place in instances.odd() {
        let Some(uid) = instances.closed(place).and_then(bare_sop_class) else {
            continue;
        };
        let Some(instance) = instances.open(place) else {
            continue;
        };
        if let Some(mut sop_class) = instance.object("sopClass")? {
            sop_class.set_text("system", system::URI)?;
            sop_class.set_text("code", &format!("urn:oid:{uid}"))?;
            instance.set("sopClass", &sop_class)?;
        }
    }
    Ok(())
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
    let head: SopClassHead<'_> = serde_json::from_str(instance).ok()?;
    let CodingHead { system, code } = head.sop_class?;
    let system_fits = matches!(system.as_deref(), None | Some("" | system::URI));
    let code = code.filter(|code| system_fits && radcast_dicom::is_uid(code))?;
    Some(code.into_owned())
}

/// Descriptions that dicom-cast wrote as notes: the text of one that an entry now gives, by
/// nobody and at no time.
pub(super) fn drop_description_notes(
    study: &mut Object,
    said: &[Statement<'_>],
) -> Result<(), EditError> {
    let notes = study.list("note")?;
    if notes.is_empty() {
        return Ok(());
    }
    let row = attributes::STUDY
        .iter()
        .position(|row| row.element == "description");
    let descriptions = || said.iter().filter_map(|(_, facts)| facts.get(row?));
    let ours = |note: &Object| {
        note.names().eq(["text"])
            && note.text("text").is_ok_and(|text| {
                let text = Fact::text(text.unwrap_or_default().trim());
                descriptions().any(|description| *description == text)
            })
    };
    let is_ours = |json: &str| Object::parse(json).is_some_and(|note| ours(&note));
    let kept: Vec<_> = notes.iter().filter(|note| !is_ours(note.get())).collect();
    if kept.len() < notes.len() {
        study.set_list("note", &kept)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_sop_class_is_found_however_it_is_written() {
        let ours = r#"{"uid":"1","sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2"}}"#;
        assert_eq!(bare_sop_class(ours), None);
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
