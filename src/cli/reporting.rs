//! Tells the store how the daemon is, so that `radcast status` works from anywhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

use radcast_engine::store::{Report, Role, Store};
use radcast_engine::{Clock, State, Status};

/// How often it is told although nothing is new.
const EVERY: Duration = Duration::from_secs(30);

/// How long to wait between two reports at least, and for one to be taken.
const PAUSE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether nobody can change the status any more before this time is over.
async fn ends_within(time: Duration, status: &watch::Receiver<Status>) -> bool {
    let mut status = status.clone();
    let ends = async { while status.changed().await.is_ok() {} };
    timeout(time, ends).await.is_ok()
}

/// Whether it is known whether this replica works or stands by.
fn is_known(status: &Status) -> bool {
    status.leader || status.state != State::Starting
}

/// Returns the entry that is retried and the wait that a service asked for, in words.
fn detail(status: &Status) -> Option<String> {
    let sequence = match status.state {
        State::Retrying { sequence, .. } => sequence,
        _ => None,
    };
    let entry = sequence.map(|sequence| format!("entry {sequence}"));
    let wait = status.wait.map(|wait| {
        let until = wait.until.strftime("%F %TZ");
        format!("the {} asked to wait until {until}", wait.service)
    });
    let parts: Vec<String> = entry.into_iter().chain(wait).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Who reports, and to whom.
pub(super) struct Reporting {
    pub(super) store: Arc<dyn Store>,
    pub(super) replica: String,
    pub(super) clock: Clock,
}

impl Reporting {
    /// Reports every change of the state, and how far it is now and then, until nobody can change
    /// the status any more; then, that it has stopped.
    pub(super) async fn follow(self, mut status: watch::Receiver<Status>) {
        let mut told = None;
        loop {
            let now = *status.borrow_and_update();
            if is_known(&now) {
                self.save(&now, now.state.as_str(), &mut told).await;
            }
            if ends_within(PAUSE, &status).await {
                break;
            }
            let due = Instant::now() + EVERY;
            let shown = |status: &Status| (status.state, status.wait, status.leader);
            let changed = status.wait_for(|status| shown(status) != shown(&now));
            if let Ok(Err(_)) = timeout_at(due, changed).await {
                break;
            }
        }
        let last = *status.borrow();
        if last.state != State::Standby && is_known(&last) {
            self.save(&last, "stopped", &mut told).await;
        }
    }

    /// Best effort: what cannot be told now is told next time. Trouble is logged once.
    async fn save(&self, status: &Status, state: &str, told: &mut Option<bool>) {
        let report = self.report(status, state);
        let saved = timeout(PATIENCE, self.store.save_report(&report)).await;
        let saved = matches!(saved, Ok(Ok(())));
        if !saved && *told != Some(false) {
            warn!(
                event = "report_not_saved",
                "the store does not take the status; `radcast status` shows an old one"
            );
        }
        *told = Some(saved);
    }

    fn report(&self, status: &Status, state: &str) -> Report {
        Report {
            role: if status.leader {
                Role::Active
            } else {
                Role::Standby
            },
            replica: self.replica.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: state.to_owned(),
            code: status.state.code().map(|code| code.to_string()),
            detail: detail(status).filter(|_| state == status.state.as_str()),
            position: status.position,
            position_timestamp: status.position_timestamp,
            latest: status.latest,
            last_success: status.last_success,
            at: (self.clock)(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use radcast_engine::RequestedWait;
    use radcast_engine::failure::Code;
    use radcast_engine::store::SqliteStore;

    #[test]
    fn the_detail_names_the_entry_and_who_asked_to_wait_until_when() {
        let wait = RequestedWait {
            service: "FHIR server",
            until: "2024-06-04T12:00:30Z".parse().unwrap(),
        };
        let retrying = State::Retrying {
            code: Code::FhirTooBusy,
            sequence: Some(46),
        };
        let of = |state, wait| {
            detail(&Status {
                state,
                wait,
                ..Status::default()
            })
        };
        let asked = "the FHIR server asked to wait until 2024-06-04 12:00:30Z";
        let paused = State::Paused(Code::FhirTooBusy);
        assert_eq!(of(paused, Some(wait)).as_deref(), Some(asked));
        assert_eq!(of(retrying, Some(wait)), Some(format!("entry 46, {asked}")));
        assert_eq!(of(retrying, None).as_deref(), Some("entry 46"));
        assert_eq!(of(State::Following, None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_reported_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("s.db")).unwrap());
        let (sender, status) = watch::channel(Status {
            leader: true,
            ..Status::default()
        });
        let reporting = Reporting {
            store: Arc::clone(&store) as _,
            replica: "r".to_owned(),
            clock: radcast_engine::system_clock(),
        };
        let started = Instant::now();
        let following = tokio::spawn(reporting.follow(status));
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(sender);
        following.await.unwrap();
        assert!(started.elapsed() < PAUSE, "{:?}", started.elapsed());
        assert_eq!(store.reports().await.unwrap()[0].state, "stopped");
    }
}
