//! A streaming decoder for `multipart/form-data`, with Werkzeug's tolerance.
//!
//! RFC 2046, section 5.1.1:
//!
//! ```text
//! multipart-body    := [preamble CRLF] dash-boundary transport-padding CRLF
//!                      body-part *encapsulation close-delimiter transport-padding [CRLF epilogue]
//! encapsulation     := delimiter transport-padding CRLF body-part
//! delimiter         := CRLF dash-boundary
//! close-delimiter   := delimiter "--"
//! dash-boundary     := "--" boundary
//! transport-padding := *LWSP-char
//! ```
//!
//! Every CRLF may be a CR or an LF alone, and the first delimiter needs no line break before it.
//! The parts do not depend on how the bytes are cut into chunks, and each byte is looked at a
//! fixed number of times.
//!
//! ```
//! use kolben_core::multipart::{Decoder, Event, Limits};
//!
//! let mut decoder = Decoder::new(b"x", Limits::default());
//! decoder.push(b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--").unwrap();
//! assert!(matches!(decoder.next(), Ok(Event::Preamble(_))));
//! assert!(matches!(decoder.next(), Ok(Event::Part(_))));
//! assert!(matches!(decoder.next(), Ok(Event::Data { data, more: false }) if data == b"1"));
//! ```

mod delimiter;
mod part;

use std::ops::Range;

pub use self::delimiter::MAX_PADDING;
use self::delimiter::{Delimiter, Found};
pub use self::part::{Disposition, Headers, MAX_HEADER_BYTES, MAX_HEADERS};

/// What a decoder may take in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes that may wait in the buffer, a chunk included.
    pub memory: Option<u64>,
    /// Parts.
    pub parts: Option<u64>,
}

/// Where the decoder stands, under the names that Werkzeug's messages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Before the first delimiter.
    Preamble,
    /// In the headers of a part.
    Part,
    /// Inside the body of a part.
    Data,
    /// At the line break that ends the headers.
    DataStart,
    /// After the last delimiter.
    Epilogue,
    /// All is said.
    Complete,
}

/// What comes next in the body.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// What stands before the first delimiter.
    Preamble(&'a [u8]),
    /// The headers of a part.
    Part(Headers),
    /// A piece of a part's body, and whether more of it follows.
    Data {
        /// The bytes.
        data: &'a [u8],
        /// Whether more follows.
        more: bool,
    },
    /// What stands after the last delimiter.
    Epilogue(&'a [u8]),
    /// Nothing, before more bytes arrive.
    NeedData,
}

/// Why a body is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// More than the limits allow.
    TooLarge,
    /// A header line that is not UTF-8.
    NotText(Vec<u8>),
    /// A part without a `Content-Disposition`.
    NoDisposition,
    /// The body ends too early.
    Unfinished(State),
}

/// The decoder: bytes in through [`Decoder::push`], events out through [`Decoder::next`].
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes at the head of the buffer that are done with.
    done: usize,
    /// Where the next search begins, counted from `done`.
    searched: usize,
    delimiter: Delimiter,
    state: State,
    complete: bool,
    /// A CR ended the last delimiter or headers at the end of a chunk: an LF would belong to it.
    skip_newline: bool,
    /// The last delimiter stood at the end of a chunk: its padding may go on.
    open_end: bool,
    limits: Limits,
    parts: u64,
}

impl Decoder {
    /// A decoder for bodies with that boundary, which is expected to hold no line break.
    pub fn new(boundary: &[u8], limits: Limits) -> Self {
        Self {
            buffer: Vec::new(),
            done: 0,
            searched: 0,
            delimiter: Delimiter::new(boundary),
            state: State::Preamble,
            complete: false,
            skip_newline: false,
            open_end: false,
            limits,
            parts: 0,
        }
    }

    /// Where the decoder stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// The bytes that wait for more.
    pub fn waiting(&self) -> &[u8] {
        self.buffer.get(self.done..).unwrap_or_default()
    }

    /// Take in a chunk.
    pub fn push(&mut self, data: &[u8]) -> Result<(), Refusal> {
        let size = self.waiting().len() as u64 + data.len() as u64;
        if self.limits.memory.is_some_and(|most| size > most) {
            return Err(Refusal::TooLarge);
        }
        self.buffer.drain(..self.done);
        self.done = 0;
        self.buffer.extend_from_slice(data);
        if self.skip_newline && !self.buffer.is_empty() {
            self.skip_newline = false;
            if self.buffer.first() == Some(&b'\n') {
                self.take(1);
            }
        }
        Ok(())
    }

    /// Say that there are no more chunks.
    pub fn finish(&mut self) {
        self.complete = true;
    }

