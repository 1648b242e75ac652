//! The mapping in Markdown.

use std::fmt::Write as _;

use radcast_fhir::cast::{MappedResource, MappedRow};

const HEADER: &str = "| Element | DICOM | VR | Rule |\n|---|---|---|---|\n";

/// A section for each resource.
pub(super) fn sections(resources: &[MappedResource]) -> String {
    let sections = resources
        .iter()
        .map(|resource| format!("## {}\n\n{}", resource.resource_type, table(resource)));
    sections.collect::<Vec<_>>().join("\n")
}

/// The table of one resource.
pub(super) fn table(resource: &MappedResource) -> String {
    let mut table = HEADER.to_owned();
    for row in &resource.rows {
        let (attributes, vrs) = cells(row);
        let _ = writeln!(
            table,
            "| `{}`{} | {attributes} | {vrs} | {} |",
            row.path,
            mark(row),
            row.rule
        );
    }
    table
}

/// The part in brackets, and whether it is required.
fn mark(row: &MappedRow) -> String {
    let part = match row.part.as_ref() {
        "" => String::new(),
        part => format!(" ({part})"),
    };
    let required = if row.required { " **required**" } else { "" };
    format!("{part}{required}")
}

/// The attributes and their value representations.
fn cells(row: &MappedRow) -> (String, String) {
    if row.attributes.is_empty() {
        return (format!("*{}*", row.origin), String::new());
    }
    let attributes = row.attributes.iter().map(ToString::to_string);
    let mut vrs: Vec<_> = row.attributes.iter().map(|one| one.vr).collect();
    vrs.dedup();
    (attributes.collect::<Vec<_>>().join("<br>"), vrs.join(", "))
}
