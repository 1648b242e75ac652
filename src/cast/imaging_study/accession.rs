//! The accession number among `ImagingStudy.identifier`.

use super::super::edit::EditError;
use super::super::element::{self, system};
use super::super::fact::Fact;
use super::super::object::{Object, raw};
use super::super::row::Row;

/// One identifier of type `ACSN` and of the form that dicom-cast and radcast write, with this
/// value. dicom-cast heaped up one for each value that it met; those go. Accession numbers in any
/// other form, with a system or an assigner, are somebody else's and stay.
pub(super) fn put(study: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let name = row.element;
    let Fact::Text(value) = fact else {
        return Err(EditError::Build(name));
    };
    let identifiers = study.objects(name)?;
    let mut ours = Vec::with_capacity(identifiers.len());
    for identifier in &identifiers {
        ours.push(is_ours(identifier).map_err(|error| error.within(name))?);
    }
    let says_so = |at: &usize| {
        let stored = identifiers
            .get(*at)
            .map(|identifier| identifier.text("value"));
        stored.is_some_and(|text| text.is_ok_and(|text| text.as_deref() == Some(value)))
    };
    let places: Vec<usize> = (0..ours.len())
        .filter(|at| ours.get(*at) == Some(&true))
        .collect();
    let same = places.iter().copied().find(says_so);
    if same.is_some() && places.len() == 1 {
        return Ok(());
    }
    let mut items = study.list(name)?;
    let kept = same.or(places.first().copied()).unwrap_or(items.len());
    if same.is_none() {
        let identifier = raw(name, &element::identifier(Some("ACSN"), None, value)?)?;
        items.splice(kept..(kept + 1).min(items.len()), [identifier]);
    }
    let mut at = 0..items.len();
    items.retain(|_| {
        at.next()
            .is_none_or(|at| at == kept || !places.contains(&at))
    });
    study.set(name, &items)
}

/// Whether there is one of ours.
pub(super) fn is_present(study: &Object, row: &Row) -> Result<bool, EditError> {
    let name = row.element;
    for identifier in study.objects(name)? {
        if is_ours(&identifier).map_err(|error| error.within(name))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether it is `{type: {coding: [ACSN]}, value}` and nothing else.
fn is_ours(identifier: &Object) -> Result<bool, EditError> {
    if !identifier
        .names()
        .all(|name| matches!(name, "type" | "value"))
    {
        return Ok(false);
    }
    let Some(kind) = identifier.object("type")? else {
        return Ok(false);
    };
    let codings = kind
        .objects("coding")
        .map_err(|error| error.within("type"))?;
    let [coding] = codings.as_slice() else {
        return Ok(false);
    };
    let plain =
        kind.names().eq(["coding"]) && coding.names().all(|n| matches!(n, "system" | "code"));
    let is = |name, text: &str| Ok::<_, EditError>(coding.text(name)?.as_deref() == Some(text));
    Ok(plain && is("system", system::IDENTIFIER_TYPE)? && is("code", "ACSN")?)
}
