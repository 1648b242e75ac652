//! The dependency rule of the rooms, held against the sources.
//!
//! Every Rust file under `src` is read as tokens, test modules and macro calls included, comments
//! and strings not; each path that leads to a room has to be allowed. (A parser such as `syn` as a
//! development dependency would make Cargo build every procedural macro, and all that uses one, a
//! second time.)

mod lexer;
mod names;

use std::path::{Path, PathBuf};

/// Which rooms each room may use. `main` is the binary, `lib` the root of the crate.
const ALLOWED: &[(&str, &[&str])] = &[
    ("main", &["cli", "telemetry"]),
    ("lib", &[]),
    (
        "cli",
        &[
            "auth",
            "cast",
            "dicom",
            "failure",
            "feed",
            "fhir",
            "notify",
            "ops",
            "sandbox",
            "settings",
            "store",
            "sync",
            "telemetry",
        ],
    ),
    (
        "ops",
        &[
            "auth",
            "cast",
            "dicom",
            "failure",
            "feed",
            "fhir",
            "notify",
            "settings",
            "store",
            "sync",
            "telemetry",
        ],
    ),
    (
        "sync",
        &[
            "auth",
            "cast",
            "dicom",
            "failure",
            "feed",
            "fhir",
            "notify",
            "settings",
            "store",
            "telemetry",
        ],
    ),
    ("feed", &["auth", "dicom", "failure", "settings"]),
    ("cast", &["dicom", "failure", "settings"]),
    ("fhir", &["auth", "dicom", "failure", "settings"]),
    ("store", &["auth", "dicom", "failure", "settings"]),
    ("notify", &["auth", "dicom", "failure", "settings"]),
    ("auth", &["failure", "settings"]),
    ("dicom", &["failure"]),
    ("failure", &[]),
    ("settings", &["failure"]),
    ("telemetry", &["failure", "settings"]),
    ("sandbox", &[]),
];

/// Rooms that only compute.
const PURE: &[&str] = &["cast", "dicom"];

/// What a pure room may not name: paths, and the keywords of asynchronous code.
const IMPURE: &[&str] = &[
    "async", "await", "axum", "reqwest", "rusqlite", "std::fs", "std::net", "tokio",
];

/// What breaks the rule in one file, given by its path below `src`.
fn violations(file: &Path, source: &str) -> Vec<String> {
    let modules = modules(file);
    let room = modules.first().map_or("lib", String::as_str);
    let room = if file == Path::new("main.rs") {
        "main"
    } else {
        room
    };
    let allowed = ALLOWED.iter().find(|(name, _)| *name == room);
    let file = file.display();
    let Some((_, allowed)) = allowed else {
        return vec![format!("{file}: {room} is no room of the design")];
    };
    names::find(source, modules.len())
        .iter()
        .filter_map(|path| match path.strip_prefix("crate::") {
            Some(used) if used == room || allowed.contains(&used) => None,
            Some(used) => Some(format!("{file}: {room} may not use {used}")),
            None if PURE.contains(&room) && IMPURE.contains(&path.as_str()) => {
                Some(format!("{file}: {room} is pure, no {path}"))
            }
            None => None,
        })
        .collect()
}

/// The module path of a file: `feed/v1/page.rs` is `[feed, v1, page]`.
fn modules(file: &Path) -> Vec<String> {
    let mut modules: Vec<_> = file
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if modules.last().is_some_and(|last| last == "mod") || modules == ["lib"] || modules == ["main"]
    {
        modules.pop();
    }
    modules
}

/// The Rust files below a folder, relative to it.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.path().strip_prefix(folder).ok()?.to_owned()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn no_room_uses_one_that_it_must_not() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&sources);
    assert!(
        files.contains(&PathBuf::from("failure/mod.rs")),
        "{files:?}"
    );
    let found: Vec<_> = files
        .iter()
        .flat_map(|file| violations(file, &std::fs::read_to_string(sources.join(file)).unwrap()))
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_room_is_used_in_a_circle() {
    let uses = |room: &str| ALLOWED.iter().find(|(name, _)| *name == room).unwrap().1;
    for (room, _) in ALLOWED {
        let mut reached = uses(room).to_vec();
        let mut next = 0;
        while let Some(step) = reached.get(next) {
            let further: Vec<_> = uses(step)
                .iter()
                .filter(|further| !reached.contains(further))
                .collect();
            reached.extend(further);
            next += 1;
        }
        assert!(!reached.contains(room), "{room} leads back to itself");
    }
}

/// Rooms that may name who sends notifications; the others know the trait alone.
const MAY_NAME_SENDERS: &[&str] = &["cli", "notify"];

/// The types that a source implements `Notifier` for.
fn senders(source: &str) -> Vec<&str> {
    let tokens = lexer::tokens(source);
    let implementations = tokens.windows(4).filter_map(|four| match four {
        ["impl", "Notifier", "for", sender] => Some(*sender),
        _ => None,
    });
    implementations.collect()
}

