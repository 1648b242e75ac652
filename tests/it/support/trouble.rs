//! What can be wrong on the FHIR side with one entry.

use radcast_engine::failure::Code;
use radcast_sandbox::Fault;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::instances::Place;
use super::services::Services;

/// The instance that is in trouble. The digits of its patient's id are in no resource's id.
pub const FIRST: Place = Place {
    patient: 70,
    study: 1,
    series: 1,
    instance: 1,
};

/// What is wrong on the FHIR side, and the code that it comes to.
pub struct Trouble {
    pub name: &'static str,
    pub code: Code,
    pub kind: Kind,
}

pub enum Kind {
    /// These resources are there.
    Stored(Vec<Value>),
    /// Every request of this operation is answered so.
    Answered(&'static str, StatusCode, String),
}

impl Trouble {
    pub fn answered(name: &'static str, code: Code, status: StatusCode, body: &Value) -> Self {
        let body = body
            .as_str()
            .map_or_else(|| body.to_string(), str::to_owned);
        let kind = Kind::Answered("fhir.transaction", status, body);
        Self { name, code, kind }
    }

    pub fn stored(name: &'static str, code: Code, resources: Vec<Value>) -> Self {
        let kind = Kind::Stored(resources);
        Self { name, code, kind }
    }

    /// Lets it happen.
    pub async fn befall(&self, services: &Services) {
        match &self.kind {
            Kind::Stored(resources) => {
                for resource in resources {
                    put(services, resource).await;
                }
            }
            Kind::Answered(operation, status, body) => {
                for _ in 0..50 {
                    let fault = Fault::Reject {
                        status: *status,
                        body: body.clone(),
                        retry_after: None,
                    };
                    services.fhir.faults().order(operation, fault);
                }
            }
        }
    }
}

pub async fn put(services: &Services, resource: &Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let kind = resource["resourceType"].as_str().unwrap();
    let url = format!("{}/{kind}", services.fhir_address());
    let request = client
        .post(url)
        .header("content-type", "application/fhir+json");
    let response = request.body(resource.to_string()).send().await.unwrap();
    assert_eq!(
        response.status(),
        StatusCode::CREATED,
        "{}",
        response.text().await.unwrap()
    );
}

pub fn patient(instance: Place) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [{ "system": "urn:oid:1.2.3", "value": format!("PID-{}", instance.patient) }],
    })
}

/// R31: somebody has to delete the surplus.
pub fn several_patients() -> Trouble {
    let patient = patient(FIRST);
    Trouble::stored(
        "two patients",
        Code::FhirMultipleMatches,
        vec![patient.clone(), patient],
    )
}

/// R32: somebody has to correct the resource.
pub fn invalid_study() -> Trouble {
    let uid = format!("urn:oid:{}", FIRST.study_uid());
    let study = json!({
        "resourceType": "ImagingStudy",
        "id": "crooked",
        "meta": { "versionId": "1" },
        "identifier": [{ "system": "urn:dicom:uid", "value": uid }],
        "series": { "uid": FIRST.series_uid() },
    });
    let found = json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{ "resource": study, "search": { "mode": "match" } }],
    });
    Trouble {
        name: "an ImagingStudy with one series for an array",
        code: Code::FhirInvalidResource,
        kind: Kind::Answered("fhir.search", StatusCode::OK, found.to_string()),
    }
}

/// R33.
pub fn refused() -> Trouble {
    let outcome = json!({
        "resourceType": "OperationOutcome",
        "issue": [
            { "severity": "error", "code": "business-rule", "diagnostics": "no modality is welcome" },
            { "severity": "error", "code": "value", "diagnostics": "nor is a series" },
        ],
    });
    Trouble::answered(
        "a refusal",
        Code::FhirRejected,
        StatusCode::BAD_REQUEST,
        &outcome,
    )
}

/// R34: an answer to the transaction that is none.
pub fn faulty_answers() -> Vec<Trouble> {
    let answer = |entries: Vec<Value>| json!({ "resourceType": "Bundle", "type": "transaction-response", "entry": entries });
    let created = |status: &str| json!({ "response": { "status": status } });
    let two = |entry: Value| answer(vec![created("201"), entry]);
    let bodies = [
        ("nothing", json!("")),
        ("no JSON", json!("<html>hello</html>")),
        (
            "truncated JSON",
            json!("{\"resourceType\":\"Bundle\",\"type\":\"transac"),
        ),
        ("no bundle", json!({ "resourceType": "Patient" })),
        (
            "a bundle of another type",
            json!({ "resourceType": "Bundle", "type": "searchset" }),
        ),
        ("too few entries", answer(vec![created("201")])),
        ("an entry without a response", two(json!({}))),
        (
            "a response without a status",
            two(json!({ "response": {} })),
        ),
        ("an unreadable status", two(created("created"))),
    ];
    let trouble = |(name, body): &(&'static str, Value)| {
        Trouble::answered(name, Code::FhirInvalidResponse, StatusCode::OK, body)
    };
    let refused = Trouble::answered(
        "a failure inside of a success",
        Code::FhirRejected,
        StatusCode::OK,
        &two(created("400 oops")),
    );
    bodies.iter().map(trouble).chain([refused]).collect()
}

/// One of each kind that needs a person (R31 to R34).
pub fn one_of_each() -> Vec<Trouble> {
    let mut one_of_each = vec![several_patients(), invalid_study(), refused()];
    one_of_each.extend(faulty_answers().into_iter().take(1));
    one_of_each
}
