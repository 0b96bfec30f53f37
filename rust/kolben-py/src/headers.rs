//! `HeadersCore`: the hot methods of `Headers`, placed before Werkzeug's class in the MRO.
//!
//! Each method answers what it can see is plain (a list of pairs of ASCII names and str values, on
//! an object none of whose methods is overridden) and hands everything else to the next class in
//! the MRO, so that odd input meets Werkzeug's own code.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::columns::Column;
use crate::watch::Watch;
use memchr::memchr3;
use pyo3::exceptions::{PyAttributeError, PyKeyError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyIterator, PyList, PyString, PySuper, PyTuple};

/// What a look at the plain case found.
pub(crate) enum Look<'py> {
    /// The value.
    Found(Bound<'py, PyAny>),
    /// Certainly not there.
    Missing,
    /// Not a plain case: ask the next class in the MRO.
    Unsure,
}

impl<'py> Look<'py> {
    /// What `get` gives for it: the value, converted if that is asked and possible, or the default.
    #[inline]
    pub(crate) fn get(
        self,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
        r#type: Option<&Bound<'py, PyAny>>,
        next_class: impl FnOnce() -> PyResult<Bound<'py, PySuper>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match (self, r#type) {
            (Self::Found(value), None) => Ok(Some(value)),
            (Self::Found(value), Some(convert)) => match convert.call1((value,)) {
                Err(error) if error.is_instance_of::<PyValueError>(key.py()) => Ok(default),
                result => result.map(Some),
            },
            (Self::Missing, _) => Ok(default),
            (Self::Unsure, _) => {
                next_class()?.call_method1(intern!(key.py(), "get"), (key, default, r#type)).map(Some)
            }
        }
    }
}

/// The hot methods of `kolben.datastructures.Headers`; everything else is Werkzeug's.
#[pyclass(subclass, frozen, module = "kolben._core")]
pub(crate) struct HeadersCore {
    /// What Python sees as `_list`, until somebody assigns another.
    ///
    /// PERF: the headers of an environ never need one (benches/apps.py, `headers`).
    list: OnceLock<Py<PyList>>,
    /// Whether one of `SHADOWED` was ever assigned on the instance.
    assigned: AtomicBool,
}

/// The methods as this type defines them, to tell an override from the original.
struct Originals {
    get_key: Py<PyAny>,
    iter: Py<PyAny>,
    add: Py<PyAny>,
    set: Py<PyAny>,
    extend: Py<PyAny>,
    items: Py<PyAny>,
    /// Remembers the class that was last seen to keep `_get_key`, and the one that keeps both
    /// `__iter__` and `items`.
    get_key_kept: Watch,
    columns_kept: Watch,
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
            items: method("items")?,
            get_key_kept: Watch::default(),
            columns_kept: Watch::default(),
        })
    })
}

/// Names that count when they are assigned on an instance: no fast path may go past them.
const SHADOWED: [&str; 6] = ["_list", "_get_key", "add", "set", "extend", "items"];

impl HeadersCore {
    pub(crate) const fn empty() -> Self {
        Self { list: OnceLock::new(), assigned: AtomicBool::new(false) }
    }

