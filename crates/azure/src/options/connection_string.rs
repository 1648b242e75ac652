//! Connection strings of storage accounts, as every Azure SDK takes them. What is said about one
//! never quotes it: any part of it may be the key.

use std::collections::HashMap;

use reqwest::Url;

use super::account::{Credentials, StorageAccount};
use radcast_http::Secret;

/// Well-known account of the storage emulators (Azurite).
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";

/// Well-known key of that account, the same on every machine.
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A problem with a connection string, in words that hold nothing of it.
type Wrong = &'static str;

/// The accounts that a connection string leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionString {
    tables: Option<StorageAccount>,
    blobs: Option<StorageAccount>,
}

impl ConnectionString {
    /// Reads the `Key=Value` parts, in any order and case. Unknown parts are left alone.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let parts = Parts::of(text)?;
        if parts.is("usedevelopmentstorage", "true") {
            return emulator(&parts);
        }
        let credentials = parts.credentials()?;
        let tables = match parts.url("tableendpoint")? {
            Some(url) => Some(url),
            None => parts.default_endpoint("table")?,
        };
        let blobs = match (parts.url("blobendpoint")?, parts.url("tableendpoint")?) {
            (Some(url), _) => Some(url),
            (None, Some(tables)) => super::account::blob_endpoint(&tables),
            (None, None) => parts.default_endpoint("blob")?,
        };
        let account = |endpoint| StorageAccount {
            endpoint,
            credentials: credentials.clone(),
        };
        Ok(Self {
            tables: tables.map(account),
            blobs: blobs.map(account),
        })
    }

    /// The table service.
    pub fn tables(self) -> Result<StorageAccount, Wrong> {
        self.tables
            .ok_or("names no table service: give AccountName or TableEndpoint")
    }

    /// The blob service; `None` when only the address of the table service is known.
    pub fn blobs(self) -> Option<StorageAccount> {
        self.blobs.filter(StorageAccount::is_for_blobs)
    }
}

fn emulator(parts: &Parts<'_>) -> Result<ConnectionString, Wrong> {
    let host = match parts.url("developmentstorageproxyuri")? {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => "http://127.0.0.1".to_owned(),
    };
    let credentials = Credentials::SharedKey {
        account: EMULATOR_ACCOUNT.to_owned(),
        key: Secret::new(EMULATOR_KEY.to_owned()),
    };
    let account = |port: u16| {
        let endpoint = Url::parse(&format!("{host}:{port}/{EMULATOR_ACCOUNT}"));
        endpoint
            .map(|endpoint| StorageAccount {
                endpoint,
                credentials: credentials.clone(),
            })
            .map_err(|_| "has a DevelopmentStorageProxyUri that is no host")
    };
    Ok(ConnectionString {
        tables: Some(account(10_002)?),
        blobs: Some(account(10_000)?),
    })
}

/// The parts of a connection string by key in lower case.
struct Parts<'a>(HashMap<String, &'a str>);

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, Wrong> {
        let mut parts = HashMap::new();
        let given = text.split(';').map(str::trim);
        for part in given.filter(|part| !part.is_empty()) {
            let (key, value) = part
                .split_once('=')
                .ok_or("is no connection string: its parts are Key=Value, separated by ;")?;
            let key = key.trim().to_lowercase();
            if parts.insert(key, value.trim()).is_some() {
                return Err("names a key twice");
            }
        }
        Ok(Self(parts))
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied().filter(|value| !value.is_empty())
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.get(key)
            .is_some_and(|given| given.eq_ignore_ascii_case(value))
    }

    fn url(&self, key: &str) -> Result<Option<Url>, Wrong> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.has_host()
        });
        url.map(Some).ok_or(
            "has an endpoint that is no address: it has to be like https://account.table.core.windows.net",
        )
    }

    fn account(&self) -> Result<Option<&'a str>, Wrong> {
        let plain = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        match self.get("accountname") {
            Some(name) if !plain(name) => {
                Err("has an AccountName that is none: lower-case letters and digits")
            }
            name => Ok(name),
        }
    }

    fn credentials(&self) -> Result<Credentials, Wrong> {
        let account = self.account()?;
        match (self.get("accountkey"), self.get("sharedaccesssignature")) {
            (Some(_), Some(_)) => {
                Err("holds both AccountKey and SharedAccessSignature; leave one of the two")
            }
            (Some(_), None) if account.is_none() => Err("has an AccountKey without AccountName"),
            (Some(key), None) if !is_base64(key) => {
                Err("has an AccountKey that is not complete: copy it again from the portal")
            }
            (Some(key), None) => Ok(Credentials::SharedKey {
                account: account.unwrap_or_default().to_owned(),
                key: Secret::new(key.to_owned()),
            }),
            (None, Some(sas)) => super::account::sas(sas),
            (None, None) => Err(
                "holds neither AccountKey nor SharedAccessSignature; for a managed identity give EndpointUri instead",
            ),
        }
    }

    /// `https://{account}.{service}.{suffix}`.
    fn default_endpoint(&self, service: &str) -> Result<Option<Url>, Wrong> {
        let Some(account) = self.account()? else {
            return Ok(None);
        };
        let protocol = self.get("defaultendpointsprotocol").unwrap_or("https");
        if !matches!(protocol.to_lowercase().as_str(), "http" | "https") {
            return Err("has a DefaultEndpointsProtocol other than https and http");
        }
        let suffix = self.get("endpointsuffix").unwrap_or("core.windows.net");
        let url = Url::parse(&format!("{protocol}://{account}.{service}.{suffix}"));
        url.map(Some)
            .map_err(|_| "has an EndpointSuffix that is none, such as core.windows.net")
    }
}

/// Whether this is a text in base64 with its padding.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.len().is_multiple_of(4) && text.len() - digits.len() <= 2 && digits.bytes().all(plain)
}
