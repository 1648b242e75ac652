//! Bad input at scale: feed pages that were mutated at random, but the same ones each time.
//!
//! `RADCAST_MUTATED_PAGE=4711` replays the page of that seed alone and prints it.

pub mod mutation;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use radcast::settings::Validation;
use radcast_dicomweb::Entry;
use radcast_dicomweb::split;
use radcast_engine::feed::MalformedEntry;
use radcast_engine::{Reading, Target};
use radcast_fhir::cast::Rules;
use radcast_fhir::client::FhirClient;
use radcast_fhir::target::FhirTarget;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::cast_world::rules;
use mutation::{CANARY, Mutator};

/// How many pages are made.
const PAGES: u64 = 100_000;

/// The numbers that an entry may have.
const NUMBERS: std::ops::RangeInclusive<u64> = 1..=i64::MAX.unsigned_abs();

#[test]
fn bad_input_in_a_hundred_thousand_pages_loses_no_entry_and_panics_nowhere() {
    let checker = Checker::new();
    if let Some(seed) = std::env::var_os("RADCAST_MUTATED_PAGE") {
        let seed = seed.to_str().unwrap().parse().unwrap();
        println!("{}", String::from_utf8_lossy(&checker.mutator.page(seed)));
        checker.check(seed);
        return;
    }
    let mut tally = Tally::default();
    for seed in 0..PAGES {
        match catch_unwind(AssertUnwindSafe(|| checker.check(seed))) {
            Ok(seen) => tally.add(&seen),
            Err(_) => panic!("page {seed} failed; RADCAST_MUTATED_PAGE={seed} replays it"),
        }
    }
    println!("{tally:?}");
    tally.assert_worth_it();
}

