//! The end of what the command prints, as text, and the figures it prints on lines of their own.

use crate::audit::MAX_DETAIL_BYTES;

/// Where a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

/// Lines that carry figures begin with this.
const FIGURE: &str = "TAILBACK ";

/// A longer line carries no figure.
const LONGEST_FIGURE: usize = 1024;

/// The last part of the output of both streams, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Tail {
    text: String,
    /// Bytes of text there have been in all.
    size: u64,
    /// `key=value`, the last of each key counts.
    figures: Vec<(String, String)>,
    streams: [Unfinished; 2],
}

/// What a stream has begun and not ended.
#[derive(Debug, Default)]
struct Unfinished {
    /// The first bytes of a character.
    bytes: Vec<u8>,
    line: String,
}

impl Tail {
    /// Adds a piece; what is not UTF-8 is replaced.
    pub(super) fn add(&mut self, stream: Stream, piece: &[u8]) {
        let mut unfinished = std::mem::take(&mut self.streams[stream as usize]);
        unfinished.bytes.extend_from_slice(piece);
        let (text, rest) = decode(&unfinished.bytes);
        unfinished.bytes = rest;
        self.look_for_figures(&mut unfinished.line, &text);
        self.streams[stream as usize] = unfinished;
        self.size += text.len() as u64;
        self.text.push_str(&text);
        if self.text.len() > 2 * MAX_DETAIL_BYTES {
            let cut = self.text.ceil_char_boundary(self.text.len() - MAX_DETAIL_BYTES);
            self.text.drain(..cut);
        }
    }

    fn look_for_figures(&mut self, line: &mut String, text: &str) {
        for (n, part) in text.split('\n').enumerate() {
            if n > 0 {
                if let Some((key, value)) = line.strip_prefix(FIGURE).and_then(|figure| figure.split_once('=')) {
                    let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
                    self.figures.retain(|(known, _)| *known != key);
                    self.figures.push((key, value));
                }
                line.clear();
            }
            let room = part.floor_char_boundary(LONGEST_FIGURE.saturating_sub(line.len()));
            line.push_str(&part[..room]);
        }
    }

    /// Nothing more will come: what was begun counts as it is.
    pub(super) fn end(&mut self) {
        for stream in [Stream::Out, Stream::Err] {
            let mut line = std::mem::take(&mut self.streams[stream as usize].line);
            self.look_for_figures(&mut line, "\n");
        }
    }

    /// Bytes of text there have been in all.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The last `limit` bytes at most.
    pub(super) fn last(&self, limit: usize) -> &str {
        &self.text[self.text.ceil_char_boundary(self.text.len().saturating_sub(limit))..]
    }

    /// What came after the first `offset` bytes, `limit` of it at most, and the offset at which that begins.
    pub(super) fn after(&self, offset: u64, limit: usize) -> (u64, &str) {
        let new = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let piece = self.last(new.min(limit));
        (self.size - piece.len() as u64, piece)
    }

    /// The last value of a key.
    pub(super) fn figure(&self, key: &str) -> Option<&str> {
        self.figures.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// Text, and the bytes at the end that may be the beginning of a character.
fn decode(bytes: &[u8]) -> (String, Vec<u8>) {
    let mut text = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        let invalid = chunk.invalid();
        let unfinished = chunks.peek().is_none() && std::str::from_utf8(invalid).is_err_and(|cause| cause.error_len().is_none());
        if unfinished {
            return (text, invalid.to_vec());
        }
        if !invalid.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    (text, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_come_in_pieces_are_whole_again() {
        let mut tail = Tail::default();
        for byte in "é€😀".bytes() {
            tail.add(Stream::Out, &[byte]);
            tail.add(Stream::Err, b".");
        }
        assert_eq!(tail.last(100).replace('.', ""), "é€😀");
        tail.add(Stream::Out, b"\xff\xc3(");
        assert!(tail.last(100).ends_with("\u{fffd}\u{fffd}("));
        assert_eq!(tail.size(), tail.last(100).len() as u64);
    }

    #[test]
    fn only_the_end_is_kept_and_offsets_count_everything() {
        let mut tail = Tail::default();
        for _ in 0..50 {
            tail.add(Stream::Out, "€".repeat(10_000).as_bytes());
        }
        assert_eq!(tail.size(), 1_500_000);
        assert!(tail.last(MAX_DETAIL_BYTES).len() > MAX_DETAIL_BYTES - 3);
        let (offset, piece) = tail.after(1_499_990, 100);
        assert_eq!((offset, piece.len()), (1_499_991, 9));
        assert_eq!(tail.after(0, 32).0, 1_500_000 - 30);
        assert_eq!(tail.after(1_500_000, 32), (1_500_000, ""));
    }

    #[test]
    fn figures_are_read_from_whole_lines_however_they_arrive() {
        let mut tail = Tail::default();
        tail.add(Stream::Out, b"begin\nTAILBACK files_d");
        tail.add(Stream::Err, b"noise TAILBACK files_done=9\n");
        tail.add(Stream::Out, b"one=3\nTAILBACK files_done = 4\r\nTAILBACK point=p 1\nTAILBACK bytes_done=7");
        assert_eq!((tail.figure("files_done"), tail.figure("point"), tail.figure("bytes_done")), (Some("4"), Some("p 1"), None));
        tail.add(Stream::Out, "x".repeat(5000).as_bytes());
        tail.end();
        assert_eq!(tail.figure("bytes_done").map(str::len), Some(LONGEST_FIGURE - "TAILBACK bytes_done=".len()));
    }
}
