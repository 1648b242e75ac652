//! What the house asks of every source file and no lint checks.

use std::path::Path;

/// The most lines that a source file may have.
const LONGEST: usize = 800;

#[test]
fn no_source_file_is_too_long_to_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut read = 0;
    for entry in ["benches", "src", "tests"].map(|folder| root.join(folder)) {
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
