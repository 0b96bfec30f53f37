//! `Range`, `Content-Range` and the length of a body.

use kolben_core::header::range::{self, Content, Error};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString};

use crate::{lists, made, pieces, text};

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
    // PERF: benches/sweep.py.
    if text::is_worth_a_search(header)? && !text::contains(header, b'=')? {
        return Ok(None);
    }
    let held = made::originals(py)?;
    pieces::read(header, |source| {
        let found = match range::parse(source.bytes()) {
            Ok(found) => found,
            Err(Error::Invalid) => return Ok(None),
            // Only Python can count so far.
            Err(Error::Huge) => return held.parse_range.bind(py).call1((header,)).map(Some),
        };
        let (unit, ranges) = (source.name_lower(found.unit)?, PyList::new(py, found.spans)?);
        let Some(made) = held.range.bare(py)? else {
            return held.range.class(py).call1((unit, ranges)).map(Some);
        };
        made::assign!(made, "units" = unit, "ranges" = ranges);
        Ok(Some(made))
    })
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
    if text::is_worth_a_search(header)? && !(text::contains(header, b'/')? && text::contains(header, b' ')?) {
        return Ok(None);
    }
    let held = made::originals(py)?;
    pieces::read(header, |source| {
        let found = match range::parse_content(source.bytes()) {
            Ok(found) => found,
            Err(Error::Invalid) => return Ok(None),
            Err(Error::Huge) => {
                return held.parse_content_range.bind(py).call1((header, on_update)).map(Some);
            }
        };
        content_range(source.name(found.unit)?, &found, on_update).map(Some)
    })
}

fn content_range<'py>(
    unit: Bound<'py, PyString>,
    found: &Content<'_>,
    on_update: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = unit.py();
    let known = &made::originals(py)?.content_range;
    let (start, stop) = found.span.unzip();
    let Some(made) = known.bare(py)? else {
        return known.class(py).call1((unit, start, stop, found.length, on_update));
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
    Ok(made)
}

/// Give the length of a body: ``None`` if it is chunked or not stated, 0 if it is malformed.
///
/// :param `http_content_length`: the ``Content-Length`` header.
/// :param `http_transfer_encoding`: the ``Transfer-Encoding`` header.
#[pyfunction]
#[pyo3(signature = (http_content_length = None, http_transfer_encoding = None))]
pub(crate) fn get_content_length<'py>(
    py: Python<'py>,
    http_content_length: Option<&Bound<'py, PyString>>,
    http_transfer_encoding: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(value) = http_content_length else {
        return Ok(py.None().into_bound(py));
    };
    if let Some(encoding) = http_transfer_encoding
        && lists::parse_set_header(py, Some(encoding), None)?.contains(intern!(py, "chunked"))?
    {
        return Ok(py.None().into_bound(py));
    }
    let ascii = if text::is_ascii(value) { value.to_str()? } else { "" };
    match range::integer(ascii.as_bytes()) {
        Ok(length) => Ok(length.max(0).into_pyobject(py)?.into_any()),
        Err(Error::Invalid) => Ok(0_u8.into_pyobject(py)?.into_any()),
        Err(Error::Huge) => huge_length(value),
    }
}

/// A length that only Python can count to, or refuses to read for its length.
fn huge_length<'py>(digits: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = digits.py();
    match py.get_type::<PyInt>().call1((digits,)) {
        Ok(length) if length.gt(0)? => Ok(length),
        Err(error) if !error.is_instance_of::<PyValueError>(py) => Err(error),
        _ => Ok(0_u8.into_pyobject(py)?.into_any()),
    }
}
