//! A patient's name, id and birth date are nowhere but where they belong.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::daemon::{tables_of, until_settled};
use crate::support::azurite::{Azurite, unique};
use crate::support::canary::{assert_discreet, instance_of_canary, outcome, quotation, quoting};
use crate::support::daemon::{Daemon, until};
use crate::support::instances::{Place, study};
use crate::support::ops::Ops;
use crate::support::receiver::Receiver;
use crate::support::services::Services;

const KEY: &str = "correct-horse-battery-staple-0123456789";

/// What `RUST_LOG` is set to.
const LEVEL: &str = "trace";

/// Stores the patient's instances, one for each way that an entry can take, and gives the
/// sequence of the last.
async fn take_every_way(services: &Services, settled: impl AsyncFn(u64)) -> u64 {
    let mut places = (1..).map(|number| study(1, number, 1, 1)[0]);
    let first = places.next().unwrap();
    let mut next = || instance_of_canary(places.next().unwrap());
    let applied = services.store_json(&instance_of_canary(first).to_string());
    settled(applied).await;
    let faults = services.fhir.faults();
    // What is remembered may be to blame for the first: all is read again before the second.
    for _ in 0..2 {
        faults.order(
            "fhir.transaction",
            quoting(StatusCode::UNPROCESSABLE_ENTITY),
        );
    }
    let refused = services.store_json(&next().to_string());
    settled(refused).await;
    faults.clear();
    // Study and patient, twice.
    for _ in 0..4 {
        faults.order("fhir.search", quoting(StatusCode::BAD_REQUEST));
    }
    let refused = services.store_json(&next().to_string());
    settled(refused).await;
    faults.clear();
    // It takes an outage for the server to be asked what it can do.
    for _ in 0..20 {
        faults.order("fhir.transaction", quoting(StatusCode::SERVICE_UNAVAILABLE));
    }
    for operation in ["fhir.capability", "fhir.test", "fhir.search", "fhir.read"] {
        faults.order(operation, quoting(StatusCode::INTERNAL_SERVER_ERROR));
        faults.order(operation, quoting(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let retried = services.store_json(&next().to_string());
    settled(retried).await;
    faults.clear();
    change_and_delete(services, first, &settled).await;
    let mut lacking = next();
    lacking.as_object_mut().unwrap().remove("00080060");
    services.store_json(&lacking.to_string());
    let mut odd = next();
    odd["00100040"]["Value"] = json!(["CANARY-QX7ZK"]);
    odd["00100030"]["Value"] = json!(["Canary 19660606"]);
    services.store_json(&odd.to_string());
    let words = Value::from(quotation());
    let unreadable = format!(r#"{{"sequence":{{sequence}},"action":"Create","metadata":{words}}}"#);
    let last = services.dicom.insert_raw_entry(&unreadable).unwrap();
    settled(last).await;
    last
}

/// An update that is refused twice, and a deletion.
async fn change_and_delete(services: &Services, first: Place, settled: &impl AsyncFn(u64)) {
    let faults = services.fhir.faults();
    for status in [StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY] {
        for _ in 0..2 {
            faults.order("fhir.transaction", quoting(status));
        }
        let changes = json!({ "00081030": { "vr": "LO", "Value": [status.to_string()] } });
        let (study, changes) = (first.study_uid(), changes.as_object().unwrap());
        services.dicom.update(None, &study, changes).unwrap();
        settled(services.dicom.latest_sequence().unwrap()).await;
        faults.clear();
    }
    for status in [StatusCode::CONFLICT, StatusCode::FORBIDDEN] {
        faults.order("fhir.transaction", quoting(status));
    }
    services.delete(first);
    settled(services.dicom.latest_sequence().unwrap()).await;
    faults.clear();
}

/// Everything that the daemon says over HTTP.
async fn answers(ops: &Ops) -> String {
    let mut all = String::new();
    for path in ["/healthz/ready", "/metrics", "/api/v1/status"] {
        all.push_str(&format!("{path}: {}\n", ops.get(path).await.1));
    }
    let (_, failures) = ops.json_with_key("/api/v1/failures", KEY).await;
    format!("{all}{failures}")
}

/// Every row of every table of a prefix.
async fn rows(azurite: &Azurite, prefix: &str) -> String {
    let mut rows = String::new();
    for table in azurite.table_names(prefix).await {
        for row in azurite.rows(&table).await {
            rows.push_str(&format!("{table} {row}\n"));
        }
    }
    rows
}

/// Lets a daemon live with these entries, looks everywhere, and gives what is in its container.
async fn archived_with(archive: bool) -> Option<String> {
    let services = Services::start().await;
    let receiver = Receiver::start().await;
    let azurite = Azurite::shared().await;
    let prefix = unique();
    let connection = azurite.connection_string(azurite.table_port, azurite.blob_port);
    let daemon = Daemon::of(&services)
        .with("TableStore__ConnectionString", &connection)
        .with("TableStore__TableNamePrefix", &prefix)
        .with("BlobStore__Container", &prefix)
        .with("Lease__Enabled", "false")
        .with("Archive__Enabled", &archive.to_string())
        .with("Notify__Webhook__Url", &receiver.address())
        .with("RetryConfiguration__InitialDelay", "00:00:00.05")
        .with("RetryConfiguration__MaxDelay", "00:00:00.2")
        .with("Ops__Listen", "127.0.0.1:0")
        .with("Ops__ApiKey", KEY)
        .with("RUST_LOG", LEVEL);
    let store = tables_of(&azurite, &prefix);
    let running = daemon.start();
    let ops = Ops::of(&daemon).await;
    take_every_way(&services, async |last| until_settled(&store, last).await).await;
    until("the notifications", async || {
        receiver.of_kind("entryFailed").len() >= 3
    })
    .await;
    let said = answers(&ops).await;
    for code in [
        "fhir.rejected",
        "dicom.missing-attribute",
        "dicom.malformed-entry",
    ] {
        assert!(said.contains(code), "{code} in {said}");
    }
    assert_discreet("the answers", &said);
    let rows = rows(&azurite, &prefix).await;
    assert!(rows.contains("PatientSex"), "a value was left out: {rows}");
    assert_discreet("the rows", &rows);
    assert_eq!(running.terminate().await, Some(0), "{}", daemon.log());
    for request in receiver.received() {
        assert_discreet("a notification", &format!("{request:?}"));
    }
    assert!(daemon.log().contains("attempt_failed"));
    assert_discreet("the log", &daemon.log());
    let blobs = azurite.blobs_in(&prefix).await?;
    let blobs = blobs.iter().map(|(name, content)| {
        assert_discreet("the name of a blob", name);
        content.as_str()
    });
    Some(blobs.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn rx10_a_patient_is_in_the_archive_if_that_is_on_and_nowhere_else() {
    assert_eq!(archived_with(false).await, None);
    let archived = archived_with(true).await.unwrap();
    for canary in ["CANARY-QX7ZK", "Canary", "Strangerson"] {
        assert!(archived.contains(canary), "{canary} in {archived}");
    }
    assert!(
        archived.contains(&outcome().to_string()),
        "the server's own words"
    );
}
