//! Objects of Werkzeug's classes, made without a call of their Python constructors as long as
//! nobody has overridden or patched those.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::known::genuine;
use crate::watch::Watch;

/// What the constructors that are passed by may call of their class, as much as them themselves.
const STEPS: [&str; 5] = ["__init__", "__new__", "__setattr__", "set", "_specificity"];

/// A method, or that there is none, in a class itself.
struct Step {
    class: Py<PyType>,
    name: Py<PyString>,
    original: Option<Py<PyAny>>,
}

/// A class and the methods that making an object of it without a call passes by.
pub(crate) struct Known {
    class: Py<PyType>,
    /// What the class and its bases were seen to have.
    steps: Vec<Step>,
    watch: Watch,
}

impl Known {
    fn of(classes: &Bound<'_, PyDict>, name: &str) -> PyResult<Self> {
        Self::of_class(held(classes, name)?.cast::<PyType>()?)
    }

    pub(crate) fn of_class(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let py = class.py();
        let mut steps = Vec::new();
        for base in class.mro() {
            let base = base.cast_into::<PyType>()?;
            for step in STEPS {
                let name = PyString::intern(py, step);
                let original = own(&base, &name)?.map(genuine).transpose()?.map(Bound::unbind);
                steps.push(Step { class: base.clone().unbind(), name: name.unbind(), original });
            }
        }
        Ok(Self { class: class.clone().unbind(), steps, watch: Watch::default() })
    }

    pub(crate) fn class<'a, 'py>(&'a self, py: Python<'py>) -> &'a Bound<'py, PyType> {
        self.class.bind(py)
    }

    pub(crate) fn is(&self, class: &Bound<'_, PyAny>) -> bool {
        class.is(&self.class)
    }

    /// Whether `class`, this one or a subclass, is made the way this one was when it was held.
    pub(crate) fn makes(&self, class: &Bound<'_, PyType>) -> PyResult<bool> {
        self.watch.is_original(class, || {
            let (py, held) = (class.py(), self.class(class.py()));
            for step in &self.steps {
                let name = step.name.bind(py);
                let found = own(step.class.bind(py), name)?;
                if found.as_ref().map(Bound::as_ptr) != step.original.as_ref().map(Py::as_ptr) {
                    return Ok(false);
                }
                if !class.is(held) && !same(class.getattr_opt(name)?, held.getattr_opt(name)?) {
                    return Ok(false);
                }
            }
            // Looking it up gives the class the number that the watch keeps.
            class.getattr(intern!(py, "__init__")).map(|_| true)
        })
    }

    /// An object without attributes, if that is how the class makes them.
    pub(crate) fn bare<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let class = self.class(py);
        if self.makes(class)? { bare(class).map(Some) } else { Ok(None) }
    }

    /// An empty dictionary, if that is how the class makes them.
    pub(crate) fn dict<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let class = self.class(py);
        if self.makes(class)? { empty_dict(class).map(Some) } else { Ok(None) }
    }

    /// An empty list, if that is how the class makes them.
    pub(crate) fn list<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let class = self.class(py);
        if self.makes(class)? { empty_list(class).map(Some) } else { Ok(None) }
    }
}

/// What stands under that name in the class itself.
pub(crate) fn own<'py>(
    class: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let entries = class.getattr(intern!(class.py(), "__dict__"))?;
    if entries.contains(name)? { entries.get_item(name).map(Some) } else { Ok(None) }
}

fn same(one: Option<Bound<'_, PyAny>>, other: Option<Bound<'_, PyAny>>) -> bool {
    one.map(|found| found.as_ptr()) == other.map(|found| found.as_ptr())
}

/// An object of `class`, whose `__new__` must be that of `object`.
pub(crate) fn bare<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    // PERF: bench authorization-bearer; `PyType_GenericNew` leaves out the place for attributes.
    // SAFETY: it is only read, and every class is one of objects.
    unsafe { empty(class, ffi::PyBaseObject_Type.tp_new) }
}

/// An empty dictionary of `class`, whose `__new__` must be that of `dict`.
pub(crate) fn empty_dict<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: it is only read, and what it makes of a subclass of `dict` is a `dict`.
    unsafe { Ok(empty(class, ffi::PyDict_Type.tp_new)?.cast_into_unchecked()) }
}

/// An empty list of `class`, whose `__new__` must be that of `list`.
fn empty_list<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyList>> {
    // SAFETY: it is only read, and what it makes of a subclass of `list` is a `list`.
    unsafe { Ok(empty(class, ffi::PyList_Type.tp_new)?.cast_into_unchecked()) }
}

/// An object of `class`, whose `__new__` must be its own or its base's, and read no arguments.
pub(crate) fn unstarted<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the class is alive, and what it makes objects with is meant for it.
    unsafe { empty(class, (*class.as_type_ptr()).tp_new) }
}

/// # Safety
///
/// `new` is that of a type that `class` is a subtype of, or its own.
unsafe fn empty<'py>(class: &Bound<'py, PyType>, new: Option<ffi::newfunc>) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let Some(new) = new else {
        return Err(PyRuntimeError::new_err("the type cannot be made"));
    };
    let arguments = PyTuple::empty(py);
    // SAFETY: the class is a live subtype, as was promised; the call gives a new reference to an
    // instance, or null and an exception.
    unsafe {
        let made = new(class.as_type_ptr(), arguments.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(py, made)
    }
}

/// What the core was given to make, and Werkzeug's functions for what it leaves to them.
macro_rules! held {
    (classes: $($class:ident),+; functions: $($function:ident),+ $(,)?) => {
        pub(crate) struct Held {
            $(pub(crate) $class: Known,)+
            $(pub(crate) $function: Py<PyAny>,)+
        }

        impl Held {
            fn of(found: &Bound<'_, PyDict>) -> PyResult<Self> {
                Ok(Self {
                    $($class: Known::of(found, stringify!($class))?,)+
                    $($function: held(found, stringify!($function))?.unbind(),)+
                })
            }
        }
    };
}

held! {
    classes: accept, callback_dict, challenge, charset_accept, content_range, etags,
        header_set, if_range, immutable_multi_dict, language_accept, mime_accept, multi_dict, policy,
        range, request_cache_control, response_cache_control;
    functions: challenge_callback, dump_header, dump_options_header, iri_to_uri, parse_age,
        parse_authorization, parse_content_range, parse_date, parse_decoded_cookie, parse_range,
        quote_header_value, uri_to_iri,
}

static HELD: PyOnceLock<Held> = PyOnceLock::new();

/// Takes the classes and functions that stand in Werkzeug as Kolben is imported. Whatever comes
/// in their place later is no longer what the core knows.
#[pyfunction]
#[pyo3(signature = (**originals))]
pub(crate) fn hold(py: Python<'_>, originals: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
    if let Some(found) = originals {
        HELD.get_or_try_init(py, || Held::of(found))?;
    }
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
        Some(class) if held.immutable_multi_dict.is(class) => &held.immutable_multi_dict,
        Some(class) if !held.multi_dict.is(class) => return Ok(None),
        _ => &held.multi_dict,
    };
    known.dict(py)
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

/// Assigns an attribute past a `__setattr__` of the class, as `object` does.
pub(crate) fn set_plainly<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    value: impl IntoPyObjectExt<'py>,
) -> PyResult<()> {
    let value = value.into_bound_py_any(object.py())?;
    // SAFETY: three live objects, and `name` is a `str`; anything but zero comes with an exception.
    match unsafe { ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value.as_ptr()) } {
        0 => Ok(()),
        _ => Err(PyErr::fetch(object.py())),
    }
}

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
