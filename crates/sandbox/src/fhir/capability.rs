//! What the store can do (R4 CapabilityStatement), from the table of types.

use serde_json::{Value, json};

use super::parameter::{Kind, RESOURCE_TYPES, ResourceType};
use super::query::includes;

/// The statement of the store at `base`.
pub(super) fn statement(base: &str) -> Value {
    let interaction = |code: &str| json!({ "code": code });
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2025-01-01",
        "kind": "instance",
        "software": { "name": "radcast sandbox", "version": env!("CARGO_PKG_VERSION") },
        "implementation": {
            "description": "An embedded FHIR store for demonstrations and tests",
            "url": base,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "documentation": "Unknown search parameters are refused. Neither versions nor \
                history are kept. References are resolved in transactions only when they are \
                full URLs of entries; conditional references are refused.",
            "resource": RESOURCE_TYPES.iter().map(resource).collect::<Vec<_>>(),
            "interaction": [interaction("transaction"), interaction("batch")],
        }],
    })
}

fn resource(kind: &ResourceType) -> Value {
    let interaction =
        ["read", "create", "update", "delete", "search-type"].map(|code| json!({ "code": code }));
    let mut parameters = vec![json!({ "name": "_id", "type": "token" })];
    parameters.extend(
        kind.parameters.iter().map(
            |parameter| json!({ "name": parameter.name, "type": parameter.kind.search_type() }),
        ),
    );
    let mut resource = json!({
        "type": kind.name,
        "interaction": interaction,
        "versioning": "versioned-update",
        "readHistory": false,
        "updateCreate": true,
        "conditionalCreate": true,
        "conditionalRead": "not-supported",
        "conditionalUpdate": false,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical", "enforced"],
        "searchParam": parameters,
    });
    if kind.name == "ImagingStudy" {
        resource["documentation"] = json!(
            "Not every parameter of the standard is indexed: instance, started and others are \
             refused."
        );
    }
    if kind
        .parameters
        .iter()
        .any(|parameter| matches!(parameter.kind, Kind::Reference(_)))
    {
        resource["searchInclude"] = includes(kind).collect();
    }
    resource
}
