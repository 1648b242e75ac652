//! A patient's name, id and birth date are nowhere but where they belong.

use axum::http::StatusCode;
use radcast::sandbox::Fault;
use serde_json::{Value, json};

use super::daemon::{tables_of, until_settled};
use crate::support::azurite::{Azurite, unique};
use crate::support::daemon::{Daemon, until};
use crate::support::instances::{Place, study};
use crate::support::ops::Ops;
use crate::support::receiver::Receiver;
use crate::support::services::Services;

const CANARIES: [&str; 6] = [
    "CANARY",
    "Canary",
    "Yellow",
    "QX7ZK",
    "1966-06-06",
    "19660606",
];

const QUOTED: &str = "Patient CANARY-QX7ZK (Canary, Yellow, born 1966-06-06 or 19660606) is odd";

const KEY: &str = "correct-horse-battery-staple-0123456789";

/// What `RUST_LOG` is set to.
const LEVEL: &str = "trace";

/// An instance of the patient.
fn of_canary(place: Place) -> Value {
    let mut instance = place.ct();
    instance["00100010"]["Value"] = json!([{ "Alphabetic": "Canary^Yellow" }]);
    instance["00100020"]["Value"] = json!(["CANARY-QX7ZK"]);
    instance["00100030"]["Value"] = json!(["19660606"]);
    instance
}

fn quoting(status: StatusCode) -> Fault {
    let outcome = json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": "error", "code": "value", "diagnostics": QUOTED }],
    });
    Fault::Reject {
        status,
        body: outcome.to_string(),
        retry_after: None,
    }
}

/// Stores the patient's instances, one for each way that an entry can take, and gives the
/// sequence of the last.
async fn take_every_way(services: &Services, settled: impl AsyncFn(u64)) -> u64 {
    let mut places = (1..).map(|number| study(1, number, 1, 1)[0]);
    let mut next = || of_canary(places.next().unwrap());
    let applied = services.store_json(&next().to_string());
    settled(applied).await;
    let faults = services.fhir.faults();
    // What is remembered may be to blame for the first: all is read again before the second.
    for _ in 0..2 {
        let refusal = quoting(StatusCode::UNPROCESSABLE_ENTITY);
        faults.order("fhir.transaction", refusal);
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
    faults.order("fhir.transaction", quoting(StatusCode::SERVICE_UNAVAILABLE));
    let retried = services.store_json(&next().to_string());
    settled(retried).await;
    let mut lacking = next();
    lacking.as_object_mut().unwrap().remove("00080060");
    services.store_json(&lacking.to_string());
    let mut odd = next();
    odd["00100040"]["Value"] = json!(["CANARY-QX7ZK"]);
    odd["00100030"]["Value"] = json!(["CANARY 19660606"]);
    services.store_json(&odd.to_string());
    let unreadable =
        format!(r#"{{"sequence":{{sequence}},"action":"Create","metadata":"{QUOTED}"}}"#);
    let last = services.dicom.insert_raw_entry(&unreadable).unwrap();
    settled(last).await;
    last
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

fn assert_discreet(what: &str, text: &str) {
    for canary in CANARIES {
        let found = text.lines().find(|line| line.contains(canary));
        assert_eq!(found, None, "{canary} in {what}");
    }
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
    for canary in CANARIES {
        assert!(archived.contains(canary), "{canary} in {archived}");
    }
    assert!(archived.contains(QUOTED), "the server's own words");
}
