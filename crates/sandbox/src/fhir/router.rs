//! The routes of the RESTful API (R4 HTTP) and what they do.

use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::answer::Answer;
use super::bundle::{self, Entry, Submission};
use super::capability;
use super::document::Document;
use super::interaction::Interaction;
use super::negotiation::negotiate;
use super::outcome::{FHIR_JSON, Refusal};
use super::parameter::ResourceType;
use super::precondition::Precondition;
use super::query::Query;
use super::request::{AddressInPath, Base, FormBody, JsonBody, TypeInPath, header};
use super::store::FhirStore;
use super::transaction;

/// The largest body that is read.
const MAX_BODY_BYTES: usize = 64 << 20;

/// The most bytes of a transaction that only tests whether transactions are taken.
const MOST_OF_TEST: usize = 1 << 10;

/// The id in a transaction that only tests whether transactions are taken.
const NO_RESOURCE: &str = "radcast-no-resource";

/// The path of the base.
const ROOT: &str = "/fhir";

const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

impl FhirStore {
    /// The RESTful API under `/fhir`, to be served at the root.
    pub fn router(&self) -> Router {
        router(self)
    }
}

fn router(store: &FhirStore) -> Router {
    let api = Router::new()
        .route("/", post(submit))
        .route("/metadata", get(metadata))
        .route("/{type}", get(search).post(create))
        .route("/{type}/_search", post(search_by_form))
        .route("/{type}/{id}", get(read).put(update).delete(delete))
        .fallback(nothing_here);
    Router::new()
        .route("/", get(contents))
        .nest(ROOT, api)
        // Nesting leaves out the base with a slash behind it.
        .route("/fhir/", post(submit))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(store.clone(), intercept))
        .layer(from_fn(negotiate))
        .with_state(store.clone())
}

/// For the person who opens the address without a path.
async fn contents() -> impl IntoResponse {
    Json(json!({
        "about": "a FHIR R4 store, for demonstration and tests",
        "try": ["/fhir/ImagingStudy", "/fhir/Patient", "/fhir/Endpoint", "/fhir/metadata"],
    }))
}

/// Names the operation and lets the faults on order for it happen.
async fn intercept(State(store): State<FhirStore>, request: Request, next: Next) -> Response {
    let Some(operation) = operation(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let (request, operation) = match operation {
        "fhir.transaction" => told_apart(request).await,
        _ => (request, operation),
    };
    let faults = store.faults().clone();
    faults.intercept(operation, request, next).await
}

/// A transaction that only tests whether transactions are taken is an operation of its own, so that
/// the entries alone can be in trouble.
async fn told_apart(request: Request) -> (Request, &'static str) {
    let length = header(request.headers(), &header::CONTENT_LENGTH);
    let length = length
        .ok()
        .flatten()
        .and_then(|it| it.parse::<usize>().ok());
    if length.is_none_or(|length| length > MOST_OF_TEST) {
        return (request, "fhir.transaction");
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST_OF_TEST).await.unwrap_or_default();
    let is_test = memchr::memmem::find(&body, NO_RESOURCE.as_bytes()).is_some();
    let operation = if is_test {
        "fhir.test"
    } else {
        "fhir.transaction"
    };
    (Request::from_parts(parts, body.into()), operation)
}

/// The operation that a method on a path is; `None` outside the API.
fn operation(method: &Method, path: &str) -> Option<&'static str> {
    let segments: Vec<_> = path
        .strip_prefix(ROOT)?
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["metadata"]) => Some("fhir.capability"),
        ("GET", [_]) | ("POST", [_, "_search"]) => Some("fhir.search"),
        ("GET", [_, _]) => Some("fhir.read"),
        ("POST", [_]) => Some("fhir.create"),
        ("PUT", [_, _]) => Some("fhir.update"),
        ("DELETE", [_, _]) => Some("fhir.delete"),
        ("POST", []) => Some("fhir.transaction"),
        _ => None,
    }
}

async fn metadata(Base(base): Base) -> Response {
    json_response(StatusCode::OK, capability::statement(&base).to_string())
}

async fn read(
    State(store): State<FhirStore>,
    base: Base,
    AddressInPath(address): AddressInPath,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let known = header(&headers, &header::IF_NONE_MATCH)?;
    let read = perform(store, base, move |_| Ok(Interaction::Read(address))).await?;
    let etag = read.headers().get(header::ETAG);
    if known.is_some_and(|known| etag.is_some_and(|etag| etag == known)) {
        let etag = etag.cloned().map(|etag| (header::ETAG, etag));
        return Ok((StatusCode::NOT_MODIFIED, AppendHeaders(etag)).into_response());
    }
    Ok(read)
}

async fn search(
    State(store): State<FhirStore>,
    base: Base,
    TypeInPath(kind): TypeInPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    find(store, base, kind, query.unwrap_or_default()).await
}

async fn search_by_form(
    State(store): State<FhirStore>,
    base: Base,
    TypeInPath(kind): TypeInPath,
    RawQuery(query): RawQuery,
    FormBody(form): FormBody,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    find(store, base, kind, format!("{query}&{form}")).await
}

