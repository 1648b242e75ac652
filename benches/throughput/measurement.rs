//! The daemon watched from its start until it has settled the whole feed.

use std::error::Error;
use std::time::{Duration, Instant};

use super::daemon::Daemon;
use super::figures::{Figures, Run, number};
use super::process::{Process, Resident};
use super::report::Progress;
use super::site::Site;

/// How often position and memory are looked at.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(4);

/// The daemon hangs when the position has not moved for longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Watches until the stored position is at the end. `run.took` is found here.
pub(crate) async fn until_settled(
    daemon: &mut Daemon,
    site: &Site,
    run: Run<'_>,
) -> Result<Figures, Box<dyn Error>> {
    let last = run.of;
    let services = Process::of(std::process::id());
    let before = services.cpu()?;
    let mut sampling = Sampling::default();
    let mut progress = Progress::new("settled", last);
    let mut moved = (0, Instant::now());
    loop {
        let position = daemon.position().await?;
        let settled_at = Instant::now();
        let process = daemon.process()?;
        let resident = process.resident()?;
        sampling.take(position, last, resident);
        progress.reached(position);
        if position >= last {
            let began = site.service.first_request().unwrap_or(daemon.started);
            let took = settled_at.saturating_duration_since(began);
            let per_entry = |cpu: Duration| Some(cpu.as_secs_f64() * 1e6 / number(last.max(1)));
            let cpu = process.cpu()?;
            let of_services = services.cpu()?.saturating_sub(before);
            let figures = Figures::of(&Run { took, ..run }, site).started(daemon.started, site);
            return Ok(Figures {
                cpu_us_per_entry: per_entry(cpu),
                services_cpu_us_per_entry: per_entry(of_services),
                peak_resident_mib: Some(mib(sampling.peak(resident))),
                resident_mib_by_quarter: sampling.quarters,
                ..figures
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

/// The quarters settled so far, and the one under way.
#[derive(Default)]
struct Sampling {
    /// MiB at the end of each, and the most in it.
    quarters: Vec<[f64; 2]>,
    /// KiB
    most: u64,
    most_of_all: u64,
}

impl Sampling {
    fn take(&mut self, position: u64, last: u64, resident: Resident) {
        self.most = self.most.max(resident.now);
        self.most_of_all = self.most_of_all.max(resident.now);
        while (self.quarters.len() as u64) < position * 4 / last.max(1) {
            self.quarters.push([mib(resident.now), mib(self.most)]);
            self.most = resident.now;
        }
    }

    /// The kernel's own peak, or a sample that is higher: the kernel counts in batches.
    fn peak(&self, resident: Resident) -> u64 {
        self.most_of_all.max(resident.peak)
    }
}

fn mib(kib: u64) -> f64 {
    number(kib) / 1_024.0
}
