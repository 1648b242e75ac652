//! Entries over which a change feed fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

/// What an entry does to every page that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// 500, while metadata is asked for.
    MetadataFails,
    /// 500, with metadata and without.
    Fails,
    /// The page ends in the middle, with metadata and without.
    CutsOff,
}

/// The entries at fault, by sequence, and how many pages they spoilt.
#[derive(Debug, Clone, Default)]
pub struct Poison {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    harmful: BTreeMap<u64, Harm>,
    /// Whether no metadata can be read at all.
    outage: bool,
    spoilt: u64,
}

impl Poison {
    /// Lets these entries spoil their pages, and no others.
    pub fn put(&self, sequences: impl IntoIterator<Item = u64>, harm: Harm) {
        let mut state = self.state.lock().unwrap();
        state.harmful = sequences.into_iter().map(|number| (number, harm)).collect();
    }

    /// Whether from now on every page with metadata fails.
    pub fn outage(&self, outage: bool) {
        self.state.lock().unwrap().outage = outage;
    }

    /// How many pages were spoilt.
    pub fn spoilt(&self) -> u64 {
        self.state.lock().unwrap().spoilt
    }

    /// The change feed with the poison in it.
    pub fn before(&self, feed: Router) -> Router {
        let poison = self.clone();
        feed.layer(from_fn(move |request: Request, next: Next| {
            let poison = poison.clone();
            async move { poison.pass(request, next).await }
        }))
    }

    async fn pass(&self, request: Request, next: Next) -> Response {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let metadata = query.contains("includeMetadata=true");
        let (head, body) = next.run(request).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        // The newest entry is always told without its metadata.
        let of_feed = path.ends_with("/changefeed") || (metadata && path.ends_with("/latest"));
        match self.harm(&body, metadata).filter(|_| of_feed) {
            Some(Harm::CutsOff) => {
                let half = body.slice(..body.len() / 2);
                (StatusCode::OK, Body::from(half)).into_response()
            }
            Some(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            None => Response::from_parts(head, Body::from(body)),
        }
    }

    fn harm(&self, body: &Bytes, metadata: bool) -> Option<Harm> {
        let text = String::from_utf8_lossy(body);
        let mut state = self.state.lock().unwrap();
        let holds = |number: &u64| text.contains(&format!("\"sequence\":{number},"));
        let mut harm = state
            .harmful
            .iter()
            .filter(|(number, _)| holds(number))
            .map(|(_, harm)| *harm)
            .find(|harm| metadata || *harm != Harm::MetadataFails);
        if state.outage && metadata {
            harm = Some(Harm::Fails);
        }
        state.spoilt += u64::from(harm.is_some());
        harm
    }
}
