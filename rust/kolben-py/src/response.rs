//! Responses that are a text and little else: begun without headers, and sent in one go.

use crate::known::{Known, own_dict};
use crate::made::bare;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString, PyTuple, PyType};

/// What this uses of Python, as it stands when `kolben.messages` is imported.
struct Originals {
    response: Known,
    construction: Known,
    call: Known,
    headers: Py<PyType>,
    /// The status line of a response that has set none.
    usual_status: Py<PyAny>,
    /// Status codes to status lines.
    lines: Py<PyDict>,
    /// Mimetypes to content types.
    content_types: Py<PyDict>,
    /// Mimetypes to headers.
    type_headers: Py<PyDict>,
    /// Lengths of bodies to headers.
    length_headers: [PyOnceLock<Py<PyTuple>>; 1024],
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

/// Takes the classes, and the tables that this looks into.
#[pyfunction]
pub(crate) fn hold_responses(
    response: &Bound<'_, PyType>,
    headers: Bound<'_, PyType>,
    lines: Bound<'_, PyDict>,
    content_types: Bound<'_, PyDict>,
) -> PyResult<()> {
    ORIGINALS.get_or_try_init(response.py(), || {
        Ok::<_, PyErr>(Originals {
            response: Known::of(response, PASSED_BY)?,
            construction: Known::of(response, &["__init__", "__new__"])?,
            call: Known::of(response, &["__call__"])?,
            headers: headers.unbind(),
            usual_status: response.getattr("_status")?.unbind(),
            lines: lines.unbind(),
            content_types: content_types.unbind(),
            type_headers: PyDict::new(response.py()).unbind(),
            length_headers: [const { PyOnceLock::new() }; 1024],
        })
    })?;
    Ok(())
}

/// What beginning and sending a plain response goes past.
const PASSED_BY: &[&str] = &[
    "__setattr__",
    "_clean_status",
    "_first_headers",
    "_length",
    "_mimetype",
    "_status",
    "_status_code",
    "automatically_set_content_length",
    "call_on_close",
    "close",
    "default_status",
    "direct_passthrough",
    "get_app_iter",
    "get_wsgi_headers",
    "get_wsgi_response",
    "headers",
    "is_sequence",
    "iter_encoded",
    "set_data",
    "status",
    "status_code",
];

fn originals(py: Python<'_>) -> PyResult<&Originals> {
    ORIGINALS.get(py).ok_or_else(|| PyRuntimeError::new_err("import kolben.messages before you use its core"))
}

/// Set what a response with a plain body begins with; false if that takes the whole constructor.
///
/// The headers follow when somebody reads them.
#[pyfunction]
#[pyo3(signature = (response, body, status, headers, mimetype, content_type, direct_passthrough, /))]
pub(crate) fn begin_response(
    response: &Bound<'_, PyAny>,
    body: Option<&Bound<'_, PyAny>>,
    status: Option<&Bound<'_, PyAny>>,
    headers: Option<&Bound<'_, PyAny>>,
    mimetype: Option<&Bound<'_, PyAny>>,
    content_type: Option<&Bound<'_, PyAny>>,
    direct_passthrough: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let originals = originals(response.py())?;
    let Some(body) = body else { return Ok(false) };
    if headers.is_some() || content_type.is_some() || !is_false(direct_passthrough) {
        return Ok(false);
    }
    if !originals.response.is_class_of(response)? {
        return Ok(false);
    }
    begin(originals, response, body, status, mimetype)
}

/// Make a response of `class` with a plain body; `None` if that takes a call of the class.
#[pyfunction]
#[pyo3(signature = (class, body, status, mimetype=None, /))]
pub(crate) fn make_plain_response<'py>(
    class: &Bound<'py, PyAny>,
    body: &Bound<'py, PyAny>,
    status: Option<&Bound<'py, PyAny>>,
    mimetype: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let originals = originals(class.py())?;
    let Ok(class) = class.cast::<PyType>() else { return Ok(None) };
    if !originals.response.is_original(class)? || !originals.construction.is_original(class)? {
        return Ok(None);
    }
    let response = bare(class)?;
    Ok(begin(originals, &response, body, status, mimetype)?.then_some(response))
}

