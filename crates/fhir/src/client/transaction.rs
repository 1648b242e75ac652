//! A transaction bundle, and the check of its answer.

use serde::Serialize;
use serde_json::value::RawValue;

use super::bundle::{AnswerEntry, TransactionAnswer};
use radcast_engine::failure::{Code, Dependency, Failure, Operation, Symptom, classify};

/// One entry of a transaction (R4 `Bundle.entry`).
#[derive(Debug, Clone)]
pub enum Request {
    /// `POST {Type}` unless the query finds a resource.
    Create {
        /// `urn:uuid:` address that the other entries refer to it by.
        full_url: String,
        /// Type of the resource.
        resource_type: String,
        /// Query of the conditional create, percent-encoded.
        if_none_exist: String,
        /// The resource's JSON.
        resource: Box<RawValue>,
    },
    /// `PUT {Type}/{id}` of this version and no other.
    Update {
        /// Type of the resource.
        resource_type: String,
        /// Its id.
        id: String,
        /// The version that was read (`meta.versionId`).
        version: String,
        /// The resource's JSON.
        resource: Box<RawValue>,
    },
    /// `DELETE {Type}/{id}` of this version and no other.
    Delete {
        /// Type of the resource.
        resource_type: String,
        /// Its id.
        id: String,
        /// The version that was read (`meta.versionId`).
        version: String,
    },
}

/// What became of one entry of a transaction.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status of the entry.
    pub status: u16,
    /// Where the resource is now, as the server tells it.
    pub location: Option<String>,
    /// Its version, as the server tells it (R4 `Bundle.entry.response.etag`).
    pub etag: Option<String>,
    /// The resource as it is stored now, if the server gave it (R4 `Bundle.entry.resource`).
    pub resource: Option<Box<RawValue>>,
}

/// About how long an entry is beside its resource, in bytes.
const OF_AN_ENTRY: usize = 512;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bundle<'a> {
    resource_type: &'static str,
    #[serde(rename = "type")]
    bundle_type: &'static str,
    entry: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    full_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a RawValue>,
    request: EntryRequest<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryRequest<'a> {
    method: &'static str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_none_exist: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_match: Option<String>,
}

impl Request {
    /// The transaction bundle of these requests, as JSON text.
    ///
    /// # Errors
    /// Never in practice: everything in it is text or JSON already.
    pub fn bundle(requests: &[Self]) -> serde_json::Result<Vec<u8>> {
        // A text that grows takes up to thrice as much.
        let room = requests.iter().map(Self::size).sum::<usize>() + OF_AN_ENTRY;
        let mut bundle = Vec::with_capacity(room);
        let entry = requests.iter().map(Self::entry).collect();
        let written = Bundle {
            resource_type: "Bundle",
            bundle_type: "transaction",
            entry,
        };
        serde_json::to_writer(&mut bundle, &written).map(|()| bundle)
    }

    /// About how long its entry is, in bytes.
    fn size(&self) -> usize {
        OF_AN_ENTRY + self.resource().map_or(0, |resource| resource.get().len())
    }

    fn resource(&self) -> Option<&RawValue> {
        match self {
            Self::Create { resource, .. } | Self::Update { resource, .. } => Some(resource),
            Self::Delete { .. } => None,
        }
    }

    /// Drops the resource, which is no longer needed once it is in a bundle, and may be large.
    pub(super) fn drop_resource(&mut self) {
        if let Self::Create { resource, .. } | Self::Update { resource, .. } = self {
            *resource = RawValue::NULL.to_owned();
        }
    }

    fn entry(&self) -> Entry<'_> {
        match self {
            Self::Create {
                full_url,
                resource_type,
                if_none_exist,
                resource,
            } => Entry {
                full_url: Some(full_url),
                resource: Some(resource),
                request: EntryRequest {
                    method: "POST",
                    url: resource_type.clone(),
                    if_none_exist: Some(if_none_exist),
                    if_match: None,
                },
            },
            Self::Update {
                resource_type,
                id,
                version,
                resource,
            } => Entry {
                full_url: None,
                resource: Some(resource),
                request: EntryRequest::versioned("PUT", resource_type, id, version),
            },
            Self::Delete {
                resource_type,
                id,
                version,
            } => Entry {
                full_url: None,
                resource: None,
                request: EntryRequest::versioned("DELETE", resource_type, id, version),
            },
        }
    }

    /// The type of the resource.
    #[must_use]
    pub fn resource_type(&self) -> &str {
        match self {
            Self::Create { resource_type, .. }
            | Self::Update { resource_type, .. }
            | Self::Delete { resource_type, .. } => resource_type,
        }
    }

    /// Whether it creates a resource.
    pub(super) const fn creates(&self) -> bool {
        matches!(self, Self::Create { .. })
    }
}

impl EntryRequest<'_> {
    fn versioned(method: &'static str, resource_type: &str, id: &str, version: &str) -> Self {
        Self {
            method,
            url: format!("{resource_type}/{id}"),
            if_none_exist: None,
            if_match: Some(format!("W/\"{version}\"")),
        }
    }
}

