//! Entity tags, and the conditions that are made of them.

use kolben_core::header::etag;
use pyo3::IntoPyObjectExt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyFrozenSet, PyList, PyString, PyTuple};
use smallvec::SmallVec;

use crate::{dates, made, text};

/// Parse ``If-Match`` or ``If-None-Match``.
#[pyfunction]
#[pyo3(signature = (value))]
pub(crate) fn parse_etags<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let known = &made::originals(py)?.etags;
    let class = known.class(py);
    let value = value.map(text::bytes_of).transpose()?.unwrap_or_default();
    if value.is_empty() {
        return class.call0();
    }
    if value.len() == 1 && value.first() == Some(&b'*') {
        return class.call((), Some(&[("star_tag", true)].into_py_dict(py)?));
    }
    let (strong, weak) = tags(py, &value)?;
    match known.bare(py)? {
        Some(made) => {
            let (strong, weak) = (PyFrozenSet::new(py, strong)?, PyFrozenSet::new(py, weak)?);
            made::assign!(made, "_strong" = strong, "_weak" = weak, "star_tag" = false);
            Ok(made)
        }
        None => class.call1((PyList::new(py, strong)?, PyList::new(py, weak)?)),
    }
}

type Tags<'py> = SmallVec<[Bound<'py, PyAny>; 8]>;

/// The strong and the weak tags of a header.
fn tags<'py>(py: Python<'py>, value: &[u8]) -> PyResult<(Tags<'py>, Tags<'py>)> {
    let (mut strong, mut weak) = (Tags::new(), Tags::new());
    for tag in etag::tags(value) {
        // COMPAT: Werkzeug stores an empty tag as `None`; test_an_empty_etag_is_none
        let text = match tag.tag {
            [] => py.None().into_bound(py),
            tag => text::text_of(py, tag)?.into_any(),
        };
        if tag.weak {
            weak.push(text);
        } else {
            strong.push(text);
        }
    }
    Ok((strong, weak))
}

/// Take the quotes off an entity tag.
///
/// :return: the tag and whether it is weak, or ``None`` twice if there is no tag.
#[pyfunction]
#[pyo3(signature = (etag))]
pub(crate) fn unquote_etag<'py>(
    py: Python<'py>,
    etag: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyTuple>> {
    match etag.map(unquoted).transpose()?.flatten() {
        Some((tag, weak)) => (tag, weak).into_pyobject(py),
        None => (py.None(), py.None()).into_pyobject(py),
    }
}

/// A tag without its quotes, and whether it is weak; `None` for an empty text.
fn unquoted<'py>(etag: &Bound<'py, PyString>) -> PyResult<Option<(Bound<'py, PyString>, bool)>> {
    let text = text::bytes_of(etag)?;
    if text.is_empty() {
        return Ok(None);
    }
    let (tag, weak) = etag::unquote(&text);
    let same = tag.len() == text.len() && etag.is_exact_instance_of::<PyString>();
    let tag = if same { etag.clone() } else { text::text_of(etag.py(), tag)? };
    Ok(Some((tag, weak)))
}

/// Parse ``If-Range``, which is a date or an entity tag.
#[pyfunction]
#[pyo3(signature = (value))]
pub(crate) fn parse_if_range_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let known = &made::originals(py)?.if_range;
    let (mut date, mut tag) = (None, None);
    if let Some(value) = value {
        date = Some(dates::parse_date(py, Some(value))?).filter(|date| !date.is_none());
        if date.is_none() {
            tag = unquoted(value)?.map(|(tag, _)| tag);
        }
    }
    match known.bare(py)? {
        Some(made) => {
            made::assign!(made, "etag" = tag, "date" = date);
            Ok(made)
        }
        None => {
            let keywords = [
                (intern!(py, "etag"), tag.into_bound_py_any(py)?),
                (intern!(py, "date"), date.into_bound_py_any(py)?),
            ];
            known.class(py).call((), Some(&keywords.into_py_dict(py)?))
        }
    }
}
