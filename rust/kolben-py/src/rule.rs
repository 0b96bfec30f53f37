//! The part of a rule that the router holds on to.

use crate::converters;
use crate::route::Route;
use crate::shared::Shared;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use pyo3::{PyTraverseError, PyVisit};

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
    route: Shared<Route>,
}

#[pymethods]
impl RuleCore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(_arguments: &Bound<'_, PyAny>, _keywords: Option<&Bound<'_, PyAny>>) -> Self {
        Self { route: Shared::empty() }
    }

    /// The rule as the router reads it, once it is bound.
    #[getter]
    #[expect(non_snake_case, reason = "the attribute's own name begins with an underscore")]
    fn get__route(&self, py: Python<'_>) -> Option<Py<Route>> {
        self.route(py)
    }

    #[setter]
    #[expect(non_snake_case, reason = "the attribute's own name begins with an underscore")]
    fn set__route(&self, py: Python<'_>, value: Option<Py<Route>>) {
        self.route.set(py, value);
    }

    fn __setattr__(
        slf: &Bound<'_, Self>,
        name: &Bound<'_, PyString>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        // PERF: Werkzeug's constructor sets these on each rule (`make bench-startup`: 10,000 rules).
        if (name.is(intern!(slf.py(), "_parts")) || name.is(intern!(slf.py(), "_trace")))
            && value.cast_exact::<PyList>().is_ok_and(PyListMethods::is_empty)
            && converters::makes_parts(slf.as_any())?
        {
            return Ok(());
        }
        set_attribute(slf, name, value.as_ptr())
    }

    fn __delattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<()> {
        set_attribute(slf, name, std::ptr::null_mut())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.route.traverse(visit)
    }

    fn __clear__(&self, py: Python<'_>) {
        self.route.set(py, None);
    }
}

impl RuleCore {
    #[inline]
    pub(crate) fn route(&self, py: Python<'_>) -> Option<Py<Route>> {
        self.route.get(py)
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
    if rule.get().route.is_some(py) && name.to_str().is_ok_and(|name| READ_BY_ROUTE.contains(&name)) {
        rule.call_method0(intern!(py, "_forget_route"))?;
    }
    Ok(())
}
