//! Attempts in place with their delays, and retries of recorded entries.

pub(crate) mod open_records;
pub(crate) mod retry;
pub(crate) mod retry_record;
pub(crate) mod retrying;
pub(crate) mod rounds;
pub(crate) mod signals;
