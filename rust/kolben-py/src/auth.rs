//! `Authorization` and `WWW-Authenticate`.

use kolben_core::header::{auth, dict};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::text;

type Credentials<'py> = (Bound<'py, PyString>, Option<Bound<'py, PyDict>>, Option<Bound<'py, PyString>>);

/// The scheme in lower case, the parameters or `None`, the token or `None`. With `basic`, the
/// name and the password of that scheme are its parameters, and the answer is `None` if only
/// Python's base64 can tell what they are.
#[pyfunction]
pub(crate) fn credentials<'py>(
    value: &Bound<'py, PyString>,
    basic: bool,
) -> PyResult<Option<Credentials<'py>>> {
    let py = value.py();
    let value = text::bytes_of(value)?;
    let (scheme, rest) = auth::split(&value);
    let scheme = if scheme.eq_ignore_ascii_case(b"basic") {
        if basic {
            return name_and_password(py, rest);
        }
        pyo3::intern!(py, "basic").clone()
    } else {
        text::name_lower(py, scheme)?
    };
    if !auth::has_parameters(rest) {
        return Ok(Some((scheme, None, Some(text::text_of(py, rest)?))));
    }
    let parameters = PyDict::new(py);
    for (key, value) in dict::entries(rest) {
        let value = value.map(|value| text::text_of(py, &value)).transpose()?;
        parameters.set_item(text::name(py, &key)?, value)?;
    }
    Ok(Some((scheme, Some(parameters), None)))
}

fn name_and_password<'py>(py: Python<'py>, rest: &[u8]) -> PyResult<Option<Credentials<'py>>> {
    let Some(decoded) = auth::decode_base64(rest).and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Ok(None);
    };
    let (name, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
    let parameters = PyDict::new(py);
    parameters.set_item(pyo3::intern!(py, "username"), name)?;
    parameters.set_item(pyo3::intern!(py, "password"), password)?;
    Ok(Some((pyo3::intern!(py, "basic").clone(), Some(parameters), None)))
}
