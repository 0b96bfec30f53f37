//! `AuthorizationCore`: the credentials of a request, placed before Werkzeug's class in the MRO.
//!
//! What Werkzeug keeps in the dictionary of the object is kept in fields here, until somebody asks
//! for that dictionary: then it moves there, and stays.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyAttributeError, PyRuntimeError};
use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PySuper, PyTuple, PyType};

use crate::auth;
use crate::known::own_dict;
use crate::made;
use crate::shared::Shared;
use crate::watch::Watch;

/// The hot part of `kolben.headers.Authorization`; everything else is Werkzeug's.
///
/// PERF: benches authorization-basic and -bearer. Three attributes in a dictionary take longer to keep
/// than a token takes to read.
#[pyclass(subclass, frozen, module = "kolben._core")]
pub(crate) struct AuthorizationCore {
    r#type: Shared<PyAny>,
    parameters: Shared<PyAny>,
    token: Shared<PyAny>,
    /// The parameters of `Basic`, as long as nobody has asked for a dictionary of them.
    username: Shared<PyAny>,
    password: Shared<PyAny>,
    /// Whether the parameters are an empty dictionary that is made when it is read, which is seldom.
    has_none: AtomicBool,
    /// Whether all of it is in the dictionary of the object.
    moved: AtomicBool,
    /// Whether a name or a password was assigned, which is in that dictionary.
    assigned: AtomicBool,
}

const NAMES: [&str; 3] = ["type", "parameters", "token"];

/// The attributes that are as we know them only if no class but the expected one has them.
const WATCHED: [&str; 6] = ["type", "parameters", "token", "username", "password", "__getattr__"];

struct Originals {
    class: made::Known,
    /// What is there under each of the `WATCHED`.
    watched: Vec<Py<PyAny>>,
    /// Remembers the class that was last seen to have nothing else there.
    plain: Watch,
    /// Remembers the one of those that was last seen to make its objects as ours does.
    ready: Watch,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

/// Takes the class of credentials.
#[pyfunction]
pub(crate) fn hold_authorization(authorization: &Bound<'_, PyType>) -> PyResult<()> {
    ORIGINALS.get_or_try_init(authorization.py(), || {
        let mut watched = Vec::new();
        for name in WATCHED {
            watched.extend(definitions(authorization, name)?.into_iter().map(|(_, found)| found.unbind()));
        }
        let class = made::Known::of_class(authorization)?;
        Ok::<_, PyErr>(Originals { class, watched, plain: Watch::default(), ready: Watch::default() })
    })?;
    Ok(())
}

fn originals(py: Python<'_>) -> PyResult<&Originals> {
    ORIGINALS.get(py).ok_or_else(|| PyRuntimeError::new_err("import kolben.headers before you call its core"))
}

/// The classes that have an attribute, in the order of the MRO, and what each of them has.
fn definitions<'py>(
    class: &Bound<'py, PyType>,
    name: &str,
) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
    let name = PyString::intern(class.py(), name);
    let mut found = Vec::new();
    for base in class.mro() {
        if let Some(own) = made::own(base.cast::<PyType>()?, &name)? {
            found.push((base, own));
        }
    }
    Ok(found)
}

