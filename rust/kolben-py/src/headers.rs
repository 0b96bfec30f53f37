//! `HeadersCore`: the hot methods of `Headers`, placed before Werkzeug's class in the MRO.
//!
//! Each method answers what it can see is plain (a list of pairs of ASCII names and str values, on
//! an object none of whose methods is overridden) and hands everything else to the next class in
//! the MRO, so that odd input meets Werkzeug's own code.

use memchr::memchr3;
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyIterator, PyList, PyString, PySuper, PyTuple, PyType};

/// What a look at the plain case found.
pub(crate) enum Look<'py> {
    /// The value.
    Found(Bound<'py, PyAny>),
    /// Certainly not there.
    Missing,
    /// Not a plain case: ask the next class in the MRO.
    Unsure,
}

/// The hot methods of `kolben.datastructures.Headers`; everything else is Werkzeug's.
#[pyclass(subclass, frozen, module = "kolben._core")]
pub(crate) struct HeadersCore;

/// The methods as this type defines them, to tell an override from the original.
struct Originals {
    get_key: Py<PyAny>,
    iter: Py<PyAny>,
    add: Py<PyAny>,
    set: Py<PyAny>,
    extend: Py<PyAny>,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

fn originals(py: Python<'_>) -> PyResult<&Originals> {
    ORIGINALS.get_or_try_init(py, || {
        let core = py.get_type::<HeadersCore>();
        let method = |name: &str| core.getattr(name).map(Bound::unbind);
        Ok(Originals {
            get_key: method("_get_key")?,
            iter: method("__iter__")?,
            add: method("add")?,
            set: method("set")?,
            extend: method("extend")?,
        })
    })
}

/// A plain `Headers`: its instance dictionary and the list in it.
pub(crate) struct Plain<'py> {
    ty: Bound<'py, PyType>,
    dict: Bound<'py, PyDict>,
    list: Bound<'py, PyList>,
}

impl<'py> Plain<'py> {
    fn of(object: &Bound<'py, PyAny>) -> Option<Self> {
        let py = object.py();
        let dict = object.getattr(intern!(py, "__dict__")).ok()?;
        let dict = dict.cast_into_exact::<PyDict>().ok()?;
        let list = dict.get_item(intern!(py, "_list")).ok()??;
        let list = list.cast_into_exact::<PyList>().ok()?;
        Some(Self { ty: object.get_type(), dict, list })
    }

    /// Whether `name` is still the method that this file defines, on the class and the instance.
    fn keeps(&self, name: &Bound<'py, PyString>, original: &Py<PyAny>) -> bool {
        self.ty.getattr(name).is_ok_and(|found| found.is(original))
            && (self.dict.len() == 1 || matches!(self.dict.contains(name), Ok(false)))
    }
}

/// The one place where names are compared: ASCII names in any case, anything else is unsure.
fn same_name(entry: &Bound<'_, PyAny>, wanted: &str) -> Option<bool> {
    let name = entry.cast_exact::<PyString>().ok()?;
    let name = name.to_str().ok()?;
    if name.eq_ignore_ascii_case(wanted) {
        return Some(true);
    }
    // The Kelvin sign, for one, is a `k` in lower case.
    name.is_ascii().then_some(false)
}

/// The name and the value of the entry at `index`.
fn pair<'py>(
    list: &Bound<'py, PyList>,
    index: usize,
) -> Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let entry = list.get_item(index).ok()?;
    let entry = entry.cast_exact::<PyTuple>().ok()?;
    if entry.len() != 2 {
        return None;
    }
    Some((entry.get_item(0).ok()?, entry.get_item(1).ok()?))
}

/// An exact ASCII str: the only kind of name whose case Rust folds by itself.
fn ascii<'a>(key: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    key.cast_exact::<PyString>().ok()?.to_str().ok().filter(|text| text.is_ascii())
}

fn find<'py>(list: &Bound<'py, PyList>, key: &Bound<'py, PyAny>) -> Look<'py> {
    let Some(wanted) = ascii(key) else { return Look::Unsure };
    for index in 0..list.len() {
        let Some((name, value)) = pair(list, index) else { return Look::Unsure };
        match same_name(&name, wanted) {
            Some(true) => return Look::Found(value),
            Some(false) => {}
            None => return Look::Unsure,
        }
    }
    Look::Missing
}

fn look_up<'py>(headers: &Bound<'py, HeadersCore>, key: &Bound<'py, PyAny>) -> PyResult<Look<'py>> {
    let py = headers.py();
    Ok(match Plain::of(headers) {
        Some(plain) if plain.keeps(intern!(py, "_get_key"), &originals(py)?.get_key) => {
            find(&plain.list, key)
        }
        _ => Look::Unsure,
    })
}

