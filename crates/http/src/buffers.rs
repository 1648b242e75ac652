//! The memory of answers that nobody reads any more, for those to come: a page of the feed is a
//! megabyte, and memory that is new each time costs more than what is read into it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};

/// Smaller answers are not worth it.
const LEAST: usize = 64 << 10;

/// Larger ones are rare, and too much to keep.
const LARGEST: usize = 2 << 20;

/// How many answers are kept: as many as come one after the other while the first is read.
const MOST: usize = 4;

/// Memory to read answers into. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<VecDeque<Bytes>>>);

impl fmt::Debug for Buffers {
    /// Tells nothing of the answers: they hold patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffers").finish_non_exhaustive()
    }
}

impl Buffers {
    /// Empty, with room for so many bytes.
    pub(super) fn take(&self, length: usize) -> BytesMut {
        let mut body = self.free(length).unwrap_or_default();
        body.clear();
        body.reserve(length);
        body
    }

    /// The memory of an answer that nobody reads any more.
    fn free(&self, length: usize) -> Option<BytesMut> {
        if !(LEAST..=LARGEST).contains(&length) {
            return None;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(Bytes::is_unique)?;
        kept.remove(at)?.try_into_mut().ok()
    }

    /// Keeps the memory of an answer for when it has been read.
    pub(super) fn keep(&self, body: &Bytes) {
        if (LEAST..=LARGEST).contains(&body.len()) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.truncate(MOST - 1);
            kept.push_front(body.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_once_nobody_reads_it() {
        let buffers = Buffers::default();
        let body = |buffers: &Buffers| {
            let mut body = buffers.take(LEAST);
            body.resize(LEAST, 7);
            let body = body.freeze();
            buffers.keep(&body);
            body
        };
        let first = body(&buffers);
        let part = first.slice(5..9);
        let place = first.as_ptr();
        drop(first);
        let second = body(&buffers);
        assert_ne!(second.as_ptr(), place);
        assert_eq!(part, [7; 4][..]);
        drop(part);
        let third = buffers.take(LEAST);
        assert_eq!((third.as_ptr(), third.len()), (place, 0));
    }

    #[test]
    fn what_is_small_or_very_large_is_not_kept() {
        let buffers = Buffers::default();
        for length in [LEAST - 1, LARGEST + 1] {
            buffers.keep(&Bytes::from(vec![0; length]));
        }
        let body = Bytes::from(vec![b'x'; LEAST]);
        buffers.keep(&body);
        assert!(!format!("{buffers:?}").contains("xx"));
        (0..9).for_each(|_| buffers.keep(&Bytes::from(vec![0; LEAST])));
        assert_eq!(buffers.0.lock().unwrap().len(), MOST);
    }
}
