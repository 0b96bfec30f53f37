//! Strings that are parts of another: what headers and forms are read into.

use std::borrow::Cow;
use std::cell::Cell;

use kolben_core::header::query;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::text::{self, LONGEST_NAME, ascii, is_ascii, text_of};

/// A `str` whose parts become strings again.
pub(crate) struct Source<'a, 'py> {
    text: &'a Bound<'py, PyString>,
    bytes: &'a [u8],
    /// A place that was counted up to, in bytes and in characters.
    counted: Cell<(usize, usize)>,
}

/// From how many bytes on a part is cut out of its source, not made of its bytes.
const LONG_PART: usize = 256;

impl<'a, 'py> Source<'a, 'py> {
    /// `bytes` are those of `text`.
    pub(crate) fn new(text: &'a Bound<'py, PyString>, bytes: &'a [u8]) -> Self {
        Self { text, bytes, counted: Cell::default() }
    }

    pub(crate) fn py(&self) -> Python<'py> {
        self.text.py()
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The `str` for bytes that may or may not be a part of the source.
    #[inline]
    pub(crate) fn part(&self, part: &[u8]) -> PyResult<Bound<'py, PyString>> {
        if part.len() < LONG_PART { text_of(self.text.py(), part) } else { self.long_part(part) }
    }

    /// PERF: Python cuts a long `str` faster than anybody decodes it (benches/sweep.py).
    fn long_part(&self, part: &[u8]) -> PyResult<Bound<'py, PyString>> {
        let py = self.text.py();
        let start = part.as_ptr().addr().wrapping_sub(self.bytes.as_ptr().addr());
        if self.bytes.get(start..).is_none_or(|rest| rest.len() < part.len()) {
            return text_of(py, part);
        }
        if part.len() == self.bytes.len() && self.text.is_exact_instance_of::<PyString>() {
            return Ok(self.text.clone());
        }
        if is_ascii(self.text) {
            return ascii(py, part);
        }
        let first = self.count_up_to(start);
        let last = self.count_up_to(start + part.len());
        // SAFETY: a live `str`; the call gives a new reference to another, or null and an exception.
        unsafe {
            let cut = ffi::PyUnicode_Substring(self.text.as_ptr(), first.cast_signed(), last.cast_signed());
            Ok(Bound::from_owned_ptr_or_err(py, cut)?.cast_into_unchecked())
        }
    }

    /// How many characters stand before that byte.
    fn count_up_to(&self, end: usize) -> usize {
        let (bytes, characters) = match self.counted.get() {
            (bytes, _) if bytes > end => (0, 0),
            counted => counted,
        };
        let between = self.bytes.get(bytes..end).unwrap_or_default();
        // All but the bytes that carry a character on.
        let characters = characters + between.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        self.counted.set((end, characters));
        characters
    }
}

/// What a header or a form has names and values of.
pub(crate) trait Piece {
    /// The string for it, a value's.
    fn value<'py>(&self, source: &Source<'_, 'py>, scratch: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>>;

    /// The string for it, a name's.
    fn name<'py>(&self, source: &Source<'_, 'py>, scratch: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>>;
}

impl Piece for &[u8] {
    #[inline]
    fn value<'py>(&self, source: &Source<'_, 'py>, _: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        source.part(self)
    }

    #[inline]
    fn name<'py>(&self, source: &Source<'_, 'py>, _: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        if self.len() <= LONGEST_NAME { text::name(source.py(), self) } else { source.part(self) }
    }
}

impl Piece for Cow<'_, [u8]> {
    #[inline]
    fn value<'py>(&self, source: &Source<'_, 'py>, _: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        source.part(self)
    }

    #[inline]
    fn name<'py>(&self, source: &Source<'_, 'py>, scratch: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        (&**self).name(source, scratch)
    }
}

impl Piece for query::Text<'_> {
    #[inline]
    fn value<'py>(&self, source: &Source<'_, 'py>, scratch: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        if self.is_plain() {
            return source.part(self.raw);
        }
        if !self.percents && self.raw.is_ascii() {
            return spaced(source.text.py(), self.raw);
        }
        text_of(source.text.py(), self.decode(scratch))
    }

    #[inline]
    fn name<'py>(&self, source: &Source<'_, 'py>, scratch: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        self.decode(scratch).name(source, &mut Vec::new())
    }
}

/// The `str` for ASCII bytes in which pluses stand for spaces.
#[inline]
fn spaced<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let text = ascii(py, bytes)?;
    // SAFETY: nobody else has seen the new `str` yet, which has as many characters of one byte.
    let characters = unsafe {
        let data = ffi::PyUnicode_DATA(text.as_ptr()).cast::<u8>();
        std::slice::from_raw_parts_mut(data, bytes.len())
    };
    for character in characters {
        // Assigned in any case, so that many are at a time.
        *character = if *character == b'+' { b' ' } else { *character };
    }
    Ok(text)
}

/// A list of one string.
#[inline]
pub(crate) fn list_of(text: Bound<'_, PyString>) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: the call gives a new list of one place, or null and an exception; the place is filled
    // at once with a reference that becomes the list's.
    unsafe {
        let list = Bound::from_owned_ptr_or_err(text.py(), ffi::PyList_New(1))?;
        ffi::PyList_SET_ITEM(list.as_ptr(), 0, text.into_ptr());
        Ok(list.cast_into_unchecked())
    }
}
