use proptest::prelude::*;

use super::*;

const SETTLE: Duration = Duration::from_secs(30);

fn at(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(1_700_000_000 + seconds).ok()
}

/// Gaps, with the answers that they are judged by.
struct Notes {
    gaps: Gaps,
    reading: Reading,
    start: Instant,
}

impl Notes {
    fn after(position: u64) -> Self {
        Self {
            gaps: Gaps::new(position, None, SETTLE),
            reading: Reading::default(),
            start: Instant::now(),
        }
    }

    /// An answer of these numbers, after so many seconds, of entries with their times. The feed has
    /// told that its newest time is `newest`.
    fn answer(
        &mut self,
        numbers: RangeInclusive<u64>,
        second: u64,
        rows: &[(u64, i64)],
        newest: Option<Timestamp>,
    ) -> Vec<u64> {
        self.reading = self.reading.next();
        let asked = self.start + Duration::from_secs(second);
        let mut new = Vec::new();
        for (number, happened) in rows {
            if self
                .gaps
                .observe(*number, at(*happened), asked, self.reading)
                == Novelty::New
            {
                new.push(*number);
            }
        }
        let told = rows.iter().filter_map(|(_, happened)| at(*happened)).max();
        let answer = Answer {
            numbers,
            reading: self.reading,
            asked,
            told,
            newest,
            has_nameless: false,
        };
        self.gaps.close(&answer, asked);
        new
    }

    fn overdue(&self, second: u64) -> Option<u64> {
        let now = self.start + Duration::from_secs(second);
        self.gaps.overdue(now).map(|(number, _)| number)
    }
}

#[test]
fn a_gap_holds_the_watermark_until_it_has_been_read_again_after_the_settle_time() {
    let mut notes = Notes::after(0);
    let rows = [(1, 0), (4, 1)];
    notes.answer(1..=10, 0, &rows, at(1));
    assert_eq!((notes.gaps.watermark(), notes.gaps.read_through()), (1, 4));
    notes.answer(2..=4, 15, &rows[1..], at(1));
    assert_eq!(notes.gaps.watermark(), 1);
    notes.answer(2..=4, 30, &rows[1..], at(1));
    assert_eq!(notes.gaps.watermark(), 4);
}

#[test]
fn a_gap_that_the_feed_itself_shows_to_be_old_closes_at_once() {
    let mut notes = Notes::after(10);
    notes.answer(11..=20, 0, &[(13, 0)], at(29));
    assert_eq!(notes.gaps.watermark(), 10);
    notes.answer(11..=13, 0, &[(13, 0)], at(30));
    assert_eq!(notes.gaps.watermark(), 13);
}

#[test]
fn a_late_commit_is_new_once_and_splits_its_gap() {
    let mut notes = Notes::after(0);
    notes.answer(1..=9, 0, &[(5, 0)], at(0));
    let gaps = &notes.gaps;
    assert!(gaps.is_new(3) && gaps.is_new(6) && !gaps.is_new(5));
    assert_eq!(notes.answer(1..=5, 1, &[(3, 0), (5, 0)], at(0)), [3]);
    assert!(notes.answer(1..=5, 2, &[(3, 0), (5, 0)], at(0)).is_empty());
    assert_eq!(notes.gaps.missing().collect::<Vec<_>>(), [1..=2, 4..=4]);
    assert_eq!(notes.gaps.watermark(), 0);
    assert_eq!(notes.gaps.missing_from(2), Some(2));
    assert_eq!(notes.gaps.missing_from(3), Some(4));
}

#[test]
fn a_window_not_read_again_keeps_its_gaps() {
    let mut notes = Notes::after(0);
    notes.answer(1..=100, 0, &[(49, 0), (100, 0)], None);
    notes.answer(50..=100, 30, &[(100, 0)], None);
    assert_eq!(notes.gaps.missing().collect::<Vec<_>>(), [1..=48]);
}

#[test]
fn a_gap_wider_than_an_answer_closes_piece_by_piece_and_last_with_the_entry_after_it() {
    let mut notes = Notes::after(0);
    notes.answer(901..=1_000, 0, &[(1_000, 0)], at(100));
    assert_eq!(notes.gaps.watermark(), 0);
    assert_eq!(notes.gaps.unjudged(at(100)), Some(1));
    let mut windows = Vec::new();
    while let Some(first) = notes.gaps.missing_from(0) {
        let window = notes.gaps.window_from(first, 10, 333);
        windows.push(window.clone());
        let shown = [(1_000, 0)];
        let rows = if window.contains(&1_000) {
            &shown[..]
        } else {
            &[]
        };
        notes.answer(window, 1, rows, at(100));
    }
    // The third would end right before the entry that shows how far its source has come.
    assert_eq!(windows, [1..=333, 334..=666, 667..=998, 999..=1_000]);
    assert_eq!(notes.gaps.watermark(), 1_000);
}

#[test]
fn what_lies_below_the_start_has_been_seen() {
    let mut notes = Notes::after(7);
    assert!(notes.answer(1..=10, 0, &[(7, 0)], None).is_empty());
    assert_eq!(notes.gaps.watermark(), 7);
}

