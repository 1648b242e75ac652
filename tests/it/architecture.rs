//! What the compiler does not hold of the design: which crates may depend on which, that mapping and
//! merging do no I/O, and which rooms of the program may use which.

use std::path::{Path, PathBuf};

/// Which crates of the workspace each crate may depend on; of the tests nobody asks.
const CRATES: &[(&str, &[&str])] = &[
    ("engine", &[]),
    ("dicom", &[]),
    ("sandbox", &[]),
    ("http", &["engine"]),
    ("dicomweb", &["dicom", "engine", "http"]),
    ("fhir", &["dicom", "engine", "http"]),
    ("azure", &["engine", "http"]),
];

/// Which rooms of the program each of its rooms may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("cli", &["notify", "ops", "settings", "telemetry"]),
    ("ops", &["settings", "telemetry"]),
    ("notify", &["settings"]),
    ("telemetry", &["settings"]),
    ("settings", &[]),
];

/// Folders that only compute.
const PURE: &[&str] = &[
    "crates/dicom/src",
    "crates/fhir/src/cast",
    "crates/fhir/src/options",
];

/// What a pure file does not name.
const IMPURE: &[&str] = &[
    "async ",
    ".await",
    "axum::",
    "reqwest::",
    "rusqlite::",
    "std::fs",
    "std::net",
    "tokio::",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a folder with their text, without comments.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let files = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name();
    let files = files
        .into_iter()
        .flatten()
        .map(walkdir::DirEntry::into_path);
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let files: Vec<_> = files
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = text.lines().map(|line| line.split("//").next().unwrap());
            (path, lines.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    assert!(files.len() > 3, "{folder}: {} files only", files.len());
    files
}

/// The crates of the workspace that a manifest names before its development dependencies.
fn dependencies(manifest: &str) -> Vec<&str> {
    let used = manifest.split("[dev-dependencies]").next().unwrap();
    let names = used
        .lines()
        .filter_map(|line| line.strip_prefix("radcast-"));
    names
        .map(|name| name.split(['.', ' ']).next().unwrap())
        .collect()
}

#[test]
fn crates_depend_on_those_that_the_design_names() {
    let mut found = 0;
    for folder in std::fs::read_dir(root().join("crates")).unwrap() {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let allowed = CRATES.iter().find(|(known, _)| *known == name);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{name} is no crate of the design"));
        let mut used = dependencies(&manifest);
        used.sort_unstable();
        assert_eq!(used, *allowed, "{name}");
        found += 1;
    }
    assert_eq!(found, CRATES.len());
}

#[test]
fn mapping_and_merging_do_no_io() {
    for folder in PURE {
        for (path, source) in sources(folder) {
            let named = IMPURE.iter().find(|word| source.contains(**word));
            assert_eq!(named, None, "{}", path.display());
        }
    }
}

#[test]
fn no_room_of_the_program_uses_one_that_it_must_not() {
    for (room, allowed) in ROOMS {
        for (path, source) in sources(&format!("src/{room}")) {
            for used in source.split("crate::").skip(1) {
                let word = |c: char| c.is_alphanumeric() || c == '_';
                let used = used.split(|c| !word(c)).next().unwrap();
                let is_allowed = used == *room || allowed.contains(&used);
                assert!(is_allowed, "{}: {room} may not use {used}", path.display());
            }
        }
    }
}

/// The types that a source implements `Notifier` for.
fn senders(source: &str) -> impl Iterator<Item = &str> {
    let named = source.split("impl Notifier for ").skip(1);
    named.filter_map(|rest| rest.split_whitespace().next())
}

#[test]
fn r73_no_room_but_notify_and_cli_names_a_sender_of_notifications() {
    let notify = sources("src/notify");
    let senders: Vec<_> = notify.iter().flat_map(|(_, it)| senders(it)).collect();
    for expected in ["LogNotifier", "WebhookNotifier"] {
        assert!(senders.contains(&expected), "{senders:?}");
    }
    for folder in ["src/ops", "src/settings", "src/telemetry", "crates"] {
        for (path, source) in sources(folder) {
            let named = senders.iter().find(|sender| source.contains(**sender));
            assert_eq!(named, None, "{}", path.display());
        }
    }
}
