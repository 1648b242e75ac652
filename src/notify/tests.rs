//! What notifiers are told, in simulated time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::{
    Clock, Counts, Event, Kind, Notification, Notifications, Notifier, Source, Undelivered,
};
use crate::settings::{Settings, SettingsFile};
use radcast_engine::failure::{Code, Failure, Subject};

/// How a notifier takes what it is told.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Takes,
    Panics,
    /// It takes this long.
    Slow(Duration),
    /// It fails this often, and says when to come again.
    Fails(u32, Option<Duration>),
    Refuses,
}

/// What a notifier was told, and after how long.
type Told = Arc<Mutex<Vec<(Duration, Notification)>>>;

struct Recorder {
    manner: Manner,
    told: Told,
    begun: Instant,
}

#[async_trait]
impl Notifier for Recorder {
    fn name(&self) -> &str {
        "recorder"
    }

    async fn notify(&self, notification: &Notification) -> Result<(), Undelivered> {
        let attempt = {
            let mut told = self.told.lock().unwrap();
            told.push((self.begun.elapsed(), notification.clone()));
            told.len()
        };
        match self.manner {
            Manner::Takes => Ok(()),
            Manner::Panics => panic!("as ordered"),
            Manner::Slow(delay) => {
                sleep(delay).await;
                Ok(())
            }
            Manner::Fails(times, asked) if attempt <= times as usize => {
                Err(Undelivered::for_now("busy").after(asked))
            }
            Manner::Fails(..) => Ok(()),
            Manner::Refuses => Err(Undelivered::for_good("refused")),
        }
    }
}

fn settings(more: &[(&str, &str)]) -> Settings {
    let endpoints = [
        ("DicomWeb__Endpoint", "http://dicom.example.org"),
        ("Fhir__Endpoint", "http://fhir.example.org"),
    ];
    let variables = endpoints.iter().chain(more);
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let file = SettingsFile::IfPresent(std::path::Path::new("nowhere/appsettings.json"));
    Settings::load(file, variables).unwrap().settings
}

/// Notifications with these notifiers, and what each is told.
fn start<const N: usize>(
    more: &[(&str, &str)],
    manners: [Manner; N],
) -> (Notifications, [Told; N]) {
    let begun = Instant::now();
    let clock: Clock = Arc::new(move || {
        Timestamp::UNIX_EPOCH + jiff::SignedDuration::try_from(begun.elapsed()).unwrap()
    });
    let told = manners.map(|_| Told::default());
    let recorders = manners.iter().zip(&told).map(|(manner, told)| {
        Box::new(Recorder {
            manner: *manner,
            told: Arc::clone(told),
            begun,
        }) as Box<dyn Notifier>
    });
    let source = Source::replica(None);
    let notifications = Notifications::start(&settings(more), source, clock, recorders.collect());
    (notifications, told)
}

fn subject(sequence: u64) -> Subject {
    Subject {
        sequence: Some(sequence),
        ..Subject::default()
    }
}

fn fail(notifications: &Notifications, sequence: u64, code: Code) {
    let failure = Failure::new(code, "it does");
    notifications.post(Event::EntryFailed {
        subject: &subject(sequence),
        failure: &failure,
    });
}

/// What was told: after how many seconds, how often it happened.
fn heard(told: &Told) -> Vec<(u64, u64)> {
    let told = told.lock().unwrap();
    told.iter()
        .map(|(after, notification)| (after.as_secs(), notification.count))
        .collect()
}

const SECOND: Duration = Duration::from_secs(1);
const UNGROUPED: (&str, &str) = ("Notify__GroupingInterval", "00:00:00");

#[tokio::test(start_paused = true)]
async fn r85_every_notifier_hears_the_first_at_once_and_the_others_when_the_interval_ends() {
    let (notifications, [one, other]) = start(&[], [Manner::Takes; 2]);
    sleep(SECOND).await;
    for sequence in 1..=5 {
        fail(&notifications, sequence, Code::FhirRejected);
        sleep(SECOND).await;
    }
    assert_eq!(heard(&one), [(1, 1)]);
    sleep(60 * SECOND).await;
    assert_eq!(heard(&one), [(1, 1), (61, 5)]);
    assert_eq!(*one.lock().unwrap(), *other.lock().unwrap());
    sleep(600 * SECOND).await;
    fail(&notifications, 6, Code::FhirRejected);
    sleep(SECOND).await;
    assert_eq!(heard(&one)[2..], [(666, 1)]);
}

