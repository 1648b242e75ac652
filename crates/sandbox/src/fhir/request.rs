//! The parts of an HTTP request, read so that what is wrong with them is an `OperationOutcome`.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use super::address::Address;
use super::entry::known_type;
use super::outcome::Refusal;
use super::parameter::ResourceType;
use super::validation::is_id;

/// The address of the store as the client knows it, e.g. `http://127.0.0.1:8080/fhir`.
#[derive(Debug)]
pub(super) struct Base(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Base {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let host = header(&parts.headers, &header::HOST)?
            .ok_or_else(|| Refusal::invalid("the request has no Host"))?;
        Ok(Self(format!("http://{host}/fhir")))
    }
}

/// The resource type in the path.
#[derive(Debug)]
pub(super) struct TypeInPath(pub(super) &'static ResourceType);

impl<S: Send + Sync> FromRequestParts<S> for TypeInPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| unreadable_path())?;
        Ok(Self(known_type(&name)?))
    }
}

/// The resource type and id in the path.
#[derive(Debug)]
pub(super) struct AddressInPath(pub(super) Address);

impl<S: Send + Sync> FromRequestParts<S> for AddressInPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path((name, id)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| unreadable_path())?;
        let kind = known_type(&name)?;
        if !is_id(&id) {
            return Err(Refusal::invalid(
                "an id is 1 to 64 letters, digits, '-' or '.'",
            ));
        }
        Ok(Self(Address { kind, id }))
    }
}

/// A body that says it is JSON, or does not say what it is.
#[derive(Debug)]
pub(super) struct JsonBody(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let media_type = header(request.headers(), &header::CONTENT_TYPE)?;
        if media_type.is_some_and(|media_type| !media_type.contains("json")) {
            return Err(unsupported_media("application/fhir+json"));
        }
        body(request, state).await.map(Self)
    }
}

/// The parameters of a search by POST.
#[derive(Debug)]
pub(super) struct FormBody(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for FormBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let form = "application/x-www-form-urlencoded";
        let media_type = header(request.headers(), &header::CONTENT_TYPE)?;
        if !media_type.is_some_and(|media_type| media_type.starts_with(form)) {
            return Err(unsupported_media(form));
        }
        body(request, state).await.map(Self)
    }
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<String, Refusal> {
    let bytes = Bytes::from_request(request, state)
        .await
        .map_err(|rejection| Refusal::new(rejection.status(), "too-long", rejection.body_text()))?;
    String::from_utf8(bytes.into()).map_err(|_| Refusal::invalid("the body is not UTF-8"))
}

/// The value of a header that may be absent.
///
/// # Errors
/// It is not text, or the header is repeated.
pub(super) fn header<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| Refusal::invalid(format!("the header {name} is not ASCII text"))),
        (Some(_), Some(_)) => Err(Refusal::invalid(format!("the header {name} is repeated"))),
    }
}

fn unsupported_media(asked_for: &str) -> Refusal {
    Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not-supported",
        format!("the body must be sent as {asked_for}"),
    )
}

fn unreadable_path() -> Refusal {
    Refusal::invalid("the path is not percent-encoded UTF-8")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused_by_its_size() {
        // Without a layer that says otherwise, axum reads two megabytes.
        let request = Request::new(Body::from(vec![b' '; 3 << 20]));
        let refusal = JsonBody::from_request(request, &()).await.unwrap_err();
        assert_eq!(refusal.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(refusal.code, "too-long");
    }

    #[test]
    fn a_repeated_header_is_refused() {
        let mut headers = HeaderMap::new();
        headers.append(header::IF_MATCH, "W/\"1\"".parse().unwrap());
        assert_eq!(
            super::header(&headers, &header::IF_MATCH),
            Ok(Some("W/\"1\""))
        );
        headers.append(header::IF_MATCH, "W/\"2\"".parse().unwrap());
        assert!(super::header(&headers, &header::IF_MATCH).is_err());
    }
}
