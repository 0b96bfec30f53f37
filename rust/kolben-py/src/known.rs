//! Classes whose methods the core goes past, as long as nobody has overridden or patched them.

use crate::watch::Watch;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFunction, PyString, PyType};

/// The attributes of a class that the core does the work of.
pub(crate) struct Known {
    originals: Vec<(Py<PyString>, Py<PyAny>)>,
    watch: Watch,
}

impl Known {
    /// Remember `names` as `class` has them now.
    pub(crate) fn of(class: &Bound<'_, PyType>, names: &[&str]) -> PyResult<Self> {
        let mut originals = Vec::with_capacity(names.len());
        for name in names {
            let original = genuine(class.getattr(*name)?)?;
            originals.push((PyString::intern(class.py(), name).unbind(), original.unbind()));
        }
        Ok(Self { originals, watch: Watch::default() })
    }

    /// Whether the class of `object` has them still.
    #[inline]
    pub(crate) fn is_class_of(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        if self.watch.is_same(object) {
            return Ok(true);
        }
        self.is_original(&object.get_type())
    }

    /// Whether `class` has them still.
    pub(crate) fn is_original(&self, class: &Bound<'_, PyType>) -> PyResult<bool> {
        self.watch.is_original(class, || {
            for (name, original) in &self.originals {
                match class.getattr_opt(name.bind(class.py()))? {
                    Some(found) if found.is(original) => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        })
    }

    /// Whether neither the class of `object` nor the object itself has others.
    #[inline]
    pub(crate) fn is_untouched(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        if !self.is_class_of(object)? {
            return Ok(false);
        }
        let Some(own) = own_dict(object) else { return Ok(false) };
        if own.is_empty() {
            return Ok(true);
        }
        for (name, _) in &self.originals {
            if own.contains(name.bind(object.py()))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether neither the class of `object` nor the object itself has other methods.
    ///
    /// PERF: as [`Known::is_untouched`], without a look into the dictionary of the object. As long as
    /// nobody has asked for that, the interpreter keeps none, and finds attributes in a third of the
    /// time (an app has many, and each request reads ten of them).
    #[inline]
    pub(crate) fn has_own_methods(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        if !self.is_class_of(object)? {
            return Ok(false);
        }
        for (name, original) in &self.originals {
            let method = object.getattr(name.bind(object.py()))?;
            if function_of(&method)? != Some(original.as_ptr()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The packages whose functions the core does the work of.
const PACKAGES: [&str; 3] = ["blinker", "kolben", "werkzeug"];

/// An attribute as its library has it, or else what no object has as an attribute.
///
/// Agents patch Werkzeug and blinker as soon as these are imported, which is before Kolben sees them.
pub(crate) fn genuine(attribute: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    let py = attribute.py();
    if is_genuine(&attribute)? { Ok(attribute) } else { Ok(PyDict::new(py).into_any()) }
}

fn is_genuine(attribute: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = attribute.py();
    if attribute.is_instance_of::<PyType>() {
        return Ok(true);
    }
    if !attribute.is_exact_instance_of::<PyFunction>() {
        for inside in [intern!(py, "fget"), intern!(py, "__func__")] {
            if let Some(function) = attribute.getattr_opt(inside)?
                && function.is_exact_instance_of::<PyFunction>()
            {
                return is_genuine(&function);
            }
        }
        // Those of the interpreter and of the core cannot be patched without a trace.
        let module = attribute.get_type().getattr(intern!(py, "__module__"))?;
        let module = module.cast::<PyString>().ok().and_then(|module| module.to_str().ok());
        return Ok(!attribute.is_callable() || module.is_some_and(|name| is_trusted(name, &["builtins"])));
    }
    let module = attribute.getattr(intern!(py, "__globals__"))?.get_item(intern!(py, "__name__"))?;
    let standard = || -> PyResult<bool> {
        let name = module.call_method1(intern!(py, "split"), (".",))?.get_item(0)?;
        py.import("sys")?.getattr("stdlib_module_names")?.contains(name)
    };
    match module.cast::<PyString>()?.to_str() {
        Ok(name) if is_trusted(name, &PACKAGES) => Ok(true),
        _ => standard(),
    }
}

fn is_trusted(module: &str, packages: &[&str]) -> bool {
    module.split('.').next().is_some_and(|package| packages.contains(&package))
}

/// The dictionary of an object, if it has a plain one.
///
/// PERF: `__dict__` as an attribute is looked up through the classes first.
#[inline]
pub(crate) fn own_dict<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyDict>> {
    // SAFETY: the object is alive; the answer is a new reference, or null and an exception, which
    // is then cleared.
    let own = unsafe {
        let own = ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut());
        if own.is_null() {
            ffi::PyErr_Clear();
        }
        Bound::from_owned_ptr_or_opt(object.py(), own)
    };
    own.and_then(|own| own.cast_into::<PyDict>().ok())
}

// What PyO3 does not declare.
unsafe extern "C" {
    fn PyMethod_Function(method: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

/// The function of a bound method; `None` for anything else. It is compared, and not used.
#[inline]
pub(crate) fn function_of(method: &Bound<'_, PyAny>) -> PyResult<Option<*mut ffi::PyObject>> {
    static METHOD: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = METHOD.get_or_try_init(method.py(), || -> PyResult<_> {
        Ok(method.py().import("types")?.getattr("MethodType")?.cast_into::<PyType>()?.unbind())
    })?;
    if !method.get_type().is(class) {
        return Ok(None);
    }
    // SAFETY: the object is alive and a method; the function is borrowed of it.
    Ok(Some(unsafe { PyMethod_Function(method.as_ptr()) }))
}
