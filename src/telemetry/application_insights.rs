//! The way to Application Insights.

use opentelemetry_application_insights::Exporter;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::Url;

use crate::settings::Secret;

/// An exporter for logs, metrics and traces alike; cheap to clone.
pub(super) type ApplicationInsights = Exporter<Client>;

/// An exporter to the resource of this connection string.
///
/// # Errors
/// The connection string cannot be used.
pub(super) fn exporter(
    connection_string: &Secret,
    http: reqwest::blocking::Client,
) -> Result<ApplicationInsights, String> {
    let text = connection_string.expose();
    let client = Client {
        http,
        plain: is_for_this_machine(text),
    };
    // The error is not shown: it may quote the string.
    Exporter::new_from_connection_string(text, client).map_err(|_| {
        "ApplicationInsights:ConnectionString is not understood: copy it from the portal again; \
         until then nothing is sent to Application Insights"
            .to_owned()
    })
}

/// Sends what the exporter hands over.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::blocking::Client,
    /// Whether to undo that the exporter turns every address into an https one.
    plain: bool,
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        if self.plain {
            let address = request.uri().to_string().replacen("https:", "http:", 1);
            *request.uri_mut() = address.parse()?;
        }
        self.http.send_bytes(request).await
    }
}

/// Whether telemetry goes to something on this very machine, and without TLS: nowhere else may it
/// go unencrypted.
fn is_for_this_machine(connection_string: &str) -> bool {
    let address = connection_string
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case("IngestionEndpoint"))
        .and_then(|(_, address)| Url::parse(address).ok());
    let Some(address) = address.filter(|address| address.scheme() == "http") else {
        return false;
    };
    let host = address.host_str().unwrap_or_default();
    let ip: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || ip.is_some_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telemetry_leaves_this_machine_encrypted_only() {
        let plain = |address: &str| {
            is_for_this_machine(&format!("InstrumentationKey=k;ingestionendpoint={address}"))
        };
        assert!(plain("http://127.0.0.1:9000/"));
        assert!(plain("http://[::1]:9000"));
        assert!(plain("http://localhost:9000"));
        assert!(!plain("https://127.0.0.1:9000/"));
        assert!(!plain("http://example.org"));
        assert!(!is_for_this_machine("InstrumentationKey=k"));
    }
}
