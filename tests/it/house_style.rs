//! What the house asks of every source file and no lint checks.

use std::path::Path;

/// The most lines that a source file may have.
const LONGEST: usize = 800;

/// Whether a macro that logs names its event.
fn names_its_event(call: &str) -> bool {
    let end = call.find(");").unwrap_or(call.len());
    call[..end].contains("event")
}

#[test]
fn every_event_that_is_logged_has_a_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "crates"].map(|folder| walkdir::WalkDir::new(root.join(folder)));
    let mut read = 0;
    for file in folders.into_iter().flatten().flatten() {
        if file
            .path()
            .extension()
            .is_none_or(|extension| extension != "rs")
        {
            continue;
        }
        let source = std::fs::read_to_string(file.path()).unwrap();
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for level in ["trace!(", "debug!(", "info!(", "warn!(", "error!("] {
            for call in source.split(level).skip(1) {
                read += 1;
                let file = file.path().display();
                assert!(names_its_event(call), "{file}: {level}{call:.80}");
            }
        }
    }
    assert!(read > 20, "{read} events only");
}

#[test]
fn no_source_file_is_too_long_to_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut read = 0;
    for entry in ["benches", "crates", "src", "tests"].map(|folder| root.join(folder)) {
        for file in walkdir::WalkDir::new(entry).into_iter().flatten() {
            if file
                .path()
                .extension()
                .is_some_and(|extension| extension == "rs")
            {
                let lines = std::fs::read_to_string(file.path())
                    .unwrap()
                    .lines()
                    .count();
                assert!(lines <= LONGEST, "{}: {lines} lines", file.path().display());
                read += 1;
            }
        }
    }
    assert!(read > 10, "the sources were not found");
}
