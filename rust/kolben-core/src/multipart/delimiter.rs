//! The search for a delimiter: `line-break "--" boundary ["--"] *padding line-break`.
//!
//! The marker `"--" boundary` is searched as a whole; where it is found without a line break
//! before it, the search goes on at the next line break. The marker holds none, so no byte is
//! compared more than a fixed number of times, whatever the boundary.

use memchr::{memchr2, memmem, memrchr};

/// A delimiter in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Where its first line break begins: the data ends here.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Whether it is the last one.
    pub(super) last: bool,
}

/// What a search found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    At(Place),
    /// What stands at `start` may become a delimiter once more bytes arrive.
    Maybe {
        start: usize,
        searched: usize,
    },
    Nowhere {
        searched: usize,
    },
    /// More padding behind a marker than anybody has a use for.
    TooPadded,
}

/// The most padding between a boundary and the end of its line. Mail relays once padded lines;
/// no browser ever did.
pub const MAX_PADDING: usize = 1024;

/// What stands behind a marker.
enum Behind {
    End { end: usize, last: bool },
    Other,
    Unknown,
    TooPadded,
}

#[derive(Debug)]
pub(super) struct Delimiter {
    marker: Vec<u8>,
    finder: memmem::Finder<'static>,
}

/// The length of the line break at the head of the bytes: `\r\n`, `\n` or `\r`.
pub(super) fn line_break(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// How many bytes of padding the bytes begin with.
pub(super) fn padding(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)).count()
}

fn tail(bytes: &[u8], start: usize) -> &[u8] {
    bytes.get(start..).unwrap_or_default()
}

/// Where the line break that ends at `end` begins.
fn break_before(bytes: &[u8], end: usize) -> Option<usize> {
    match bytes.get(..end)? {
        [.., b'\r', b'\n'] => end.checked_sub(2),
        [.., b'\r' | b'\n'] => end.checked_sub(1),
        _ => None,
    }
}

impl Delimiter {
    pub(super) fn new(boundary: &[u8]) -> Self {
        let marker = [b"--", boundary].concat();
        let finder = memmem::Finder::new(&marker).into_owned();
        Self { marker, finder }
    }

    /// Search from `from` on; the first delimiter of a body needs no line break before it.
    pub(super) fn search(&self, bytes: &[u8], from: usize, first: bool, complete: bool) -> Found {
        // A resumed search may have gone past the marker, into the padding behind it.
        let mut position = from;
        while let Some(offset) = self.finder.find(tail(bytes, position)) {
            let marker = position.saturating_add(offset);
            let broken = break_before(bytes, marker);
            let Some(start) = broken.or_else(|| first.then_some(marker)) else {
                let Some(next) = memchr2(b'\r', b'\n', tail(bytes, marker)) else {
                    break;
                };
                position = marker.saturating_add(next);
                continue;
            };
            match self.behind(bytes, marker, complete) {
                Behind::End { end, last } => return Found::At(Place { start, end, last }),
                Behind::Unknown => {
                    return Found::Maybe { start, searched: start };
                }
                Behind::TooPadded => return Found::TooPadded,
                Behind::Other => position = marker.saturating_add(1),
            }
        }
        // The head of a marker, and the line break before it, may stand at the end.
        let kept = self.marker.len().saturating_add(1);
        Found::Nowhere { searched: bytes.len().saturating_sub(kept).max(from) }
    }

    fn behind(&self, bytes: &[u8], marker: usize, complete: bool) -> Behind {
        let marker_end = marker.saturating_add(self.marker.len());
        let rest = tail(bytes, marker_end);
        if let [b'-', b'-', rest @ ..] = rest {
            let padding = padding(rest);
            let length = 2 + padding + line_break(tail(rest, padding));
            return Behind::End { end: marker_end.saturating_add(length), last: true };
        }
        let padding = padding(rest.get(..=MAX_PADDING).unwrap_or(rest));
        match tail(rest, padding) {
            _ if padding > MAX_PADDING => Behind::TooPadded,
            [] if !complete => Behind::Unknown,
            [b'-'] if padding == 0 && !complete => Behind::Unknown,
            [b'\r' | b'\n', ..] => {
                let length = padding + line_break(tail(rest, padding));
                Behind::End { end: marker_end.saturating_add(length), last: false }
            }
            _ => Behind::Other,
        }
    }

    /// Where the data that may be given out ends: before a line break that is near enough to the
    /// end to begin a delimiter, counted as Werkzeug counts it, from `lead` on.
    pub(super) fn hold(&self, bytes: &[u8], lead: usize) -> usize {
        let data = tail(bytes, lead);
        // A line break of two bytes and the marker.
        let near = data.len().saturating_sub(self.marker.len().saturating_add(2));
        let last = tail(data, near);
        let place = |byte| memrchr(byte, last).map_or(last.len(), |found| found);
        lead.saturating_add(near).saturating_add(place(b'\n').min(place(b'\r'))).min(bytes.len())
    }

    /// Whether the bytes, a line break and then `rest`, may still become a delimiter.
    pub(super) fn may_start(&self, bytes: &[u8], lead: usize) -> bool {
        let rest = tail(bytes, lead);
        rest.len() < self.marker.len() && self.marker.starts_with(rest)
    }
}
