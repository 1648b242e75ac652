//! Elements that several systems may write: ours are told from others' by their `id`, the keyword
//! of the attribute that they come from (`R4 Element.id`).

use std::collections::HashSet;

use dicom_core::Tag;
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

use super::edit::EditError;
use super::fact::Fact;
use super::object::{Object, raw};
use super::row::Row;
use radcast_dicom::keyword;

/// The row's items of a list. One that says the same already keeps its bytes, whoever wrote it;
/// ours that no longer hold go; others' stay.
pub(super) fn put_list(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let mark = mark(object, row)?;
    put_marked(object, row, fact, &mark, |_, _| true)
}

/// As [`put_list`], for one of several rows that share an attribute: `part` tells their items
/// apart. An item of ours that says more than the attribute does no longer holds.
pub(super) fn put_part(
    object: &mut Object,
    row: &Row,
    fact: &Fact,
    part: &str,
) -> Result<(), EditError> {
    let mark = format!("{}{part}", mark(object, row)?);
    put_marked(object, row, fact, &mark, |stored, wanted| {
        let mut bare = stored.clone();
        if let Some(members) = bare.as_object_mut() {
            members.remove("id");
        }
        says(wanted, &bare)
    })
}

/// Takes away the items of one of several rows that share an attribute, see [`put_part`].
pub(super) fn remove_part(object: &mut Object, row: &Row, part: &str) -> Result<(), EditError> {
    if object.get(row.element).is_none() {
        return Ok(());
    }
    put_part(object, row, &Fact::List(Box::default()), part)
}

fn put_marked(
    object: &mut Object,
    row: &Row,
    fact: &Fact,
    mark: &str,
    holds: fn(&Value, &Value) -> bool,
) -> Result<(), EditError> {
    let Fact::List(wanted) = fact else {
        return Err(EditError::Build(row.element));
    };
    if stand_alone(object, row, mark, wanted)? {
        return Ok(());
    }
    let missing = wanted.iter().map(|json| Ok((parse(row, json)?, json)));
    let mut missing: Vec<(Value, &Box<str>)> = missing.collect::<Result<_, EditError>>()?;
    let stored = object.list(row.element)?;
    let (mut kept, mut ids) = (Vec::with_capacity(stored.len()), HashSet::new());
    let mut place = None;
    for item in &stored {
        let value = parse(row, item.get())?;
        let ours = is_marked(&value, mark);
        let said = missing
            .iter()
            .position(|(wanted, _)| says(&value, wanted) && (!ours || holds(&value, wanted)));
        if said.is_none() && ours {
            place.get_or_insert(kept.len());
            continue;
        }
        said.map(|at| missing.remove(at));
        ids.extend(id(&value).map(str::to_owned));
        kept.push(item.clone());
    }
    if kept.len() == stored.len() && missing.is_empty() {
        return Ok(());
    }
    let place = place.unwrap_or(kept.len());
    let mut free = (1..)
        .map(|number| numbered(mark, number))
        .filter(|id| !ids.contains(id));
    let new = missing.into_iter().map(|(_, item)| {
        let id = free.next().unwrap_or_else(|| mark.to_owned());
        marked(row, &id, item)
    });
    let new = new.collect::<Result<Vec<_>, _>>()?;
    kept.splice(place..place, new);
    object.set_list(row.element, &kept)
}

/// Whether the list is of the row's items and no others, each as it is made here; it is made now
/// where there is none. It is so for nearly every study, and takes no reading of what is stored.
fn stand_alone(
    object: &mut Object,
    row: &Row,
    mark: &str,
    wanted: &[Box<str>],
) -> Result<bool, EditError> {
    if wanted.is_empty() {
        return Ok(false);
    }
    let items = (1..).zip(wanted);
    let items = items.map(|(number, item)| marked(row, &numbered(mark, number), item));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let Some(stored) = object.get(row.element) else {
        object.set(row.element, &items)?;
        return Ok(true);
    };
    let alone = raw(row.element, &items)?;
    Ok(stored.get() == alone.get())
}

