//! Notices when entries keep needing several attempts. Pure: it is told the time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::Kind;
use super::summary::{Moment, Summary};
use radcast_engine::failure::{Class, Code, Failure, Subject};

/// How many entries are remembered between a failed attempt and their end. Far fewer are under
/// way at once.
const MOST_FAILING: usize = 1_024;

/// Into how many parts the window is divided.
const PARTS: u32 = 10;

/// In how many of them entries have needed several attempts, when they keep doing so.
const MANY: usize = 5;

/// Notices when entries succeed only after being tried again, for a whole window and in half of
/// its tenths; that is over when none has for a whole window. However many are retried during one
/// short outage, they count once.
#[derive(Debug)]
pub(super) struct Persistence {
    window: Duration,
    /// Entries whose latest attempt failed for a passing cause, by sequence.
    failing: BTreeMap<u64, Code>,
    episode: Option<Episode>,
}

/// A time in which entries needed several attempts, without a quiet window.
#[derive(Debug)]
struct Episode {
    since: Instant,
    last: Instant,
    /// One moment for each part of the last window in which entries needed several attempts.
    marks: VecDeque<Instant>,
    recovered: Summary,
    told: bool,
}

impl Persistence {
    pub(super) const fn new(window: Duration) -> Self {
        Self {
            window,
            failing: BTreeMap::new(),
            episode: None,
        }
    }

    /// An attempt at an entry failed.
    pub(super) fn attempt_failed(&mut self, subject: &Subject, failure: &Failure) {
        let Some(sequence) = subject.sequence else {
            return;
        };
        if failure.class() == Class::Transient {
            self.failing.insert(sequence, failure.code);
        }
        if self.failing.len() > MOST_FAILING {
            self.failing.pop_first();
        }
    }

    /// An entry failed for good.
    pub(super) fn failed(&mut self, subject: &Subject) {
        subject
            .sequence
            .and_then(|sequence| self.failing.remove(&sequence));
    }

    /// Whether the latest attempt at an entry failed.
    pub(super) fn is_failing(&self, subject: &Subject) -> bool {
        let sequence = subject.sequence.as_ref();
        sequence.is_some_and(|sequence| self.failing.contains_key(sequence))
    }

    /// An entry was applied, and what is to be told of that.
    pub(super) fn applied(&mut self, subject: &Subject, now: Moment) -> Option<Summary> {
        let code = self.failing.remove(&subject.sequence?)?;
        let episode = self.episode.get_or_insert_with(|| Episode::new(code, now));
        episode.add(code, subject, now, self.window);
        let is_long = now.instant.duration_since(episode.since) >= self.window;
        if episode.told || !is_long || episode.marks.len() < MANY {
            return None;
        }
        episode.told = true;
        Some(episode.tell(Kind::TransientPersistent, code))
    }

    /// Ends what has been quiet for a window, and what is to be told of that.
    pub(super) fn due(&mut self, now: Moment) -> Option<Summary> {
        let is_over = self.next_due().is_some_and(|due| due <= now.instant);
        let episode = self.episode.take_if(|_| is_over)?;
        let code = episode.recovered.code;
        episode
            .told
            .then(|| episode.tell(Kind::TransientResolved, code))
    }

    /// When the present episode ends, if nothing more happens.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.episode
            .as_ref()
            .map(|episode| episode.last + self.window)
    }
}

impl Episode {
    const fn new(code: Code, now: Moment) -> Self {
        Self {
            since: now.instant,
            last: now.instant,
            marks: VecDeque::new(),
            recovered: Summary::empty(Kind::TransientPersistent, code, now),
            told: false,
        }
    }

    fn add(&mut self, code: Code, subject: &Subject, now: Moment, window: Duration) {
        self.last = now.instant;
        self.recovered.code = code;
        self.recovered.add(subject, now);
        let age = |mark: &Instant| now.instant.saturating_duration_since(*mark);
        while self.marks.front().is_some_and(|mark| age(mark) >= window) {
            self.marks.pop_front();
        }
        if self
            .marks
            .back()
            .is_none_or(|mark| age(mark) >= window / PARTS)
        {
            self.marks.push_back(now.instant);
        }
    }

