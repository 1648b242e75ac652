//! `radcast mapping`: which attribute becomes which element.

#[cfg(test)]
mod generate;
mod markdown;

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::command_error::CommandError;
use super::exit::Exit;
use super::table::{Table, terminal_width, wrapped};
use radcast_fhir::cast::{MappedResource, MappedRow, mapping};

pub(super) const EXAMPLES: &str = "\
The page docs/mapping.md has the same table, with the rules of merging and the settings.

Examples:
  radcast mapping                      everything
  radcast mapping ImagingStudy.series  the elements below a path
  radcast mapping BodyPart             where an attribute goes: by keyword
  radcast mapping 0018,0015            or by tag
  radcast mapping -o json              for programs";

/// The narrowest column of rules.
const NARROWEST: usize = 30;

/// Which rows, and how.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only rows with this in the element's path, the attribute's keyword or its tag
    #[arg(value_name = "TEXT")]
    wanted: Option<String>,
    /// The form of the output
    #[arg(
        short,
        long,
        visible_alias = "format",
        value_name = "FORM",
        default_value = "text"
    )]
    output: Form,
}

/// The form of the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// The tables of docs/mapping.md
    Markdown,
    /// One array of resources
    Json,
}

pub(super) fn mapped(arguments: &Arguments) -> Exit {
    print(arguments).unwrap_or_else(|broken| broken.exit())
}

fn print(arguments: &Arguments) -> Result<Exit, CommandError> {
    let resources = wanted(mapping(), arguments.wanted.as_deref().unwrap_or_default());
    if resources.is_empty() {
        eprintln!("No row is like that.");
        return Ok(Exit::Failed);
    }
    let mut output = io::stdout().lock();
    match arguments.output {
        Form::Text => text(&mut output, &resources)?,
        Form::Markdown => output.write_all(markdown::sections(&resources).as_bytes())?,
        Form::Json => {
            let all: Vec<_> = resources.iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut output, &all)?;
            writeln!(output)?;
        }
    }
    Ok(Exit::Done)
}

/// The rows that a text occurs in, and the resources that have some.
fn wanted(resources: Vec<MappedResource>, text: &str) -> Vec<MappedResource> {
    let text = text.to_lowercase();
    let is_wanted = |row: &MappedRow| {
        let attributes = row.attributes.iter().map(ToString::to_string);
        let mut all = attributes.chain([row.to_string()]);
        all.any(|told| told.to_lowercase().contains(&text))
    };
    let mut kept = resources;
    kept.iter_mut()
        .for_each(|resource| resource.rows.retain(is_wanted));
    kept.retain(|resource| !resource.rows.is_empty());
    kept
}

/// A table for each resource, a line for each attribute, the rules broken to the terminal's width.
fn text(output: &mut impl Write, resources: &[MappedResource]) -> io::Result<()> {
    let header = ["ELEMENT", "ATTRIBUTE", "VR", "RULE"].map(str::to_owned);
    let rows = resources.iter().flat_map(|resource| &resource.rows);
    let heads: Vec<_> = rows.flat_map(|row| lines(row, usize::MAX)).collect();
    let columns = |line: &Vec<String>| line.iter().take(3).cloned().collect::<Vec<_>>();
    let table = Table::fitting(&heads.iter().map(columns).collect::<Vec<_>>());
    let left = terminal_width().map(|width| width.saturating_sub(table.width()).max(NARROWEST));
    for (at, resource) in resources.iter().enumerate() {
        if at > 0 {
            writeln!(output)?;
        }
        writeln!(output, "{}\n", table.open_line(&header))?;
        for row in &resource.rows {
            for line in lines(row, left.unwrap_or(usize::MAX)) {
                writeln!(output, "{}", table.open_line(&line))?;
            }
        }
    }
    writeln!(output, "\n* An entry without it fails.")
}

/// The lines of a row: an attribute each, and the rule beside them.
fn lines(row: &MappedRow, width: usize) -> Vec<Vec<String>> {
    let mut attributes: Vec<_> = row
        .attributes
        .iter()
        .map(|attribute| (attribute.to_string(), attribute.vr.to_owned()))
        .collect();
    if attributes.is_empty() {
        attributes.push((format!("({})", row.origin), String::new()));
    }
    let rule = wrapped(&row.rule, width);
    let star = if row.required { " *" } else { "" };
    let mut element = format!("{row}{star}");
    let lines = (0..attributes.len().max(rule.len())).map(|at| {
        let (attribute, vr) = attributes.get(at).cloned().unwrap_or_default();
        let rule = rule.get(at).cloned().unwrap_or_default();
        vec![std::mem::take(&mut element), attribute, vr, rule]
    });
    lines.collect()
}

fn as_json(resource: &MappedResource) -> Value {
    let row = |row: &MappedRow| {
        let attributes = row.attributes.iter().map(|attribute| {
            json!({
                "tag": format!("{:04X}{:04X}", attribute.tag.0, attribute.tag.1),
                "keyword": attribute.keyword,
                "vr": attribute.vr,
            })
        });
        json!({
            "path": row.path,
            "part": row.part,
            "origin": row.origin.as_str(),
            "attributes": attributes.collect::<Vec<_>>(),
            "required": row.required,
            "rule": row.rule,
        })
    };
    json!({
        "resourceType": resource.resource_type,
        "rows": resource.rows.iter().map(row).collect::<Vec<_>>(),
    })
}
