//! Text of others in what commands print: nothing in it is obeyed by a terminal.

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use radcast::ops::failures::{ApiKey, failures_api};
use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::feed::EntryIdentity;
use radcast_engine::store::{FailedEntry, Report, Role, Store, SyncState};
use radcast_sandbox::Server;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, Ended, ended, radcast};
use crate::support::hfs::http_client;
use crate::support::instances::Place;
use crate::support::records::{idle, run};

/// Clears the screen, sets its title, colours by a C1 control, breaks the line, turns the direction.
const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{85}\r\nfaked\u{202e}\u{2066}\u{200b}\u{7f}";

fn is_obeyed(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

fn assert_harmless(what: &str, text: &str) {
    assert!(!text.contains(is_obeyed), "{what}: {text:?}");
    assert!(!text.contains("\nfaked"), "{what}: {text:?}");
}

/// Asserts that nothing that was printed is obeyed, and that the text of others is in it.
fn assert_shown_harmlessly(what: &str, ended: &Ended) {
    assert_harmless(what, &ended.stdout);
    assert_harmless(what, &ended.stderr);
    let shown = [&ended.stdout, &ended.stderr];
    let is_shown = shown.iter().any(|text| text.contains("faked"));
    assert!(is_shown, "{what}: {ended:?}");
}

/// A daemon that does not run, and whose store has text of others wherever there can be some.
async fn hostile_store() -> Daemon {
    let daemon = idle();
    let hostile = || Some(HOSTILE.to_owned());
    let store = daemon.store();
    let position = SyncState {
        feed: Some(Arc::from(HOSTILE)),
        entry: Some(Arc::new(EntryIdentity {
            sequence: 7,
            timestamp: None,
            uids: Box::from(HOSTILE),
        })),
        ..SyncState::at(7, None)
    };
    store.save_sync_state(position, None).await.unwrap();
    let now = radcast_engine::system_clock()();
    let report = Report {
        role: Role::Active,
        replica: HOSTILE.to_owned(),
        version: HOSTILE.to_owned(),
        state: HOSTILE.to_owned(),
        code: hostile(),
        detail: hostile(),
        position: 7,
        position_timestamp: None,
        latest: 9,
        last_success: None,
        at: now,
    };
    store.save_report(&report).await.unwrap();
    let subject = Subject {
        sequence: Some(1),
        study: hostile(),
        series: hostile(),
        instance: hostile(),
        partition: hostile(),
        action: hostile(),
        ..Subject::default()
    };
    let failure = Failure::new(Code::FhirRejected, HOSTILE);
    let failed = FailedEntry::new(subject, failure, now);
    store.record(vec![failed]).await.unwrap();
    daemon
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_prints_text_of_the_store_that_a_terminal_obeys() {
    let daemon = hostile_store().await;
    for arguments in [
        &["status"][..],
        &["status", "-o", "json"],
        &["state", "show"],
        &["state", "show", "-o", "json"],
        &["failures", "list"],
        &["failures", "list", "-o", "json"],
        &["failures", "show", "1"],
        &["failures", "show", "1", "-o", "json"],
        &["failures", "show", HOSTILE],
        &["failures", "retry", HOSTILE],
        &["failures", "dismiss", "--yes", HOSTILE],
        &["failures", "export"],
        &["failures", "export", "-o", "csv"],
        &["state", "import", "--force", "--from-blob", HOSTILE],
        &["failures", "export", HOSTILE],
    ] {
        assert_shown_harmlessly(&arguments.join(" "), &run(&daemon, arguments));
    }
    for arguments in [&["failures", "import"][..], &["failures", "retry", "1"]] {
        let ended = run(&daemon, arguments);
        assert_harmless("stdout", &ended.stdout);
        assert_harmless("stderr", &ended.stderr);
    }
}

#[test]
fn preview_prints_nothing_of_a_file_or_its_name_that_a_terminal_obeys() {
    let place = Place {
        patient: 1,
        study: 1,
        series: 1,
        instance: 1,
    };
    let mut instance = place.ct();
    instance["00081030"]["Value"] = json!(["faked\u{202e}"]);
    instance["00100040"]["Value"] = json!([HOSTILE]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(HOSTILE);
    std::fs::write(&file, instance.to_string()).unwrap();
    let previewed = ended(radcast(&["preview"]).arg(&file));
    assert_shown_harmlessly("a file", &previewed);
    let bundle: Value = serde_json::from_str(&previewed.stdout).unwrap();
    let text = bundle.to_string();
    assert!(
        text.contains("faked\u{202e}"),
        "the value is the same: {text}"
    );
    std::fs::write(&file, "neither").unwrap();
    assert_shown_harmlessly("no DICOM", &ended(radcast(&["preview"]).arg(&file)));
    let mut process = radcast(&["preview"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    instance["0020000D"]["Value"] = json!([HOSTILE]);
    let mut input = process.stdin.take().unwrap();
    input.write_all(instance.to_string().as_bytes()).unwrap();
    drop(input);
    let refused: Ended = process.wait_with_output().unwrap().into();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_harmless("stdout", &refused.stdout);
    assert_harmless("stderr", &refused.stderr);
}

#[test]
fn the_demo_prints_no_names_of_files_that_a_terminal_obeys() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join(HOSTILE), "neither").unwrap();
    let kept = folder.path().join(HOSTILE);
    let mut command = radcast(&["demo", "--once", "--dicom"]);
    command.arg(&files).arg("--keep").arg(&kept);
    let demonstrated = ended(&mut command);
    assert!(
        demonstrated.stdout.contains("Every resource"),
        "{demonstrated:?}"
    );
    assert_shown_harmlessly("demo", &demonstrated);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_the_api_has_text_that_a_terminal_obeys() {
    let daemon = hostile_store().await;
    let api = failures_api(
        Arc::new(daemon.store()),
        ApiKey::new("key"),
        radcast_engine::failure::Dispositions::default(),
        std::time::Duration::from_secs(10),
    );
    let server = Server::start(api, 0).await.unwrap();
    for path in ["", "/1", "/%C2%9B31mfaked%E2%80%AE"] {
        let url = format!("{}/api/v1/failures{path}", server.base_url());
        let answer = http_client().get(url).bearer_auth("key").send().await;
        let text = answer.unwrap().text().await.unwrap();
        assert_harmless(path, &text);
        assert!(text.contains("faked"), "{path}: {text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        let is_same = value.to_string().contains("faked\u{202e}");
        assert!(is_same || value["status"] == 404, "{path}: {value}");
    }
}
