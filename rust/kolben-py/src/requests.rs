//! Attributes of requests that the core computes without a line of Python.
//!
//! PERF: (benches/apps.py, row `headers`) each of them took a Python function that asked the headers
//! and called the core; now reading one is one call of the core.

use crate::accept::parse_accept_header;
use crate::cookies::parse_decoded_cookie;
use crate::environ_headers::EnvironHeadersCore;
use crate::known::Known;
use crate::lazy::{Lazy, Native};
use crate::made::{self, unstarted};
use crate::text::text_of;
use crate::urls::parse_query;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyType};

/// The classes, as they stand when Kolben is imported.
struct Originals {
    request: Known,
    headers: Known,
    headers_class: Py<PyType>,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

/// What is computed here, by the names of the attributes.
const COMPUTED: [(&str, Native); 8] = [
    ("headers", headers),
    ("query_string", query_string),
    ("path", path),
    ("args", args),
    ("cookies", cookies),
    ("accept_mimetypes", |request| {
        static KEPT: KeptChoices = KeptChoices::new(|held| &held.mime_accept);
        accept(request, intern!(request.py(), "Accept"), &KEPT)
    }),
    ("accept_encodings", |request| {
        static KEPT: KeptChoices = KeptChoices::new(|held| &held.accept);
        accept(request, intern!(request.py(), "Accept-Encoding"), &KEPT)
    }),
    ("accept_languages", |request| {
        static KEPT: KeptChoices = KeptChoices::new(|held| &held.language_accept);
        accept(request, intern!(request.py(), "Accept-Language"), &KEPT)
    }),
];

/// Takes the class of requests, whose lazy attributes the core is to compute, and that of headers.
#[pyfunction]
pub(crate) fn hold_requests(request: &Bound<'_, PyType>, headers: &Bound<'_, PyType>) -> PyResult<()> {
    ORIGINALS.get_or_try_init(request.py(), || {
        Ok::<_, PyErr>(Originals {
            request: Known::of(request, &["headers", "query_string", "_reads_ahead"])?,
            headers: Known::of(headers, &["__init__", "__new__", "__setattr__", "get", "_get_key"])?,
            headers_class: headers.clone().unbind(),
        })
    })?;
    for (name, native) in COMPUTED {
        let attribute = request.getattr(name)?;
        let Ok(lazy) = attribute.cast::<Lazy>() else {
            return Err(PyTypeError::new_err(format!("{name} of requests is no lazy attribute")));
        };
        lazy.get().compute_with(native);
    }
    Ok(())
}

/// What is known, if the class of a request has its attributes of Kolben.
fn originals<'a>(request: &Bound<'a, PyAny>) -> PyResult<Option<&'a Originals>> {
    match ORIGINALS.get(request.py()) {
        Some(originals) if originals.request.is_class_of(request)? => Ok(Some(originals)),
        _ => Ok(None),
    }
}

fn environ<'py>(request: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let environ = request.getattr(intern!(request.py(), "environ"))?;
    Ok(environ.cast_into_exact::<PyDict>().ok())
}

fn headers<'py>(request: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = request.py();
    let (Some(originals), Some(environ)) = (originals(request)?, environ(request)?) else { return Ok(None) };
    let class = originals.headers_class.bind(py);
    if !originals.headers.is_original(class)? {
        return Ok(None);
    }
    let headers = unstarted(class)?;
    headers.cast::<EnvironHeadersCore>()?.get().begin(environ.into_any().unbind());
    Ok(Some(headers))
}

fn query_string<'py>(request: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = request.py();
    let Some(environ) = environ(request)? else { return Ok(None) };
    match environ.get_item(intern!(py, "QUERY_STRING"))? {
        Some(query) => match query.cast_exact::<PyString>().map(|query| query.to_str()) {
            Ok(Ok(query)) if query.is_ascii() => Ok(Some(PyBytes::new(py, query.as_bytes()).into_any())),
            _ => Ok(None),
        },
        None => Ok(None),
    }
}

