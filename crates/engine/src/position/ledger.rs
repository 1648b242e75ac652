//! Which entries are settled, and how far the position may move. Pure.

use std::collections::{BTreeMap, HashSet};

use std::sync::Arc;

use jiff::Timestamp;

use crate::feed::EntryIdentity;
use crate::store::SyncState;

/// The entries delivered and not yet passed by the position.
#[derive(Debug)]
pub(crate) struct Ledger {
    watermark: u64,
    delivered: BTreeMap<u64, Slot>,
    /// The row keys of entries without a sequence that are not recorded yet, by the watermark
    /// before them.
    unnumbered: BTreeMap<u64, HashSet<String>>,
    position: SyncState,
}

#[derive(Debug)]
struct Slot {
    timestamp: Option<Timestamp>,
    /// The UIDs of the entry, if it could be read.
    uids: Option<Box<str>>,
    settled: bool,
}

impl Ledger {
    pub(crate) fn new(position: SyncState) -> Self {
        Self {
            watermark: position.sequence,
            delivered: BTreeMap::new(),
            unnumbered: BTreeMap::new(),
            position,
        }
    }

    /// The feed delivered an entry.
    pub(crate) fn deliver(
        &mut self,
        sequence: u64,
        timestamp: Option<Timestamp>,
        uids: Option<Box<str>>,
    ) {
        let slot = Slot {
            timestamp,
            uids,
            settled: false,
        };
        self.delivered.insert(sequence, slot);
    }

    /// The feed delivered an entry whose sequence cannot be read, to be recorded under this row key:
    /// it may be any behind the present watermark, which the position does not pass meanwhile.
    pub(crate) fn deliver_unnumbered(&mut self, row: String) {
        let held = self.unnumbered.entry(self.watermark).or_default();
        held.insert(row);
    }

    /// The feed has delivered all there will ever be up to `watermark`.
    pub(crate) fn delivered_up_to(&mut self, watermark: u64) {
        self.watermark = self.watermark.max(watermark);
        self.advance();
    }

    /// The entry is applied, skipped or durably recorded.
    pub(crate) fn settle(&mut self, sequence: u64) {
        if let Some(slot) = self.delivered.get_mut(&sequence) {
            slot.settled = true;
        }
        self.advance();
    }

    /// The entries to be recorded under this row key are: it is one row.
    pub(crate) fn settle_unnumbered(&mut self, row: &str) {
        self.unnumbered.retain(|_, rows| {
            rows.remove(row);
            !rows.is_empty()
        });
        self.advance();
    }

    /// The highest position below which everything is settled.
    pub(crate) fn position(&self) -> SyncState {
        self.position.clone()
    }

    /// How far the position may move at most.
    fn limit(&self) -> u64 {
        let held = self.unnumbered.first_key_value();
        held.map_or(self.watermark, |(before, _)| *before)
    }

