//! Headers that are lists: plain ones, sets, dictionaries, parameters.

use std::cell::{Cell, RefCell};

use kolben_core::header::{dict, list, options, quoted};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PySet, PyString, PyTuple};

use crate::pieces::{self, Source};
use crate::{made, text};

/// Splits a list into its elements and takes the quotes off each.
#[pyfunction]
pub(crate) fn parse_list_header<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyList>> {
    pieces::read(value, |value| {
        let items = PyList::empty(value.py());
        for item in list::items(value.bytes()) {
            items.append(value.name(&quoted::unquote(item))?)?;
        }
        Ok(items)
    })
}

/// Splits a list of `key=value` pairs; a key alone has the value `None`.
#[pyfunction]
pub(crate) fn parse_dict_header<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyDict>> {
    let entries = PyDict::new(value.py());
    fill_dict(&entries, value)?;
    Ok(entries)
}

/// Puts what `parse_dict_header` finds into `target`, past any override of its methods.
pub(crate) fn fill_dict<'py>(target: &Bound<'py, PyDict>, value: &Bound<'py, PyString>) -> PyResult<()> {
    let py = value.py();
    // A second reading puts the same keys into the same places.
    pieces::read(value, |header| {
        for (key, value) in dict::entries(header.bytes()) {
            let key = header.name(&key)?;
            match value {
                Some(value) => target.set_item(key, header.part(&value)?)?,
                None => target.set_item(key, py.None())?,
            }
        }
        Ok(())
    })
}

/// Parse a list whose elements are compared without regard to case.
///
/// :param value: the header.
/// :param `on_update`: called with the result whenever that changes.
#[pyfunction]
#[pyo3(signature = (value, on_update = None))]
pub(crate) fn parse_set_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
    on_update: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let known = &made::originals(py)?.header_set;
    let Some(made) = known.bare(py)? else {
        let items = value.map_or(Ok(PyList::empty(py)), parse_list_header)?;
        return known.class(py).call1((items, on_update));
    };
    let (items, lowered) = match value {
        Some(value) => pieces::read(value, items_and_set)?,
        None => (PyList::empty(py), PySet::empty(py)?),
    };
    made::assign!(made, "_headers" = items, "_set" = lowered, "on_update" = on_update);
    Ok(made)
}

/// The elements of a list, and the set of them in lower case.
fn items_and_set<'py>(value: &Source<'_, 'py>) -> PyResult<(Bound<'py, PyList>, Bound<'py, PySet>)> {
    let py = value.py();
    let (items, lowered) = (PyList::empty(py), PySet::empty(py)?);
    for item in list::items(value.bytes()) {
        let item = quoted::unquote(item);
        items.append(value.name(&item)?)?;
        lowered.add(value.name_lower(&item)?)?;
    }
    Ok((items, lowered))
}

/// Splits a value from its parameters.
#[pyfunction]
#[pyo3(signature = (value))]
pub(crate) fn parse_options_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyDict>)> {
    let Some(value) = value else {
        return Ok((intern!(py, "").clone(), PyDict::new(py)));
    };
    if text::is_worth_a_search(value)? && !text::contains(value, b';')? && is_trimmed(value)? {
        return Ok((value.clone(), PyDict::new(py)));
    }
    pieces::read(value, |header| {
        let parameters = PyDict::new(py);
        let options = options::parse(header.bytes());
        for (key, value) in &options.parameters {
            parameters.set_item(header.name(key)?, header.part(value)?)?;
        }
        let bare = options.value.len() == header.bytes().len() && value.is_exact_instance_of::<PyString>();
        let value = if bare { value.clone() } else { header.name(options.value)? };
        Ok((value, parameters))
    })
}

/// Whether no space and no tab is at either end, as far as two characters tell, of a plain `str`.
fn is_trimmed(value: &Bound<'_, PyString>) -> PyResult<bool> {
    let blank = |point: &u32| *point == u32::from(b' ') || *point == u32::from(b'\t');
    let ends = text::ends(value)?.filter(|_| value.is_exact_instance_of::<PyString>());
    Ok(ends.is_some_and(|ends| !ends.iter().any(blank)))
}

