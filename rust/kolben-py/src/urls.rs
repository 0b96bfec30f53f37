//! Query strings, URLs and hosts.

use kolben_core::header::{host, iri, query};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::multi_dict::multi_dict;
use crate::{made, pieces, text};

/// Parse a query string or an urlencoded form. Blank values are kept, and so are encoded bytes
/// that are no UTF-8, as they are.
///
/// :param query: the text.
/// :param cls: the class of the result, :class:`~werkzeug.datastructures.MultiDict` by default.
#[pyfunction]
#[pyo3(signature = (query, cls = None))]
pub(crate) fn parse_query<'py>(
    query: &Bound<'py, PyString>,
    cls: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    pieces::read_query(query, |query| {
        let bytes = query.bytes();
        // PERF: benches query-2 and urlencoded-100; then there is nothing to look for in each part.
        if query::is_plain(bytes) {
            return multi_dict(cls, query, b'&', || query::plain_pairs(bytes));
        }
        multi_dict(cls, query, b'&', || query::pairs(bytes))
    })
}

/// Writes an iterable of pairs as a query string; pairs whose value is `None` are left out.
#[pyfunction]
pub(crate) fn write_query<'py>(pairs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    let mut out = Vec::new();
    for pair in pairs.try_iter()? {
        let pair = pair?;
        let (name, value) = (pair.get_item(0)?, pair.get_item(1)?);
        if value.is_none() {
            continue;
        }
        if !out.is_empty() {
            out.push(b'&');
        }
        write_part(&name, &mut out)?;
        out.push(b'=');
        write_part(&value, &mut out)?;
    }
    text::text_of(pairs.py(), &out)
}

fn write_part(part: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
    if let Ok(bytes) = part.cast::<PyBytes>() {
        query::write(bytes.as_bytes(), out);
    } else {
        query::write(text::encoded(&part.str()?)?, out);
    }
    Ok(())
}

/// Percent-encode what a URI may not hold, and apply IDNA to the host.
#[pyfunction]
pub(crate) fn iri_to_uri<'py>(iri: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = iri.py();
    match text::plain(iri)?.and_then(|text| iri::to_uri(text.as_bytes())) {
        Some(uri) => Ok(text::text_of(py, &uri)?.into_any()),
        // That takes more than percent-encoding.
        None => made::originals(py)?.iri_to_uri.bind(py).call1((iri,)),
    }
}

/// Decode of a URI what does not change its meaning, and take IDNA off the host.
#[pyfunction]
pub(crate) fn uri_to_iri<'py>(uri: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = uri.py();
    match text::plain(uri)?.and_then(|text| iri::from_uri(text.as_bytes())) {
        Some(iri) => Ok(text::text_of(py, &iri)?.into_any()),
        // That takes more than percent-decoding.
        None => made::originals(py)?.uri_to_iri.bind(py).call1((uri,)),
    }
}

/// The IRI of a request; `None` if it takes more than percent-encoding.
#[pyfunction]
#[pyo3(signature = (scheme, host, root_path, path, query_string))]
pub(crate) fn plain_request_iri<'py>(
    scheme: &Bound<'py, PyString>,
    host: &Bound<'py, PyString>,
    root_path: Option<&Bound<'py, PyString>>,
    path: Option<&Bound<'py, PyString>>,
    query_string: Option<&Bound<'py, PyBytes>>,
) -> PyResult<Option<Bound<'py, PyString>>> {
    let mut url = Vec::with_capacity(128);
    for part in [scheme.to_str()?, "://", host.to_str()?] {
        url.extend_from_slice(part.as_bytes());
    }
    match root_path {
        Some(root) => {
            let path = path.map(|path| path.to_str()).transpose()?.map(str::as_bytes);
            let query = query_string.map(PyBytesMethods::as_bytes).unwrap_or_default();
            iri::request_url(root.to_str()?.as_bytes(), path, query, &mut url);
        }
        None => url.push(b'/'),
    }
    iri::from_uri(&url).map(|iri| text::text_of(scheme.py(), &iri)).transpose()
}

/// Whether a host is valid and, if any are given, one of the trusted ones; `None` if that takes
/// IDNA or another kind of collection to say.
#[pyfunction]
#[pyo3(signature = (host, trusted))]
pub(crate) fn is_host_trusted<'py>(
    host: &Bound<'py, PyString>,
    trusted: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<bool>> {
    if !text::is_ascii(host) {
        return Ok(Some(false));
    }
    let host = text::bytes_of(host)?;
    let Some(name) = host::name(&host) else {
        return Ok(Some(false));
    };
    let Some(trusted) = trusted else {
        return Ok(Some(true));
    };
    for reference in trusted.try_iter()? {
        let reference = reference?;
        let covered = match reference.cast::<PyString>() {
            Ok(reference) => host::is_covered(name, &text::bytes_of(reference)?),
            Err(_) => None,
        };
        match covered {
            Some(true) => return Ok(Some(true)),
            Some(false) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(false))
}