#[inline]
fn begin(
    originals: &Originals,
    response: &Bound<'_, PyAny>,
    body: &Bound<'_, PyAny>,
    status: Option<&Bound<'_, PyAny>>,
    mimetype: Option<&Bound<'_, PyAny>>,
) -> PyResult<bool> {
    let py = response.py();
    let bytes = if let Ok(text) = body.cast_exact::<PyString>() {
        match text.to_str() {
            Ok(text) => PyBytes::new(py, text.as_bytes()),
            // A lone surrogate: Python says so.
            Err(_) => return Ok(false),
        }
    } else if let Ok(bytes) = body.cast_exact::<PyBytes>() {
        bytes.clone()
    } else {
        return Ok(false);
    };
    if mimetype.is_some_and(|mimetype| !mimetype.is_exact_instance_of::<PyString>()) {
        return Ok(false);
    }
    let line = match status {
        None => None,
        Some(code) if code.is_exact_instance_of::<PyInt>() => {
            match originals.lines.bind(py).get_item(code)? {
                Some(line) => Some((code, line)),
                None => return Ok(false),
            }
        }
        Some(_) => return Ok(false),
    };
    // PERF: what is not set here has its default in the class.
    let length = bytes.as_bytes().len();
    response.setattr(intern!(py, "response"), PyList::new(py, [bytes])?)?;
    response.setattr(intern!(py, "_length"), length)?;
    if let Some(mimetype) = mimetype {
        response.setattr(intern!(py, "_mimetype"), mimetype)?;
    }
    if let Some((code, line)) = line {
        response.setattr(intern!(py, "_status"), line)?;
        response.setattr(intern!(py, "_status_code"), code)?;
    }
    Ok(true)
}

fn is_false(value: &Bound<'_, PyAny>) -> bool {
    value.is(pyo3::types::PyBool::new(value.py(), false))
}

/// Send a response, as a call of it does.
#[pyfunction]
#[pyo3(signature = (response, environ, start_response, /))]
pub(crate) fn send_response<'py>(
    response: &Bound<'py, PyAny>,
    environ: &Bound<'py, PyAny>,
    start_response: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // PERF: without a call of Python code, most of the time.
    if originals(response.py())?.call.is_class_of(response)?
        && let Some(body) = send_plain_response(response, environ, start_response)?
    {
        return Ok(body);
    }
    response.call1((environ, start_response))
}

/// Send a response with a plain body; `None` if that takes the methods of the response.
///
/// Returns what the server is to iterate over.
#[pyfunction]
#[pyo3(signature = (response, environ, start_response, /))]
pub(crate) fn send_plain_response<'py>(
    response: &Bound<'py, PyAny>,
    environ: &Bound<'py, PyAny>,
    start_response: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = response.py();
    let originals = originals(py)?;
    if !originals.response.is_class_of(response)? {
        return Ok(None);
    }
    let (Some(own), Ok(environ)) = (own_dict(response), environ.cast::<PyDict>()) else { return Ok(None) };
    let Some(body) = plain_body(&own)? else { return send_stream(originals, &own, environ, start_response) };
    // PERF: what the response has not set is its class's, and known.
    let status = match own.get_item(intern!(py, "_status_code"))? {
        None => originals.usual_status.bind(py).clone(),
        Some(code) => {
            let code = code.extract::<i64>().unwrap_or_default();
            if !(200..600).contains(&code) || matches!(code, 204 | 304) {
                return Ok(None);
            }
            response.getattr(intern!(py, "_status"))?
        }
    };
    let headers = match own.get_item(intern!(py, "headers"))? {
        None => first_headers(originals, response, &own)?,
        Some(headers) if headers.get_type().is(originals.headers.bind(py)) => sent_headers(&headers, &body)?,
        Some(_) => None,
    };
    let Some(headers) = headers else { return Ok(None) };
    let is_head = match environ.get_item(intern!(py, "REQUEST_METHOD"))? {
        Some(method) => method.cast::<PyString>().is_ok_and(|method| method == "HEAD"),
        None => return Ok(None),
    };
    start_response.call1((status, headers))?;
    Ok(Some(if is_head { PyTuple::empty(py).into_any() } else { body.into_any() }))
}

/// Send a response whose body the server reads as it is; `None` if that takes the methods of the
/// response.
fn send_stream<'py>(
    originals: &Originals,
    own: &Bound<'py, PyDict>,
    environ: &Bound<'py, PyDict>,
    start_response: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = own.py();
    let get = |name: &Bound<'py, PyString>| own.get_item(name);
    let (Some(body), Some(status), Some(code), Some(headers), Some(passes)) = (
        get(intern!(py, "response"))?,
        get(intern!(py, "_status"))?,
        get(intern!(py, "_status_code"))?,
        get(intern!(py, "headers"))?,
        get(intern!(py, "direct_passthrough"))?,
    ) else {
        return Ok(None);
    };
    let is_get = environ
        .get_item(intern!(py, "REQUEST_METHOD"))?
        .is_some_and(|method| method.cast::<PyString>().is_ok_and(|method| method == "GET"));
    if !is_get
        || !passes.is_truthy()?
        || !matches!(code.extract::<i64>(), Ok(200 | 206))
        || body.is_instance_of::<PyList>()
        || body.is_instance_of::<PyTuple>()
        || !headers.get_type().is(originals.headers.bind(py))
    {
        return Ok(None);
    }
    let Some((headers, _)) = as_they_stand(&headers)? else { return Ok(None) };
    start_response.call1((status, headers))?;
    Ok(Some(body))
}

