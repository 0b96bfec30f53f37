//! Text across the border: Python's `str`, lone surrogates included, as bytes and back.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use smallvec::SmallVec;
use std::borrow::Cow;

use crate::shared::Shared;

/// The bytes of a `str` in generalised UTF-8.
#[inline]
pub(crate) fn bytes_of<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, [u8]>> {
    match text.to_str() {
        Ok(text) => Ok(Cow::Borrowed(text.as_bytes())),
        Err(_) => with_surrogates(text),
    }
}

#[cold]
fn with_surrogates<'a>(text: &Bound<'_, PyString>) -> PyResult<Cow<'a, [u8]>> {
    let arguments = (intern!(text.py(), "utf-8"), intern!(text.py(), "surrogatepass"));
    let bytes = text.call_method1(intern!(text.py(), "encode"), arguments)?;
    Ok(Cow::Owned(bytes.cast::<PyBytes>()?.as_bytes().to_vec()))
}

/// The `str` for bytes in generalised UTF-8.
#[inline]
pub(crate) fn text_of<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if bytes.is_ascii() {
        // PERF: a decoder would look for what is not there.
        return ascii(py, bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(PyString::new(py, text)),
        Err(_) => {
            let arguments = (intern!(py, "utf-8"), intern!(py, "surrogatepass"));
            let text = PyBytes::new(py, bytes).call_method1(intern!(py, "decode"), arguments)?;
            Ok(text.cast_into::<PyString>()?)
        }
    }
}

/// The `str` for ASCII bytes.
#[inline]
fn ascii<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: the call gives a new `str` of as many characters of one byte, which are ours to fill in
    // before anybody else sees it, or null and an exception. The bytes are ASCII, as was promised.
    unsafe {
        let text = ffi::PyUnicode_New(bytes.len().cast_signed(), 127);
        let text = Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked::<PyString>();
        if !bytes.is_empty() {
            let characters = ffi::PyUnicode_DATA(text.as_ptr()).cast::<u8>();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), characters, bytes.len());
        }
        Ok(text)
    }
}

/// The names that were made last. The keys of a header are few and come with every request: a
/// string that is here already has its hash. A name is where its own hash puts it, so no choice
/// of names makes a look-up longer.
static NAMES: [Shared<PyString>; 1024] = [const { Shared::empty() }; 1024];
const LONGEST_NAME: usize = 32;

/// Makes a string that is likely to be made again.
pub(crate) fn name<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let place = match text.len() {
        // The interpreter has the empty one already.
        1..=LONGEST_NAME => NAMES.get(slot(text)),
        _ => None,
    };
    let Some(place) = place else {
        return text_of(py, text);
    };
    if let Some(known) = place.get(py).map(|known| known.into_bound(py))
        && known.to_str().is_ok_and(|known| known.as_bytes() == text)
    {
        return Ok(known);
    }
    let name = text_of(py, text)?;
    place.set(py, Some(name.clone().unbind()));
    Ok(name)
}

fn slot(text: &[u8]) -> usize {
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (words, rest) = text.as_chunks::<8>();
    let hash = words.iter().fold(text.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    usize::try_from(mix(hash, last) % NAMES.len() as u64).unwrap_or_default()
}

/// Makes such a string in lower case: of ASCII text, or else what Python makes of it.
pub(crate) fn name_lower<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if text.len() > LONGEST_NAME || !text.is_ascii() {
        return Ok(text_of(py, text)?.call_method0(intern!(py, "lower"))?.cast_into()?);
    }
    if !text.iter().any(u8::is_ascii_uppercase) {
        return name(py, text);
    }
    let mut lower = SmallVec::<[u8; LONGEST_NAME]>::from_slice(text);
    lower.make_ascii_lowercase();
    name(py, &lower)
}
