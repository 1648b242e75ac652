//! How far behind the feed the daemon is. Pure.

use std::time::Duration;

use jiff::Timestamp;

use radcast_engine::{State, Status};

/// How far behind the feed the daemon is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// How many sequence numbers the position is behind the newest entry.
    pub entries: u64,
    /// How long ago everything of the feed was settled; zero while it is.
    pub time: Duration,
}

/// Measures the lag from one look at the status to the next.
#[derive(Debug)]
pub(super) struct LagMeter {
    begun: Timestamp,
    /// Whether everything was settled at the last look.
    is_even: bool,
    /// The last moment at which everything is known to have been settled.
    last_even: Option<Timestamp>,
}

impl LagMeter {
    pub(super) const fn new(begun: Timestamp) -> Self {
        Self {
            begun,
            is_even: false,
            last_even: None,
        }
    }

    /// The lag now; `None` while the feed has not been heard of. `latest` is the newest sequence
    /// that anybody heard of.
    ///
    /// After a quiet weekend the position's time is that of Friday's last entry: so the lag counts
    /// from the last look at which nothing was left, if that was later.
    pub(super) fn measure(&mut self, status: &Status, latest: u64, now: Timestamp) -> Option<Lag> {
        if self.is_even {
            self.last_even = Some(now);
        }
        let known = latest > 0 || status.state == State::Following;
        self.is_even = known && status.position >= latest;
        if !known {
            return None;
        }
        if self.is_even {
            return Some(Lag::default());
        }
        let since = status.position_timestamp.max(self.last_even);
        let time = now.duration_since(since.unwrap_or(self.begun));
        Some(Lag {
            entries: latest - status.position,
            // The services' clocks may be ahead of ours.
            time: time.try_into().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn status(state: State, position: u64, time: Option<i64>) -> Status {
        Status {
            state,
            position,
            position_timestamp: time.map(at),
            ..Status::default()
        }
    }

    fn lag(entries: u64, seconds: u64) -> Option<Lag> {
        let time = Duration::from_secs(seconds);
        Some(Lag { entries, time })
    }

    #[test]
    fn r80_it_grows_while_behind_and_is_nothing_once_caught_up() {
        let mut meter = LagMeter::new(at(1_000));
        let starting = status(State::Starting, 0, None);
        assert_eq!(meter.measure(&starting, 0, at(1_000)), None);
        let behind = status(State::CatchingUp, 0, None);
        assert_eq!(meter.measure(&behind, 100, at(1_005)), lag(100, 5));
        assert_eq!(meter.measure(&behind, 100, at(1_007)), lag(100, 7));
        let on_the_way = status(State::CatchingUp, 60, Some(900));
        assert_eq!(meter.measure(&on_the_way, 100, at(1_008)), lag(40, 108));
        let done = status(State::Following, 100, Some(990));
        assert_eq!(meter.measure(&done, 100, at(1_009)), lag(0, 0));
    }

    #[test]
    fn after_a_quiet_time_it_starts_from_nothing() {
        let mut meter = LagMeter::new(at(0));
        let even = status(State::Following, 7, Some(10));
        assert_eq!(meter.measure(&even, 7, at(20)), lag(0, 0));
        let behind = status(State::CatchingUp, 7, Some(10));
        assert_eq!(meter.measure(&behind, 9, at(500_000)), lag(2, 0));
        assert_eq!(meter.measure(&behind, 9, at(500_003)), lag(2, 3));
    }

    #[test]
    fn a_restart_does_not_hide_the_backlog_and_an_empty_feed_has_none() {
        let mut meter = LagMeter::new(at(5_000));
        let behind = status(State::CatchingUp, 7, Some(1_000));
        assert_eq!(meter.measure(&behind, 9, at(5_001)), lag(2, 4_001));
        let mut meter = LagMeter::new(at(5_000));
        let empty = status(State::Following, 0, None);
        assert_eq!(meter.measure(&empty, 0, at(5_001)), lag(0, 0));
    }
}