/// Whether nobody has given a class of the MRO another idea of the attributes.
fn is_plain(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let held = originals(class.py())?;
    held.plain.is_original(class, || {
        let mut known = held.watched.iter();
        for name in WATCHED {
            match (definitions(class, name)?.as_slice(), known.next()) {
                ([(_, found)], Some(known)) if found.is(known) => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    })
}

/// Whether credentials of `class` can be made without a call.
fn is_ready(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let held = originals(class.py())?;
    held.ready.is_original(class, || Ok(is_plain(class)? && held.class.makes(class)?))
}

/// Makes the credentials of a scheme, of that class: with parameters or with a token.
#[inline]
pub(crate) fn make<'py>(
    class: &Bound<'py, PyType>,
    scheme: &Bound<'py, PyString>,
    parameters: Option<Bound<'py, PyDict>>,
    token: Option<Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    if !is_ready(class)? {
        return class.call1((scheme, parameters, token));
    }
    let made = empty(class)?;
    let core = made.get();
    core.r#type.set(py, Some(scheme.clone().into_any().unbind()));
    match parameters {
        Some(parameters) => core.parameters.set(py, Some(parameters.into_any().unbind())),
        None => core.has_none.store(true, Ordering::Relaxed),
    }
    core.token.set(py, Some(token.map_or_else(|| py.None(), |token| token.into_any().unbind())));
    Ok(made.into_any())
}

/// Makes the credentials of a user with a password, of that class.
pub(crate) fn make_basic<'py>(
    class: &Bound<'py, PyType>,
    username: Bound<'py, PyString>,
    password: Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let scheme = intern!(py, "basic");
    if !is_ready(class)? {
        return class.call1((scheme, basic_parameters(username.as_any(), password.as_any())?));
    }
    let made = empty(class)?;
    let core = made.get();
    core.r#type.set(py, Some(scheme.clone().into_any().unbind()));
    core.username.set(py, Some(username.into_any().unbind()));
    core.password.set(py, Some(password.into_any().unbind()));
    core.token.set(py, Some(py.None()));
    Ok(made.into_any())
}

fn basic_parameters<'py>(
    username: &Bound<'py, PyAny>,
    password: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = username.py();
    let parameters = PyDict::new(py);
    parameters.set_item(intern!(py, "username"), username)?;
    parameters.set_item(intern!(py, "password"), password)?;
    Ok(parameters)
}

/// An object without attributes, of a class that makes them as ours does.
///
/// PERF: without a call of `__new__`, and without the place for a dictionary, which Python makes when
/// there has to be one.
#[cfg(not(Py_GIL_DISABLED))]
fn empty<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, AuthorizationCore>> {
    // SAFETY: the class is a live subclass of ours. Its memory comes full of zeros, and of these our
    // fields are what `new` makes them: empty cells for objects, and some that are `false`. There is nothing else
    // in a frozen class of PyO3's that may be sent to any thread and has no dictionary of its own.
    unsafe {
        let made = ffi::PyType_GenericAlloc(class.as_type_ptr(), 0);
        Ok(Bound::from_owned_ptr_or_err(class.py(), made)?.cast_into_unchecked())
    }
}

#[cfg(Py_GIL_DISABLED)]
fn empty<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, AuthorizationCore>> {
    Ok(made::unstarted(class)?.cast_into()?)
}

/// What a class behind ours has under that name: somebody has patched Werkzeug's.
#[cold]
fn behind<'py>(class: &Bound<'py, PyType>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let ours = class.py().get_type::<AuthorizationCore>();
    let mut found = definitions(class, name)?.into_iter().skip_while(|(base, _)| !base.is(&ours));
    Ok(found.nth(1).map(|(_, found)| found))
}

/// The method of a descriptor behind ours that is in charge of the attribute.
fn in_charge<'py>(
    slf: &Bound<'py, AuthorizationCore>,
    name: &str,
    method: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let class = slf.get_type();
    if is_plain(&class)? {
        return Ok(None);
    }
    match behind(&class, name)? {
        Some(found) if found.get_type().hasattr("__set__")? => found.getattr(method).map(Some),
        _ => Ok(None),
    }
}

fn missing(name: &str) -> PyErr {
    PyAttributeError::new_err(name.to_owned())
}

impl AuthorizationCore {
    fn field(&self, name: &str) -> &Shared<PyAny> {
        match name {
            "type" => &self.r#type,
            "parameters" => &self.parameters,
            "username" => &self.username,
            "password" => &self.password,
            _ => &self.token,
        }
    }

    fn has_moved(&self) -> bool {
        self.moved.load(Ordering::Acquire)
    }

