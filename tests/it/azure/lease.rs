//! The lease of a blob, and the archive in blobs.

use std::sync::Arc;

use radcast::settings::{BlobStore, Credentials, Secret};
use radcast_azure::{BlobArchive, BlobLease, parse_position, read_position};
use radcast_engine::failure::{Code, Redacted, Subject};
use radcast_engine::store::{Archive, Lease};
use reqwest::Method;

use crate::support::azurite::Azurite;
use crate::support::wire::Wire;

async fn blobs() -> (Arc<Azurite>, BlobStore) {
    let azurite = Azurite::shared().await;
    let blobs = azurite.blobs();
    (azurite, blobs)
}

fn open(blobs: &BlobStore) -> BlobLease {
    BlobLease::open(blobs, &Azurite::lease()).unwrap()
}

/// Ends the lease from outside, as its time would.
async fn end(azurite: &Azurite, blobs: &BlobStore) {
    let path = format!("{}/lease?comp=lease", blobs.container);
    let request = azurite.blob(Method::PUT, &path);
    let request = request
        .header("x-ms-lease-action", "break")
        .header("x-ms-lease-break-period", "0")
        .header("content-length", "0");
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

#[tokio::test]
async fn rx3_one_replica_has_the_lease_until_it_gives_it_back() {
    let (_azurite, blobs) = blobs().await;
    let (one, two) = (open(&blobs), open(&blobs));
    assert!(one.acquire().await.unwrap(), "container and blob are made");
    assert!(!two.acquire().await.unwrap());
    assert!(one.renew().await.unwrap());
    assert!(!two.renew().await.unwrap());
    two.release().await.unwrap();
    assert!(
        one.renew().await.unwrap(),
        "nobody gives back what another holds"
    );
    one.release().await.unwrap();
    one.release().await.unwrap();
    assert!(two.acquire().await.unwrap());
    assert!(!one.renew().await.unwrap());
    assert_eq!(one.duration().as_secs(), 15);
}

#[tokio::test]
async fn rx3_a_lease_that_has_ended_is_lost_and_another_replica_takes_over() {
    let (azurite, blobs) = blobs().await;
    let (one, two) = (open(&blobs), open(&blobs));
    assert!(one.acquire().await.unwrap());
    end(&azurite, &blobs).await;
    assert!(!one.renew().await.unwrap());
    assert!(two.acquire().await.unwrap());
    assert!(!one.acquire().await.unwrap());
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_held_all_the_same() {
    let azurite = Azurite::shared().await;
    let wire = Wire::to(azurite.blob_port).await;
    let mut blobs = azurite.blobs();
    blobs.account.endpoint.set_port(Some(wire.port())).unwrap();
    let lease = open(&blobs);
    let mut lost = 0;
    loop {
        wire.lose_answer(lost);
        let acquired = lease.acquire().await;
        if !wire.has_lost() {
            assert!(acquired.unwrap());
            break;
        }
        assert_eq!(acquired.unwrap_err().code, Code::BlobUnavailable);
        lost += 1;
    }
    wire.lose_answer(0);
    assert_eq!(
        lease.acquire().await.unwrap_err().code,
        Code::BlobUnavailable
    );
    assert!(lease.acquire().await.unwrap());
    wire.lose_answer(0);
    assert_eq!(lease.renew().await.unwrap_err().code, Code::BlobUnavailable);
    assert!(lease.renew().await.unwrap());
    wire.lose_answer(0);
    assert_eq!(
        lease.release().await.unwrap_err().code,
        Code::BlobUnavailable
    );
    lease.release().await.unwrap();
    assert!(open(&blobs).acquire().await.unwrap());
}

#[tokio::test]
async fn whether_it_is_held_can_be_asked_without_taking_it() {
    let (_azurite, blobs) = blobs().await;
    let (one, two) = (open(&blobs), open(&blobs));
    assert!(!two.is_held().await.unwrap());
    assert!(one.acquire().await.unwrap());
    assert!(two.is_held().await.unwrap());
    one.release().await.unwrap();
    assert!(!two.is_held().await.unwrap());
}

fn subject(sequence: u64) -> Subject {
    Subject {
        sequence: Some(sequence),
        ..Subject::default()
    }
}

async fn content(azurite: &Azurite, blobs: &BlobStore, name: &str) -> Option<String> {
    let request = azurite.blob(Method::GET, &format!("{}/{name}", blobs.container));
    let answer = request.send().await.unwrap();
    let found = answer.status().is_success();
    let text = answer.text().await.unwrap();
    found.then_some(text)
}

#[tokio::test]
async fn entry_and_answer_of_a_failed_entry_are_archived_in_their_place() {
    let (azurite, mut blobs) = blobs().await;
    blobs.account.credentials = Credentials::Signature(Secret::new(azurite.signature()));
    let archive = BlobArchive::open(&blobs).unwrap();
    archive.check().await.unwrap();
    let answer = Redacted::new(r#"{"resourceType":"OperationOutcome"}"#);
    let mut address = String::new();
    for entry in ["{}", r#"{"sequence":7}"#] {
        let (subject, entry) = (subject(7), Redacted::new(entry));
        let kept = archive.keep(&subject, Some(&entry), Some(&answer));
        address = kept.await.unwrap();
    }
    let base = blobs.account.endpoint.as_str();
    let folder = "00000000000000000007";
    assert_eq!(
        address,
        format!("{base}/{}/{folder}/entry.json", blobs.container)
    );
    let entry = content(&azurite, &blobs, &format!("{folder}/entry.json")).await;
    assert_eq!(entry.as_deref(), Some(r#"{"sequence":7}"#));
    let answered = content(&azurite, &blobs, &format!("{folder}/answer.json")).await;
    assert_eq!(answered.unwrap().as_bytes(), answer.reveal());
    assert_eq!(content(&azurite, &blobs, "check").await, None);
    assert!(!format!("{archive:?}").contains(azurite.key()));
}

#[tokio::test]
async fn what_there_is_of_a_failed_entry_is_archived_apart_from_another_radcasts() {
    let (azurite, mut blobs) = blobs().await;
    blobs.prefix = "site".to_owned();
    let archive = BlobArchive::open(&blobs).unwrap();
    let answer = Redacted::new("refused");
    let address = archive
        .keep(&subject(7), None, Some(&answer))
        .await
        .unwrap();
    assert!(
        address.ends_with("/site/00000000000000000007/answer.json"),
        "{address}"
    );
    let malformed = Subject {
        instance: Some("../../x?y#z".to_owned()),
        ..Subject::default()
    };
    let entry = Redacted::new("{");
    let address = archive.keep(&malformed, Some(&entry), None).await.unwrap();
    let name = address.split_once("/site/").unwrap().1;
    assert_eq!(
        content(&azurite, &blobs, &format!("site/{name}"))
            .await
            .as_deref(),
        Some("{")
    );
}

#[tokio::test]
async fn r39_a_position_that_was_kept_in_a_blob_can_be_taken_over() {
    let (azurite, blobs) = blobs().await;
    assert_eq!(read_position(&blobs, "SyncState.json").await.unwrap(), None);
    let text = r#"{"SyncedSequence":41,"SyncedDate":"2020-06-02T08:15:30.1234567+00:00"}"#;
    for (name, content) in [("SyncState.json", text), ("other.json", "{}")] {
        azurite.put_blob(&blobs.container, name, content).await;
    }
    let read = read_position(&blobs, "SyncState.json").await.unwrap();
    assert_eq!(read, parse_position(text.as_bytes()).ok());
    assert_eq!(read.unwrap().sequence, 41);
    let other = read_position(&blobs, "other.json").await.unwrap_err();
    assert_eq!(other.code, Code::BlobWrongAddress);
}
