//! The `radcast` command: argument parsing and exit codes; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    radcast::cli::main()
}
