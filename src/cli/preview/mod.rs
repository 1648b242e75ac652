//! `radcast preview`: the FHIR transaction of some instances, printed and not sent.

mod sources;

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, ValueEnum};
use dicom_core::Tag;

use super::exit::{self, Exit};
use super::{SettingsArgument, assembly};
use crate::settings::Unusable;
use crate::telemetry::{visible, visible_json};
use radcast_dicom::{Dataset, items};
use radcast_engine::feed::InstanceKey;
use radcast_fhir::cast::{Action, Change, Found, Rules, StudyDelta, StudyKey, merge, omitted};
use radcast_fhir::client::Request;
use radcast_fhir::target::request;
use radcast_sandbox::part10;
use sources::Attributes;

/// The address that stands in for an endpoint that is not set.
const STAND_IN: &str = "http://localhost";

pub(super) const EXAMPLES: &str = "\
The transaction is on standard output; on standard error is a table of where each element comes from:

  ImagingStudy.started                        \u{2190} StudyDate (0008,0020), StudyTime (0008,0030)
  ImagingStudy.series[0].modality             \u{2190} Modality (0008,0060)
  ImagingStudy.series[0].instance[0..41].uid  \u{2190} SOPInstanceUID (0008,0018)
  ImagingStudy.numberOfInstances              \u{2190} (computed)

Series and instances are told by their places in the transaction, both ends of a range included.
`radcast mapping` says by which rule an attribute becomes an element.

