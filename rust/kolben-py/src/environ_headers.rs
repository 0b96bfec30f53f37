//! `EnvironHeadersCore`: look-ups in the WSGI environ, placed before Werkzeug's `EnvironHeaders`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyAttributeError, PyKeyError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyIterator, PyList, PyString, PySuper, PyTuple};

use crate::headers::{HeadersCore, Look};
use crate::watch::Watch;

/// The hot methods of `kolben.datastructures.EnvironHeaders`.
#[pyclass(extends = HeadersCore, subclass, frozen, module = "kolben._core")]
pub(crate) struct EnvironHeadersCore {
    /// What Python sees as `environ`, until somebody assigns another.
    environ: OnceLock<Py<PyAny>>,
    /// Whether another was assigned.
    moved: AtomicBool,
}

/// The methods as this type defines them, to tell an override from the original.
struct Originals {
    get_key: Py<PyAny>,
    iter: Py<PyAny>,
    /// Remembers the class that was last seen to keep `_get_key`.
    kept: Watch,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

fn originals(py: Python<'_>) -> PyResult<&Originals> {
    ORIGINALS.get_or_try_init(py, || {
        let core = py.get_type::<EnvironHeadersCore>();
        Ok(Originals {
            get_key: core.getattr("_get_key")?.unbind(),
            iter: core.getattr("__iter__")?.unbind(),
            kept: Watch::default(),
        })
    })
}

/// Header names that were asked for, and their keys in the environ: `X-Id` and `HTTP_X_ID`.
static KEYS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

/// Names come from the application, but one that looks up what its users send must not fill memory.
const MOST_KEYS: usize = 1024;
const LONGEST_KEPT_NAME: usize = 64;

/// The environ key of a header name; `None` for a name that is not an ASCII str.
pub(crate) fn environ_key<'py>(name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = name.py();
    let Ok(text) = name.cast_exact::<PyString>() else {
        return Ok(None);
    };
    let keys = KEYS.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    if let Some(key) = keys.get_item(text)? {
        return Ok(Some(key));
    }
    let Some(text) = text.to_str().ok().filter(|text| text.is_ascii()) else {
        return Ok(None);
    };
    let mut upper = text.replace('-', "_");
    upper.make_ascii_uppercase();
    if upper != "CONTENT_TYPE" && upper != "CONTENT_LENGTH" {
        upper.insert_str(0, "HTTP_");
    }
    let key = PyString::new(py, &upper).into_any();
    if text.len() <= LONGEST_KEPT_NAME && keys.len() < MOST_KEYS {
        keys.set_item(name, &key)?;
    }
    Ok(Some(key))
}

fn environ_of<'py>(headers: &Bound<'py, EnvironHeadersCore>) -> Option<Bound<'py, PyDict>> {
    let core = headers.get();
    if core.moved.load(Ordering::Relaxed) {
        return None;
    }
    let environ = core.environ.get()?.bind(headers.py());
    environ.cast_exact::<PyDict>().ok().cloned()
}

fn find<'py>(headers: &Bound<'py, EnvironHeadersCore>, name: &Bound<'py, PyAny>) -> PyResult<Look<'py>> {
    let Some(environ) = environ_of(headers) else {
        return Ok(Look::Unsure);
    };
    let Some(key) = environ_key(name)? else {
        return Ok(Look::Unsure);
    };
    Ok(match environ.get_item(key)? {
        Some(value) => Look::Found(value),
        None => Look::Missing,
    })
}

/// Whether `name` is still the method that this file defines, on the class and the instance.
fn keeps(headers: &Bound<'_, EnvironHeadersCore>, name: &Bound<'_, PyString>, original: &Py<PyAny>) -> bool {
    headers.as_super().get().untouched()
        && headers.get_type().getattr(name).is_ok_and(|found| found.is(original))
}

fn look_up<'py>(headers: &Bound<'py, EnvironHeadersCore>, name: &Bound<'py, PyAny>) -> PyResult<Look<'py>> {
    let py = headers.py();
    let (class, known) = (headers.get_type(), originals(py)?);
    let kept = headers.as_super().get().untouched()
        && known
            .kept
            .is_original(&class, || Ok(class.getattr(intern!(py, "_get_key"))?.is(&known.get_key)))?;
    if kept { find(headers, name) } else { Ok(Look::Unsure) }
}

