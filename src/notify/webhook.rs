//! Notifications as signed HTTP requests.

use async_trait::async_trait;
use hmac::{Hmac, Mac};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};
use sha2::Sha256;

use super::{Clock, Notification, Notifier, Undelivered};
use crate::settings::{self, Secret};
use radcast_http::{describe, retry_after};

/// Posts each notification as JSON, signed if there is a secret.
///
/// `X-Radcast-Signature` is `sha256=` and the HMAC-SHA256, in hexadecimal, of `X-Radcast-Timestamp`
/// (seconds since 1970), a full stop and the body. `X-Radcast-Id` is the notification's id, the
/// same when it is sent again.
pub struct WebhookNotifier {
    http: reqwest::Client,
    url: Secret<Url>,
    key: Option<Hmac<Sha256>>,
    clock: Clock,
}

impl WebhookNotifier {
    /// Posts to the address of these settings; `clock` tells the time that is signed.
    ///
    /// # Errors
    /// The HTTP client cannot be built, e.g. without CA certificates.
    pub fn new(webhook: &settings::Webhook, clock: Clock) -> Result<Self, Undelivered> {
        let http = reqwest::Client::builder()
            .timeout(webhook.timeout)
            // A redirected POST would go on as a GET.
            .redirect(Policy::none())
            .user_agent(concat!("radcast/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Undelivered::for_good(describe(error)))?;
        let key = webhook.secret.as_ref().map(|secret| key(secret.expose()));
        Ok(Self {
            http,
            url: webhook.url.clone(),
            key: key.transpose()?,
            clock,
        })
    }

    fn sign(&self, timestamp: i64, body: &[u8]) -> Option<String> {
        let mut mac = self.key.clone()?;
        mac.update(format!("{timestamp}.").as_bytes());
        mac.update(body);
        Some(format!("sha256={:x}", mac.finalize().into_bytes()))
    }
}

#[async_trait]
impl Notifier for WebhookNotifier {
    fn name(&self) -> &str {
        "webhook"
    }

    async fn notify(&self, notification: &Notification) -> Result<(), Undelivered> {
        let body = serde_json::to_vec(notification)
            .map_err(|error| Undelivered::for_good(error.to_string()))?;
        let timestamp = (self.clock)().as_second();
        let mut request = self
            .http
            .post(self.url.expose().clone())
            .header(CONTENT_TYPE, "application/json")
            .header("X-Radcast-Id", &notification.id)
            .header("X-Radcast-Timestamp", timestamp);
        if let Some(signature) = self.sign(timestamp, &body) {
            request = request.header("X-Radcast-Signature", signature);
        }
        // Without the address, which may hold a key.
        let no_answer = |error| Undelivered::for_now(describe(error));
        check(&request.body(body).send().await.map_err(no_answer)?)
    }
}

/// HMAC takes keys of any length.
fn key(secret: &str) -> Result<Hmac<Sha256>, Undelivered> {
    Hmac::new_from_slice(secret.as_bytes())
        .map_err(|error| Undelivered::for_good(error.to_string()))
}

fn check(response: &Response) -> Result<(), Undelivered> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let message = format!("the webhook answered {status}");
    Err(match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Undelivered::for_now(message)
        }
        status if status.is_server_error() => Undelivered::for_now(message),
        status if status.is_redirection() => Undelivered::for_good(format!(
            "{message}; Notify:Webhook:Url has to be the final address"
        )),
        _ => Undelivered::for_good(message),
    }
    .after(retry_after(response.headers())))
}
