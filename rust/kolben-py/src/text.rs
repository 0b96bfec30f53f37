//! Python's text as bytes in generalised UTF-8 and back.

use std::ops::Deref;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// The text of a Python string. Borrowed from it, unless it holds lone surrogates.
pub(crate) enum Text<'a, 'py> {
    Borrowed(&'a str),
    Encoded(Bound<'py, PyBytes>),
}

impl Deref for Text<'_, '_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(text) => text.as_bytes(),
            Self::Encoded(bytes) => bytes.as_bytes(),
        }
    }
}

/// Reads a string.
pub(crate) fn read<'a, 'py>(text: &'a Bound<'py, PyString>) -> PyResult<Text<'a, 'py>> {
    if let Ok(text) = text.to_str() {
        return Ok(Text::Borrowed(text));
    }
    let py = text.py();
    let encoded = text.call_method1(intern!(py, "encode"), ("utf-8", "surrogatepass"))?;
    Ok(Text::Encoded(encoded.cast_into()?))
}

/// Makes a string.
pub(crate) fn write<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if let Ok(text) = std::str::from_utf8(text) {
        return Ok(PyString::new(py, text));
    }
    let bytes = PyBytes::new(py, text);
    let decoded = bytes.call_method1(intern!(py, "decode"), ("utf-8", "surrogatepass"))?;
    Ok(decoded.cast_into()?)
}

/// Makes a string of ASCII text in lower case; text beyond it has Python's idea of that.
pub(crate) fn write_lower<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if text.is_ascii() {
        return if text.iter().any(u8::is_ascii_uppercase) {
            write(py, &text.to_ascii_lowercase())
        } else {
            write(py, text)
        };
    }
    Ok(write(py, text)?
        .call_method0(intern!(py, "lower"))?
        .cast_into()?)
}
