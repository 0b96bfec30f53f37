//! Headers that are lists: plain ones, sets, dictionaries, parameters.

use std::cell::{Cell, RefCell};

use kolben_core::header::{dict, list, options, quoted};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PySet, PyString, PyTuple};

use crate::{made, text};

/// Splits a list into its elements and takes the quotes off each.
#[pyfunction]
pub(crate) fn parse_list_header<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyList>> {
    let items = PyList::empty(value.py());
    append_items(value, &items)?;
    Ok(items)
}

fn append_items(value: &Bound<'_, PyString>, items: &Bound<'_, PyList>) -> PyResult<()> {
    for item in list::items(&text::bytes_of(value)?) {
        items.append(text::name(value.py(), &quoted::unquote(item))?)?;
    }
    Ok(())
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
    for (key, value) in dict::entries(&text::bytes_of(value)?) {
        let key = text::name(py, &key)?;
        match value {
            Some(value) => target.set_item(key, text::text_of(py, &value)?)?,
            None => target.set_item(key, py.None())?,
        }
    }
    Ok(())
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
    let (items, lowered) = (PyList::empty(py), PySet::empty(py)?);
    let Some(made) = known.bare(py)? else {
        if let Some(value) = value {
            append_items(value, &items)?;
        }
        return known.class(py).call1((items, on_update));
    };
    if let Some(value) = value {
        for item in list::items(&text::bytes_of(value)?) {
            let item = quoted::unquote(item);
            items.append(text::name(py, &item)?)?;
            lowered.add(text::name_lower(py, &item)?)?;
        }
    }
    made::assign!(made, "_headers" = items, "_set" = lowered, "on_update" = on_update);
    Ok(made)
}

/// Splits a value from its parameters.
#[pyfunction]
#[pyo3(signature = (value))]
pub(crate) fn parse_options_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyDict>)> {
    let parameters = PyDict::new(py);
    let Some(value) = value else {
        return Ok((intern!(py, "").clone(), parameters));
    };
    let text = text::bytes_of(value)?;
    let options = options::parse(&text);
    for (key, value) in &options.parameters {
        parameters.set_item(text::name(py, key)?, text::text_of(py, value)?)?;
    }
    let bare = options.value.len() == text.len() && value.is_exact_instance_of::<PyString>();
    let value = if bare { value.clone() } else { text::name(py, options.value)? };
    Ok((value, parameters))
}

/// Puts a value in quotes, unless it is a token and those are allowed.
#[pyfunction]
#[pyo3(signature = (value, allow_token=true))]
pub(crate) fn quote_header_value<'py>(
    value: &Bound<'py, PyAny>,
    allow_token: bool,
) -> PyResult<Bound<'py, PyString>> {
    let value = value.str()?;
    let plain = text::bytes_of(&value)?;
    let mut out = Vec::with_capacity(plain.len() + 2);
    quoted::quote(&plain, allow_token, &mut out);
    if out.len() == plain.len() {
        return Ok(value.clone());
    }
    text::text_of(value.py(), &out)
}

/// Takes the quotes off a value, and the backslashes out of it.
#[pyfunction]
pub(crate) fn unquote_header_value<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyString>> {
    let text = text::bytes_of(value)?;
    let plain = quoted::unquote(&text);
    if plain.len() == text.len() {
        return Ok(value.clone());
    }
    text::text_of(value.py(), &plain)
}

/// Writes a list, or a dictionary as `key=value` pairs, separated by commas.
#[pyfunction]
pub(crate) fn dump_header<'py>(iterable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    let py = iterable.py();
    let mut out = Vec::with_capacity(64);
    if iterable.cast::<PyDict>().is_ok() {
        each_item(iterable, &mut out, |key, value, out| {
            separate(b", ", out);
            match value {
                Some(value) => options::write_parameter(key, value, out),
                None => out.extend_from_slice(key),
            }
        })?;
    } else {
        for item in iterable.try_iter()? {
            separate(b", ", &mut out);
            quoted::quote(&text::bytes_of(&item?.str()?)?, true, &mut out);
        }
    }
    text::text_of(py, &out)
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
    each_item(options, &mut out, |key, value, out| {
        if let Some(value) = value {
            options::write_parameter(key, value, out);
            out.extend_from_slice(b"; ");
        }
    })?;
    out.truncate(out.len().saturating_sub(2));
    text::text_of(py, &out)
}

fn separate(separator: &[u8], out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.extend_from_slice(separator);
    }
}

/// Calls `write` with the key and the value, unless that is `None`, of each item of a mapping.
fn each_item(
    mapping: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(&[u8], Option<&[u8]>, &mut Vec<u8>),
) -> PyResult<()> {
    let start = out.len();
    if let Ok(plain) = mapping.cast_exact::<PyDict>() {
        // PERF: bench dump-options. No list of items as long as reading them runs no Python code,
        // which might change the dictionary.
        let state = RefCell::new((&mut *out, &mut write));
        let odd = Cell::new(false);
        // Locked, where there is no other lock against other threads.
        plain.locked_for_each(|key, value| {
            if !odd.get() {
                let (out, write) = &mut *state.borrow_mut();
                odd.set(write_plainly(&key, &value, out, write)?.is_none());
            }
            Ok(())
        })?;
        if !odd.get() {
            return Ok(());
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
    Ok(())
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
