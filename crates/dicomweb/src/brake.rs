//! A bound on reading that gets nowhere: a service may name numbers that it never shows, or show the
//! same rows at every place.

use std::time::Duration;

use super::{Page, unreliable};
use radcast_engine::failure::Failure;

/// So many answers in a row may bring nothing new before they are slowed down.
const FREE: u32 = 16;

/// The first wait, doubled with each further answer.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// After so many answers in a row that bring nothing new something is wrong.
const MOST: u32 = 200;

/// Counts answers that bring nothing new although there should be more.
#[derive(Debug, Default)]
pub(super) struct Brake {
    fruitless: u32,
    /// Whether it has been told that something is wrong, and nothing new has come since.
    told: bool,
}

impl Brake {
    /// Takes note of a page, and waits where the pages before brought nothing new either. Returns
    /// whether to read on at once: the page brings nothing, and it has been told that this is wrong.
    ///
    /// # Errors
    /// `dicom.unreliable-feed` after very many. Reading may go on after that, and is counted anew.
    pub(super) async fn pace(&mut self, page: &Page) -> Result<bool, Failure> {
        if !page.more || !page.entries.is_empty() {
            *self = Self::default();
            return Ok(false);
        }
        self.fruitless += 1;
        if self.fruitless >= MOST {
            (self.fruitless, self.told) = (0, true);
            return Err(unreliable(format!(
                "the feed has named entry {} as its newest, but {MOST} answers in a row held nothing new",
                page.latest
            )));
        }
        if let Some(doublings) = self.fruitless.checked_sub(FREE) {
            let wait = FIRST_WAIT.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
            tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
        }
        Ok(self.told)
    }

    /// Whether the service should be asked again for its newest entry: it may have been wrong.
    pub(super) const fn doubts_newest(&self) -> bool {
        self.fruitless > 0 && self.fruitless.is_multiple_of(FREE)
    }
}
