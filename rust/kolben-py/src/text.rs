//! Text across the border: Python's `str`, lone surrogates included, as bytes and back.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::borrow::Cow;

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
