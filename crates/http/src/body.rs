//! The body of an answer, gathered within bounds: a peer decides how much is sent, and not how much is
//! held.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::TransportError;
use super::buffers::Buffers;
use super::deadline::Deadline;
use radcast_engine::failure::Symptom;

/// The most that is held of an answer that is no success, in bytes: the rest is not read.
const MOST_OF_REFUSAL: usize = 256 << 10;

/// The most room that is made for a body before it comes, in bytes.
const MOST_ROOM: usize = 4 << 20;

/// From this size on a body is condensed, where that can be, in bytes.
const CONDENSED_FROM: usize = 4 << 20;

/// From this size on a body is large, in bytes: where that is so wanted, one is held at a time.
const LARGE: usize = 256 << 10;

/// Takes a body piece by piece and keeps part of it.
pub trait Condense: Send {
    /// Takes the next piece.
    fn push(&mut self, piece: &[u8]);
    /// Returns the number of bytes kept so far.
    fn kept(&self) -> usize;
    /// Returns the bytes that were kept.
    fn finish(self: Box<Self>) -> Bytes;
}

/// Begins to condense a body.
type Condenser = Arc<dyn Fn() -> Box<dyn Condense> + Send + Sync>;

/// The largest body that is held.
#[derive(Clone)]
pub struct Limit {
    most: usize,
    condenser: Option<Condenser>,
    /// Room for the large bodies that are held at the same time.
    room: Option<Arc<Semaphore>>,
}

impl Default for Limit {
    /// 1 MiB.
    fn default() -> Self {
        Self::of(1 << 20)
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Limit").field(&self.most).finish()
    }
}

impl Limit {
    /// A limit of this many bytes, counted after decompression.
    #[must_use]
    pub const fn of(most: usize) -> Self {
        Self {
            most,
            condenser: None,
            room: None,
        }
    }

    /// The same for a body that is held, where it is large, in this room: others wait until it is
    /// dropped.
    #[must_use]
    pub fn within(self, room: &Arc<Semaphore>) -> Self {
        Self {
            room: Some(Arc::clone(room)),
            ..self
        }
    }

    /// The same for what is left of a body that is large.
    #[must_use]
    pub fn condensed(self, condenser: Condenser) -> Self {
        Self {
            condenser: Some(condenser),
            ..self
        }
    }
}

/// A large body and its place in the room for them.
struct Held {
    body: Bytes,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// Reads a body into memory of its own or of an earlier answer.
///
/// # Errors
/// It breaks off, or is larger than the limit.
pub(super) async fn gather(
    mut response: Response,
    limit: &Limit,
    buffers: &Buffers,
    deadline: &mut Deadline,
) -> Result<Bytes, TransportError> {
    let is_success = response.status().is_success();
    let most = match is_success {
        true => limit.most,
        false => limit.most.min(MOST_OF_REFUSAL),
    };
    let length = response.content_length().unwrap_or_default();
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let room = if limit.room.is_some() {
        LARGE
    } else {
        MOST_ROOM
    };
    let mut body = buffers.take(length.min(room).min(most));
    let mut place = None;
    while let Some(chunk) = deadline.keep(response.chunk()).await? {
        body.extend_from_slice(&chunk);
        if !is_success && body.len() >= most {
            body.truncate(most);
            break;
        }
        let condenser = limit.condenser.as_ref();
        if let Some(condenser) = condenser.filter(|_| body.len() > CONDENSED_FROM.min(most)) {
            let mut condensed = condenser();
            condensed.push(&body);
            drop(body);
            return condense(response, condensed, most, deadline).await;
        }
        if body.len() > most {
            return Err(too_large(most));
        }
        if let Some(room) = limit
            .room
            .as_ref()
            .filter(|_| place.is_none() && body.len() > LARGE)
        {
            // The room is never closed.
            place = deadline.pause(Arc::clone(room).acquire_owned()).await.ok();
        }
    }
    let body = body.freeze();
    if let Some(place) = place {
        return Ok(Bytes::from_owner(Held {
            body,
            _place: place,
        }));
    }
    buffers.keep(&body);
    Ok(body)
}

/// Reads a body of this many bytes at most, counted after decompression. Of an answer that is no
/// success, what is more is not read. The client bounds the time.
///
/// # Errors
/// It breaks off, or the answer is a success and larger.
pub async fn read_within(response: Response, most: usize) -> Result<Bytes, TransportError> {
    let (limit, buffers) = (Limit::of(most), Buffers::default());
    gather(response, &limit, &buffers, &mut Deadline::none()).await
}

/// Reads the rest of a body.
async fn condense(
    mut response: Response,
    mut condensed: Box<dyn Condense>,
    most: usize,
    deadline: &Deadline,
) -> Result<Bytes, TransportError> {
    while condensed.kept() <= most {
        let Some(chunk) = deadline.keep(response.chunk()).await? else {
            return Ok(condensed.finish());
        };
        condensed.push(&chunk);
    }
    Err(too_large(most))
}

fn too_large(most: usize) -> TransportError {
    TransportError {
        symptom: Symptom::TooLarge,
        reason: format!("the answer is larger than {most} bytes"),
    }
}
