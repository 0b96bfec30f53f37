//! Objects of Werkzeug's classes, made without a call of their Python constructors as long as
//! nobody has overridden or patched those.

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};

use crate::watch::Watch;

/// A class and the methods that making an object of it without a call passes by.
pub(crate) struct Known {
    class: Py<PyType>,
    methods: Vec<(Py<PyString>, Py<PyAny>)>,
    watch: Watch,
}

impl Known {
    fn of(classes: &Bound<'_, PyDict>, name: &str) -> PyResult<Self> {
        let class = held(classes, name)?.cast_into::<PyType>()?;
        let mut methods = Vec::new();
        // `set` is what the constructor of `ContentRange` calls.
        for method in ["__init__", "__new__", "__setattr__", "set"] {
            if let Some(original) = class.getattr_opt(method)? {
                methods.push((PyString::intern(class.py(), method).unbind(), original.unbind()));
            }
        }
        Ok(Self { class: class.unbind(), methods, watch: Watch::default() })
    }

    pub(crate) fn class<'a, 'py>(&'a self, py: Python<'py>) -> &'a Bound<'py, PyType> {
        self.class.bind(py)
    }

    /// Whether `class`, this one or a subclass, is made the way this one was when it was held.
    pub(crate) fn makes(&self, class: &Bound<'_, PyType>) -> PyResult<bool> {
        self.watch.is_original(class, || {
            for (name, original) in &self.methods {
                if !class.getattr(name.bind(class.py()))?.is(original) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// An object without attributes, if that is how the class makes them.
    pub(crate) fn bare<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let class = self.class(py);
        if self.makes(class)? { bare(class).map(Some) } else { Ok(None) }
    }
}

/// An object of `class`, whose `__new__` must be that of `object`.
pub(crate) fn bare<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a live type, and a function that reads no arguments; it gives a new reference, or
    // null and an exception.
    unsafe {
        let made = ffi::PyType_GenericNew(class.as_type_ptr(), std::ptr::null_mut(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(class.py(), made)
    }
}

/// An empty dictionary of `class`, whose `__new__` must be that of `dict`.
pub(crate) fn empty_dict<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyDict>> {
    let py = class.py();
    let arguments = pyo3::types::PyTuple::empty(py);
    // SAFETY: `dict` has a `tp_new`, which is read only; the class is a live subtype of it; the
    // call gives a new reference to an instance, or null and an exception.
    unsafe {
        let Some(new) = ffi::PyDict_Type.tp_new else {
            return Err(PyRuntimeError::new_err("dict cannot be made"));
        };
        let made = new(class.as_type_ptr(), arguments.as_ptr(), std::ptr::null_mut());
        Ok(Bound::from_owned_ptr_or_err(py, made)?.cast_into_unchecked())
    }
}

/// What the core was given to make, and Werkzeug's functions for what it leaves to them.
pub(crate) struct Held {
    pub(crate) authorization: Known,
    pub(crate) content_range: Known,
    pub(crate) etags: Known,
    pub(crate) immutable_multi_dict: Known,
    pub(crate) multi_dict: Known,
    pub(crate) range: Known,
    pub(crate) parse_authorization: Py<PyAny>,
    pub(crate) parse_content_range: Py<PyAny>,
    pub(crate) parse_decoded_cookie: Py<PyAny>,
    pub(crate) parse_range: Py<PyAny>,
}

static HELD: PyOnceLock<Held> = PyOnceLock::new();

/// Takes the classes and functions that stand in Werkzeug as Kolben is imported. Whatever comes
/// in their place later is no longer what the core knows.
#[pyfunction]
#[pyo3(signature = (**originals))]
pub(crate) fn hold(py: Python<'_>, originals: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
    let Some(found) = originals else {
        return Ok(());
    };
    HELD.get_or_try_init(py, || {
        Ok::<_, PyErr>(Held {
            authorization: Known::of(found, "authorization")?,
            content_range: Known::of(found, "content_range")?,
            etags: Known::of(found, "etags")?,
            immutable_multi_dict: Known::of(found, "immutable_multi_dict")?,
            multi_dict: Known::of(found, "multi_dict")?,
            range: Known::of(found, "range")?,
            parse_authorization: held(found, "parse_authorization")?.unbind(),
            parse_content_range: held(found, "parse_content_range")?.unbind(),
            parse_decoded_cookie: held(found, "parse_decoded_cookie")?.unbind(),
            parse_range: held(found, "parse_range")?.unbind(),
        })
    })?;
    Ok(())
}

fn held<'py>(originals: &Bound<'py, PyDict>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    originals
        .get_item(name)?
        .ok_or_else(|| PyRuntimeError::new_err(format!("{name} is missing from what the core is to hold")))
}

pub(crate) fn originals(py: Python<'_>) -> PyResult<&Held> {
    HELD.get(py).ok_or_else(|| PyRuntimeError::new_err("import kolben.headers before you call its core"))
}

/// An empty multi-dict of `class`, or of the plain one; `None` if only a call makes one.
pub(crate) fn multi_dict<'py>(
    py: Python<'py>,
    class: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let held = originals(py)?;
    let known = match class {
        Some(class) if class.is(&held.immutable_multi_dict.class) => &held.immutable_multi_dict,
        Some(class) if !class.is(&held.multi_dict.class) => return Ok(None),
        _ => &held.multi_dict,
    };
    let class = known.class(py);
    if known.makes(class)? { empty_dict(class).map(Some) } else { Ok(None) }
}

/// The class that was asked for, or the plain one.
pub(crate) fn multi_dict_class<'py>(
    py: Python<'py>,
    class: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    match class {
        Some(class) => Ok(class.clone()),
        None => Ok(originals(py)?.multi_dict.class(py).clone().into_any()),
    }
}

/// Assigns attributes by their interned names.
macro_rules! assign {
    ($object:expr, $($name:literal = $value:expr),+ $(,)?) => {
        $($object.setattr(pyo3::intern!($object.py(), $name), $value)?;)+
    };
}
pub(crate) use assign;

/// The header of an environ, or the header itself.
pub(crate) fn header_of<'py>(
    source: &Bound<'py, PyAny>,
    key: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    if source.is_instance_of::<PyString>() || !source.is_instance_of::<PyDict>() {
        return Ok(source.clone());
    }
    source.call_method1(intern!(source.py(), "get"), (key,))
}
