//! Which entries are settled, and how far the position may move. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::store::SyncState;

/// The entries delivered and not yet passed by the position.
#[derive(Debug)]
pub(super) struct Ledger {
    watermark: u64,
    delivered: BTreeMap<u64, Slot>,
    position: SyncState,
}

#[derive(Debug)]
struct Slot {
    timestamp: Option<Timestamp>,
    settled: bool,
}

impl Ledger {
    pub(super) fn new(position: SyncState) -> Self {
        Self {
            watermark: position.sequence,
            delivered: BTreeMap::new(),
            position,
        }
    }

    /// The feed delivered an entry.
    pub(super) fn deliver(&mut self, sequence: u64, timestamp: Option<Timestamp>) {
        self.delivered.insert(
            sequence,
            Slot {
                timestamp,
                settled: false,
            },
        );
    }

    /// The feed has delivered all there will ever be up to `watermark`.
    pub(super) fn delivered_up_to(&mut self, watermark: u64) {
        self.watermark = self.watermark.max(watermark);
        self.advance();
    }

    /// The entry is applied, skipped or durably recorded.
    pub(super) fn settle(&mut self, sequence: u64) {
        if let Some(slot) = self.delivered.get_mut(&sequence) {
            slot.settled = true;
        }
        self.advance();
    }

    /// The highest position below which everything is settled.
    pub(super) const fn position(&self) -> SyncState {
        self.position
    }

    fn advance(&mut self) {
        while let Some(first) = self.delivered.first_entry()
            && *first.key() <= self.watermark
            && first.get().settled
        {
            let slot = first.remove();
            self.position.timestamp = self.position.timestamp.max(slot.timestamp);
        }
        let unsettled = self
            .delivered
            .first_key_value()
            .map(|(sequence, _)| sequence - 1);
        let passed = unsettled.map_or(self.watermark, |before| before.min(self.watermark));
        self.position.sequence = self.position.sequence.max(passed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn the_position_waits_for_the_lowest_unsettled_entry() {
        let mut ledger = Ledger::new(SyncState {
            sequence: 10,
            timestamp: None,
        });
        for sequence in [11, 12, 14] {
            ledger.deliver(sequence, at(sequence.cast_signed()));
        }
        ledger.delivered_up_to(14);
        ledger.settle(12);
        ledger.settle(14);
        assert_eq!(ledger.position().sequence, 10);
        ledger.settle(11);
        assert_eq!(
            ledger.position(),
            SyncState {
                sequence: 14,
                timestamp: at(14)
            }
        );
    }

    #[test]
    fn the_position_does_not_pass_the_watermark() {
        let mut ledger = Ledger::new(SyncState::default());
        ledger.deliver(5, at(50));
        ledger.settle(5);
        ledger.delivered_up_to(2);
        assert_eq!(
            ledger.position(),
            SyncState {
                sequence: 2,
                timestamp: None
            }
        );
        ledger.delivered_up_to(5);
        assert_eq!(
            ledger.position(),
            SyncState {
                sequence: 5,
                timestamp: at(50)
            }
        );
    }

    proptest! {
        #[test]
        fn the_position_is_the_contiguous_settled_prefix_and_never_moves_back(
            count in 1_u64..40,
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let mut ledger = Ledger::new(SyncState::default());
            (1..=count).for_each(|sequence| ledger.deliver(sequence, None));
            ledger.delivered_up_to(count);
            let mut settled = std::collections::BTreeSet::new();
            let mut before = 0;
            for index in order {
                let sequence = index.index(usize::try_from(count).unwrap()) as u64 + 1;
                ledger.settle(sequence);
                settled.insert(sequence);
                let prefix = (1..=count).take_while(|sequence| settled.contains(sequence)).count();
                prop_assert_eq!(ledger.position().sequence, prefix as u64);
                prop_assert!(ledger.position().sequence >= before);
                before = ledger.position().sequence;
            }
        }
    }
}