    /// The list of entries, whatever was assigned.
    fn own_list<'py>(&self, py: Python<'py>) -> &Bound<'py, PyList> {
        self.list.get_or_init(|| PyList::empty(py).unbind()).bind(py)
    }

    /// Whether nothing was assigned on the instance that a fast path would have to respect.
    pub(crate) fn untouched(&self) -> bool {
        !self.assigned.load(Ordering::Relaxed)
    }

    /// The list of entries, unless another was assigned.
    fn list<'py>(headers: &Bound<'py, Self>) -> Option<Bound<'py, PyList>> {
        let core = headers.get();
        core.untouched().then(|| core.own_list(headers.py()).clone())
    }

    /// Whether `name` is still the method that this file defines, on the class and the instance.
    fn keeps(headers: &Bound<'_, Self>, name: &Bound<'_, PyString>, original: &Py<PyAny>) -> bool {
        headers.get().untouched() && headers.get_type().getattr(name).is_ok_and(|found| found.is(original))
    }

    /// The names or the values, unless somebody has another idea of what is iterated over.
    fn column<'py>(headers: &Bound<'py, Self>, index: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = headers.py();
        let (class, known) = (headers.get_type(), originals(py)?);
        let kept = known.columns_kept.is_original(&class, || {
            Ok(class.getattr(intern!(py, "items"))?.is(&known.items)
                && class.getattr(intern!(py, "__iter__"))?.is(&known.iter))
        })?;
        match Self::list(headers).filter(|_| kept) {
            Some(list) => Ok(Some(Bound::new(py, Column::of(&list, index))?.into_any())),
            None => Ok(None),
        }
    }

    /// The list, or what was assigned in its place.
    fn entries<'py>(headers: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = headers.py();
        if let Some(list) = Self::list(headers) {
            return Ok(list.into_any());
        }
        let assigned = headers.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
        let list = assigned.get_item(intern!(py, "_list"))?;
        Ok(list.unwrap_or_else(|| headers.get().own_list(py).clone().into_any()))
    }
}

/// The one place where names are compared: ASCII names in any case, anything else is unsure.
fn same_name(entry: Borrowed<'_, '_, PyAny>, wanted: &str) -> Option<bool> {
    let name = entry.cast_exact::<PyString>().ok()?;
    let name = name.to_str().ok()?;
    if name.eq_ignore_ascii_case(wanted) {
        return Some(true);
    }
    // The Kelvin sign, for one, is a `k` in lower case.
    name.is_ascii().then_some(false)
}

/// The name and the value of an entry that is a plain pair.
fn pair<'a, 'py>(
    entry: &'a Bound<'py, PyAny>,
) -> Option<(Borrowed<'a, 'py, PyAny>, Borrowed<'a, 'py, PyAny>)> {
    let mut items = entry.cast_exact::<PyTuple>().ok()?.iter_borrowed();
    match (items.next(), items.next(), items.next()) {
        (Some(name), Some(value), None) => Some((name, value)),
        _ => None,
    }
}

/// An exact ASCII str: the only kind of name whose case Rust folds by itself.
fn ascii<'a>(key: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    key.cast_exact::<PyString>().ok()?.to_str().ok().filter(|text| text.is_ascii())
}

fn find<'py>(list: &Bound<'py, PyList>, key: &Bound<'py, PyAny>) -> Look<'py> {
    let Some(wanted) = ascii(key) else {
        return Look::Unsure;
    };
    for entry in list.iter() {
        let Some((name, value)) = pair(&entry) else {
            return Look::Unsure;
        };
        // Most names are written alike on both sides, and literals are interned.
        if name.is(key) {
            return Look::Found(value.to_owned());
        }
        match same_name(name, wanted) {
            Some(true) => return Look::Found(value.to_owned()),
            Some(false) => {}
            None => return Look::Unsure,
        }
    }
    Look::Missing
}

fn look_up<'py>(headers: &Bound<'py, HeadersCore>, key: &Bound<'py, PyAny>) -> PyResult<Look<'py>> {
    let py = headers.py();
    let (class, known) = (headers.get_type(), originals(py)?);
    let kept = known
        .get_key_kept
        .is_original(&class, || Ok(class.getattr(intern!(py, "_get_key"))?.is(&known.get_key)))?;
    if !kept {
        return Ok(Look::Unsure);
    }
    Ok(HeadersCore::list(headers).map_or(Look::Unsure, |list| find(&list, key)))
}

/// `super(HeadersCore, headers)`: where everything that is not plain goes.
fn next_class<'py>(headers: &Bound<'py, HeadersCore>) -> PyResult<Bound<'py, PySuper>> {
    PySuper::new(&headers.py().get_type::<HeadersCore>(), headers)
}

/// The method of a descriptor on the class that is in charge of the attribute, if there is one.
/// (`object.__setattr__` itself refuses objects with a `__setattr__` that is not Python's.)
fn descriptor<'py>(
    headers: &Bound<'py, HeadersCore>,
    name: &Bound<'py, PyString>,
    method: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    let found = headers.get_type().getattr(name).ok()?;
    found.get_type().getattr(method).ok()?;
    found.getattr(method).ok()
}

