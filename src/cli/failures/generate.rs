//! The tables of `docs/failures.md`, generated from the code; the text around them is written by
//! hand.

use std::fmt::Write as _;

use crate::cli::generated_page;
use crate::settings;
use radcast_engine::failure::{Code, Dependency, Operation, causes};
use radcast_engine::store::FailureTable;

const PAGE: &str = "docs/failures.md";

/// A generated part, by the name in its markers.
type Part = (&'static str, fn() -> String);

const PARTS: [Part; 4] = [
    ("answers", answers),
    ("codes", codes),
    ("tables", tables),
    ("settings", retry_settings),
];

/// What each answer of a server comes to.
fn answers() -> String {
    let mut table = "| Service | Asked for | What came back | Code | Class | Retry | Cure |\n\
                     |---|---|---|---|---|---|---|\n"
        .to_owned();
    for cause in causes() {
        let (service, asked) = match (cause.dependency, cause.operation) {
            (Dependency::Dicom, _) => ("DICOM", "any request"),
            (Dependency::Fhir, Operation::Read) => ("FHIR", "a search or the capabilities"),
            (Dependency::Fhir, _) => ("FHIR", "a transaction"),
            (Dependency::Tables, Operation::Read) => ("Table Storage", "rows"),
            (Dependency::Tables, _) => ("Table Storage", "a write"),
            (Dependency::Blobs, _) => ("Blob Storage", "any request"),
            (Dependency::Identity, _) => ("identity", "a token"),
        };
        let code = cause.code;
        let _ = writeln!(
            table,
            "| {service} | {asked} | {} | `{code}` | {} | {} | {} |",
            cause.symptoms,
            code.class(),
            code.disposition(),
            code.cure()
        );
    }
    table
}

/// Every code.
fn codes() -> String {
    let mut table = "| Code | Class | Retry | Meaning | Cure |\n|---|---|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let _ = writeln!(
            table,
            "| `{code}` | {} | {} | {} | {} |",
            code.class(),
            code.disposition(),
            code.meaning(),
            code.cure()
        );
    }
    table
}

/// Every table of entries.
fn tables() -> String {
    let mut table = "| Table | `--category` | What is in it |\n|---|---|---|\n".to_owned();
    for entries in FailureTable::ALL {
        let what = match entries {
            FailureTable::Dicom => "entries not stored because of the instance itself",
            FailureTable::Fhir => "entries not stored for a reason on the FHIR side",
            FailureTable::OmittedValue => {
                "values that are not valid, left out of entries that are otherwise stored, or kept in them"
            }
            FailureTable::Transient => "entries given up after the retries",
            FailureTable::Retrying => "entries being retried at the moment",
        };
        let (name, category) = (entries.name(), entries.category());
        let _ = writeln!(table, "| `{name}` | `{category}` | {what} |");
    }
    table
}

/// The settings of the retries, as the reference page has them.
fn retry_settings() -> String {
    let mut table = "| Setting | Value | Default | Meaning |\n|---|---|---|---|\n".to_owned();
    let page = settings::reference_page();
    for row in page.lines() {
        if row.starts_with("| `RetryConfiguration:") {
            let _ = writeln!(table, "{row}");
        }
    }
    table
}

#[test]
fn r72_the_tables_of_the_page_of_failures_are_those_of_the_code() {
    generated_page::assert_current(PAGE, &PARTS.map(|(name, part)| (name, part())));
}
