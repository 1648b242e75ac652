//! Pages of the documentation with parts that come from the code; the text around them is written
//! by hand.

use std::path::Path;

/// A generated part: the name in its markers, and what stands between them.
pub(super) type Part = (&'static str, String);

/// Compares the generated parts of a page with those in the repository, or rewrites them.
pub(super) fn assert_current(page: &str, parts: &[Part]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let present = std::fs::read_to_string(&path).unwrap();
    let filled = filled(&present, parts).unwrap_or_else(|marker| panic!("{marker} in {page}"));
    if std::env::var_os("RADCAST_GENERATE").is_some() {
        std::fs::write(&path, filled).unwrap();
    } else {
        assert_eq!(
            present, filled,
            "{page} is not current: run `make generate`"
        );
    }
}

/// The page with each part as it has to be, or the marker that is missing.
fn filled(page: &str, parts: &[Part]) -> Result<String, String> {
    let mut page = page.to_owned();
    for (name, part) in parts {
        let begin = format!("<!-- generated: {name} -->");
        let end = format!("<!-- end of: {name} -->");
        let from = page.find(&begin).map(|at| at + begin.len());
        let to = page.find(&end);
        let (Some(from), Some(to)) = (from, to) else {
            return Err(begin);
        };
        page.replace_range(from..to, &format!("\n\n{part}\n"));
    }
    Ok(page)
}