/// The body, if it is a list of bytes and nothing is to be done when it is sent.
#[inline]
fn plain_body<'py>(own: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = own.py();
    let Some(body) = own.get_item(intern!(py, "response"))? else { return Ok(None) };
    let Ok(body) = body.cast_into_exact::<PyList>() else { return Ok(None) };
    if !body.iter().all(|part| part.is_exact_instance_of::<PyBytes>()) {
        return Ok(None);
    }
    if own.len() == 2 {
        // PERF: the body and its length.
        return Ok(Some(body));
    }
    for name in [intern!(py, "_on_close"), intern!(py, "direct_passthrough")] {
        if let Some(value) = own.get_item(name)?
            && value.is_truthy()?
        {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// The headers of a response whose headers nobody has read.
#[inline]
fn first_headers<'py>(
    originals: &Originals,
    response: &Bound<'py, PyAny>,
    own: &Bound<'py, PyDict>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = response.py();
    let Some(length) = own.get_item(intern!(py, "_length"))? else { return Ok(None) };
    let mimetype = match own.get_item(intern!(py, "_mimetype"))? {
        Some(mimetype) => mimetype,
        None => response.getattr(intern!(py, "default_mimetype"))?,
    };
    let Some(content_type) = originals.type_header(&mimetype)? else { return Ok(None) };
    let content_length = originals.length_header(&length)?;
    PyList::new(py, [content_type, content_length]).map(Some)
}

impl Originals {
    /// The header of a mimetype, if that is one of the usual.
    ///
    /// PERF: headers are tuples, which nobody changes, so that one will do for all responses.
    #[inline]
    fn type_header<'py>(&self, mimetype: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = mimetype.py();
        let headers = self.type_headers.bind(py);
        if let Some(header) = headers.get_item(mimetype)? {
            return Ok(Some(header));
        }
        let Some(content_type) = self.content_types.bind(py).get_item(mimetype)? else { return Ok(None) };
        headers.set_item(mimetype, (intern!(py, "Content-Type"), content_type))?;
        headers.get_item(mimetype)
    }

    /// The header of a length.
    #[inline]
    fn length_header<'py>(&self, length: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = length.py();
        let make = || -> PyResult<Bound<'py, PyTuple>> {
            (intern!(py, "Content-Length"), length.str()?).into_pyobject(py)
        };
        let header = match self.length_headers.get(length.extract::<usize>()?) {
            Some(place) => place.get_or_try_init(py, || make().map(Bound::unbind))?.bind(py).clone(),
            None => make()?,
        };
        Ok(header.into_any())
    }
}

/// The headers of a response, if they are sent as they stand, with a length if they have none.
fn sent_headers<'py>(
    headers: &Bound<'py, PyAny>,
    body: &Bound<'py, PyList>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = headers.py();
    let Some((sent, has_length)) = as_they_stand(headers)? else { return Ok(None) };
    if !has_length {
        let mut length = 0;
        for part in body {
            length += part.len()?;
        }
        sent.append((intern!(py, "Content-Length"), length.to_string()))?;
    }
    Ok(Some(sent))
}

/// A copy of headers, if none of them is changed when they are sent, and whether a length is there.
fn as_they_stand<'py>(headers: &Bound<'py, PyAny>) -> PyResult<Option<(Bound<'py, PyList>, bool)>> {
    let entries = headers.getattr(intern!(headers.py(), "_list"))?;
    let Ok(entries) = entries.cast::<PyList>() else { return Ok(None) };
    let mut has_length = false;
    for entry in entries {
        let Ok(entry) = entry.cast::<PyTuple>() else { return Ok(None) };
        let [name, value] = entry.as_slice() else { return Ok(None) };
        let (Ok(name), Ok(value)) = (name.cast_exact::<PyString>(), value.cast::<PyString>()) else {
            return Ok(None);
        };
        let (Ok(name), Ok(value)) = (name.to_str(), value.to_str()) else { return Ok(None) };
        if [name, value].into_iter().any(|text| memchr::memchr3(b'\r', b'\n', 0, text.as_bytes()).is_some()) {
            // Nobody may end a header early, even past the methods that see to it.
            return Ok(None);
        }
        match name.len() {
            8 if name.eq_ignore_ascii_case("location") => return Ok(None),
            14 if name.eq_ignore_ascii_case("content-length") => has_length = true,
            16 if name.eq_ignore_ascii_case("content-location") => return Ok(None),
            _ => {}
        }
    }
    Ok(Some((entries.get_slice(0, entries.len()), has_length)))
}
