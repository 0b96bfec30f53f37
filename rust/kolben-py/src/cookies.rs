//! `Cookie` and `Set-Cookie`.

use kolben_core::header::quote::{self, Part};
use kolben_core::header::{cookie, host};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::made;
use crate::multi_dict::multi_dict;
use crate::pieces::{self, Source};
use crate::text;

/// What `take` makes of the text of a header. If `tunnelled`, it is UTF-8 read as Latin-1, as PEP
/// 3333 has it; what is not raises as `header.encode("latin1").decode()` does. Otherwise, text with
/// lone surrogates is left to Werkzeug: `None`.
fn with_text<'py, R>(
    header: &Bound<'py, PyString>,
    tunnelled: bool,
    take: impl Fn(&Source<'_, 'py>) -> PyResult<R>,
) -> PyResult<Option<R>> {
    if tunnelled && !text::is_ascii(header) {
        let py = header.py();
        let bytes = header.call_method1(intern!(py, "encode"), (intern!(py, "latin1"),))?;
        let header = bytes.call_method0(intern!(py, "decode"))?.cast_into::<PyString>()?;
        return pieces::read(&header, take).map(Some);
    }
    if !text::is_ascii(header) && text::has_surrogates(header)? {
        return Ok(None);
    }
    pieces::read(header, take).map(Some)
}

/// Parse ``Cookie``. The first value of a key that comes twice comes first.
///
/// :param header: the header as WSGI hands it on, UTF-8 read as Latin-1, or the environ.
/// :param cls: the class of the result, :class:`~werkzeug.datastructures.MultiDict` by default.
#[pyfunction]
#[pyo3(signature = (header, cls = None))]
pub(crate) fn parse_cookie<'py>(
    py: Python<'py>,
    header: &Bound<'py, PyAny>,
    cls: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let header = made::header_of(header, intern!(py, "HTTP_COOKIE"))?;
    match parse(&header, cls, true)? {
        Some(cookies) => Ok(cookies),
        None => made::originals(py)?.parse_decoded_cookie.bind(py).call1((header, cls)),
    }
}

/// Parse a ``Cookie`` that is text already; ``werkzeug.sansio.http.parse_cookie``.
#[pyfunction]
#[pyo3(signature = (cookie = None, cls = None))]
pub(crate) fn parse_decoded_cookie<'py>(
    py: Python<'py>,
    cookie: Option<&Bound<'py, PyAny>>,
    cls: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(cookie) = cookie {
        return match parse(cookie, cls, false)? {
            Some(cookies) => Ok(cookies),
            // Lone surrogates: Werkzeug knows what to raise and when.
            None => made::originals(py)?.parse_decoded_cookie.bind(py).call1((cookie, cls)),
        };
    }
    made::multi_dict_class(py, cls)?.call0()
}

/// The cookies of a header in a multi-dict; `None` if only Werkzeug can tell.
fn parse<'py>(
    header: &Bound<'py, PyAny>,
    class: Option<&Bound<'py, PyAny>>,
    tunnelled: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = header.py();
    let header = match header.cast::<PyString>() {
        Ok(header) if header.len()? > 0 => header,
        _ if !header.is_truthy()? => return made::multi_dict_class(py, class)?.call0().map(Some),
        header => header?,
    };
    with_text(header, tunnelled, |header| multi_dict(class, header, b';', || cookie::pairs(header.bytes())))
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
    // A key beyond ASCII is UTF-8 read as Latin-1, and goes before the rest.
    if name.is_ascii() {
        out.extend_from_slice(name);
    }
    out.push(b'=');
    cookie::quote(text::encoded(value)?, &mut out);
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
    if name.is_ascii() {
        return text::text_of(py, &out);
    }
    if out.is_ascii() {
        return text::latin1_and_ascii(py, name, &out);
    }
    text::concat(&text::latin1(py, name)?, &text::text_of(py, &out)?)
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
    let text = text::encoded(value)?;
    if memchr::memchr3(b'\r', b'\n', 0, text).is_some() {
        let shown = text::shown(value)?;
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
