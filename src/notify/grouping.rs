//! Failures that are alike, as one notification. Pure: it is told the time.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Kind;
use super::summary::{Moment, Summary};
use radcast_engine::failure::{Code, Failure, Subject};

/// Puts failures of one kind and code together: the first is told at once, the others of an
/// interval at its end. It holds at most one group for each kind and code.
#[derive(Debug)]
pub(super) struct Grouping {
    interval: Duration,
    groups: BTreeMap<(Kind, Code), Group>,
}

/// What has happened in the present interval of one kind and code.
#[derive(Debug)]
struct Group {
    ends: Instant,
    gathered: Option<Summary>,
    /// How much of what is gathered has been told.
    told: u64,
}

impl Grouping {
    /// Groups by this interval; when it is zero, not at all.
    pub(super) const fn new(interval: Duration) -> Self {
        Self {
            interval,
            groups: BTreeMap::new(),
        }
    }

    /// A failure, and what is to be told at once.
    pub(super) fn observe(
        &mut self,
        kind: Kind,
        subject: &Subject,
        failure: &Failure,
        now: Moment,
    ) -> Option<Summary> {
        if self.interval.is_zero() {
            return Some(Summary::of_failure(kind, subject, failure, now));
        }
        if let Some(group) = self.groups.get_mut(&(kind, failure.code)) {
            let gathered = group
                .gathered
                .get_or_insert(Summary::empty(kind, failure.code, now));
            gathered.add_failure(subject, failure, now);
            return None;
        }
        let first = Summary::of_failure(kind, subject, failure, now);
        let group = Group {
            ends: now.instant + self.interval,
            gathered: Some(first.clone()),
            told: first.count,
        };
        self.groups.insert((kind, failure.code), group);
        Some(first)
    }

    /// What is to be told now, as intervals have ended.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Summary> {
        let mut due = Vec::new();
        let next = now + self.interval;
        self.groups.retain(|_, group| {
            if group.ends > now {
                return true;
            }
            let told = group.take_untold();
            group.ends = next;
            let continues = told.is_some();
            due.extend(told);
            continues
        });
        due
    }

    /// What would have been told later.
    pub(super) fn rest(&mut self) -> Vec<Summary> {
        let groups = std::mem::take(&mut self.groups).into_values();
        groups.filter_map(|mut group| group.take_untold()).collect()
    }

    /// Some of the entries that failed with this code in the present interval.
    pub(super) fn samples(&self, code: Code) -> Vec<Subject> {
        let group = self.groups.get(&(Kind::EntryFailed, code));
        let gathered = group.and_then(|group| group.gathered.as_ref());
        gathered.map_or_else(Vec::new, |gathered| gathered.samples.clone())
    }

    /// When an interval ends next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.groups.values().map(|group| group.ends).min()
    }
}