fn next_class<'py>(headers: &Bound<'py, EnvironHeadersCore>) -> PyResult<Bound<'py, PySuper>> {
    PySuper::new(&headers.py().get_type::<EnvironHeadersCore>(), headers)
}

/// `X-Request-Id` for `X_REQUEST_ID`: a capital after everything that is not a letter.
fn title(key: &str) -> String {
    let mut after_letter = false;
    key.chars()
        .map(|char| {
            let char = match char {
                '_' => '-',
                other if after_letter => other.to_ascii_lowercase(),
                other => other.to_ascii_uppercase(),
            };
            after_letter = char.is_ascii_alphabetic();
            char
        })
        .collect()
}

/// The header name that an environ entry stands for, in title case. `Err(())`: not a plain entry.
fn header_name(key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> Result<Option<String>, ()> {
    let key = key.cast_exact::<PyString>().map_err(|_| ())?;
    let key = key.to_str().map_err(|_| ())?;
    if let Some(name) = key.strip_prefix("HTTP_") {
        if name == "CONTENT_TYPE" || name == "CONTENT_LENGTH" {
            return Ok(None);
        }
        return if name.is_ascii() { Ok(Some(title(name))) } else { Err(()) };
    }
    if key == "CONTENT_TYPE" || key == "CONTENT_LENGTH" {
        return Ok(value.is_truthy().map_err(|_| ())?.then(|| title(key)));
    }
    Ok(None)
}

/// Every header of a plain environ, in its order.
fn entries<'py>(environ: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = environ.py();
    let list = PyList::empty(py);
    for (key, value) in environ.iter() {
        match header_name(&key, &value) {
            Ok(Some(name)) => list.append((name, value))?,
            Ok(None) => {}
            Err(()) => return Ok(None),
        }
    }
    Ok(Some(list))
}

/// How many headers a plain environ holds.
fn count(environ: &Bound<'_, PyDict>) -> Option<usize> {
    let mut count = 0;
    for (key, value) in environ.iter() {
        let key = key.cast_exact::<PyString>().ok()?;
        let header = match key.to_str().ok()? {
            "HTTP_CONTENT_TYPE" | "HTTP_CONTENT_LENGTH" => false,
            "CONTENT_TYPE" | "CONTENT_LENGTH" => value.is_truthy().ok()?,
            other => other.starts_with("HTTP_"),
        };
        count += usize::from(header);
    }
    Some(count)
}

/// Whether the rest of an environ key is `wanted` with underscores for its dashes.
fn spells(key: &str, wanted: &str) -> bool {
    let dashed = |byte: u8| if byte == b'_' { b'-' } else { byte };
    key.len() == wanted.len()
        && key.bytes().zip(wanted.bytes()).all(|(key, wanted)| dashed(key).eq_ignore_ascii_case(&wanted))
}

/// The values whose header name is `wanted` once both are in lower case.
fn values<'py>(environ: &Bound<'py, PyDict>, wanted: &str) -> PyResult<Option<Bound<'py, PyList>>> {
    let list = PyList::empty(environ.py());
    let stated = spells("CONTENT_TYPE", wanted) || spells("CONTENT_LENGTH", wanted);
    for (key, value) in environ.iter() {
        let Ok(key) = key.cast_exact::<PyString>() else {
            return Ok(None);
        };
        let Ok(key) = key.to_str() else {
            return Ok(None);
        };
        if let Some(name) = key.strip_prefix("HTTP_") {
            if !name.is_ascii() {
                return Ok(None);
            }
            if !stated && spells(name, wanted) {
                list.append(value)?;
            }
        } else if stated
            && matches!(key, "CONTENT_TYPE" | "CONTENT_LENGTH")
            && spells(key, wanted)
            && value.is_truthy()?
        {
            list.append(value)?;
        }
    }
    Ok(Some(list))
}

impl EnvironHeadersCore {
    /// Take the environ of headers that were just made.
    pub(crate) fn begin(&self, environ: Py<PyAny>) {
        let _ = self.environ.set(environ);
    }
}

