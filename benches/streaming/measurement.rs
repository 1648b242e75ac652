//! The daemon watched from its start until it has settled the whole feed.

use std::error::Error;
use std::time::{Duration, Instant};

use crate::daemon::Daemon;
use crate::process::Resident;
use crate::report::Progress;
use crate::site::Site;

/// How often position and memory are looked at.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(20);

/// The daemon hangs when the position has not moved for longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// What it took to settle a feed.
#[derive(Debug)]
pub(crate) struct Measurement {
    /// From the start of the process to its first request to the feed.
    pub(crate) first_request: Duration,
    /// From the start of the process to the stored position at the end of the feed.
    pub(crate) settled: Duration,
    pub(crate) cpu: Duration,
    pub(crate) fhir_requests: u64,
    pub(crate) feed_requests: u64,
    /// The most resident memory, in KiB.
    pub(crate) peak_resident_kib: u64,
    /// Resident memory as each quarter of the feed was settled, and the most seen within it.
    pub(crate) quarters: Vec<Quarter>,
}

/// A quarter of the feed. Resident memory in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Quarter {
    pub(crate) most: u64,
    pub(crate) at_end: u64,
}

/// Watches until the stored position is `last`.
pub(crate) async fn until_settled(
    daemon: &mut Daemon,
    site: &Site,
    last: u64,
) -> Result<Measurement, Box<dyn Error>> {
    let first_request = until_first_request(daemon, site).await?;
    let mut sampling = Sampling::default();
    let mut progress = Progress::new("settled", last);
    let mut moved = (0, Instant::now());
    loop {
        let position = daemon.position().await?;
        let process = daemon.process()?;
        let resident = process.resident()?;
        sampling.take(position, last, resident);
        progress.reached(position);
        if position >= last {
            return Ok(Measurement {
                first_request,
                settled: daemon.started.elapsed(),
                cpu: process.cpu()?,
                fhir_requests: site.fhir_requests(),
                feed_requests: site.feed_requests(),
                peak_resident_kib: sampling.peak(resident),
                quarters: sampling.quarters,
            });
        }
        if position > moved.0 {
            moved = (position, Instant::now());
        } else if moved.1.elapsed() > PATIENCE {
            return Err(format!("the position stays at {position} of {last}").into());
        }
        tokio::time::sleep(SAMPLING_INTERVAL).await;
    }
}

async fn until_first_request(daemon: &mut Daemon, site: &Site) -> Result<Duration, Box<dyn Error>> {
    while site.feed_requests() == 0 {
        daemon.process()?;
        if daemon.started.elapsed() > PATIENCE {
            return Err("the daemon sends no request".into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(daemon.started.elapsed())
}

/// The quarters settled so far, and the one under way.
#[derive(Default)]
struct Sampling {
    quarters: Vec<Quarter>,
    most: u64,
}

impl Sampling {
    fn take(&mut self, position: u64, last: u64, resident: Resident) {
        self.most = self.most.max(resident.now);
        while (self.quarters.len() as u64) < position * 4 / last.max(1) {
            self.quarters.push(Quarter {
                most: self.most,
                at_end: resident.now,
            });
            self.most = resident.now;
        }
    }

    /// The kernel's own peak, or a sample that is higher: the kernel counts in batches.
    fn peak(&self, resident: Resident) -> u64 {
        let samples = self.quarters.iter().map(|quarter| quarter.most);
        samples.fold(resident.peak, u64::max)
    }
}
