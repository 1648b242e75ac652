//! Somebody else writes between the daemon's look-up and its transaction.

use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{Site, cases, instance_uids, no_failure};
use crate::support::instances::study;
use crate::support::peer::reference;
use crate::support::proxy::Proxy;

cases! {
    when_somebody_else_changes_the_study_in_between_both_changes_are_kept
    what_somebody_else_creates_in_between_is_completed
    a_study_that_somebody_else_deletes_in_between_is_created_again
    a_study_that_somebody_else_changes_and_deletes_first_is_deleted_without_a_failure
}

/// What another writer adds to a study, for the `number`-th time.
fn edit(study: &mut Value, number: usize) {
    study["contained"] = json!([{ "resourceType": "Practitioner", "id": "reader" }]);
    study["interpreter"] = json!([{ "reference": "#reader" }]);
    study["_description"] = json!({
        "id": format!("edited-{number}"),
        // HAPI drops the id of an element that has nothing else.
        "extension": [{ "url": "http://example.org/editor", "valueString": "somebody" }],
    });
    study["extension"] = json!([{
        "url": "http://example.org/turnaround",
        "valueDecimal": 1.5,
    }]);
    let notes = study.as_object_mut().unwrap().entry("note");
    let notes = notes.or_insert_with(|| json!([])).as_array_mut().unwrap();
    notes.push(json!({ "text": format!("note {number}") }));
}

async fn when_somebody_else_changes_the_study_in_between_both_changes_are_kept(site: Site) {
    const RACES: std::ops::RangeInclusive<usize> = 1..=3;
    let fhir = Arc::clone(&site.fhir);
    let proxy = Proxy::start(site.fhir.address(), move |number| {
        let fhir = Arc::clone(&fhir);
        async move {
            if RACES.contains(&number) {
                let mut study = fhir.only("ImagingStudy").await;
                edit(&mut study, number);
                fhir.update(&study).await;
            }
        }
        .boxed()
    })
    .await;
    let places = study(1, 1, 2, 2);
    let daemon = site.daemon_to(&proxy.address());
    let last = site.services.store(&places[..1]);
    daemon.run_until_settled(last).await;
    let last = site.services.store(&places[1..]);
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
    assert!(proxy.refused() >= RACES.count(), "{}", proxy.refused());

    let study = site.fhir.only("ImagingStudy").await;
    let uids: Vec<_> = places.iter().map(|place| place.instance_uid()).collect();
    assert_eq!(instance_uids(&study), uids);
    let notes = json!([{ "text": "note 1" }, { "text": "note 2" }, { "text": "note 3" }]);
    assert_eq!(study["note"], notes);
    assert_eq!(study["contained"][0]["id"], "reader");
    assert_eq!(study["interpreter"][0]["reference"], "#reader");
    assert_eq!(study["_description"]["id"], "edited-3");
    assert_eq!(study["extension"][0]["valueDecimal"], 1.5);
    site.check_validity().await;
}

async fn what_somebody_else_creates_in_between_is_completed(site: Site) {
    let places = study(1, 1, 1, 2);
    let theirs = json!({
        "resourceType": "ImagingStudy",
        "status": "registered",
        "identifier": [{
            "system": "urn:dicom:uid",
            "value": format!("urn:oid:{}", places[0].study_uid()),
        }],
        "subject": { "display": "not known yet" },
        "note": [{ "text": "ordered" }],
    });
    let fhir = Arc::clone(&site.fhir);
    let proxy = Proxy::start(site.fhir.address(), move |number| {
        let (fhir, theirs) = (Arc::clone(&fhir), theirs.clone());
        async move {
            if number == 0 {
                fhir.create(&theirs).await;
            }
        }
        .boxed()
    })
    .await;
    let last = site.services.store(&places);
    let daemon = site.daemon_to(&proxy.address());
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
    assert!(proxy.transactions() > 1);
    let study = site.fhir.only("ImagingStudy").await;
    let patient = site.fhir.only("Patient").await;
    site.fhir.only("Endpoint").await;
    assert_eq!(study["note"][0]["text"], "ordered");
    assert_eq!(study["subject"]["reference"], reference(&patient));
    assert_eq!(study["status"], "available");
    assert_eq!(study["numberOfInstances"], 2);
}

async fn a_study_that_somebody_else_deletes_in_between_is_created_again(site: Site) {
    let fhir = Arc::clone(&site.fhir);
    let proxy = Proxy::start(site.fhir.address(), move |number| {
        let fhir = Arc::clone(&fhir);
        async move {
            if number == 1 {
                fhir.delete(&fhir.only("ImagingStudy").await).await;
            }
        }
        .boxed()
    })
    .await;
    let places = study(1, 1, 1, 2);
    let daemon = site.daemon_to(&proxy.address());
    let last = site.services.store(&places[..1]);
    daemon.run_until_settled(last).await;
    let last = site.services.store(&places[1..]);
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
    let study = site.fhir.only("ImagingStudy").await;
    assert_eq!(instance_uids(&study), [places[1].instance_uid()]);
}

async fn a_study_that_somebody_else_changes_and_deletes_first_is_deleted_without_a_failure(
    site: Site,
) {
    let fhir = Arc::clone(&site.fhir);
    let proxy = Proxy::start(site.fhir.address(), move |number| {
        let fhir = Arc::clone(&fhir);
        async move {
            match number {
                1 => {
                    let mut study = fhir.only("ImagingStudy").await;
                    edit(&mut study, number);
                    fhir.update(&study).await;
                }
                2 => fhir.delete(&fhir.only("ImagingStudy").await).await,
                _ => {}
            }
        }
        .boxed()
    })
    .await;
    let places = study(1, 1, 1, 1);
    let daemon = site.daemon_to(&proxy.address());
    let last = site.services.store(&places);
    daemon.run_until_settled(last).await;
    site.services.delete(places[0]);
    daemon.run_until_settled(last + 1).await;
    no_failure(&daemon).await;
    let refused = usize::from(site.fhir.peer().heeds_versions_of_deletes());
    assert_eq!(proxy.transactions(), 2 + refused);
    assert_eq!(site.fhir.all("ImagingStudy").await, Vec::<Value>::new());
}
