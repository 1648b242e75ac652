//! Reads records page by page, so that memory does not grow with their number.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::command_error::CommandError;
use crate::cli::reach::Reached;
use crate::ops::failures::PAGE;
use radcast_engine::store::{FailureRecord, RecordFilter, RecordKey, Store};

/// The records that a filter wants, page by page.
pub(super) struct Pages {
    store: Arc<dyn Store>,
    filter: RecordFilter,
    after: Option<RecordKey>,
    left: usize,
    stop: CancellationToken,
}

impl Pages {
    /// At most `limit` records in all.
    pub(super) fn new(reached: &Reached, filter: RecordFilter, limit: Option<usize>) -> Self {
        Self {
            store: Arc::clone(&reached.store),
            filter,
            after: None,
            left: limit.unwrap_or(usize::MAX),
            stop: reached.stop.clone(),
        }
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<FailureRecord>>, CommandError> {
        let most = self.left.min(PAGE);
        if most == 0 {
            return Ok(None);
        }
        let page = self.store.records(&self.filter, self.after.as_ref(), most);
        let page = self.stop.run_until_cancelled(page).await;
        let page = page.ok_or(CommandError::Interrupted)??;
        self.left -= page.len();
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.after = Some(last.key.clone());
        Ok(Some(page))
    }
}
