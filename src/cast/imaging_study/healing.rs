//! Mending what dicom-cast wrote, when it is touched.

use super::super::disagreement::Statement;
use super::super::edit::EditError;
use super::super::element::system;
use super::super::fact::Fact;
use super::super::object::Object;
use super::attributes;
use super::head::bare_sop_class;
use super::items::Items;
use super::series::SeriesList;

/// The canonical form of a code system: dicom-cast wrote DICOM's as `DCM`.
pub(super) fn canonical_system(written: &str) -> &str {
    if written == "DCM" {
        system::DCM
    } else {
        written
    }
}

/// Modalities of series with dicom-cast's system, SOP classes as bare UIDs.
pub(super) fn heal_series(list: &mut SeriesList) -> Result<(), EditError> {
    list.visit(|series, instances| {
        heal_modality(series)?;
        instances.map_or(Ok(()), |instances| heal_sop_classes(&mut instances.listed))
    })
}

fn heal_modality(series: &mut Object) -> Result<(), EditError> {
    let Some(mut modality) = series.object("modality")? else {
        return Ok(());
    };
    if modality
        .text("system")
        .map_err(|error| error.within("modality"))?
        .as_deref()
        == Some("DCM")
    {
        modality.set_text("system", system::DCM)?;
        series.set("modality", &modality)?;
    }
    Ok(())
}

fn heal_sop_classes(instances: &mut Items) -> Result<(), EditError> {
    for place in 0..instances.places() {
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
