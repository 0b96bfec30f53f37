//! `Range`, `Content-Range` and the length of a body.

use kolben_core::header::range::{self, Error};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::{made, text};

/// Parse ``Range``, ``None`` if it is malformed or, unlike Werkzeug, has over 100 ranges.
///
/// :param value: the header.
/// :param `make_inclusive`: without effect, as in Werkzeug.
#[pyfunction]
#[pyo3(signature = (value, make_inclusive = None), text_signature = "(value, make_inclusive=True)")]
pub(crate) fn parse_range_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
    make_inclusive: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let _ = make_inclusive;
    let Some(header) = value else {
        return Ok(None);
    };
    let held = made::originals(py)?;
    let text = text::bytes_of(header)?;
    let found = match range::parse(&text) {
        Ok(found) => found,
        Err(Error::Invalid) => return Ok(None),
        // Only Python can count so far.
        Err(Error::Huge) => return held.parse_range.bind(py).call1((header,)).map(Some),
    };
    let (unit, ranges) = (text::name_lower(py, found.unit)?, PyList::new(py, found.spans)?);
    let Some(made) = held.range.bare(py)? else {
        return held.range.class(py).call1((unit, ranges)).map(Some);
    };
    made::assign!(made, "units" = unit, "ranges" = ranges);
    Ok(Some(made))
}

/// Parse ``Content-Range``, ``None`` if it is malformed.
///
/// :param value: the header.
/// :param `on_update`: called with the result at once and whenever that changes.
#[pyfunction]
#[pyo3(signature = (value, on_update = None))]
pub(crate) fn parse_content_range_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
    on_update: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(header) = value else {
        return Ok(None);
    };
    let held = made::originals(py)?;
    let text = text::bytes_of(header)?;
    let found = match range::parse_content(&text) {
        Ok(found) => found,
        Err(Error::Invalid) => return Ok(None),
        Err(Error::Huge) => {
            return held.parse_content_range.bind(py).call1((header, on_update)).map(Some);
        }
    };
    let (unit, (start, stop)) = (text::name(py, found.unit)?, found.span.unzip());
    let Some(made) = held.content_range.bare(py)? else {
        let class = held.content_range.class(py);
        return class.call1((unit, start, stop, found.length, on_update)).map(Some);
    };
    made::assign!(
        made,
        "on_update" = on_update,
        "_units" = unit,
        "_start" = start,
        "_stop" = stop,
        "_length" = found.length,
    );
    if let Some(on_update) = on_update {
        on_update.call1((&made,))?;
    }
    Ok(Some(made))
}

/// The value of a `Content-Length`, zero if it is malformed or negative; `NotImplemented` if huge.
#[pyfunction]
pub(crate) fn read_length<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let length = match range::integer(&text::bytes_of(value)?) {
        Ok(length) => length.max(0),
        Err(Error::Invalid) => 0,
        Err(Error::Huge) => return Ok(py.NotImplemented().into_bound(py)),
    };
    Ok(length.into_pyobject(py)?.into_any())
}
