//! How far the feed has been settled: the ledger of entries, the progress, the stored position.

pub(crate) mod ledger;
pub(crate) mod position_writer;
pub(crate) mod progress;
