//! Takes what happens, and hands what is worth telling to every notifier.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::delivery::{Counts, Delivery, Tally, count};
use super::grouping::Grouping;
use super::persistence::Persistence;
use super::summary::{Moment, Summary};
use super::{Escalated, Event, Kind, Notification, Notifier, Severity, Source};
use crate::settings::{self, Settings};

/// Tells the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Takes what happens, groups it, and hands it to every notifier, each in a task of its own.
/// Dropped, it ends them; [`Notifications::close`] lets them finish.
pub struct Notifications {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
    tallies: Vec<(String, Arc<Tally>)>,
    closing: CancellationToken,
}

/// What those who post and the task that tells what is due have in common.
struct Shared {
    state: Mutex<State>,
    /// Woken when something becomes due at another time than before.
    rescheduled: Notify,
    severity: Severity,
    source: Source,
    clock: Clock,
}

struct State {
    grouping: Grouping,
    persistence: Persistence,
    /// Empty once closed.
    queues: Vec<Queue>,
    /// How many notifications there were.
    number: u64,
}

struct Queue {
    name: String,
    notifications: mpsc::Sender<Arc<Notification>>,
    tally: Arc<Tally>,
}

impl Notifications {
    /// Starts a task for each notifier, in the runtime that this is called in.
    pub fn start(
        settings: &Settings,
        source: Source,
        clock: Clock,
        notifiers: Vec<Box<dyn Notifier>>,
    ) -> Self {
        let closing = CancellationToken::new();
        let retry = Arc::new(settings.retry.clone());
        let (mut tasks, mut queues) = (JoinSet::new(), Vec::new());
        for notifier in notifiers {
            let (queue, delivery) = queue(notifier, &settings.notify, &retry, &closing);
            queues.push(queue);
            tasks.spawn(delivery.run());
        }
        let tallies = queues
            .iter()
            .map(|queue| (queue.name.clone(), Arc::clone(&queue.tally)));
        let tallies = tallies.collect();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                grouping: Grouping::new(settings.notify.grouping_interval),
                persistence: Persistence::new(settings.escalation.window),
                queues,
                number: 0,
            }),
            rescheduled: Notify::new(),
            severity: settings.notify.severity,
            source,
            clock,
        });
        tasks.spawn(tell_when_due(Arc::clone(&shared), closing.clone()));
        Self {
            shared,
            tasks: Mutex::new(tasks),
            tallies,
            closing,
        }
    }

    /// Takes what has happened. It neither waits nor blocks: when the queue of a notifier is full,
    /// that one is not told, and it is counted.
    pub fn post(&self, event: Event<'_>) {
        self.shared.take(event);
    }

    /// How many notifications were dropped since the start, as the queue of a notifier was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        let counts = self.counts().into_iter();
        counts.map(|(_, counts)| counts.dropped).sum()
    }

    /// What became of the notifications of each notifier, with its name.
    #[must_use]
    pub fn counts(&self) -> Vec<(&str, Counts)> {
        let tallies = self.tallies.iter();
        tallies
            .map(|(name, tally)| (name.as_str(), tally.counts()))
            .collect()
    }

    /// Takes nothing more, and delivers what waits, each once more at most, within the grace
    /// period.
    pub async fn close(&self, grace: Duration) {
        self.closing.cancel();
        self.shared.close();
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        let ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, ended).await.is_err() {
            warn!(
                event = "notifications_cut_off",
                "the grace period ended before every notification was delivered"
            );
        }
    }
}

fn queue(
    notifier: Box<dyn Notifier>,
    settings: &settings::Notify,
    retry: &Arc<settings::Retry>,
    closing: &CancellationToken,
) -> (Queue, Delivery) {
    let (notifications, queue) = mpsc::channel(settings.queue_length);
    let tally = Arc::new(Tally::default());
    let name = notifier.name().to_owned();
    let delivery = Delivery {
        name: name.clone(),
        notifier,
        queue,
        retry: Arc::clone(retry),
        tally: Arc::clone(&tally),
        closing: closing.clone(),
    };
    let queue = Queue {
        name,
        notifications,
        tally,
    };
    (queue, delivery)
}