#[test]
fn bad_input_nested_ever_so_deep_overflows_no_stack() {
    let deep = || {
        let checker = Checker::new();
        let nest =
            |open: &str, close: &str| format!("{}{}", open.repeat(200_000), close.repeat(200_000));
        let good = checker.mutator.entry(0);
        for nested in [
            nest("[", "]"),
            nest(r#"{"a":"#, "}"),
            nest("[", ""),
            nest(r#"{"a":["#, "]}"),
        ] {
            let within = good.replace("\"20240601\"", &nested);
            assert!(within.len() > good.len());
            for page in [
                format!("[{good},{nested},{within}]"),
                format!("[{good},{within}]"),
                nested,
            ] {
                checker.check_page(&Bytes::from(page));
            }
        }
    };
    // As much as a thread of the runtime has, and far less than a level of nesting may take.
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(deep);
    thread.unwrap().join().unwrap();
}

/// What became of the items of pages.
#[derive(Debug, Default)]
struct Tally {
    /// Pages that are no complete array.
    unsplit: u64,
    /// Entries that both levels take, that only the partial one takes, and that neither does.
    whole: u64,
    partial: u64,
    refused: u64,
    malformed: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.unsplit += other.unsplit;
        self.whole += other.whole;
        self.partial += other.partial;
        self.refused += other.refused;
        self.malformed += other.malformed;
    }

    /// Mutations that destroyed everything, or nothing, would prove nothing.
    fn assert_worth_it(&self) {
        for count in [
            self.unsplit,
            self.whole,
            self.partial,
            self.refused,
            self.malformed,
        ] {
            assert!(count > PAGES / 50, "{self:?}");
        }
    }
}

/// The code under test, by both validation levels.
struct Checker {
    mutator: Mutator,
    full: FhirTarget,
    partial: FhirTarget,
}

impl Checker {
    fn new() -> Self {
        let target = |validation| {
            let nowhere = "http://127.0.0.1:9/fhir".parse().unwrap();
            let client = FhirClient::new(&nowhere, Duration::from_secs(1)).unwrap();
            let rules = Rules {
                validation,
                ..rules()
            };
            FhirTarget::new(client, rules)
        };
        Self {
            mutator: Mutator::new(),
            full: target(Validation::Full),
            partial: target(Validation::Partial),
        }
    }

    fn check(&self, seed: u64) -> Tally {
        self.check_page(&Bytes::from(self.mutator.page(seed)))
    }

    fn check_page(&self, page: &Bytes) -> Tally {
        let mut tally = Tally::default();
        let Some(rows) = split(page, &NUMBERS) else {
            let array = serde_json::from_slice::<Vec<&RawValue>>(page);
            assert!(
                array.is_err(),
                "a page of {} items is lost",
                array.unwrap().len()
            );
            tally.unsplit = 1;
            return tally;
        };
        let items = items(page);
        assert_eq!(rows.len(), items.len(), "one result for each item");
        for (row, item) in rows.iter().zip(items) {
            match (row, self.mutator.sequence_of(item)) {
                (Ok(entry), Some(untouched)) => assert_eq!(entry.sequence, untouched),
                (Ok(entry), None) => self.check_entry(entry, &mut tally),
                (Err(_), Some(_)) => panic!("an untouched entry is lost"),
                (Err(malformed), None) => check_malformed(malformed, item, &mut tally),
            }
        }
        tally
    }

    fn check_entry(&self, entry: &Entry, tally: &mut Tally) {
        assert!(NUMBERS.contains(&entry.sequence));
        assert_tells_nothing(&format!("{:?}", entry.subject()));
        let (full, partial) = (self.full.read(entry), self.partial.read(entry));
        match (full, partial) {
            (
                Reading::Change { warnings, .. },
                Reading::Change {
                    warnings: partial, ..
                },
            ) => {
                assert!(warnings.is_empty() && partial.is_empty());
                tally.whole += 1;
            }
            (Reading::Skip(full), Reading::Skip(partial)) => assert_eq!(full, partial),
            (Reading::Refuse(failure), Reading::Change { warnings, .. }) => {
                let told: Vec<_> = warnings.iter().map(ToString::to_string).collect();
                let told = told.join("; ").replace("; not stored in FHIR", "");
                let told = told.replace("; stored in FHIR all the same", "");
                assert_eq!(failure.message, told, "both levels tell of the same values");
                assert_tells_nothing(&told);
                tally.partial += 1;
            }
            (Reading::Refuse(full), Reading::Refuse(partial)) => {
                assert_eq!(full, partial);
                assert!(!full.message.is_empty());
                assert_tells_nothing(&full.message);
                tally.refused += 1;
            }
            (full, partial) => panic!("full: {full:?}, partial: {partial:?}"),
        }
    }
}

fn check_malformed(malformed: &MalformedEntry, item: &[u8], tally: &mut Tally) {
    let hash: String = Sha256::digest(item)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(malformed.subject.digest.as_deref(), hash.get(..16));
    assert!(!malformed.reason.is_empty());
    assert_tells_nothing(&format!("{malformed:?}"));
    tally.malformed += 1;
}

/// Whatever goes wrong, nothing that stood in the page is told but UIDs and short words.
fn assert_tells_nothing(told: &str) {
    assert!(!told.contains(CANARY), "{told}");
}

/// The items of a page that is an array, found in another way than the code under test does.
fn items(page: &[u8]) -> Vec<&[u8]> {
    let blank = |byte: &u8| b" \t\r\n".contains(byte);
    let page = page.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(page);
    let (mut items, mut begin, mut depth, mut at) = (Vec::new(), 0, 0_u32, 0);
    let (mut quoted, mut ended) = (false, false);
    while at < page.len() && !ended {
        match page[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                begin = if depth == 1 { at + 1 } else { begin };
            }
            b']' if depth == 1 => ended = true,
            b']' | b'}' if depth > 1 => depth -= 1,
            _ => {}
        }
        if !quoted && depth == 1 && (ended || page[at] == b',') {
            items.push(&page[begin..at]);
            begin = at + 1;
        }
        at += 1;
    }
    let trimmed = items.into_iter().map(|item| {
        let start = item
            .iter()
            .position(|byte| !blank(byte))
            .unwrap_or(item.len());
        let end = item
            .iter()
            .rposition(|byte| !blank(byte))
            .map_or(start, |last| last + 1);
        &item[start..end]
    });
    trimmed.filter(|item| !item.is_empty()).collect()
}
