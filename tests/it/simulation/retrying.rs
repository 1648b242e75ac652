//! Entries that are retried in place.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use radcast::settings::{OnOutage, Retry};
use radcast_engine::failure::Code;
use radcast_engine::store::{FailureTable, RecordKey};
use radcast_engine::{Engine, State, Status};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::model::{Ailment, ModelTarget, Nature, Told, World, WorldState};
use super::scene::{engine, feed_of, live, position, retry, simulated, stopped_after, until};

const FOREVER: Nature = Nature::Flaky(u32::MAX);

fn attempts_at_most(world: &World, most: u32) -> Engine<ModelTarget> {
    Engine {
        retry: Arc::new(Retry {
            max_attempts: NonZeroU32::new(most),
            ..retry()
        }),
        ..engine(world)
    }
}

/// Runs the engine until everything is settled.
fn settle_all(world: &World, engine: impl FnOnce() -> Engine<ModelTarget>) {
    simulated(async {
        let all = world.lock().latest();
        until(world, engine(), |world| position(world) == all)
            .await
            .unwrap();
    });
}

/// The entries of each attempt, the first of them, in the order of the attempts.
fn attempted(world: &World) -> Vec<u64> {
    let world = world.lock();
    world
        .attempts
        .iter()
        .map(|(_, entries)| entries[0])
        .collect()
}

#[test]
fn r12_attempts_at_one_entry_are_ever_further_apart() {
    let world = World::of(&[(1, Nature::Flaky(5)), (2, Nature::Good)]);
    settle_all(&world, || engine(&world));
    let world = world.lock();
    let at_the_first = world.attempts.iter().filter(|(_, entries)| entries == &[1]);
    let times: Vec<_> = at_the_first.map(|(at, _)| *at).collect();
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses.len(), 5);
    // An attempt takes some milliseconds itself.
    let grow = |pair: &[Duration]| pair[1] + Duration::from_millis(20) >= pair[0].mul_f32(1.5);
    assert!(pauses.windows(2).all(grow), "{pauses:?}");
}

#[test]
fn r13_each_failed_attempt_is_told_of_once() {
    let world = World::of(&[(1, Nature::Flaky(5))]);
    let told = Told::default();
    settle_all(&world, || Engine {
        observer: Arc::new(told.clone()),
        ..engine(&world)
    });
    let attempts = told.attempts();
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    for attempt in &attempts {
        assert_eq!(
            (attempt.sequence, attempt.code),
            (Some(1), Code::FhirServerError)
        );
        assert!(attempt.next.is_some());
    }
}

#[test]
fn r14_no_other_study_is_begun_while_one_is_retried() {
    let entries: Vec<_> = (0..12)
        .map(|study| {
            (
                study,
                if study == 0 {
                    Nature::Flaky(4)
                } else {
                    Nature::Good
                },
            )
        })
        .collect();
    let world = World::of(&entries);
    settle_all(&world, || engine(&world));
    // Three others were under way when the first attempt failed.
    let attempts = attempted(&world);
    assert_eq!(attempts[..8], [1, 2, 3, 4, 1, 1, 1, 1]);
    assert_eq!(attempts.len(), 12 + 4);
}

#[test]
fn r14_one_study_at_a_time_keeps_even_the_next_entry_waiting() {
    let world = World::of(&[(1, Nature::Flaky(4)), (2, Nature::Good)]);
    settle_all(&world, || {
        let mut engine = engine(&world);
        engine.worker.max_concurrency = 1;
        engine
    });
    assert_eq!(attempted(&world), [1, 1, 1, 1, 1, 2]);
}

#[test]
fn r15_the_attempts_are_bounded_by_number() {
    for most in [1, 3, 6] {
        let world = World::of(&[(1, FOREVER)]);
        settle_all(&world, || attempts_at_most(&world, most));
        assert_eq!(attempted(&world).len(), most as usize);
    }
}

#[test]
fn r15_the_attempts_are_bounded_by_time() {
    let world = World::of(&[(1, FOREVER)]);
    settle_all(&world, || Engine {
        retry: Arc::new(Retry {
            max_attempts: None,
            total_duration: Duration::from_secs(600),
            ..retry()
        }),
        ..engine(&world)
    });
    let world = world.lock();
    let taken = world.attempts.last().unwrap().0 - world.attempts[0].0;
    assert!(taken <= Duration::from_secs(601), "{taken:?}");
    assert!(taken >= Duration::from_secs(500), "{taken:?}");
}

#[test]
fn r16_an_entry_out_of_attempts_is_recorded_with_their_number_and_r18_the_next_goes_on() {
    for on_outage in [OnOutage::Pause, OnOutage::Record] {
        let world = World::of(&[(1, FOREVER), (2, Nature::Good)]);
        settle_all(&world, || Engine {
            retry: Arc::new(Retry {
                max_attempts: NonZeroU32::new(5),
                on_outage,
                ..retry()
            }),
            ..engine(&world)
        });
        let world = world.lock();
        let rows: Vec<_> = world.rows_of(FailureTable::Transient).collect();
        assert_eq!((rows.len(), rows[0].attempts), (1, 5), "{on_outage:?}");
        assert_eq!(world.applied, [2]);
        assert_eq!(position(&world), 2);
    }
}