/// As [`put_list`], for a row that comes before another one of its element: an item of that row
/// makes way for one that says the same, and what changes in one row leaves the other's alone.
pub(super) fn put_before(
    object: &mut Object,
    row: &Row,
    fact: &Fact,
    other: Tag,
) -> Result<(), EditError> {
    let Fact::List(wanted) = fact else {
        return Err(EditError::Build(row.element));
    };
    if stand_alone(object, row, &mark(object, row)?, wanted)? {
        return Ok(());
    }
    let wanted = wanted.iter().map(|json| parse(row, json));
    let wanted: Vec<Value> = wanted.collect::<Result<_, _>>()?;
    let mut items = object.list(row.element)?;
    let before = items.len();
    // What is no object is left to `put_list`.
    items.retain(|item| {
        let item = parse(row, item.get()).unwrap_or_default();
        !is_marked(&item, keyword(other)) || !wanted.iter().any(|wanted| says(&item, wanted))
    });
    if items.len() < before {
        object.set_list(row.element, &items)?;
    }
    put_list(object, row, fact)
}

/// The row's element where there is but one: ours is set, and a reference to a resource that
/// somebody else put there stays.
pub(super) fn put_one(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Json(json) = fact else {
        return Err(EditError::Build(row.element));
    };
    let mark = mark(object, row)?;
    let mut item = marked(row, &mark, json)?;
    if let Some(stored) = object.get(row.element) {
        if stored.get() == item.get() {
            return Ok(());
        }
        let wanted = parse(row, json)?;
        let value = parse(row, stored.get())?;
        let of_others = value.get("reference").is_some() && !is_marked(&value, &mark);
        if of_others || says(&value, &wanted) {
            return Ok(());
        }
        item = beside(row, stored, &item)?;
    }
    object.set(row.element, &item)
}

/// The item, with what a stored one says beside what it stands for.
fn beside(row: &Row, stored: &RawValue, item: &RawValue) -> Result<Box<RawValue>, EditError> {
    /// What tells which resource, or which concept.
    const STALE: [&str; 12] = [
        "id",
        "reference",
        "_reference",
        "type",
        "_type",
        "identifier",
        "display",
        "_display",
        "coding",
        "text",
        "_text",
        "_id",
    ];
    type Members = IndexMap<String, Box<RawValue>>;
    let members = |json: &RawValue| serde_json::from_str::<Members>(json.get());
    let mut all = members(item).map_err(|_| EditError::Build(row.element))?;
    let mut others = members(stored).map_err(|_| EditError::shape(row.element))?;
    others.retain(|name, _| !STALE.contains(&name.as_str()));
    all.extend(others);
    raw(row.element, &all)
}

/// Removes the row's items, of a list or of an element where there is but one, which others have
/// not written.
pub(super) fn remove(object: &mut Object, row: &Row) -> Result<(), EditError> {
    let Some(stored) = object.get(row.element) else {
        return Ok(());
    };
    let stored = parse(row, stored.get())?;
    if stored.is_array() {
        return put_list(object, row, &Fact::List(Box::default()));
    }
    if is_marked(&stored, &mark(object, row)?) {
        object.remove(row.element);
    }
    Ok(())
}

/// Whether a list has items of the row.
pub(super) fn has_items(object: &Object, row: &Row) -> Result<bool, EditError> {
    has_part(object, row, "")
}

