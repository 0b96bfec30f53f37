//! `Range`, `Content-Range` and the length of a body.

use kolben_core::header::range::{self, Error};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::text;

/// What a malformed header gives, or one with numbers that only Python can count.
fn refuse(py: Python<'_>, error: Error) -> Bound<'_, PyAny> {
    match error {
        Error::Invalid => py.None().into_bound(py),
        Error::Huge => py.NotImplemented().into_bound(py),
    }
}

/// The unit and the list of start and stop; `None` if malformed, `NotImplemented` if huge.
#[pyfunction]
pub(crate) fn read_range<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let value = text::bytes_of(value)?;
    let found = match range::parse(&value) {
        Ok(found) => found,
        Err(error) => return Ok(refuse(py, error)),
    };
    let unit = text::name_lower(py, found.unit)?;
    Ok((unit, PyList::new(py, found.spans)?).into_pyobject(py)?.into_any())
}

/// Unit, start, stop and length; `None` if malformed, `NotImplemented` if huge.
#[pyfunction]
pub(crate) fn read_content_range<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let value = text::bytes_of(value)?;
    let found = match range::parse_content(&value) {
        Ok(found) => found,
        Err(error) => return Ok(refuse(py, error)),
    };
    let (start, stop) = found.span.unzip();
    let unit = text::name(py, found.unit)?;
    Ok((unit, start, stop, found.length).into_pyobject(py)?.into_any())
}

/// The value of a `Content-Length`, zero if it is malformed or negative; `NotImplemented` if huge.
#[pyfunction]
pub(crate) fn read_length<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let length = match range::integer(&text::bytes_of(value)?) {
        Ok(length) => length.max(0),
        Err(Error::Invalid) => 0,
        Err(Error::Huge) => return Ok(refuse(py, Error::Huge)),
    };
    Ok(length.into_pyobject(py)?.into_any())
}
