//! From a matched request to its response, where there is nothing between them but the view.

use crate::context::{Originals, originals};
use crate::contextvar;
use crate::hooks;
use crate::json;
use crate::known_app::{Attributes, KnownApp};
use crate::request_context::RequestContextCore;
use crate::response::make_plain_response;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBytes, PyDict, PyFunction, PyList, PyString, PyType};

/// Answer the current request, if all that the app does with it is to call hooks and the view.
///
/// Returns the response; or a tuple of what the view has returned, if that has yet to become one, and
/// of an error in making it one; or an ellipsis, if the request has still to be dispatched; or nothing,
/// if it takes the methods of the app from the beginning.
///
/// PERF: six methods of the app, all of which may be overridden, come between the match and the
/// response, and do little most of the time. [`KnownApp`] tells in one look that they are Kolben's own
/// (`make bench-apps`: hello, param and deep took a third longer; `tests/unit/test_overrides.py`).
#[pyfunction]
#[pyo3(signature = (app, /))]
pub(crate) fn answer_plainly<'py>(app: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = app.py();
    let originals = originals(py)?;
    let Some(context) = contextvar::get(originals.request_variable.bind(py))? else { return Ok(None) };
    let Ok(core) = context.cast::<RequestContextCore>() else { return Ok(None) };
    if !originals.request_context.is_class_of(&context)? || !RequestContextCore::get_app(core).is(app) {
        return Ok(None);
    }
    let Some(mut known) = RequestContextCore::known(core, originals, app)? else { return Ok(None) };
    let Some(attributes) = plain(&known) else { return Ok(None) };
    let request = RequestContextCore::get_request(core);
    let mut answer = None;
    if !attributes.has_no_hooks(py)? || originals.started_signal.is_heard(py) {
        if !originals.blueprints.is_class_of(&request)? {
            return Ok(None);
        }
        originals.started_signal.send(app)?;
        answer = hooks::run_before(app, attributes, &request)?;
        // A hook may have changed the app.
        match KnownApp::again(Some(known.as_unbound()), originals, app)? {
            Some(now) => known = now,
            None => return Ok(Some(dispatched(py, answer)?)),
        }
    }
    let Some(attributes) = plain(&known) else { return Ok(Some(dispatched(py, answer)?)) };
    let answer = match answer {
        Some(answer) => answer,
        None => match view_of(originals, attributes, &request)? {
            Some((view, arguments)) => {
                let view = hooks::synchronous(app, &view)?;
                view.call((), Some(&hooks::own_keywords(&view, arguments)?))?
            }
            None => return Ok(Some(py.Ellipsis().into_bound(py))),
        },
    };
    // The view may have changed the app.
    let known = KnownApp::again(Some(known.as_unbound()), originals, app)?;
    match known.as_ref().and_then(plain) {
        Some(attributes) => finish(originals, attributes, app, core, answer).map(Some),
        None => unfinished(answer).map(Some),
    }
}

/// What is known, if the app does with a request what Kolben does.
fn plain<'a>(known: &'a Bound<'_, KnownApp>) -> Option<&'a Attributes> {
    known.get().attributes().filter(|attributes| attributes.answers_plainly)
}

/// What there is when the hooks have run: an answer, or the dispatch to come.
#[cold]
fn dispatched<'py>(py: Python<'py>, answer: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
    match answer {
        Some(answer) => unfinished(answer),
        None => Ok(py.Ellipsis().into_bound(py)),
    }
}

/// The view and its arguments, if the request is to call it.
#[inline]
fn view_of<'py>(
    originals: &Originals,
    attributes: &Attributes,
    request: &Bound<'py, PyAny>,
) -> PyResult<Option<(Bound<'py, PyAny>, Bound<'py, PyDict>)>> {
    let py = request.py();
    if !originals.request.is_class_of(request)?
        || !request.getattr(intern!(py, "routing_exception"))?.is_none()
        || request.getattr(intern!(py, "method"))?.cast::<PyString>().is_ok_and(|method| method == "OPTIONS")
    {
        return Ok(None);
    }
    let endpoint = request.getattr(intern!(py, "url_rule"))?.getattr(intern!(py, "endpoint"))?;
    let Ok(views) = attributes.view_functions.bind(py).cast_exact::<PyDict>() else { return Ok(None) };
    let Some(view) = views.get_item(endpoint)? else { return Ok(None) };
    let arguments = request.getattr(intern!(py, "view_args"))?.cast_into_exact::<PyDict>();
    Ok(arguments.ok().map(|arguments| (view, arguments)))
}

/// Whether a function is a coroutine function, or has an attribute that may call it one.
pub(crate) fn makes_coroutines(function: &Bound<'_, PyFunction>) -> PyResult<bool> {
    let py = function.py();
    // SAFETY: it is a function, and alive; what is read of it is set, or null, and borrowed.
    let (code, own) = unsafe {
        let own = (*function.as_ptr().cast::<ffi::PyFunctionObject>()).func_dict;
        let code = Bound::from_borrowed_ptr(py, ffi::PyFunction_GetCode(function.as_ptr()));
        (code, Bound::from_borrowed_ptr_or_opt(py, own))
    };
    let is_marked = match own {
        Some(own) => own.contains(intern!(py, "_is_coroutine_marker"))?,
        None => false,
    };
    let flags = code.getattr(intern!(py, "co_flags"))?.extract::<std::ffi::c_int>()?;
    Ok(is_marked || flags & ffi::CO_COROUTINE != 0)
}

/// Make the response and run what comes after the view.
#[inline]
fn finish<'py>(
    originals: &Originals,
    attributes: &Attributes,
    app: &Bound<'py, PyAny>,
    core: &Bound<'py, RequestContextCore>,
    answer: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = answer.py();
    let class = attributes.response_class.bind(py);
    let is_text = answer.is_exact_instance_of::<PyString>() || answer.is_exact_instance_of::<PyBytes>();
    let made = if is_text {
        make_plain_response(class, &answer, None, None)
    } else if class.is_instance_of::<PyType>() && answer.get_type().is(class) {
        Ok(Some(answer.clone()))
    } else if answer.is_exact_instance_of::<PyDict>() || answer.is_exact_instance_of::<PyList>() {
        json::respond(attributes, &answer)
    } else {
        Ok(None)
    };
    let finished = match made {
        Ok(Some(response)) => {
            if attributes.has_no_after_hooks(py)? && RequestContextCore::_has_nothing_to_finish(core)? {
                Ok(response)
            } else if originals.blueprints.is_class_of(&RequestContextCore::get_request(core))? {
                hooks::run_after(app, attributes, core, response)
            } else {
                return unfinished(response);
            }
        }
        Ok(None) => return unfinished(answer),
        Err(error) => Err(error),
    };
    match finished.and_then(|response| signal_finished(originals, app, response)) {
        Ok(response) => Ok(response),
        // It is none of the view.
        Err(error) => Ok((py.None(), error.into_value(py)).into_pyobject(py)?.into_any()),
    }
}

fn signal_finished<'py>(
    originals: &Originals,
    app: &Bound<'py, PyAny>,
    response: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = app.py();
    if originals.finished_signal.is_heard(py) {
        let arguments = [(intern!(py, "response"), &response)].into_py_dict(py)?;
        originals.finished_signal.send_with(app, Some(&arguments))?;
    }
    Ok(response)
}

/// What the view has returned, for the methods of the app to finish.
fn unfinished(answer: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    let py = answer.py();
    Ok((answer, py.None()).into_pyobject(py)?.into_any())
}
