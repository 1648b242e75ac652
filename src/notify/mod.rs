//! Who is told when something needs a person.
//!
//! What happens is posted to [`Notifications`] as an [`Event`]. Failures that are alike become one
//! [`Notification`], and each [`Notifier`] gets it through a queue of its own, so that none of
//! them delays the feed or another one. [`LogNotifier`] and [`WebhookNotifier`] are built in; a
//! program of your own may add any other.

mod attempts;
mod delivery;
mod event;
mod grouping;
mod log;
mod notification;
mod notifications;
mod notifier;
mod persistence;
mod summary;
mod webhook;

#[cfg(test)]
mod tests;

pub use crate::settings::Severity;
pub use delivery::Counts;
pub use event::Event;
pub use log::LogNotifier;
pub use notification::{Kind, Notification, Sample, Source};
pub use notifications::{Clock, Notifications};
pub use notifier::{Notifier, Undelivered};
pub use radcast_engine::{Escalated, Escalation};
pub use webhook::WebhookNotifier;
