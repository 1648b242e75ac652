//! Pages that are too large to be held: what nobody reads of them is passed over while they come in.

use std::sync::Arc;

use bytes::Bytes;

use radcast_dicom::{Sieve, Want};
use radcast_http::{Condense, Limit};

/// Passes over what nobody reads.
struct Condensing(Sieve);

impl Condense for Condensing {
    fn push(&mut self, piece: &[u8]) {
        self.0.push(piece);
    }

    fn kept(&self) -> usize {
        self.0.len()
    }

    fn finish(self: Box<Self>) -> Bytes {
        self.0.into_kept()
    }
}

/// So many bytes of a page, of what is wanted of its datasets where it is large.
pub(super) fn limit(most: usize, want: Want) -> Limit {
    Limit::of(most).condensed(Arc::new(move || Box::new(Condensing(Sieve::new(want)))))
}