/// Puts a value in quotes, unless it is a token and those are allowed.
#[pyfunction]
#[pyo3(signature = (value, allow_token=true))]
pub(crate) fn quote_header_value<'py>(
    value: &Bound<'py, PyAny>,
    allow_token: bool,
) -> PyResult<Bound<'py, PyString>> {
    let value = value.str()?;
    if is_long(value.as_any())? {
        // It is no token, for it is not ASCII.
        if let Some(quoted) = text::in_quotes(&value)? {
            return Ok(quoted);
        }
        let py = value.py();
        let quote = made::originals(py)?.quote_header_value.bind(py);
        return Ok(quote.call1((value, allow_token))?.cast_into()?);
    }
    let plain = text::bytes_of(&value)?;
    let mut out = Vec::with_capacity(plain.len() + 2);
    quoted::quote(&plain, allow_token, &mut out);
    if out.len() == plain.len() {
        return Ok(value.clone());
    }
    text::text_of(value.py(), &out)
}

/// Whether a value is text beyond ASCII and long, so that decoding it would be what takes the time:
/// Python writes it without (benches/sweep.py).
fn is_long(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match value.cast_exact::<PyString>() {
        Ok(value) if !text::is_ascii(value) => Ok(value.len()? > 16 || text::has_surrogates(value)?),
        _ => Ok(false),
    }
}

/// Takes the quotes off a value, and the backslashes out of it.
#[pyfunction]
pub(crate) fn unquote_header_value<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyString>> {
    if text::ends(value)? != Some([u32::from(b'"'); 2]) {
        return Ok(value.clone());
    }
    pieces::read(value, |value| value.part(&quoted::unquote(value.bytes())))
}

/// Writes a list, or a dictionary as `key=value` pairs, separated by commas.
#[pyfunction]
pub(crate) fn dump_header<'py>(iterable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    let py = iterable.py();
    let mut out = Vec::with_capacity(64);
    let written = if iterable.cast::<PyDict>().is_ok() {
        each_item(iterable, &mut out, |key, value, out| {
            separate(b", ", out);
            match value {
                Some(value) => options::write_parameter(key, value, out),
                None => out.extend_from_slice(key),
            }
        })?
    } else {
        let again = iterable.cast_exact::<PyList>().is_ok();
        write_list(iterable, again, &mut out)?
    };
    if written {
        return text::text_of(py, &out);
    }
    if let Ok(items) = iterable.cast_exact::<PyList>() {
        let texts = PyList::empty(py);
        for item in items {
            texts.append(quote_header_value(&item, true)?)?;
        }
        return text::joined(", ", &texts);
    }
    let texts = PyList::empty(py);
    if append_items(iterable, &texts, true)? {
        return text::joined(", ", &texts);
    }
    Ok(made::originals(py)?.dump_header.bind(py).call1((iterable,))?.cast_into()?)
}

/// Appends the items of a plain dictionary as texts, keys without a value only if `bare`. It says
/// whether it did: keys that are no text are left to Werkzeug.
fn append_items(mapping: &Bound<'_, PyAny>, texts: &Bound<'_, PyList>, bare: bool) -> PyResult<bool> {
    let py = mapping.py();
    let items = mapping.cast::<PyDict>()?.items();
    if !items.iter().all(|item| item.get_item(0).is_ok_and(|key| key.cast_exact::<PyString>().is_ok())) {
        return Ok(false);
    }
    for item in items {
        let (key, value) = (item.get_item(0)?.cast_into::<PyString>()?, item.get_item(1)?);
        if value.is_none() {
            if bare {
                texts.append(key)?;
            }
            continue;
        }
        let starred = match text::ends(&key)? {
            Some([_, last]) => last == u32::from(b'*'),
            None => key == "*",
        };
        let value = if starred { value.str()? } else { quote_header_value(&value, true)? };
        texts.append(text::concat(&text::concat(&key, intern!(py, "="))?, &value)?)?;
    }
    Ok(true)
}