#[test]
fn r16_the_search_for_the_entry_at_fault_adds_no_attempts() {
    let mut entries = vec![(1, Nature::Good); 9];
    entries[4].1 = FOREVER;
    entries[6].1 = Nature::Refused;
    let world = World::of(&entries);
    settle_all(&world, || attempts_at_most(&world, 5));
    let world = world.lock();
    let attempts: Vec<_> = world
        .rows
        .values()
        .map(|row| (row.subject.sequence, row.attempts))
        .collect();
    assert_eq!(attempts, [(Some(7), 5), (Some(5), 5)]);
}

/// The row of the entry that is retried: sequence, attempts and code.
fn retried(world: &WorldState) -> Option<(Option<u64>, u32, String)> {
    let row = world.rows_of(FailureTable::Retrying).next()?;
    Some((row.subject.sequence, row.attempts, row.code.clone()))
}

#[test]
fn a_row_shows_the_entry_that_is_retried_until_it_is_done() {
    for last in [Nature::Flaky(3), FOREVER] {
        let world = World::of(&[(2, Nature::Good), (1, last), (1, Nature::Good)]);
        simulated(async {
            let mut shown = Vec::new();
            let engine = attempts_at_most(&world, 4);
            let all = 3;
            until(&world, engine, |world| {
                let row = retried(world);
                if shown.last() != Some(&row) {
                    shown.push(row);
                }
                position(world) == all
            })
            .await
            .unwrap();
            let row = |attempts| Some((Some(2), attempts, "fhir.server-error".to_owned()));
            assert_eq!(shown[..3], [None, row(1), row(2)], "{last:?}");
        });
        assert_eq!(retried(&world.lock()), None, "{last:?}");
    }
}

#[test]
fn a_row_that_cannot_be_kept_delays_no_attempt() {
    let undisturbed = World::of(&[(1, Nature::Flaky(5))]);
    settle_all(&undisturbed, || engine(&undisturbed));
    let world = World::of(&[(1, Nature::Flaky(5))]);
    world.lock().hanging.insert("show_retrying");
    settle_all(&world, || engine(&world));
    let taken = |world: &World| {
        let world = world.lock();
        world.attempts.last().unwrap().0 - world.attempts[0].0
    };
    let most = taken(&undisturbed).mul_f32(4.0 / 3.0) + Duration::from_secs(1);
    assert!(
        taken(&world) <= most,
        "{:?} instead of {most:?}",
        taken(&world)
    );
}

#[test]
fn a_row_that_a_crash_left_behind_is_gone_after_the_next_start() {
    let world = World::of(&[(1, Nature::Flaky(3))]);
    live(&world, Some(Duration::from_secs(3)));
    assert!(retried(&world.lock()).is_some());
    let of_dicom_cast = {
        let mut world = world.lock();
        let mut row = world.rows.values().next().unwrap().clone();
        row.key = RecordKey {
            partition: "RetryableException".to_owned(),
            row: "of dicom-cast".to_owned(),
            ..row.key
        };
        world.rows.insert(row.key.clone(), row.clone());
        world.mend(1);
        row.key
    };
    live(&world, None);
    let world = world.lock();
    assert_eq!(world.rows.keys().collect::<Vec<_>>(), [&of_dicom_cast]);
}

#[test]
fn the_row_of_a_retry_that_is_broken_off_goes_with_it() {
    let world = World::of(&[(1, FOREVER)]);
    let (ended, _) = simulated(stopped_after(&world, Duration::from_secs(30)));
    ended.unwrap();
    assert_eq!(retried(&world.lock()), None);
    assert!(attempted(&world).len() > 2);
}

#[test]
fn the_status_shows_the_wait_that_the_target_asked_for_while_it_lasts() {
    let world = World::of(&[(1, Nature::Ails(Ailment::Busy))]);
    simulated(async {
        let (status, mut shown) = watch::channel(Status::default());
        let (stop, clock) = (CancellationToken::new(), world.clock());
        let running = engine(&world).run(feed_of(&world), status, stop.clone());
        let watching = async {
            let asked = shown.wait_for(|status| status.wait.is_some());
            let asked = tokio::time::timeout(Duration::from_secs(60), asked).await;
            let status = *asked.unwrap().unwrap();
            let wait = status.wait.unwrap();
            assert!(matches!(status.state, State::Retrying { .. }), "{status:?}");
            assert_eq!(wait.service, "FHIR server");
            let left = wait.until.duration_since(clock());
            assert!((10..=11).contains(&left.as_secs()), "{left:?}");
            world.lock().mend(1);
            let after = shown.wait_for(|status| status.state == State::Following);
            assert_eq!(after.await.unwrap().wait, None);
            stop.cancel();
        };
        tokio::join!(running, watching).0.unwrap();
    });
}
