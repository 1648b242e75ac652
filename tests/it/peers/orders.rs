//! Orders that the FHIR server knows.

use serde_json::{Value, json};

use super::{Site, cases, no_failure, text};
use crate::support::instances::study;
use crate::support::peer::reference;

cases! {
    a_study_refers_to_the_order_that_has_its_accession_number
}

fn order(system: &str, value: &str) -> Value {
    json!({
        "resourceType": "ServiceRequest",
        "identifier": [{ "system": system, "value": value }],
        "status": "active",
        "intent": "order",
        "subject": { "display": "somebody" },
    })
}

async fn a_study_refers_to_the_order_that_has_its_accession_number(site: Site) {
    let ordered = site.fhir.create(&order("urn:ris", "A1")).await;
    site.fhir.create(&order("urn:other", "A1")).await;
    let daemon = site
        .daemon()
        .with("ImagingStudy__AccessionSystem", "urn:ris")
        .with("ImagingStudy__BasedOn", "Search")
        .with("ImagingStudy__Encounter", "Search")
        .with("ImagingStudy__Referrer", "Search");
    let last = site.services.store(&study(1, 1, 1, 2));
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
    let study = site.fhir.only("ImagingStudy").await;
    let based_on = &study["basedOn"][0];
    assert_eq!(text(&based_on["reference"]), reference(&ordered));
    assert_eq!(based_on["identifier"]["system"], "urn:ris");
    site.check_validity().await;
}
