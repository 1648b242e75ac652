//! One active replica: work is done only while a lease is held.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::failure::{Code, Failure};
use crate::status::{State, Status};
use crate::store::Lease;

/// Does `work` while this replica holds the lease, and stands by while another one does; without a
/// lease it does it right away.
///
/// A lease that is lost ends the work at once: nothing of it is waited for, as the other replica
/// may have begun. Then this one stands by again.
///
/// # Errors
/// Those of the work.
pub async fn lead<W>(
    lease: Option<Arc<dyn Lease>>,
    status: &watch::Sender<Status>,
    stop: &CancellationToken,
    work: impl Fn(CancellationToken) -> W,
) -> Result<(), Failure>
where
    W: Future<Output = Result<(), Failure>>,
{
    let Some(lease) = lease else {
        status.send_modify(|status| status.leader = true);
        return work(stop.clone()).await;
    };
    loop {
        let waiting = stand_by(lease.as_ref(), status);
        let Some(held) = stop.run_until_cancelled(waiting).await else {
            return Ok(());
        };
        tokio::select! {
            biased;
            ended = work(stop.child_token()) => {
                release(lease.as_ref()).await;
                return ended;
            }
            lost = keep(lease.as_ref(), held) => {
                // Before anything is asked of the storage again, which may hang.
                show(status, lost);
                warn!(event = "lease_lost", "the lease is lost; another replica may go on");
            }
        }
    }
}

/// How often the lease is asked for or renewed.
fn interval(lease: &dyn Lease) -> Duration {
    lease.duration() / 3
}

/// Waits until the lease is ours; the moment before it was given.
async fn stand_by(lease: &dyn Lease, status: &watch::Sender<Status>) -> Instant {
    loop {
        let asked = Instant::now();
        match acquire(lease).await {
            Ok(true) => {
                info!(event = "leading", "this replica is the active one");
                status.send_modify(|status| {
                    (status.state, status.wait) = (State::Starting, None);
                    status.leader = true;
                });
                return asked;
            }
            Ok(false) => show(status, State::Standby),
            Err(failure) => {
                error!(event = "lease_unavailable", code = %failure.code, cure = failure.cure(), "the lease cannot be asked for: {failure}");
                show(status, State::Paused(failure.code));
                sleep(interval(lease) / 5).await;
                continue;
            }
        }
        sleep(interval(lease)).await;
    }
}

/// Asks for the lease. An answer that takes longer than half of it is not waited for: little would be
/// left of what was given.
async fn acquire(lease: &dyn Lease) -> Result<bool, Failure> {
    let patience = lease.duration() / 2;
    let asked = timeout(patience, lease.acquire()).await;
    asked.unwrap_or_else(|_| {
        let text = format!("no answer within {patience:?}");
        Err(Failure::new(Code::BlobUnavailable, text))
    })
}

/// Shows the state of a replica without the lease.
fn show(status: &watch::Sender<Status>, state: State) {
    let changed = status.send_if_modified(|status| {
        let before = std::mem::replace(&mut status.state, state);
        status.wait = None;
        std::mem::replace(&mut status.leader, false) || before != state
    });
    if changed && state == State::Standby {
        info!(event = "standing_by", "another replica is the active one");
    }
}

/// Renews the lease until it is lost, or so near its end that it may be; the state without it.
async fn keep(lease: &dyn Lease, mut held: Instant) -> State {
    loop {
        let end = held + lease.duration() - interval(lease) / 3;
        sleep_until(held + interval(lease)).await;
        held = match renew(lease, end).await {
            Ok(renewed) => renewed,
            Err(lost) => return lost,
        };
    }
}

/// The moment before the lease was renewed, or the state without it when it could not be before `end`.
async fn renew(lease: &dyn Lease, end: Instant) -> Result<Instant, State> {
    let mut trouble = Code::BlobUnavailable;
    loop {
        let asked = Instant::now();
        match timeout_at(end, lease.renew()).await {
            Ok(Ok(true)) => return Ok(asked),
            Ok(Ok(false)) => return Err(State::Standby),
            Ok(Err(failure)) => {
                warn!(event = "lease_not_renewed", code = %failure.code, cure = failure.cure(), "the lease cannot be renewed: {failure}");
                trouble = failure.code;
            }
            Err(_) => return Err(State::Paused(trouble)),
        }
        let pause = interval(lease) / 10;
        if Instant::now() + pause >= end {
            return Err(State::Paused(trouble));
        }
        sleep(pause).await;
    }
}

