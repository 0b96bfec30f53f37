//! A map bound to a host: the object that a request asks for its rule.

use crate::building::{Answer, Building, Built, same};
use crate::environ::Parts;
use crate::made::unstarted;
use crate::map::MapCore;
use crate::route::Given;
use crate::table::{Found, Rare};
use crate::text::bytes_of;
use crate::watch::{Watch, has_originals};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};
use std::borrow::Cow;
use std::cell::UnsafeCell;

/// What `kolben.routing.MapAdapter` stands on besides Werkzeug's adapter: its attributes, and the
/// two methods that are called on every request. Whatever is not plain goes to the Python methods
/// `_match` and `_build`.
#[pyclass(frozen, subclass, module = "kolben._core")]
pub(crate) struct AdapterCore {
    fields: UnsafeCell<Fields>,
}

// SAFETY: the fields are reached through `AdapterCore::with` alone, which holds the critical section
// of the object; without a GIL that is a lock of its own, with one it is the GIL.
unsafe impl Sync for AdapterCore {}

/// The attributes, in the order of Werkzeug's constructor.
struct Fields {
    map: Py<PyAny>,
    /// The same map, if it is one of ours.
    core: Option<Py<MapCore>>,
    server_name: Py<PyAny>,
    script_name: Py<PyAny>,
    subdomain: Py<PyAny>,
    url_scheme: Py<PyAny>,
    path_info: Py<PyAny>,
    default_method: Py<PyAny>,
    query_args: Py<PyAny>,
    websocket: Py<PyAny>,
}

impl Fields {
    fn empty(py: Python<'_>) -> Self {
        Self {
            map: py.None(),
            core: None,
            server_name: py.None(),
            script_name: py.None(),
            subdomain: py.None(),
            url_scheme: py.None(),
            path_info: py.None(),
            default_method: py.None(),
            query_args: py.None(),
            websocket: PyBool::new(py, false).to_owned().into_any().unbind(),
        }
    }

    fn all(&self) -> [&Py<PyAny>; 9] {
        [
            &self.map,
            &self.server_name,
            &self.script_name,
            &self.subdomain,
            &self.url_scheme,
            &self.path_info,
            &self.default_method,
            &self.query_args,
            &self.websocket,
        ]
    }
}

