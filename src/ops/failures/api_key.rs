//! The key that callers of the API have to show.

use std::fmt;

use axum::http::{HeaderMap, header};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The key that callers have to show as `Authorization: Bearer <key>`.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key; `None` when it is empty, which would let everybody in.
    pub fn new(key: impl Into<String>) -> Option<Self> {
        let key = key.into();
        (!key.is_empty()).then_some(Self(key))
    }

    /// The key that a request shows, right or wrong.
    pub(super) fn shown_in(headers: &HeaderMap) -> Option<&str> {
        let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, key) = text.split_once(' ')?;
        let key = scheme.eq_ignore_ascii_case("bearer").then_some(key.trim());
        key.filter(|key| !key.is_empty())
    }

    /// Whether it is the one that was shown. Takes the same time wherever the two differ: both go
    /// through a keyed hash first.
    pub(super) fn is(&self, shown: &str) -> bool {
        let hash = |text: &str| {
            let keyed = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).ok()?;
            Some(keyed.chain_update(text))
        };
        match (hash(&self.0), hash(shown)) {
            (Some(expected), Some(shown)) => {
                shown.verify(&expected.finalize().into_bytes()).is_ok()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn shown(authorization: &'static str) -> bool {
        let key = ApiKey::new("correct horse").unwrap();
        let value = HeaderValue::from_static(authorization);
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        ApiKey::shown_in(&headers).is_some_and(|shown| key.is(shown))
    }

    #[test]
    fn only_the_whole_key_as_a_bearer_token_is_taken() {
        assert!(shown("Bearer correct horse"));
        assert!(shown("bearer correct horse"));
        for other in [
            "Bearer correct hors",
            "Bearer correct horse2",
            "Bearer ",
            "Bearer",
            "Basic correct horse",
            "correct horse",
        ] {
            assert!(!shown(other), "{other}");
        }
    }

    #[test]
    fn no_key_is_empty_and_none_is_shown_in_debug_output() {
        assert!(ApiKey::new("").is_none());
        let key = ApiKey::new("correct horse");
        assert!(!format!("{key:?}").contains("horse"), "{key:?}");
    }
}
