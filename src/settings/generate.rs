//! `docs/settings.md` and `appsettings.json`, generated from the table.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::setting::{Kind, Setting, Standing};
use super::table;

const INTRODUCTION: &str = "# Settings

<!-- Generated from src/settings/table.rs by `make generate`. -->

Settings come from `appsettings.json` in the working directory (`--settings FILE` names another),
then `appsettings.{DOTNET_ENVIRONMENT}.json` beside it (`Production` when the variable is not set),
then environment variables; the later wins. Files may have comments and trailing commas.

In an environment variable, two underscores stand for the colon: `DicomWeb__Endpoint`. Keys are
case-insensitive. An empty value counts as not given. Durations are `[d.]hh:mm:ss[.fffffff]`.

An unknown key is named at the start, with the nearest known one, and has no effect. An unusable
value ends the start with exit code 78, and every problem is listed at once.
";

const RECOGNISED: &str = "
## Settings of dicom-cast without effect in this version

A deployment of dicom-cast may go on giving them; what cannot be had is said at the start.

| Setting | Meaning |
|---|---|
";

/// The reference page of all settings, in Markdown.
#[must_use]
pub fn reference_page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut section = "";
    for setting in used() {
        if table::section(setting.path) != section {
            section = table::section(setting.path);
            let _ = write!(page, "\n## {section}\n\n{HEADER}");
        }
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            setting.path,
            setting.kind,
            default_cell(setting),
            setting.doc
        );
    }
    page.push_str(RECOGNISED);
    for setting in table::ALL.iter().filter(|setting| !is_used(setting)) {
        let _ = writeln!(page, "| `{}` | {} |", setting.path, setting.doc);
    }
    page
}

const HEADER: &str = "| Setting | Value | Default | Meaning |\n|---|---|---|---|\n";

/// `appsettings.json`: every setting with its default, but for those below a `*`, which have none.
#[must_use]
pub fn default_file() -> String {
    let mut file = Value::Object(Map::new());
    for setting in used().filter(|setting| !setting.path.ends_with('*')) {
        let mut place = &mut file;
        for segment in setting.path.split(':') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[segment];
        }
        *place = default_value(setting);
    }
    format!("{file:#}\n")
}

fn used() -> impl Iterator<Item = &'static Setting> {
    table::ALL.iter().filter(|setting| is_used(setting))
}

fn is_used(setting: &Setting) -> bool {
    setting.standing != Standing::Recognised
}

fn default_cell(setting: &Setting) -> String {
    match setting.standing {
        Standing::Required => "required".to_owned(),
        _ if setting.default().is_empty() => String::new(),
        _ => format!("`{}`", setting.default()),
    }
}

fn default_value(setting: &Setting) -> Value {
    let default = setting.default();
    match setting.kind {
        // An empty default depends on other settings.
        Kind::Boolean if !default.is_empty() => json!(default == "true"),
        Kind::Integer(..) => json!(default.parse::<u32>().ok()),
        // As text it would stand beside a list that is given elsewhere.
        Kind::List => json!(""),
        _ => json!(default),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Compares a generated file with the one in the repository, or rewrites it.
    fn assert_current(file: &str, generated: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os("RADCAST_GENERATE").is_some() {
            std::fs::write(&path, generated).unwrap();
        }
        let present = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            present, generated,
            "{file} is not current: run `make generate`"
        );
    }

    #[test]
    fn the_reference_page_is_current() {
        assert_current("docs/settings.md", &reference_page());
    }

    #[test]
    fn the_default_file_is_current() {
        assert_current("appsettings.json", &default_file());
    }
}
