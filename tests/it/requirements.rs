//! Every requirement of the retry policy, and every fault of dicom-cast that must be impossible,
//! has a test whose name begins with its number.

use std::collections::BTreeSet;
use std::path::Path;

/// Alert rules, which are deployed and not part of the program.
const ALERT_RULES: [u32; 2] = [82, 83];

/// The first words of the names of all tests, such as `r14`.
fn numbers() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files =
        ["src", "crates", "tests/it"].map(|folder| walkdir::WalkDir::new(root.join(folder)));
    let mut found = BTreeSet::new();
    for file in files.into_iter().flatten().flatten() {
        if file
            .path()
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            let source = std::fs::read_to_string(file.path()).unwrap();
            found.extend(numbers_of(&source));
        }
    }
    found
}

/// The numbers in the names of the functions that are marked as tests, or are tests of a contract.
fn numbers_of(source: &str) -> Vec<String> {
    let mut marked = false;
    let mut contract = false;
    let mut found = Vec::new();
    for line in source.lines().map(str::trim) {
        if contract {
            contract = line != "}";
            found.extend(numbers_in(line));
        }
        contract |= line == "contract! {";
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        }
        let name = line
            .strip_prefix("async fn ")
            .or_else(|| line.strip_prefix("fn "))
            .filter(|_| marked);
        if let Some(name) = name {
            marked = false;
            found.extend(numbers_in(name));
        }
    }
    found
}

/// The numbers that a name begins with.
fn numbers_in(name: &str) -> impl Iterator<Item = String> {
    let words = name.split(['_', '(']);
    words.take_while(|word| is_number(word)).map(str::to_owned)
}

fn is_number(word: &str) -> bool {
    let digits = word.trim_start_matches("rx").trim_start_matches(['r', 'w']);
    digits.len() < word.len() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[test]
fn every_requirement_has_a_test_with_its_number() {
    let required = (1..=85).filter(|number| !ALERT_RULES.contains(number));
    let expected: Vec<String> = required
        .map(|number| format!("r{number:02}"))
        .chain((1..=11).map(|number| format!("rx{number}")))
        .chain((1..=14).chain([34]).map(|number| format!("w{number}")))
        .collect();
    let there = numbers();
    let missing: Vec<_> = expected
        .iter()
        .filter(|number| !there.contains(*number))
        .collect();
    assert!(missing.is_empty(), "no test is named after {missing:?}");
}

#[test]
fn only_names_of_tests_count() {
    let source = "
        fn r01_no_test() {}
        #[test]
        fn r02_a_test() {}
        #[tokio::test(flavor = \"multi_thread\")]
        async fn r03_rx4_w5_three_at_once() {}
        #[test]
        fn a_test_of_r06() {}
        contract! {
            r07_of_every_store
        }
        r08_outside";
    assert_eq!(numbers_of(source), ["r02", "r03", "rx4", "w5", "r07"]);
}
