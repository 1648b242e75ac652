//! `radcast failures retry` and `dismiss`, and how the commands end half way, from the outside.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use radcast::ops::failures::{Act, each};
use radcast_engine::failure::Code;
use radcast_engine::store::{RecordFilter, Store};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::records::{MIXED, asked_for, failed, idle_with, json, records, run, sequences};

#[tokio::test(flavor = "multi_thread")]
async fn r25_a_bad_instance_is_not_retried_unless_forced_and_anything_else_is() {
    let daemon = idle_with(&MIXED).await;
    let asked = run(&daemon, &["failures", "retry", "1", "2", "3"]);
    assert_eq!(asked.code, Some(1), "{asked:?}");
    assert!(
        asked
            .stderr
            .contains("2: refused: the instance itself is at fault"),
        "{asked:?}"
    );
    assert_eq!(asked_for(&daemon).await, [1, 3]);
    let forced = run(&daemon, &["failures", "retry", "2", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert_eq!(asked_for(&daemon).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_by_filter_asks_for_what_it_finds_and_names_what_it_leaves_out() {
    let daemon = idle_with(&MIXED).await;
    let asked = run(&daemon, &["failures", "retry", "--from", "2"]);
    assert_eq!(asked.code, Some(0), "{asked:?}");
    assert_eq!(asked.stdout, "retry asked for: 2\n");
    assert!(
        asked
            .stderr
            .contains("left out: 1 (2): the instance itself"),
        "{asked:?}"
    );
    assert_eq!(asked_for(&daemon).await, [3, 4]);
    let in_vain = run(&daemon, &["failures", "retry", "--class", "dicom"]);
    assert_eq!(in_vain.code, Some(1), "{in_vain:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_retries_are_asked_for_at_once_and_told_of_now_and_then() {
    let entries: Vec<_> = (1..=1_100).map(|n| (n, Code::FhirRejected)).collect();
    let daemon = idle_with(&entries).await;
    let asked = run(&daemon, &["failures", "retry", "--all"]);
    assert_eq!(asked.stdout, "retry asked for: 1100\n");
    assert_eq!(asked.stderr.lines().next(), Some("1000 asked for"));
    assert_eq!(asked_for(&daemon).await.len(), 1_100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_store_half_way_says_how_much_was_done() {
    let entries: Vec<_> = (1..=300).map(|n| (n, Code::FhirRejected)).collect();
    let daemon = idle_with(&entries).await;
    let full = "CREATE TRIGGER full BEFORE UPDATE ON FailureTable
        WHEN NEW.ChangeFeedSequence = 250 BEGIN SELECT RAISE(ABORT, 'the disk is full'); END;";
    let connection = rusqlite::Connection::open(daemon.store_path()).unwrap();
    connection.execute_batch(full).unwrap();
    let asked = run(&daemon, &["failures", "retry", "--all"]);
    assert_eq!(asked.code, Some(1), "{asked:?}");
    assert!(asked.stderr.contains("the disk is full"), "{asked:?}");
    let done = asked_for(&daemon).await.len();
    assert!((249..300).contains(&done), "{done}");
    assert_eq!(asked.stdout, format!("retry asked for: {done}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_half_way_says_how_much_was_done_and_goes_on_later() {
    let entries: Vec<_> = (1..=300).map(|n| (n, Code::FhirRejected)).collect();
    let daemon = idle_with(&entries).await;
    let store = daemon.store();
    let stop = CancellationToken::new();
    let act = Act::Dismiss {
        only_superseded: false,
    };
    let all = RecordFilter::default();
    let (bulk, ended) = each(&store, &all, None, &act, &stop, |bulk| {
        if bulk.done >= 100 {
            stop.cancel();
        }
    })
    .await;
    ended.unwrap();
    assert!((100..300).contains(&bulk.done), "{bulk:?}");
    assert_eq!(records(&daemon).await.len() as u64, 300 - bulk.done);
    let rest = run(&daemon, &["failures", "dismiss", "--all"]);
    assert_eq!(rest.stdout, format!("dismissed: {}\n", 300 - bulk.done));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_ends_a_long_list_between_two_lines() {
    let entries: Vec<_> = (1..=4_000).map(|n| (n, Code::FhirRejected)).collect();
    let daemon = idle_with(&entries).await;
    let mut command = daemon.command(&["failures", "export"]);
    let mut process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut read = String::new();
    output.read_line(&mut read).unwrap();
    let pid = process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    output.read_to_string(&mut read).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(130));
    assert!(read.ends_with("}\n"), "cut in a line");
    assert!(read.lines().count() < 4_000);
    assert!(
        read.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_only_the_start_of_a_list_gets_no_error() {
    let entries: Vec<_> = (1..=4_000).map(|n| (n, Code::FhirRejected)).collect();
    let daemon = idle_with(&entries).await;
    for form in ["table", "json", "csv"] {
        let mut command = daemon.command(&["failures", "list", "-o", form]);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = piped.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut String::new()).unwrap();
        drop(output);
        let ended = process.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{form}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_unless_it_is_said_which() {
    let daemon = idle_with(&MIXED).await;
    for command in ["retry", "dismiss"] {
        for which in [
            &[][..],
            &["1", "--all"],
            &["1", "--class", "fhir"],
            &["--all", "--to", "2"],
        ] {
            let refused = run(&daemon, &[&["failures", command], which].concat());
            assert_eq!(refused.code, Some(2), "{refused:?}");
        }
    }
    assert_eq!(records(&daemon).await.len(), 4);
    assert!(asked_for(&daemon).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dismissed_is_gone_and_nothing_else() {
    let daemon = idle_with(&MIXED).await;
    let dismissed = run(&daemon, &["failures", "dismiss", "2", "77"]);
    assert_eq!(dismissed.code, Some(1), "{dismissed:?}");
    assert_eq!(dismissed.stdout, "2: dismissed\n");
    let dismissed = run(&daemon, &["failures", "dismiss", "--category", "fhir"]);
    assert_eq!(dismissed.stdout, "dismissed: 2\n");
    let left = records(&daemon).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].subject.sequence, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn superseded_records_are_listed_when_named_never_retried_and_dismissed_alone() {
    let daemon = idle_with(&MIXED).await;
    daemon
        .store()
        .supersede(&failed(4, Code::FhirRejected).key())
        .await
        .unwrap();
    let list = |more: &[&str]| {
        let list = json(
            &daemon,
            &[&["failures", "list", "-o", "json"], more].concat(),
        );
        sequences(&list)
    };
    assert_eq!(list(&[]), [1, 2, 3].into());
    assert_eq!(list(&["--superseded"]), [1, 2, 3, 4].into());
    let refused = run(&daemon, &["failures", "retry", "4", "--force"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("superseded"), "{}", refused.stderr);
    let dismissed = run(&daemon, &["failures", "dismiss", "--superseded"]);
    assert_eq!(dismissed.stdout, "dismissed: 1\n");
    assert_eq!(list(&["--superseded"]), [1, 2, 3].into());
}
