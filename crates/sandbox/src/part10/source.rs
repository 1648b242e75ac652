//! A byte source with a short look-ahead.

use std::io::{self, Read};

/// Bytes in order, counted, with a look at the next few.
pub(super) struct Source<'a> {
    reader: Box<dyn Read + 'a>,
    ahead: Vec<u8>,
    position: u64,
}

impl<'a> Source<'a> {
    pub(super) fn new(reader: impl Read + 'a) -> Self {
        Self {
            reader: Box::new(reader),
            ahead: Vec::new(),
            position: 0,
        }
    }

    /// Bytes consumed so far.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// The next `count` bytes, or fewer at the end, without consuming them.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        if let Some(missing) = count.checked_sub(self.ahead.len()) {
            let limit = u64::try_from(missing).unwrap_or(u64::MAX);
            self.reader
                .by_ref()
                .take(limit)
                .read_to_end(&mut self.ahead)?;
        }
        Ok(self.ahead.get(..count).unwrap_or(&self.ahead))
    }

    /// Consumes `count` bytes, or fewer at the end. Memory grows with the bytes that are there,
    /// not with the count, which may come from a damaged length field.
    pub(super) fn take(&mut self, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.all().take(count).read_to_end(&mut bytes)?;
        self.consumed(read as u64);
        Ok(bytes)
    }

    /// Consumes `count` bytes without keeping them; false when there are fewer.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<bool> {
        let skipped = io::copy(&mut self.all().take(count), &mut io::sink())?;
        self.consumed(skipped);
        Ok(skipped == count)
    }

    /// What is left, as a plain reader.
    pub(super) fn into_reader(self) -> Box<dyn Read + 'a> {
        Box::new(io::Cursor::new(self.ahead).chain(self.reader))
    }

    fn all(&mut self) -> impl Read + '_ {
        self.ahead.as_slice().chain(&mut self.reader)
    }

    fn consumed(&mut self, count: u64) {
        let from_ahead =
            usize::try_from(count).map_or(self.ahead.len(), |c| c.min(self.ahead.len()));
        self.ahead.drain(..from_ahead);
        self.position += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_peeked_is_read_once_and_counted_once() {
        let mut source = Source::new(&b"abcdefgh"[..]);
        assert_eq!(source.peek(3).unwrap(), b"abc");
        assert_eq!(source.position(), 0);
        assert_eq!(source.take(2).unwrap(), b"ab");
        assert_eq!(source.peek(2).unwrap(), b"cd");
        assert!(source.skip(3).unwrap());
        assert_eq!(source.position(), 5);
        assert_eq!(source.take(100).unwrap(), b"fgh");
        assert_eq!(source.position(), 8);
        assert!(!source.skip(1).unwrap());
        assert!(source.peek(1).unwrap().is_empty());
    }
}
