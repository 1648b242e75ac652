//! HTTP for probes, metrics and people, and what it tells of.
//!
//! | path | answer |
//! |---|---|
//! | `/healthz/startup` | 200 once the engine has begun |
//! | `/healthz/live` | 200 while the engine turns, whatever the services around it do |
//! | `/healthz/ready` | 200 while entries are worked on; 503 with the reason before and in a pause |
//! | `/metrics` | the metrics, for Prometheus |
//! | `/api/v1/status` | state, position, lag, counts |
//! | `/api/v1/failures` | the failed entries, for those who show the key |

mod answer;
mod connections;
mod facts;
pub mod failures;
mod heartbeat;
mod lag;
mod observer;
mod probes;
mod serve;
mod server;
mod status;
mod watched;

pub use facts::Facts;
pub use heartbeat::Heartbeat;
pub use lag::Lag;
pub use observer::MetricsObserver;
pub use server::{Server, router};
pub use watched::Watched;
