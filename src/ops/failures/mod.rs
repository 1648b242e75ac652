//! What can be done with the failed entries, the same for the commands and for the HTTP API: name
//! them, find them, say how they stand, ask for their retry, remove them.

mod api;
mod api_key;
mod bulk;
mod counts;
mod find;
mod gate;
mod moment;
mod problem;
mod retry;
mod standing;
mod view;
mod wanted;
mod wrong_keys;

pub use api::failures_api;
pub use api_key::ApiKey;
pub use bulk::{Act, Bulk, Refused, each};
pub use counts::{COUNTED, Count, open_by_class};
pub use find::{LookupError, find};
pub use moment::Moment;
pub use retry::{Outcome, ask, refusal};
pub use standing::Standing;
pub use view::View;
pub use wanted::{Filter, nearest};

/// How many records are read at once.
pub const PAGE: usize = 200;
