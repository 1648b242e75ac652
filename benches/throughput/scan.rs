//! The least that reading can cost: the daemon's pages, scanned once by `serde_json` and thrown away.

use std::error::Error;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::feed::Feed;
use super::figures::number;
use super::header::Headers;
use super::process::cpu_of_this_thread;

/// Entries a page, fewer where a page would be of more bytes than these, and pages at most.
const PAGE: u64 = 100;
const BYTES: u64 = 8 << 20;
const PAGES: u64 = 20;

/// The clock of a thread moves in steps of some milliseconds.
const LONG: Duration = Duration::from_millis(600);

/// Time on the processor for an entry, in microseconds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Scan {
    pub(crate) scenario: String,
    pub(crate) bytes_per_entry: f64,
    /// Into `RawValue`, entry by entry.
    pub(crate) raw_us_per_entry: f64,
    /// Into `Value`, the whole page.
    pub(crate) value_us_per_entry: f64,
}

pub(crate) fn measure(
    scenario: &str,
    feed: &Feed,
    headers: &Headers,
) -> Result<Scan, Box<dyn Error>> {
    let entry = feed.page(headers, 1..=1, true)?;
    let entries_per_page = PAGE.min(BYTES / entry.len() as u64);
    let mut pages = Vec::new();
    let all = (feed.entries() / entries_per_page).max(1);
    for page in 0..all.min(PAGES) {
        // Spread over the whole feed.
        let first = page * all / all.min(PAGES) * entries_per_page;
        pages.push(feed.page(headers, first + 1..=first + entries_per_page, true)?);
    }
    let entries = number(entries_per_page.min(feed.entries()) * pages.len() as u64);
    let bytes: usize = pages.iter().map(String::len).sum();
    Ok(Scan {
        scenario: scenario.to_owned(),
        bytes_per_entry: number(bytes as u64) / entries,
        raw_us_per_entry: time(&pages, |page| {
            serde_json::from_str::<Vec<&RawValue>>(page).map(|entries| entries.len())
        })? / entries,
        value_us_per_entry: time(&pages, |page| {
            serde_json::from_str::<Vec<Value>>(page).map(|entries| entries.len())
        })? / entries,
    })
}

/// Microseconds on the processor for all pages.
fn time(
    pages: &[String],
    read: impl Fn(&str) -> serde_json::Result<usize>,
) -> Result<f64, Box<dyn Error>> {
    let began = cpu_of_this_thread()?;
    let mut rounds = 0;
    loop {
        for page in pages {
            std::hint::black_box(read(std::hint::black_box(page))?);
        }
        rounds += 1;
        let took = cpu_of_this_thread()?.saturating_sub(began);
        if took > LONG {
            return Ok(took.as_secs_f64() * 1e6 / f64::from(rounds));
        }
    }
}
