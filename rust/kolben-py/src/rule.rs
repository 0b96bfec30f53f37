//! The part of a rule that the router holds on to.

use crate::route::Route;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};
use std::sync::{Mutex, PoisonError};

/// What a route has read of its rule: setting one of these makes the route stale.
const READ_BY_ROUTE: [&str; 10] = [
    "alias",
    "arguments",
    "defaults",
    "endpoint",
    "merge_slashes",
    "methods",
    "redirect_to",
    "strict_slashes",
    "websocket",
    "_converters",
];

/// What `kolben.routing.Rule` stands on besides Werkzeug's rule: its route, and a watch on its
/// attributes.
#[pyclass(frozen, subclass, module = "kolben._core")]
pub(crate) struct RuleCore {
    route: Mutex<Option<Py<Route>>>,
}

#[pymethods]
impl RuleCore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(_arguments: &Bound<'_, PyAny>, _keywords: Option<&Bound<'_, PyAny>>) -> Self {
        Self { route: Mutex::new(None) }
    }

    /// The rule as the router reads it, once it is bound.
    #[getter]
    #[expect(non_snake_case, reason = "the attribute's own name begins with an underscore")]
    fn get__route(&self, py: Python<'_>) -> Option<Py<Route>> {
        self.route(py)
    }

    #[setter]
    #[expect(non_snake_case, reason = "the attribute's own name begins with an underscore")]
    fn set__route(&self, value: Option<Py<Route>>) {
        let _old = std::mem::replace(&mut *self.route.lock().unwrap_or_else(PoisonError::into_inner), value);
    }

    fn __setattr__(
        slf: &Bound<'_, Self>,
        name: &Bound<'_, PyString>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        set_attribute(slf, name, value.as_ptr())
    }

    fn __delattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<()> {
        set_attribute(slf, name, std::ptr::null_mut())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A lock that is taken means that somebody is using the rule: then it is no garbage.
        let Ok(route) = self.route.try_lock() else { return Ok(()) };
        visit.call(&*route)
    }

    fn __clear__(&self) {
        let _old = self.route.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl RuleCore {
    #[inline]
    pub(crate) fn route(&self, py: Python<'_>) -> Option<Py<Route>> {
        let route = self.route.lock().unwrap_or_else(PoisonError::into_inner);
        route.as_ref().map(|route| route.clone_ref(py))
    }
}

/// Set an attribute as `object` does, or delete it where `value` is null; then tell the rule if its
/// route has read that attribute.
fn set_attribute(
    rule: &Bound<'_, RuleCore>,
    name: &Bound<'_, PyString>,
    value: *mut ffi::PyObject,
) -> PyResult<()> {
    let py = rule.py();
    // SAFETY: rule and name are live objects, the value is one or null, and the call takes no
    // reference over.
    let failed = unsafe { ffi::PyObject_GenericSetAttr(rule.as_ptr(), name.as_ptr(), value) };
    if failed != 0 {
        return Err(PyErr::fetch(py));
    }
    let is_bound = rule.get().route.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    if is_bound && name.to_str().is_ok_and(|name| READ_BY_ROUTE.contains(&name)) {
        rule.call_method0(intern!(py, "_forget_route"))?;
    }
    Ok(())
}