fn path<'py>(request: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(environ) = environ(request)? else { return Ok(None) };
    let Some(path) = environ.get_item(intern!(request.py(), "PATH_INFO"))? else { return Ok(None) };
    let is_plain = match path.cast_exact::<PyString>().map(|path| path.to_str()) {
        Ok(Ok(path)) => path.is_ascii() && path.starts_with('/') && !path.starts_with("//"),
        _ => false,
    };
    Ok(is_plain.then_some(path))
}

fn args<'py>(request: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = request.py();
    if originals(request)?.is_none() {
        return Ok(None);
    }
    // Somebody may have assigned another.
    let query = request.getattr(intern!(py, "query_string"))?;
    let Ok(query) = query.cast_exact::<PyBytes>() else { return Ok(None) };
    if !query.as_bytes().is_ascii() {
        return Ok(None);
    }
    let class = request.getattr(intern!(py, "parameter_storage_class"))?;
    parse_query(&text_of(py, query.as_bytes())?, Some(&class)).map(Some)
}

fn cookies<'py>(request: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = request.py();
    let Some(cookie) = header(request, intern!(py, "Cookie"))? else { return Ok(None) };
    let cookie = cookie.unwrap_or_else(|| intern!(py, "").clone());
    let class = request.getattr(intern!(py, "dict_storage_class"))?;
    parse_decoded_cookie(py, Some(cookie.as_any()), Some(&class)).map(Some)
}

fn accept<'py>(
    request: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    kept: &KeptChoices,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = request.py();
    let Some(value) = header(request, name)? else { return Ok(None) };
    let known = (kept.class)(made::originals(py)?);
    if let Some(value) = &value
        && let Some(choices) = kept.get(value)?
        && let Some(accept) = known.list(py)?
    {
        accept.set_slice(0, 0, &choices)?;
        made::set_plainly(accept.as_any(), intern!(py, "provided"), true)?;
        return Ok(Some(accept.into_any()));
    }
    let accept = parse_accept_header(py, value.as_ref(), Some(known.class(py).as_any()))?;
    if let (Some(value), Ok(choices)) = (&value, accept.cast::<PyList>())
        && known.makes(known.class(py))?
    {
        kept.keep(value, choices)?;
    }
    Ok(Some(accept))
}

/// The choices of headers that have come lately, in the order of a class.
///
/// PERF: the clients of an app send few different ones, and parsing a browser's takes a tenth of a
/// short request (`make bench-apps`: headers).
struct KeptChoices {
    class: fn(&made::Held) -> &made::Known,
    by_text: PyOnceLock<Py<PyDict>>,
}

impl KeptChoices {
    const MOST: usize = 64;
    const LONGEST: usize = 256;

    const fn new(class: fn(&made::Held) -> &made::Known) -> Self {
        Self { class, by_text: PyOnceLock::new() }
    }

    fn get<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.by_text.get(text.py()) {
            Some(kept) if text.len()? <= Self::LONGEST => kept.bind(text.py()).get_item(text),
            _ => Ok(None),
        }
    }

    fn keep(&self, text: &Bound<'_, PyString>, choices: &Bound<'_, PyList>) -> PyResult<()> {
        let length = text.len()?;
        if length == 0 || length > Self::LONGEST {
            return Ok(());
        }
        let py = text.py();
        let kept = self.by_text.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
        if kept.len() >= Self::MOST {
            // Whoever sends many different ones pays for it.
            kept.clear();
        }
        kept.set_item(text, choices.get_slice(0, choices.len()))
    }
}

/// The text of a header, or that there is none; nothing if that takes the headers' own methods.
#[expect(clippy::option_option, reason = "both have a meaning")]
fn header<'py>(
    request: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Option<Bound<'py, PyString>>>> {
    let py = request.py();
    let Some(originals) = originals(request)? else { return Ok(None) };
    // Somebody may have assigned others.
    let headers = request.getattr(intern!(py, "headers"))?;
    let class = originals.headers_class.bind(py);
    if !headers.get_type().is(class) || !originals.headers.is_original(class)? {
        return Ok(None);
    }
    match EnvironHeadersCore::get(headers.cast()?, name.as_any(), None, None)? {
        None => Ok(Some(None)),
        Some(value) => Ok(value.cast_into_exact::<PyString>().ok().map(Some)),
    }
}