impl Group {
    /// What was gathered, if there is more of it than was told. The next interval starts empty.
    fn take_untold(&mut self) -> Option<Summary> {
        let told = std::mem::take(&mut self.told);
        self.gathered
            .take()
            .filter(|gathered| gathered.count > told)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(60);

    struct Story {
        start: Instant,
        grouping: Grouping,
    }

    fn story(interval: Duration) -> Story {
        Story {
            start: Instant::now(),
            grouping: Grouping::new(interval),
        }
    }

    impl Story {
        /// An entry fails at a second.
        fn fails(&mut self, second: u64, sequence: u64, code: Code) -> Option<Summary> {
            let now = Moment {
                instant: self.start + Duration::from_secs(second),
                time: Timestamp::from_second(i64::try_from(second).unwrap()).unwrap(),
            };
            let subject = subject(sequence);
            let failure = Failure::new(code, format!("entry {sequence}"));
            self.grouping
                .observe(Kind::EntryFailed, &subject, &failure, now)
        }

        fn due(&mut self, second: u64) -> Vec<Summary> {
            self.grouping.due(self.start + Duration::from_secs(second))
        }
    }

    fn subject(sequence: u64) -> Subject {
        Subject {
            sequence: Some(sequence),
            study: Some(format!("1.2.{sequence}")),
            ..Subject::default()
        }
    }

    #[test]
    fn r85_five_failures_alike_are_grouped_with_count_and_samples() {
        let mut story = story(INTERVAL);
        let first = story.fails(0, 1, Code::FhirRejected).unwrap();
        assert_eq!((first.count, first.samples), (1, vec![subject(1)]));
        for sequence in 2..=5 {
            assert_eq!(story.fails(sequence, sequence, Code::FhirRejected), None);
        }
        assert_eq!(story.due(59), []);
        let [group] = story.due(60).try_into().unwrap();
        assert_eq!(
            (group.kind, group.code),
            (Kind::EntryFailed, Code::FhirRejected)
        );
        assert_eq!(group.count, 5);
        assert_eq!(group.samples, (1..=5).map(subject).collect::<Vec<_>>());
        assert_eq!((group.first.as_second(), group.last.as_second()), (0, 5));
        assert_eq!(group.message, "entry 5");
    }

    #[test]
    fn r85_five_failures_that_differ_are_not_grouped() {
        let mut story = story(INTERVAL);
        for (sequence, code) in (1..).zip(&Code::ALL[..5]) {
            let told = story.fails(0, sequence, *code).unwrap();
            assert_eq!((told.code, told.count), (*code, 1));
        }
        assert_eq!(story.due(60), []);
    }

    #[test]
    fn what_goes_on_is_told_once_an_interval_and_a_quiet_interval_ends_it() {
        let mut story = story(INTERVAL);
        story.fails(0, 1, Code::FhirRejected).unwrap();
        assert_eq!(story.fails(1, 2, Code::FhirRejected), None);
        assert_eq!(story.due(60)[0].count, 2);
        assert_eq!(story.fails(61, 3, Code::FhirRejected), None);
        let second = story.due(120).remove(0);
        assert_eq!((second.count, second.samples), (1, vec![subject(3)]));
        assert_eq!(second.first.as_second(), 61);
        assert_eq!(story.due(180), []);
        assert_eq!(story.grouping.next_due(), None);
        assert!(story.fails(181, 4, Code::FhirRejected).is_some());
    }

    #[test]
    fn kinds_are_told_apart() {
        let mut story = story(INTERVAL);
        story.fails(0, 1, Code::FhirRejected).unwrap();
        let now = Moment {
            instant: story.start,
            time: Timestamp::UNIX_EPOCH,
        };
        let failure = Failure::new(Code::FhirRejected, "");
        let told = story
            .grouping
            .observe(Kind::RetryFailed, &subject(1), &failure, now);
        assert_eq!(told.unwrap().kind, Kind::RetryFailed);
    }

    #[test]
    fn without_an_interval_each_is_told() {
        let mut story = story(Duration::ZERO);
        for sequence in 1..=3 {
            let told = story.fails(0, sequence, Code::FhirRejected).unwrap();
            assert_eq!(told.count, 1);
        }
        assert_eq!(story.grouping.next_due(), None);
    }

    #[test]
    fn the_rest_is_told_early_when_it_ends() {
        let mut story = story(INTERVAL);
        story.fails(0, 1, Code::FhirRejected).unwrap();
        story.fails(0, 2, Code::FhirTooLarge).unwrap();
        story.fails(1, 3, Code::FhirTooLarge);
        let [rest] = story.grouping.rest().try_into().unwrap();
        assert_eq!((rest.code, rest.count), (Code::FhirTooLarge, 2));
        assert_eq!(story.due(60), []);
    }

    proptest! {
        /// No failure goes untold, and a group has no more samples than it may.
        #[test]
        fn every_failure_is_counted_in_what_is_told(
            steps in prop::collection::vec((0_u64..40, 0_usize..3), 1..80),
        ) {
            let mut story = story(INTERVAL);
            let (mut second, mut told) = (0, Vec::new());
            for (sequence, (step, code)) in (1..).zip(&steps) {
                second += step;
                told.extend(story.due(second));
                told.extend(story.fails(second, sequence, Code::ALL[*code]));
            }
            told.extend(story.grouping.rest());
            // What is told at once is told of again with its group, if that has more.
            let key = |told: &Summary| (told.code, told.first);
            let last = told.iter().rev().enumerate().filter(|(at, one)| {
                told[told.len() - at..].iter().all(|later| key(later) != key(one))
            });
            let counted: u64 = last.map(|(_, one)| one.count).sum();
            prop_assert_eq!(counted, steps.len() as u64);
            prop_assert!(told.iter().all(|one| one.samples.len() <= 5));
        }
    }
}
