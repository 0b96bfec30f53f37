//! The body of a request, read at once where it is short.

use crate::known::Known;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString, PyType};

/// A longer body is read in pieces, so that it has to be sent before there is memory for it.
const SHORT: usize = 64 * 1024;

struct Originals {
    request: Known,
    disconnected: Py<PyAny>,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

/// Takes the class of requests, and the exception for a client that has gone away.
#[pyfunction]
pub(crate) fn hold_bodies(request: &Bound<'_, PyType>, disconnected: Py<PyAny>) -> PyResult<()> {
    ORIGINALS.get_or_try_init(request.py(), || {
        let request = Known::of(request, &["stream", "_first_stream", "_is_stream_used"])?;
        Ok::<_, PyErr>(Originals { request, disconnected })
    })?;
    Ok(())
}

/// Read the whole body of a request whose stream nobody has used; `None` if that takes the stream.
///
/// PERF: a stream that ends where the body does takes longer to make, and to let go, than all the
/// rest of a short request (benches/apps.py, rows `echo` and `form`).
#[pyfunction]
#[pyo3(signature = (request, /))]
pub(crate) fn read_body<'py>(request: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let py = request.py();
    let originals = ORIGINALS
        .get(py)
        .ok_or_else(|| PyRuntimeError::new_err("import kolben.messages before you read a body"))?;
    if !originals.request.is_class_of(request)?
        || request.getattr(intern!(py, "_is_stream_used"))?.is_truthy()?
        || request.getattr(intern!(py, "shallow"))?.is_truthy()?
    {
        return Ok(None);
    }
    let environ = request.getattr(intern!(py, "environ"))?;
    let Ok(environ) = environ.cast_exact::<PyDict>() else { return Ok(None) };
    let Some(length) = length_of(environ)?.filter(|length| *length <= SHORT) else { return Ok(None) };
    let limit = request.getattr(intern!(py, "max_content_length"))?;
    if !limit.is_none() && !limit.extract::<usize>().is_ok_and(|limit| length <= limit) {
        return Ok(None);
    }
    let Some(input) = environ.get_item(intern!(py, "wsgi.input"))? else { return Ok(None) };
    request.setattr(intern!(py, "_is_stream_used"), true)?;
    read(originals, &input, length).map(Some)
}

/// The length of a body, if it is stated and that is all there is to know.
pub(crate) fn length_of(environ: &Bound<'_, PyDict>) -> PyResult<Option<usize>> {
    let py = environ.py();
    if environ.contains(intern!(py, "wsgi.input_terminated"))?
        || environ.contains(intern!(py, "HTTP_TRANSFER_ENCODING"))?
    {
        return Ok(None);
    }
    let Some(length) = environ.get_item(intern!(py, "CONTENT_LENGTH"))? else { return Ok(None) };
    let Ok(length) = length.cast_exact::<PyString>() else { return Ok(None) };
    let length = length.to_str()?;
    Ok(if length.bytes().all(|byte| byte.is_ascii_digit()) { length.parse().ok() } else { None })
}

fn read<'py>(
    originals: &Originals,
    input: &Bound<'py, PyAny>,
    length: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = input.py();
    let first = read_some(originals, input, length)?;
    if first.as_bytes().len() >= length {
        return Ok(first);
    }
    let mut body = first.as_bytes().to_vec();
    while body.len() < length {
        let more = read_some(originals, input, length - body.len())?;
        if more.as_bytes().is_empty() {
            return Err(gone(originals, py)?);
        }
        body.extend_from_slice(more.as_bytes());
    }
    Ok(PyBytes::new(py, &body))
}

fn read_some<'py>(
    originals: &Originals,
    input: &Bound<'py, PyAny>,
    most: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = input.py();
    match input.call_method1(intern!(py, "read"), (most,)) {
        Ok(data) => Ok(data.cast_into::<PyBytes>()?),
        Err(error) if error.is_instance_of::<PyOSError>(py) || error.is_instance_of::<PyValueError>(py) => {
            let raised = gone(originals, py)?;
            raised.value(py).setattr(intern!(py, "__context__"), error.into_value(py))?;
            Err(raised)
        }
        Err(error) => Err(error),
    }
}

/// The error of a client that has gone away before it had sent the body.
#[cold]
fn gone(originals: &Originals, py: Python<'_>) -> PyResult<PyErr> {
    Ok(PyErr::from_value(originals.disconnected.bind(py).call0()?))
}