#[pymethods]
impl AdapterCore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(py: Python<'_>, _arguments: &Bound<'_, PyAny>, _keywords: Option<&Bound<'_, PyAny>>) -> Self {
        Self { fields: UnsafeCell::new(Fields::empty(py)) }
    }

    #[pyo3(signature = (map, server_name, script_name, subdomain, url_scheme, path_info, default_method, query_args=None))]
    #[expect(clippy::too_many_arguments, reason = "these are Werkzeug's")]
    fn __init__(
        slf: &Bound<'_, Self>,
        map: &Bound<'_, PyAny>,
        server_name: Py<PyAny>,
        script_name: &Bound<'_, PyString>,
        subdomain: Py<PyAny>,
        url_scheme: Py<PyAny>,
        path_info: Py<PyAny>,
        default_method: Py<PyAny>,
        query_args: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let script_name = match bytes_of(script_name)?.last() {
            Some(b'/') => script_name.clone(),
            _ => script_name.add("/")?.cast_into()?,
        };
        let scheme = url_scheme.bind(py).cast::<PyString>().ok().and_then(|scheme| scheme.to_str().ok());
        let websocket = PyBool::new(py, matches!(scheme, Some("ws" | "wss")));
        let fields = Fields {
            map: map.clone().unbind(),
            core: map.cast::<MapCore>().ok().map(|core| core.clone().unbind()),
            server_name,
            script_name: script_name.into_any().unbind(),
            subdomain,
            url_scheme,
            path_info,
            default_method,
            query_args: query_args.unwrap_or_else(|| py.None()),
            websocket: websocket.to_owned().into_any().unbind(),
        };
        let _old = Self::with(slf, |old| std::mem::replace(old, fields));
        Ok(())
    }

    #[getter]
    fn get_map(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.map.clone_ref(slf.py()))
    }

    #[setter]
    fn set_map(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) {
        let core = value.cast::<MapCore>().ok().map(|core| core.clone().unbind());
        let map = value.clone().unbind();
        let _old = Self::with(slf, |fields| {
            (std::mem::replace(&mut fields.map, map), std::mem::replace(&mut fields.core, core))
        });
    }

    #[getter]
    fn get_server_name(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.server_name.clone_ref(slf.py()))
    }

    #[setter]
    fn set_server_name(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        Self::set(slf, value, |fields| &mut fields.server_name);
    }

    #[getter]
    fn get_script_name(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.script_name.clone_ref(slf.py()))
    }

    #[setter]
    fn set_script_name(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        Self::set(slf, value, |fields| &mut fields.script_name);
    }

    #[getter]
    fn get_subdomain(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.subdomain.clone_ref(slf.py()))
    }

    #[setter]
    fn set_subdomain(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        Self::set(slf, value, |fields| &mut fields.subdomain);
    }

    #[getter]
    fn get_url_scheme(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.url_scheme.clone_ref(slf.py()))
    }

    #[setter]
    fn set_url_scheme(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        Self::set(slf, value, |fields| &mut fields.url_scheme);
    }

    #[getter]
    fn get_path_info(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.path_info.clone_ref(slf.py()))
    }

    #[setter]
    fn set_path_info(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        Self::set(slf, value, |fields| &mut fields.path_info);
    }

    #[getter]
    fn get_default_method(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.default_method.clone_ref(slf.py()))
    }

    #[setter]
    fn set_default_method(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        Self::set(slf, value, |fields| &mut fields.default_method);
    }

    #[getter]
    fn get_query_args(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.query_args.clone_ref(slf.py()))
    }

    #[setter]
    fn set_query_args(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        Self::set(slf, value, |fields| &mut fields.query_args);
    }

    #[getter]
    fn get_websocket(slf: &Bound<'_, Self>) -> Py<PyAny> {
        Self::with(slf, |fields| fields.websocket.clone_ref(slf.py()))
    }

    #[setter]
    fn set_websocket(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        Self::set(slf, value, |fields| &mut fields.websocket);
    }

    /// Find the endpoint, or the rule, and the arguments for a path.
    ///
    /// Raises `NotFound`, `MethodNotAllowed`, `WebsocketMismatch` or `RequestRedirect`.
    #[pyo3(signature = (path_info=None, method=None, return_rule=false, query_args=None, websocket=None))]
    fn r#match<'py>(
        slf: &Bound<'py, Self>,
        path_info: Option<&Bound<'py, PyAny>>,
        method: Option<&Bound<'py, PyAny>>,
        #[pyo3(from_py_with = truth)] return_rule: bool,
        query_args: Option<&Bound<'py, PyAny>>,
        websocket: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(found) = Self::match_plainly(slf, path_info, method, return_rule, websocket)? {
            return Ok(found);
        }
        let arguments = (path_info, method, return_rule, query_args, websocket);
        slf.call_method1(intern!(slf.py(), "_match"), arguments)
    }

    /// Build the URL for an endpoint.
    ///
    /// Values that the rule has no variable for become a query string, unless `append_unknown` is
    /// off. The URL has a host only where it needs one, or with `force_external`.
    #[pyo3(signature = (endpoint, values=None, method=None, force_external=false, append_unknown=true, url_scheme=None))]
    fn build<'py>(
        slf: &Bound<'py, Self>,
        endpoint: &Bound<'py, PyAny>,
        values: Option<&Bound<'py, PyAny>>,
        method: Option<&Bound<'py, PyAny>>,
        #[pyo3(from_py_with = truth)] force_external: bool,
        #[pyo3(from_py_with = truth)] append_unknown: bool,
        url_scheme: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if !force_external
            && let Some(url) = Self::build_plainly(slf, endpoint, values, method, append_unknown)?
        {
            return Ok(url.into_any());
        }
        let arguments = (endpoint, values, method, force_external, append_unknown, url_scheme);
        slf.call_method1(intern!(slf.py(), "_build"), arguments)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: the collector runs with the GIL, or with all other threads stopped, and never
        // inside `AdapterCore::with`, where nothing is allocated.
        let fields = unsafe { &*self.fields.get() };
        visit.call(&fields.core)?;
        fields.all().into_iter().try_for_each(|field| visit.call(field))
    }
}