/// Whether a list has items of one of several rows that share an attribute.
pub(super) fn has_part(object: &Object, row: &Row, part: &str) -> Result<bool, EditError> {
    let mark = format!("{}{part}", mark(object, row)?);
    for item in object.list(row.element)? {
        if is_marked(&parse(row, item.get())?, &mark) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Edits the row's items; others' stay.
pub(super) fn edit_items(
    object: &mut Object,
    row: &Row,
    mut edit: impl FnMut(&mut Object) -> Result<(), EditError>,
) -> Result<(), EditError> {
    let Some(stored) = object.get(row.element) else {
        return Ok(());
    };
    let mark = mark(object, row)?;
    let mut edited = |item: &RawValue| {
        let mut item = Object::parse(item.get()).ok_or_else(|| EditError::shape(row.element))?;
        if item.text("id")?.is_some_and(|id| is_mark(&id, &mark)) {
            edit(&mut item).map_err(|error| error.within(row.element))?;
        }
        Ok(item)
    };
    if !stored.get().starts_with('[') {
        let item = edited(stored)?;
        return if item.changed() {
            object.set(row.element, &item)
        } else {
            Ok(())
        };
    }
    let stored = object.list(row.element)?;
    let items = stored.iter().map(|item| edited(item));
    let items: Vec<_> = items.collect::<Result<_, EditError>>()?;
    if items.iter().any(Object::changed) {
        object.set(row.element, &items)?;
    }
    Ok(())
}

/// The `id` of the row's first item. It has to be unique in the resource, so that in a series the
/// series' UID belongs to it.
fn mark(object: &Object, row: &Row) -> Result<String, EditError> {
    let keyword = row.keyword();
    Ok(match object.text("uid")? {
        Some(uid) => format!("{keyword}-{uid}"),
        None => keyword.to_owned(),
    })
}

fn numbered(mark: &str, number: usize) -> String {
    match number {
        1 => mark.to_owned(),
        _ => format!("{mark}-{number}"),
    }
}

/// Whether the `id` of an item is a mark, or one of several.
pub(super) fn is_marked(item: &Value, mark: &str) -> bool {
    id(item).is_some_and(|id| is_mark(id, mark))
}

fn is_mark(id: &str, mark: &str) -> bool {
    id.strip_prefix(mark).is_some_and(|rest| {
        let number = rest.strip_prefix('-');
        rest.is_empty() || number.is_some_and(|number| number.parse::<usize>().is_ok())
    })
}

fn id(item: &Value) -> Option<&str> {
    item.get("id")?.as_str()
}

/// The item, an object without an `id`, with one. Its members keep their text: numbers have the
/// digits they were given.
pub(super) fn marked(row: &Row, id: &str, item: &str) -> Result<Box<RawValue>, EditError> {
    let build = || EditError::Build(row.element);
    let members = item.strip_prefix('{').ok_or_else(build)?;
    let comma = if members.starts_with('}') { "" } else { "," };
    let id = raw(row.element, id)?;
    RawValue::from_string(format!("{{\"id\":{id}{comma}{members}")).map_err(|_| build())
}

/// The item as a value.
pub(super) fn parse(row: &Row, json: &str) -> Result<Value, EditError> {
    serde_json::from_str(json).map_err(|_| EditError::shape(row.element))
}

/// Whether a stored value says all of the wanted one: it may say more.
pub(super) fn says(stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (Value::Object(stored), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, wanted)| stored.get(name).is_some_and(|stored| says(stored, wanted))),
        (Value::Array(stored), Value::Array(wanted)) => wanted
            .iter()
            .all(|wanted| stored.iter().any(|stored| says(stored, wanted))),
        (Value::Number(stored), Value::Number(wanted)) => stored.as_f64() == wanted.as_f64(),
        // Servers trim strings.
        (Value::String(stored), Value::String(wanted)) => stored.trim() == wanted.trim(),
        _ => stored == wanted,
    }
}

#[cfg(test)]
mod tests {
    use dicom_dictionary_std::tags;
    use proptest::prelude::*;

    use super::super::row::Put;
    use super::*;

    fn row(put: Put) -> Row {
        Row::optional(&[tags::PROCEDURE_CODE_SEQUENCE], "e", |_, _| None, put)
    }

    fn after(json: &str, put: Put, fact: &Fact) -> String {
        let mut object = Object::parse(json).unwrap();
        put(&mut object, &row(put), fact).unwrap();
        serde_json::to_string(&object).unwrap()
    }

    fn list(items: &[&str]) -> Fact {
        Fact::List(items.iter().map(|item| Box::from(*item)).collect())
    }

