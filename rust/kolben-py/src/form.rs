//! A urlencoded form, read without the parser and the stream that would read it.

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple, PyType};

use crate::body::length_of;
use crate::known::Known;
use crate::{made, urls};

struct Originals {
    parser: Py<PyType>,
    parser_methods: Known,
    stream: Py<PyType>,
    stream_methods: Known,
    memory: Py<PyAny>,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

/// Takes the class of form parsers, that of streams with a limit, and that of streams in memory.
#[pyfunction]
pub(crate) fn hold_forms(
    parser: &Bound<'_, PyType>,
    stream: &Bound<'_, PyType>,
    memory: &Bound<'_, PyAny>,
) -> PyResult<()> {
    ORIGINALS.get_or_try_init(parser.py(), || {
        let parser_methods = ["__new__", "__init__", "parse_from_environ", "parse", "_parse_urlencoded"];
        let stream_methods = [
            "__new__",
            "__init__",
            "__setattr__",
            "is_exhausted",
            "read",
            "readall",
            "readinto",
            "on_exhausted",
        ];
        Ok::<_, PyErr>(Originals {
            parser_methods: Known::of(parser, &parser_methods)?,
            parser: parser.clone().unbind(),
            stream_methods: Known::of(stream, &stream_methods)?,
            stream: stream.clone().unbind(),
            memory: memory.clone().unbind(),
        })
    })?;
    Ok(())
}

/// Read the urlencoded form of an environ: the stream, the form, and no files. `None` if it takes a
/// parser, whose class, and that of its stream, are `parser` and `limited`.
///
/// PERF: a parser and the steps of its stream take as long as twenty fields (bench urlencoded-100).
#[pyfunction]
#[pyo3(signature = (environ, cls, parser, limited))]
pub(crate) fn read_form<'py>(
    environ: &Bound<'py, PyAny>,
    cls: Option<&Bound<'py, PyAny>>,
    parser: &Bound<'py, PyAny>,
    limited: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let py = environ.py();
    let held = ORIGINALS
        .get(py)
        .ok_or_else(|| PyRuntimeError::new_err("import kolben.formparser before you read a form"))?;
    let Ok(environ) = environ.cast_exact::<PyDict>() else { return Ok(None) };
    if !parser.is(&held.parser)
        || !limited.is(&held.stream)
        || !held.parser_methods.is_original(held.parser.bind(py))?
        || !held.stream_methods.is_original(held.stream.bind(py))?
        || !is_urlencoded(environ)?
    {
        return Ok(None);
    }
    let Some(length) = length_of(environ)? else { return Ok(None) };
    let Some(input) = environ.get_item(intern!(py, "wsgi.input"))? else { return Ok(None) };
    if !input.get_type().is(&held.memory) {
        return Ok(None);
    }
    // Another class may run any code when it is called.
    let Some(files) = made::multi_dict(py, cls)? else { return Ok(None) };
    let Some(text) = read_text(&input, length)? else { return Ok(None) };
    let form = urls::parse_query(&text, cls)?;
    let stream = made::unstarted(held.stream.bind(py))?;
    made::assign!(stream, "_stream" = input, "_pos" = length, "limit" = length, "_limit_is_max" = false);
    (stream, form, files).into_pyobject(py).map(Some)
}

fn is_urlencoded(environ: &Bound<'_, PyDict>) -> PyResult<bool> {
    let Some(found) = environ.get_item(intern!(environ.py(), "CONTENT_TYPE"))? else { return Ok(false) };
    Ok(found
        .cast_exact::<PyString>()
        .is_ok_and(|found| found.to_str().is_ok_and(|found| found == "application/x-www-form-urlencoded")))
}

/// The whole body from a stream in memory. `None`, and the stream is where it was, if it is shorter or
/// no text, or if the stream is closed: the parser knows what to do about that.
fn read_text<'py>(input: &Bound<'py, PyAny>, length: usize) -> PyResult<Option<Bound<'py, PyString>>> {
    let py = input.py();
    let Ok(read) = input.call_method1(intern!(py, "read"), (length,)) else { return Ok(None) };
    let read = read.cast_into::<PyBytes>()?;
    let body = read.as_bytes();
    if body.len() == length
        && let Ok(text) = PyString::from_bytes(py, body)
    {
        return Ok(Some(text));
    }
    input.call_method1(intern!(py, "seek"), (-body.len().cast_signed(), 1))?;
    Ok(None)
}
