//! One answer of the feed, taken apart entry by entry.

use std::cell::Cell;
use std::ops::RangeInclusive;

use bytes::Bytes;

use super::entry::{self, Row, into_malformed, parse};
use radcast_dicom::{Cursor, items_up_to};
use radcast_engine::failure::Redacted;

/// Entries as an answer lists them.
pub(super) type Rows = Vec<Row>;

/// An answer of the feed.
#[derive(Debug, Default)]
pub(super) struct PageAnswer {
    pub(super) rows: Rows,
    /// How many of them tell a number that was not asked for.
    pub(super) strays: usize,
}

/// Splits the text of a page, which may hold entries of these numbers, into one result for each
/// item of its array. An entry of another number is malformed. A malformed entry without a number
/// is given the one at its place, if that is free: pages are sorted.
///
/// Returns `None` for what is no complete JSON array.
#[must_use]
pub fn split(body: &Bytes, numbers: &RangeInclusive<u64>) -> Option<Vec<Row>> {
    let page = read(body, numbers, usize::MAX, false);
    page.ok().map(|page| page.rows)
}

/// Why a text is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPage {
    /// It is no complete JSON array.
    NotAnArray,
    /// It has more items than were asked for.
    TooMany,
}

/// As [`split`], of a page that was to have `most` entries; each with its text, if that is to be kept.
pub(super) fn read(
    body: &Bytes,
    numbers: &RangeInclusive<u64>,
    most: usize,
    keeps_raw: bool,
) -> Result<PageAnswer, NoPage> {
    let strays = Cell::new(0);
    let finish = |row, item: &Bytes| {
        if sequence(&row).is_some_and(|number| !numbers.contains(&number)) {
            strays.set(strays.get() + 1);
        }
        let mut row = confined(row, item, numbers);
        if keeps_raw {
            *raw(&mut row) = Some(Redacted::new(item.clone()));
        }
        row
    };
    let mut rows = match scan(body, most, finish) {
        Some(rows) => rows,
        None => {
            strays.set(0);
            let array = items_up_to(body, most).ok_or(NoPage::NotAnArray)?;
            if !array.complete && array.items.len() <= most {
                return Err(NoPage::NotAnArray);
            }
            let rows = array.items.iter();
            rows.map(|item| finish(parse(item), item)).collect()
        }
    };
    if rows.len() > most {
        return Err(NoPage::TooMany);
    }
    presume(&mut rows, numbers);
    let strays = strays.get();
    Ok(PageAnswer { rows, strays })
}

/// The items in one pass, up to one more than there should be; none where the text is not quite as it
/// should be.
fn scan(body: &Bytes, most: usize, finish: impl Fn(Row, &Bytes) -> Row) -> Option<Rows> {
    let mut cursor = Cursor::new(body);
    let (mut rows, mut more) = (Rows::new(), cursor.enter(b'[')?);
    while more && rows.len() <= most {
        let (row, item) = entry::scan(&mut cursor, body)?;
        rows.push(finish(row, &item));
        more = cursor.proceed(b'[')?;
    }
    Some(rows)
}

const fn raw(row: &mut Row) -> &mut Option<Redacted> {
    match row {
        Ok(entry) => &mut entry.raw,
        Err(malformed) => &mut malformed.raw,
    }
}

fn confined(row: Row, item: &Bytes, numbers: &RangeInclusive<u64>) -> Row {
    match row {
        Ok(entry) if !numbers.contains(&entry.sequence) => {
            let reason = "its sequence is not among those that were asked for";
            Err(into_malformed(entry, item, reason))
        }
        Err(mut malformed) => {
            let number = &mut malformed.subject.sequence;
            *number = number.filter(|number| numbers.contains(number));
            Err(malformed)
        }
        row => row,
    }
}

/// Gives malformed rows without a number the one at their place, if that is free.
pub(super) fn presume(rows: &mut Rows, numbers: &RangeInclusive<u64>) {
    let following = following(rows);
    let mut before = None;
    for (row, following) in rows.iter_mut().zip(following) {
        if let Err(malformed) = row
            && malformed.subject.sequence.is_none()
            && let Some(sequence) = presumed(before, following, numbers)
        {
            malformed.subject.sequence = Some(sequence);
            malformed
                .reason
                .push_str("; its sequence is presumed from its place in the page");
        }
        before = sequence(row).or(before);
    }
}

