//! A pipeline from its start to its end: what has to be known first, the reader of the feed, the
//! tasks, and standing by for the lease.

pub(crate) mod begin;
pub(crate) mod engine;
pub(crate) mod reader;
pub(crate) mod standby;

pub use begin::known_feed;
pub use engine::Engine;
pub use standby::lead;