#[pymethods]
impl EnvironHeadersCore {
    #[new]
    #[pyo3(signature = (*args, **kwargs))]
    fn new(args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> PyClassInitializer<Self> {
        let _ = (args, kwargs); // they are `__init__`'s
        PyClassInitializer::from(HeadersCore::empty())
            .add_subclass(Self { environ: OnceLock::new(), moved: AtomicBool::new(false) })
    }

    fn __init__<'py>(slf: &Bound<'py, Self>, environ: &Bound<'py, PyAny>) -> PyResult<()> {
        Self::__setattr__(slf, intern!(slf.py(), "environ"), environ)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.environ.get())
    }

    #[getter]
    fn environ<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let core = slf.get();
        match core.environ.get() {
            Some(environ) if !core.moved.load(Ordering::Relaxed) => Ok(environ.bind(py).clone()),
            _ => {
                let name = intern!(py, "environ");
                let own = slf.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
                own.get_item(name)?.ok_or_else(|| {
                    PyAttributeError::new_err("'EnvironHeaders' object has no attribute 'environ'")
                })
            }
        }
    }

    fn __setattr__<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        if name.to_str().is_ok_and(|name| name == "environ") {
            let core = slf.get();
            if core.environ.set(value.clone().unbind()).is_ok() {
                return Ok(());
            }
            core.moved.store(true, Ordering::Relaxed);
            return slf.getattr(intern!(py, "__dict__"))?.set_item(name, value);
        }
        HeadersCore::__setattr__(slf.as_super(), name, value)
    }

    fn __delattr__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<()> {
        HeadersCore::__delattr__(slf.as_super(), name)
    }

    fn __getstate__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let state = HeadersCore::__getstate__(slf.as_super())?;
        state.set_item(intern!(slf.py(), "environ"), Self::environ(slf)?)?;
        Ok(state)
    }

    fn __setstate__<'py>(slf: &Bound<'py, Self>, state: &Bound<'py, PyDict>) -> PyResult<()> {
        let name = intern!(slf.py(), "environ");
        let state = state.copy()?;
        if let Some(environ) = state.get_item(name)? {
            Self::__setattr__(slf, name, &environ)?;
            state.del_item(name)?;
        }
        HeadersCore::__setstate__(slf.as_super(), &state)
    }

    fn _get_key<'py>(slf: &Bound<'py, Self>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Look::Found(value) = find(slf, key)? {
            return Ok(value);
        }
        next_class(slf)?.call_method1(intern!(slf.py(), "_get_key"), (key,))
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match look_up(slf, key)? {
            Look::Found(value) => Ok(value),
            Look::Missing | Look::Unsure => {
                next_class(slf)?.call_method1(intern!(slf.py(), "__getitem__"), (key,))
            }
        }
    }

    /// Return the value of the header, or the default.
    #[pyo3(signature = (key, default = None, r#type = None))]
    pub(crate) fn get<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
        r#type: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        look_up(slf, key)?.get(key, default, r#type, || next_class(slf))
    }

    /// Return every value of the header: one or none, as the environ has it.
    #[pyo3(signature = (key, r#type = None))]
    fn getlist<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        r#type: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if r#type.is_none()
            && let Ok(text) = key.cast_exact::<PyString>()
            && let Some(wanted) = text.to_str().ok().filter(|text| text.is_ascii())
            && keeps(slf, intern!(py, "__iter__"), &originals(py)?.iter)
            && let Some(environ) = environ_of(slf)
            && let Some(list) = values(&environ, wanted)?
        {
            return Ok(list.into_any());
        }
        next_class(slf)?.call_method1(intern!(py, "getlist"), (key, r#type))
    }

    fn __contains__(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        match look_up(slf, key)? {
            Look::Found(_) => Ok(true),
            Look::Missing => Ok(false),
            Look::Unsure => match slf.call_method1(intern!(slf.py(), "_get_key"), (key,)) {
                Ok(_) => Ok(true),
                Err(error) if error.is_instance_of::<PyKeyError>(slf.py()) => Ok(false),
                Err(error) => Err(error),
            },
        }
    }

    fn __len__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        let py = slf.py();
        if keeps(slf, intern!(py, "__iter__"), &originals(py)?.iter)
            && let Some(environ) = environ_of(slf)
            && let Some(count) = count(&environ)
        {
            return Ok(count);
        }
        next_class(slf)?.call_method0(intern!(py, "__len__"))?.extract()
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyIterator>> {
        if let Some(environ) = environ_of(slf)
            && let Some(list) = entries(&environ)?
        {
            return list.try_iter();
        }
        next_class(slf)?.call_method0(intern!(slf.py(), "__iter__"))?.try_iter()
    }
}
