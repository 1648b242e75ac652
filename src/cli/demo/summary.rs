//! The account of every file and every entry.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::services::Services;
use super::upload::Upload;
use super::{Failed, while_doing};
use crate::telemetry::visible;
use radcast_engine::Counts;
use radcast_engine::failure::{Code, Failure, Subject};

/// How many names are shown of a long list.
const SHOWN: usize = 5;

/// What the summary tells of.
pub(super) struct Summary<'a> {
    pub(super) upload: &'a Upload,
    pub(super) counts: Counts,
    pub(super) services: &'a Services,
}

impl Summary<'_> {
    /// Prints the summary, and says whether it accounts for every entry.
    pub(super) fn print(&self) -> Result<bool, Failed> {
        self.print_files();
        let complete = self.print_entries()?;
        self.print_warnings();
        self.print_failures();
        self.print_resources()?;
        println!("\nFHIR      {}/ImagingStudy", self.services.fhir_address());
        println!("DICOMweb  {}", self.services.dicom_address());
        Ok(complete)
    }

    fn print_files(&self) {
        let refused: usize = self.upload.refused.values().map(Vec::len).sum();
        println!("\nFiles     {}", self.upload.stored() + refused);
        println!("  stored  {}", self.upload.stored());
        for (reason, files) in &self.upload.refused {
            println!("  {:<7} {}", files.len(), visible(reason));
            println!("          {}", visible(&names(files)));
        }
    }

    fn print_entries(&self) -> Result<bool, Failed> {
        let latest = self.services.dicom.latest_sequence();
        let entries = latest.map_err(while_doing("reading the feed"))?;
        let Counts {
            applied,
            skipped,
            failed,
            ..
        } = &self.counts;
        println!("\nEntries   {entries}");
        println!("  applied {applied}");
        for (reason, count) in skipped {
            println!("  skipped {count}: {reason}");
        }
        println!("  failed  {}", failed.len());
        let accounted = applied + skipped.values().sum::<u64>() + failed.len() as u64;
        if accounted != entries {
            println!(
                "  {accounted} of {entries} entries are accounted for; this is a fault of radcast"
            );
        }
        Ok(accounted == entries)
    }

    fn print_warnings(&self) {
        if !self.counts.warnings.is_empty() {
            println!("\nApplied in part, {} values", self.counts.warnings.len());
        }
        for (subject, omitted) in &self.counts.warnings {
            print_entry(subject, &omitted.to_string());
        }
    }

    fn print_failures(&self) {
        let mut by_code: BTreeMap<Code, Vec<&(Subject, Failure)>> = BTreeMap::new();
        for failed in &self.counts.failed {
            by_code.entry(failed.1.code).or_default().push(failed);
        }
        for (code, failed) in by_code {
            println!("\n{code} ({}), {} entries", code.class(), failed.len());
            println!("  cure    {}", code.cure());
            for (subject, failure) in failed {
                print_entry(subject, &failure.message);
            }
        }
    }

    fn print_resources(&self) -> Result<(), Failed> {
        println!("\nResources");
        for (resource_type, count) in self.services.resources()? {
            println!("  {resource_type:<13} {count}");
        }
        let writes: Vec<String> = self
            .counts
            .writes
            .iter()
            .map(|(what, times)| format!("{times} {what}"))
            .collect();
        println!("  written       {}", writes.join(", "));
        println!("  FHIR requests {}", self.services.fhir_requests());
        Ok(())
    }
}

fn print_entry(subject: &Subject, text: &str) {
    let sequence = subject.sequence.map(|sequence| sequence.to_string());
    let instance = subject.instance.as_deref().unwrap_or("unknown instance");
    println!(
        "  {:<7} {}: {}",
        sequence.as_deref().unwrap_or("?"),
        visible(instance),
        visible(text)
    );
}

fn names(files: &[PathBuf]) -> String {
    let name = |path: &PathBuf| match path.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    };
    let shown: Vec<String> = files.iter().take(SHOWN).map(name).collect();
    match files.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
