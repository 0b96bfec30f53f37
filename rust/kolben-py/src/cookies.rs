//! `Cookie` and `Set-Cookie`.

use std::ops::Deref;

use kolben_core::header::quote::{self, Part};
use kolben_core::header::{cookie, host};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::text;

/// Calls `take` with the text of a header, and says whether it did. If `tunnelled`, it is UTF-8
/// read as Latin-1, as PEP 3333 has it; what is not raises as `header.encode("latin1").decode()`
/// does. Otherwise, text with lone surrogates is left to Werkzeug.
fn with_text(
    header: &Bound<'_, PyString>,
    tunnelled: bool,
    take: impl FnOnce(&[u8]) -> PyResult<()>,
) -> PyResult<bool> {
    match header.to_str() {
        Ok(text) if !tunnelled || text.is_ascii() => take(text.as_bytes())?,
        Err(_) if !tunnelled => return Ok(false),
        _ => {
            let py = header.py();
            let bytes = header.call_method1(intern!(py, "encode"), (intern!(py, "latin1"),))?;
            let header = bytes.call_method0(intern!(py, "decode"))?;
            take(header.cast::<PyString>()?.to_str()?.as_bytes())?;
        }
    }
    Ok(true)
}

/// Puts the cookies of a header into `target`, an empty multi-dict, past any override of its
/// methods; `False` if only Werkzeug can.
#[pyfunction]
pub(crate) fn fill_cookies(
    target: &Bound<'_, PyDict>,
    header: &Bound<'_, PyString>,
    tunnelled: bool,
) -> PyResult<bool> {
    with_text(header, tunnelled, |header| fill(target, || cookie::pairs(header)))
}

/// Appends the cookies of a header to `target` as pairs; `False` if only Werkzeug can.
#[pyfunction]
pub(crate) fn list_cookies(
    target: &Bound<'_, PyList>,
    header: &Bound<'_, PyString>,
    tunnelled: bool,
) -> PyResult<bool> {
    let py = header.py();
    with_text(header, tunnelled, |header| {
        for (key, value) in cookie::pairs(header) {
            target.append(PyTuple::new(py, [text::name(py, key)?, text::text_of(py, &value)?])?)?;
        }
        Ok(())
    })
}

/// Puts pairs into `target`, an empty multi-dict.
pub(crate) fn fill<I, K, V>(target: &Bound<'_, PyDict>, pairs: impl Fn() -> I) -> PyResult<()>
where
    I: Iterator<Item = (K, V)>,
    K: Deref<Target = [u8]>,
    V: Deref<Target = [u8]>,
{
    let py = target.py();
    for (count, (key, value)) in pairs().enumerate() {
        let value = PyList::new(py, [text::text_of(py, &value)?])?;
        target.set_item(text::name(py, &key)?, value)?;
        // PERF: keys seldom come twice, so that is seen by the count rather than by a look-up
        // for each; then this starts afresh.
        if target.len() == count {
            target.clear();
            return fill_carefully(target, pairs());
        }
    }
    Ok(())
}

fn fill_carefully(
    target: &Bound<'_, PyDict>,
    pairs: impl Iterator<Item = (impl Deref<Target = [u8]>, impl Deref<Target = [u8]>)>,
) -> PyResult<()> {
    let py = target.py();
    for (key, value) in pairs {
        let (key, value) = (text::name(py, &key)?, text::text_of(py, &value)?);
        match target.get_item(&key)? {
            Some(values) => values.cast::<PyList>()?.append(value)?,
            None => target.set_item(key, PyList::new(py, [value])?)?,
        }
    }
    Ok(())
}

/// Writes a `Set-Cookie`. The parameters come with their defaults resolved; `domain` has IDNA
/// applied if it takes that.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "one per attribute of a cookie")]
pub(crate) fn write_cookie<'py>(
    key: &Bound<'py, PyString>,
    value: &Bound<'py, PyString>,
    domain: Option<&Bound<'py, PyString>>,
    expires: Option<&Bound<'py, PyString>>,
    max_age: &Bound<'py, PyAny>,
    secure: &Bound<'py, PyAny>,
    httponly: &Bound<'py, PyAny>,
    path: Option<&Bound<'py, PyString>>,
    samesite: Option<&Bound<'py, PyString>>,
    partitioned: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyString>> {
    let py = key.py();
    let mut out = Vec::with_capacity(128);
    let name = checked("key", key)?;
    if name.is_ascii() {
        out.extend_from_slice(name);
    } else {
        let tunnelled: String = name.iter().copied().map(char::from).collect();
        out.extend_from_slice(tunnelled.as_bytes());
    }
    out.push(b'=');
    cookie::quote(value.to_str()?.as_bytes(), &mut out);
    if let Some(domain) = domain {
        out.extend_from_slice(b"; Domain=");
        out.extend_from_slice(checked("domain", domain)?);
    }
    if let Some(expires) = expires {
        out.extend_from_slice(b"; Expires=");
        out.extend_from_slice(checked("expires", expires)?);
    }
    attribute("Max-Age", max_age, &mut out)?;
    attribute("Secure", secure, &mut out)?;
    attribute("HttpOnly", httponly, &mut out)?;
    if let Some(path) = path {
        out.extend_from_slice(b"; Path=");
        quote::write(checked("path", path)?, Part::CookiePath, &mut out);
    }
    if let Some(samesite) = samesite {
        out.extend_from_slice(b"; SameSite=");
        out.extend_from_slice(samesite.to_str()?.as_bytes());
    }
    attribute("Partitioned", partitioned, &mut out)?;
    text::text_of(py, &out)
}

/// An attribute: left out for `None` and `False`, bare for `True`, else with its value.
fn attribute(name: &str, value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
    let py = value.py();
    if value.is_none() || value.is(false.into_pyobject(py)?) {
        return Ok(());
    }
    out.extend_from_slice(b"; ");
    out.extend_from_slice(name.as_bytes());
    if !value.is(true.into_pyobject(py)?) {
        out.push(b'=');
        out.extend_from_slice(&text::bytes_of(&value.str()?)?);
    }
    Ok(())
}

/// The text of a part, which must not be able to start another header.
fn checked<'a>(part: &str, value: &'a Bound<'_, PyString>) -> PyResult<&'a [u8]> {
    let text = value.to_str()?.as_bytes();
    if text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')) {
        let shown = value.repr()?;
        return Err(PyValueError::new_err(format!(
            "The {part} of a cookie must not contain a carriage return, line feed or null: {shown}"
        )));
    }
    Ok(text)
}

/// Whether a domain can be written as it is.
#[pyfunction]
pub(crate) fn is_plain_domain(domain: &Bound<'_, PyString>) -> bool {
    domain.to_str().is_ok_and(|domain| {
        let name = domain.as_bytes();
        host::is_plain(name) && !name.starts_with(b".") && !name.contains(&b':')
    })
}
