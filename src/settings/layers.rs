//! Sources for the `config` crate with the semantics of .NET configuration: case-insensitive
//! paths, `:` and `__` as separators, every value a text, `null` as "not given".

use std::collections::HashMap;
use std::path::Path;

use config::{ConfigError, File, FileFormat, FileSourceFile, Map, Source, Value, ValueKind};

/// Where the flat map of paths sits in the merged configuration. `config` takes the outermost keys
/// for expressions of its own (`a.b[0]`), which the names of .NET log categories would be.
const ROOT: &str = "settings";

/// A value and where it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    /// The path as it was spelt.
    pub(super) spelling: String,
    /// The file or the environment variable.
    pub(super) origin: String,
    /// The value; `None` for `null`.
    pub(super) text: Option<String>,
}

/// The settings of one JSON file, comments and trailing commas allowed.
#[derive(Debug, Clone)]
pub(super) struct FileLayer {
    file: File<FileSourceFile, FileFormat>,
    origin: String,
}

impl FileLayer {
    /// A file that is there.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            // The format is JSON5 whatever the file's extension.
            file: File::from(path).format(FileFormat::Json5),
            origin: path.display().to_string(),
        }
    }
}

impl Source for FileLayer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut flat = Map::new();
        for (key, value) in self.file.collect()? {
            flatten(key, value, &self.origin, &mut flat);
        }
        Ok(rooted(flat))
    }
}

/// The environment variables that are settings, with their values.
#[derive(Debug, Clone)]
pub(super) struct EnvironmentLayer(pub(super) Vec<(String, String)>);

/// Variables that others gave a name to, and what they set.
const NAMED_BY_OTHERS: [(&str, &str); 2] = [
    (
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "ApplicationInsights:ConnectionString",
    ),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "OpenTelemetry:OtlpEndpoint"),
];

impl EnvironmentLayer {
    /// The path that an environment variable sets.
    pub(super) fn path(variable: &str) -> String {
        let named = NAMED_BY_OTHERS.iter().find(|(name, _)| *name == variable);
        named.map_or_else(
            || variable.replace("__", ":"),
            |(_, path)| (*path).to_owned(),
        )
    }
}

impl Source for EnvironmentLayer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut flat = Map::new();
        for (variable, value) in &self.0 {
            let origin = format!("environment variable {variable}");
            let value = ValueKind::String(value.clone()).into();
            flatten(Self::path(variable), value, &origin, &mut flat);
        }
        Ok(rooted(flat))
    }
}

/// The merged settings by path in lower case.
pub(super) fn merged(config: config::Config) -> HashMap<String, Given> {
    let ValueKind::Table(mut root) = config.cache.kind else {
        return HashMap::new();
    };
    let Some(ValueKind::Table(flat)) = root.remove(ROOT).map(|value| value.kind) else {
        return HashMap::new();
    };
    flat.into_iter()
        .map(|(path, value)| (path, given(value)))
        .collect()
}

fn flatten(path: String, value: Value, origin: &str, flat: &mut Map<String, Value>) {
    match value.kind {
        ValueKind::Table(table) => {
            for (key, value) in table {
                flatten(format!("{path}:{key}"), value, origin, flat);
            }
        }
        ValueKind::Array(array) => {
            for (index, value) in array.into_iter().enumerate() {
                flatten(format!("{path}:{index}"), value, origin, flat);
            }
        }
        scalar => {
            let value = Value::new(Some(&place(&path, origin)), scalar);
            flat.insert(path.to_lowercase(), value);
        }
    }
}

fn rooted(flat: Map<String, Value>) -> Map<String, Value> {
    [(ROOT.to_owned(), ValueKind::Table(flat).into())].into()
}

/// `config` keeps one text of origin for a value; it carries the spelling as well.
fn place(spelling: &str, origin: &str) -> String {
    format!("{}\n{origin}", spelling.replace('\n', " "))
}

fn given(value: Value) -> Given {
    let place = value.origin().unwrap_or_default();
    let (spelling, origin) = place.split_once('\n').unwrap_or(("", place));
    Given {
        spelling: spelling.to_owned(),
        origin: origin.to_owned(),
        text: match value.kind {
            ValueKind::Nil => None,
            scalar => Some(scalar.to_string()),
        },
    }
}