    /// The next event.
    #[expect(clippy::should_implement_trait, reason = "an event borrows from the decoder")]
    pub fn next(&mut self) -> Result<Event<'_>, Refusal> {
        match self.state {
            State::Preamble => self.next_preamble(),
            State::Part => self.next_part(),
            State::DataStart | State::Data => self.next_data(),
            State::Epilogue if self.complete => Ok(self.next_epilogue()),
            State::Epilogue | State::Complete => self.need_data(),
        }
    }

    fn need_data(&self) -> Result<Event<'_>, Refusal> {
        if self.complete { Err(Refusal::Unfinished(self.state)) } else { Ok(Event::NeedData) }
    }

    /// Drop bytes from the head of the buffer and return where they stand.
    fn take(&mut self, length: usize) -> Range<usize> {
        let start = self.done;
        self.done = start.saturating_add(length).min(self.buffer.len());
        self.searched = 0;
        start..self.done
    }

    fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    fn next_preamble(&mut self) -> Result<Event<'_>, Refusal> {
        let found = self.delimiter.search(self.waiting(), self.searched, true, self.complete);
        match found {
            Found::At(place) => {
                let preamble = self.take(place.start);
                self.pass(place.end.saturating_sub(place.start), place.last);
                Ok(Event::Preamble(self.bytes(preamble)))
            }
            Found::Maybe { searched, .. } | Found::Nowhere { searched } => {
                self.searched = searched;
                self.need_data()
            }
            Found::TooPadded => Err(Refusal::TooLarge),
        }
    }

    /// Go past a delimiter.
    fn pass(&mut self, length: usize, last: bool) {
        let passed = self.take(length);
        let at_end = self.waiting().is_empty();
        let ended_by = self.bytes(passed).last().copied();
        self.skip_newline = at_end && ended_by == Some(b'\r');
        self.open_end = last && at_end && !matches!(ended_by, Some(b'\r' | b'\n'));
        self.state = if last { State::Epilogue } else { State::Part };
    }

    fn next_part(&mut self) -> Result<Event<'_>, Refusal> {
        let Some(blank) = part::blank_line(self.waiting(), self.searched) else {
            let waiting = self.waiting().len();
            // Three bytes of a blank line may have come already.
            if waiting > MAX_HEADER_BYTES + 3 {
                return Err(Refusal::TooLarge);
            }
            self.searched = waiting.saturating_sub(3);
            return self.need_data();
        };
        let block = self.waiting().get(..blank.start).unwrap_or_default();
        let headers = Headers::parse(block)?;
        // The line break that ends the last header goes; the one of the blank line stays.
        self.take(usize::midpoint(blank.start, blank.end));
        if headers.get("content-disposition").is_none() {
            return Err(Refusal::NoDisposition);
        }
        self.state = State::DataStart;
        self.parts += 1;
        if self.limits.parts.is_some_and(|most| self.parts > most) {
            return Err(Refusal::TooLarge);
        }
        Ok(Event::Part(headers))
    }

    fn next_data(&mut self) -> Result<Event<'_>, Refusal> {
        let starts = self.state == State::DataStart;
        let waiting = self.waiting();
        // The line break after the headers may be the first byte of a delimiter too.
        let lead = if starts { delimiter::line_break(waiting) } else { 0 };
        let found = self.delimiter.search(waiting, self.searched, false, self.complete);
        let (end, searched) = match found {
            Found::At(place) => {
                let data = self.take(place.start);
                self.pass(place.end.saturating_sub(place.start), place.last);
                let data = data.start.saturating_add(lead).min(data.end)..data.end;
                return Ok(Event::Data { data: self.bytes(data), more: false });
            }
            Found::Maybe { start, searched } => (start.min(self.delimiter.hold(waiting, lead)), searched),
            Found::Nowhere { searched } => (self.delimiter.hold(waiting, lead), searched),
            Found::TooPadded => return Err(Refusal::TooLarge),
        };
        if starts && (end < lead || (self.delimiter.may_start(waiting, lead) && !self.complete)) {
            self.searched = searched.min(end);
            return self.need_data();
        }
        self.state = State::Data;
        let taken = self.take(end);
        self.searched = searched.saturating_sub(end);
        let data = taken.start.saturating_add(lead).min(taken.end)..taken.end;
        if data.is_empty() && !starts {
            return self.need_data();
        }
        Ok(Event::Data { data: self.bytes(data), more: true })
    }

    fn next_epilogue(&mut self) -> Event<'_> {
        if self.open_end {
            let padding = delimiter::padding(self.waiting());
            let line_break = delimiter::line_break(self.waiting().get(padding..).unwrap_or_default());
            self.take(padding.saturating_add(line_break));
        }
        self.state = State::Complete;
        let rest = self.take(self.waiting().len());
        Event::Epilogue(self.bytes(rest))
    }
}

#[cfg(test)]
mod tests;
