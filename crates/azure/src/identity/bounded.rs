//! The way to the services that give tokens: their answers are read within bounds.

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt};

/// The most that is held of an answer, in bytes, counted after decompression; a token is a few KiB.
const MOST: usize = 256 << 10;

/// An HTTP client for the identity library.
#[derive(Debug)]
pub(super) struct BoundedClient {
    http: reqwest::Client,
}

/// An answer of more bytes than are held.
#[derive(Debug, thiserror::Error)]
#[error("the identity service answered more than {MOST} bytes")]
pub(super) struct TooLarge;

impl BoundedClient {
    pub(super) const fn new(http: reqwest::Client) -> Self {
        Self { http }
    }
}

#[async_trait]
impl HttpClient for BoundedClient {
    /// Of an answer that is no success, the rest is not read.
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let answer = self.http.execute_request(request).await?;
        let (status, headers, body) = answer.deconstruct();
        let (body, is_whole) = gather(body).await?;
        if status.is_success() && !is_whole {
            return Err(azure_core::Error::new(ErrorKind::Io, TooLarge));
        }
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

/// As much of a body as is held, and whether that is all.
async fn gather(
    mut body: impl Stream<Item = azure_core::Result<Bytes>> + Send + Unpin,
) -> azure_core::Result<(Bytes, bool)> {
    let mut read = BytesMut::new();
    while let Some(piece) = body.try_next().await? {
        read.extend_from_slice(&piece);
        if read.len() > MOST {
            read.truncate(MOST);
            return Ok((read.freeze(), false));
        }
    }
    Ok((read.freeze(), true))
}

#[cfg(test)]
mod tests {
    use azure_core::http::{Method, Url};

    use super::*;
    use crate::identity::trouble::told;
    use radcast_engine::failure::Code;
    use radcast_http::endless::{Peer, WAYS};

    #[tokio::test]
    async fn no_answer_about_a_token_is_held_beyond_its_bounds() {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let client = BoundedClient::new(http);
        for way in WAYS {
            for method in [Method::Get, Method::Post] {
                let peer = Peer::answering(200, way).await;
                let url = Url::parse(&peer.address).unwrap();
                let request = Request::new(url, method);
                let failure = told(&client.execute_request(&request).await.unwrap_err());
                assert_eq!(failure.code, Code::IdentityUnavailable, "{way:?}");
                assert!(failure.message.contains("more than 262144"), "{failure}");
                let peer = Peer::answering(403, way).await;
                let url = Url::parse(&peer.address).unwrap();
                let answer = client.execute_request(&Request::new(url, method)).await;
                let (status, _, body) = answer.unwrap().deconstruct();
                assert_eq!(u16::from(status), 403, "{way:?}");
                assert_eq!(body.collect().await.unwrap().len(), MOST, "{way:?}");
            }
        }
    }
}
