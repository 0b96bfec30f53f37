//! Strings that are parts of another: what headers and forms are read into.

use std::borrow::Cow;
use std::cell::Cell;

use kolben_core::header::query;
use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::string::PyStringData;
use pyo3::types::{PyList, PyString};

use crate::text::{self, LONGEST_NAME, ascii, is_ascii, mapped, text_of};

/// A `str` whose parts become strings again.
pub(crate) struct Source<'a, 'py> {
    text: &'a Bound<'py, PyString>,
    bytes: Cow<'a, [u8]>,
    /// Whether each character is one byte, those beyond ASCII whatever is not ASCII.
    masked: bool,
    /// Whether all of it is ASCII.
    ascii: bool,
    /// Whether a part was asked for that the mask has made unknown.
    lost: Cell<bool>,
}

/// Has `read` make something of the parts of `text`. It may be called a second time.
///
/// PERF: text beyond ASCII is masked first: grammars look for ASCII only, and Python cuts a long `str`
/// faster than anybody decodes it (benches/sweep.py). Where that is not enough, because a value with
/// such text in it is not in the header as it is, the text is read again in UTF-8.
pub(crate) fn read<'py, R>(
    text: &Bound<'py, PyString>,
    read: impl Fn(&Source<'_, 'py>) -> PyResult<R>,
) -> PyResult<R> {
    let plain = |bytes, ascii| Source { text, bytes, masked: false, ascii, lost: Cell::new(false) };
    if is_ascii(text) {
        return read(&plain(Cow::Borrowed(text.to_str()?.as_bytes()), true));
    }
    let source = Source { text, bytes: mask(text)?, masked: true, ascii: false, lost: Cell::new(false) };
    match read(&source) {
        Err(_) if source.lost.get() => read(&plain(text::bytes_of(text)?, false)),
        result => result,
    }
}

/// The same for a query, which has spaces for its pluses by then.
///
/// PERF: benches query-100 and urlencoded-100; that is done at once for all of it, and there is less to
/// look for in each part.
pub(crate) fn read_query<'py, R>(
    query: &Bound<'py, PyString>,
    take: impl Fn(&Source<'_, 'py>) -> PyResult<R>,
) -> PyResult<R> {
    if !is_ascii(query) {
        return read(query, take);
    }
    let bytes = query::without_pluses(query.to_str()?.as_bytes());
    take(&Source { text: query, bytes, masked: false, ascii: true, lost: Cell::new(false) })
}

fn mask<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, [u8]>> {
    // SAFETY: nothing changes a `str` as long as it lives.
    Ok(match unsafe { text.data() }? {
        PyStringData::Ucs1(bytes) => Cow::Borrowed(bytes),
        PyStringData::Ucs2(units) => Cow::Owned(units.iter().map(|unit| low(u32::from(*unit))).collect()),
        PyStringData::Ucs4(units) => Cow::Owned(units.iter().map(|unit| low(*unit)).collect()),
    })
}

fn low(unit: u32) -> u8 {
    u8::try_from(unit.min(0x80)).unwrap_or(0x80)
}

impl<'py> Source<'_, 'py> {
    pub(crate) fn py(&self) -> Python<'py> {
        self.text.py()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The string for bytes that a grammar has cut out of the source, or has made of it.
    #[inline]
    pub(crate) fn part(&self, part: &[u8]) -> PyResult<Bound<'py, PyString>> {
        if part.len() > LONG_PART && part.len() == self.bytes.len() && self.is_whole(part) {
            Ok(self.text.clone())
        } else if (part.len() > LONG_PART && self.is_plain(part)) || part.is_ascii() {
            ascii(self.py(), part)
        } else if self.masked {
            self.cut(part)
        } else {
            text_of(self.py(), part)
        }
    }

    /// The same for bytes that certainly are cut out.
    #[inline]
    pub(crate) fn own_part(&self, part: &[u8]) -> PyResult<Bound<'py, PyString>> {
        if self.ascii && part.len() <= LONG_PART { ascii(self.py(), part) } else { self.part(part) }
    }

    /// The string for such bytes, if it is likely to be made again.
    #[inline]
    pub(crate) fn name(&self, part: &[u8]) -> PyResult<Bound<'py, PyString>> {
        if part.len() <= LONGEST_NAME && (!self.masked || part.is_ascii()) {
            text::name(self.py(), part)
        } else {
            self.part(part)
        }
    }

    /// Such a string in lower case.
    pub(crate) fn name_lower(&self, part: &[u8]) -> PyResult<Bound<'py, PyString>> {
        if part.is_ascii() {
            return text::name_lower(self.py(), part);
        }
        Ok(self.part(part)?.call_method0(intern!(self.py(), "lower"))?.cast_into()?)
    }

    fn is_whole(&self, part: &[u8]) -> bool {
        matches!(self.bytes, Cow::Borrowed(_))
            && part.as_ptr() == self.bytes.as_ptr()
            && self.text.is_exact_instance_of::<PyString>()
    }

    /// Whether a part is ASCII because all is that it is a part of.
    fn is_plain(&self, part: &[u8]) -> bool {
        is_ascii(self.text) && self.place(part).is_some()
    }

    /// Where in the source a part begins, if it is one.
    fn place(&self, part: &[u8]) -> Option<usize> {
        let start = part.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?;
        (self.bytes.len().checked_sub(start)? >= part.len()).then_some(start)
    }

    fn cut(&self, part: &[u8]) -> PyResult<Bound<'py, PyString>> {
        let Some(start) = self.place(part) else {
            self.lost.set(true);
            return Err(PyValueError::new_err("the mask hides it"));
        };
        let end = start + part.len();
        // SAFETY: a live `str`; the call gives a new reference to another, or null and an exception.
        unsafe {
            let cut = ffi::PyUnicode_Substring(self.text.as_ptr(), start.cast_signed(), end.cast_signed());
            Ok(Bound::from_owned_ptr_or_err(self.py(), cut)?.cast_into_unchecked())
        }
    }
}

/// From how many bytes on it is worth asking whether a part is the whole.
const LONG_PART: usize = 64;

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
        source.own_part(self)
    }

    #[inline]
    fn name<'py>(&self, source: &Source<'_, 'py>, _: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        source.name(self)
    }
}

impl Piece for Cow<'_, [u8]> {
    #[inline]
    fn value<'py>(&self, source: &Source<'_, 'py>, _: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        match self {
            Cow::Borrowed(part) => source.own_part(part),
            Cow::Owned(part) => source.part(part),
        }
    }

    #[inline]
    fn name<'py>(&self, source: &Source<'_, 'py>, _: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        source.name(self)
    }
}

impl Piece for query::Text<'_> {
    #[inline]
    fn value<'py>(&self, source: &Source<'_, 'py>, scratch: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        if self.is_plain() {
            return source.own_part(self.raw);
        }
        let ascii = self.raw.is_ascii();
        if ascii && !self.percents {
            let space = |byte| if byte == b'+' { b' ' } else { byte };
            return mapped(source.py(), self.raw, space);
        }
        let decoded = self.decode(scratch);
        // What was ASCII has lost nothing to a mask.
        if ascii { text_of(source.py(), decoded) } else { source.part(decoded) }
    }

    #[inline]
    fn name<'py>(&self, source: &Source<'_, 'py>, scratch: &mut Vec<u8>) -> PyResult<Bound<'py, PyString>> {
        if self.is_plain() { source.name(self.raw) } else { self.value(source, scratch) }
    }
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
