//! The independent readers and validators, in Python.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::daemon::Ended;
use super::environment::from_make;

/// The real DICOM files of the pydicom package.
pub fn pydicom_files() -> PathBuf {
    from_make("RADCAST_PYDICOM_FILES")
}

/// Runs a script of tests/tools with this on its standard input.
pub fn script(name: &str, arguments: &[&str], input: &[u8]) -> Ended {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tools")
        .join(name);
    run(Command::new(python()).arg(path).args(arguments), input)
}

/// Runs a program with this on its standard input.
pub fn program(code: &str, arguments: &[&str], input: &[u8]) -> Ended {
    run(
        Command::new(python()).args(["-c", code]).args(arguments),
        input,
    )
}

fn python() -> PathBuf {
    from_make("RADCAST_TEST_PYTHON")
}

fn run(command: &mut Command, input: &[u8]) -> Ended {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = process.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    output.into()
}