#[test]
fn r73_no_room_but_notify_and_cli_names_a_sender_of_notifications() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources: Vec<_> = rust_files(&sources)
        .into_iter()
        .map(|file| {
            let source = std::fs::read_to_string(sources.join(&file)).unwrap();
            (file, source)
        })
        .collect();
    let senders: Vec<_> = sources
        .iter()
        .flat_map(|(_, source)| senders(source))
        .collect();
    for expected in ["LogNotifier", "WebhookNotifier"] {
        assert!(senders.contains(&expected), "{senders:?}");
    }
    for (file, source) in &sources {
        let room = modules(file).into_iter().next().unwrap_or_default();
        if !MAY_NAME_SENDERS.contains(&room.as_str()) {
            let named = names::find(source, modules(file).len());
            let named = named.iter().find(|word| senders.contains(&word.as_str()));
            assert_eq!(named, None, "{}", file.display());
        }
    }
}

/// File, source, and what the checker has to find in it.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    (
        "cast/mod.rs",
        "use crate::fhir::Client;",
        "cast may not use fhir",
    ),
    (
        "cast/mod.rs",
        "use crate::{dicom, sync::{self, Lane}};",
        "cast may not use sync",
    ),
    (
        "cast/mod.rs",
        "use {std::io, crate::{store as s}};",
        "cast may not use store",
    ),
    (
        "feed/v1/page.rs",
        "use super::super::super::cast::Change;",
        "feed may not use cast",
    ),
    (
        "feed/v1/page.rs",
        "use super::super::super::{auth, cast};",
        "feed may not use cast",
    ),
    (
        "feed/mod.rs",
        "mod tests { use super::super::sync::Lane; }",
        "feed may not use sync",
    ),
    (
        "feed/mod.rs",
        "use self::super::sync::Lane;",
        "feed may not use sync",
    ),
    (
        "dicom/tag.rs",
        "fn f() { println!(\"{}\", crate::settings::X); }",
        "dicom may not use settings",
    ),
    (
        "fhir/mod.rs",
        "type T = Vec<crate::cast::Delta>;",
        "fhir may not use cast",
    ),
    (
        "sync/mod.rs",
        "fn f() { ::radcast_sandbox::start() }",
        "sync may not use sandbox",
    ),
    (
        "ops/mod.rs",
        "pub(in crate::cli) fn f() {}",
        "ops may not use cli",
    ),
    ("failure/mod.rs", "use crate::*;", "failure may not use *"),
    (
        "failure/mod.rs",
        "use crate as root;",
        "failure may not use as",
    ),
    (
        "failure/mod.rs",
        "use crate::{self as root};",
        "failure may not use self",
    ),
    (
        "failure/mod.rs",
        "macro_rules! m { () => { $crate::feed::f() } }",
        "failure may not use feed",
    ),
    (
        "sandbox/mod.rs",
        "use crate::r#dicom::Tag;",
        "sandbox may not use dicom",
    ),
    (
        "main.rs",
        "use radcast_engine::Engine;",
        "main may not use sync",
    ),
    ("store.rs", "use super::sync;", "store may not use sync"),
    ("utils/mod.rs", "", "utils is no room of the design"),
    ("cast/mod.rs", "async fn f() {}", "cast is pure, no async"),
    (
        "cast/mod.rs",
        "fn f() { g().await }",
        "cast is pure, no await",
    ),
    (
        "cast/mod.rs",
        "use tokio::sync::mpsc;",
        "cast is pure, no tokio",
    ),
    (
        "dicom/mod.rs",
        "use std::{fmt, fs::File};",
        "dicom is pure, no std::fs",
    ),
    (
        "dicom/mod.rs",
        "fn f() { ::std::net::lookup() }",
        "dicom is pure, no std::net",
    ),
    (
        "dicom/mod.rs",
        "mod tests { use std::fs; }",
        "dicom is pure, no std::fs",
    ),
];

#[test]
fn a_forbidden_use_is_found_however_it_is_written() {
    for (file, source, found) in FORBIDDEN {
        let violations = violations(Path::new(file), source);
        let ends = violations.iter().filter(|v| v.ends_with(found)).count();
        assert_eq!((ends, violations.len()), (1, 1), "{source}: {violations:?}");
    }
}

/// File, and a source that the checker has to let pass.
const PERMITTED: &[(&str, &str)] = &[
    (
        "cast/mod.rs",
        "use crate::{dicom::Tag, failure, cast::Change};",
    ),
    (
        "cast/study/mod.rs",
        "pub(crate) fn f() { super::fhir::g(); self::store::h() }",
    ),
    (
        "cast/study/mod.rs",
        "/// See [`crate::fhir`].\nfn f() -> &'static str { \"crate::sync tokio\" }",
    ),
    (
        "cast/study.rs",
        "use super::super::dicom::Tag; // crate::fhir",
    ),
    (
        "cast/mod.rs",
        "mod tests { use super::fhir; use std::fmt; }",
    ),
    (
        "feed/mod.rs",
        "async fn f() { tokio::time::sleep(x).await }",
    ),
    ("lib.rs", "pub mod sync; pub mod cast;"),
    ("main.rs", "use radcast::cli; fn main() {}"),
];

#[test]
fn an_allowed_use_is_let_pass() {
    for (file, source) in PERMITTED {
        let violations = violations(Path::new(file), source);
        assert!(violations.is_empty(), "{source}: {violations:?}");
    }
}