/// For each row, the next number behind it and how many places behind that is.
fn following(rows: &Rows) -> Vec<Option<(u64, u64)>> {
    let mut next = None;
    let mut following: Vec<_> = rows
        .iter()
        .rev()
        .map(|row| {
            let behind = next.map(|(number, distance)| (number, distance + 1));
            next = sequence(row).map(|number| (number, 0)).or(behind);
            behind
        })
        .collect();
    following.reverse();
    following
}

fn presumed(
    before: Option<u64>,
    following: Option<(u64, u64)>,
    numbers: &RangeInclusive<u64>,
) -> Option<u64> {
    let presumed = match (before, following) {
        (Some(before), _) => before + 1,
        (None, Some((after, distance))) => after.checked_sub(distance)?,
        (None, None) => return None,
    };
    let free = following.is_none_or(|(after, _)| presumed < after);
    (free && numbers.contains(&presumed)).then_some(presumed)
}

pub(super) fn sequence(entry: &Row) -> Option<u64> {
    match entry {
        Ok(entry) => Some(entry.sequence),
        Err(malformed) => malformed.subject.sequence,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(sequence: &str) -> String {
        format!(
            r#"{{{sequence}"studyInstanceUid":"1","seriesInstanceUid":"2","sopInstanceUid":"3","action":"delete","state":"deleted"}}"#
        )
    }

    fn sequences(items: &[String]) -> Vec<(Option<u64>, bool)> {
        let body = Bytes::from(format!("[{}]", items.join(",")));
        split(&body, &(4..=9))
            .unwrap()
            .iter()
            .map(|e| (sequence(e), e.is_ok()))
            .collect()
    }

    #[test]
    fn a_malformed_entry_without_a_number_takes_the_free_one_at_its_place() {
        let items = [
            entry("\"sequence\":4,"),
            entry(""),
            entry("\"sequence\":6,"),
        ];
        assert_eq!(
            sequences(&items),
            [(Some(4), true), (Some(5), false), (Some(6), true)]
        );
    }

    #[test]
    fn no_number_is_presumed_where_none_is_free() {
        let items = [
            entry("\"sequence\":4,"),
            entry(""),
            entry("\"sequence\":5,"),
        ];
        assert_eq!(sequences(&items)[1], (None, false));
    }

    #[test]
    fn numbers_are_presumed_one_after_the_other_and_never_twice() {
        let numbers = |items: &[String]| -> Vec<_> {
            let sequences = sequences(items).into_iter();
            sequences.map(|(number, _)| number).collect()
        };
        let [four, six] = [4, 6].map(|number| entry(&format!("\"sequence\":{number},")));
        let nameless = || entry("");
        assert_eq!(
            numbers(&[nameless(), nameless(), six.clone()]),
            [Some(4), Some(5), Some(6)]
        );
        assert_eq!(
            numbers(&[four.clone(), nameless(), nameless(), six]),
            [Some(4), Some(5), None, Some(6)]
        );
        assert_eq!(numbers(&[nameless(), four]), [None, Some(4)]);
        assert_eq!(numbers(&[nameless()]), [None]);
    }

    #[test]
    fn an_entry_of_a_number_that_was_not_asked_for_is_malformed() {
        let stray = entry("\"sequence\":9000000000000000000,");
        let items = [entry("\"sequence\":7,"), stray];
        assert_eq!(sequences(&items), [(Some(7), true), (Some(8), false)]);
        let body = Bytes::from(format!("[{}]", items.join(",")));
        let rows = split(&body, &(4..=9)).unwrap();
        assert!(rows[1].as_ref().unwrap_err().subject.digest.is_some());
    }

    #[test]
    fn a_page_of_more_items_than_were_asked_for_is_none() {
        let good = entry("\"sequence\":7,");
        for item in [good.as_str(), "1", "{}"] {
            for (count, outcome) in [(2, Ok(2)), (3, Err(NoPage::TooMany))] {
                let body = Bytes::from(format!("[{}]", vec![item; count].join(",")));
                let page = read(&body, &(1..=9), 2, false);
                assert_eq!(page.map(|page| page.rows.len()), outcome, "{item}");
            }
        }
        let open = Bytes::from_static(b"[1,2");
        assert!(matches!(
            read(&open, &(1..=9), 2, false),
            Err(NoPage::NotAnArray)
        ));
    }

    #[test]
    fn a_page_of_a_hundred_thousand_nameless_items_is_split_in_no_time() {
        let body = Bytes::from(format!("[{}1]", "1,".repeat(99_999)));
        assert_eq!(split(&body, &(1..=100)).unwrap().len(), 100_000);
    }

    #[test]
    fn each_entry_comes_with_its_text_only_if_asked_and_tells_nobody() {
        let items = [entry("\"sequence\":4,"), "\"Doe^Jane\"".to_owned()];
        let body = Bytes::from(format!("[{}]", items.join(",")));
        let mut rows = read(&body, &(4..=9), 9, true).unwrap().rows;
        for (row, item) in rows.iter_mut().zip(&items) {
            assert_eq!(raw(row).as_ref().unwrap().reveal(), item);
        }
        assert!(!format!("{rows:?}").contains("Jane"));
        let mut rows = read(&body, &(4..=9), 9, false).unwrap().rows;
        assert!(rows.iter_mut().all(|row| raw(row).is_none()));
    }

    #[test]
    fn a_broken_off_page_is_no_page() {
        for body in ["[{\"sequence\":1}", "<html>"] {
            assert!(split(&Bytes::from_static(body.as_bytes()), &(1..=9)).is_none());
        }
    }

    /// What is read of a page, in one pass or item by item.
    fn told(rows: &Rows) -> Vec<String> {
        let told = |row: &Row| match row {
            Ok(entry) => {
                let tag = dicom_core::Tag(0x0008, 0x0060);
                let modality = entry.data.as_ref().map(|m| m.code_string(tag).ok());
                format!("{entry:?} {modality:?}")
            }
            Err(malformed) => format!("{malformed:?}"),
        };
        rows.iter().map(told).collect()
    }

    /// Pages of entries whose members are there, missing, doubled or broken.
    fn pages() -> impl Strategy<Value = String> {
        let dataset = r#"\{"00080060":\{"vr":"CS","Value":\["(CT|M\\\\"R)"\]\}( |),"x":NaN\}"#;
        let member = prop_oneof![
            8 => dataset.prop_map(|dataset| format!(r#""metadata":{dataset}"#)),
            2 => dataset.prop_map(|dataset| format!(r#""METADATA": {dataset}"#)),
            2 => Just(r#""metadata":null"#.to_owned()),
            1 => "\"(metadata|meta\\\\u0064ata|x)\"[: ](null|7|NaN|\\{|\\[1,\\}|\"\\\\\"\\]\")",
        ];
        let members = || prop::collection::vec(member.clone(), 0..2);
        let entry = (members(), "(4|4.5|)", members()).prop_map(|(mut all, sequence, more)| {
            all.push(format!(
                r#""sequence" : 4{sequence},"action":"create","state":"current""#
            ));
            all.push(
                r#""studyInstanceUid":"1","seriesInstanceUid":"2","sopInstanceUid":"3""#.into(),
            );
            all.extend(more);
            format!("{{{}}}", all.join(","))
        });
        let item = prop_oneof![12 => entry, 1 => "(7| |null|\\{|\\}|\\]|\")"];
        let items = prop::collection::vec(item, 0..4);
        (items, "(\\]|\\]|\\],|)").prop_map(|(all, end)| format!("[{}{end}", all.join(",")))
    }

    proptest! {
        #[test]
        fn one_pass_reads_what_item_by_item_is_read(page in pages()) {
            let body = Bytes::from(page);
            if let Some(rows) = scan(&body, usize::MAX, |row, _| row) {
                let array = items_up_to(&body, usize::MAX).filter(|array| array.complete);
                let slow: Rows = array.unwrap().items.iter().map(parse).collect();
                prop_assert_eq!(told(&rows), told(&slow));
            }
        }
    }

    #[test]
    fn a_page_as_it_should_be_is_read_in_one_pass() {
        let items =
            [4, 5].map(|number| entry(&format!("\"metadata\": {{}},\"sequence\":{number},")));
        let body = Bytes::from(format!(" [{} ]", items.join(" , ")));
        assert_eq!(
            scan(&body, usize::MAX, |row, _| row).map(|rows| rows.len()),
            Some(2)
        );
        assert_eq!(
            scan(&Bytes::from_static(b"[]"), 1, |row, _| row).map(|rows| rows.len()),
            Some(0)
        );
    }
}
