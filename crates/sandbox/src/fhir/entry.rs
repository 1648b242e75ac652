//! The entries of a transaction or batch, read into interactions.

use super::address::Address;
use super::bundle::{Entry, EntryRequest};
use super::document::Document;
use super::interaction::Interaction;
use super::outcome::Refusal;
use super::parameter::{RESOURCE_TYPES, ResourceType};
use super::precondition::Precondition;
use super::query::Query;

/// The type of this name.
///
/// # Errors
/// 404 naming the types that are kept.
pub(super) fn known_type(name: &str) -> Result<&'static ResourceType, Refusal> {
    ResourceType::named(name).ok_or_else(|| {
        let known: Vec<_> = RESOURCE_TYPES.iter().map(|kind| kind.name).collect();
        Refusal::new(
            axum::http::StatusCode::NOT_FOUND,
            "not-supported",
            format!(
                "this resource type is not kept; kept are: {}",
                known.join(", ")
            ),
        )
    })
}

/// Reads an entry; `base` is the address of this store.
///
/// # Errors
/// The request is incomplete or not supported, or the resource breaks a rule.
pub(super) fn interaction(base: &str, entry: &Entry) -> Result<Interaction, Refusal> {
    let request = entry.request.as_ref().ok_or_else(|| missing("request"))?;
    let method = request
        .method
        .as_deref()
        .ok_or_else(|| missing("request.method"))?;
    let url = request
        .url
        .as_deref()
        .ok_or_else(|| missing("request.url"))?;
    check_headers(method, request)?;
    match method {
        "GET" => get(base, url),
        "POST" => create(base, url, entry, request.if_none_exist.as_deref()),
        "PUT" => {
            let address = address(url)?;
            let document = document(address.kind, entry)?;
            let precondition = Precondition::parse(request.if_match.as_deref())?;
            Interaction::update(address, document, precondition)
        }
        "DELETE" => {
            let precondition = Precondition::parse(request.if_match.as_deref())?;
            Ok(Interaction::Delete(address(url)?, precondition))
        }
        _ => Err(Refusal::unsupported(
            "request.method must be GET, POST, PUT or DELETE",
        )),
    }
}

/// Refuses a condition that would otherwise go unheeded.
fn check_headers(method: &str, request: &EntryRequest) -> Result<(), Refusal> {
    let unheeded = [
        ("ifNoneMatch", request.if_none_match.is_some()),
        ("ifModifiedSince", request.if_modified_since.is_some()),
        (
            "ifMatch",
            request.if_match.is_some() && !["PUT", "DELETE"].contains(&method),
        ),
        (
            "ifNoneExist",
            request.if_none_exist.is_some() && method != "POST",
        ),
    ];
    match unheeded.iter().find(|(_, present)| *present) {
        None => Ok(()),
        Some((name, _)) => Err(Refusal::unsupported(format!(
            "request.{name} is not supported with {method}"
        ))),
    }
}

fn get(base: &str, url: &str) -> Result<Interaction, Refusal> {
    if url.contains('/') && !url.contains('?') {
        return Ok(Interaction::Read(address(url)?));
    }
    let (name, query) = url.split_once('?').unwrap_or((url, ""));
    let query = Query::parse(known_type(name)?, base, query)?;
    Ok(Interaction::Search(query))
}

fn create(
    base: &str,
    url: &str,
    entry: &Entry,
    condition: Option<&str>,
) -> Result<Interaction, Refusal> {
    let kind = known_type(url)?;
    Ok(Interaction::Create {
        kind,
        document: document(kind, entry)?,
        condition: condition
            .map(|condition| Query::condition(kind, base, condition))
            .transpose()?,
    })
}

fn address(url: &str) -> Result<Address, Refusal> {
    let refusal = || {
        Refusal::unsupported(
            "request.url must be Type/id here, with a type kept by this store: conditional \
             updates and deletes, versions and full URLs are not supported",
        )
    };
    if url.contains("/_history/") {
        return Err(refusal());
    }
    Address::parse(url).ok_or_else(refusal)
}

fn document(kind: &ResourceType, entry: &Entry) -> Result<Document, Refusal> {
    let resource = entry.resource.as_ref().ok_or_else(|| missing("resource"))?;
    Document::parse(kind, resource.get())
}

fn missing(element: &str) -> Refusal {
    Refusal::element("required", element, "is required and absent")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(request: &Value) -> Result<Interaction, Refusal> {
        let resource = json!({"resourceType": "Patient", "id": "1"});
        let entry = json!({"resource": resource, "request": request});
        interaction(
            "http://h/fhir",
            &serde_json::from_str(&entry.to_string()).unwrap(),
        )
    }

    #[test]
    fn a_condition_that_the_method_does_not_heed_is_refused() {
        for (method, url, condition) in [
            ("PUT", "Patient/1", "ifNoneMatch"),
            ("GET", "Patient/1", "ifModifiedSince"),
            ("POST", "Patient", "ifMatch"),
            ("PUT", "Patient/1", "ifNoneExist"),
        ] {
            let mut request = json!({"method": method, "url": url});
            assert!(read(&request).is_ok(), "{method}");
            request[condition] = json!("*");
            let refusal = read(&request).unwrap_err();
            assert!(
                refusal.diagnostics.contains(condition),
                "{}",
                refusal.diagnostics
            );
        }
    }

    #[test]
    fn a_conditional_update_or_delete_is_refused_without_its_condition() {
        for method in ["PUT", "DELETE"] {
            let request = json!({"method": method, "url": "Patient?identifier=canary"});
            let refusal = read(&request).unwrap_err();
            assert_eq!(refusal.code, "not-supported");
            assert!(!refusal.diagnostics.contains("canary"));
        }
    }
}
