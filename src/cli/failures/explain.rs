//! `radcast failures explain`.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::table::{Table, terminal_width, wrapped};
use crate::ops::failures::nearest;
use radcast_engine::failure::Code;

pub(super) const EXAMPLES: &str = "\
retry: auto       tried again by itself; once that was given up, as on-signal
       on-signal  tried again when somebody asks: radcast failures retry ID
       never      no retry helps: the instance has to be stored anew

Examples:
  radcast failures explain                       every code, a line each
  radcast failures explain fhir.multiple-matches
  radcast failures explain --all";

/// The width of the labels.
const LABEL: usize = 8;

/// The width of text where there is no terminal.
const WIDTH: usize = 100;

/// What to explain, and how.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A code; without it, an overview of all
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// All of them in full
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// The form of the output
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Form,
}

/// The form of the explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// One array
    Json,
}

pub(super) fn explain(arguments: &Arguments) -> Result<Exit, CommandError> {
    let codes = match &arguments.code {
        None => Code::ALL.to_vec(),
        Some(name) => vec![named(name)?],
    };
    let mut output = io::stdout().lock();
    if arguments.output == Form::Json {
        let codes: Vec<_> = codes.into_iter().map(as_json).collect();
        serde_json::to_writer_pretty(&mut output, &codes)?;
        writeln!(output)?;
    } else if arguments.all || arguments.code.is_some() {
        for code in codes {
            in_full(&mut output, code)?;
        }
    } else {
        overview(&mut output, &codes)?;
    }
    Ok(Exit::Done)
}

fn named(name: &str) -> Result<Code, CommandError> {
    Code::named(name).ok_or_else(|| {
        let hint = nearest(name, Code::ALL.iter().map(|code| code.as_str()));
        let told = format!("{name:?} is no code{hint}\n`radcast failures explain` lists them.");
        CommandError::Told(told)
    })
}

fn as_json(code: Code) -> serde_json::Value {
    json!({
        "code": code.as_str(),
        "class": code.class().as_str(),
        "retry": code.disposition().as_str(),
        "meaning": code.meaning(),
        "cure": code.cure(),
    })
}

fn in_full(output: &mut impl Write, code: Code) -> io::Result<()> {
    let width = terminal_width().unwrap_or(WIDTH).clamp(40, WIDTH) - LABEL;
    writeln!(output, "{code}")?;
    let rows = [
        ("class:", code.class().as_str()),
        ("retry:", code.disposition().as_str()),
        ("means:", code.meaning()),
        ("cure:", code.cure()),
    ];
    for (mut label, text) in rows {
        for line in wrapped(text, width - 2) {
            writeln!(output, "  {label:<LABEL$}{line}")?;
            label = "";
        }
    }
    writeln!(output)
}

fn overview(output: &mut impl Write, codes: &[Code]) -> io::Result<()> {
    let header = ["CODE", "CLASS", "RETRY", "MEANS"]
        .map(str::to_owned)
        .to_vec();
    let cells = |code: &Code| {
        vec![
            code.to_string(),
            code.class().to_string(),
            code.disposition().to_string(),
            code.meaning().to_owned(),
        ]
    };
    let lines: Vec<Vec<String>> = std::iter::once(header)
        .chain(codes.iter().map(cells))
        .collect();
    let table = Table::fitting(&lines);
    lines
        .iter()
        .try_for_each(|line| writeln!(output, "{}", table.line(line)))
}