    fn advance(&mut self) {
        let limit = self.limit();
        let mut last = None;
        while let Some(first) = self.delivered.first_entry()
            && *first.key() <= limit
            && first.get().settled
        {
            let (sequence, slot) = first.remove_entry();
            self.position.timestamp = self.position.timestamp.max(slot.timestamp);
            last = slot
                .uids
                .map(|uids| (sequence, slot.timestamp, uids))
                .or(last);
        }
        if let Some((sequence, timestamp, uids)) = last
            && self
                .position
                .entry
                .as_ref()
                .is_none_or(|entry| entry.sequence < sequence)
        {
            self.position.entry = Some(Arc::new(EntryIdentity {
                sequence,
                timestamp,
                uids,
            }));
        }
        let unsettled = self
            .delivered
            .first_key_value()
            .map(|(sequence, _)| sequence - 1);
        let passed = unsettled.map_or(limit, |before| before.min(limit));
        self.position.sequence = self.position.sequence.max(passed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uids(sequence: u64) -> Option<Box<str>> {
        EntryIdentity::join("1", "2", &sequence.to_string())
    }

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn the_position_waits_for_the_lowest_unsettled_entry() {
        let mut ledger = Ledger::new(SyncState::at(10, None));
        for sequence in [11, 12, 14] {
            ledger.deliver(sequence, at(sequence.cast_signed()), uids(sequence));
        }
        ledger.delivered_up_to(14);
        ledger.settle(12);
        ledger.settle(14);
        assert_eq!(ledger.position().sequence, 10);
        ledger.settle(11);
        let expected = SyncState {
            entry: "14 1970-01-01T00:00:14Z 1/2/14".parse().ok().map(Arc::new),
            ..SyncState::at(14, at(14))
        };
        assert_eq!(ledger.position(), expected);
    }

    #[test]
    fn the_entry_of_the_position_is_the_last_one_that_could_be_read() {
        let mut ledger = Ledger::new(SyncState::default());
        for sequence in [1, 3, 4] {
            ledger.deliver(sequence, None, uids(sequence).filter(|_| sequence < 4));
        }
        ledger.delivered_up_to(7);
        let mut entries = Vec::new();
        for sequence in [3, 1, 4] {
            ledger.settle(sequence);
            let position = ledger.position();
            let entry = position.entry.map(|entry| entry.sequence);
            entries.push((position.sequence, entry));
        }
        assert_eq!(entries, [(0, None), (3, Some(3)), (7, Some(3))]);
    }

    #[test]
    fn the_position_does_not_pass_the_watermark() {
        let mut ledger = Ledger::new(SyncState::default());
        ledger.deliver(5, at(50), None);
        ledger.settle(5);
        ledger.delivered_up_to(2);
        assert_eq!(ledger.position(), SyncState::at(2, None));
        ledger.delivered_up_to(5);
        assert_eq!(ledger.position(), SyncState::at(5, at(50)));
    }

    #[test]
    fn the_position_waits_below_the_page_of_an_entry_without_a_sequence() {
        let mut ledger = Ledger::new(SyncState::default());
        ledger.deliver(1, at(10), None);
        ledger.settle(1);
        ledger.delivered_up_to(1);
        ledger.deliver_unnumbered("entry-a".to_owned());
        ledger.deliver(3, at(30), None);
        ledger.delivered_up_to(3);
        ledger.deliver_unnumbered("entry-a".to_owned());
        ledger.deliver_unnumbered("entry-b".to_owned());
        ledger.delivered_up_to(5);
        ledger.settle(3);
        let held = SyncState::at(1, at(10));
        assert_eq!(ledger.position(), held);
        ledger.settle_unnumbered("entry-a");
        assert_eq!(ledger.position().sequence, 3);
        ledger.settle_unnumbered("entry-b");
        assert_eq!(ledger.position().sequence, 5);
    }

    /// A page: how many entries it holds, and the row keys of those without a sequence.
    fn pages() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
        let rows = proptest::collection::vec(0_u8..8, 0..3);
        proptest::collection::vec((0_u64..5, rows), 1..10)
    }

    proptest! {
        #[test]
        fn the_position_passes_no_page_with_an_entry_that_is_not_recorded(
            pages in pages(),
            order in Just((0_u8..8).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut ledger = Ledger::new(SyncState::default());
            let (mut watermark, mut held) = (0, Vec::new());
            for (entries, rows) in pages {
                for row in rows {
                    ledger.deliver_unnumbered(row.to_string());
                    held.push((row, watermark));
                }
                let numbers = watermark + 1..=watermark + entries;
                numbers.clone().for_each(|sequence| ledger.deliver(sequence, None, None));
                watermark += entries;
                ledger.delivered_up_to(watermark);
                numbers.for_each(|sequence| ledger.settle(sequence));
            }
            for row in order {
                let limit = held.iter().map(|(_, before)| *before).min();
                prop_assert_eq!(ledger.position().sequence, limit.unwrap_or(watermark));
                ledger.settle_unnumbered(&row.to_string());
                held.retain(|(other, _)| *other != row);
            }
            prop_assert_eq!(ledger.position().sequence, watermark);
        }

        #[test]
        fn the_position_is_the_contiguous_settled_prefix_and_never_moves_back(
            count in 1_u64..40,
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let mut ledger = Ledger::new(SyncState::default());
            (1..=count).for_each(|sequence| ledger.deliver(sequence, None, None));
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