async fn find(
    store: FhirStore,
    base: Base,
    kind: &'static ResourceType,
    query: String,
) -> Result<Response, Refusal> {
    perform(store, base, move |base| {
        Query::parse(kind, base, &query).map(Interaction::Search)
    })
    .await
}

async fn create(
    State(store): State<FhirStore>,
    base: Base,
    TypeInPath(kind): TypeInPath,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    perform(store, base, move |base| {
        let condition = header(&headers, &IF_NONE_EXIST)?
            .map(|condition| Query::condition(kind, base, condition))
            .transpose()?;
        Ok(Interaction::Create {
            kind,
            document: Document::parse(kind, &body)?,
            condition,
        })
    })
    .await
}

async fn update(
    State(store): State<FhirStore>,
    base: Base,
    AddressInPath(address): AddressInPath,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    perform(store, base, move |_| {
        refuse_if_none_match(&headers)?;
        let precondition = Precondition::parse(header(&headers, &header::IF_MATCH)?)?;
        let document = Document::parse(address.kind, &body)?;
        Interaction::update(address, document, precondition)
    })
    .await
}

async fn delete(
    State(store): State<FhirStore>,
    base: Base,
    AddressInPath(address): AddressInPath,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    perform(store, base, move |_| {
        refuse_if_none_match(&headers)?;
        let precondition = Precondition::parse(header(&headers, &header::IF_MATCH)?)?;
        Ok(Interaction::Delete(address, precondition))
    })
    .await
}

/// A write under a condition that goes unheeded could destroy what it was to protect.
fn refuse_if_none_match(headers: &HeaderMap) -> Result<(), Refusal> {
    match header(headers, &header::IF_NONE_MATCH)? {
        None => Ok(()),
        Some(_) => Err(Refusal::unsupported(
            "If-None-Match is not supported with writes: use If-Match or If-None-Exist",
        )),
    }
}

async fn submit(
    State(store): State<FhirStore>,
    Base(base): Base,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Refusal> {
    let with_written = wants_written(&headers);
    let response = match Submission::parse(&body)? {
        Submission::Transaction(entries) => {
            store
                .transaction(move |tx| {
                    let answers = transaction::all(tx, &base, &entries)?;
                    bundle::response("transaction-response", &answers, with_written)
                })
                .await?
        }
        Submission::Batch(entries) => batch(&store, &base, entries, with_written).await?,
    };
    Ok(json_response(StatusCode::OK, response))
}

/// Whether the answer should hold what was written (RFC 7240, 4.2).
fn wants_written(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter();
    preferences
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("return=representation"))
}

/// Each entry in a transaction of its own.
async fn batch(
    store: &FhirStore,
    base: &str,
    entries: Vec<Entry>,
    with_written: bool,
) -> Result<String, Refusal> {
    let mut answers = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let base = base.to_owned();
        let answer = store
            .transaction(move |tx| transaction::batch_entry(tx, &base, index, &entry))
            .await;
        answers.push(answer);
    }
    bundle::response("batch-response", &answers, with_written)
}

/// Plans one interaction and carries it out.
async fn perform<P>(store: FhirStore, Base(base): Base, plan: P) -> Result<Response, Refusal>
where
    P: FnOnce(&str) -> Result<Interaction, Refusal> + Send + 'static,
{
    let address = base.clone();
    let answer = store
        .transaction(move |tx| transaction::single(tx, &base, plan(&base)?))
        .await?;
    Ok(response(&address, answer))
}

fn response(base: &str, answer: Answer) -> Response {
    let mut headers = Vec::new();
    if let Some((address, version)) = &answer.version {
        headers.push((header::ETAG, version.etag()));
        if answer.fetched.is_none() {
            let location = format!("{base}/{}", version.location(address));
            headers.push((header::LOCATION, location));
        }
        headers.extend(
            version
                .last_modified()
                .map(|at| (header::LAST_MODIFIED, at)),
        );
    }
    let status = answer.status;
    match answer.body() {
        None => status.into_response(),
        Some(body) => (AppendHeaders(headers), json_response(status, body)).into_response(),
    }
}

fn json_response(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, FHIR_JSON)], body).into_response()
}

async fn nothing_here() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "nothing is served here: resources are at Type and Type/id, abilities at metadata",
    )
}

async fn method_not_allowed() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "not-supported",
        "this method is not supported here: metadata says what is",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_name() {
        let cases = [
            (Method::GET, "/fhir/metadata", Some("fhir.capability")),
            (Method::GET, "/fhir/Patient", Some("fhir.search")),
            (Method::POST, "/fhir/Patient/_search", Some("fhir.search")),
            (Method::GET, "/fhir/Patient/1", Some("fhir.read")),
            (Method::POST, "/fhir/Patient", Some("fhir.create")),
            (Method::PUT, "/fhir/Patient/1", Some("fhir.update")),
            (Method::DELETE, "/fhir/Patient/1", Some("fhir.delete")),
            (Method::POST, "/fhir/", Some("fhir.transaction")),
            (Method::PATCH, "/fhir/Patient/1", None),
            (Method::GET, "/studies", None),
        ];
        for (method, path, name) in cases {
            assert_eq!(operation(&method, path), name, "{method} {path}");
        }
    }
}
