//! `Notify`: who is told when something needs a person, and how often.

use std::fmt;
use std::time::Duration;

use reqwest::Url;

use super::table;
use super::values::Values;
use radcast_http::Secret;

/// Who is told when something needs a person, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Where notifications are posted to, if anywhere.
    pub webhook: Option<Webhook>,
    /// Within this, failures of one kind and code become one notification; zero: none do.
    pub grouping_interval: Duration,
    /// Notifications that may wait for one receiver, at least 1; more are dropped.
    pub queue_length: usize,
    /// The least severe notifications that are sent.
    pub severity: Severity,
}

/// Where notifications are posted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The address; it may hold a key itself.
    pub url: Secret<Url>,
    /// What the notifications are signed with; `None`: they are not.
    pub secret: Option<Secret<String>>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// How much a notification matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know: trouble is over.
    Information,
    /// The work goes on, and somebody should look when there is time.
    Warning,
    /// Something was not stored in FHIR, or waits.
    Error,
    /// Nothing goes on, or much fails, until somebody acts.
    Critical,
}

impl Severity {
    const ALL: [Self; 4] = [
        Self::Information,
        Self::Warning,
        Self::Error,
        Self::Critical,
    ];

    /// Its name in settings and notifications, e.g. `warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == word)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Notify {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let webhook = Webhook::read(values);
        let grouping_interval = values.duration(&table::NOTIFY_GROUPING_INTERVAL);
        let queue_length = values.integer(&table::NOTIFY_QUEUE_LENGTH);
        let severity = values.choice(&table::NOTIFY_SEVERITY, Severity::named);
        Some(Self {
            webhook: webhook?,
            grouping_interval: grouping_interval?,
            queue_length: queue_length??,
            severity: severity??,
        })
    }
}

impl Webhook {
    fn read(values: &mut Values) -> Option<Option<Self>> {
        let url = values.secret_url(&table::NOTIFY_WEBHOOK_URL);
        let secret = values.secret(&table::NOTIFY_WEBHOOK_SECRET);
        let timeout = values.duration(&table::NOTIFY_WEBHOOK_TIMEOUT);
        let Some(url) = url? else {
            if secret.is_some() {
                let cure = "signs nothing, as Notify:Webhook:Url is not set; set that, or remove \
                            this";
                values.problem(&table::NOTIFY_WEBHOOK_SECRET, cure);
            }
            return Some(None);
        };
        Some(Some(Self {
            url,
            secret,
            timeout: timeout?,
        }))
    }
}