/// Whether the text cannot break out of its line. `None` where it holds lone surrogates.
pub(crate) fn one_line(text: &Bound<'_, PyString>) -> Option<bool> {
    let bytes = text.to_str().ok()?.as_bytes();
    // PERF: most are shorter than a vector search takes to begin (benches/test_request.py), and
    // hardly any has a control character, so eight at a time are looked at for those first.
    if bytes.len() <= 64 && !has_control(bytes) {
        return Some(true);
    }
    Some(memchr3(b'\r', b'\n', 0, bytes).is_none())
}

/// Whether a byte is below the space.
fn has_control(bytes: &[u8]) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let below_space = |word: u64| word.wrapping_sub(LOW * 0x20) & !word & (LOW * 0x80) != 0;
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().any(|word| below_space(u64::from_le_bytes(*word))) || rest.iter().any(|byte| *byte < 0x20)
}

/// `Ok(true)` for a plain name, `Ok(false)` to ask the next class.
fn plain_name(key: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(name) = key.cast_exact::<PyString>() else {
        return Ok(false);
    };
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
        Some(false) => {
            Err(PyValueError::new_err("Header values must not contain newline characters or NUL."))
        }
        None => Ok(None),
    }
}

/// Whether a pair may be stored: `Some(None)` as it is, `Some(…)` as this one. `None` asks the
/// next class.
#[expect(clippy::option_option, reason = "as it is, otherwise, or not to be decided here")]
fn plain_pair<'py>(
    key: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
) -> PyResult<Option<Option<Bound<'py, PyTuple>>>> {
    if !plain_name(key)? {
        return Ok(None);
    }
    let Some(text) = plain_value(value)? else {
        return Ok(None);
    };
    if text.is(value) {
        return Ok(Some(None));
    }
    (key, text).into_pyobject(key.py()).map(|made| Some(Some(made)))
}

/// Whether an entry is two strs that may be stored as they are.
fn is_plain_entry(entry: &Bound<'_, PyTuple>) -> bool {
    let plain = |item: Borrowed<'_, '_, PyAny>| {
        item.cast_exact::<PyString>().is_ok_and(|text| one_line(&text) == Some(true))
    };
    let mut items = entry.iter_borrowed();
    items.len() == 2 && items.all(plain)
}

/// Where `key` stands first, and whether it stands anywhere else. `None`: not a plain list.
fn places(list: &Bound<'_, PyList>, wanted: &str) -> Option<(Option<usize>, bool)> {
    let mut first = None;
    for (index, entry) in list.iter().enumerate() {
        if same_name(pair(&entry)?.0, wanted)? {
            if first.is_some() {
                return Some((first, true));
            }
            first = Some(index);
        }
    }
    Some((first, false))
}

/// Set in the plain case: one entry of that name, or none.
fn set_plain<'py>(headers: &Bound<'py, HeadersCore>, entry: &Bound<'py, PyTuple>) -> PyResult<bool> {
    let Some((key, value)) = pair(entry.as_any()) else {
        return Ok(false);
    };
    let Some(wanted) = ascii(&key) else {
        return Ok(false);
    };
    let Some(checked) = plain_pair(&key, &value)? else {
        return Ok(false);
    };
    let entry = checked.unwrap_or_else(|| entry.clone());
    // After `str(value)`, which may run any code.
    let Some(list) = HeadersCore::list(headers) else {
        return Ok(false);
    };
    match places(&list, wanted) {
        Some((Some(index), false)) => list.set_item(index, entry)?,
        Some((None, _)) => list.append(entry)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The entries that `extend` may take from `source` without asking Python, all of them checked.
fn plain_entries<'py>(source: &Bound<'py, PyAny>) -> PyResult<Option<Vec<Bound<'py, PyTuple>>>> {
    let py = source.py();
    let list = if let Ok(list) = source.cast_exact::<PyList>() {
        list.clone()
    } else if let Ok(other) = source.cast::<HeadersCore>()
        && HeadersCore::keeps(other, intern!(py, "__iter__"), &originals(py)?.iter)
        && let Some(list) = HeadersCore::list(other)
    {
        list
    } else {
        return Ok(None);
    };
    let mut entries = Vec::with_capacity(list.len());
    for entry in list {
        let Some((name, value)) = pair(&entry) else {
            return Ok(None);
        };
        // A value that is not a str may run code on its way to one: not a plain case.
        if value.cast_exact::<PyString>().is_err() {
            return Ok(None);
        }
        // An error is the next class's to raise: what came before it is already in by then.
        match plain_pair(&name, &value) {
            Ok(Some(_)) => entries.push(entry.clone().cast_into()?),
            Ok(None) | Err(_) => return Ok(None),
        }
    }
    Ok(Some(entries))
}