/// Checks that the answer answers the requests: a `transaction-response` with an entry for each,
/// every one a success and, of an update, about its resource. The answer to a create is for the
/// caller to check: the condition may have matched a resource (200).
pub(super) fn check(requests: &[Request], body: &[u8]) -> Result<Vec<Response>, Failure> {
    let answer: TransactionAnswer =
        serde_json::from_slice(body).map_err(|_| malformed("the answer is no bundle"))?;
    if answer.resource_type != "Bundle"
        || answer.bundle_type.as_deref() != Some("transaction-response")
    {
        return Err(malformed("the answer is not a transaction-response"));
    }
    if answer.entry.len() != requests.len() {
        let (sent, answered) = (requests.len(), answer.entry.len());
        return Err(malformed(&format!("{answered} answers to {sent} requests")));
    }
    let responses = answer.entry.into_iter().map(response);
    let responses = responses.collect::<Result<Vec<_>, _>>()?;
    requests
        .iter()
        .zip(&responses)
        .try_for_each(|(request, response)| succeeded(request, response))?;
    Ok(responses)
}

fn response(entry: AnswerEntry) -> Result<Response, Failure> {
    let missing = || malformed("an entry has no response");
    let response = entry.response.ok_or_else(missing)?;
    let status = response
        .status
        .as_deref()
        .and_then(|text| text.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| malformed("an entry has no readable status"))?;
    Ok(Response {
        status,
        location: response.location,
        etag: response.etag,
        resource: entry.resource,
    })
}

fn succeeded(request: &Request, response: &Response) -> Result<(), Failure> {
    let status = response.status;
    if !(200..300).contains(&status) {
        let code = classify(
            Dependency::Fhir,
            Operation::Transaction,
            Symptom::Status(status),
        );
        return Err(Failure::new(
            code,
            format!("an entry of the transaction answered {status}"),
        ));
    }
    match request {
        Request::Update { id, .. } if response.names_other_than(request.resource_type(), id) => {
            // The answer to another transaction: this one may have been refused.
            let message = "the answer to an update is about another resource";
            Err(Failure::new(Code::FhirConflict, message))
        }
        _ => Ok(()),
    }
}

fn malformed(what: &str) -> Failure {
    Failure::new(
        classify(Dependency::Fhir, Operation::Transaction, Symptom::Malformed),
        what,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(resource_type: &str) -> Request {
        let json = format!(r#"{{"resourceType":"{resource_type}"}}"#);
        Request::Create {
            full_url: "urn:uuid:1".to_owned(),
            resource_type: resource_type.to_owned(),
            if_none_exist: "identifier=a%7Cb".to_owned(),
            resource: RawValue::from_string(json).unwrap(),
        }
    }

    fn answer(status: &str) -> String {
        format!(
            r#"{{"resourceType":"Bundle","type":"transaction-response","entry":[{{"response":{{"status":"{status}"}}}}]}}"#
        )
    }

    fn code(request: Request, body: &str) -> Code {
        check(&[request], body.as_bytes()).unwrap_err().code
    }

    #[test]
    fn an_update_carries_its_version_and_a_delete_no_resource() {
        let delete = Request::Delete {
            resource_type: "ImagingStudy".to_owned(),
            id: "7".to_owned(),
            version: "3".to_owned(),
        };
        let bundle = Request::bundle(&[delete]).unwrap();
        assert_eq!(
            String::from_utf8(bundle).unwrap(),
            r#"{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"ImagingStudy/7","ifMatch":"W/\"3\""}}]}"#
        );
    }

    #[test]
    fn a_created_resource_is_a_success() {
        let responses = check(&[create("Patient")], answer("201 Created").as_bytes()).unwrap();
        assert_eq!(responses[0].status, 201);
    }

    fn update() -> Request {
        Request::Update {
            resource_type: "Patient".to_owned(),
            id: "7".to_owned(),
            version: "1".to_owned(),
            resource: RawValue::from_string("{}".to_owned()).unwrap(),
        }
    }

    #[test]
    fn the_answer_about_another_resource_is_no_answer_to_an_update() {
        let body = |location: &str| {
            answer("200").replace("}}]", &format!(r#","location":"{location}"}}}}]"#))
        };
        for location in ["Patient/8/_history/2", "Observation/7/_history/2"] {
            assert_eq!(code(update(), &body(location)), Code::FhirConflict);
        }
        for location in ["Patient/7/_history/2", "http://h/fhir/Patient/7", ""] {
            assert!(
                check(&[update()], body(location).as_bytes()).is_ok(),
                "{location}"
            );
        }
    }

    #[test]
    fn what_does_not_answer_the_request_is_an_invalid_response() {
        let wrong = [
            "<html>",
            r#"{"resourceType":"Bundle","type":"searchset"}"#,
            r#"{"resourceType":"Bundle","type":"transaction-response"}"#,
            r#"{"resourceType":"Bundle","type":"transaction-response","entry":[{}]}"#,
            r#"{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{}}]}"#,
        ];
        for body in wrong {
            assert_eq!(
                code(create("Patient"), body),
                Code::FhirInvalidResponse,
                "{body}"
            );
        }
        assert_eq!(
            code(create("Patient"), &answer("fine")),
            Code::FhirInvalidResponse
        );
    }

    #[test]
    fn a_failed_entry_within_an_answer_fails_the_transaction() {
        assert_eq!(code(create("Patient"), &answer("422")), Code::FhirRejected);
        assert_eq!(
            code(create("Patient"), &answer("503 busy")),
            Code::FhirServerError
        );
    }
}
