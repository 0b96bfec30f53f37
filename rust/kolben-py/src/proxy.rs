//! The proxies of `kolben.globals`: Werkzeug's `LocalProxy`, with the way to an attribute made short.
//!
//! The class is made by hand, because it extends a class of Python: a subclass of `LocalProxy` whose
//! slots for attributes, items and truth go to the current object by themselves. Names that begin
//! with an underscore, and everything while nothing is bound, go Werkzeug's way.

use crate::context;
use pyo3::exceptions::{PyAttributeError, PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};
use std::ffi::{c_int, c_void};

/// What a proxy holds behind what `LocalProxy` holds.
#[repr(C)]
struct Target {
    /// The context variable. Owned, and never given back: proxies live as long as the process.
    variable: *mut ffi::PyObject,
    /// The attribute of its value that the proxy stands for; null if it stands for the value.
    name: *mut ffi::PyObject,
}

struct Class {
    class: Py<PyType>,
    /// Where the target lies in an object.
    offset: usize,
}

static CLASS: PyOnceLock<Class> = PyOnceLock::new();

/// Make a proxy like `local_proxy`, which stands for the attribute `name` of the value of `variable`,
/// or for that value.
#[pyfunction]
#[pyo3(signature = (local_proxy, variable, name=None))]
pub(crate) fn make_proxy<'py>(
    local_proxy: &Bound<'py, PyAny>,
    variable: &Bound<'py, PyAny>,
    name: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = variable.py();
    let base = variable.py().import("werkzeug.local")?.getattr("LocalProxy")?.cast_into::<PyType>()?;
    let made = CLASS.get_or_try_init(py, || make_class(&base))?;
    let class = made.class.bind(py);
    // SAFETY: the class is a live heap type, of which this makes an object; the target lies in what
    // it adds to its base, which is zeroed at first.
    let proxy = unsafe {
        let proxy = ffi::PyType_GenericAlloc(class.as_type_ptr(), 0);
        let proxy = Bound::from_owned_ptr_or_err(py, proxy)?;
        let target = &mut *proxy.as_ptr().byte_add(made.offset).cast::<Target>();
        target.variable = variable.clone().into_ptr();
        target.name = name.map_or(std::ptr::null_mut(), |name| {
            PyString::intern(py, name.to_str().unwrap_or_default()).into_ptr()
        });
        proxy
    };
    // What `LocalProxy` keeps, through the descriptors of its slots: its own `__setattr__` would
    // set it on the current object.
    let get = py.import("builtins")?.getattr("object")?.getattr("__getattribute__")?;
    for slot in ["_LocalProxy__wrapped", "_get_current_object"] {
        let value = get.call1((local_proxy, slot))?;
        base.getattr("__dict__")?.get_item(slot)?.call_method1("__set__", (&proxy, value))?;
    }
    Ok(proxy)
}

