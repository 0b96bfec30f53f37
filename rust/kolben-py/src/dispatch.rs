//! From a matched request to its response, where there is nothing between them but the view.

use crate::context::{Originals, originals};
use crate::contextvar;
use crate::json;
use crate::known_app::{Attributes, KnownApp};
use crate::request_context::RequestContextCore;
use crate::response::make_plain_response;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFunction, PyList, PyString, PyType};

/// Answer the current request, if all that the app does with it is to call the view.
///
/// Returns the response; or a tuple of what the view has returned, if that has yet to become one, and
/// of an error in making it one; or nothing, if the request takes the methods of the app from the
/// beginning.
///
/// PERF: six methods of the app, all of which may be overridden, come between the match and the
/// response, and do nothing most of the time. [`KnownApp`] tells in one look that they are Kolben's own
/// (`make bench-apps`: hello, param and deep took a third longer; `tests/unit/test_overrides.py`).
#[pyfunction]
#[pyo3(signature = (app, /))]
pub(crate) fn answer_plainly<'py>(app: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = app.py();
    let originals = originals(py)?;
    let Some(context) = contextvar::get(originals.request_variable.bind(py))? else { return Ok(None) };
    let Ok(core) = context.cast::<RequestContextCore>() else { return Ok(None) };
    if !originals.request_context.is_class_of(&context)? || originals.started_signal.is_heard(py) {
        return Ok(None);
    }
    if !RequestContextCore::get_app(core).is(app) {
        return Ok(None);
    }
    let Some(known) = RequestContextCore::known(core, originals, app)? else { return Ok(None) };
    let Some(attributes) = known.get().attributes() else { return Ok(None) };
    if !attributes.answers_plainly || !attributes.has_no_hooks(py)? {
        return Ok(None);
    }
    let request = RequestContextCore::get_request(core);
    let Some((view, arguments)) = view_of(originals, attributes, &request)? else { return Ok(None) };
    let answer = view.call((), Some(&arguments))?;
    // The view may have changed the app.
    let known = KnownApp::again(Some(known.as_unbound()), originals, app)?;
    finish(originals, known.as_ref().and_then(|known| known.get().attributes()), core, answer).map(Some)
}

/// The view and its arguments, if it is a plain function and the request is to call it.
#[inline]
fn view_of<'py>(
    originals: &Originals,
    attributes: &Attributes,
    request: &Bound<'py, PyAny>,
) -> PyResult<Option<(Bound<'py, PyFunction>, Bound<'py, PyDict>)>> {
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
    let Ok(view) = view.cast_into_exact::<PyFunction>() else { return Ok(None) };
    match request.getattr(intern!(py, "view_args"))?.cast_into_exact::<PyDict>() {
        Ok(arguments) if !makes_coroutines(&view)? => Ok(Some((view, arguments))),
        _ => Ok(None),
    }
}

/// Whether a function is a coroutine function, or has an attribute that may call it one.
fn makes_coroutines(function: &Bound<'_, PyFunction>) -> PyResult<bool> {
    let py = function.py();
    // SAFETY: it is a function, and alive; what is read of it is set, or null, and borrowed.
    let (code, own) = unsafe {
        let own = (*function.as_ptr().cast::<ffi::PyFunctionObject>()).func_dict;
        let code = Bound::from_borrowed_ptr(py, ffi::PyFunction_GetCode(function.as_ptr()));
        (code, Bound::from_borrowed_ptr_or_opt(py, own))
    };
    let is_marked = match own {
        Some(own) => own.contains(intern!(py, "_is_coroutine_mark"))?,
        None => false,
    };
    let flags = code.getattr(intern!(py, "co_flags"))?.extract::<std::ffi::c_int>()?;
    Ok(is_marked || flags & ffi::CO_COROUTINE != 0)
}

/// Make the response, if nothing comes after the view.
#[inline]
fn finish<'py>(
    originals: &Originals,
    attributes: Option<&Attributes>,
    core: &Bound<'py, RequestContextCore>,
    answer: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = answer.py();
    let is_text = answer.is_exact_instance_of::<PyString>() || answer.is_exact_instance_of::<PyBytes>();
    let Some(attributes) = attributes.filter(|attributes| attributes.answers_plainly) else {
        return unfinished(answer);
    };
    let class = attributes.response_class.bind(py);
    let response = if is_text {
        match make_plain_response(class, &answer, None, None)? {
            Some(response) => response,
            None => return unfinished(answer),
        }
    } else if class.is_instance_of::<PyType>() && answer.get_type().is(class) {
        answer
    } else if answer.is_exact_instance_of::<PyDict>() || answer.is_exact_instance_of::<PyList>() {
        match json::respond(attributes, &answer) {
            Ok(Some(response)) => response,
            Ok(None) => return unfinished(answer),
            Err(error) => return Ok((py.None(), error.into_value(py)).into_pyobject(py)?.into_any()),
        }
    } else {
        return unfinished(answer);
    };
    if attributes.has_no_after_hooks(py)?
        && !originals.finished_signal.is_heard(py)
        && RequestContextCore::_has_nothing_to_finish(core)?
    {
        return Ok(response);
    }
    unfinished(response)
}

fn unfinished(answer: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    let py = answer.py();
    Ok((answer, py.None()).into_pyobject(py)?.into_any())
}