    proptest! {
        #[test]
        fn a_list_that_stands_alone_is_taken_for_what_one_in_another_writing_says(
            before in prop::collection::vec("[ab]{0,2}", 0..4),
            wanted in prop::collection::vec("[ab]{0,2}", 0..4),
        ) {
            let of = |all: &[String]| {
                let item = |names: &String| {
                    let members: Vec<_> = names.char_indices().map(|(at, c)| format!(r#""{c}{at}":1"#)).collect();
                    format!("{{{}}}", members.join(","))
                };
                Fact::List(all.iter().map(|names| item(names).into()).collect())
            };
            let put_first: Put = |object, row, fact| put_before(object, row, fact, tags::STUDY_ID);
            for put in [put_list as Put, put_first] {
                let stored = after("{}", put, &of(&before));
                let spaced = stored.replace('[', "[ ");
                let plainly = after(&spaced, put, &of(&wanted));
                prop_assert_eq!(after(&stored, put, &of(&wanted)), plainly.replace("[ ", "["));
            }
        }
    }

    #[test]
    fn new_items_are_marked_and_found_again() {
        let wanted = list(&[r#"{"a":1}"#, r#"{"a":2}"#]);
        let once = after("{}", put_list, &wanted);
        assert_eq!(
            once,
            r#"{"e":[{"id":"ProcedureCodeSequence","a":1},{"id":"ProcedureCodeSequence-2","a":2}]}"#
        );
        assert_eq!(after(&once, put_list, &wanted), once);
        assert!(has_items(&Object::parse(&once).unwrap(), &row(put_list)).unwrap());
    }

    #[test]
    fn ours_that_no_longer_hold_are_replaced_in_their_place_and_others_stay() {
        let stored = r#"{"e":[{"a":7.0},{"id":"ProcedureCodeSequence","a":1},{"id":"x","a":[3]}]}"#;
        assert_eq!(
            after(stored, put_list, &list(&[r#"{"a":2}"#])),
            r#"{"e":[{"a":7.0},{"id":"ProcedureCodeSequence","a":2},{"id":"x","a":[3]}]}"#
        );
    }

    #[test]
    fn what_others_say_already_is_not_said_again() {
        let stored = r#"{"e":[{"c":[{"s":"x","d":1},{"s":"y"}] , "t":" T "}]}"#;
        let wanted = list(&[r#"{"c":[{"s":"y"}],"t":"T"}"#]);
        assert_eq!(after(stored, put_list, &wanted), stored);
        assert!(!has_items(&Object::parse(stored).unwrap(), &row(put_list)).unwrap());
    }

    #[test]
    fn a_row_before_another_takes_its_items_over_and_the_other_is_content() {
        let put_first: Put = |object, row, fact| put_before(object, row, fact, tags::STUDY_ID);
        let stored = r#"{"e":[{"id":"StudyID","a":1},{"id":"StudyID-2","a":2}]}"#;
        let wanted = list(&[r#"{"a":2}"#]);
        let after_first = after(stored, put_first, &wanted);
        assert_eq!(
            after_first,
            r#"{"e":[{"id":"StudyID","a":1},{"id":"ProcedureCodeSequence","a":2}]}"#
        );
        assert_eq!(after(&after_first, put_first, &wanted), after_first);
        let mut object = Object::parse(&after_first).unwrap();
        let second = Row::optional(&[tags::STUDY_ID], "e", |_, _| None, put_list);
        put_list(&mut object, &second, &list(&[r#"{"a":1}"#, r#"{"a":2}"#])).unwrap();
        assert!(!object.changed());
    }

    #[test]
    fn in_a_series_the_mark_has_its_uid() {
        let series = after(r#"{"uid":"1.2"}"#, put_list, &list(&[r#"{"a":1}"#]));
        assert!(
            series.contains(r#""id":"ProcedureCodeSequence-1.2""#),
            "{series}"
        );
        assert_eq!(after(&series, put_list, &list(&[r#"{"a":1}"#])), series);
    }

    #[test]
    fn a_single_reference_of_somebody_else_stays() {
        let wanted = Fact::Json(r#"{"display":"A"}"#.into());
        let ours = after(r#"{"e":{"display":"B"}}"#, put_one, &wanted);
        assert_eq!(
            ours,
            r#"{"e":{"id":"ProcedureCodeSequence","display":"A"}}"#
        );
        let resolved = r#"{"e":{"id":"ProcedureCodeSequence","display":"A","reference":"X/1"}}"#;
        assert_eq!(after(resolved, put_one, &wanted), resolved);
        let others = r#"{"e":{"reference":"X/1","display":"B"}}"#;
        assert_eq!(after(others, put_one, &wanted), others);
        let stale = resolved.replace("\"A\"", "\"B\"");
        assert_eq!(after(&stale, put_one, &wanted), ours);
    }
}
