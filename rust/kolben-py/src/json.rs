//! Responses of objects and arrays, written by the standard library's encoder.

use crate::known::Known;
use crate::known_app::Attributes;
use crate::response::make_plain_response;
use pyo3::exceptions::PyRecursionError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyModule, PyString, PyTuple, PyType};

/// What this uses of Python, as it stands when `kolben.json` is imported.
struct Originals {
    /// All that the provider does itself.
    provider: Known,
    /// What of that an app may replace on its own provider.
    methods: Known,
    encoder: Known,
    /// Modules, names in them, and what stood there.
    functions: Vec<(Py<PyModule>, Py<PyString>, Py<PyAny>)>,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

/// Takes the class of providers, and the modules whose functions it goes past.
#[pyfunction]
pub(crate) fn hold_json(
    provider: &Bound<'_, PyType>,
    json: &Bound<'_, PyModule>,
    encoder: &Bound<'_, PyModule>,
) -> PyResult<()> {
    let py = provider.py();
    let function = |module: &Bound<'_, PyModule>, name: &str| -> PyResult<_> {
        let found = module.getattr(name)?.unbind();
        Ok((module.clone().unbind(), PyString::intern(py, name).unbind(), found))
    };
    ORIGINALS.get_or_try_init(py, || {
        let class = json.getattr("JSONEncoder")?.cast_into::<PyType>()?;
        Ok::<_, PyErr>(Originals {
            provider: Known::of(provider, &["response", "dumps", "_prepare_response_obj", "_writer"])?,
            methods: Known::of(provider, &["response", "dumps"])?,
            encoder: Known::of(
                &class,
                &["__init__", "encode", "iterencode", "item_separator", "key_separator"],
            )?,
            functions: vec![
                function(json, "dumps")?,
                function(json, "JSONEncoder")?,
                function(encoder, "c_make_encoder")?,
                function(encoder, "encode_basestring")?,
                function(encoder, "encode_basestring_ascii")?,
            ],
        })
    })?;
    Ok(())
}

/// Whether nobody has patched what the standard library writes JSON with.
#[pyfunction]
pub(crate) fn json_is_untouched(py: Python<'_>) -> PyResult<bool> {
    ORIGINALS.get(py).map_or(Ok(false), |originals| is_untouched(originals, py))
}

/// The response of a value; nothing if it takes the methods of the app's provider.
///
/// PERF: (benches/apps.py, rows `json` and `echo`) four methods and a check of the standard library
/// took as long as the encoder.
pub(crate) fn respond<'py>(
    attributes: &Attributes,
    value: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = value.py();
    let Some(originals) = ORIGINALS.get(py) else { return Ok(None) };
    let provider = attributes.json.bind(py);
    if !originals.provider.is_class_of(provider)?
        || !originals.methods.has_own_methods(provider)?
        || !is_compact(attributes, provider)?
        || !is_untouched(originals, py)?
    {
        return Ok(None);
    }
    let Some(write) = kept_writer(provider)? else { return Ok(None) };
    let pieces = match write.call1((value, 0)) {
        // Too deep, or circular: `json.dumps` knows which.
        Err(error) if error.is_instance_of::<PyRecursionError>(py) => return Ok(None),
        pieces => pieces?,
    };
    let mut body = Vec::with_capacity(128);
    for piece in pieces.try_iter()? {
        body.extend_from_slice(piece?.cast::<PyString>()?.to_str()?.as_bytes());
    }
    body.push(b'\n');
    let mimetype = provider.getattr(intern!(py, "mimetype"))?;
    let class = attributes.response_class.bind(py);
    make_plain_response(class, PyBytes::new(py, &body).as_any(), None, Some(&mimetype))
}

/// Whether the provider writes without spaces.
fn is_compact(attributes: &Attributes, provider: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = provider.py();
    let compact = provider.getattr(intern!(py, "compact"))?;
    if !compact.is_none() {
        return Ok(!compact.is(PyBool::new(py, false)));
    }
    match attributes.config.bind(py).cast::<PyDict>() {
        Ok(config) if attributes.has_own_debug => {
            Ok(!config.as_any().get_item(intern!(py, "DEBUG"))?.is_truthy()?)
        }
        _ => Ok(false),
    }
}

/// Whether nobody has patched the standard library.
fn is_untouched(originals: &Originals, py: Python<'_>) -> PyResult<bool> {
    for (module, name, function) in &originals.functions {
        match module.bind(py).dict().get_item(name)? {
            Some(found) if found.is(function) => {}
            _ => return Ok(false),
        }
    }
    match originals.functions.get(1) {
        Some((_, _, encoder)) => originals.encoder.is_original(encoder.bind(py).cast()?),
        None => Ok(false),
    }
}

/// The function that writes a value, if it was kept for the options that the provider has now.
fn kept_writer<'py>(provider: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = provider.py();
    let kept = provider.getattr(intern!(py, "_kept_compact"))?;
    let Ok(kept) = kept.cast_into::<PyTuple>() else { return Ok(None) };
    let options = [intern!(py, "default"), intern!(py, "ensure_ascii"), intern!(py, "sort_keys")];
    for (place, option) in options.into_iter().enumerate() {
        if !provider.getattr(option)?.is(&kept.get_item(place)?) {
            return Ok(None);
        }
    }
    kept.get_item(options.len()).map(Some)
}
