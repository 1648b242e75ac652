//! Pages that are too large to be held: what nobody reads of them is passed over while they come in.

use std::sync::Arc;

use bytes::Bytes;

use crate::auth::{Condense, Limit};
use crate::dicom::{Sieve, Want};

impl Condense for Sieve {
    fn push(&mut self, piece: &[u8]) {
        Self::push(self, piece);
    }

    fn kept(&self) -> usize {
        self.len()
    }

    fn finish(self: Box<Self>) -> Bytes {
        self.into_kept()
    }
}

/// So many bytes of a page, of what is wanted of its datasets where it is large.
pub(super) fn limit(most: usize, want: Want) -> Limit {
    Limit::of(most).condensed(Arc::new(move || Box::new(Sieve::new(want))))
}