#[tokio::test(start_paused = true)]
async fn r75_one_that_hangs_or_fails_or_panics_delays_nobody() {
    let manners = [
        Manner::Slow(Duration::MAX),
        Manner::Fails(u32::MAX, None),
        Manner::Panics,
        Manner::Takes,
    ];
    let (notifications, [hanging, _, panicking, taking]) = start(&[UNGROUPED], manners);
    for sequence in 1..=3 {
        fail(&notifications, sequence, Code::FhirRejected);
    }
    sleep(SECOND).await;
    assert_eq!(heard(&taking), [(0, 1); 3]);
    assert_eq!(heard(&panicking), [(0, 1); 3]);
    assert_eq!(heard(&hanging).len(), 1);
    let counts = notifications.counts();
    let panicked = Counts {
        undelivered: 3,
        panicked: 3,
        ..Counts::default()
    };
    assert_eq!(counts[2].1, panicked);
    assert_eq!(counts[3].1.delivered, 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_full_queue_has_no_room_for_is_dropped_and_counted() {
    let length = ("Notify__QueueLength", "2");
    let manners = [Manner::Slow(10 * SECOND), Manner::Takes];
    let (notifications, [slow, taking]) = start(&[UNGROUPED, length], manners);
    for sequence in 1..=5 {
        fail(&notifications, sequence, Code::FhirRejected);
        // So that one is taken from the queue before the next is put there.
        sleep(SECOND / 10).await;
    }
    assert_eq!(notifications.dropped(), 2, "one is under way and two wait");
    sleep(60 * SECOND).await;
    let sequences = |told: &Told| -> Vec<_> {
        let told = told.lock().unwrap();
        told.iter().map(|(_, n)| n.samples[0].sequence).collect()
    };
    assert_eq!(sequences(&slow), [Some(1), Some(2), Some(3)]);
    assert_eq!(sequences(&taking), (1..=5).map(Some).collect::<Vec<_>>());
    assert_eq!(notifications.counts()[0].1.dropped, 2);
    assert_eq!(notifications.counts()[1].1.dropped, 0);
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_now_is_tried_again_with_the_same_id() {
    let (notifications, [told]) = start(&[], [Manner::Fails(3, None)]);
    fail(&notifications, 1, Code::FhirRejected);
    sleep(600 * SECOND).await;
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 4);
    assert!(
        told.iter()
            .all(|(_, notification)| *notification == told[0].1)
    );
    let gaps = told.windows(2).map(|two| two[1].0 - two[0].0);
    for (gap, least) in gaps.zip([2, 4, 8]) {
        assert!(
            gap >= least * SECOND && gap <= 2 * least * SECOND,
            "{gap:?}"
        );
    }
    assert_eq!(notifications.counts()[0].1.delivered, 1);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_is_not_asked_before_the_time_it_gave() {
    let asked = Some(300 * SECOND);
    let (notifications, [told]) = start(&[], [Manner::Fails(2, asked)]);
    fail(&notifications, 1, Code::FhirRejected);
    sleep(1_000 * SECOND).await;
    assert_eq!(heard(&told), [(0, 1), (300, 1), (600, 1)]);
}

#[tokio::test(start_paused = true)]
async fn what_keeps_failing_is_given_up_and_the_next_has_its_turn() {
    let most = ("RetryConfiguration__MaxAttempts", "3");
    let (notifications, [told]) = start(&[UNGROUPED, most], [Manner::Fails(u32::MAX, None)]);
    fail(&notifications, 1, Code::FhirRejected);
    fail(&notifications, 2, Code::FhirRejected);
    sleep(600 * SECOND).await;
    let told = told.lock().unwrap();
    let sequences = told.iter().map(|(_, n)| n.samples[0].sequence);
    assert_eq!(sequences.collect::<Vec<_>>(), [1, 1, 1, 2, 2, 2].map(Some));
    assert_eq!(notifications.counts()[0].1.undelivered, 2);
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_good_is_not_tried_again() {
    let (notifications, [told]) = start(&[], [Manner::Refuses]);
    fail(&notifications, 1, Code::FhirRejected);
    sleep(600 * SECOND).await;
    assert_eq!(heard(&told).len(), 1);
    assert_eq!(notifications.counts()[0].1.undelivered, 1);
}

#[tokio::test(start_paused = true)]
async fn closing_delivers_what_waits_and_what_is_still_gathered() {
    let begun = Instant::now();
    let (notifications, [told]) = start(&[], [Manner::Slow(SECOND)]);
    fail(&notifications, 1, Code::FhirRejected);
    fail(&notifications, 2, Code::FhirTooLarge);
    fail(&notifications, 3, Code::FhirTooLarge);
    notifications.close(10 * SECOND).await;
    assert_eq!(heard(&told), [(0, 1), (1, 1), (2, 2)]);
    assert_eq!(begun.elapsed(), 3 * SECOND, "no longer than it takes");
    assert_eq!(notifications.counts()[0].1.delivered, 3);
    fail(&notifications, 4, Code::FhirRejected);
    assert_eq!(heard(&told).len(), 3, "nothing is taken any more");
}

#[tokio::test(start_paused = true)]
async fn closing_tries_a_failing_notifier_once_more_and_waits_for_none_longer_than_the_grace() {
    let begun = Instant::now();
    let manners = [Manner::Fails(u32::MAX, None), Manner::Slow(Duration::MAX)];
    let (notifications, [failing, _]) = start(&[], manners);
    fail(&notifications, 1, Code::FhirRejected);
    sleep(SECOND).await;
    notifications.close(3 * SECOND).await;
    assert_eq!(heard(&failing), [(0, 1), (1, 1)]);
    assert_eq!(begun.elapsed(), 4 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn what_matters_less_than_is_asked_for_is_not_told() {
    let severity = ("Notify__Severity", "Error");
    let (notifications, [told]) = start(&[severity], [Manner::Takes]);
    fail(&notifications, 1, Code::DicomInvalidValue);
    fail(&notifications, 2, Code::FhirRejected);
    let code = Code::FhirForbidden;
    notifications.post(Event::FeedPaused { code });
    notifications.post(Event::FeedResumed { code });
    sleep(SECOND).await;
    let told = told.lock().unwrap();
    let kinds: Vec<_> = told.iter().map(|(_, n)| (n.kind, n.code)).collect();
    let expected = [
        (Kind::EntryFailed, Code::FhirRejected),
        (Kind::FeedPaused, code),
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test(start_paused = true)]
async fn r84_entries_that_keep_needing_attempts_are_told_of_once_and_again_when_it_is_over() {
    let (notifications, [told]) = start(&[], [Manner::Takes]);
    let busy = Failure::new(Code::FhirTooBusy, "");
    for sequence in 0..100 {
        let subject = &subject(sequence);
        let failure = &busy;
        notifications.post(Event::AttemptFailed { subject, failure });
        notifications.post(Event::EntryApplied { subject });
        sleep(15 * SECOND).await;
    }
    sleep(3_600 * SECOND).await;
    let told = told.lock().unwrap();
    let told = told
        .iter()
        .map(|(after, n)| (after.as_secs(), n.kind, n.count));
    let expected = [
        (600, Kind::TransientPersistent, 41),
        (99 * 15 + 600, Kind::TransientResolved, 100),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_escalation_shows_some_of_the_entries() {
    let (notifications, [told]) = start(&[], [Manner::Takes]);
    for sequence in 1..=3 {
        fail(&notifications, sequence, Code::FhirRejected);
    }
    notifications.post(Event::Escalated(super::Escalated {
        code: Code::FhirRejected,
        count: 3,
    }));
    sleep(SECOND).await;
    let told = told.lock().unwrap();
    let (_, escalation) = &told[1];
    assert_eq!((escalation.kind, escalation.count), (Kind::Escalation, 3));
    let sequences = escalation.samples.iter().map(|sample| sample.sequence);
    assert_eq!(sequences.collect::<Vec<_>>(), [1, 2, 3].map(Some));
}
