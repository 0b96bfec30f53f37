//! What a request begins with: its context, its request, and the map that its URL is matched by.

use crate::context::{Originals, originals};
use crate::environ;
use crate::known_app::{Attributes, KnownApp};
use crate::made::{assign, bare, set_plainly, unstarted};
use crate::map::MapCore;
use crate::request_context::RequestContextCore;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

/// Make the context of a request: an object of `class_`.
#[pyfunction]
#[pyo3(signature = (class_, app, environ, /))]
pub(crate) fn make_request_context<'py>(
    class_: &Bound<'py, PyAny>,
    app: &Bound<'py, PyAny>,
    environ: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let originals = originals(app.py())?;
    if let Ok(class) = class_.cast::<PyType>()
        && originals.request_context.is_original(class)?
    {
        // PERF: what the constructor does, without a call of it.
        let context = unstarted(class)?;
        RequestContextCore::__init__(context.cast::<RequestContextCore>()?, app, environ, None, None)?;
        return Ok(context);
    }
    class_.call1((app, environ))
}

/// Make the context of a request, which is pushed at once; `None` if that takes `request_context`.
///
/// PERF: nobody can change the app between the two, so that one look at it is enough.
#[pyfunction]
#[pyo3(signature = (class_, app, environ, /))]
pub(crate) fn open_context<'py>(
    class_: &Bound<'py, PyAny>,
    app: &Bound<'py, PyAny>,
    environ: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let originals = originals(app.py())?;
    let Ok(class) = class_.cast::<PyType>() else { return Ok(None) };
    if !originals.request_context.is_original(class)? || !originals.pushing.is_original(class)? {
        return Ok(None);
    }
    let Some(known) = KnownApp::of(originals, app)? else { return Ok(None) };
    if !known.get().attributes().is_some_and(|attributes| attributes.opens_contexts) {
        return Ok(None);
    }
    let context = unstarted(class)?;
    let core = context.cast::<RequestContextCore>()?;
    RequestContextCore::begin(core, originals, app, Some(&known), environ, None, None)?;
    RequestContextCore::mark_fresh(core);
    Ok(Some(context))
}

/// Make the request of a context.
#[inline]
pub(crate) fn make_request<'py>(
    originals: &Originals,
    app: &Bound<'py, PyAny>,
    known: Option<&Attributes>,
    environ: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = app.py();
    let (class, json) = match known {
        Some(known) => (known.request_class.bind(py).clone(), known.json.bind(py).clone()),
        None => (app.getattr(intern!(py, "request_class"))?, app.getattr(intern!(py, "json"))?),
    };
    if let Ok(class) = class.cast::<PyType>()
        && originals.request.is_original(class)?
        && let Ok(environ) = environ.cast::<PyDict>()
    {
        // PERF: what the constructor does, without a call of it.
        let request = bare(class)?;
        set_plainly(&request, intern!(py, "environ"), environ)?;
        set_plainly(&request, intern!(py, "json_module"), &json)?;
        if let Some(method) = environ.get_item(intern!(py, "REQUEST_METHOD"))?
            && is_usual(&method)
        {
            // PERF: the dispatch reads it of each request.
            set_plainly(&request, intern!(py, "method"), method)?;
        }
        environ.set_item(intern!(py, "werkzeug.request"), &request)?;
        return Ok(request);
    }
    let request = class.call1((environ,))?;
    assign!(request, "json_module" = json);
    Ok(request)
}

/// Whether a method is one that is written in upper case most of the time, and is here.
fn is_usual(method: &Bound<'_, PyAny>) -> bool {
    let Ok(method) = method.cast_exact::<PyString>() else { return false };
    matches!(method.to_str(), Ok("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"))
}

/// What matching the URL needs, if the app binds its map in the plain way: to any host.
#[inline]
pub(crate) fn glance(
    originals: &Originals,
    app: &Bound<'_, PyAny>,
    known: Option<&Attributes>,
    request: &Bound<'_, PyAny>,
    environ: &Bound<'_, PyAny>,
) -> PyResult<Option<environ::Glance>> {
    let py = app.py();
    if !originals.request.is_class_of(request)? {
        return Ok(None);
    }
    let (config, map) = match known {
        Some(known) if known.binds_plainly => (known.config.bind(py).clone(), known.url_map.bind(py).clone()),
        None if originals.app.has_own_methods(app)?
            && !app.getattr(intern!(py, "subdomain_matching"))?.is_truthy()? =>
        {
            (app.getattr(intern!(py, "config"))?, app.getattr(intern!(py, "url_map"))?)
        }
        _ => return Ok(None),
    };
    if !trusts_all_hosts(originals, &config)? || !is_plain_map(originals, &map)? {
        return Ok(None);
    }
    match environ.cast::<PyDict>() {
        Ok(environ) => environ::glance(environ),
        Err(_) => Ok(None),
    }
}

fn trusts_all_hosts(originals: &Originals, config: &Bound<'_, PyAny>) -> PyResult<bool> {
    match config.cast::<PyDict>() {
        Ok(config) if originals.config.is_class_of(config)? => {
            let hosts = config.get_item(intern!(config.py(), "TRUSTED_HOSTS"))?;
            Ok(hosts.is_some_and(|hosts| hosts.is_none()))
        }
        _ => Ok(false),
    }
}

/// Whether the map is Kolben's own, makes Kolben's adapters, and asks for no host or subdomain.
fn is_plain_map(originals: &Originals, map: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(core) = map.cast::<MapCore>() else { return Ok(false) };
    Ok(!core.get().matches_hosts()
        && core.get().has_no_subdomain()
        && originals.map.is_class_of(map)?
        && originals.adapter.is_original(originals.adapter_class.bind(map.py()))?)
}

/// Bind the map of an app to a request whose [`glance`] was enough: what `create_url_adapter` does.
pub(crate) fn bind_plainly<'py>(
    originals: &Originals,
    app: &Bound<'py, PyAny>,
    request: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = app.py();
    if !originals.app.has_own_methods(app)? {
        return Ok(None);
    }
    let map = app.getattr(intern!(py, "url_map"))?;
    let Ok(core) = map.cast::<MapCore>() else { return Ok(None) };
    if !originals.map.is_class_of(&map)? {
        return Ok(None);
    }
    let server_name = app.getattr(intern!(py, "config"))?.get_item(intern!(py, "SERVER_NAME"))?;
    let server_name = (!server_name.is_none()).then_some(server_name);
    let environ = request.getattr(intern!(py, "environ"))?;
    let subdomain = intern!(py, "").as_any();
    MapCore::bind_to_environ(core, &environ, server_name.as_ref(), Some(subdomain)).map(Some)
}