    /// What is kept under a name here.
    fn kept<'py>(&self, py: Python<'py>, name: &str) -> Option<Bound<'py, PyAny>> {
        let field = self.field(name);
        if name == "parameters"
            && !field.is_some(py)
            && let Some(made) = self.late_parameters(py)
            // Another thread may have been here while they were made.
            && !field.is_some(py)
        {
            self.keep(py, name, Some(made.as_any()));
        }
        field.get(py).map(|found| found.into_bound(py))
    }

    /// The parameters, if there is no dictionary of them yet.
    fn late_parameters<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyDict>> {
        if let (Some(username), Some(password)) = (self.username.get(py), self.password.get(py)) {
            return basic_parameters(username.bind(py), password.bind(py)).ok();
        }
        self.has_none.load(Ordering::Relaxed).then(|| PyDict::new(py))
    }

    fn keep(&self, py: Python<'_>, name: &str, value: Option<&Bound<'_, PyAny>>) {
        self.field(name).set(py, value.map(|value| value.clone().unbind()));
        if name == "parameters" {
            self.has_none.store(false, Ordering::Relaxed);
            self.username.set(py, None);
            self.password.set(py, None);
        }
    }

    fn get_attribute<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let (py, core) = (slf.py(), slf.get());
        if let Some(get) = in_charge(slf, name, "__get__")? {
            return get.call1((slf, slf.get_type()));
        }
        let mut found = None;
        if core.has_moved() || core.assigned.load(Ordering::Relaxed) {
            found = own_dict(slf.as_any()).map(|own| own.get_item(name)).transpose()?.flatten();
        }
        // What is no attribute of Werkzeug's comes from its `__getattr__`, which may be another's.
        if found.is_none() && (NAMES.contains(&name) || is_plain(&slf.get_type())?) {
            found = core.kept(py, name);
        }
        match found {
            Some(found) => Ok(found),
            // There is a `__getattr__`, which then is asked.
            None if is_plain(&slf.get_type())? => Err(missing(name)),
            None => PySuper::new(&py.get_type::<Self>(), slf)?.getattr(name),
        }
    }

    fn set_attribute(slf: &Bound<'_, Self>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let core = slf.get();
        if let Some(set) = in_charge(slf, name, "__set__")? {
            return set.call1((slf, value)).map(drop);
        }
        if NAMES.contains(&name) && !core.has_moved() {
            core.keep(slf.py(), name, Some(value));
            return Ok(());
        }
        core.assigned.store(true, Ordering::Relaxed);
        own_dict(slf.as_any()).ok_or_else(|| missing(name))?.set_item(name, value)
    }

    fn delete_attribute(slf: &Bound<'_, Self>, name: &str) -> PyResult<()> {
        if let Some(delete) = in_charge(slf, name, "__delete__")? {
            return delete.call1((slf,)).map(drop);
        }
        Self::dictionary(slf)?.del_item(name).map_err(|_| missing(name))
    }

    /// The dictionary of the object, with all in it.
    fn dictionary<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let (py, core) = (slf.py(), slf.get());
        let own = own_dict(slf.as_any()).ok_or_else(|| missing("__dict__"))?;
        if !core.has_moved() {
            for name in NAMES {
                if let Some(value) = core.kept(py, name) {
                    own.set_item(PyString::intern(py, name), value)?;
                }
            }
            core.leave(py);
        }
        Ok(own)
    }

    /// From now on, the dictionary is where the attributes are.
    fn leave(&self, py: Python<'_>) {
        self.moved.store(true, Ordering::Release);
        for name in NAMES {
            self.keep(py, name, None);
        }
    }
}

impl Drop for AuthorizationCore {
    /// PERF: as the fields would be dropped, without asking for each of them whether this thread may.
    fn drop(&mut self) {
        // SAFETY: an object of Python's is only ever dropped by its interpreter.
        let py = unsafe { Python::assume_attached() };
        for field in [&self.r#type, &self.parameters, &self.token, &self.username, &self.password] {
            field.set(py, None);
        }
    }
}

