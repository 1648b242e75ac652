//! The form of the answer: JSON always, laid out for people when they ask or come with a browser.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::outcome::Refusal;
use super::text;

/// Middleware: refuses forms other than JSON and lays the answer out.
pub(super) async fn negotiate(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    match wants_pretty(query, request.headers()) {
        Err(refusal) => refusal.into_response(),
        Ok(false) => next.run(request).await,
        Ok(true) => lay_out(next.run(request).await).await,
    }
}

fn wants_pretty(query: &str, headers: &HeaderMap) -> Result<bool, Refusal> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    let mut pretty = accept.contains("text/html");
    let mut json = pretty
        || ["json", "*/*", "application/*"]
            .iter()
            .any(|form| accept.contains(form));
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("_format", format) => json = format.contains("json"),
            ("_pretty", "true") => pretty = true,
            ("_pretty", "false") => pretty = false,
            ("_pretty", _) => {
                return Err(Refusal::invalid(
                    "the value of _pretty must be true or false",
                ));
            }
            _ => {}
        }
    }
    if json {
        return Ok(pretty);
    }
    Err(Refusal::new(
        StatusCode::NOT_ACCEPTABLE,
        "not-supported",
        "the store answers in JSON alone: ask for application/fhir+json",
    ))
}

async fn lay_out(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // The body was put together in memory here: reading it cannot fail, and it is bounded already.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let laid_out = match std::str::from_utf8(&bytes) {
        Ok(json) if !json.is_empty() => Body::from(text::pretty(json)),
        _ => return Response::from_parts(parts, Body::from(bytes)),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, laid_out)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn pretty(accept: &'static str, query: &str) -> Result<bool, StatusCode> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        wants_pretty(query, &headers).map_err(|refusal| refusal.status)
    }

    #[test]
    fn a_browser_and_pretty_ask_for_a_layout() {
        assert_eq!(pretty("text/html,*/*;q=0.8", ""), Ok(true));
        assert_eq!(pretty("application/fhir+json", ""), Ok(false));
        assert_eq!(pretty("application/fhir+json", "_pretty=true"), Ok(true));
        assert_eq!(pretty("text/html", "_pretty=false"), Ok(false));
    }

    #[test]
    fn other_forms_are_refused() {
        let refused = Err(StatusCode::NOT_ACCEPTABLE);
        assert_eq!(pretty("application/fhir+xml", ""), refused);
        assert_eq!(pretty("*/*", "_format=xml"), refused);
        assert_eq!(pretty("application/fhir+xml", "_format=json"), Ok(false));
        assert_eq!(pretty("*/*", "_pretty=1"), Err(StatusCode::BAD_REQUEST));
    }
}