/// `super(HeadersCore, headers)`: where everything that is not plain goes.
fn next_class<'py>(headers: &Bound<'py, HeadersCore>) -> PyResult<Bound<'py, PySuper>> {
    PySuper::new(&headers.py().get_type::<HeadersCore>(), headers)
}

/// Whether the text cannot break out of its line. `None` where it holds lone surrogates.
pub(crate) fn one_line(text: &Bound<'_, PyString>) -> Option<bool> {
    Some(memchr3(b'\r', b'\n', 0, text.to_str().ok()?.as_bytes()).is_none())
}

/// `Ok(true)` for a plain name, `Ok(false)` to ask the next class.
fn plain_name(key: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(name) = key.cast_exact::<PyString>() else { return Ok(false) };
    match one_line(name) {
        Some(true) => Ok(true),
        Some(false) => Err(PyValueError::new_err(format!(
            "Header names must not contain newline or NUL characters: {}",
            name.repr()?
        ))),
        None => Ok(false),
    }
}

/// The value as a str that stays on its line; `None` to ask the next class.
fn plain_value<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyString>>> {
    let text = match value.cast::<PyString>() {
        Ok(text) => text.clone(),
        Err(_) => value.str()?,
    };
    match one_line(&text) {
        Some(true) => Ok(Some(text)),
        Some(false) => Err(PyValueError::new_err(
            "Header values must not contain newline characters or NUL.",
        )),
        None => Ok(None),
    }
}

/// The pair as it is stored, or `None` to ask the next class.
fn plain_pair<'py>(
    key: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    if !plain_name(key)? {
        return Ok(None);
    }
    match plain_value(value)? {
        Some(value) => (key, value).into_pyobject(key.py()).map(Some),
        None => Ok(None),
    }
}

/// Where `key` stands first, and whether it stands anywhere else. `None`: not a plain list.
fn places(list: &Bound<'_, PyList>, wanted: &str) -> Option<(Option<usize>, bool)> {
    let mut first = None;
    for index in 0..list.len() {
        let (name, _) = pair(list, index)?;
        if same_name(&name, wanted)? {
            if first.is_some() {
                return Some((first, true));
            }
            first = Some(index);
        }
    }
    Some((first, false))
}

/// Set in the plain case: one entry of that name, or none.
fn set_plain<'py>(
    headers: &Bound<'py, HeadersCore>,
    key: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
) -> PyResult<bool> {
    let Some(wanted) = ascii(key) else { return Ok(false) };
    let Some(entry) = plain_pair(key, value)? else { return Ok(false) };
    // After `str(value)`, which may run any code.
    let Some(plain) = Plain::of(headers) else { return Ok(false) };
    match places(&plain.list, wanted) {
        Some((Some(index), false)) => plain.list.set_item(index, entry)?,
        Some((None, _)) => plain.list.append(entry)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The entries that `extend` may take from `source` without asking Python, all of them checked.
fn plain_entries<'py>(source: &Bound<'py, PyAny>) -> PyResult<Option<Vec<Bound<'py, PyTuple>>>> {
    let py = source.py();
    let list = if let Ok(list) = source.cast_exact::<PyList>() {
        list.clone()
    } else if source.is_instance_of::<HeadersCore>()
        && let Some(plain) = Plain::of(source)
        && plain.keeps(intern!(py, "__iter__"), &originals(py)?.iter)
    {
        plain.list
    } else {
        return Ok(None);
    };
    let mut entries = Vec::with_capacity(list.len());
    for index in 0..list.len() {
        let Some((name, value)) = pair(&list, index) else { return Ok(None) };
        // A value that is not a str may run code on its way to one: not a plain case.
        if value.cast_exact::<PyString>().is_err() {
            return Ok(None);
        }
        // An error is the next class's to raise: what came before it is already in by then.
        match plain_pair(&name, &value) {
            Ok(Some(entry)) => entries.push(entry),
            Ok(None) | Err(_) => return Ok(None),
        }
    }
    Ok(Some(entries))
}

fn extend_plain<'py>(
    headers: &Bound<'py, HeadersCore>,
    source: &Bound<'py, PyAny>,
) -> PyResult<bool> {
    let py = headers.py();
    let Some(plain) = Plain::of(headers) else { return Ok(false) };
    if !plain.keeps(intern!(py, "add"), &originals(py)?.add) {
        return Ok(false);
    }
    let Some(entries) = plain_entries(source)? else { return Ok(false) };
    for entry in entries {
        plain.list.append(entry)?;
    }
    Ok(true)
}

