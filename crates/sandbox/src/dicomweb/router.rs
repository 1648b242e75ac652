//! Which request is which operation.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, post};
use axum::{Json, Router};
use serde_json::json;

use super::super::faults::Faults;
use super::refusal::Refusal;
use super::service::DicomService;
use super::{feed, query, removal, retrieve, stow};

const STUDY: &str = "/studies/{study}";
const SERIES: &str = "/studies/{study}/series/{series}";
const INSTANCE: &str = "/studies/{study}/series/{series}/instances/{instance}";

/// Parts of DICOMweb and of the service this one is modelled on that are not here.
const UNSUPPORTED: [&str; 13] = [
    "/studies/$bulkUpdate",
    "/studies/{study}/rendered",
    "/studies/{study}/series/{series}/rendered",
    "/studies/{study}/series/{series}/instances/{instance}/rendered",
    "/studies/{study}/series/{series}/instances/{instance}/thumbnail",
    "/studies/{study}/series/{series}/instances/{instance}/frames/{*frames}",
    "/studies/{study}/series/{series}/instances/{instance}/bulkdata/{*tag}",
    "/workitems",
    "/workitems/{*workitem}",
    "/extendedquerytags",
    "/extendedquerytags/{*tag}",
    "/operations/{operation}",
    "/exports",
];

impl DicomService {
    /// The HTTP interface: `/v1/…`, `/v2/…`, each also with `/partitions/{name}`; `GET /` lists it.
    pub fn router(&self) -> Router {
        routes(self.faults()).with_state(self.clone())
    }
}

fn routes(faults: &Faults) -> Router<DicomService> {
    let feed = |methods| counted(faults, "dicom.feed", methods);
    let latest = |methods| counted(faults, "dicom.latest", methods);
    let resources = ["/v1", "/v2"].into_iter().flat_map(|version| {
        let partition = format!("{version}/partitions/{{partition}}");
        [resources(version, faults), resources(&partition, faults)]
    });
    resources
        .fold(Router::new(), Router::merge)
        .route("/", get(contents))
        .route("/v1/changefeed", feed(get(feed::sequences)))
        .route("/v1/changefeed/latest", latest(get(feed::last_sequence)))
        .route("/v2/changefeed", feed(get(feed::times)))
        .route("/v2/changefeed/latest", latest(get(feed::last_time)))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(map_response(with_versions))
}

/// What there is in each version and in each partition, below this path.
fn resources(base: &str, faults: &Faults) -> Router<DicomService> {
    let [study, series, instance] = [STUDY, SERIES, INSTANCE].map(|path| format!("{base}{path}"));
    let delete = || counted(faults, "dicom.delete", delete(removal::delete));
    let store = || counted(faults, "dicom.store", post(stow::store));
    let search = |methods| counted(faults, "dicom.query", methods);
    let retrieve = counted(faults, "dicom.retrieve", get(retrieve::instance));
    let metadata = || counted(faults, "dicom.metadata", get(retrieve::metadata));
    let router = Router::new()
        .route(
            &format!("{base}/studies"),
            store().merge(search(get(query::studies))),
        )
        .route(&format!("{base}/series"), search(get(query::series)))
        .route(&format!("{base}/instances"), search(get(query::instances)))
        .route(&study, store().merge(delete()).get(unsupported))
        .route(&series, delete().get(unsupported))
        .route(&instance, delete().merge(retrieve))
        .route(&format!("{study}/series"), search(get(query::series)))
        .route(&format!("{study}/instances"), search(get(query::instances)))
        .route(
            &format!("{series}/instances"),
            search(get(query::instances)),
        )
        .route(&format!("{study}/metadata"), metadata())
        .route(&format!("{series}/metadata"), metadata())
        .route(&format!("{instance}/metadata"), metadata());
    UNSUPPORTED.into_iter().fold(router, |router, path| {
        router.route(&format!("{base}{path}"), any(unsupported))
    })
}

/// Counts the requests of these methods as the operation, and lets its faults happen.
fn counted(
    faults: &Faults,
    operation: &'static str,
    methods: MethodRouter<DicomService>,
) -> MethodRouter<DicomService> {
    let faults = faults.clone();
    methods.route_layer(from_fn(move |request: Request, next: Next| {
        faults.clone().intercept(operation, request, next)
    }))
}

async fn contents() -> impl IntoResponse {
    let resources = [
        "GET /v1/changefeed?offset=&limit=&includeMetadata=",
        "GET /v1/changefeed/latest?includeMetadata=",
        "GET /v2/changefeed?startTime=&endTime=&offset=&limit=&includeMetadata=",
        "GET /v2/changefeed/latest?includeMetadata=",
        "POST /v{1,2}/studies, /studies/{study}",
        "GET /v{1,2}/studies, /series, /instances?PatientID=&limit=&offset= …",
        "GET /v{1,2}/studies/{study}/series, /instances",
        "GET /v{1,2}/studies/{study}/series/{series}/instances",
        "GET /v{1,2}/studies/{study}/series/{series}/instances/{instance}",
        "GET /v{1,2}/studies/{study}[/series/{series}[/instances/{instance}]]/metadata",
        "DELETE /v{1,2}/studies/{study}[/series/{series}[/instances/{instance}]]",
        "each but the feed also at /v{1,2}/partitions/{partition}/…",
    ];
    let about = "a DICOMweb service with a change feed, for demonstration and tests";
    Json(
        json!({ "about": about, "try": ["/v1/studies", "/v1/changefeed"], "resources": resources }),
    )
}

async fn unsupported(method: Method, uri: Uri) -> Refusal {
    let message = format!("{method} {} is not supported by this service", uri.path());
    Refusal::new(StatusCode::NOT_IMPLEMENTED, message)
}

async fn unknown(method: Method, uri: Uri) -> Refusal {
    let path = uri.path();
    Refusal::not_found(format!(
        "no {method} {path} here; GET / lists what there is"
    ))
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let message = format!("{method} is not possible on {}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

async fn with_versions(mut response: Response) -> Response {
    response.headers_mut().insert(
        "api-supported-versions",
        HeaderValue::from_static("1.0, 2.0"),
    );
    response
}