    fn tell(&self, kind: Kind, code: Code) -> Summary {
        let count = self.recovered.count;
        let message = match kind {
            Kind::TransientResolved => {
                format!("it is over; {count} entries needed several attempts")
            }
            _ => {
                format!("for some time entries succeed only after several attempts, {count} so far")
            }
        };
        Summary {
            kind,
            code,
            message,
            ..self.recovered.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    struct Story {
        start: Instant,
        persistence: Persistence,
        sequence: u64,
    }

    fn story() -> Story {
        Story {
            start: Instant::now(),
            persistence: Persistence::new(WINDOW),
            sequence: 0,
        }
    }

    impl Story {
        fn at(&self, second: u64) -> Moment {
            Moment {
                instant: self.start + Duration::from_secs(second),
                time: Timestamp::from_second(i64::try_from(second).unwrap()).unwrap(),
            }
        }

        /// An entry succeeds at a second, after an attempt that failed with this code.
        fn recovers(&mut self, second: u64, code: Code) -> Option<Summary> {
            self.sequence += 1;
            let subject = Subject {
                sequence: Some(self.sequence),
                ..Subject::default()
            };
            let failure = Failure::new(code, "");
            self.persistence.attempt_failed(&subject, &failure);
            self.persistence.applied(&subject, self.at(second))
        }

        /// How often something is told when entries recover at these seconds.
        fn told(&mut self, seconds: impl IntoIterator<Item = u64>) -> usize {
            let recovered = seconds
                .into_iter()
                .filter_map(|second| self.recovers(second, Code::FhirTooBusy));
            recovered.count()
        }

        fn due(&mut self, second: u64) -> Option<Summary> {
            self.persistence.due(self.at(second))
        }
    }

    #[test]
    fn r84_transient_errors_that_keep_coming_are_told_once_and_resolved_after_a_quiet_time() {
        let mut story = story();
        assert_eq!(story.told((0..600).step_by(10)), 0, "not long enough");
        let told = story.recovers(600, Code::FhirTooBusy).unwrap();
        assert_eq!(
            (told.kind, told.code),
            (Kind::TransientPersistent, Code::FhirTooBusy)
        );
        assert_eq!((told.count, told.samples.len()), (61, 5));
        assert_eq!(told.first.as_second(), 0);
        assert_eq!(story.told((610..3_600).step_by(10)), 0, "once");
        assert_eq!(story.due(3_590 + 599), None);
        let resolved = story.due(3_590 + 600).unwrap();
        assert_eq!(
            (resolved.kind, resolved.count),
            (Kind::TransientResolved, 360)
        );
        assert_eq!(story.due(9_999), None, "once");
        assert_eq!(story.told((10_000..=10_600).step_by(10)), 1, "armed again");
    }

    #[test]
    fn one_outage_counts_once_however_many_entries_it_held_up() {
        let mut story = story();
        let outages = [0, 300, 599, 600].into_iter();
        assert_eq!(story.told(outages.flat_map(|second| [second; 50])), 0);
    }

    #[test]
    fn errors_that_are_far_between_are_not_told() {
        assert_eq!(story().told((0..36_000).step_by(150)), 0);
        assert_eq!(story().told((0..36_000).step_by(120)), 1);
    }

    #[test]
    fn an_episode_that_was_not_told_ends_silently() {
        let mut story = story();
        story.recovers(0, Code::FhirTooBusy);
        assert_eq!(story.persistence.next_due(), Some(story.at(600).instant));
        assert_eq!(story.due(600), None);
        assert_eq!(story.persistence.next_due(), None);
    }

    #[test]
    fn lost_races_and_entries_that_fail_for_good_do_not_count() {
        let mut story = story();
        for second in (0..1_200).step_by(10) {
            assert_eq!(story.recovers(second, Code::FhirConflict), None);
        }
        let subject = Subject {
            sequence: Some(5_000),
            ..Subject::default()
        };
        let busy = Failure::new(Code::FhirTooBusy, "");
        story.persistence.attempt_failed(&subject, &busy);
        story.persistence.failed(&subject);
        assert_eq!(story.persistence.applied(&subject, story.at(0)), None);
        assert!(story.persistence.episode.is_none());
    }

    #[test]
    fn entries_that_never_end_do_not_pile_up() {
        let mut story = story();
        let busy = Failure::new(Code::FhirTooBusy, "");
        for sequence in 0..5_000 {
            let subject = Subject {
                sequence: Some(sequence),
                ..Subject::default()
            };
            story.persistence.attempt_failed(&subject, &busy);
        }
        assert_eq!(story.persistence.failing.len(), MOST_FAILING);
    }
}
