//! `Authorization` and `WWW-Authenticate`.

use kolben_core::header::{auth, dict};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use crate::{made, text};

type Found<'py> = (Bound<'py, PyString>, Option<Bound<'py, PyDict>>, Option<Bound<'py, PyString>>);

/// The scheme in lower case, the parameters or `None`, the token or `None`.
#[pyfunction]
pub(crate) fn credentials<'py>(value: &Bound<'py, PyString>) -> PyResult<Found<'py>> {
    read(value.py(), &text::bytes_of(value)?)
}

fn read<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Found<'py>> {
    let (scheme, rest) = auth::split(value);
    let scheme = text::name_lower(py, scheme)?;
    if !auth::has_parameters(rest) {
        return Ok((scheme, None, Some(text::text_of(py, rest)?)));
    }
    let parameters = PyDict::new(py);
    for (key, value) in dict::entries(rest) {
        let value = value.map(|value| text::text_of(py, &value)).transpose()?;
        parameters.set_item(text::name(py, &key)?, value)?;
    }
    Ok((scheme, Some(parameters), None))
}

/// Parse ``Authorization``, ``None`` if it is empty or malformed.
#[pyfunction]
#[pyo3(signature = (cls, value))]
pub(crate) fn parse_authorization<'py>(
    cls: &Bound<'py, PyType>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = cls.py();
    let Some(header) = value else {
        return Ok(None);
    };
    let text = text::bytes_of(header)?;
    if text.is_empty() {
        return Ok(None);
    }
    let held = made::originals(py)?;
    let (scheme, rest) = auth::split(&text);
    let basic = scheme.eq_ignore_ascii_case(b"basic");
    let (scheme, parameters, token) = if basic {
        let Some(parameters) = name_and_password(py, rest)? else {
            // Python's base64 knows what is malformed.
            return held.parse_authorization.bind(py).call1((cls, header)).map(Some);
        };
        (intern!(py, "basic").clone(), Some(parameters), None)
    } else {
        read(py, &text)?
    };
    if !held.authorization.makes(cls)? {
        return match parameters {
            Some(parameters) if basic => cls.call1((scheme, parameters)),
            parameters => cls.call1((scheme, parameters, token)),
        }
        .map(Some);
    }
    let made = made::bare(cls)?;
    let parameters = parameters.unwrap_or_else(|| PyDict::new(py));
    made::assign!(made, "type" = scheme, "parameters" = parameters, "token" = token);
    Ok(Some(made))
}

fn name_and_password<'py>(py: Python<'py>, rest: &[u8]) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(decoded) = auth::decode_base64(rest) else {
        return Ok(None);
    };
    let (name, password) = partition(&decoded, b':');
    if std::str::from_utf8(&decoded).is_err() {
        return Ok(None);
    }
    let parameters = PyDict::new(py);
    parameters.set_item(intern!(py, "username"), text::text_of(py, name)?)?;
    parameters.set_item(intern!(py, "password"), text::text_of(py, password)?)?;
    Ok(Some(parameters))
}

fn partition(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let mut parts = text.splitn(2, |byte| *byte == separator);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}
