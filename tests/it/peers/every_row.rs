//! Every row of the mapping is filled, from DICOM files down to what servers that others wrote holds.

use std::collections::BTreeMap;

use radcast_fhir::cast::{MappedRow, Origin, mapping};
use serde_json::Value;

use super::{Site, cases, no_failure, text};
use crate::support::instances::study;
use crate::support::python::{pydicom_files, script};
use crate::support::stow::store_files;

cases! {
    every_row_is_filled_from_files_to_the_fhir_server
}

/// What `every_row.py` wrote, by the keyword of the attribute.
struct Examples {
    written: Value,
    studies: BTreeMap<String, Value>,
    patients: BTreeMap<String, Value>,
    resources: Vec<Value>,
}

impl Examples {
    async fn of(written: Value, site: &Site) -> Self {
        let by_identifier = |resources: Vec<Value>, prefix: &str| {
            let keyed = resources.into_iter().filter_map(|resource| {
                let identifiers = resource["identifier"].as_array().cloned();
                let values = identifiers.into_iter().flatten();
                let mut values = values.filter_map(|one| Some(one["value"].as_str()?.to_owned()));
                let value = values.find(|value| value.starts_with(prefix))?;
                Some((value, resource))
            });
            keyed.collect()
        };
        Self {
            written,
            studies: by_identifier(site.fhir.all("ImagingStudy").await, "urn:oid:"),
            patients: by_identifier(site.fhir.all("Patient").await, "EVERY-"),
            resources: site.resources().await,
        }
    }

    /// The resource of a type that the instance for an attribute made.
    fn resource(&self, resource_type: &str, keyword: &str) -> Option<&Value> {
        let written = &self.written[keyword];
        match resource_type {
            "Patient" => self.patients.get(written["patient"].as_str()?),
            "ImagingStudy" => {
                let uid = written["study"].as_str()?;
                self.studies.get(&format!("urn:oid:{uid}"))
            }
            _ => None,
        }
    }

    /// How many elements more there are at a path than where nothing is said but what is required.
    fn added(&self, resource_type: &str, keyword: &str, path: &[&str]) -> usize {
        let count = |keyword| {
            let resource = self.resource(resource_type, keyword);
            resource.map_or(0, |resource| elements(resource, path))
        };
        count(keyword).saturating_sub(count("Base"))
    }

    /// How often the row is filled in all resources.
    fn anywhere(&self, resource_type: &str, path: &[&str]) -> usize {
        let of_type = self
            .resources
            .iter()
            .filter(|resource| resource["resourceType"] == resource_type);
        of_type.map(|resource| elements(resource, path)).sum()
    }
}

/// How many elements stand at a path.
fn elements(value: &Value, path: &[&str]) -> usize {
    match (value, path) {
        (Value::Array(items), _) => items.iter().map(|item| elements(item, path)).sum(),
        (Value::Null, _) => 0,
        (_, []) => 1,
        (value, [first, rest @ ..]) => elements(&value[*first], rest),
    }
}

/// Attributes of a row that say something by themselves: there is an instance for each.
fn sets<'a>(row: &'a MappedRow, written: &'a Value) -> Vec<&'a str> {
    let keywords = row.attributes.iter().map(|attribute| attribute.keyword);
    keywords
        .filter(|keyword| written[*keyword].is_object())
        .collect()
}

/// How many elements the rows of one attribute and element have to make.
fn siblings(rows: &[MappedRow], row: &MappedRow) -> usize {
    let same = rows.iter().filter(|other| {
        let first = |row: &MappedRow| row.attributes.first().map(|attribute| attribute.tag);
        other.path == row.path && first(other) == first(row)
    });
    same.count()
}

