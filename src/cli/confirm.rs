//! Asks before something that cannot be undone.

use std::io::{self, BufRead, IsTerminal};

use tokio_util::sync::CancellationToken;

use super::command_error::CommandError;

/// Asks on a terminal, unless that was answered with `--yes`; goes on without asking where nobody
/// could answer.
pub(super) async fn confirmed(
    question: &str,
    yes: bool,
    stop: &CancellationToken,
) -> Result<(), CommandError> {
    if yes || !io::stdin().is_terminal() {
        return Ok(());
    }
    eprint!("{question} [y/N] ");
    let answer = tokio::task::spawn_blocking(|| is_yes(io::stdin().lock()));
    match stop.run_until_cancelled(answer).await {
        None => {
            eprintln!();
            Err(CommandError::Interrupted)
        }
        Some(Ok(true)) => Ok(()),
        Some(_) => Err(CommandError::Told("Nothing was done.".to_owned())),
    }
}

fn is_yes(mut input: impl BufRead) -> bool {
    let mut answer = String::new();
    let read = input.read_line(&mut answer);
    let answer = answer.trim().to_lowercase();
    read.is_ok() && ["y", "yes"].contains(&answer.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for (answer, yes) in [
            ("y\n", true),
            ("Yes\n", true),
            ("\n", false),
            ("", false),
            ("n\n", false),
            ("yet\n", false),
        ] {
            assert_eq!(is_yes(answer.as_bytes()), yes, "{answer:?}");
        }
    }
}