fn make_class(base: &Bound<'_, PyType>) -> PyResult<Class> {
    let py = base.py();
    // SAFETY: a live type.
    let offset = usize::try_from(unsafe { (*base.as_type_ptr()).tp_basicsize })?;
    let slots = &mut [
        slot(ffi::Py_tp_getattro, get_attribute as *mut c_void),
        slot(ffi::Py_tp_setattro, set_attribute as *mut c_void),
        slot(ffi::Py_mp_subscript, get_item as *mut c_void),
        slot(ffi::Py_mp_ass_subscript, set_item as *mut c_void),
        slot(ffi::Py_sq_contains, contains as *mut c_void),
        slot(ffi::Py_tp_iter, iterate as *mut c_void),
        slot(ffi::Py_nb_bool, is_true as *mut c_void),
        slot(0, std::ptr::null_mut()),
    ];
    let size = offset + size_of::<Target>();
    let mut spec = ffi::PyType_Spec {
        name: c"kolben.globals.LocalProxy".as_ptr(),
        basicsize: c_int::try_from(size)?,
        itemsize: 0,
        flags: u32::try_from(ffi::Py_TPFLAGS_DEFAULT)?,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the specification is complete, its functions have the types of their slots, and it is
    // read during the call only.
    let class = unsafe {
        let class = ffi::PyType_FromSpecWithBases(&raw mut spec, base.as_ptr());
        Bound::from_owned_ptr_or_err(py, class)?.cast_into::<PyType>()?
    };
    // Without its module, as that of the class before it; and its text is that of the object.
    class.setattr("__name__", "LocalProxy")?;
    class.setattr("__doc__", base.getattr("__dict__")?.get_item("__doc__")?)?;
    Ok(Class { class: class.unbind(), offset })
}

fn slot(number: c_int, function: *mut c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot { slot: number, pfunc: function }
}

/// The object that a proxy stands for; `None` if nothing is bound.
///
/// # Safety
///
/// The pointer is that of a live proxy, and the interpreter is attached.
#[inline]
unsafe fn current(py: Python<'_>, proxy: *mut ffi::PyObject) -> PyResult<Option<Bound<'_, PyAny>>> {
    let Some(class) = CLASS.get(py) else { return Ok(None) };
    // SAFETY: as promised, and the target was set when the proxy was made; what it points to is
    // never given back.
    let (value, name) = unsafe {
        let target = &*proxy.byte_add(class.offset).cast::<Target>();
        let mut value = std::ptr::null_mut();
        if ffi::PyContextVar_Get(target.variable, std::ptr::null_mut(), &raw mut value) < 0 {
            return Err(PyErr::fetch(py));
        }
        let Some(value) = Bound::from_owned_ptr_or_opt(py, value) else { return Ok(None) };
        (value, Bound::from_borrowed_ptr_or_opt(py, target.name))
    };
    match name {
        None => Ok(Some(value)),
        Some(name) => context::attribute(&value, name.cast::<PyString>()?).map(Some),
    }
}

/// As [`current`]; an error if nothing is bound: Werkzeug's, with the message of the proxy.
///
/// # Safety
///
/// As for [`current`].
#[inline]
unsafe fn bound(py: Python<'_>, proxy: *mut ffi::PyObject) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as promised.
    if let Some(object) = unsafe { current(py, proxy) }? {
        return Ok(object);
    }
    // SAFETY: as promised; the slot is set.
    let proxy = unsafe { Bound::from_borrowed_ptr(py, proxy) };
    let get = generic(&proxy, pyo3::intern!(py, "_get_current_object"))?;
    get.call0()?;
    Err(PyRuntimeError::new_err("nothing is bound"))
}

fn generic<'py>(object: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: both are alive; a new reference, or null and an exception.
    unsafe {
        let value = ffi::PyObject_GenericGetAttr(object.as_ptr(), name.as_ptr());
        Bound::from_owned_ptr_or_err(object.py(), value)
    }
}

/// The pointer of a result, or null with its error set.
fn returned(py: Python<'_>, result: PyResult<Bound<'_, PyAny>>) -> *mut ffi::PyObject {
    match result {
        Ok(value) => value.into_ptr(),
        Err(error) => {
            error.restore(py);
            std::ptr::null_mut()
        }
    }
}

/// The number of a result, or -1 with its error set.
fn counted(py: Python<'_>, result: PyResult<c_int>) -> c_int {
    result.unwrap_or_else(|error| {
        error.restore(py);
        -1
    })
}

unsafe extern "C" fn get_attribute(
    proxy: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls this with a proxy and a `str`.
    unsafe {
        let py = Python::assume_attached();
        let name = Bound::from_borrowed_ptr(py, name);
        let result = (|| {
            let text = name.cast::<PyString>()?;
            if text.to_str().is_ok_and(|text| text.starts_with('_')) {
                match generic(&Bound::from_borrowed_ptr(py, proxy), text) {
                    Err(error) if error.is_instance_of::<PyAttributeError>(py) => {}
                    found => return found,
                }
            }
            bound(py, proxy)?.getattr(text)
        })();
        returned(py, result)
    }
}

unsafe extern "C" fn set_attribute(
    proxy: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: the interpreter calls this with a proxy, a `str`, and a value or null.
    unsafe {
        let py = Python::assume_attached();
        let result =
            bound(py, proxy).and_then(|object| match ffi::PyObject_SetAttr(object.as_ptr(), name, value) {
                0 => Ok(0),
                _ => Err(PyErr::fetch(py)),
            });
        counted(py, result)
    }
}

unsafe extern "C" fn get_item(proxy: *mut ffi::PyObject, key: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls this with a proxy and a key.
    unsafe {
        let py = Python::assume_attached();
        let result = bound(py, proxy)
            .and_then(|object| Bound::from_owned_ptr_or_err(py, ffi::PyObject_GetItem(object.as_ptr(), key)));
        returned(py, result)
    }
}

unsafe extern "C" fn set_item(
    proxy: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: the interpreter calls this with a proxy, a key, and a value or null.
    unsafe {
        let py = Python::assume_attached();
        let result = bound(py, proxy).and_then(|object| {
            let done = if value.is_null() {
                ffi::PyObject_DelItem(object.as_ptr(), key)
            } else {
                ffi::PyObject_SetItem(object.as_ptr(), key, value)
            };
            if done == 0 { Ok(0) } else { Err(PyErr::fetch(py)) }
        });
        counted(py, result)
    }
}

unsafe extern "C" fn contains(proxy: *mut ffi::PyObject, item: *mut ffi::PyObject) -> c_int {
    // SAFETY: the interpreter calls this with a proxy and an item.
    unsafe {
        let py = Python::assume_attached();
        let result =
            bound(py, proxy).and_then(|object| match ffi::PySequence_Contains(object.as_ptr(), item) {
                -1 => Err(PyErr::fetch(py)),
                answer => Ok(answer),
            });
        counted(py, result)
    }
}

unsafe extern "C" fn iterate(proxy: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls this with a proxy.
    unsafe {
        let py = Python::assume_attached();
        let result = current(py, proxy).and_then(|object| match object {
            Some(object) => Ok(object.try_iter()?.into_any()),
            None => Err(PyTypeError::new_err("'LocalProxy' object is not iterable")),
        });
        returned(py, result)
    }
}

/// A proxy that nothing is bound to is false.
unsafe extern "C" fn is_true(proxy: *mut ffi::PyObject) -> c_int {
    // SAFETY: the interpreter calls this with a proxy.
    unsafe {
        let py = Python::assume_attached();
        let result = current(py, proxy).and_then(|object| match object {
            Some(object) => object.is_truthy().map(c_int::from),
            None => Ok(0),
        });
        counted(py, result)
    }
}