#[pymethods]
impl AuthorizationCore {
    #[new]
    #[pyo3(signature = (*args, **kwargs))]
    fn new(args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        let _ = (args, kwargs); // they are `__init__`'s
        Self {
            r#type: Shared::empty(),
            parameters: Shared::empty(),
            token: Shared::empty(),
            username: Shared::empty(),
            password: Shared::empty(),
            has_none: AtomicBool::new(false),
            moved: AtomicBool::new(false),
            assigned: AtomicBool::new(false),
        }
    }

    #[pyo3(signature = (auth_type, data = None, token = None))]
    fn __init__<'py>(
        slf: &Bound<'py, Self>,
        auth_type: &Bound<'py, PyAny>,
        data: Option<&Bound<'py, PyAny>>,
        token: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let (py, core) = (slf.py(), slf.get());
        if !is_ready(&slf.get_type())? || core.has_moved() {
            let next = PySuper::new(&py.get_type::<Self>(), slf)?;
            return next.call_method1(intern!(py, "__init__"), (auth_type, data, token)).map(drop);
        }
        core.keep(py, "type", Some(auth_type));
        core.keep(py, "parameters", data);
        core.has_none.store(data.is_none(), Ordering::Relaxed);
        core.token.set(py, Some(token.map_or_else(|| py.None(), |token| token.clone().unbind())));
        Ok(())
    }

    /// Parse ``Authorization``, ``None`` if it is empty or malformed.
    #[classmethod]
    fn from_header<'py>(
        cls: &Bound<'py, PyType>,
        value: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        auth::parse_authorization(cls, value)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.r#type.traverse(visit)?;
        self.parameters.traverse(visit)?;
        self.token.traverse(visit)
    }

    fn __clear__(slf: &Bound<'_, Self>) {
        slf.get().leave(slf.py());
    }

    /// The scheme, in lower case.
    #[getter]
    fn r#type<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::get_attribute(slf, "type")
    }

    #[setter(r#type)]
    fn set_type(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::set_attribute(slf, "type", value)
    }

    #[deleter(r#type)]
    fn delete_type(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::delete_attribute(slf, "type")
    }

    /// The parameters; empty if there is a token.
    #[getter]
    fn parameters<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::get_attribute(slf, "parameters")
    }

    #[setter(parameters)]
    fn set_parameters(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::set_attribute(slf, "parameters", value)
    }

    #[deleter(parameters)]
    fn delete_parameters(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::delete_attribute(slf, "parameters")
    }

    /// The token, if there are no parameters.
    #[getter]
    fn token<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::get_attribute(slf, "token")
    }

    #[setter(token)]
    fn set_token(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::set_attribute(slf, "token", value)
    }

    #[deleter(token)]
    fn delete_token(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::delete_attribute(slf, "token")
    }

    /// The user name of `Basic`.
    //
    // PERF: what everybody reads of it needs neither `__getattr__` nor a dictionary to look into.
    #[getter]
    fn username<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::get_attribute(slf, "username")
    }

    #[setter(username)]
    fn set_username(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::set_attribute(slf, "username", value)
    }

    #[deleter(username)]
    fn delete_username(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::delete_attribute(slf, "username")
    }

    /// The password of `Basic`.
    #[getter]
    fn password<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::get_attribute(slf, "password")
    }

    #[setter(password)]
    fn set_password(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::set_attribute(slf, "password", value)
    }

    #[deleter(password)]
    fn delete_password(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::delete_attribute(slf, "password")
    }

    #[getter(__dict__)]
    fn get_dict<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        Self::dictionary(slf)
    }

    #[setter(__dict__)]
    fn set_dict(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: two live objects; anything but zero comes with an exception.
        match unsafe { ffi::PyObject_GenericSetDict(slf.as_ptr(), value.as_ptr(), std::ptr::null_mut()) } {
            0 => slf.get().leave(slf.py()),
            _ => return Err(PyErr::fetch(slf.py())),
        }
        Ok(())
    }
}
