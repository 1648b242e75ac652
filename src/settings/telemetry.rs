//! `ApplicationInsights`, `OpenTelemetry`: where telemetry goes besides the log.

use reqwest::Url;

use super::Secret;
use super::table;
use super::values::Values;

/// The instrumentation key in the settings file that dicom-cast ships: it stands for none.
const PLACEHOLDER: &str = "12345";

const PLACEHOLDER_NOTICE: &str = "is dicom-cast's placeholder: no telemetry is sent to Application \
     Insights; give ApplicationInsights:ConnectionString to send some";

/// Where telemetry goes besides the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// The connection string of an Application Insights resource: `Key=Value` pairs with one `;`
    /// between two of them, `InstrumentationKey` among them.
    pub application_insights: Option<Secret>,
    /// The base address of an OTLP collector that takes protobuf over HTTP.
    pub otlp_endpoint: Option<Url>,
}

impl Telemetry {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let given = values.text(&table::APPLICATION_INSIGHTS_CONNECTION_STRING);
        let application_insights = match given.map(|text| connection_string(&text)) {
            Some(Ok(text)) => Some(Some(text)),
            Some(Err(cure)) => {
                values.problem(&table::APPLICATION_INSIGHTS_CONNECTION_STRING, cure);
                None
            }
            None => instrumentation_key(values),
        };
        let otlp_endpoint = values.url(&table::OPEN_TELEMETRY_OTLP_ENDPOINT);
        Some(Self {
            application_insights: application_insights?.map(Secret::new),
            otlp_endpoint: otlp_endpoint?,
        })
    }
}

/// The connection string that dicom-cast's older setting amounts to.
fn instrumentation_key(values: &mut Values) -> Option<Option<String>> {
    let setting = &table::APPLICATION_INSIGHTS_INSTRUMENTATION_KEY;
    let Some(key) = values.text(setting) else {
        return Some(None);
    };
    if key == PLACEHOLDER {
        values.warning(setting, PLACEHOLDER_NOTICE);
        return Some(None);
    }
    if key.contains([';', '=']) || key.contains(char::is_whitespace) {
        let cure = "is no instrumentation key; a connection string goes into \
             ApplicationInsights:ConnectionString";
        values.problem(setting, cure);
        return None;
    }
    Some(Some(format!("InstrumentationKey={key}")))
}

/// The pairs of a connection string, without the blanks and the last `;` that people paste along.
fn connection_string(text: &str) -> Result<String, &'static str> {
    let mut pairs = Vec::new();
    for pair in text
        .split(';')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        let (key, value) = pair
            .split_once('=')
            .filter(|(_, value)| !value.contains('='))
            .ok_or("has to be Key=Value pairs with ; between them, as the portal shows them")?;
        pairs.push((key.trim(), value.trim()));
    }
    let value = |wanted: &str| {
        let found = pairs
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| *value)
    };
    if value("InstrumentationKey").is_none_or(str::is_empty) {
        return Err("has no InstrumentationKey: copy the whole connection string from the portal");
    }
    if value("Authorization").is_some_and(|kind| !kind.eq_ignore_ascii_case("ikey")) {
        return Err(
            "asks for another Authorization than ikey, which is not available; leave it out",
        );
    }
    if value("IngestionEndpoint").is_some_and(|address| Url::parse(address).is_err()) {
        return Err("has an IngestionEndpoint that is no address such as https://example.org");
    }
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Ok(pairs.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_is_taken_with_blanks_and_a_last_semicolon() {
        let pasted =
            " InstrumentationKey=k; IngestionEndpoint = https://x.example/ ;LiveEndpoint=l;; ";
        let expected = "InstrumentationKey=k;IngestionEndpoint=https://x.example/;LiveEndpoint=l";
        assert_eq!(connection_string(pasted).as_deref(), Ok(expected));
    }

    #[test]
    fn what_the_exporter_would_not_understand_is_refused() {
        for (text, cure) in [
            ("InstrumentationKey", "Key=Value"),
            ("InstrumentationKey=a=b", "Key=Value"),
            (
                "IngestionEndpoint=https://x.example",
                "no InstrumentationKey",
            ),
            ("InstrumentationKey=", "no InstrumentationKey"),
            ("InstrumentationKey=k;Authorization=aad", "Authorization"),
            (
                "InstrumentationKey=k;IngestionEndpoint=x",
                "IngestionEndpoint",
            ),
        ] {
            let refused = connection_string(text).unwrap_err();
            assert!(refused.contains(cure), "{text}: {refused}");
        }
    }
}
