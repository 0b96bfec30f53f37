//! The part of a map that is read on every request.

use crate::adapter::AdapterCore;
use crate::environ;
use crate::shared::Shared;
use crate::table::Table;
use pyo3::exceptions::PyUserWarning;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};

/// What `kolben.routing.Map` stands on besides Werkzeug's map: the attributes that each match and
/// each URL reads, where they are read in a nanosecond and without a lock.
#[pyclass(frozen, subclass, module = "kolben._core")]
pub(crate) struct MapCore {
    needs_update: AtomicBool,
    matches_hosts: AtomicBool,
    /// The subdomain of rules without one, and whether that is none.
    default_subdomain: Shared<PyAny>,
    has_no_subdomain: AtomicBool,
    table: Shared<Table>,
    rules: Shared<PyDict>,
}

#[pymethods]
#[expect(non_snake_case, reason = "the attributes' own names begin with an underscore")]
impl MapCore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(_arguments: &Bound<'_, PyAny>, _keywords: Option<&Bound<'_, PyAny>>) -> Self {
        Self {
            needs_update: AtomicBool::new(true),
            matches_hosts: AtomicBool::new(false),
            default_subdomain: Shared::empty(),
            has_no_subdomain: AtomicBool::new(false),
            table: Shared::empty(),
            rules: Shared::empty(),
        }
    }

    /// Whether something has changed since the last update.
    #[getter]
    fn get__remap(&self) -> bool {
        self.needs_update.load(Ordering::Acquire)
    }

    #[setter]
    fn set__remap(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.needs_update.store(value.is_truthy()?, Ordering::Release);
        Ok(())
    }

    /// Whether rules match whole hosts in place of subdomains.
    #[getter]
    fn get_host_matching(&self) -> bool {
        self.matches_hosts.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_host_matching(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.matches_hosts.store(value.is_truthy()?, Ordering::Relaxed);
        Ok(())
    }

    /// The subdomain of rules that name none.
    #[getter]
    fn get_default_subdomain(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.default_subdomain.get(py)
    }

    #[setter]
    fn set_default_subdomain(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<()> {
        let is_empty = match value.bind(py).cast::<PyString>() {
            Ok(subdomain) => subdomain.len()? == 0,
            Err(_) => false,
        };
        self.default_subdomain.set(py, Some(value));
        self.has_no_subdomain.store(is_empty, Ordering::Release);
        Ok(())
    }

    /// What answers requests; `None` if Werkzeug's own code has to.
    #[getter]
    fn get__table(&self, py: Python<'_>) -> Option<Py<Table>> {
        self.table.get(py)
    }

    #[setter]
    fn set__table(&self, py: Python<'_>, value: Option<Py<Table>>) {
        self.table.set(py, value);
    }

    /// The rules of each endpoint, in the order in which they are tried for a URL.
    #[getter]
    fn get__rules_by_endpoint(&self, py: Python<'_>) -> Option<Py<PyDict>> {
        self.rules.get(py)
    }

    #[setter]
    fn set__rules_by_endpoint(&self, py: Python<'_>, value: Py<PyDict>) {
        self.rules.set(py, Some(value));
    }

    /// Bind the map to what a WSGI environ, or a request, says of host and path.
    #[pyo3(signature = (environ, server_name=None, subdomain=None))]
    pub(crate) fn bind_to_environ<'py>(
        slf: &Bound<'py, Self>,
        environ: &Bound<'py, PyAny>,
        server_name: Option<&Bound<'py, PyAny>>,
        subdomain: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if let Ok(environ) = environ.cast_exact::<PyDict>()
            && server_name.is_none_or(PyAnyMethods::is_instance_of::<PyString>)
            && (subdomain.is_none() || !slf.get().matches_hosts())
        {
            let server_name = server_name.and_then(|name| name.cast::<PyString>().ok());
            let want_subdomain = subdomain.is_none() && !slf.get().matches_hosts();
            if let Some(parts) = environ::read(environ, server_name, want_subdomain)? {
                if let Some(current) = &parts.mismatch {
                    warn_of_mismatch(current, &parts.server_name)?;
                }
                if let Some(adapter) = AdapterCore::bound(slf, parts, subdomain)? {
                    return Ok(adapter);
                }
            }
        }
        slf.call_method1(intern!(py, "_bind_to_environ"), (environ, server_name, subdomain))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.table.traverse(visit)?;
        self.default_subdomain.traverse(visit)?;
        self.rules.traverse(visit)
    }

    fn __clear__(&self, py: Python<'_>) {
        self.table.set(py, None);
        self.default_subdomain.set(py, None);
        self.rules.set(py, None);
    }
}

/// Warn that a request came for a host that is none of the server name's.
#[cold]
fn warn_of_mismatch(current: &Bound<'_, PyString>, server_name: &Bound<'_, PyString>) -> PyResult<()> {
    let (current_text, name_text) = (current.repr()?, server_name.repr()?);
    let message =
        format!("Current server name {current_text} doesn't match configured server name {name_text}");
    let message = CString::new(message)?;
    PyErr::warn(current.py(), &current.py().get_type::<PyUserWarning>(), &message, 1)
}

impl MapCore {
    pub(crate) fn matches_hosts(&self) -> bool {
        self.matches_hosts.load(Ordering::Relaxed)
    }

    /// Whether rules that name no subdomain are for none.
    pub(crate) fn has_no_subdomain(&self) -> bool {
        self.has_no_subdomain.load(Ordering::Acquire)
    }

    /// The current table, if the map is in order.
    #[inline]
    pub(crate) fn table(&self, py: Python<'_>) -> Option<Py<Table>> {
        if self.needs_update.load(Ordering::Acquire) { None } else { self.table.get(py) }
    }

    /// The rules of each endpoint.
    #[inline]
    pub(crate) fn rules<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyDict>> {
        self.rules.get(py).map(|rules| rules.into_bound(py))
    }
}
