//! Python's text as bytes in generalised UTF-8 and back.

use std::ops::Deref;
use std::sync::Mutex;

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
    if let Ok(text) = PyString::from_bytes(py, text) {
        return Ok(text);
    }
    let bytes = PyBytes::new(py, text);
    let decoded = bytes.call_method1(intern!(py, "decode"), ("utf-8", "surrogatepass"))?;
    Ok(decoded.cast_into()?)
}

/// The names that were made last. The keys of a header are few and come with every request: a
/// string that is here already has its hash. A name is where its own hash puts it, so no choice
/// of names makes a look-up longer.
static NAMES: [Mutex<Option<Py<PyString>>>; 1024] = [const { Mutex::new(None) }; 1024];
const LONGEST_NAME: usize = 32;

/// Makes a string that is likely to be made again.
pub(crate) fn name<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if text.len() > LONGEST_NAME {
        return write(py, text);
    }
    // Where another thread is at this slot, its name is not worth waiting for.
    let Some(Ok(mut slot)) = NAMES.get(slot(text)).map(Mutex::try_lock) else {
        return write(py, text);
    };
    if let Some(known) = slot.as_ref().map(|known| known.bind(py))
        && known.to_str().is_ok_and(|known| known.as_bytes() == text)
    {
        return Ok(known.clone());
    }
    let name = write(py, text)?;
    let replaced = slot.replace(name.clone().unbind());
    drop(slot);
    drop(replaced);
    Ok(name)
}

fn slot(text: &[u8]) -> usize {
    let mix = |hash: u64, word: u64| {
        (hash ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    };
    let (words, rest) = text.as_chunks::<8>();
    let hash = words.iter().fold(text.len() as u64, |hash, word| {
        mix(hash, u64::from_le_bytes(*word))
    });
    let last = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    usize::try_from(mix(hash, last) % NAMES.len() as u64).unwrap_or_default()
}

/// Makes such a string in lower case: of ASCII text, or else what Python makes of it.
pub(crate) fn name_lower<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if text.is_ascii() {
        return if text.iter().any(u8::is_ascii_uppercase) {
            name(py, &text.to_ascii_lowercase())
        } else {
            name(py, text)
        };
    }
    Ok(write(py, text)?
        .call_method0(intern!(py, "lower"))?
        .cast_into()?)
}
