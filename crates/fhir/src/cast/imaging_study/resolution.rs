//! Finding the resources that the study refers to by their identifiers.
//!
//! A reference of ours keeps its identifier when the resource is found: by that it is told that
//! nothing has changed.

use serde_json::Value;

use super::super::edit::EditError;
use super::super::fact::Fact;
use super::super::identifier;
use super::super::marked;
use super::super::object::Object;
use super::super::query::Query;
use super::super::row::Row;
use super::super::{Notice, Resource, Rules, StudyDelta};
use super::attributes;
use crate::options::{References, Resolution};

/// The most resources that are looked for: a study has one or two orders.
const MOST: usize = 16;

/// The searches for what the delta refers to, each once.
pub(crate) fn queries(delta: &StudyDelta, rules: &Rules) -> Vec<Query> {
    let mut queries: Vec<Query> = Vec::new();
    for (index, row) in rows(&rules.references) {
        let said = delta.statements();
        let said = said.filter_map(|(_, said)| said.study.get(index));
        let Some(fact) = said.last() else { continue };
        for query in items(fact).iter().filter_map(|item| query(row, item)) {
            if !queries.contains(&query) && queries.len() < MOST {
                queries.push(query);
            }
        }
    }
    queries
}

/// Completes our references that were searched for, and of which one resource was found.
pub(super) fn put(
    study: &mut Object,
    delta: &StudyDelta,
    found: &[(Query, Vec<Resource>)],
    rules: &Rules,
) -> Result<Vec<Notice>, EditError> {
    let mut notices = Vec::new();
    if found.is_empty() {
        return Ok(notices);
    }
    for (_, row) in rows(&rules.references) {
        marked::edit_items(study, row, |item| {
            let names = answer(row, item, found)?;
            match names.as_slice() {
                [] => {}
                [name] => item.set("reference", name)?,
                _ => notices.push(Notice::AmbiguousReference {
                    study: delta.study().clone(),
                    element: row.element,
                    found: names,
                }),
            }
            Ok(())
        })?;
    }
    Ok(notices)
}

/// `Type/id` of each resource that an item may stand for; none when it has a reference already.
fn answer(
    row: &Row,
    item: &Object,
    found: &[(Query, Vec<Resource>)],
) -> Result<Vec<String>, EditError> {
    let identifier = item.decode::<Value>("identifier")?;
    let token = identifier.as_ref().and_then(token);
    let Some((system, value)) = token.filter(|_| item.get("reference").is_none()) else {
        return Ok(Vec::new());
    };
    let wanted = Query::new(resource_type(row)).token("identifier", system, value);
    let answers = found.iter().filter(|(query, _)| *query == wanted);
    let mut names = Vec::new();
    for resource in answers.flat_map(|(_, resources)| resources) {
        let of_type = resource.resource_type().as_deref() == Some(resource_type(row));
        // What cannot be read is not what was looked for.
        let carries = || identifier::carries(resource.object(), system, value).unwrap_or_default();
        if let Some(id) = resource.id().filter(|_| of_type && carries()) {
            names.push(format!("{}/{id}", resource_type(row)));
        }
    }
    Ok(names)
}

/// The rows whose resources are searched for, with their places in the table.
fn rows(references: &References) -> impl Iterator<Item = (usize, &'static Row)> {
    let References {
        based_on,
        encounter,
        referrer,
    } = *references;
    let rows = attributes::STUDY.iter().enumerate();
    rows.filter(move |(_, row)| {
        let resolution = match row.element {
            "basedOn" => based_on,
            "encounter" => encounter,
            "referrer" => referrer,
            _ => Resolution::Logical,
        };
        resolution == Resolution::Search
    })
}

fn resource_type(row: &Row) -> &'static str {
    match row.element {
        "encounter" => "Encounter",
        "referrer" => "Practitioner",
        _ => "ServiceRequest",
    }
}

fn query(row: &Row, item: &Value) -> Option<Query> {
    let (system, value) = token(item.get("identifier")?)?;
    Some(Query::new(resource_type(row)).token("identifier", system, value))
}

/// System and value.
fn token(identifier: &Value) -> Option<(Option<&str>, &str)> {
    let text = |name| identifier.get(name).and_then(Value::as_str);
    Some((text("system"), text("value")?))
}

fn items(fact: &Fact) -> Vec<Value> {
    let texts = match fact {
        Fact::Json(text) => std::slice::from_ref(text),
        Fact::List(texts) => texts,
        _ => &[],
    };
    let items = texts.iter().map(|text| serde_json::from_str(text).ok());
    items.flatten().collect()
}
