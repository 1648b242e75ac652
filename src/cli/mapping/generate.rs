//! The tables of `docs/mapping.md`, generated from the code.

use super::markdown;
use crate::cli::generated_page;
use crate::settings;
use radcast_fhir::cast::mapping;

/// The sections of settings that decide how entries are cast.
const SECTIONS: [&str; 4] = ["DicomCast:", "Patient:", "Issuers:", "ImagingStudy:"];

/// The settings of the mapping, as the reference page has them.
fn cast_settings() -> String {
    let page = settings::reference_page();
    let ours = |row: &&str| {
        let path = row.strip_prefix("| `").unwrap_or_default();
        SECTIONS.iter().any(|section| path.starts_with(section)) && row.matches(" | ").count() > 2
    };
    let rows = page.lines().filter(ours).map(|row| format!("{row}\n"));
    let header = "| Setting | Value | Default | Meaning |\n|---|---|---|---|\n";
    format!("{header}{}", rows.collect::<String>())
}

#[test]
fn the_tables_of_the_page_of_the_mapping_are_those_of_the_code() {
    let parts = [
        ("mapping", markdown::sections(&mapping())),
        ("settings", cast_settings()),
    ];
    generated_page::assert_current("docs/mapping.md", &parts);
}
