//! `Lazy`: an attribute that is computed when it is first read, then kept in the instance.

use crate::watch::Watch;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::sync::OnceLock;

/// Computes an attribute of an instance; nothing if it takes the function of the attribute.
pub(crate) type Native = for<'py> fn(&Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>>;

/// A descriptor without `__set__`: once the value is in the instance's dictionary, reading it
/// never comes here again.
#[pyclass(frozen, module = "kolben._core")]
pub(crate) struct Lazy {
    function: Py<PyAny>,
    name: Py<PyString>,
    native: OnceLock<Native>,
    /// Remembers the class that was last seen to have nothing in front of this.
    watch: Watch,
}

impl Lazy {
    /// Have the core compute it where it can.
    pub(crate) fn compute_with(&self, native: Native) {
        let _ = self.native.set(native);
    }

    fn compute<'py>(&self, instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(native) = self.native.get()
            && let Some(value) = native(instance)?
        {
            return Ok(value);
        }
        self.function.bind(instance.py()).call1((instance,))
    }
}

#[pymethods]
impl Lazy {
    #[new]
    #[pyo3(signature = (function, /))]
    fn new(function: &Bound<'_, PyAny>) -> PyResult<Self> {
        let name = function.getattr(intern!(function.py(), "__name__"))?.cast_into::<PyString>()?;
        // Interned, as attribute names are: the dictionary then compares by identity.
        let name = PyString::intern(function.py(), name.to_str()?);
        let function = function.clone().unbind();
        Ok(Self { function, name: name.unbind(), native: OnceLock::new(), watch: Watch::default() })
    }

    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: Option<&Bound<'py, PyAny>>,
        owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = owner;
        let py = slf.py();
        let Some(instance) = instance else {
            return Ok(slf.clone().into_any());
        };
        let core = slf.get();
        let class = instance.get_type();
        if core.watch.is_original(&class, || Ok(class.getattr(core.name.bind(py))?.is(slf)))? {
            // PERF: nothing stands in front, so the instance does not have it yet. Set as an
            // attribute, it needs no dictionary, and the interpreter finds it in a third of the time.
            let value = core.compute(instance)?;
            set_generic(instance, core.name.bind(py), &value)?;
            return Ok(value);
        }
        let own = instance.getattr(intern!(py, "__dict__"))?;
        let Ok(own) = own.cast::<PyDict>() else {
            return Err(PyTypeError::new_err("a lazy attribute needs an instance with a dict"));
        };
        let name = core.name.bind(py);
        // A subclass may have a descriptor of its own in front, which comes here every time.
        if let Some(value) = own.get_item(name)? {
            return Ok(value);
        }
        let value = core.compute(instance)?;
        own.set_item(name, &value)?;
        Ok(value)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)
    }

    #[getter]
    fn __name__(&self, py: Python<'_>) -> Py<PyString> {
        self.name.clone_ref(py)
    }

    /// The function that computes the value.
    #[getter]
    fn fget(&self, py: Python<'_>) -> Py<PyAny> {
        self.function.clone_ref(py)
    }
}

/// Set an attribute of an instance, whatever its class thinks of it.
fn set_generic(
    instance: &Bound<'_, PyAny>,
    name: &Bound<'_, PyString>,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    // SAFETY: all three are alive; a negative answer comes with an exception.
    if unsafe { ffi::PyObject_GenericSetAttr(instance.as_ptr(), name.as_ptr(), value.as_ptr()) } < 0 {
        return Err(PyErr::fetch(instance.py()));
    }
    Ok(())
}
