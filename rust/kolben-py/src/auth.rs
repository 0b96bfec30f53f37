//! `Authorization` and `WWW-Authenticate`.

use kolben_core::header::auth::{self, Base64};
use kolben_core::header::dict;
use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use crate::authorization;
use crate::made;
use crate::pieces::{self, Source};
use crate::text;

type Found<'py> = (Bound<'py, PyString>, Option<Bound<'py, PyDict>>, Option<Bound<'py, PyString>>);

/// The scheme in lower case, the parameters or `None`, the token or `None`.
fn read<'py>(header: &Source<'_, 'py>) -> PyResult<Found<'py>> {
    let (scheme, rest) = auth::split(header.bytes());
    read_rest(header, scheme, rest)
}

fn read_rest<'py>(header: &Source<'_, 'py>, scheme: &[u8], rest: &[u8]) -> PyResult<Found<'py>> {
    let scheme = header.name_lower(scheme)?;
    if !auth::has_parameters(rest) {
        return Ok((scheme, None, Some(header.own_part(rest)?)));
    }
    let parameters = PyDict::new(header.py());
    for (key, value) in dict::entries(rest) {
        let value = value.map(|value| header.part(&value)).transpose()?;
        parameters.set_item(header.name(&key)?, value)?;
    }
    Ok((scheme, Some(parameters), None))
}

/// Parses `Authorization`; `None` if it is empty or malformed.
pub(crate) fn parse_authorization<'py>(
    cls: &Bound<'py, PyType>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(header) = value else {
        return Ok(None);
    };
    if text::is_ascii(header)
        && let Some(token) = auth::bearer_token(header.to_str()?.as_bytes())
    {
        let py = header.py();
        let token = text::ascii(py, token)?;
        return authorization::make(cls, intern!(py, "bearer"), None, Some(token)).map(Some);
    }
    if header.is_empty()? {
        return Ok(None);
    }
    if let Some(scheme) = scheme_alone(header)? {
        return authorization::make(cls, &scheme, None, Some(PyString::new(cls.py(), ""))).map(Some);
    }
    pieces::read(header, |source| {
        let (scheme, rest) = auth::split(source.bytes());
        if scheme.eq_ignore_ascii_case(b"basic") {
            return basic(cls, header, rest);
        }
        let (scheme, parameters, token) = read_rest(source, scheme, rest)?;
        authorization::make(cls, &scheme, parameters, token).map(Some)
    })
}

/// The scheme, in lower case, of a header beyond ASCII that has nothing else.
///
/// PERF: benches/sweep.py, 1 MiB; it need not be masked to see that.
fn scheme_alone<'py>(header: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyString>>> {
    if text::is_ascii(header) || text::contains(header, b' ')? {
        return Ok(None);
    }
    Ok(Some(header.call_method0(intern!(header.py(), "lower"))?.cast_into()?))
}

/// The credentials of a user with a password.
fn basic<'py>(
    cls: &Bound<'py, PyType>,
    header: &Bound<'py, PyString>,
    encoded: &[u8],
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = cls.py();
    if !encoded.is_ascii() {
        // As Python's base64 has it.
        return Err(PyValueError::new_err("string argument should contain only ASCII characters"));
    }
    match auth::decode_base64(encoded) {
        Base64::Bytes(decoded) => name_and_password(cls, &decoded),
        Base64::Invalid => Ok(None),
        Base64::Unsure => made::originals(py)?.parse_authorization.bind(py).call1((cls, header)).map(Some),
    }
}

/// The same of decoded credentials; `None` if they are no UTF-8.
fn name_and_password<'py>(cls: &Bound<'py, PyType>, decoded: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = cls.py();
    if !decoded.is_ascii() && std::str::from_utf8(decoded).is_err() {
        return Ok(None);
    }
    let (name, password) = match memchr::memchr(b':', decoded).and_then(|at| decoded.split_at_checked(at)) {
        Some((name, [_, password @ ..])) => (name, password),
        _ => (decoded, &[][..]),
    };
    authorization::make_basic(cls, text::text_of(py, name)?, text::text_of(py, password)?).map(Some)
}

/// Parse ``WWW-Authenticate``, ``None`` if it is empty.
#[pyfunction]
#[pyo3(signature = (cls, value))]
pub(crate) fn parse_challenge<'py>(
    cls: &Bound<'py, PyType>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = cls.py();
    let Some(value) = value else {
        return Ok(None);
    };
    if value.is_empty()? {
        return Ok(None);
    }
    let held = made::originals(py)?;
    let (scheme, parameters, token) = match scheme_alone(value)? {
        Some(scheme) => (scheme, None, Some(PyString::new(py, ""))),
        None => pieces::read(value, read)?,
    };
    if !held.challenge.makes(cls)? {
        return cls.call1((scheme, parameters, token)).map(Some);
    }
    let made = made::bare(cls)?;
    let on_update = callback(held.challenge_callback.bind(py), &made)?;
    let parameters = match held.callback_dict.dict(py)? {
        Some(target) => {
            if let Some(parameters) = parameters {
                target.update(parameters.as_mapping())?;
            }
            made::assign!(target, "on_update" = on_update);
            target.into_any()
        }
        None => held.callback_dict.class(py).call1((parameters, on_update))?,
    };
    // PERF: bench www-authenticate; `__setattr__` is Python's, and does the same with these.
    made::set_plainly(&made, intern!(py, "_type"), scheme)?;
    made::set_plainly(&made, intern!(py, "_parameters"), parameters)?;
    made::set_plainly(&made, intern!(py, "_token"), token)?;
    made::set_plainly(&made, intern!(py, "_on_update"), py.None())?;
    Ok(Some(made))
}

/// A function like `model`, whose only free variable is `value`.
fn callback<'py>(model: &Bound<'py, PyAny>, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = model.py();
    let (code, globals) =
        (model.getattr(intern!(py, "__code__"))?, model.getattr(intern!(py, "__globals__"))?);
    // SAFETY: all of them are live objects of the types that are asked for, and each call gives a
    // new reference, or null and an exception.
    unsafe {
        let made = Bound::from_owned_ptr_or_err(py, ffi::PyFunction_New(code.as_ptr(), globals.as_ptr()))?;
        let cell = Bound::from_owned_ptr_or_err(py, ffi::PyCell_New(value.as_ptr()))?;
        let cells = PyTuple::new(py, [cell])?;
        if ffi::PyFunction_SetClosure(made.as_ptr(), cells.as_ptr()) != 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(made)
    }
}
