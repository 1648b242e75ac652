//! The table of where each element comes from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dicom_core::Tag;
use indexmap::IndexMap;
use serde_json::Value;

use crate::cli::table::Table;
use radcast_dicom::Dataset;
use radcast_fhir::cast::{
    MappedAttribute, MappedResource, MappedRow, Origin, Source, StudyDelta, mapping,
};

/// Which attributes each instance has, by its UID.
pub(super) type Attributes = HashMap<String, BTreeSet<Tag>>;

/// The attributes of an instance that are mapped and have a value.
pub(super) fn attributes(dataset: &Dataset) -> BTreeSet<Tag> {
    let rows = mapping().into_iter().flat_map(|resource| resource.rows);
    let tags = rows.flat_map(|row| row.attributes);
    let tags = tags.map(|attribute| attribute.tag);
    let has_value = |tag: &Tag| {
        let element = dataset.element(*tag);
        element.is_some_and(|element| !element.is_empty())
    };
    tags.filter(has_value).collect()
}

/// The table of one study's transaction: element, arrow, attributes. No values.
pub(super) fn table(delta: &StudyDelta, bundle: &Value, attributes: &Attributes) -> String {
    let said = delta.sources();
    let mut lines = Vec::new();
    for resource in resources(bundle) {
        let index = index(resource);
        let of_type = |mapped: &MappedResource| resource["resourceType"] == mapped.resource_type;
        for row in mapping().into_iter().filter(of_type).flat_map(|m| m.rows) {
            let places = places(&row, (resource, &index), &said, attributes);
            lines.extend(
                collapsed(places)
                    .into_iter()
                    .map(|(place, from)| vec![named(&row, &place), format!("← {from}")]),
            );
        }
    }
    let table = Table::fitting(&lines);
    let lines = lines.iter().map(|line| table.open_line(line) + "\n");
    lines.collect()
}

fn resources(bundle: &Value) -> impl Iterator<Item = &Value> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    entries.map(|entry| &entry["resource"])
}

/// Where in the resource: the places of the series and of the instance, each if there is one.
type Place = (Option<usize>, Option<usize>);

/// The places by the UIDs of series and instance.
type Index<'a> = HashMap<(Option<&'a str>, Option<&'a str>), Place>;

/// Every place of the resource that a row has written, with what it comes from.
fn places(
    row: &MappedRow,
    (resource, index): (&Value, &Index<'_>),
    said: &[Source],
    attributes: &Attributes,
) -> Vec<(Place, String)> {
    let mut places = match row.origin {
        Origin::Dataset => of_dataset(row, index, said, attributes),
        // What a part without attributes stands for cannot be told from the resource.
        _ if row.attributes.is_empty() && !row.part.is_empty() => Vec::new(),
        _ => {
            let from = match row.attributes.as_slice() {
                [] => format!("({})", row.origin),
                attributes => joined(attributes),
            };
            let places = all_places(row, index).into_iter();
            places.map(|place| (place, from.clone())).collect()
        }
    };
    places.retain(|(place, _)| is_there(row, resource, *place));
    places.sort();
    places
}

fn of_dataset(
    row: &MappedRow,
    index: &Index<'_>,
    said: &[Source],
    attributes: &Attributes,
) -> Vec<(Place, String)> {
    let of_row = said.iter().filter(|source| source.row == *row);
    let place = |source: &Source| {
        let uids = (source.series.as_deref(), source.instance.as_deref());
        Some((*index.get(&uids)?, present(source, attributes)))
    };
    of_row.filter_map(place).collect()
}

/// The place of everything in the resource that has a UID, and of the resource itself.
fn index(resource: &Value) -> Index<'_> {
    let mut index = Index::from([((None, None), (None, None))]);
    for (at, series) in items(&resource["series"]) {
        let uid = series["uid"].as_str();
        index.insert((uid, None), (Some(at), None));
        for (instance_at, instance) in items(&series["instance"]) {
            let key = (uid, instance["uid"].as_str());
            index.insert(key, (Some(at), Some(instance_at)));
        }
    }
    index
}

fn items(value: &Value) -> impl Iterator<Item = (usize, &Value)> {
    value.as_array().into_iter().flatten().enumerate()
}

/// The attributes of the row that the instance has.
fn present(source: &Source, attributes: &Attributes) -> String {
    let has = attributes.get(&source.said_by.instance);
    let all = source.row.attributes.iter().copied();
    let present: Vec<_> = all
        .filter(|attribute| has.is_some_and(|has| has.contains(&attribute.tag)))
        .collect();
    if present.is_empty() {
        joined(&source.row.attributes)
    } else {
        joined(&present)
    }
}

