//! The page that says why there are tables, against what there is.

use radcast::settings::reference_page;
use radcast_engine::store::FailureTable;

fn page(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join("docs").join(path)).unwrap()
}

/// What stands between backquotes and looks like a setting.
fn settings_named(page: &str) -> Vec<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted
        .filter(|text| text.contains(':') && !text.contains(['/', ' ']))
        .collect()
}

#[test]
fn r55_the_decision_for_tables_rejects_blob_and_queue_and_names_settings_that_exist() {
    let decision = page("decisions/table-storage.md");
    for told in [
        "**Table**: Azure Table Storage",
        "**Queue** is rejected",
        "**Blob** is rejected",
    ] {
        assert!(decision.contains(told), "{told}");
    }
    let reference = reference_page();
    for text in [&decision, &page("tables.md")] {
        let named = settings_named(text);
        assert!(named.len() >= 3, "{named:?}");
        for setting in named {
            assert!(reference.contains(&format!("| `{setting}` |")), "{setting}");
        }
    }
}

#[test]
fn r21_the_page_of_the_tables_names_all_of_them() {
    let tables = page("tables.md");
    for table in FailureTable::ALL {
        assert!(
            tables.contains(&format!("| `{}` |", table.name())),
            "{table:?}"
        );
        assert!(
            tables.contains(&format!("| `{}` |\n", table.category())),
            "{table:?}"
        );
    }
    assert!(tables.contains("`SyncStateTable`"));
}
