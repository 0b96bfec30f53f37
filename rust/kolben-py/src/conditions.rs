//! Entity tags, and the conditions that are made of them.

use kolben_core::header::etag::{self, Tag};
use pyo3::IntoPyObjectExt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::frozenset::PyFrozenSetBuilder;
use pyo3::types::{IntoPyDict, PyList, PyString, PyTuple};

use crate::dates;
use crate::made::{self, Known};
use crate::pieces::{self, Source};

/// Parse ``If-Match`` or ``If-None-Match``.
#[pyfunction]
#[pyo3(signature = (value))]
pub(crate) fn parse_etags<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let known = &made::originals(py)?.etags;
    let class = known.class(py);
    let Some(value) = value.filter(|value| value.is_truthy().unwrap_or(true)) else {
        return class.call0();
    };
    pieces::read(value, |header| match header.bytes() {
        b"*" => class.call((), Some(&[("star_tag", true)].into_py_dict(py)?)),
        _ => tags(header, known),
    })
}

fn tags<'py>(header: &Source<'_, 'py>, known: &Known) -> PyResult<Bound<'py, PyAny>> {
    let py = header.py();
    if let Some(made) = known.bare(py)? {
        let (mut strong, mut weak) = (PyFrozenSetBuilder::new(py)?, PyFrozenSetBuilder::new(py)?);
        for tag in etag::tags(header.bytes()) {
            let tags = if tag.weak { &mut weak } else { &mut strong };
            tags.add(tag_text(header, tag)?)?;
        }
        made::assign!(made, "_strong" = strong.finalize(), "_weak" = weak.finalize(), "star_tag" = false);
        return Ok(made);
    }
    let (strong, weak) = (PyList::empty(py), PyList::empty(py));
    for tag in etag::tags(header.bytes()) {
        let tags = if tag.weak { &weak } else { &strong };
        tags.append(tag_text(header, tag)?)?;
    }
    known.class(py).call1((strong, weak))
}

/// A tag as Werkzeug stores it.
fn tag_text<'py>(header: &Source<'_, 'py>, tag: Tag<'_>) -> PyResult<Bound<'py, PyAny>> {
    match tag.tag {
        // COMPAT: an empty one is `None`; test_an_empty_etag_is_none
        [] => Ok(header.py().None().into_bound(header.py())),
        tag => Ok(header.part(tag)?.into_any()),
    }
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
    pieces::read(etag, |header| {
        if header.bytes().is_empty() {
            return Ok(None);
        }
        let (tag, weak) = etag::unquote(header.bytes());
        Ok(Some((header.part(tag)?, weak)))
    })
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
