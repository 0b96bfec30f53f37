//! The functions that an app and its blueprints have registered around the view.

use crate::dispatch::makes_coroutines;
use crate::known_app::{Attributes, Table};
use crate::request_context::RequestContextCore;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFunction, PyList, PyString};

/// Run what comes before the view, of the app and then of the blueprints from the outside in.
///
/// Returns the first answer of a `before_request` function, which takes the view's place.
pub(crate) fn run_before<'py>(
    app: &Bound<'py, PyAny>,
    attributes: &Attributes,
    request: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = app.py();
    let blueprints = Blueprints::of(request)?;
    let names = || std::iter::once(None).chain(blueprints.outside_in().map(Some));
    if !attributes.url_value_preprocessors.is_empty(py)? {
        for name in names() {
            each(&attributes.url_value_preprocessors, py, name, Direction::Forward, |function| {
                let endpoint = request.getattr(intern!(py, "endpoint"))?;
                function.call1((endpoint, request.getattr(intern!(py, "view_args"))?))?;
                Ok(None)
            })?;
        }
    }
    for name in names() {
        let answer = each(&attributes.before_request, py, name, Direction::Forward, |function| {
            let answer = synchronous(app, function)?.call0()?;
            Ok((!answer.is_none()).then_some(answer))
        })?;
        if answer.is_some() {
            return Ok(answer);
        }
    }
    Ok(None)
}

/// Run what comes after the view: of this request, of the blueprints from the inside out, of the app;
/// then save the session.
pub(crate) fn run_after<'py>(
    app: &Bound<'py, PyAny>,
    attributes: &Attributes,
    core: &Bound<'py, RequestContextCore>,
    response: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = app.py();
    let mut response = response;
    if !RequestContextCore::_has_nothing_to_finish(core)? {
        for function in RequestContextCore::get__after_request_functions(core) {
            response = synchronous(app, &function)?.call1((response,))?;
        }
    }
    if !attributes.after_request.is_empty(py)? {
        let blueprints = Blueprints::of(&RequestContextCore::get_request(core))?;
        for name in blueprints.inside_out().map(Some).chain(std::iter::once(None)) {
            each(&attributes.after_request, py, name, Direction::Backward, |function| {
                response = synchronous(app, function)?.call1((&response,))?;
                Ok(None)
            })?;
        }
    }
    if RequestContextCore::_has_nothing_to_finish(core)? {
        return Ok(response);
    }
    let interface = app.getattr(intern!(py, "session_interface"))?;
    let session = RequestContextCore::get__session(core)?;
    if !interface.call_method1(intern!(py, "is_null_session"), (&session,))?.is_truthy()? {
        interface.call_method1(intern!(py, "save_session"), (app, session, &response))?;
    }
    Ok(response)
}

/// Run what comes when the request is over: of the blueprints, then of the app.
pub(crate) fn run_teardown(
    app: &Bound<'_, PyAny>,
    functions: &Table,
    request: &Bound<'_, PyAny>,
    exc: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = app.py();
    let blueprints = Blueprints::of(request)?;
    for name in blueprints.inside_out().map(Some).chain(std::iter::once(None)) {
        each(functions, py, name, Direction::Backward, |function| {
            synchronous(app, function)?.call1((exc,))?;
            Ok(None)
        })?;
    }
    Ok(())
}

/// The function itself, or what the app makes of one that may be a coroutine function.
pub(crate) fn synchronous<'py>(
    app: &Bound<'py, PyAny>,
    function: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    match function.cast_exact::<PyFunction>() {
        Ok(plain) if !makes_coroutines(plain)? => Ok(function.clone()),
        _ => app.call_method1(intern!(app.py(), "ensure_sync"), (function,)),
    }
}

/// Keywords that a callee may keep or change, as Python's `**` makes them for each call.
///
/// A function takes them out of the dictionary. Others get that itself, and some change it: the
/// wrappers of wrapt do, which agents put around views and receivers.
#[inline]
pub(crate) fn own_keywords<'py>(
    callee: &Bound<'py, PyAny>,
    keywords: Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    if callee.is_exact_instance_of::<PyFunction>() { Ok(keywords) } else { keywords.copy() }
}

#[derive(Clone, Copy)]
enum Direction {
    Forward,
    Backward,
}

/// Call functions of a table in turn, until one gives something. One may add others meanwhile.
fn each<'py>(
    table: &Table,
    py: Python<'py>,
    name: Option<&str>,
    direction: Direction,
    mut call: impl FnMut(&Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Ok(table) = table.get(py).cast::<PyDict>() else { return Ok(None) };
    let Some(functions) = table.get_item(name)? else { return Ok(None) };
    let functions = match functions.cast_into_exact::<PyList>() {
        Ok(functions) => functions,
        Err(others) => return each_of(others.into_inner(), direction, call),
    };
    let mut place = match direction {
        Direction::Forward => 0,
        Direction::Backward => functions.len().wrapping_sub(1),
    };
    // PERF: the length is asked each time: the exception at the end of a list costs more than a
    // function without one (`make bench-apps`: hooks).
    while place < functions.len() {
        let Ok(function) = functions.get_item(place) else { break };
        let given = call(&function)?;
        if given.is_some() {
            return Ok(given);
        }
        place = match direction {
            Direction::Forward => place + 1,
            Direction::Backward => place.wrapping_sub(1),
        };
    }
    Ok(None)
}

/// As [`each`], of what may have an order of its own.
#[cold]
fn each_of<'py>(
    functions: Bound<'py, PyAny>,
    direction: Direction,
    mut call: impl FnMut(&Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let functions = match direction {
        Direction::Forward => functions,
        Direction::Backward => functions
            .py()
            .import("builtins")?
            .call_method1(intern!(functions.py(), "reversed"), (functions,))?,
    };
    for function in functions.try_iter()? {
        let given = call(&function?)?;
        if given.is_some() {
            return Ok(given);
        }
    }
    Ok(None)
}

/// The name of the blueprint of an endpoint: those around it are the beginnings of it.
struct Blueprints(Option<String>);

impl Blueprints {
    fn of(request: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = request.py();
        let rule = request.getattr(intern!(py, "url_rule"))?;
        if rule.is_none() {
            return Ok(Self(None));
        }
        let endpoint = rule.getattr(intern!(py, "endpoint"))?;
        let Ok(endpoint) = endpoint.cast::<PyString>() else { return Ok(Self(None)) };
        Ok(Self(endpoint.to_str()?.rsplit_once('.').map(|(name, _)| name.to_owned())))
    }

    fn inside_out(&self) -> impl Iterator<Item = &str> {
        let mut next = self.0.as_deref();
        std::iter::from_fn(move || {
            let name = next?;
            next = name.rsplit_once('.').map(|(outer, _)| outer);
            Some(name)
        })
    }

    fn outside_in(&self) -> impl Iterator<Item = &str> {
        let name = self.0.as_deref().unwrap_or_default();
        let ends = name.match_indices('.').map(|(place, _)| place);
        ends.filter_map(|end| name.get(..end)).chain(self.0.as_deref())
    }
}
