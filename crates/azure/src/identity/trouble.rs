//! Why there is no token. The library's own texts are not shown: they quote what was answered.

use std::error::Error;
use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::headers::HeaderName;

use super::bounded::TooLarge;
use radcast_engine::failure::{Code, Dependency, Failure, Operation, Symptom, classify};
use radcast_http::retry_after_in;

/// The failure behind an error of the library.
pub(super) fn told(error: &azure_core::Error) -> Failure {
    let (symptom, text, retry_after) = symptom(error);
    let code = classify(Dependency::Identity, Operation::Read, symptom);
    Failure {
        retry_after,
        ..Failure::new(code, text)
    }
}

/// The failure of having waited long enough.
pub(super) fn timed_out() -> Failure {
    let code = classify(Dependency::Identity, Operation::Read, Symptom::Timeout);
    Failure::new(code, "the identity service did not answer in time")
}

/// The failure of what the environment says about the identity.
pub(super) fn unusable(variables: &str) -> Failure {
    let message = format!("the identity cannot be used: {variables} is missing or unusable");
    Failure::new(Code::IdentityRefused, message)
}

fn symptom(error: &azure_core::Error) -> (Symptom, String, Option<Duration>) {
    for cause in causes(error) {
        if let Some(error) = cause.downcast_ref::<reqwest::Error>() {
            return (radcast_http::symptom(error), no_answer(error), None);
        }
        if let Some(too_large) = cause.downcast_ref::<TooLarge>() {
            return (Symptom::TooLarge, too_large.to_string(), None);
        }
        if let Some(ErrorKind::HttpResponse {
            status,
            raw_response,
            ..
        }) = cause.downcast_ref().map(azure_core::Error::kind)
        {
            let status = u16::from(*status);
            let headers = raw_response.as_ref().map(|answer| answer.headers());
            let text = format!("the identity service answered {status}");
            let wait = headers.and_then(|headers| {
                retry_after_in(|name| headers.get_optional_str(&HeaderName::from(name.to_owned())))
            });
            return (Symptom::Status(status), text, wait);
        }
    }
    let text = "the identity service answered what is no token";
    (Symptom::Malformed, text.to_owned(), None)
}

/// Without the outermost text, which holds the address with the identity in its query.
fn no_answer(error: &reqwest::Error) -> String {
    let mut text = "no answer from the identity service".to_owned();
    for cause in causes(error).skip(1) {
        text = format!("{text}: {cause}");
    }
    text
}

/// The error and what caused it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
