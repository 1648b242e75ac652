//! HL7's validator, in a process of its own. It takes long to start, so that tests share one.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::environment::from_make;

/// A running validator: it ends with its standard input, which ends with these tests.
struct Validator {
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

static SHARED: Mutex<Option<Validator>> = Mutex::new(None);

/// What was found in some resources.
#[derive(Debug, Default)]
pub struct Findings {
    /// Lines about single resources: where, what and how severe.
    pub errors: Vec<String>,
    /// How often what was warned of, whichever the resource.
    pub warnings: Vec<String>,
    /// How many resources, errors and warnings there were.
    pub summary: String,
}

/// Validates resources against what FHIR R4 itself defines.
pub async fn validate(resources: &[Value]) -> Findings {
    let lines: String = resources.iter().map(|one| format!("{one}\n")).collect();
    let validating = tokio::task::spawn_blocking(move || {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        // One that fails here is not used again.
        let mut validator = shared.take().unwrap_or_else(start);
        let findings = validator.batch(&lines);
        *shared = Some(validator);
        findings
    });
    validating.await.unwrap()
}

fn start() -> Validator {
    let program = from_make("RADCAST_TEST_HAPI").join("bin/validate");
    let java = std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "JAVA_HOME");
    let mut process = Command::new(program)
        .env_clear()
        .envs(java)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    Validator {
        input: process.stdin.take().unwrap(),
        output: BufReader::new(process.stdout.take().unwrap()),
        _process: process,
    }
}

impl Validator {
    /// Sends a batch and reads what is said about it.
    fn batch(&mut self, lines: &str) -> Findings {
        let Self { input, output, .. } = self;
        std::thread::scope(|threads| {
            // It answers while it reads.
            threads.spawn(move || {
                input.write_all(lines.as_bytes()).unwrap();
                // An empty line ends the batch.
                input.write_all(b"\n").unwrap();
                input.flush().unwrap();
            });
            findings(output.lines().map(Result::unwrap))
        })
    }
}

/// Reads lines up to the summary.
fn findings(lines: impl Iterator<Item = String>) -> Findings {
    let mut findings = Findings::default();
    for line in lines {
        let head = line.split(':').next().unwrap_or_default();
        if line.contains(" resources, ") && line.ends_with(" warnings") {
            findings.summary = line;
            return findings;
        }
        match head.split_once(" x ") {
            Some((_, "warning")) => findings.warnings.push(line),
            Some(_) => {}
            None if line.contains(": error: ") || line.contains(": fatal: ") => {
                findings.errors.push(line);
            }
            None => {}
        }
    }
    panic!("the validator ended: it said why on its standard error");
}
