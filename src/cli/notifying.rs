//! Hands what the engine tells of to the notifiers.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tracing::error;

use super::replica::replica;
use crate::notify::{
    Escalated, Event, LogNotifier, Notifications, Notifier, Source, WebhookNotifier,
};
use crate::settings::{self, Settings};
use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::{Observer, Outcome, Retried, State, Status, system_clock};

/// The log, and the notifiers that the settings name.
pub(super) fn notifiers(settings: &settings::Notify) -> Vec<Box<dyn Notifier>> {
    let mut notifiers: Vec<Box<dyn Notifier>> = vec![Box::new(LogNotifier)];
    let webhook = settings.webhook.as_ref();
    match webhook.map(|webhook| WebhookNotifier::new(webhook, system_clock())) {
        None => {}
        Some(Ok(webhook)) => notifiers.push(Box::new(webhook)),
        Some(Err(error)) => {
            error!(
                event = "webhook_unusable",
                "Notify:Webhook cannot be used: {error}"
            );
        }
    }
    notifiers
}

/// Observes the engine and tells the notifiers.
pub(super) struct Notifying {
    notifications: Notifications,
    pauses: Mutex<Pauses>,
}

impl Notifying {
    /// Starts the tasks of the notifiers.
    pub(super) fn start(settings: &Settings, notifiers: Vec<Box<dyn Notifier>>) -> Self {
        let source = Source::replica(Some(replica()));
        let notifications = Notifications::start(settings, source, system_clock(), notifiers);
        Self {
            notifications,
            pauses: Mutex::default(),
        }
    }

    /// Watches the engine's state until the engine has ended.
    pub(super) async fn watch(&self, mut status: watch::Receiver<Status>) {
        while status.changed().await.is_ok() {
            let now = *status.borrow_and_update();
            if let Some(event) = lock(&self.pauses).event(now.state) {
                self.notifications.post(event);
            }
        }
    }

    /// How many notifications were dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.notifications.dropped()
    }

    /// Tells what is left to tell, within the grace period.
    pub(super) async fn close(&self, grace: Duration) {
        self.notifications.close(grace).await;
    }
}

impl Observer for Notifying {
    fn settled(&self, subject: &Subject, fate: &Outcome) {
        match fate {
            Outcome::Applied => self.notifications.post(Event::EntryApplied { subject }),
            Outcome::Skipped(_) => {}
            Outcome::Failed(failure) => self
                .notifications
                .post(Event::EntryFailed { subject, failure }),
        }
    }

    fn retried(&self, subject: &Subject, outcome: &Retried) {
        if let Retried::Failed(failure) = outcome {
            self.notifications
                .post(Event::RetryFailed { subject, failure });
        }
    }

    fn noticed(&self, notice: &Failure) {
        self.notifications.post(Event::Noticed { notice });
    }

    fn escalated(&self, code: Code, count: u64) {
        self.notifications
            .post(Event::Escalated(Escalated { code, count }));
    }

    fn attempt_failed(&self, subject: &Subject, _: u32, failure: &Failure, _: Option<Duration>) {
        self.notifications
            .post(Event::AttemptFailed { subject, failure });
    }
}

/// What of the present pause has been told.
#[derive(Debug, Default)]
struct Pauses {
    told: BTreeSet<Code>,
}

impl Pauses {
    /// What a state means for those who are told of pauses: each cause of one once, and its end
    /// only when work is done again, not while it is tried.
    fn event(&mut self, state: State) -> Option<Event<'static>> {
        match state {
            State::Starting | State::Retrying { .. } | State::Standby => None,
            State::Paused(code) => self.told.insert(code).then_some(Event::FeedPaused { code }),
            State::CatchingUp | State::Following => {
                let code = self.told.pop_first()?;
                self.told.clear();
                Some(Event::FeedResumed { code })
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::notify::{Kind, Notification, Undelivered};
    use crate::settings::SettingsFile;

    /// The kinds and codes that were told.
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<(Kind, Code)>>>);

    #[async_trait]
    impl Notifier for Told {
        fn name(&self) -> &str {
            "told"
        }

        async fn notify(&self, notification: &Notification) -> Result<(), Undelivered> {
            lock(&self.0).push((notification.kind, notification.code));
            Ok(())
        }
    }

    fn settings() -> Settings {
        let variables = ["DicomWeb__Endpoint", "Fhir__Endpoint"]
            .map(|name| (name.into(), "http://service.example".into()));
        let file = SettingsFile::IfPresent(std::path::Path::new("nowhere/appsettings.json"));
        Settings::load(file, variables).unwrap().settings
    }

    #[tokio::test(start_paused = true)]
    async fn retries_that_fail_again_and_escalations_are_told() {
        let told = Told::default();
        let notifying = Notifying::start(&settings(), vec![Box::new(told.clone())]);
        let subject = Subject::default();
        let failure = Failure::new(Code::FhirRejected, "it does");
        for outcome in [
            Retried::Applied,
            Retried::Obsolete("replaced"),
            Retried::Failed(failure),
        ] {
            notifying.retried(&subject, &outcome);
        }
        notifying.escalated(Code::FhirTooLarge, 20);
        notifying.close(Duration::from_secs(10)).await;
        let told = lock(&told.0).clone();
        let expected = [
            (Kind::RetryFailed, Code::FhirRejected),
            (Kind::Escalation, Code::FhirTooLarge),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_pause_is_told_once_for_each_cause_and_its_end_once_work_is_done() {
        let mut pauses = Pauses::default();
        let mut told = |state| match pauses.event(state)? {
            Event::FeedPaused { code } => Some(("paused", code)),
            Event::FeedResumed { code } => Some(("resumed", code)),
            _ => None,
        };
        let (busy, refused) = (Code::FhirTooBusy, Code::FhirForbidden);
        let retrying = State::Retrying {
            code: busy,
            sequence: None,
        };
        assert_eq!(told(State::Following), None);
        assert_eq!(told(retrying), None);
        assert_eq!(told(State::Paused(busy)), Some(("paused", busy)));
        assert_eq!(told(retrying), None);
        assert_eq!(told(State::Paused(busy)), None);
        assert_eq!(told(State::Paused(refused)), Some(("paused", refused)));
        assert!(matches!(told(State::CatchingUp), Some(("resumed", _))));
        assert_eq!(told(State::Following), None);
        assert_eq!(told(State::Paused(busy)), Some(("paused", busy)));
    }
}