/// Writes the items of an iterable. It says whether it did: one that may be read `again` is left to
/// Werkzeug if an item is long.
fn write_list(iterable: &Bound<'_, PyAny>, again: bool, out: &mut Vec<u8>) -> PyResult<bool> {
    for item in iterable.try_iter()? {
        let item = item?;
        if again && is_long(&item)? {
            return Ok(false);
        }
        separate(b", ", out);
        quoted::quote(&text::bytes_of(&item.str()?)?, true, out);
    }
    Ok(true)
}

/// Writes a value and its parameters, separated by semicolons.
#[pyfunction]
#[pyo3(signature = (header, options))]
pub(crate) fn dump_options_header<'py>(
    header: Option<&Bound<'py, PyString>>,
    options: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyString>> {
    let py = options.py();
    let mut out = Vec::with_capacity(64);
    if let Some(header) = header {
        out.extend_from_slice(&text::bytes_of(header)?);
        // An empty header has its semicolon too.
        out.extend_from_slice(b"; ");
    }
    let written = each_item(options, &mut out, |key, value, out| {
        if let Some(value) = value {
            options::write_parameter(key, value, out);
            out.extend_from_slice(b"; ");
        }
    })?;
    if !written {
        let texts = PyList::empty(py);
        if let Some(header) = header {
            texts.append(header)?;
        }
        if append_items(options, &texts, false)? {
            return text::joined("; ", &texts);
        }
        let dump = made::originals(py)?.dump_options_header.bind(py);
        return Ok(dump.call1((header, options))?.cast_into()?);
    }
    out.truncate(out.len().saturating_sub(2));
    text::text_of(py, &out)
}

fn separate(separator: &[u8], out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.extend_from_slice(separator);
    }
}

/// Calls `write` with the key and the value, unless that is `None`, of each item of a mapping. It says
/// whether it did: a plain dictionary with a long value is left to Werkzeug.
fn each_item(
    mapping: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(&[u8], Option<&[u8]>, &mut Vec<u8>),
) -> PyResult<bool> {
    let start = out.len();
    if let Ok(plain) = mapping.cast_exact::<PyDict>() {
        // PERF: bench dump-options. No list of items as long as reading them runs no Python code,
        // which might change the dictionary.
        let state = RefCell::new((&mut *out, &mut write));
        let (odd, long) = (Cell::new(false), Cell::new(false));
        // Locked, where there is no other lock against other threads.
        plain.locked_for_each(|key, value| {
            if !odd.get() {
                let (out, write) = &mut *state.borrow_mut();
                long.set(is_long(&value)?);
                odd.set(long.get() || write_plainly(&key, &value, out, write)?.is_none());
            }
            Ok(())
        })?;
        if !odd.get() || long.get() {
            return Ok(!long.get());
        }
        out.truncate(start);
    }
    for item in mapping.call_method0(intern!(mapping.py(), "items"))?.try_iter()? {
        let item = item?;
        let item = item.cast::<PyTuple>()?;
        let (key, value) = (item.get_item(0)?, item.get_item(1)?);
        let key = text::bytes_of(key.cast::<PyString>()?)?;
        if value.is_none() {
            write(&key, None, out);
        } else {
            write(&key, Some(&text::bytes_of(&value.str()?)?), out);
        }
    }
    Ok(true)
}

/// Writes an item of plain text, `None` or a plain number; `None` if it is none of these.
fn write_plainly(
    key: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    write: &mut impl FnMut(&[u8], Option<&[u8]>, &mut Vec<u8>),
) -> PyResult<Option<()>> {
    let Some(Ok(key)) = key.cast_exact::<PyString>().ok().map(|key| key.to_str()) else {
        return Ok(None);
    };
    let key = key.as_bytes();
    if value.is_none() {
        write(key, None, out);
    } else if let Ok(value) = value.cast_exact::<PyString>() {
        let Ok(value) = value.to_str() else {
            return Ok(None);
        };
        write(key, Some(value.as_bytes()), out);
    } else if value.cast_exact::<PyInt>().is_ok() {
        write(key, Some(value.str()?.to_str()?.as_bytes()), out);
    } else {
        return Ok(None);
    }
    Ok(Some(()))
}
