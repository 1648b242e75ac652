//! Slows down who shows a wrong key, and tells of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

/// How long the answer to a wrong key is kept back.
const DELAY: Duration = Duration::from_millis(500);

/// How many answers are kept back at the same time.
const KEPT_BACK: usize = 16;

/// The time between two lines of the log.
const SILENCE: Duration = Duration::from_secs(60);

/// Who showed a wrong key.
#[derive(Debug)]
pub(super) struct WrongKeys {
    kept_back: Semaphore,
    heard: Arc<Mutex<Heard>>,
    /// Tells of those that come after a line of the log, a while later; it ends with this.
    telling: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// What the log has heard.
#[derive(Debug, Default)]
struct Heard {
    /// Whether a line was written a short while ago.
    lately: bool,
    /// How many came since.
    unheard: u64,
}

impl WrongKeys {
    pub(super) fn new() -> Self {
        Self {
            kept_back: Semaphore::new(KEPT_BACK),
            heard: Arc::default(),
            telling: Mutex::default(),
        }
    }

    /// Keeps the answer back for a while. `false`: too many are, so that it goes out at once.
    pub(super) async fn keep_back(&self) -> bool {
        self.tell();
        match self.kept_back.try_acquire() {
            Ok(_place) => {
                sleep(DELAY).await;
                true
            }
            Err(_) => false,
        }
    }

    fn tell(&self) {
        let mut heard = lock(&self.heard);
        heard.unheard += 1;
        if heard.lately {
            return;
        }
        log(std::mem::take(&mut heard.unheard));
        heard.lately = true;
        let telling = tokio::spawn(tell_later(Arc::clone(&self.heard)));
        *lock(&self.telling) = Some(AbortOnDropHandle::new(telling));
    }
}

/// Tells of those that came meanwhile, until none did.
async fn tell_later(heard: Arc<Mutex<Heard>>) {
    loop {
        sleep(SILENCE).await;
        let mut heard = lock(&heard);
        if heard.unheard == 0 {
            heard.lately = false;
            return;
        }
        log(std::mem::take(&mut heard.unheard));
    }
}

fn log(count: u64) {
    warn!(
        event = "wrong_key",
        count, "requests for failures showed a key that is not that of Ops:ApiKey"
    );
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_util::future::join_all;
    use tokio::time::Instant;
    use tracing::subscriber::DefaultGuard;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        /// Collects what this thread logs.
        fn collect(&self) -> DefaultGuard {
            let lines = self.clone();
            let subscriber = tracing_subscriber::fmt()
                .json()
                .with_writer(move || lines.clone())
                .finish();
            tracing::subscriber::set_default(subscriber)
        }

        /// The counts that were logged.
        fn counts(&self) -> Vec<u64> {
            let text = String::from_utf8(lock(&self.0).clone()).unwrap();
            let count = |line: &str| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                line["fields"]["count"].as_u64()
            };
            text.lines().filter_map(count).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_answers_are_kept_back_and_none_for_long() {
        let wrong = WrongKeys::new();
        let begun = Instant::now();
        let kept = join_all((0..100).map(|_| wrong.keep_back())).await;
        assert_eq!(kept.iter().filter(|kept| **kept).count(), KEPT_BACK);
        assert_eq!(begun.elapsed(), DELAY);
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_has_a_line_a_minute_with_the_count() {
        let lines = Lines::default();
        let _collecting = lines.collect();
        let wrong = WrongKeys::new();
        join_all((0..50).map(|_| wrong.keep_back())).await;
        assert_eq!(lines.counts(), [1]);
        sleep(SILENCE).await;
        assert_eq!(lines.counts(), [1, 49]);
        sleep(3 * SILENCE).await;
        assert_eq!(lines.counts(), [1, 49], "nothing to tell of");
        wrong.keep_back().await;
        assert_eq!(lines.counts(), [1, 49, 1]);
    }
}
