//! The context of an app: made, pushed and popped for each request, or by hand.

use crate::context::{
    Given, Originals, Pushed, current, in_context, is_idle, originals, popped_too_often, refuse_wrong,
};
use crate::contextvar;
use crate::known_app::{Attributes, KnownApp};
use crate::made::unstarted;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::{PyTraverseError, PyVisit};
use std::cell::UnsafeCell;

/// What `kolben.ctx.AppContext` stands on.
#[pyclass(frozen, subclass, module = "kolben._core")]
pub(crate) struct AppContextCore {
    fields: UnsafeCell<AppFields>,
}

struct AppFields {
    app: Py<PyAny>,
    g: Option<Py<PyAny>>,
    url_adapter: Option<Py<PyAny>>,
    pushed: Pushed<Py<PyAny>>,
}

// SAFETY: the fields are reached through `AppContextCore::with` alone, which holds the critical
// section of the object; without a GIL that is a lock of its own, with one it is the GIL.
unsafe impl Sync for AppContextCore {}

impl AppContextCore {
    /// Use the fields. No Python code may run meanwhile.
    #[inline]
    fn with<R>(slf: &Bound<'_, Self>, use_fields: impl FnOnce(&mut AppFields) -> R) -> R {
        with_critical_section(slf, || {
            // SAFETY: nobody else is in here, by the critical section, and `use_fields` cannot come
            // back here, because none of its callers runs Python code or drops an object in it.
            use_fields(unsafe { &mut *slf.get().fields.get() })
        })
    }

    pub(crate) fn app<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyAny> {
        Self::with(slf, |fields| fields.app.bind(slf.py()).clone())
    }
}

#[pymethods]
impl AppContextCore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(py: Python<'_>, _arguments: &Bound<'_, PyAny>, _keywords: Option<&Bound<'_, PyAny>>) -> Self {
        let app = py.None();
        let fields = AppFields { app, g: None, url_adapter: None, pushed: Pushed::empty() };
        Self { fields: UnsafeCell::new(fields) }
    }

    fn __init__(slf: &Bound<'_, Self>, app: Py<PyAny>) {
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.app, app));
    }

    /// The app.
    #[getter]
    fn get_app<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyAny> {
        Self::app(slf)
    }

    #[setter]
    fn set_app(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.app, value));
    }

    /// The namespace that `kolben.g` stands for.
    #[getter]
    pub(crate) fn get_g<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if let Some(g) = Self::with(slf, |fields| fields.g.as_ref().map(|g| g.bind(py).clone())) {
            return Ok(g);
        }
        let g = Self::app(slf).call_method0(intern!(py, "app_ctx_globals_class"))?;
        Self::set_g(slf, g.clone().unbind());
        Ok(g)
    }

    #[setter]
    fn set_g(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        let _old = Self::with(slf, |fields| fields.g.replace(value));
    }

    /// Builds URLs outside of requests; `None` unless `SERVER_NAME` is set.
    #[getter]
    fn get_url_adapter<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let made = Self::with(slf, |fields| fields.url_adapter.as_ref().map(|made| made.bind(py).clone()));
        if let Some(adapter) = made {
            return Ok(adapter);
        }
        let adapter = Self::app(slf).call_method1(intern!(py, "create_url_adapter"), (py.None(),))?;
        Self::set_url_adapter(slf, adapter.clone().unbind());
        Ok(adapter)
    }

    #[setter]
    fn set_url_adapter(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        let _old = Self::with(slf, |fields| fields.url_adapter.replace(value));
    }

    /// Make this the current app context.
    fn push(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let originals = originals(py)?;
        let token = contextvar::set(originals.app_variable.bind(py), slf.as_any())?.unbind();
        Self::with(slf, |fields| fields.pushed.push(token));
        originals.pushed_signal.send(&Self::app(slf))
    }

    /// Bring back the app context before this one, after the teardown functions.
    #[pyo3(signature = (exc=Given::Nothing))]
    fn pop(slf: &Bound<'_, Self>, exc: Given<'_>) -> PyResult<()> {
        Self::pop_known(slf, exc, None)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: the collector runs with the GIL, or with all other threads stopped, and never
        // inside `with`, where nothing is allocated.
        let fields = unsafe { &*self.fields.get() };
        visit.call(&fields.app)?;
        visit.call(&fields.g)?;
        visit.call(&fields.url_adapter)?;
        fields.pushed.iter().try_for_each(|token| visit.call(token))
    }
}

impl AppContextCore {
    /// Do what `pop` does, with what is known of the app.
    pub(crate) fn pop_known(slf: &Bound<'_, Self>, exc: Given<'_>, known: Option<&KnownApp>) -> PyResult<()> {
        let py = slf.py();
        let originals = originals(py)?;
        let app = Self::app(slf);
        let table = known.and_then(KnownApp::attributes).and_then(Attributes::teardown_appcontext);
        let torn_down = match Self::with(slf, |fields| fields.pushed.len()) {
            0 => return Err(popped_too_often()),
            1 if is_idle(
                originals,
                &app,
                table,
                intern!(py, "teardown_appcontext_funcs"),
                &originals.app_teardown_signal,
            )? =>
            {
                Ok(())
            }
            1 => exc
                .or_current(py)
                .and_then(|exc| app.call_method1(intern!(py, "do_teardown_appcontext"), (exc,)))
                .map(drop),
            _ => Ok(()),
        };
        in_context(py, Self::leave(slf, originals), &torn_down)?;
        torn_down?;
        originals.popped_signal.send(&app)
    }

    fn leave(slf: &Bound<'_, Self>, originals: &Originals) -> PyResult<()> {
        let py = slf.py();
        let variable = originals.app_variable.bind(py);
        let current = current(variable)?;
        let token = Self::with(slf, |fields| fields.pushed.pop()).ok_or_else(popped_too_often)?;
        contextvar::reset(variable, token.bind(py))?;
        refuse_wrong("app", &current, slf.as_any())
    }
}

/// Push an app context for the request, unless the app has one already.
#[inline]
pub(crate) fn own_app_context<'py>(
    originals: &Originals,
    app: &Bound<'py, PyAny>,
    known: Option<&KnownApp>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = app.py();
    if let Some(outer) = contextvar::get(originals.app_variable.bind(py))? {
        let is_same = match outer.cast::<AppContextCore>() {
            Ok(outer) => AppContextCore::app(outer).is(app),
            Err(_) => outer.getattr(intern!(py, "app"))?.is(app),
        };
        if is_same {
            return Ok(None);
        }
    }
    let class = originals.context_class.bind(py);
    let is_plain = match known.and_then(KnownApp::attributes) {
        Some(attributes) => attributes.makes_contexts,
        None => originals.app_context.has_own_methods(app)?,
    };
    if is_plain && originals.context.is_original(class)? {
        // PERF: an app context of its own for each request, without a call of Python code.
        let own = unstarted(class)?;
        let core = own.cast::<AppContextCore>()?;
        AppContextCore::__init__(core, app.clone().unbind());
        AppContextCore::push(core)?;
        return Ok(Some(own));
    }
    let own = app.call_method0(intern!(py, "app_context"))?;
    own.call_method0(intern!(py, "push"))?;
    Ok(Some(own))
}