fn extend_plain<'py>(headers: &Bound<'py, HeadersCore>, source: &Bound<'py, PyAny>) -> PyResult<bool> {
    let py = headers.py();
    if !HeadersCore::keeps(headers, intern!(py, "add"), &originals(py)?.add) {
        return Ok(false);
    }
    let Some(list) = HeadersCore::list(headers) else {
        return Ok(false);
    };
    let Some(entries) = plain_entries(source)? else {
        return Ok(false);
    };
    for entry in entries {
        list.append(entry)?;
    }
    Ok(true)
}

#[pymethods]
impl HeadersCore {
    #[new]
    #[pyo3(signature = (*args, **kwargs))]
    fn new(args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        let _ = (args, kwargs); // they are `__init__`'s
        Self::empty()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.list.get())
    }

    #[getter]
    fn _list<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::entries(slf)
    }

    pub(crate) fn __setattr__<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        if let Ok(text) = name.to_str()
            && SHADOWED.contains(&text)
        {
            slf.get().assigned.store(true, Ordering::Relaxed);
            return slf.getattr(intern!(py, "__dict__"))?.set_item(name, value);
        }
        match descriptor(slf, name, intern!(py, "__set__")) {
            Some(set) => set.call1((slf, value)).map(drop),
            None => slf.getattr(intern!(py, "__dict__"))?.set_item(name, value),
        }
    }

    pub(crate) fn __delattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<()> {
        let py = slf.py();
        if let Some(delete) = descriptor(slf, name, intern!(py, "__delete__")) {
            return delete.call1((slf,)).map(drop);
        }
        let own = slf.getattr(intern!(py, "__dict__"))?;
        own.del_item(name).map_err(|_| PyAttributeError::new_err(name.clone().unbind()))
    }

    pub(crate) fn __getstate__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let py = slf.py();
        let state = slf.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?.copy()?;
        state.set_item(intern!(py, "_list"), Self::entries(slf)?)?;
        Ok(state)
    }

    pub(crate) fn __setstate__<'py>(slf: &Bound<'py, Self>, state: &Bound<'py, PyDict>) -> PyResult<()> {
        let py = slf.py();
        let state = state.copy()?;
        let own = slf.get().own_list(py);
        if let Some(list) = state.get_item(intern!(py, "_list"))?
            && let Ok(list) = list.cast_exact::<PyList>()
        {
            own.set_slice(0, own.len(), list)?;
            state.del_item(intern!(py, "_list"))?;
        }
        if state.is_empty() {
            return Ok(());
        }
        slf.get().assigned.store(true, Ordering::Relaxed);
        slf.getattr(intern!(py, "__dict__"))?.cast::<PyDict>()?.update(state.as_mapping())
    }

    #[pyo3(signature = (defaults = None))]
    fn __init__<'py>(slf: &Bound<'py, Self>, defaults: Option<&Bound<'py, PyAny>>) -> PyResult<()> {
        let py = slf.py();
        let list = slf.get().own_list(py);
        if !list.is_empty() {
            list.del_slice(0, list.len())?;
        }
        let Some(defaults) = defaults else {
            return Ok(());
        };
        let kept = Self::keeps(slf, intern!(py, "extend"), &originals(py)?.extend);
        if !(kept && extend_plain(slf, defaults)?) {
            slf.call_method1(intern!(py, "extend"), (defaults,))?;
        }
        Ok(())
    }

    fn _get_key<'py>(slf: &Bound<'py, Self>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(list) = Self::list(slf)
            && let Look::Found(value) = find(&list, key)
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
        look_up(slf, key)?.get(key, default, r#type, || next_class(slf))
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
            && let Some(list) = Self::list(slf)
            && Self::keeps(slf, intern!(py, "__iter__"), &originals(py)?.iter)
            && let Some(values) = all_values(&list, wanted)?
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

    fn __getitem__<'py>(slf: &Bound<'py, Self>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Look::Found(value) = look_up(slf, key)? {
            return Ok(value);
        }
        if let Ok(index) = key.cast_exact::<PyInt>() {
            return Self::entries(slf)?.get_item(index);
        }
        next_class(slf)?.call_method1(intern!(slf.py(), "__getitem__"), (key,))
    }

    fn __setitem__<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        if Self::keeps(slf, intern!(py, "set"), &originals(py)?.set)
            && set_plain(slf, &(key, value).into_pyobject(py)?)?
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
        Self::entries(slf)?.try_iter()
    }

    fn __len__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        Self::entries(slf)?.len()
    }

    /// Iterate over the pairs, with the names in lower case if asked.
    #[pyo3(signature = (lower = None), text_signature = "($self, lower=False)")]
    fn items<'py>(slf: &Bound<'py, Self>, lower: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        match lower {
            Some(lower) if lower.is_truthy()? => {
                next_class(slf)?.call_method1(intern!(slf.py(), "items"), (lower,))
            }
            _ => Ok(slf.try_iter()?.into_any()),
        }
    }

    /// Iterate over the names, a name once per header.
    #[pyo3(signature = (lower = None), text_signature = "($self, lower=False)")]
    fn keys<'py>(slf: &Bound<'py, Self>, lower: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        match lower {
            Some(lower) if lower.is_truthy()? => next_class(slf)?.call_method1(intern!(py, "keys"), (lower,)),
            _ => match Self::column(slf, 0)? {
                Some(column) => Ok(column),
                None => next_class(slf)?.call_method0(intern!(py, "keys")),
            },
        }
    }

    /// Iterate over the values.
    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        match Self::column(slf, 1)? {
            Some(column) => Ok(column),
            None => next_class(slf)?.call_method0(intern!(slf.py(), "values")),
        }
    }

    /// Append a header; keyword arguments become parameters of its value.
    //
    // PERF: the tuple of arguments is the very pair to keep (benches/test_request.py).
    #[pyo3(signature = (*entry, **kwargs))]
    fn add<'py>(
        slf: &Bound<'py, Self>,
        entry: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        if kwargs.is_none() && is_plain_entry(entry) && slf.get().untouched() {
            return slf.get().own_list(slf.py()).append(entry);
        }
        if kwargs.is_none()
            && let Some((key, value)) = pair(entry.as_any())
            && let Some(checked) = plain_pair(&key, &value)?
            && let Some(list) = Self::list(slf)
        {
            return list.append(checked.unwrap_or_else(|| entry.clone()));
        }
        next_class(slf)?.call_method(intern!(slf.py(), "add"), entry, kwargs)?;
        Ok(())
    }

    /// Replace every header of that name by one.
    #[pyo3(signature = (*entry, **kwargs))]
    fn set<'py>(
        slf: &Bound<'py, Self>,
        entry: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        if kwargs.is_none() && set_plain(slf, entry)? {
            return Ok(());
        }
        next_class(slf)?.call_method(intern!(slf.py(), "set"), entry, kwargs)?;
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

fn all_values<'py>(list: &Bound<'py, PyList>, wanted: &str) -> PyResult<Option<Bound<'py, PyList>>> {
    let values = PyList::empty(list.py());
    for entry in list {
        let Some((name, value)) = pair(&entry) else {
            return Ok(None);
        };
        match same_name(name, wanted) {
            Some(true) => values.append(value)?,
            Some(false) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}
