//! The commands on tables that dicom-cast left behind.

use std::sync::Arc;

use radcast_azure::AzureStore;
use radcast_engine::store::{FailureTable, PARTITION, Store};
use serde_json::{Value, json};

use crate::support::azurite::{Azurite, unique};
use crate::support::daemon::Daemon;
use crate::support::records::{idle, json as printed, run};

/// A daemon that does not run, with its tables in the emulator.
async fn idle_in_azure() -> (Arc<Azurite>, Daemon, String) {
    let azurite = Azurite::shared().await;
    let prefix = unique();
    let connection = azurite.connection_string(azurite.table_port, azurite.blob_port);
    let daemon = idle()
        .with("TableStore__ConnectionString", &connection)
        .with("TableStore__TableNamePrefix", &prefix);
    (azurite, daemon, prefix)
}

/// A row as dicom-cast wrote it.
fn row(exception: &str, key: u32, sequence: u64, text: &str) -> Value {
    json!({
        "PartitionKey": exception,
        "RowKey": format!("0f8fad5b-d9cb-469f-a165-{key:012}"),
        "StudyUid": "1.2",
        "SeriesUid": "1.2.3",
        "InstanceUid": format!("1.2.3.{sequence}"),
        "ChangeFeedSequence@odata.type": "Edm.Int64",
        "ChangeFeedSequence": sequence.to_string(),
        "Exception": format!("System.Exception: {text} canary^Jane"),
    })
}

async fn fill(azurite: &Azurite, prefix: &str) {
    let dispute = "Invalid value 'canary' for tag 'PatientSex'";
    for (table, row) in [
        (
            FailureTable::Retrying,
            row("RetryableException", 1, 4711, ""),
        ),
        (
            FailureTable::Retrying,
            row("RetryableException", 2, 4711, ""),
        ),
        (
            FailureTable::Transient,
            row("TimeoutRejectedException", 3, 4711, ""),
        ),
        (
            FailureTable::Fhir,
            row("MultipleMatchingResourcesException", 4, 4712, ""),
        ),
        (
            FailureTable::OmittedValue,
            row("InvalidDicomTagValueException", 5, 4713, dispute),
        ),
        (
            FailureTable::Retrying,
            row("ServerTooBusyException", 6, 4714, ""),
        ),
    ] {
        azurite
            .insert(&format!("{prefix}{}", table.name()), &row)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dicom_cast_recorded_is_listed_and_taken_over() {
    let (azurite, daemon, prefix) = idle_in_azure().await;
    fill(&azurite, &prefix).await;
    let list = printed(&daemon, &["failures", "list", "-o", "json"]);
    let ids = |list: &Value| -> Vec<String> {
        let items = list.as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let foreign = ids(&list);
    assert_eq!(foreign.len(), 2, "{list}");
    let shown = run(&daemon, &["failures", "show", &foreign[0]]);
    assert!(shown.stdout.contains("fhir.multiple-matches"), "{shown:?}");
    let missing = run(&daemon, &["failures", "show", "4711"]);
    assert!(
        missing.stderr.contains("TimeoutRejectedException"),
        "{missing:?}"
    );
    let dry = run(&daemon, &["failures", "import", "--dry-run"]);
    assert!(
        dry.stdout.contains("2 failed entries would be taken over"),
        "{dry:?}"
    );
    let imported = run(&daemon, &["failures", "import"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    for line in [
        "6 rows of dicom-cast",
        "2 failed entries",
        "1 values left out",
        "6 rows removed",
    ] {
        assert!(
            imported.stdout.contains(line),
            "{line} in {}",
            imported.stdout
        );
    }
    let list = printed(&daemon, &["failures", "list", "-o", "json"]);
    assert_eq!(ids(&list), ["4712", "4711"]);
    assert_eq!(list[1]["attempts"], 3);
    let tags = printed(
        &daemon,
        &["failures", "list", "-o", "json", "--category", "tag"],
    );
    assert_eq!(tags[0]["id"], "tag/4713-00100040");
    for table in FailureTable::ALL {
        let rows = azurite.rows(&format!("{prefix}{}", table.name())).await;
        let own = |row: &Value| row["PartitionKey"] == PARTITION;
        assert!(rows.iter().all(own), "{rows:?}");
        assert!(!format!("{rows:?}").contains("canary"), "{rows:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_dismissals_status_and_position_are_those_of_any_other_store() {
    let (azurite, daemon, prefix) = idle_in_azure().await;
    fill(&azurite, &prefix).await;
    assert_eq!(run(&daemon, &["failures", "import"]).code, Some(0));
    let asked = run(&daemon, &["failures", "retry", "--all"]);
    assert_eq!(asked.stdout, "retry asked for: 2\n", "{asked:?}");
    let shown = printed(&daemon, &["failures", "show", "4711", "-o", "json"]);
    assert_eq!(shown["retryRequested"], true);
    let dismissed = run(
        &daemon,
        &["failures", "dismiss", "4711", "tag/4713-00100040"],
    );
    assert_eq!(dismissed.code, Some(0), "{dismissed:?}");
    let imported = run(&daemon, &["state", "import", "--sequence", "4714"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let status = run(&daemon, &["status"]);
    assert_eq!(status.code, Some(1));
    for text in ["no report yet", "4714", "1 fhir;"] {
        assert!(status.stdout.contains(text), "{text} in {}", status.stdout);
    }
    let settings = daemon.settings().table_store.unwrap();
    let store = AzureStore::open(&settings).unwrap();
    assert_eq!(store.sync_state().await.unwrap().unwrap().0.sequence, 4714);
}