async fn release(lease: &dyn Lease) {
    match timeout(interval(lease), lease.release()).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => {
            warn!(event = "lease_not_released", code = %failure.code, "the lease ends by itself: {failure}");
        }
        Err(_) => warn!(
            event = "lease_not_released",
            "the lease ends by itself: no answer in time"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;

    /// A lease of half a minute that replicas of one process share.
    #[derive(Default)]
    struct Shared {
        holder: Mutex<Option<(usize, Instant)>>,
        down: Mutex<bool>,
        hangs: Mutex<bool>,
    }

    struct Seen {
        shared: Arc<Shared>,
        replica: usize,
    }

    impl Seen {
        async fn take(&self) -> Result<bool, Failure> {
            if *self.shared.hangs.lock().unwrap() {
                std::future::pending::<()>().await;
            }
            if *self.shared.down.lock().unwrap() {
                return Err(Failure::new(Code::StoreUnavailable, "down"));
            }
            let mut holder = self.shared.holder.lock().unwrap();
            let free = holder
                .is_none_or(|(replica, until)| replica == self.replica || until <= Instant::now());
            if free {
                *holder = Some((self.replica, Instant::now() + self.duration()));
            }
            Ok(free)
        }
    }

    #[async_trait]
    impl Lease for Seen {
        fn duration(&self) -> Duration {
            Duration::from_secs(30)
        }

        async fn acquire(&self) -> Result<bool, Failure> {
            self.take().await
        }

        async fn renew(&self) -> Result<bool, Failure> {
            self.take().await
        }

        async fn release(&self) -> Result<(), Failure> {
            *self.shared.holder.lock().unwrap() = None;
            Ok(())
        }
    }

    /// A replica that counts itself among those at work.
    fn replica(
        shared: &Arc<Shared>,
        replica: usize,
        at_work: &Arc<Mutex<Vec<usize>>>,
    ) -> (
        watch::Receiver<Status>,
        CancellationToken,
        tokio::task::JoinHandle<()>,
    ) {
        let (status, shown) = watch::channel(Status::default());
        let stop = CancellationToken::new();
        let lease: Arc<dyn Lease> = Arc::new(Seen {
            shared: Arc::clone(shared),
            replica,
        });
        let (at_work, stopping) = (Arc::clone(at_work), stop.clone());
        let running = tokio::spawn(async move {
            let work = |stop: CancellationToken| {
                let at_work = Arc::clone(&at_work);
                async move {
                    let _there = There::new(at_work, replica);
                    stop.cancelled().await;
                    Ok(())
                }
            };
            lead(Some(lease), &status, &stopping, work).await.unwrap();
        });
        (shown, stop, running)
    }

    /// Notes a replica as being at work until dropped.
    struct There(Arc<Mutex<Vec<usize>>>, usize);

    impl There {
        fn new(at_work: Arc<Mutex<Vec<usize>>>, replica: usize) -> Self {
            at_work.lock().unwrap().push(replica);
            Self(at_work, replica)
        }
    }

    impl Drop for There {
        fn drop(&mut self) {
            self.0.lock().unwrap().retain(|other| *other != self.1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rx3_one_replica_works_and_the_other_takes_over_within_the_lease_when_it_dies() {
        let (shared, at_work) = (Arc::default(), Arc::default());
        let (_, _, first) = replica(&shared, 1, &at_work);
        sleep(Duration::from_secs(1)).await;
        let (shown, _, _second) = replica(&shared, 2, &at_work);
        sleep(Duration::from_secs(3_600)).await;
        assert_eq!(*at_work.lock().unwrap(), [1]);
        assert_eq!(shown.borrow().state, State::Standby);
        first.abort();
        sleep(Duration::from_secs(41)).await;
        assert_eq!(*at_work.lock().unwrap(), [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_replica_that_stops_gives_the_lease_back() {
        let (shared, at_work) = (Arc::default(), Arc::default());
        let (_, stop, first) = replica(&shared, 1, &at_work);
        sleep(Duration::from_secs(1)).await;
        let (_shown, _, _second) = replica(&shared, 2, &at_work);
        stop.cancel();
        first.await.unwrap();
        sleep(Duration::from_secs(11)).await;
        assert_eq!(*at_work.lock().unwrap(), [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn rx3_a_lease_that_cannot_be_renewed_ends_the_work_before_another_replica_may_begin() {
        let (shared, at_work) = (Arc::new(Shared::default()), Arc::default());
        let (shown, _, _first) = replica(&shared, 1, &at_work);
        sleep(Duration::from_secs(1)).await;
        *shared.down.lock().unwrap() = true;
        sleep(Duration::from_secs(29)).await;
        assert!(at_work.lock().unwrap().is_empty());
        assert!(!shown.borrow().leader);
        sleep(Duration::from_secs(60)).await;
        assert_eq!(shown.borrow().state, State::Paused(Code::StoreUnavailable));
        *shared.down.lock().unwrap() = false;
        sleep(Duration::from_secs(11)).await;
        assert_eq!(*at_work.lock().unwrap(), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_somebody_else_took_ends_the_work() {
        let (shared, at_work) = (Arc::new(Shared::default()), Arc::default());
        let (shown, _, _first) = replica(&shared, 1, &at_work);
        sleep(Duration::from_secs(1)).await;
        let forever = Instant::now() + Duration::from_secs(86_400);
        *shared.holder.lock().unwrap() = Some((9, forever));
        sleep(Duration::from_secs(11)).await;
        assert!(at_work.lock().unwrap().is_empty());
        assert_eq!(shown.borrow().state, State::Standby);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_hangs_ends_the_work_and_is_shown_before_another_replica_may_begin() {
        let (shared, at_work) = (Arc::new(Shared::default()), Arc::default());
        let (shown, _, _first) = replica(&shared, 1, &at_work);
        sleep(Duration::from_secs(1)).await;
        assert!(shown.borrow().leader);
        let forever = Duration::from_secs(86_400);
        for hung in [0, 10, 25] {
            *shared.hangs.lock().unwrap() = false;
            let led = async {
                while !shown.borrow().leader {
                    sleep(Duration::from_millis(100)).await
                }
            };
            timeout(forever, led).await.unwrap();
            sleep(Duration::from_secs(hung)).await;
            *shared.hangs.lock().unwrap() = true;
            let until = shared.holder.lock().unwrap().unwrap().1;
            let mut ends = shown.clone();
            let ended = timeout(forever, ends.wait_for(|status| !status.leader)).await;
            let state = ended.unwrap().unwrap().state;
            assert!(Instant::now() < until, "{hung}");
            assert_eq!(state, State::Paused(Code::BlobUnavailable), "{hung}");
            assert!(at_work.lock().unwrap().is_empty(), "{hung}");
            sleep(Duration::from_secs(600)).await;
            assert!(!shown.borrow().leader, "{hung}");
            assert_eq!(shown.borrow().state, state, "{hung}");
        }
    }

    /// A lease that is given, but so late that it has ended when its holder hears of it.
    struct Late(watch::Sender<u32>);

    #[async_trait]
    impl Lease for Late {
        fn duration(&self) -> Duration {
            Duration::from_secs(30)
        }

        async fn acquire(&self) -> Result<bool, Failure> {
            self.0.send_modify(|asked| *asked += 1);
            sleep(Duration::from_secs(31)).await;
            Ok(true)
        }

        async fn renew(&self) -> Result<bool, Failure> {
            Ok(true)
        }

        async fn release(&self) -> Result<(), Failure> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_has_ended_when_it_is_heard_of_begins_no_work() {
        let (asked, times) = watch::channel(0);
        let (status, shown) = watch::channel(Status::default());
        let stop = CancellationToken::new();
        let work = |_| async { panic!("another replica may be at work") };
        let leading = lead(Some(Arc::new(Late(asked))), &status, &stop, work);
        assert!(timeout(Duration::from_secs(600), leading).await.is_err());
        assert_eq!(shown.borrow().state, State::Paused(Code::BlobUnavailable));
        assert!(!shown.borrow().leader && *times.borrow() > 10);
    }

    #[tokio::test]
    async fn without_a_lease_the_only_replica_leads() {
        let (status, shown) = watch::channel(Status::default());
        let work = |_| async { Ok(()) };
        lead(None, &status, &CancellationToken::new(), work)
            .await
            .unwrap();
        assert!(shown.borrow().leader);
    }
}
