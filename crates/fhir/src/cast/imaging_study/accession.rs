//! The accession number among `ImagingStudy.identifier`.

use serde_json::Value;
use serde_json::value::RawValue;

use super::super::edit::EditError;
use super::super::element::system;
use super::super::fact::Fact;
use super::super::marked;
use super::super::object::{Object, raw};
use super::super::row::Row;

/// Its `id`. The keyword alone is that of the reference in `basedOn`.
const MARK: &str = "AccessionNumber-identifier";

/// One identifier of ours, with this value. dicom-cast heaped up one for each value that it met;
/// those go. Accession numbers of others stay, and one that says the same already says it for us.
///
/// With a system it carries our mark. Without one it has dicom-cast's form, by which dicom-cast
/// would recognise it too.
pub(super) fn put(study: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let name = row.element;
    let Fact::Json(wanted) = fact else {
        return Err(EditError::Build(name));
    };
    let wanted = marked::parse(row, wanted)?;
    let mut items = study.list(name)?;
    let parsed = items.iter().map(|item| marked::parse(row, item.get()));
    let stored: Vec<Value> = parsed.collect::<Result<_, _>>()?;
    let ours: Vec<bool> = stored.iter().map(is_ours).collect();
    let says = |at: &usize, own: bool| {
        let (item, is_own) = (stored.get(*at), ours.get(*at) == Some(&true));
        is_own == own && item.is_some_and(|item| marked::says(item, &wanted))
    };
    let places = || 0..stored.len();
    let same = places().find(|at| says(at, true));
    let same = same.or_else(|| places().find(|at| says(at, false)));
    let surplus = |at: usize| ours.get(at) == Some(&true) && same != Some(at);
    let place = places().find(|at| surplus(*at));
    if same.is_some() && place.is_none() {
        return Ok(());
    }
    let mut at = 0..items.len();
    items.retain(|_| at.next().is_none_or(|at| !surplus(at)));
    if same.is_none() {
        let place = place.unwrap_or(items.len()).min(items.len());
        items.insert(place, new(row, wanted)?);
    }
    study.set(name, &items)
}

/// Takes ours away, those of dicom-cast's form included.
pub(super) fn remove(study: &mut Object, row: &Row) -> Result<(), EditError> {
    let items = study.list(row.element)?;
    #[expect(clippy::borrowed_box, reason = "the list hands out its items so")]
    let is_ours = |item: &Box<RawValue>| Ok(is_ours(&marked::parse(row, item.get())?));
    let ours: Vec<bool> = items
        .iter()
        .map(is_ours)
        .collect::<Result<_, EditError>>()?;
    if !ours.contains(&true) {
        return Ok(());
    }
    let all = items.into_iter().zip(ours);
    let kept: Vec<_> = all
        .filter(|(_, ours)| !ours)
        .map(|(item, _)| item)
        .collect();
    study.set_list(row.element, &kept)
}

fn new(row: &Row, wanted: Value) -> Result<Box<RawValue>, EditError> {
    if wanted.get("system").is_none() {
        return raw(row.element, &wanted);
    }
    marked::marked(row, MARK, &wanted.to_string())
}

/// Whether there is one of ours.
pub(super) fn is_present(study: &Object, row: &Row) -> Result<bool, EditError> {
    for item in study.list(row.element)? {
        if is_ours(&marked::parse(row, item.get())?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether it has our mark, or is `{type: {coding: [ACSN]}, value}` and nothing else.
fn is_ours(identifier: &Value) -> bool {
    let has_only = |value: &Value, names: &[&str]| {
        let members = value.as_object();
        members.is_some_and(|members| members.keys().all(|name| names.contains(&&**name)))
    };
    if marked::is_marked(identifier, MARK) {
        return true;
    }
    let Some(kind) = identifier.get("type") else {
        return false;
    };
    let codings = kind.get("coding").and_then(Value::as_array);
    let Some([coding]) = codings.map(Vec::as_slice) else {
        return false;
    };
    has_only(identifier, &["type", "value"])
        && has_only(kind, &["coding"])
        && has_only(coding, &["system", "code"])
        && coding.get("system").and_then(Value::as_str) == Some(system::IDENTIFIER_TYPE)
        && coding.get("code").and_then(Value::as_str) == Some("ACSN")
}
