//! One active replica: work is done only while a lease is held.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::status::{State, Status};
use crate::failure::Failure;
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
            () = keep(lease.as_ref(), held) => {
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
        match lease.acquire().await {
            Ok(true) => {
                info!(event = "leading", "this replica is the active one");
                status.send_modify(|status| status.state = State::Starting);
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

fn show(status: &watch::Sender<Status>, state: State) {
    let changed = status.send_if_modified(|status| {
        let before = std::mem::replace(&mut status.state, state);
        before != state
    });
    if changed && state == State::Standby {
        info!(event = "standing_by", "another replica is the active one");
    }
}

/// Renews the lease until it is lost, or so near its end that it may be.
async fn keep(lease: &dyn Lease, mut held: Instant) {
    loop {
        let end = held + lease.duration() - interval(lease) / 3;
        sleep(interval(lease)).await;
        let Some(renewed) = renew(lease, end).await else {
            return;
        };
        held = renewed;
    }
}

/// The moment before the lease was renewed; `None` when it could not be before `end`.
async fn renew(lease: &dyn Lease, end: Instant) -> Option<Instant> {
    loop {
        let asked = Instant::now();
        match timeout_at(end, lease.renew()).await.ok()? {
            Ok(renewed) => return renewed.then_some(asked),
            Err(failure) => {
                warn!(event = "lease_not_renewed", code = %failure.code, cure = failure.cure(), "the lease cannot be renewed: {failure}");
            }
        }
        let pause = interval(lease) / 10;
        if Instant::now() + pause >= end {
            return None;
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
    use crate::failure::Code;

    /// A lease of half a minute that replicas of one process share.
    #[derive(Default)]
    struct Shared {
        holder: Mutex<Option<(usize, Instant)>>,
        down: Mutex<bool>,
    }

    struct Seen {
        shared: Arc<Shared>,
        replica: usize,
    }

    impl Seen {
        fn take(&self) -> Result<bool, Failure> {
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
            self.take()
        }

        async fn renew(&self) -> Result<bool, Failure> {
            self.take()
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
}
