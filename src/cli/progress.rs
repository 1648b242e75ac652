//! How far a long command is, on standard error.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// After how many records a line is printed where no bar can be drawn.
const A_LINE_EACH: u64 = 1_000;

/// A count that goes up.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    terminal: bool,
    told: u64,
}

impl Progress {
    /// Counts what has been done, e.g. `asked for`.
    pub(super) fn of(what: &'static str) -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = if terminal {
            ProgressBar::new_spinner().with_message(what)
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} {msg} {per_sec}") {
            bar.set_style(style);
        }
        Self {
            bar,
            what,
            terminal,
            told: 0,
        }
    }

    /// So many by now.
    pub(super) fn at(&mut self, count: u64) {
        self.bar.set_position(count);
        if !self.terminal && count / A_LINE_EACH > self.told / A_LINE_EACH {
            eprintln!("{count} {}", self.what);
        }
        self.told = count;
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}