Examples:
  radcast preview image.dcm                      what an instance becomes
  radcast preview --sources only study/*.dcm     only where each element comes from
  radcast preview --sources none image.dcm | jq  only the transaction
  curl -H 'Accept: application/dicom+json' \
    https://dicom.example/v1/studies/1.2.3/metadata | radcast preview";

/// What to preview.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files of DICOM or DICOM JSON (an object or an array of them); without any, DICOM JSON on standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where each element comes from: as a table besides the transaction, alone, or not
    #[arg(long, value_name = "WHAT", default_value = "also")]
    sources: Sources,
    #[command(flatten)]
    settings: SettingsArgument,
}

/// Whether it is told where each element comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sources {
    /// On standard error, with the transaction on standard output
    Also,
    /// On standard output, without the transaction
    Only,
    /// Not at all
    None,
}

/// One study's transaction as indented JSON, and the table of its sources.
struct Previewed {
    transaction: String,
    sources: String,
}

impl Previewed {
    fn print(&self, sources: Sources) {
        match sources {
            Sources::Also => {
                println!("{}", self.transaction);
                eprint!("{}", self.sources);
            }
            Sources::Only => print!("{}", self.sources),
            Sources::None => println!("{}", self.transaction),
        }
    }
}

pub(super) fn preview(arguments: &Arguments) -> Exit {
    let mut rules = match rules(&arguments.settings) {
        Ok(rules) => rules,
        Err(problems) => return exit::unusable(&problems),
    };
    let mut exit = Exit::Done;
    let (mut changes, mut attributes) = (Vec::new(), Attributes::new());
    for (source, json) in instances(&arguments.files) {
        match json.and_then(|json| read(json, changes.len() as u64 + 1, &mut rules)) {
            Ok((change, present)) => {
                attributes.insert(change.key().instance.clone(), present);
                change
                    .warnings()
                    .iter()
                    .for_each(|invalid| print_note(&format!("{source}: {}", omitted(invalid))));
                changes.push(change);
            }
            Err(error) => exit = exit::failed(&visible(&format!("{source}: {error}"))),
        }
    }
    for previewed in transactions(changes, &attributes, &rules) {
        match previewed {
            Ok(previewed) => previewed.print(arguments.sources),
            Err(error) => exit = exit::failed(&visible(&error)),
        }
    }
    exit
}

/// Prints a line that may quote a file on standard error.
fn print_note(note: &str) {
    eprintln!("{}", visible(note));
}

/// The rules of the settings; where only endpoints are missing, with stand-ins for them.
fn rules(argument: &SettingsArgument) -> Result<Rules, Unusable> {
    let (loaded, stood_in) = assembly::settings_without_endpoints(argument, STAND_IN)?;
    if stood_in {
        eprintln!("No endpoints are set: {STAND_IN} stands in for them.");
    }
    Ok(assembly::rules(&loaded.settings))
}

/// An instance's name for messages, and its DICOM JSON.
type Named = (String, Result<Bytes, String>);

fn instances(files: &[PathBuf]) -> Vec<Named> {
    if files.is_empty() {
        return standard_input();
    }
    files.iter().flat_map(|file| of_file(file)).collect()
}

/// The instances of a file: one of DICOM, any number of DICOM JSON.
fn of_file(file: &Path) -> Vec<Named> {
    let name = file.display().to_string();
    match part10::read(file) {
        Ok(instance) => vec![(name, Ok(Bytes::from(instance.metadata)))],
        Err(error) => match std::fs::read(file) {
            Ok(text) if is_json(&text) => split(Bytes::from(text), &name),
            _ => vec![(name, Err(error.to_string()))],
        },
    }
}

fn is_json(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}

fn standard_input() -> Vec<Named> {
    let mut text = Vec::new();
    let name = "standard input";
    if let Err(error) = io::stdin().read_to_end(&mut text) {
        return vec![(name.to_owned(), Err(error.to_string()))];
    }
    split(Bytes::from(text), name)
}

/// The instances of DICOM JSON, an object or an array of them, from a source of this name.
fn split(text: Bytes, source: &str) -> Vec<Named> {
    let Some(array) = items(&text) else {
        return vec![(source.to_owned(), Ok(text))];
    };
    let instances = (1..).zip(array.items);
    let rest = (!array.complete).then(|| {
        let broken_off = "the array breaks off; its last instance is left out".to_owned();
        (source.to_owned(), Err(broken_off))
    });
    instances
        .map(|(number, item)| (format!("{source}, instance {number}"), Ok(item)))
        .chain(rest)
        .collect()
}

/// What an instance says, and which of its attributes have a value.
fn read(json: Bytes, sequence: u64, rules: &mut Rules) -> Result<(Change, BTreeSet<Tag>), String> {
    let dataset = Dataset::parse(json).map_err(|error| error.to_string())?;
    if let Some(issuer) = rules.new_issuer(&dataset) {
        eprintln!(
            "The first issuer of patient ids counts as the site's own (Patient:HomeIssuers)."
        );
        rules.know_home(&issuer);
    }
    let uid = |tag| dataset.uid(tag).ok().flatten().unwrap_or_default();
    let key = InstanceKey {
        partition: None,
        study: uid(dicom_dictionary_std::tags::STUDY_INSTANCE_UID),
        series: uid(dicom_dictionary_std::tags::SERIES_INSTANCE_UID),
        instance: uid(dicom_dictionary_std::tags::SOP_INSTANCE_UID),
    };
    let change = Change::read(sequence, key, Action::Create, Some(&dataset), rules)
        .map_err(|failure| format!("{failure}. {}", failure.cure()))?;
    Ok((change, sources::attributes(&dataset)))
}

/// One transaction for each study.
fn transactions(
    changes: Vec<Change>,
    attributes: &Attributes,
    rules: &Rules,
) -> Vec<Result<Previewed, String>> {
    let mut studies: indexmap::IndexMap<StudyKey, Vec<Change>> = indexmap::IndexMap::new();
    for change in changes {
        studies.entry(change.study()).or_default().push(change);
    }
    let deltas = studies.into_values().filter_map(StudyDelta::fold);
    deltas
        .map(|delta| transaction(&delta, attributes, rules))
        .collect()
}

fn transaction(
    delta: &StudyDelta,
    attributes: &Attributes,
    rules: &Rules,
) -> Result<Previewed, String> {
    let merged = merge(delta, &Found::default(), rules).map_err(|failure| failure.to_string())?;
    merged
        .disagreements
        .iter()
        .for_each(|disagreement| print_note(&disagreement.to_string()));
    let requests = merged
        .writes
        .into_iter()
        .map(request)
        .collect::<Result<Vec<_>, _>>();
    let requests = requests.map_err(|failure| failure.to_string())?;
    let bundle = Request::bundle(&requests).map_err(|error| error.to_string())?;
    let bundle: serde_json::Value = serde_json::from_slice(&bundle).map_err(|e| e.to_string())?;
    Ok(Previewed {
        transaction: visible_json(&format!("{bundle:#}")).into_owned(),
        sources: sources::table(delta, &bundle, attributes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Vec<(String, bool)> {
        let parts = split(Bytes::from(text), "a file").into_iter();
        parts.map(|(name, json)| (name, json.is_ok())).collect()
    }

    #[test]
    fn an_array_is_read_item_by_item_and_anything_else_as_one() {
        let two = [
            ("a file, instance 1".to_owned(), true),
            ("a file, instance 2".to_owned(), true),
        ];
        assert_eq!(read("[{}, {}]"), two);
        assert_eq!(read("{}"), [("a file".to_owned(), true)]);
    }

    #[test]
    fn an_array_that_breaks_off_is_told_of() {
        let cut = [
            ("a file, instance 1".to_owned(), true),
            ("a file".to_owned(), false),
        ];
        assert_eq!(read(r#"[{}, {"0020000D""#), cut);
    }
}
