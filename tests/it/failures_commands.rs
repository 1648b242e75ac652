//! `radcast failures list, show, export, import, explain`, from the outside.

use radcast_engine::failure::{Class, Code};
use radcast_engine::store::{OmittedValueRow, RecordKey, Store};
use serde_json::Value;

use crate::support::records::{MIXED, failed, idle, idle_with, json, records, run, sequences};

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_finds_what_it_names_and_several_narrow_down() {
    let daemon = idle_with(&MIXED).await;
    for (filter, found) in [
        (&[][..], &[1, 2, 3, 4][..]),
        (&["--category", "fhir"], &[1, 4]),
        (&["--category", "fhir,transient-exhausted"], &[1, 3, 4]),
        (&["--category", "tag"], &[]),
        (&["--class", "dicom"], &[2]),
        (&["--code", "fhir.rejected"], &[4]),
        (&["--study", "1.2.3"], &[3]),
        (&["--instance", "1.2.3.2"], &[2]),
        (&["--from", "2", "--to", "3"], &[2, 3]),
        (&["--since", "1970-01-01T03:00:00Z"], &[3, 4]),
        (&["--until", "1970-01-01T03:00:00Z"], &[1, 2]),
        (&["--since", "2h"], &[]),
        (&["--category", "fhir", "--to", "3"], &[1]),
    ] {
        let arguments = [&["failures", "list", "-o", "json"], filter].concat();
        let list = json(&daemon, &arguments);
        assert_eq!(
            sequences(&list),
            found.iter().copied().collect(),
            "{filter:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_records_are_listed_whole_and_as_many_as_wanted() {
    let entries: Vec<_> = (1..=950).map(|n| (n, Code::FhirRejected)).collect();
    let daemon = idle_with(&entries).await;
    let list = json(&daemon, &["failures", "list", "-o", "json"]);
    assert_eq!(sequences(&list).len(), 950);
    let few = json(
        &daemon,
        &["failures", "list", "-o", "json", "--limit", "401"],
    );
    assert_eq!(sequences(&few), (1..=401).collect());
    let table = run(&daemon, &["failures", "list"]);
    assert_eq!(table.stdout.lines().count(), 951);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_aligned_and_not_cut_where_it_is_piped() {
    let mut long = failed(4_711, Code::FhirRejected);
    long.failure.message = "a long message ".repeat(40);
    let daemon = idle_with(&MIXED).await;
    daemon.store().record(vec![long]).await.unwrap();
    let table = run(&daemon, &["failures", "list"]);
    let lines: Vec<&str> = table.stdout.lines().collect();
    let message = lines[0].find("MESSAGE").unwrap();
    let texts = lines[1..].iter().map(|line| line.split_at(message));
    for (before, text) in texts {
        assert!(before.ends_with("  "), "{before:?}");
        assert!(
            text.starts_with("what went") || text.starts_with("a long"),
            "{text}"
        );
    }
    assert!(table.stdout.contains(&"a long message ".repeat(39)));
}

#[test]
fn an_empty_list_says_so_and_a_store_that_is_not_there_is_no_empty_list() {
    let daemon = idle();
    let missing = run(&daemon, &["failures", "list"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("Store:Path"), "{missing:?}");
    assert!(missing.stderr.contains("--settings"), "{missing:?}");
    daemon.store();
    let empty = run(&daemon, &["failures", "list"]);
    assert_eq!((empty.code, empty.stdout.as_str()), (Some(0), ""));
    assert_eq!(empty.stderr, "No failed entries.\n");
    let none_like_that = run(
        &daemon,
        &["failures", "list", "-o", "json", "--class", "fhir"],
    );
    assert_eq!(none_like_that.stdout, "[]\n");
    assert_eq!(none_like_that.stderr, "No failed entry is like that.\n");
}

#[test]
fn a_wrong_filter_is_named_with_the_nearest_right_one() {
    let daemon = idle();
    daemon.store();
    for (filter, hint) in [
        (["--category", "fihr"], "\"fhir\""),
        (["--class", "transent"], "\"transient\""),
        (
            ["--code", "fhir.multiple-match"],
            "\"fhir.multiple-matches\"",
        ),
        (["--from", "x"], "4711"),
        (["--since", "yesterday"], "2h"),
    ] {
        let refused = run(&daemon, &["failures", "list", filter[0], filter[1]]);
        assert_eq!(refused.code, Some(2), "{filter:?}");
        let named = refused.stderr.starts_with(filter[0]) && refused.stderr.contains(filter[1]);
        assert!(named && refused.stderr.contains(hint), "{}", refused.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_of_the_two_services_has_to_be_configured() {
    let daemon = idle_with(&MIXED).await;
    let mut command = daemon.command(&["failures", "list"]);
    command
        .env_remove("DicomWeb__Endpoint")
        .env_remove("Fhir__Endpoint");
    let listed = crate::support::daemon::ended(&mut command);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert_eq!(listed.stdout.lines().count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn show_tells_everything_and_what_to_type_next() {
    let daemon = idle_with(&MIXED).await;
    for id in ["1", "fhir/1"] {
        let shown = run(&daemon, &["failures", "show", id]);
        assert_eq!(shown.code, Some(0), "{shown:?}");
        for text in [
            "fhir.multiple-matches",
            "what went wrong with 1",
            "radcast failures retry 1",
            "1.2.3.1",
            "/studies/1.2.1/series/1.2.3/instances/1.2.3.1",
        ] {
            assert!(shown.stdout.contains(text), "{text} in {}", shown.stdout);
        }
    }
    let bad_instance = run(&daemon, &["failures", "show", "2"]);
    assert!(
        bad_instance.stdout.contains("store it again"),
        "{}",
        bad_instance.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_is_told_with_those_near_it() {
    let daemon = idle_with(&[(4_711, Code::FhirRejected), (4_740, Code::FhirTimeout)]).await;
    for (id, told) in [
        ("4712", "near it: 4711, 4740"),
        ("dicom/4711", "near it: 4711, 4740"),
        ("99", "radcast failures list"),
        ("fihr/4711", "one of dicom, fhir"),
        ("what", "such as 4711"),
    ] {
        let shown = run(&daemon, &["failures", "show", id]);
        assert_eq!(shown.code, Some(1), "{shown:?}");
        assert!(shown.stderr.contains(told), "{id}: {}", shown.stderr);
        assert!(shown.stderr.contains(id), "{id}: {}", shown.stderr);
    }
}

#[test]
fn r03_explain_lists_every_code_with_who_has_to_ask_for_its_retry() {
    let daemon = idle();
    let all = run(&daemon, &["failures", "explain", "--all"]);
    for code in Code::ALL {
        let block = all
            .stdout
            .split("\n\n")
            .find(|block| block.starts_with(code.as_str()));
        let block = block.unwrap_or_else(|| panic!("{code} is not explained"));
        let never = block.contains("retry:  never");
        // A setting mends these.
        let mended = [Code::DicomPlaceholderId, Code::DicomUnknownIssuer].contains(code);
        let is_bad = code.class() == Class::Dicom && !mended;
        assert_eq!(never, is_bad, "{block}");
        let asked = block.contains("retry:  auto") || block.contains("retry:  on-signal");
        assert_eq!(asked, !never, "{block}");
    }
}

#[test]
fn r35_explain_says_which_failures_need_a_signal() {
    let daemon = idle();
    for (code, retry) in [
        ("fhir.conflict", "auto"),
        ("fhir.too-busy", "auto"),
        ("fhir.multiple-matches", "on-signal"),
        ("fhir.invalid-resource", "on-signal"),
        ("fhir.rejected", "on-signal"),
        ("fhir.invalid-response", "on-signal"),
        ("dicom.missing-attribute", "never"),
    ] {
        let explained = run(&daemon, &["failures", "explain", code]);
        let said = format!("retry:  {retry}\n");
        assert!(explained.stdout.contains(&said), "{}", explained.stdout);
        let explained = json(&daemon, &["failures", "explain", code, "-o", "json"]);
        assert_eq!(explained[0]["retry"], retry);
    }
    let unknown = run(&daemon, &["failures", "explain", "fhir.rejectd"]);
    assert_eq!(unknown.code, Some(1));
    assert!(
        unknown.stderr.contains("\"fhir.rejected\""),
        "{}",
        unknown.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r07_the_record_of_every_code_names_its_side_what_went_wrong_and_the_cure() {
    let codes = (1..).zip(Code::ALL.iter().copied());
    let daemon = idle_with(&codes.collect::<Vec<_>>()).await;
    let list = json(&daemon, &["failures", "list", "-o", "json"]);
    assert_eq!(list.as_array().unwrap().len(), Code::ALL.len());
    for item in list.as_array().unwrap() {
        assert!(
            ["dicom", "fhir"].contains(&item["side"].as_str().unwrap()),
            "{item}"
        );
        let code = Code::named(item["code"].as_str().unwrap()).unwrap();
        assert_eq!(item["cure"], code.cure());
        assert!(
            item["message"]
                .as_str()
                .unwrap()
                .starts_with("what went wrong")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_bad_instances_and_fhir_side_failures_are_told_apart() {
    let daemon = idle_with(&MIXED).await;
    let shown = |id: &str| json(&daemon, &["failures", "show", id, "-o", "json"]);
    assert_eq!(
        (&shown("1")["category"], &shown("1")["side"]),
        (&"fhir".into(), &"fhir".into())
    );
    assert_eq!(
        (&shown("2")["category"], &shown("2")["side"]),
        (&"dicom".into(), &"dicom".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_left_out_are_listed_as_a_category_of_their_own() {
    let daemon = idle();
    let entry = failed(7, Code::FhirRejected);
    let omitted = OmittedValueRow {
        subject: entry.subject,
        tag: "(0010,0040)".to_owned(),
        keyword: "PatientSex".to_owned(),
        message: "is no sex".to_owned(),
        at: entry.at,
    };
    let key: RecordKey = omitted.key();
    daemon.store().record_omitted(vec![omitted]).await.unwrap();
    let list = json(
        &daemon,
        &["failures", "list", "-o", "json", "--category", "tag"],
    );
    assert_eq!(list[0]["id"], "tag/7-00100040");
    assert_eq!(list[0]["attribute"], "(0010,0040) PatientSex");
    let refused = run(&daemon, &["failures", "retry", "tag/7-00100040", "--force"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("stored without this value"),
        "{}",
        refused.stderr
    );
    let dismissed = run(&daemon, &["failures", "dismiss", "tag/7-00100040"]);
    assert_eq!(dismissed.code, Some(0), "{dismissed:?}");
    assert_eq!(daemon.store().get(&key).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_every_column_and_appears_complete() {
    let daemon = idle_with(&MIXED).await;
    let list = json(&daemon, &["failures", "list", "-o", "json"]);
    let lines = run(&daemon, &["failures", "export"]);
    let lines: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(Value::from(lines), list);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failures.csv").display().to_string();
    let exported = run(&daemon, &["failures", "export", "-o", "csv", &path]);
    assert_eq!(exported.stderr, format!("4 exported to {path}\n"));
    let mut csv = csv::Reader::from_path(&path).unwrap();
    let columns: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
    let members: Vec<&String> = list[0].as_object().unwrap().keys().collect();
    assert_eq!(columns.iter().collect::<Vec<_>>(), members);
    assert_eq!(csv.records().count(), 4);
    let nowhere = run(
        &daemon,
        &["failures", "export", "/nonexistent/failures.csv"],
    );
    assert_eq!(nowhere.code, Some(1));
    assert!(
        nowhere.stderr.contains("/nonexistent/failures.csv"),
        "{nowhere:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_finds_nothing_where_dicom_cast_wrote_nothing() {
    let daemon = idle_with(&MIXED).await;
    let imported = run(&daemon, &["failures", "import"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert!(
        imported.stdout.contains("0 rows of dicom-cast"),
        "{imported:?}"
    );
    assert_eq!(records(&daemon).await.len(), 4);
}

#[test]
fn help_shows_examples_of_each_command() {
    let daemon = idle();
    for command in [
        "list", "show", "retry", "dismiss", "export", "import", "explain",
    ] {
        let help = run(&daemon, &["failures", command, "--help"]);
        let example = format!("\n  radcast failures {command}");
        assert!(help.stdout.contains(&example), "{}", help.stdout);
    }
}