async fn tell_when_due(shared: Arc<Shared>, closing: CancellationToken) {
    loop {
        let due = lock(&shared.state).next_due();
        let due = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = closing.cancelled() => return,
            () = shared.rescheduled.notified() => {}
            () = due => shared.tell_due(),
        }
    }
}

impl Shared {
    fn take(&self, event: Event<'_>) {
        let mut state = lock(&self.state);
        if !state.heeds(&event) {
            return;
        }
        let now = self.now();
        let before = state.next_due();
        let due = state.due(now);
        let told = state.take(event, now);
        due.into_iter()
            .chain(told)
            .for_each(|summary| self.tell(&mut state, summary));
        let rescheduled = state.next_due() != before;
        drop(state);
        if rescheduled {
            self.rescheduled.notify_one();
        }
    }

    fn tell_due(&self) {
        let now = self.now();
        let mut state = lock(&self.state);
        for summary in state.due(now) {
            self.tell(&mut state, summary);
        }
    }

    fn close(&self) {
        let mut state = lock(&self.state);
        for summary in state.grouping.rest() {
            self.tell(&mut state, summary);
        }
        state.queues.clear();
    }

    fn tell(&self, state: &mut State, summary: Summary) {
        if summary.kind.severity(summary.code) < self.severity {
            return;
        }
        state.number += 1;
        let notification = Notification::new(summary, &self.source, state.number);
        let notification = Arc::new(notification);
        for queue in &state.queues {
            queue.push(Arc::clone(&notification));
        }
    }

    fn now(&self) -> Moment {
        Moment {
            instant: Instant::now(),
            time: (self.clock)(),
        }
    }
}

impl State {
    /// Whether an event changes anything. Most do not: an entry that is applied at once.
    fn heeds(&self, event: &Event<'_>) -> bool {
        match event {
            Event::EntryApplied { subject } => self.persistence.is_failing(subject),
            _ => true,
        }
    }

    /// What an event means, and what is to be told of it at once.
    fn take(&mut self, event: Event<'_>, now: Moment) -> Option<Summary> {
        match event {
            Event::AttemptFailed { subject, failure } => {
                self.persistence.attempt_failed(subject, failure);
                None
            }
            Event::EntryApplied { subject } => self.persistence.applied(subject, now),
            Event::EntryFailed { subject, failure } => {
                self.persistence.failed(subject);
                self.grouping
                    .observe(Kind::EntryFailed, subject, failure, now)
            }
            Event::RetryFailed { subject, failure } => {
                self.grouping
                    .observe(Kind::RetryFailed, subject, failure, now)
            }
            Event::Noticed { notice } => {
                let message = notice.message.clone();
                let summary = Summary::of_state(Kind::Notice, notice.code, message, now);
                Some(summary)
            }
            Event::FeedPaused { code } => {
                let message = if code.needs_decision() {
                    "the feed waits, and nothing is read meanwhile; a person has to see which feed it is"
                } else {
                    "the feed waits; no entry is lost, and work resumes by itself"
                };
                Some(Summary::of_state(
                    Kind::FeedPaused,
                    code,
                    message.to_owned(),
                    now,
                ))
            }
            Event::FeedResumed { code } => {
                let message = "the feed goes on".to_owned();
                Some(Summary::of_state(Kind::FeedResumed, code, message, now))
            }
            Event::Escalated(Escalated { code, count }) => {
                let message = format!("{count} entries failed alike: it is one fault");
                Some(Summary {
                    count,
                    samples: self.grouping.samples(code),
                    ..Summary::of_state(Kind::Escalation, code, message, now)
                })
            }
        }
    }

    /// What is to be told because time has passed.
    fn due(&mut self, now: Moment) -> Vec<Summary> {
        let mut due = self.grouping.due(now.instant);
        due.extend(self.persistence.due(now));
        due
    }

    fn next_due(&self) -> Option<Instant> {
        let due = [self.grouping.next_due(), self.persistence.next_due()];
        due.into_iter().flatten().min()
    }
}

impl Queue {
    fn push(&self, notification: Arc<Notification>) {
        if let Err(refused) = self.notifications.try_send(notification) {
            count(&self.tally.dropped);
            warn!(
                event = "notification_dropped",
                notifier = self.name,
                id = refused.into_inner().id,
                "the queue of the notifier is full"
            );
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
