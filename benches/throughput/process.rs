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

    /// Time on the processors, in user and kernel mode: of all threads there were, in ticks, or of
    /// those there are, to the nanosecond, whichever is more.
    pub(crate) fn cpu(&self) -> Result<Duration, Box<dyn Error>> {
        let stat = std::fs::read_to_string(self.folder.join("stat"))?;
        let all = ticks(&stat).map(|ticks| TICK * ticks);
        let all = all.ok_or("the process tells no times")?;
        let mut present = Duration::ZERO;
        for thread in std::fs::read_dir(self.folder.join("task"))?.flatten() {
            // A thread may end meanwhile.
            let text = std::fs::read_to_string(thread.path().join("schedstat"));
            present += text
                .ok()
                .and_then(|text| on_processor(&text))
                .unwrap_or_default();
        }
        Ok(all.max(present))
    }
}

/// Time of the calling thread on the processors.
pub(crate) fn cpu_of_this_thread() -> Result<Duration, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    on_processor(&text).ok_or_else(|| "the thread tells no times".into())
}

/// The first number of `schedstat`, in nanoseconds.
fn on_processor(schedstat: &str) -> Option<Duration> {
    let nanoseconds = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
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
