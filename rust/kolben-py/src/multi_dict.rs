//! Multi-dicts of the pairs in a header or a form.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::made;
use crate::pieces::{Piece, Source, list_of};

/// The pairs in a multi-dict of that class, or of the plain one. `separator` stands between them.
pub(crate) fn multi_dict<'py, I, K, V>(
    class: Option<&Bound<'py, PyAny>>,
    source: &Source<'_, 'py>,
    separator: u8,
    pairs: impl Fn() -> I,
) -> PyResult<Bound<'py, PyAny>>
where
    I: Iterator<Item = (K, V)>,
    K: Piece,
    V: Piece,
{
    let py = source.py();
    let Some(target) = made::multi_dict(py, class)? else {
        let list = PyList::empty(py);
        append_pairs(&list, source, pairs())?;
        return made::multi_dict_class(py, class)?.call1((list,));
    };
    // PERF: benches query-100 and urlencoded-100; a dictionary that grows as it is filled moves what it
    // holds five times on its way to a hundred keys. Python copies one that had room as it is.
    let first = if source.bytes().len() < MANY * 16 { None } else { roomy(py, source.bytes(), separator)? };
    let filled = fill(first.as_ref().unwrap_or(&target), source, pairs())?;
    if let Some(first) = first.filter(|_| filled) {
        target.update(first.as_mapping())?;
    }
    if !filled {
        target.clear();
        fill_carefully(&target, source, pairs())?;
    }
    Ok(target.into_any())
}

/// How many pairs there must be, and how long a source may be, for their number to be worth knowing.
/// A hostile source has as many separators as bytes, and nothing between them.
const MANY: usize = 43;
const MOST: usize = 1024;
const LONGEST: usize = 64 * 1024;

/// An empty dictionary with room for the pairs, if they are many.
#[inline(never)]
fn roomy<'py>(py: Python<'py>, source: &[u8], separator: u8) -> PyResult<Option<Bound<'py, PyDict>>> {
    if source.len() > LONGEST {
        return Ok(None);
    }
    let count = memchr::memchr_iter(separator, source).count() + 1;
    if !(MANY..=MOST).contains(&count) {
        return Ok(None);
    }
    // SAFETY: the call gives a new dictionary, or null and an exception.
    let made = unsafe { Bound::from_owned_ptr_or_err(py, _PyDict_NewPresized(count.cast_signed()))? };
    Ok(Some(made.cast_into()?))
}

// What PyO3 does not declare; it has been there since Python 3.3, and Cython's modules rely on it.
unsafe extern "C" {
    fn _PyDict_NewPresized(count: ffi::Py_ssize_t) -> *mut ffi::PyObject;
}

/// Appends pairs of strings to a list.
fn append_pairs<K: Piece, V: Piece>(
    list: &Bound<'_, PyList>,
    source: &Source<'_, '_>,
    pairs: impl Iterator<Item = (K, V)>,
) -> PyResult<()> {
    let mut scratch = Vec::new();
    for (key, value) in pairs {
        list.append((key.name(source, &mut scratch)?, value.value(source, &mut scratch)?))?;
    }
    Ok(())
}

/// Puts pairs into `target`, an empty dictionary; whether each has a key of its own.
///
/// PERF: keys seldom come twice, so that is seen by the count rather than by a look-up for each.
#[inline(always)]
fn fill<'py>(
    target: &Bound<'py, PyDict>,
    source: &Source<'_, 'py>,
    pairs: impl Iterator<Item = (impl Piece, impl Piece)>,
) -> PyResult<bool> {
    let mut scratch = Vec::new();
    for (count, (key, value)) in pairs.enumerate() {
        let value = list_of(value.value(source, &mut scratch)?)?;
        target.set_item(key.name(source, &mut scratch)?, value)?;
        if target.len() == count {
            return Ok(false);
        }
    }
    Ok(true)
}

fn fill_carefully<'py>(
    target: &Bound<'py, PyDict>,
    source: &Source<'_, 'py>,
    pairs: impl Iterator<Item = (impl Piece, impl Piece)>,
) -> PyResult<()> {
    let mut scratch = Vec::new();
    for (key, value) in pairs {
        // Where keys come twice, so do values most likely: a hostile header has the same by the
        // hundred thousand, which then are one string.
        let (key, value) = (key.name(source, &mut scratch)?, value.name(source, &mut scratch)?);
        match target.get_item(&key)? {
            Some(values) => values.cast::<PyList>()?.append(value)?,
            None => target.set_item(key, list_of(value)?)?,
        }
    }
    Ok(())
}
