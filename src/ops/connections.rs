//! Which connections are open, and which one makes room for another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::{AbortHandle, JoinSet};

/// Whether a connection has shown the key; shared by the connection and who checks the key.
#[derive(Debug, Clone, Default)]
pub(super) struct Trust(Arc<AtomicBool>);

impl Trust {
    /// The key has been shown.
    pub(super) fn give(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_given(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The open connections, so many at most. Dropping it closes them.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    /// The oldest first.
    open: Vec<Open>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Open {
    peer: IpAddr,
    trust: Trust,
    task: AbortHandle,
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            open: Vec::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Serves a connection; another one is closed before that if they would be too many.
    pub(super) async fn admit(
        &mut self,
        peer: IpAddr,
        trust: Trust,
        serving: impl Future<Output = ()> + Send + 'static,
    ) {
        while self.tasks.len() >= self.most {
            self.close_one().await;
        }
        let task = self.tasks.spawn(serving);
        self.open.push(Open { peer, trust, task });
    }

    /// Waits until one has ended; for ever while none is open.
    pub(super) async fn ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
        self.forget_ended();
    }

    async fn close_one(&mut self) {
        self.forget_ended();
        let open = self.open.iter();
        let standing: Vec<_> = open
            .map(|open| (open.peer, open.trust.is_given()))
            .collect();
        if self.tasks.len() >= self.most
            && let Some(closed) = most_dispensable(&standing)
        {
            self.open.remove(closed).task.abort();
        }
        let _ = self.tasks.join_next().await;
    }

    fn forget_ended(&mut self) {
        self.open.retain(|open| !open.task.is_finished());
    }
}

/// Which of the connections, the oldest first, is closed to make room: one that has shown no key,
/// of the peer that has the most, the oldest of these. So a probe, which is new and alone, stays.
fn most_dispensable(open: &[(IpAddr, bool)]) -> Option<usize> {
    let mut of_peer: HashMap<IpAddr, usize> = HashMap::new();
    for (peer, _) in open {
        *of_peer.entry(*peer).or_default() += 1;
    }
    // Of equals the last one is taken.
    let oldest_last = open.iter().enumerate().rev();
    let closed = oldest_last.max_by_key(|(_, (peer, trusted))| (!trusted, of_peer.get(peer)));
    closed.map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const PLATFORM: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn the_oldest_of_who_has_the_most_makes_room_and_whoever_showed_the_key_last() {
        let probe = (PLATFORM, false);
        let (strange, known) = ((STRANGER, false), (STRANGER, true));
        for (open, closed) in [
            (vec![], None),
            (vec![strange, strange, strange], Some(0)),
            (vec![probe, strange, strange], Some(1)),
            (vec![known, known, probe], Some(2)),
            (vec![probe, known, strange, known], Some(2)),
            (vec![known, known], Some(0)),
        ] {
            assert_eq!(most_dispensable(&open), closed, "{open:?}");
        }
    }

    #[tokio::test]
    async fn never_are_more_open_than_may_be() {
        let mut connections = Connections::new(2);
        let counted = Arc::new(());
        for _ in 0..10 {
            let held = Arc::clone(&counted);
            let serving = async move {
                let _held = held;
                std::future::pending().await
            };
            connections.admit(STRANGER, Trust::default(), serving).await;
            assert!(connections.tasks.len() <= 2);
            assert!(Arc::strong_count(&counted) <= 3, "one is closed late");
        }
        drop(connections);
    }
}
