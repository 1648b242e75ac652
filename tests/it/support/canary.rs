//! A patient, and another one of whom the FHIR server alone knows, that must not be read anywhere: in
//! no writing in which a server may quote them.

use radcast_sandbox::Fault;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::instances::Place;

/// What tells who somebody is: of the patient of the images, and of strangers.
const SECRETS: [&str; 8] = [
    "CANARY-QX7ZK",
    "Canary",
    "Yellów",
    "1966-06-06",
    "Strangerson",
    "+41 555 0142",
    "Elmstreet 1428",
    "MRN-0815",
];

/// Each secret as servers may write it.
fn writings() -> Vec<String> {
    let joined = ["YellówCanary", "CanaryYellów", "19660606", "C a n a r y"];
    let secrets = SECRETS.iter().chain(&joined);
    secrets
        .flat_map(|secret| {
            let percent: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let escaped: String = secret
                .chars()
                .map(|c| format!("\\u{:04x}", u32::from(c)))
                .collect();
            let entities: String = secret
                .chars()
                .map(|c| format!("&#{};", u32::from(c)))
                .collect();
            [
                (*secret).to_owned(),
                percent,
                escaped,
                entities,
                secret.replace('ó', "o\u{301}"),
                secret.to_lowercase(),
                secret.to_uppercase(),
            ]
        })
        .collect()
}

/// An instance of the patient.
pub fn instance_of_canary(place: Place) -> Value {
    let mut instance = place.ct();
    instance["00080005"] = json!({ "vr": "CS", "Value": ["ISO_IR 192"] });
    instance["00100010"]["Value"] = json!([{ "Alphabetic": "Canary^Yellów" }]);
    instance["00100020"]["Value"] = json!(["CANARY-QX7ZK"]);
    instance["00100030"]["Value"] = json!(["19660606"]);
    instance
}

/// The words of an answer that quotes everybody in every writing.
pub fn quotation() -> String {
    writings().join(" | ")
}

/// An `OperationOutcome` that quotes everybody in all of its members.
pub fn outcome() -> Value {
    let quoted = quotation();
    json!({
        "resourceType": "OperationOutcome",
        "text": { "status": "generated", "div": format!("<div>{quoted}</div>") },
        "issue": [
            {
                "severity": "error",
                "code": "value",
                "diagnostics": quoted,
                "details": {
                    "text": quoted,
                    "coding": [{ "system": "urn:x", "code": "Canary", "display": quoted }],
                },
                "expression": ["Patient.birthDate", "Patient.name.where(family='Canary')", "Canary"],
                "location": [quoted],
            },
            { "severity": "Canary", "code": "Strangerson", "diagnostics": "Canary" },
        ],
    })
}

/// An answer of this status that quotes everybody.
pub fn quoting(status: StatusCode) -> Fault {
    Fault::Reject {
        status,
        body: outcome().to_string(),
        retry_after: None,
    }
}

/// Nobody is in a text.
pub fn assert_discreet(what: &str, text: &str) {
    for canary in writings() {
        let found = text.lines().find(|line| line.contains(&canary));
        assert_eq!(found, None, "{canary} in {what}");
    }
}
