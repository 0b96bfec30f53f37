//! URLs of views, as templates and views ask for them.

use crate::adapter::AdapterCore;
use crate::app_context::AppContextCore;
use crate::context::originals;
use crate::contextvar;
use crate::request_context::RequestContextCore;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Build a URL within the current request, of nothing but an endpoint and values; `None` if that takes
/// the methods of the app.
///
/// PERF: (benches/apps.py, row `url_for`) the way through two functions, a method and a hook that most
/// apps have no use for took longer than the building.
#[pyfunction]
#[pyo3(signature = (endpoint, values, /))]
pub(crate) fn build_link<'py>(
    endpoint: &Bound<'py, PyAny>,
    values: &Bound<'py, PyDict>,
) -> PyResult<Option<Bound<'py, PyString>>> {
    let py = endpoint.py();
    let originals = originals(py)?;
    let Ok(name) = endpoint.cast_exact::<PyString>() else { return Ok(None) };
    if name.to_str()?.starts_with('.') {
        return Ok(None);
    }
    let Some(context) = contextvar::get(originals.request_variable.bind(py))? else { return Ok(None) };
    let Ok(core) = context.cast::<RequestContextCore>() else { return Ok(None) };
    let app = RequestContextCore::get_app(core);
    if !originals.request_context.is_class_of(&context)?
        || !is_current(originals.app_variable.bind(py), &app)?
    {
        return Ok(None);
    }
    let Some(known) = RequestContextCore::known(core, originals, &app)? else { return Ok(None) };
    let Some(attributes) = known.get().attributes() else { return Ok(None) };
    if !attributes.leaves_urls_to_the_map(py)? {
        return Ok(None);
    }
    let Some(adapter) = RequestContextCore::get_url_adapter(core)? else { return Ok(None) };
    if !originals.builder.is_class_of(&adapter)? {
        return Ok(None);
    }
    match adapter.cast::<AdapterCore>() {
        // What went wrong, the app tells its error handlers.
        Ok(adapter) => {
            Ok(AdapterCore::build_plainly(adapter, endpoint, Some(values), None, true).unwrap_or(None))
        }
        Err(_) => Ok(None),
    }
}

/// Whether the context of that app is the current one.
fn is_current(variable: &Bound<'_, PyAny>, app: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(match contextvar::get(variable)? {
        Some(context) => match context.cast::<AppContextCore>() {
            Ok(core) => AppContextCore::app(core).is(app),
            Err(_) => false,
        },
        None => false,
    })
}
