//! Tokens for the storage crates, which know the identities of an earlier time only.

use async_trait::async_trait;
use azure_core::time::OffsetDateTime;
use azure_core_021::auth::{AccessToken, TokenCredential};
use azure_core_021::error::{Error, ErrorKind};

use super::TokenSource;

#[async_trait]
impl TokenCredential for TokenSource {
    /// The error's cause is a [`radcast_engine::failure::Failure`].
    async fn get_token(&self, scopes: &[&str]) -> azure_core_021::Result<AccessToken> {
        let scope = scopes.first().copied().unwrap_or_default();
        let failed = |failure| Error::new(ErrorKind::Credential, failure);
        let token = self.token(scope).await.map_err(failed)?;
        let expires = OffsetDateTime::from_unix_timestamp(token.expires.as_second());
        let expires = expires.map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
        Ok(AccessToken::new(token.secret.expose().to_owned(), expires))
    }

    async fn clear_cache(&self) -> azure_core_021::Result<()> {
        Ok(())
    }
}
