//! `Cache-Control` and `Content-Security-Policy`: dictionaries that report their changes.

use kolben_core::header::csp;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::made::{self, Known};
use crate::{lists, pieces};

/// Parse ``Cache-Control``.
///
/// :param value: the header.
/// :param `on_update`: called with the result whenever that changes.
/// :param cls: the class of the result,
///     :class:`~werkzeug.datastructures.RequestCacheControl` by default.
#[pyfunction]
#[pyo3(signature = (value, on_update = None, cls = None))]
pub(crate) fn parse_cache_control_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
    on_update: Option<&Bound<'py, PyAny>>,
    cls: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let held = made::originals(py)?;
    let known = match cls {
        Some(class) if held.response_cache_control.is(class) => Some(&held.response_cache_control),
        Some(class) if !held.request_cache_control.is(class) => None,
        _ => Some(&held.request_cache_control),
    };
    if let Some(made) = empty(py, known)? {
        if let Some(value) = value {
            lists::fill_dict(&made, value)?;
        }
        return finished(made, on_update);
    }
    let class = cls.unwrap_or(held.request_cache_control.class(py));
    match value {
        Some(value) if value.is_truthy()? => class.call1((lists::parse_dict_header(value)?, on_update)),
        _ => class.call1((PyTuple::empty(py), on_update)),
    }
}

/// Parse ``Content-Security-Policy``.
///
/// :param value: the header.
/// :param `on_update`: called with the result whenever that changes.
/// :param cls: the class of the result,
///     :class:`~werkzeug.datastructures.ContentSecurityPolicy` by default.
#[pyfunction]
#[pyo3(signature = (value, on_update = None, cls = None))]
pub(crate) fn parse_csp_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
    on_update: Option<&Bound<'py, PyAny>>,
    cls: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let known = &made::originals(py)?.policy;
    let known_class = cls.is_none_or(|class| known.is(class));
    if let Some(made) = empty(py, known_class.then_some(known))? {
        if let Some(value) = value {
            pieces::read(value, |header| {
                csp::directives(header.bytes())
                    .try_for_each(|(name, value)| made.set_item(header.name(name)?, header.part(value)?))
            })?;
        }
        return finished(made, on_update);
    }
    let class = cls.unwrap_or(known.class(py));
    let Some(value) = value else {
        return class.call1((PyTuple::empty(py), on_update));
    };
    let pairs = pieces::read(value, |header| {
        let pairs = PyList::empty(py);
        for (name, value) in csp::directives(header.bytes()) {
            pairs.append((header.name(name)?, header.part(value)?))?;
        }
        Ok(pairs)
    })?;
    class.call1((pairs, on_update))
}

/// An empty dictionary of that class, if it makes them as it was seen to.
fn empty<'py>(py: Python<'py>, known: Option<&Known>) -> PyResult<Option<Bound<'py, PyDict>>> {
    known.map_or(Ok(None), |known| known.dict(py))
}

fn finished<'py>(
    made: Bound<'py, PyDict>,
    on_update: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    made::assign!(made, "on_update" = on_update, "provided" = true);
    Ok(made.into_any())
}
