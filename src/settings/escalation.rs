//! `Escalation`: when many entries failing alike are more than so many bad entries.

use std::num::NonZeroUsize;

pub use radcast_engine::options::Escalation;

use super::table;
use super::values::{FromValues, Values};

impl FromValues for Escalation {
    fn read(values: &mut Values) -> Option<Self> {
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
