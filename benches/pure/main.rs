//! What an entry costs in the pure rooms, on one processor: a page is split and read, its changes
//! are folded and merged; held against scanning the same bytes and throwing them away.

#[path = "../throughput/feed.rs"]
#[allow(dead_code, reason = "the other bench uses more of it")]
mod feed;
#[path = "../throughput/header.rs"]
mod header;
#[path = "../throughput/study.rs"]
#[allow(dead_code, reason = "the other bench uses more of it")]
mod study;
mod work;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use work::{PAGE, Work};

/// How long one of them is repeated.
const LONG: Duration = Duration::from_millis(800);

/// Measures read, fold and merge of a CT header
#[derive(Debug, Parser)]
struct Arguments {
    /// Only those whose name has this in it
    #[arg(default_value = "")]
    only: String,
    /// How often each is repeated; without it, for 0.8 s
    #[arg(long)]
    rounds: Option<u32>,
    /// Given by `cargo bench`, and not by `cargo test --all-targets`, which starts this too
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        return ExitCode::SUCCESS;
    }
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Task = fn(&Work) -> Result<usize, Box<dyn Error>>;

/// Each for a page of a hundred entries.
const TASKS: [(&str, Task); 7] = [
    ("scan into RawValue", Work::scan),
    ("parse into Value", Work::parse),
    ("split", |work| Ok(work.split()?.len())),
    ("split, read", |work| Ok(work.read()?.len())),
    ("split, read, fold", |work| work.fold().map(|_| 1)),
    (
        "split, read, fold, merge into nothing",
        Work::merge_into_nothing,
    ),
    (
        "split, read, fold, merge into 1,000 instances",
        Work::merge_into_study,
    ),
];

fn measure(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let work = Work::new()?;
    println!("A page of {PAGE} CT headers, {} bytes", work.bytes());
    println!(
        "{:<48} {:>9} {:>9} {:>7}",
        "", "µs/entry", "fastest", "ratio"
    );
    let (_, scan) = times(&work, Work::scan, arguments.rounds)?;
    for (name, task) in TASKS {
        if !name.contains(&arguments.only) {
            continue;
        }
        let (median, fastest) = times(&work, task, arguments.rounds)?;
        let per_entry = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(PAGE);
        let ratio = fastest.as_secs_f64() / scan.as_secs_f64();
        println!(
            "{name:<48} {:>9.2} {:>9.2} {ratio:>7.2}",
            per_entry(median),
            per_entry(fastest)
        );
    }
    Ok(())
}

/// The median and the shortest time of a page.
fn times(
    work: &Work,
    task: Task,
    rounds: Option<u32>,
) -> Result<(Duration, Duration), Box<dyn Error>> {
    let mut times = Vec::new();
    let began = Instant::now();
    while rounds.map_or_else(
        || began.elapsed() < LONG,
        |rounds| times.len() < rounds as usize,
    ) {
        let round = Instant::now();
        std::hint::black_box(task(std::hint::black_box(work))?);
        times.push(round.elapsed());
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok((median, times.first().copied().unwrap_or_default()))
}