/// What is wrong with a row: it is not filled, or not by one of its attributes.
fn fault(
    examples: &Examples,
    resource_type: &str,
    rows: &[MappedRow],
    row: &MappedRow,
) -> Option<String> {
    let path: Vec<&str> = row.path.split('.').skip(1).collect();
    if examples.anywhere(resource_type, &path) == 0 {
        return Some(format!("{row} is not filled"));
    }
    let by_itself = row.origin == Origin::Dataset && !row.required;
    if !by_itself || !matches!(resource_type, "Patient" | "ImagingStudy") {
        return None;
    }
    let sets = sets(row, &examples.written);
    if sets.is_empty() {
        let first = row.attributes[0].keyword;
        return Some(format!("{row}: every_row.py has nothing for {first}"));
    }
    let wanted = siblings(rows, row);
    let mut lacking = sets.into_iter().filter(|keyword| {
        let is_first = row.attributes[0].keyword == *keyword;
        let wanted = if is_first { wanted } else { 1 };
        examples.added(resource_type, keyword, &path) < wanted
    });
    lacking
        .next()
        .map(|keyword| format!("{row} is not filled by {keyword}"))
}

/// Resources by type, and filled elements by row.
fn print_counts(examples: &Examples) {
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in &examples.resources {
        *types.entry(text(&resource["resourceType"])).or_default() += 1;
    }
    println!("\nResources");
    types
        .iter()
        .for_each(|(name, count)| println!("{count:>7} {name}"));
    println!("\nFilled elements by row: of all resources, and by the row's own instance");
    for resource in mapping() {
        for row in &resource.rows {
            let path: Vec<&str> = row.path.split('.').skip(1).collect();
            let all = examples.anywhere(resource.resource_type, &path);
            let sets = sets(row, &examples.written).into_iter();
            let own: usize = sets
                .map(|keyword| examples.added(resource.resource_type, keyword, &path))
                .sum();
            println!("{all:>7} {own:>4} {row}");
        }
    }
}

async fn every_row_is_filled_from_files_to_the_fhir_server(site: Site) {
    let folder = tempfile::tempdir().unwrap();
    let written = script("every_row.py", &[folder.path().to_str().unwrap()], b"");
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let written: Value = serde_json::from_str(&written.stdout).unwrap();
    let files = written.as_object().unwrap().values();
    let files = files.map(|one| folder.path().join(text(&one["file"])));
    let address = site.services.dicom_address();
    assert_eq!(store_files(&address, files).await, Vec::<String>::new());
    let doses = tempfile::tempdir().unwrap();
    let reports = script("dose_reports.py", &[doses.path().to_str().unwrap()], b"");
    assert_eq!(reports.code, Some(0), "{}", reports.stderr);
    let reports = [
        "x_ray.dcm",
        "ct.dcm",
        "mammography.dcm",
        "administration.dcm",
    ];
    let reports = reports.map(|name| doses.path().join(name));
    assert_eq!(store_files(&address, reports).await, Vec::<String>::new());
    // Some of them are refused: fragments, and files that others hold already.
    store_files(&address, real_files()).await;
    let partitioned = study(9, 9, 1, 1)[0].ct().to_string();
    let dicom = &site.services.dicom;
    let last = dicom
        .store_metadata(Some("clinic-b"), &partitioned)
        .unwrap();
    let daemon = site
        .daemon()
        .with("Issuers__RIS", "urn:oid:1.2.3.4")
        .with("Patient__GenerateObservations", "true");
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
    site.check_validity().await;
    site.check_structure().await;

    let examples = Examples::of(written, &site).await;
    print_counts(&examples);
    let faults = mapping().into_iter().flat_map(|resource| {
        let rows = resource.rows.iter();
        let faults =
            rows.filter_map(|row| fault(&examples, resource.resource_type, &resource.rows, row));
        faults.collect::<Vec<_>>()
    });
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The files that pydicom finds complete.
fn real_files() -> Vec<std::path::PathBuf> {
    let folder = pydicom_files();
    let told = script("expected_tree.py", &[folder.to_str().unwrap()], b"");
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    let order = told["order"].as_array().unwrap().iter();
    order.map(|path| folder.join(text(path))).collect()
}
