//! `Escalation`: when many entries failing alike are more than so many bad entries.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::table;
use super::values::Values;

/// When many entries failing alike are more than so many bad entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// How many entries have to fail with one code, 1 to 1000.
    pub count: NonZeroUsize,
    /// Within how long they have to.
    pub window: Duration,
    /// Whether no more entries are taken then, but for one now and then, until one succeeds.
    pub pause: bool,
}

impl Escalation {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let count = values.integer::<usize>(&table::ESCALATION_COUNT);
        let window = values.duration(&table::ESCALATION_WINDOW);
        let pause = values.boolean(&table::ESCALATION_PAUSE);
        Some(Self {
            count: NonZeroUsize::new(count??)?,
            window: window?,
            pause: pause?,
        })
    }
}