#[pymethods]
impl HeadersCore {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self
    }

    #[pyo3(signature = (defaults = None))]
    fn __init__<'py>(
        slf: &Bound<'py, Self>,
        defaults: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        slf.setattr(intern!(py, "_list"), PyList::empty(py))?;
        let Some(defaults) = defaults else { return Ok(()) };
        let kept = Plain::of(slf)
            .is_some_and(|plain| match originals(py) {
                Ok(known) => plain.keeps(intern!(py, "extend"), &known.extend),
                Err(_) => false,
            });
        if !(kept && extend_plain(slf, defaults)?) {
            slf.call_method1(intern!(py, "extend"), (defaults,))?;
        }
        Ok(())
    }

    fn _get_key<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(plain) = Plain::of(slf)
            && let Look::Found(value) = find(&plain.list, key)
        {
            return Ok(value);
        }
        next_class(slf)?.call_method1(intern!(slf.py(), "_get_key"), (key,))
    }

    /// Return the first value for the name, or the default.
    #[pyo3(signature = (key, default = None, r#type = None))]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
        r#type: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match (look_up(slf, key)?, r#type) {
            (Look::Found(value), None) => Ok(Some(value)),
            (Look::Found(value), Some(convert)) => match convert.call1((value,)) {
                Err(error) if error.is_instance_of::<PyValueError>(slf.py()) => Ok(default),
                result => result.map(Some),
            },
            (Look::Missing, _) => Ok(default),
            (Look::Unsure, _) => next_class(slf)?
                .call_method1(intern!(slf.py(), "get"), (key, default, r#type))
                .map(Some),
        }
    }

    /// Return every value for the name.
    #[pyo3(signature = (key, r#type = None))]
    fn getlist<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        r#type: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if r#type.is_none()
            && let Some(wanted) = ascii(key)
            && let Some(plain) = Plain::of(slf)
            && plain.keeps(intern!(py, "__iter__"), &originals(py)?.iter)
            && let Some(values) = all_values(&plain.list, wanted)?
        {
            return Ok(values.into_any());
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

    fn __getitem__<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Look::Found(value) = look_up(slf, key)? {
            return Ok(value);
        }
        if let Ok(index) = key.cast_exact::<PyInt>() {
            return slf.getattr(intern!(slf.py(), "_list"))?.get_item(index);
        }
        next_class(slf)?.call_method1(intern!(slf.py(), "__getitem__"), (key,))
    }

    fn __setitem__<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        if let Some(plain) = Plain::of(slf)
            && plain.keeps(intern!(py, "set"), &originals(py)?.set)
            && set_plain(slf, key, value)?
        {
            return Ok(());
        }
        next_class(slf)?.call_method1(intern!(py, "__setitem__"), (key, value))?;
        Ok(())
    }

    fn __delitem__<'py>(slf: &Bound<'py, Self>, key: &Bound<'py, PyAny>) -> PyResult<()> {
        next_class(slf)?.call_method1(intern!(slf.py(), "__delitem__"), (key,))?;
        Ok(())
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyIterator>> {
        slf.getattr(intern!(slf.py(), "_list"))?.try_iter()
    }

    fn __len__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        slf.getattr(intern!(slf.py(), "_list"))?.len()
    }

    /// Append a header; keyword arguments become parameters of its value.
    #[pyo3(signature = (key, value, /, **kwargs))]
    fn add<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        if kwargs.is_none()
            && let Some(entry) = plain_pair(key, value)?
            && let Some(plain) = Plain::of(slf)
        {
            return plain.list.append(entry);
        }
        next_class(slf)?.call_method(intern!(slf.py(), "add"), (key, value), kwargs)?;
        Ok(())
    }

    /// Replace every header of that name by one.
    #[pyo3(signature = (key, value, /, **kwargs))]
    fn set<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        if kwargs.is_none() && set_plain(slf, key, value)? {
            return Ok(());
        }
        next_class(slf)?.call_method(intern!(slf.py(), "set"), (key, value), kwargs)?;
        Ok(())
    }

    /// Append headers from another object, and from keyword arguments.
    #[pyo3(signature = (arg = None, /, **kwargs))]
    fn extend<'py>(
        slf: &Bound<'py, Self>,
        arg: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        if kwargs.is_none()
            && let Some(source) = arg
            && extend_plain(slf, source)?
        {
            return Ok(());
        }
        next_class(slf)?.call_method(intern!(slf.py(), "extend"), (arg,), kwargs)?;
        Ok(())
    }
}

fn all_values<'py>(
    list: &Bound<'py, PyList>,
    wanted: &str,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let values = PyList::empty(list.py());
    for index in 0..list.len() {
        let Some((name, value)) = pair(list, index) else { return Ok(None) };
        match same_name(&name, wanted) {
            Some(true) => values.append(value)?,
            Some(false) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}
