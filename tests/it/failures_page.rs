//! `docs/failures.md` says what the code does.

use std::collections::BTreeSet;
use std::path::Path;

use radcast::ops::failures::Standing;
use radcast::settings;
use radcast_engine::failure::{Class, Code, Failure};
use radcast_engine::store::{FailureTable, RecordState, SqliteStore};
use radcast_engine::{Outcome, Retried, State};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/failures.md");
    std::fs::read_to_string(path).unwrap()
}

/// The states that code knows, by the names of their variants.
fn vocabulary() -> BTreeSet<String> {
    let (code, failure) = (Code::FhirTooBusy, Failure::new(Code::FhirTooBusy, ""));
    let states = [
        State::Starting,
        State::CatchingUp,
        State::Following,
        State::Retrying {
            code,
            sequence: None,
        },
        State::Paused(code),
        State::Standby,
    ];
    let fates = [
        Outcome::Applied,
        Outcome::Skipped(""),
        Outcome::Failed(failure.clone()),
    ];
    let retried = [
        Retried::Applied,
        Retried::Obsolete(""),
        Retried::Failed(failure),
    ];
    let records = [RecordState::Open, RecordState::Superseded];
    let standings = [
        Standing::Asked,
        Standing::Due(jiff::Timestamp::UNIX_EPOCH),
        Standing::OnSignal,
        Standing::NeedsUpload,
    ];
    let words = Class::ALL
        .iter()
        .map(|class| format!("{class:?}"))
        .chain(states.iter().map(|state| format!("{state:?}")))
        .chain(fates.iter().map(|fate| format!("{fate:?}")))
        .chain(retried.iter().map(|retried| format!("{retried:?}")))
        .chain(records.iter().map(|state| format!("{state:?}")))
        .chain(standings.iter().map(|standing| format!("{standing:?}")));
    words.map(|word| variant(&word).to_owned()).collect()
}

/// `Failed(…)` and `Retrying { … }` without what is in them.
fn variant(debug: &str) -> &str {
    debug.split(['(', ' ']).next().unwrap_or_default()
}

/// The edges of the state diagram below a heading.
fn edges(heading: &str) -> Vec<(String, String)> {
    let page = page();
    let section = page
        .split("\n### ")
        .find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("no section {heading:?}"));
    let (_, diagram) = section.split_once("```mermaid\nstateDiagram-v2\n").unwrap();
    let (diagram, _) = diagram.split_once("```").unwrap();
    let edge = |line: &str| {
        let (from, to) = line.split_once("-->").unwrap_or_else(|| panic!("{line:?}"));
        let to = to.split_once(':').map_or(to, |(to, _)| to);
        (from.trim().to_owned(), to.trim().to_owned())
    };
    diagram.lines().map(edge).collect()
}

/// Every state of the diagram is one of the code, and there is a way to each of them.
fn assert_is_of_the_code(heading: &str) -> Vec<(String, String)> {
    let (edges, vocabulary) = (edges(heading), vocabulary());
    assert!(edges.len() > 8, "{edges:?}");
    for state in edges.iter().flat_map(|(from, to)| [from, to]) {
        assert!(
            state == "[*]" || vocabulary.contains(state),
            "{state} is no state of the code"
        );
    }
    edges
}

fn leads(edges: &[(String, String)], from: &str, to: &str) -> bool {
    edges.iter().any(|(f, t)| f == from && t == to)
}

#[test]
fn r22_the_diagram_of_passing_failures_is_made_of_the_states_of_the_code() {
    let edges = assert_is_of_the_code("A passing failure");
    assert!(leads(&edges, "Retrying", "Applied"));
    assert!(leads(&edges, "Retrying", "Paused"));
    assert!(leads(&edges, "Retrying", "Failed"));
}

#[test]
fn r40_the_diagram_of_the_fhir_side_is_made_of_the_states_of_the_code() {
    let edges = assert_is_of_the_code("A failure on the FHIR side");
    assert!(leads(&edges, "Fhir", "Failed"));
    assert!(leads(&edges, "Setup", "Paused"));
    assert!(leads(&edges, "Conflict", "Applied"));
}

#[test]
fn r51_the_diagram_of_retries_on_signal_is_made_of_the_states_of_the_code() {
    let edges = assert_is_of_the_code("A retry on signal");
    for outcome in ["Applied", "Obsolete", "Failed"] {
        assert!(leads(&edges, "Asked", outcome), "{outcome}");
    }
}

#[test]
fn r21_every_table_and_every_column_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radcast.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut columns = Vec::new();
    for table in ["FailureTable", "SyncStateTable"] {
        connection
            .pragma(None, "table_info", table, |row| {
                columns.push(row.get::<_, String>("name")?);
                Ok(())
            })
            .unwrap();
    }
    assert!(columns.len() > 20, "{columns:?}");
    let page = page();
    let tables = FailureTable::ALL.map(|table| table.name().to_owned());
    let not_for_people = ["`ETag`"];
    for name in columns
        .into_iter()
        .chain(tables)
        .chain(["SyncStateTable".to_owned()])
    {
        let name = format!("`{name}`");
        let documented = page.lines().any(|line| {
            line.split('|')
                .nth(1)
                .is_some_and(|cell| cell.contains(&name))
        });
        assert!(
            documented || not_for_people.contains(&name.as_str()),
            "{name}"
        );
    }
}

#[test]
fn r52_the_page_states_the_defaults_of_the_retries_and_the_keys_to_change_them() {
    let page = page();
    let settings = settings::reference_page();
    let keys = settings
        .lines()
        .filter(|line| line.starts_with("| `RetryConfiguration:"));
    let mut count = 0;
    for row in keys {
        assert!(page.contains(row), "{row}");
        count += 1;
    }
    assert!(count >= 5, "{count} settings of retries");
    assert!(page.contains("failure of the FHIR side is **not** retried by itself"));
}

#[test]
fn r72_the_documented_cure_of_a_code_is_the_one_that_is_recorded() {
    let page = page();
    for code in Code::ALL {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{code}` |")));
        let row = row.unwrap_or_else(|| panic!("{code} is not documented"));
        assert!(
            row.contains(code.cure()) && row.contains(code.meaning()),
            "{row}"
        );
    }
}
