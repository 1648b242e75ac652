//! Tables for people.

use std::io::{self, IsTerminal};

use crate::telemetry::visible;

/// What stands between two columns.
const GAP: &str = "  ";

/// Columns of text. The last one takes what is left of the width.
#[derive(Debug)]
pub(super) struct Table {
    widths: Vec<usize>,
    /// Columns of the terminal; lines are not cut without one.
    terminal: Option<usize>,
}

impl Table {
    /// A table whose columns are as wide as these lines need, its header among them.
    pub(super) fn fitting<'a>(lines: impl IntoIterator<Item = &'a Vec<String>>) -> Self {
        let mut widths: Vec<usize> = Vec::new();
        for line in lines {
            widths.resize(widths.len().max(line.len()), 0);
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.chars().count());
            }
        }
        Self {
            widths,
            terminal: terminal_width(),
        }
    }

    /// A line, cut to the width of the terminal when there is one.
    pub(super) fn line(&self, cells: &[String]) -> String {
        let line = self.open_line(cells);
        match self.terminal {
            Some(most) if line.chars().count() > most => cut(&line, most),
            _ => line,
        }
    }

    /// A line of any width. Cells beyond the columns follow as they are.
    pub(super) fn open_line(&self, cells: &[String]) -> String {
        let widths = self.widths.iter().copied().chain(std::iter::repeat(0));
        let padded = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{:<width$}", one_line(cell)));
        let line = padded.collect::<Vec<_>>().join(GAP);
        line.trim_end().to_owned()
    }

    /// How much of a line the columns take, the gaps behind them included.
    pub(super) fn width(&self) -> usize {
        let columns = self.widths.iter().map(|width| width + GAP.len());
        columns.sum()
    }
}

fn cut(line: &str, most: usize) -> String {
    let kept: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

fn one_line(cell: &str) -> String {
    visible(&cell.replace(['\n', '\r', '\t'], " ")).into_owned()
}

/// The columns of the terminal that standard output is.
pub(super) fn terminal_width() -> Option<usize> {
    let terminal = io::stdout().is_terminal();
    let size = console::Term::stdout().size_checked().filter(|_| terminal);
    size.map(|(_, columns)| usize::from(columns))
        .filter(|columns| *columns > 0)
}

/// A text in lines of at most this many characters, broken between words.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().map(visible) {
        let fits = lines.last().is_some_and(|line| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width
        });
        if !fits {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    fn table(terminal: Option<usize>) -> Table {
        let lines = [cells(&["ID", "MESSAGE"]), cells(&["4711", "two words"])];
        Table {
            terminal,
            ..Table::fitting(&lines)
        }
    }

    #[test]
    fn columns_stand_below_each_other() {
        let table = table(None);
        assert_eq!(table.line(&cells(&["ID", "MESSAGE"])), "ID    MESSAGE");
        assert_eq!(
            table.line(&cells(&["4711", "two\nwords"])),
            "4711  two words"
        );
    }

    #[test]
    fn a_line_is_cut_to_a_terminal_and_to_nothing_else() {
        let long = cells(&["4711", "a message that goes on and on"]);
        assert_eq!(table(Some(16)).line(&long), "4711  a message…");
        assert!(table(None).line(&long).ends_with("on and on"));
    }

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("immeasurable", 3), ["immeasurable"]);
    }

    #[test]
    fn a_terminal_gets_no_control_characters_of_others() {
        let hostile = "\u{1b}[2J\u{9b}1m\u{202e}";
        let shown = "\\u{1b}[2J\\u{9b}1m\\u{202e}";
        assert_eq!(wrapped(hostile, 80), [shown]);
        assert!(table(None).line(&cells(&["1", hostile])).ends_with(shown));
    }
}
