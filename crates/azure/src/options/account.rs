//! A service of a storage account: its address, and how to get in.

use std::path::PathBuf;

use reqwest::Url;

use radcast_http::Secret;

/// A service of a storage account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageAccount {
    /// Base address of the service, without a signature.
    pub endpoint: Url,
    /// How to get in.
    pub credentials: Credentials,
}

/// How to get into a storage account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// With the key of the account.
    SharedKey {
        /// Name of the account.
        account: String,
        /// Its key, in base64.
        key: Secret,
    },
    /// With a shared access signature: a query, without its question mark.
    Signature(Secret),
    /// With tokens for an identity.
    Identity(Identity),
}

/// Whom tokens are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Client id of a user-assigned identity; `None` for the system-assigned one.
    pub client_id: Option<String>,
    /// Where the workload identity of a Kubernetes pod is found; `None` for a managed identity.
    pub workload: Option<Workload>,
}

/// What the webhook of Microsoft Entra Workload ID puts into the environment of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// `AZURE_TENANT_ID`.
    pub tenant_id: String,
    /// `AZURE_FEDERATED_TOKEN_FILE`: its content changes.
    pub token_file: PathBuf,
}

impl StorageAccount {
    /// An account at an address that may carry a signature as its query.
    pub fn at(text: &str, identity: &Identity) -> Result<Self, &'static str> {
        let mut endpoint = Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or("has to be an address such as https://account.table.core.windows.net")?;
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err("holds a user name or password; take it out");
        }
        let credentials = match endpoint.query() {
            Some(query) => sas(query)?,
            None => Credentials::Identity(identity.clone()),
        };
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        Ok(Self {
            endpoint,
            credentials,
        })
    }

    /// The blob service of the account of this table service, if it can be told.
    pub fn blobs(&self, identity: &Identity) -> Option<Self> {
        let blobs = Self {
            endpoint: blob_endpoint(&self.endpoint)?,
            credentials: match &self.credentials {
                Credentials::Identity(_) => Credentials::Identity(identity.clone()),
                other => other.clone(),
            },
        };
        Some(blobs).filter(Self::is_for_blobs)
    }

    /// Whether the credentials may be used for blobs: a signature is for some services only.
    pub fn is_for_blobs(&self) -> bool {
        let Credentials::Signature(signature) = &self.credentials else {
            return true;
        };
        form_urlencoded::parse(signature.expose().as_bytes())
            .any(|(name, value)| name == "ss" && value.contains('b'))
    }
}

/// A shared access signature, with or without its question mark.
pub fn sas(text: &str) -> Result<Credentials, &'static str> {
    let query = text.trim_start_matches('?');
    let signed = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "sig");
    if signed {
        Ok(Credentials::Signature(Secret::new(query.to_owned())))
    } else {
        Err("has a query that is no shared access signature: it has no sig")
    }
}

/// The address of the blob service beside this table service.
pub fn blob_endpoint(tables: &Url) -> Option<Url> {
    let host = tables.host_str()?;
    let mut blobs = tables.clone();
    host.contains(".table.")
        .then(|| blobs.set_host(Some(&host.replacen(".table.", ".blob.", 1))))?
        .ok()?;
    Some(blobs)
}
