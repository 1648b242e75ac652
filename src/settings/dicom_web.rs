//! `DicomWeb`: the service whose change feed is read.

use std::time::Duration;

use reqwest::Url;

pub use radcast_dicomweb::{ApiVersion, OnUnparsable};

use super::table;
use super::values::Values;

/// The DICOMweb service whose change feed is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DicomWeb {
    /// The public base address: it goes into resources, as `Endpoint.address` and `meta.source`.
    /// Its path may or may not end in a slash.
    pub endpoint: Url,
    /// Where requests go instead of `endpoint`, such as a private link.
    pub private_endpoint: Option<Url>,
    /// Version of the change feed.
    pub api_version: ApiVersion,
    /// Entries asked for at once: at most [`ApiVersion::largest_page`].
    pub page_size: u32,
    /// How much of an answer is held, in bytes.
    pub max_response_bytes: usize,
    /// Pages asked for at the same time while there are more.
    pub pages_at_once: usize,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long a missing sequence number is read again before the position passes it.
    pub gap_settle_time: Duration,
    /// What becomes of an entry that cannot be read.
    pub on_unparsable: OnUnparsable,
}

impl DicomWeb {
    /// The base address that requests go to.
    #[must_use]
    pub fn request_base(&self) -> &Url {
        self.private_endpoint.as_ref().unwrap_or(&self.endpoint)
    }

    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let endpoint = values.required_url(&table::DICOM_WEB_ENDPOINT);
        let private_endpoint = values.url(&table::DICOM_WEB_PRIVATE_ENDPOINT);
        let api_version = values.choice(&table::DICOM_WEB_API_VERSION, ApiVersion::named);
        let api_version = api_version.flatten();
        let max_response_bytes = values.integer(&table::DICOM_WEB_MAX_RESPONSE_BYTES);
        let page_size = values.integer(&table::DICOM_WEB_PAGE_SIZE);
        let pages_at_once = values.integer(&table::DICOM_WEB_PAGES_AT_ONCE);
        let timeout = values.duration(&table::DICOM_WEB_TIMEOUT);
        let gap_settle_time = values.duration(&table::DICOM_WEB_GAP_SETTLE_TIME);
        let on_unparsable = values.choice(&table::DICOM_WEB_ON_UNPARSABLE, |word| match word {
            "record" => Some(OnUnparsable::Record),
            "stop" => Some(OnUnparsable::Stop),
            _ => None,
        });
        Some(Self {
            max_response_bytes: max_response_bytes??,
            page_size: page_size_of(api_version?, page_size?, values),
            api_version: api_version?,
            endpoint: endpoint?,
            private_endpoint: private_endpoint?,
            pages_at_once: pages_at_once??,
            timeout: timeout?,
            gap_settle_time: gap_settle_time?,
            on_unparsable: on_unparsable.flatten()?,
        })
    }
}

fn page_size_of(version: ApiVersion, given: Option<u32>, values: &mut Values) -> u32 {
    let largest = version.largest_page();
    let page_size = given.unwrap_or(largest);
    if page_size > largest {
        let cure = format!("may be {largest} at most with {}", version.as_str());
        values.problem(&table::DICOM_WEB_PAGE_SIZE, cure);
    }
    page_size
}
