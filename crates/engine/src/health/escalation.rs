//! Notices when many entries fail alike, which is one fault and no longer so many bad entries.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Code;
use crate::options;

/// Notices when so many entries fail with one code within a time. Pure: it is told the time. It
/// keeps at most `Escalation:Count` times for each code.
#[derive(Debug)]
pub struct Escalation {
    count: usize,
    window: Duration,
    codes: BTreeMap<Code, Watch>,
}

/// Many entries failed with one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escalated {
    /// The code that they failed with.
    pub code: Code,
    /// How many did, within the window.
    pub count: u64,
}

/// What is known of one code.
#[derive(Debug)]
enum Watch {
    /// The times of its latest failures, oldest first, all within one window.
    Armed(VecDeque<Instant>),
    /// Told of; it is not told of again until no entry has failed with it for a whole window.
    Told { last: Instant },
}

impl Escalation {
    /// Notices what the settings call many.
    #[must_use]
    pub fn new(settings: &options::Escalation) -> Self {
        Self {
            count: settings.count.get(),
            window: settings.window,
            codes: BTreeMap::new(),
        }
    }

    /// An entry failed with this code. Answers once for each time that they become many.
    pub fn observe(&mut self, code: Code, now: Instant) -> Option<Escalated> {
        let watch = self.codes.entry(code).or_insert_with(Watch::armed);
        watch.rest(now, self.window);
        match watch {
            Watch::Told { last } => {
                *last = now;
                None
            }
            Watch::Armed(times) => {
                times.push_back(now);
                if times.len() < self.count {
                    return None;
                }
                let count = times.len() as u64;
                *watch = Watch::Told { last: now };
                Some(Escalated { code, count })
            }
        }
    }
}

impl Watch {
    const fn armed() -> Self {
        Self::Armed(VecDeque::new())
    }

    /// Forgets what is older than a window.
    fn rest(&mut self, now: Instant, window: Duration) {
        let is_old = |time: Instant| now.saturating_duration_since(time) >= window;
        match self {
            Self::Told { last } if is_old(*last) => *self = Self::armed(),
            Self::Told { .. } => {}
            Self::Armed(times) => {
                while times.front().is_some_and(|time| is_old(*time)) {
                    times.pop_front();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    fn escalation(count: usize) -> Escalation {
        Escalation::new(&options::Escalation {
            count: NonZeroUsize::new(count).unwrap(),
            window: WINDOW,
            pause: false,
        })
    }

    /// Whether each of these failures, given by its second, is the one that escalates.
    fn fires(escalation: &mut Escalation, seconds: &[u64]) -> Vec<bool> {
        let start = Instant::now();
        let at = |second: &u64| start + Duration::from_secs(*second);
        let observed = seconds
            .iter()
            .map(|second| escalation.observe(Code::FhirRejected, at(second)));
        observed.map(|escalated| escalated.is_some()).collect()
    }

    #[test]
    fn so_many_within_the_window_escalate_and_no_fewer() {
        let fired = fires(&mut escalation(3), &[0, 300, 599]);
        assert_eq!(fired, [false, false, true]);
        let fired = fires(&mut escalation(3), &[0, 300, 600, 899]);
        assert_eq!(fired, [false, false, false, true], "the window slides");
    }

    #[test]
    fn it_is_told_once_until_a_whole_window_was_quiet() {
        let fired = fires(&mut escalation(2), &[0, 1, 2, 500, 1099, 1698, 2298, 2299]);
        assert_eq!(
            fired,
            [false, true, false, false, false, false, false, true],
            "1698 to 2298 is quiet"
        );
    }

    #[test]
    fn codes_are_counted_apart() {
        let mut escalation = escalation(2);
        let now = Instant::now();
        for code in [Code::FhirRejected, Code::FhirTooLarge] {
            assert_eq!(escalation.observe(code, now), None);
        }
        let escalated = escalation.observe(Code::FhirRejected, now);
        let expected = Escalated {
            code: Code::FhirRejected,
            count: 2,
        };
        assert_eq!(escalated, Some(expected));
    }

    proptest! {
        /// Against the definition, by brute force, and never more kept than the count.
        #[test]
        fn it_fires_as_the_definition_says(
            steps in prop::collection::vec(0_u64..400, 1..60), count in 1_usize..6,
        ) {
            let start = Instant::now();
            let mut escalation = escalation(count);
            let (mut now, mut times, mut told) = (start, Vec::new(), None::<Instant>);
            for step in steps {
                now += Duration::from_secs(step);
                if told.is_some_and(|last| now - last >= WINDOW) {
                    told = None;
                    times.clear();
                }
                times.push(now);
                let within = times.iter().filter(|time| now - **time < WINDOW).count();
                let expected = told.is_none() && within >= count;
                if expected || told.is_some() {
                    told = Some(now);
                }
                let fired = escalation.observe(Code::FhirRejected, now).is_some();
                prop_assert_eq!(fired, expected);
                let kept = match &escalation.codes[&Code::FhirRejected] {
                    Watch::Armed(times) => times.len(),
                    Watch::Told { .. } => 1,
                };
                prop_assert!(kept <= count);
            }
        }
    }
}