#[test]
fn an_answer_without_the_entry_after_a_gap_closes_no_gap_however_old() {
    let mut notes = Notes::after(0);
    notes.answer(1..=10, 0, &[(1, 0), (4, 1), (6, 2)], at(2));
    for second in [10, 100, 1_000] {
        notes.answer(2..=6, second, &[(4, 1)], at(1_000));
        assert_eq!(notes.gaps.watermark(), 1, "{second}");
    }
    assert_eq!((notes.overdue(39), notes.overdue(40)), (None, Some(6)));
    // While the source is known to lag behind, not even what it holds around a gap shows anything.
    notes.answer(2..=4, 1_001, &[(4, 1)], at(1_000));
    assert_eq!(notes.gaps.watermark(), 1);
    notes.answer(2..=6, 1_002, &[(4, 1), (6, 2)], at(1_000));
    assert_eq!((notes.gaps.watermark(), notes.overdue(2_000)), (6, None));
}

#[test]
fn a_number_that_was_named_is_never_closed() {
    let mut notes = Notes::after(0);
    let start = notes.start;
    notes.gaps.expect(3, start);
    for second in [0, 31, 100_000] {
        notes.answer(1..=10, second, &[(1, 0), (5, 0)], at(20));
        assert_eq!(notes.gaps.watermark(), 1, "{second}");
    }
    notes.answer(1..=10, 100_000, &[(1, 0), (5, 0), (9, 1_000)], at(1_000));
    assert_eq!(
        notes.gaps.watermark(),
        1,
        "its own entries show nothing, either"
    );
    notes.gaps.close_old(0, at(1_000).unwrap(), notes.reading);
    assert_eq!(notes.gaps.watermark(), 1);
    assert!(notes.gaps.is_stuck(start + SETTLE));
    let rows = [(1, 0), (3, 0), (5, 0), (9, 1_000)];
    notes.answer(1..=10, 100_001, &rows, at(20));
    assert!(!notes.gaps.is_stuck(start + SETTLE));
    notes.answer(1..=10, 100_002, &rows, at(20));
    assert_eq!(notes.gaps.watermark(), 5);
}

#[test]
fn what_a_source_that_lags_behind_tells_is_old_by_its_own_entries_alone() {
    let mut notes = Notes::after(0);
    let start = notes.start;
    notes.answer(1..=9, 0, &[(1, 0), (3, 1), (5, 20)], at(20));
    notes.gaps.expect(9, start);
    notes.answer(2..=9, 60, &[(3, 1), (5, 20), (6, 30)], at(1_000));
    assert_eq!(notes.gaps.watermark(), 1);
    notes.answer(2..=9, 61, &[(3, 1), (5, 20), (6, 30), (7, 31)], at(1_000));
    assert_eq!(notes.gaps.watermark(), 3);
}

/// A feed of a few numbers: which exist, and how many seconds after its turn each is committed; and
/// how far sources lag at most. (From the one that lags, a late commit cannot be told from a number
/// that never comes.)
fn feeds() -> impl Strategy<Value = (Vec<Option<u64>>, u64)> {
    prop_oneof![Just((29_u64, 1_u64)), Just((0, 200))].prop_flat_map(|(late, lag)| {
        let late = (0..=late).prop_map(Some);
        let commit = prop_oneof![6 => Just(Some(0)), 2 => late, 2 => Just(None)];
        (prop::collection::vec(commit, 1..30), Just(lag))
    })
}

proptest! {
    /// Each number has its turn in its second. Answers come from sources that lag by any time: they
    /// hold what had been committed then.
    #[test]
    fn an_entry_that_exists_is_never_given_up_whoever_lags(
        (feed, most) in feeds(),
        reads in prop::collection::vec((0..120_u64, 2..40_u64, 0..200_u64), 1..30),
    ) {
        let mut notes = Notes::after(0);
        let (mut now, mut delivered) = (0, std::collections::BTreeSet::new());
        for (wait, width, lag) in reads {
            now += wait;
            let committed = |second: u64| -> Vec<(u64, i64)> {
                let numbers = (1_u64..).zip(&feed);
                let there = numbers.filter(|(number, commit)| {
                    commit.is_some_and(|late| number + late <= second)
                });
                there.map(|(number, _)| (number, number.cast_signed())).collect()
            };
            let newest = committed(now).last().copied();
            let first = notes.gaps.missing_from(0).unwrap_or(notes.gaps.read_through() + 1);
            let window = if notes.gaps.is_new(first) && first <= notes.gaps.read_through() {
                notes.gaps.window_from(first, width, 100)
            } else {
                first..=first + width
            };
            let mut rows = committed(now.saturating_sub(lag % most));
            rows.retain(|(number, _)| window.contains(number));
            delivered.extend(notes.answer(window, now, &rows, newest.and_then(|(_, time)| at(time))));
            for (number, commit) in (1..=notes.gaps.watermark()).zip(&feed) {
                prop_assert!(commit.is_none() || delivered.contains(&number), "{}", number);
            }
        }
    }
}
