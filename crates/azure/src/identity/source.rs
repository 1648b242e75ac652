//! Tokens for an identity.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{
    ClientAssertionCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::bounded::BoundedClient;
use super::trouble;
use crate::options::{Identity, Workload};
use radcast_engine::failure::{Code, Failure};
use radcast_http::Secret;
use radcast_http::describe;

/// Gives tokens, which are kept until shortly before they expire.
///
/// A managed identity is found by `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` of the process's
/// environment, where Azure Container Apps puts them, or else at the address of a virtual machine.
#[derive(Clone)]
pub struct TokenSource {
    identity: Identity,
    timeout: Duration,
    credential: Arc<OnceCell<Arc<dyn TokenCredential>>>,
}

/// A token.
#[derive(Debug, Clone)]
pub struct Token {
    /// What is sent after `Bearer`.
    pub secret: Secret,
    /// When it stops being accepted.
    pub expires: Timestamp,
}

impl TokenSource {
    /// A source of tokens for this identity that waits this long for one. Nothing is asked yet.
    #[must_use]
    pub fn new(identity: Identity, timeout: Duration) -> Self {
        Self {
            identity,
            timeout,
            credential: Arc::default(),
        }
    }

    /// A token for a scope such as `https://storage.azure.com/.default`. Tried once.
    ///
    /// # Errors
    /// `identity.unavailable` for a passing cause, `identity.refused` otherwise.
    pub async fn token(&self, scope: &str) -> Result<Token, Failure> {
        let asked = tokio::time::timeout(self.timeout, self.ask(scope));
        // The library tries some requests again by itself, for longer than we wait for one.
        asked.await.unwrap_or_else(|_| Err(trouble::timed_out()))
    }

    async fn ask(&self, scope: &str) -> Result<Token, Failure> {
        let make = async || self.credential();
        let credential = self.credential.get_or_try_init(make).await?;
        let token = credential.get_token(&[scope], None).await;
        let token = token.map_err(|error| trouble::told(&error))?;
        Ok(Token {
            secret: Secret::new(token.token.secret().to_owned()),
            expires: Timestamp::from_second(token.expires_on.unix_timestamp())
                .unwrap_or(Timestamp::MAX),
        })
    }

    fn credential(&self) -> Result<Arc<dyn TokenCredential>, Failure> {
        match &self.identity.workload {
            Some(workload) => self.workload(workload),
            None => self.managed(),
        }
    }

    fn managed(&self) -> Result<Arc<dyn TokenCredential>, Failure> {
        let client_id = self.identity.client_id.clone();
        // The endpoint is on this machine, whatever proxy leads out of it.
        let http = reqwest::Client::builder().no_proxy();
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: client_id.map(UserAssignedId::ClientId),
            client_options: self.client_options(http)?,
        };
        let credential = ManagedIdentityCredential::new(Some(options));
        Ok(credential.map_err(|_| trouble::unusable("IDENTITY_ENDPOINT"))?)
    }

    fn workload(&self, workload: &Workload) -> Result<Arc<dyn TokenCredential>, Failure> {
        let options = WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions {
                client_options: self.client_options(reqwest::Client::builder())?,
            },
            client_id: self.identity.client_id.clone(),
            tenant_id: Some(workload.tenant_id.clone()),
            token_file_path: Some(workload.token_file.clone()),
        };
        let unusable =
            |_| trouble::unusable("AZURE_CLIENT_ID, AZURE_TENANT_ID or AZURE_FEDERATED_TOKEN_FILE");
        Ok(WorkloadIdentityCredential::new(Some(options)).map_err(unusable)?)
    }

    fn client_options(&self, http: reqwest::ClientBuilder) -> Result<ClientOptions, Failure> {
        let http = http
            .timeout(self.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Failure::new(Code::IdentityUnavailable, describe(error)))?;
        Ok(ClientOptions {
            // Retried by our own policy alone.
            retry: RetryOptions::none(),
            transport: Some(Transport::new(Arc::new(BoundedClient::new(http)))),
            ..ClientOptions::default()
        })
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TokenSource");
        shown
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