/// Any object may stand for yes or no, as it may in Python.
fn truth(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.is_truthy()
}

impl AdapterCore {
    /// Bind a map to what an environ says, or give `None` if the adapter's class has a constructor
    /// of its own.
    pub(crate) fn bound<'py>(
        map: &Bound<'py, MapCore>,
        parts: Parts<'py>,
        subdomain: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        static CLASS: PyOnceLock<(Py<PyType>, Watch)> = PyOnceLock::new();
        let py = map.py();
        let (class, watch) = CLASS.get_or_try_init(py, || -> PyResult<_> {
            let class = py.import("kolben.routing")?.getattr("MapAdapter")?.cast_into::<PyType>()?;
            Ok((class.unbind(), Watch::default()))
        })?;
        let class = class.bind(py);
        if !watch.is_original(class, || has_originals(class, "MapAdapter", &["__init__", "__new__"]))? {
            return Ok(None);
        }
        let by_host = map.get().matches_hosts();
        let subdomain = match subdomain {
            Some(subdomain) => subdomain.clone(),
            None if by_host => py.None().into_bound(py),
            None => parts.subdomain.into_any(),
        };
        let fields = Fields {
            map: map.clone().into_any().unbind(),
            core: Some(map.clone().unbind()),
            server_name: parts.server_name.into_any().unbind(),
            script_name: parts.script_name.into_any().unbind(),
            subdomain: subdomain.unbind(),
            url_scheme: parts.scheme.into_any().unbind(),
            path_info: parts.path_info.into_any().unbind(),
            default_method: parts.method.unbind(),
            query_args: parts.query.map_or_else(|| py.None(), |query| query.into_any().unbind()),
            websocket: PyBool::new(py, parts.websocket).to_owned().into_any().unbind(),
        };
        let adapter = unstarted(class)?;
        let _old = Self::with(adapter.cast::<Self>()?, |empty| std::mem::replace(empty, fields));
        Ok(Some(adapter))
    }

    /// Use the attributes. No Python code may run meanwhile.
    #[inline]
    fn with<R>(slf: &Bound<'_, Self>, use_fields: impl FnOnce(&mut Fields) -> R) -> R {
        with_critical_section(slf, || {
            // SAFETY: nobody else is in here, by the critical section, and `use_fields` cannot come
            // back here, because none of its callers runs Python code or drops an object in it.
            use_fields(unsafe { &mut *slf.get().fields.get() })
        })
    }

    fn set(slf: &Bound<'_, Self>, value: Py<PyAny>, field: impl FnOnce(&mut Fields) -> &mut Py<PyAny>) {
        // The old value goes when the attributes are free again: its end may run Python code.
        let _old = Self::with(slf, |fields| std::mem::replace(field(fields), value));
    }

    /// The answer, if nothing about it is out of the ordinary.
    #[inline]
    fn match_plainly<'py>(
        slf: &Bound<'py, Self>,
        path_info: Option<&Bound<'py, PyAny>>,
        method: Option<&Bound<'py, PyAny>>,
        return_rule: bool,
        websocket: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        // PERF: what was given is borrowed, and only what has to outlive the fields is cloned.
        let stored = |given: Option<&Bound<'py, PyAny>>, field: &Py<PyAny>| match given {
            Some(_) => None,
            None => Some(field.bind(py).clone()),
        };
        let fields = Self::with(slf, |fields| {
            let core = fields.core.as_ref()?.get();
            let table = core.table(py)?;
            let by_subdomain = !core.matches_hosts() && !fields.subdomain.is_none(py);
            let domain = if by_subdomain { &fields.subdomain } else { &fields.server_name };
            // PERF: most domains are empty, and there is one empty string.
            let is_empty = domain.bind(py).is(intern!(py, ""));
            let domain = (!is_empty).then(|| domain.bind(py).clone());
            let websocket = plain_truth(websocket.unwrap_or(fields.websocket.bind(py)))?;
            let path = stored(path_info, &fields.path_info);
            Some((table, domain, path, stored(method, &fields.default_method), websocket))
        });
        let Some((table, domain, stored_path, stored_method, websocket)) = fields else { return Ok(None) };
        let (Some(path), Some(method)) =
            (path_info.or(stored_path.as_ref()), method.or(stored_method.as_ref()))
        else {
            return Ok(None);
        };
        let (Ok(path), Ok(method)) = (path.cast::<PyString>(), method.cast::<PyString>()) else {
            return Ok(None);
        };
        let domain = match domain.as_ref().map(|domain| domain.cast::<PyString>()) {
            None => Cow::Borrowed(&[][..]),
            Some(Ok(domain)) => bytes_of(domain)?,
            Some(Err(_)) => return Ok(None),
        };
        if method.to_str().is_ok_and(str::is_empty) || !table.get().is_original(slf.as_any())? {
            return Ok(None);
        }
        match table.get().find(py, &domain, path, method, websocket, return_rule)? {
            Found::Plain(pair) => Ok(Some(pair.into_any())),
            Found::Rare(rare) => match *rare {
                Rare::Missing(misses) => Err(misses.into_error(py)?),
                Rare::Redirect(_) | Rare::Special(..) => Ok(None),
            },
        }
    }

    /// The URL, if it is a plain one below the script's name.
    #[inline]
    pub(crate) fn build_plainly<'py>(
        slf: &Bound<'py, Self>,
        endpoint: &Bound<'py, PyAny>,
        values: Option<&Bound<'py, PyAny>>,
        method: Option<&Bound<'py, PyAny>>,
        append_unknown: bool,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let py = slf.py();
        let none_given;
        let values = match values {
            Some(values) => match values.cast_exact::<PyDict>() {
                Ok(values) => values,
                Err(_) => return Ok(None),
            },
            None => {
                none_given = PyDict::new(py);
                &none_given
            }
        };
        let fields = Self::with(slf, |fields| {
            let core = fields.core.as_ref()?.bind(py).clone();
            let script_name = fields.script_name.bind(py).clone();
            let subdomain = fields.subdomain.bind(py).clone();
            Some((core, script_name, subdomain, fields.default_method.bind(py).clone()))
        });
        let Some((core, script_name, subdomain, default_method)) = fields else { return Ok(None) };
        let (Some(table), Some(rules)) = (core.get().table(py), core.get().rules(py)) else {
            return Ok(None);
        };
        if core.get().matches_hosts() {
            return Ok(None);
        }
        if !table.get().is_original(slf.as_any())? {
            return Ok(None);
        }
        let (Ok(script_name), Ok(subdomain), Ok(default_method)) =
            (script_name.cast::<PyString>(), subdomain.cast::<PyString>(), default_method.cast::<PyString>())
        else {
            return Ok(None);
        };
        let method = match method.map(|method| method.cast::<PyString>()) {
            Some(Err(_)) => return Ok(None),
            Some(Ok(method)) => Some(method),
            None => None,
        };
        let Some(rules) = rules.get_item(endpoint)? else { return Ok(None) };
        let Ok(rules) = rules.cast::<PyList>() else { return Ok(None) };
        let given = Given { values, skip_none: true };
        let building = Building { py, rules, given, append_unknown, here: None };
        let mut built = Built::default();
        match building.best(method, Some(default_method), false, &mut built)? {
            Answer::Built if is_text(subdomain, &built.domain)? && !built.websocket => {
                // PERF: an app at the root of its server has this very object.
                if script_name.is(intern!(py, "/")) {
                    return Ok(Some(built.relative(py, b"/")?));
                }
                Ok(Some(built.relative(py, &bytes_of(script_name)?)?))
            }
            _ => Ok(None),
        }
    }
}

/// Whether a `str` is this text.
#[inline]
fn is_text(value: &Bound<'_, PyString>, text: &[u8]) -> PyResult<bool> {
    // PERF: most domains are empty, and there is one empty string.
    if text.is_empty() && value.is(intern!(value.py(), "")) {
        return Ok(true);
    }
    Ok(same(&bytes_of(value)?, text))
}

/// Whether a value is `True` or `False`; anything else is for Python to say.
#[inline]
fn plain_truth(value: &Bound<'_, PyAny>) -> Option<bool> {
    match (value.is(PyBool::new(value.py(), true)), value.is(PyBool::new(value.py(), false))) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}
