//! The lease that keeps one replica active.

use std::time::Duration;

use async_trait::async_trait;
use radcast_engine::failure::{Code, Failure};
use radcast_engine::store::Lease;
use tokio::time::Instant;

use super::world::{Course, Service, World};

/// The lease as one replica reaches it. A replica that died is not known again.
#[derive(Debug)]
pub struct ModelLease {
    pub world: World,
    pub replica: usize,
    /// Which life of the replica asks.
    pub life: u64,
}

impl ModelLease {
    async fn with<R>(&self, work: impl FnOnce(&Self) -> R + Send) -> Result<R, Failure> {
        let course = self.world.request(self.replica, Service::Lease).await;
        let lost = || Failure::new(Code::StoreUnavailable, "the model does not answer");
        if course == Course::Refused {
            return Err(lost());
        }
        let result = work(self);
        self.world.answer(self.replica).await;
        if course == Course::AnswerLost {
            return Err(lost());
        }
        Ok(result)
    }

    fn take(&self, only_renew: bool) -> bool {
        let mut state = self.world.lock();
        let now = Instant::now();
        let me = (self.replica, self.life);
        let mine = state
            .holder
            .is_some_and(|(holder, until)| holder == me && until > now);
        let free = state.holder.is_none_or(|(_, until)| until <= now);
        let taken = mine || (free && !only_renew);
        if taken {
            state.holder = Some((me, now + self.duration()));
        }
        taken
    }
}

#[async_trait]
impl Lease for ModelLease {
    fn duration(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn acquire(&self) -> Result<bool, Failure> {
        self.with(|lease| lease.take(false)).await
    }

    async fn renew(&self) -> Result<bool, Failure> {
        self.with(|lease| lease.take(true)).await
    }

    async fn release(&self) -> Result<(), Failure> {
        self.with(|lease| {
            let mut state = lease.world.lock();
            if state
                .holder
                .is_some_and(|(holder, _)| holder == (lease.replica, lease.life))
            {
                state.holder = None;
            }
        })
        .await
    }
}
