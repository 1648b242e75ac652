//! Ctrl-C, while the demo is at work.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::support::daemon::radcast;

#[test]
fn the_demo_ends_at_ctrl_c_whatever_it_is_doing() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = radcast(&["demo"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(demo.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("FHIR store") {
        line.clear();
        assert!(
            output.read_line(&mut line).unwrap() > 0,
            "it ended by itself"
        );
    }
    let pid = demo.id().to_string();
    let signalled = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(signalled.success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(1));
    assert!(!rest.contains("Entries"), "{rest}");
    let left: Vec<_> = folder.path().read_dir().unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