fn joined(attributes: &[MappedAttribute]) -> String {
    let names = attributes.iter().map(ToString::to_string);
    names.collect::<Vec<_>>().join(", ")
}

/// The level that a row is of: the study, its series, or their instances; and the path from there.
fn level(row: &MappedRow) -> (usize, Vec<&str>) {
    let below = row.path.split('.').skip(1).collect::<Vec<_>>();
    match below.as_slice() {
        ["series", "instance", rest @ ..] => (2, rest.to_vec()),
        ["series", rest @ ..] => (1, rest.to_vec()),
        rest => (0, rest.to_vec()),
    }
}

fn all_places(row: &MappedRow, index: &Index<'_>) -> Vec<Place> {
    let level = level(row).0;
    let of_level = |(series, instance): &Place| {
        usize::from(series.is_some()) + usize::from(instance.is_some()) == level
    };
    index.values().copied().filter(of_level).collect()
}

fn is_there(row: &MappedRow, resource: &Value, (series, instance): Place) -> bool {
    let object = match (series, instance) {
        (Some(series), Some(instance)) => &resource["series"][series]["instance"][instance],
        (Some(series), None) => &resource["series"][series],
        _ => resource,
    };
    has(object, &level(row).1)
}

fn has(value: &Value, path: &[&str]) -> bool {
    match (value, path) {
        (Value::Array(items), _) => items.iter().any(|item| has(item, path)),
        (value, []) => !value.is_null(),
        (value, [first, rest @ ..]) => value.get(first).is_some_and(|value| has(value, rest)),
    }
}

/// Places that come from the same attributes, together: instances of a series first, then series.
fn collapsed(places: Vec<(Place, String)>) -> Vec<((String, String), String)> {
    let mut by_series: IndexMap<(Option<usize>, String), BTreeSet<usize>> = IndexMap::new();
    for ((series, instance), from) in places {
        by_series
            .entry((series, from))
            .or_default()
            .extend(instance);
    }
    let mut by_text: IndexMap<(String, String), BTreeSet<usize>> = IndexMap::new();
    for ((series, from), instances) in by_series {
        let key = (ranges(&instances), from);
        by_text.entry(key).or_default().extend(series);
    }
    let together = by_text.into_iter();
    together
        .map(|((instances, from), series)| ((ranges(&series), instances), from))
        .collect()
}

/// `[0..41,43]`, both ends included; nothing for no number.
fn ranges(numbers: &BTreeSet<usize>) -> String {
    let mut runs: BTreeMap<usize, usize> = BTreeMap::new();
    for &number in numbers {
        match runs.last_entry() {
            Some(mut run) if *run.get() + 1 == number => *run.get_mut() = number,
            _ => {
                runs.insert(number, number);
            }
        }
    }
    if runs.is_empty() {
        return String::new();
    }
    let runs = runs.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}..{last}"),
    });
    format!("[{}]", runs.collect::<Vec<_>>().join(","))
}

/// The path of a row with the places in it, and its part.
fn named(row: &MappedRow, (series, instance): &(String, String)) -> String {
    let told = row.to_string();
    let told = match told.split_once(".series.") {
        Some((study, rest)) => format!("{study}.series{series}.{rest}"),
        None => told,
    };
    match told.split_once("].instance.") {
        Some((before, rest)) => format!("{before}].instance{instance}.{rest}"),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_told_together() {
        let numbers = |numbers: &[usize]| ranges(&numbers.iter().copied().collect());
        assert_eq!(numbers(&[]), "");
        assert_eq!(numbers(&[3]), "[3]");
        assert_eq!(numbers(&[0, 1, 2, 4, 6, 7]), "[0..2,4,6..7]");
    }

    #[test]
    fn series_alike_in_their_instances_are_told_together() {
        let place = |series, instance| ((Some(series), Some(instance)), "X".to_owned());
        let alike = [
            place(0, 0),
            place(0, 1),
            place(1, 0),
            place(1, 1),
            place(2, 0),
        ];
        let told = collapsed(alike.to_vec());
        let told: Vec<_> = told.iter().map(|((s, i), _)| format!("{s}{i}")).collect();
        assert_eq!(told, ["[0..1][0..1]", "[2][0]"]);
    }
}
