//! What Linux knows of a process (proc(5)).

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

/// The unit of the times in `/proc/<pid>/stat`; Linux shows 100 a second on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// A process that runs.
pub(crate) struct Process {
    folder: PathBuf,
}

/// Resident memory, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Resident {
    /// `VmRSS`
    pub(crate) now: u64,
    /// `VmHWM`
    pub(crate) peak: u64,
}

impl Process {
    pub(crate) fn of(id: u32) -> Self {
        let folder = PathBuf::from(format!("/proc/{id}"));
        Self { folder }
    }

    pub(crate) fn resident(&self) -> Result<Resident, Box<dyn Error>> {
        let status = std::fs::read_to_string(self.folder.join("status"))?;
        let read = || {
            Some(Resident {
                now: kib(&status, "VmRSS:")?,
                peak: kib(&status, "VmHWM:")?,
            })
        };
        read().ok_or_else(|| "the process tells no resident memory".into())
    }

    /// Time on the processors, in user and kernel mode.
    pub(crate) fn cpu(&self) -> Result<Duration, Box<dyn Error>> {
        let stat = std::fs::read_to_string(self.folder.join("stat"))?;
        ticks(&stat)
            .map(|ticks| TICK * ticks)
            .ok_or_else(|| "the process tells no times".into())
    }
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// `utime` and `stime`, the 14th and 15th field. The second, in brackets, may hold anything.
fn ticks(stat: &str) -> Option<u32> {
    let (_, from_third) = stat.rsplit_once(") ")?;
    let mut times = from_third.split(' ').skip(11);
    let user: u32 = times.next()?.parse().ok()?;
    Some(user + times.next()?.parse::<u32>().ok()?)
}
