//! The context of a request: made, pushed and popped for each.

use crate::app_context::{AppContextCore, own_app_context};
use crate::context::{
    Given, Originals, Pushed, current, in_context, is_idle, originals, popped_too_often, refuse_wrong,
};
use crate::contextvar;
use crate::conversion::calls_of_converters;
use crate::environ;
use crate::hooks;
use crate::known::function_of;
use crate::known_app::{Attributes, KnownApp};
use crate::made::{assign, set_plainly};
use crate::map::MapCore;
use crate::opening::{bind_plainly, glance, make_request};
use crate::sessions;
use crate::table::{Found, Rare};
use memchr::memmem;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyDict, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit};
use std::cell::UnsafeCell;

/// What `kolben.ctx.RequestContext` stands on.
#[pyclass(frozen, subclass, module = "kolben._core")]
pub(crate) struct RequestContextCore {
    fields: UnsafeCell<RequestFields>,
}

struct RequestFields {
    app: Py<PyAny>,
    request: Py<PyAny>,
    /// What was known of the app when the context was made.
    known: Option<Py<KnownApp>>,
    /// Whether nothing can have changed since that was known.
    is_fresh: bool,
    session: Session,
    url_adapter: Adapter,
    flashes: Option<Py<PyAny>>,
    after: Option<Py<PyList>>,
    /// For each push, its token and the app context that came with it.
    pushed: Pushed<(Py<PyAny>, Option<Py<PyAny>>)>,
}

enum Session {
    /// `push` opens it.
    Closed,
    /// The request was pushed, and the app's own interface opens it when somebody asks for it.
    Deferred(Py<PyAny>),
    Open(Py<PyAny>),
}

enum Adapter {
    /// The plain case: the core matches by itself, and `create_url_adapter` runs when somebody asks.
    Deferred(environ::Glance),
    Made(Py<PyAny>),
    None,
}

// SAFETY: as for `AppContextCore`.
unsafe impl Sync for RequestContextCore {}

#[pymethods]
#[expect(non_snake_case, reason = "the attributes' own names begin with an underscore")]
impl RequestContextCore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(py: Python<'_>, _arguments: &Bound<'_, PyAny>, _keywords: Option<&Bound<'_, PyAny>>) -> Self {
        let fields = RequestFields {
            app: py.None(),
            request: py.None(),
            known: None,
            is_fresh: false,
            session: Session::Closed,
            url_adapter: Adapter::None,
            flashes: None,
            after: None,
            pushed: Pushed::empty(),
        };
        Self { fields: UnsafeCell::new(fields) }
    }

    #[pyo3(signature = (app, environ, request=None, session=None))]
    pub(crate) fn __init__(
        slf: &Bound<'_, Self>,
        app: &Bound<'_, PyAny>,
        environ: &Bound<'_, PyAny>,
        request: Option<&Bound<'_, PyAny>>,
        session: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let originals = originals(slf.py())?;
        let known = KnownApp::of(originals, app)?;
        Self::begin(slf, originals, app, known.as_ref(), environ, request, session)
    }

    /// The app.
    #[getter]
    pub(crate) fn get_app<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyAny> {
        Self::with(slf, |fields| fields.app.bind(slf.py()).clone())
    }

    #[setter]
    fn set_app(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.app, value));
    }

    /// The request.
    #[getter]
    pub(crate) fn get_request<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyAny> {
        Self::with(slf, |fields| fields.request.bind(slf.py()).clone())
    }

    #[setter]
    fn set_request(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.request, value));
    }

    /// The map, bound to the request's host; `None` if that failed.
    #[getter]
    pub(crate) fn get_url_adapter<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        let made = Self::with(slf, |fields| match &fields.url_adapter {
            Adapter::Made(adapter) => Some(Some(adapter.bind(py).clone())),
            Adapter::None => Some(None),
            Adapter::Deferred(_) => None,
        });
        if let Some(made) = made {
            return Ok(made);
        }
        let (app, request) = (Self::get_app(slf), Self::get_request(slf));
        let adapter = match bind_plainly(originals(py)?, &app, &request)? {
            Some(adapter) => adapter,
            None => app.call_method1(intern!(py, "create_url_adapter"), (request,))?,
        };
        Self::set_url_adapter(slf, Some(adapter.clone().unbind()));
        Ok(Some(adapter))
    }

    #[setter]
    fn set_url_adapter(slf: &Bound<'_, Self>, value: Option<Py<PyAny>>) {
        let adapter = value.map_or(Adapter::None, Adapter::Made);
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.url_adapter, adapter));
    }

    /// What was taken out of the session for `kolben.get_flashed_messages`.
    #[getter]
    fn get_flashes(slf: &Bound<'_, Self>) -> Option<Py<PyAny>> {
        Self::with(slf, |fields| fields.flashes.as_ref().map(|flashes| flashes.clone_ref(slf.py())))
    }

    #[setter]
    fn set_flashes(slf: &Bound<'_, Self>, value: Option<Py<PyAny>>) {
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.flashes, value));
    }

    /// The functions of `kolben.after_this_request`.
    #[getter]
    pub(crate) fn get__after_request_functions<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyList> {
        let py = slf.py();
        if let Some(functions) =
            Self::with(slf, |fields| fields.after.as_ref().map(|list| list.bind(py).clone()))
        {
            return functions;
        }
        let functions = PyList::empty(py);
        Self::set__after_request_functions(slf, functions.clone().unbind());
        functions
    }

    #[setter]
    fn set__after_request_functions(slf: &Bound<'_, Self>, value: Py<PyList>) {
        let _old = Self::with(slf, |fields| fields.after.replace(value));
    }

    /// Whether there is none of these, and the session needs no saving, because nobody has read it
    /// and the request did not bring it.
    #[getter]
    pub(crate) fn _has_nothing_to_finish(slf: &Bound<'_, Self>) -> PyResult<bool> {
        let py = slf.py();
        let (interface, app) = Self::with(slf, |fields| {
            let interface = match &fields.session {
                Session::Deferred(interface) if fields.after.is_none() => Some(interface.bind(py).clone()),
                _ => None,
            };
            (interface, fields.app.bind(py).clone())
        });
        let Some(interface) = interface else { return Ok(false) };
        let environ = Self::get_request(slf).getattr(intern!(py, "environ"))?;
        let Ok(environ) = environ.cast::<PyDict>() else { return Ok(false) };
        let Some(cookies) = environ.get_item(intern!(py, "HTTP_COOKIE"))? else { return Ok(true) };
        let originals = originals(py)?;
        let config = app.getattr(intern!(py, "config"))?;
        let Ok(config) = config.cast::<PyDict>() else { return Ok(false) };
        if !originals.config.is_class_of(config)? {
            return Ok(false);
        }
        // What the interface's own methods do, which are as they were when the request came.
        let name = config.as_any().get_item(intern!(py, "SESSION_COOKIE_NAME"))?;
        let (Ok(cookies), Ok(name)) = (cookies.cast::<PyString>(), name.cast::<PyString>()) else {
            return Ok(false);
        };
        let (Ok(cookies), Ok(name)) = (cookies.to_str(), name.to_str()) else { return Ok(false) };
        if memmem::find(cookies.as_bytes(), name.as_bytes()).is_none() {
            return Ok(true);
        }
        if !originals.secret_key.is_class_of(&app)? || !originals.signing.is_untouched(&interface)? {
            return Ok(false);
        }
        // Without a key no cookie is read.
        Ok(!config.as_any().get_item(intern!(py, "SECRET_KEY"))?.is_truthy()?
            || !sessions::may_be_permanent(cookies.as_bytes(), name.as_bytes()))
    }

    /// The session, if it is open.
    #[getter]
    pub(crate) fn get__session<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        let (open, deferred) = Self::with(slf, |fields| match &fields.session {
            Session::Closed => (None, None),
            Session::Deferred(interface) => (None, Some(interface.bind(py).clone())),
            Session::Open(session) => (Some(session.bind(py).clone()), None),
        });
        match deferred {
            None => Ok(open),
            Some(interface) => Self::open_session(slf, &interface).map(Some),
        }
    }

    #[setter]
    fn set__session(slf: &Bound<'_, Self>, value: Option<Py<PyAny>>) {
        let session = value.map_or(Session::Closed, Session::Open);
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.session, session));
    }

    /// Make this the current request context, open the session and match the URL.
    fn push(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let originals = originals(py)?;
        let app = Self::get_app(slf);
        let was_fresh = Self::with(slf, |fields| fields.is_fresh);
        let calls = calls_of_converters();
        let known = Self::known(slf, originals, &app)?;
        let known = known.as_ref().map(Bound::get);
        let own = own_app_context(originals, &app, known)?;
        let token = contextvar::set(originals.request_variable.bind(py), slf.as_any())?.unbind();
        Self::with(slf, |fields| fields.pushed.push((token, own.map(Bound::unbind))));
        if Self::with(slf, |fields| matches!(fields.session, Session::Closed)) {
            let interface = match known.and_then(KnownApp::attributes) {
                Some(attributes) => attributes.session_interface.bind(py).clone(),
                None => app.getattr(intern!(py, "session_interface"))?,
            };
            if originals.session_interface.is_untouched(&interface)? {
                // PERF: most requests of most apps never look at their session.
                let deferred = Session::Deferred(interface.unbind());
                let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.session, deferred));
            } else {
                Self::open_session(slf, &interface)?;
            }
        }
        Self::match_url(slf, originals, known)?;
        // What only the core has looked at is still as it was.
        let is_plain = known.and_then(KnownApp::attributes).is_some_and(|known| known.makes_contexts);
        if was_fresh && is_plain && calls == calls_of_converters() && !originals.pushed_signal.is_heard(py) {
            Self::with(slf, |fields| fields.is_fresh = matches!(fields.session, Session::Deferred(_)));
        }
        Ok(())
    }

    /// Bring back the request context before this one, after the teardown functions.
    #[pyo3(signature = (exc=Given::Nothing))]
    fn pop(slf: &Bound<'_, Self>, exc: Given<'_>) -> PyResult<()> {
        let py = slf.py();
        let originals = originals(py)?;
        let is_last = match Self::with(slf, |fields| fields.pushed.len()) {
            0 => return Err(popped_too_often()),
            depth => depth == 1,
        };
        let app = Self::get_app(slf);
        let known = Self::known(slf, originals, &app)?;
        let known = known.as_ref().map(Bound::get);
        let (torn_down, exc) = if is_last {
            let exc = exc.or_current(py)?;
            (Self::tear_down(slf, originals, &app, known, &exc), exc)
        } else {
            let exc = match exc {
                Given::Exception(exc) => exc,
                Given::Nothing => originals.sentinel.bind(py).clone(),
            };
            (Ok(()), exc)
        };
        in_context(py, Self::leave(slf, originals, known, is_last, &exc), &torn_down)?;
        torn_down
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: as for `AppContextCore`.
        let fields = unsafe { &*self.fields.get() };
        visit.call(&fields.app)?;
        visit.call(&fields.request)?;
        visit.call(&fields.known)?;
        visit.call(&fields.flashes)?;
        visit.call(&fields.after)?;
        match &fields.session {
            Session::Closed => {}
            Session::Deferred(object) | Session::Open(object) => visit.call(object)?,
        }
        if let Adapter::Made(adapter) = &fields.url_adapter {
            visit.call(adapter)?;
        }
        for (token, own) in fields.pushed.iter() {
            visit.call(token)?;
            visit.call(own)?;
        }
        Ok(())
    }
}

impl RequestContextCore {
    /// Use the fields. No Python code may run meanwhile.
    #[inline]
    fn with<R>(slf: &Bound<'_, Self>, use_fields: impl FnOnce(&mut RequestFields) -> R) -> R {
        with_critical_section(slf, || {
            // SAFETY: as for `AppContextCore`.
            use_fields(unsafe { &mut *slf.get().fields.get() })
        })
    }

    /// Do what the constructor does, with what is known of the app.
    #[inline]
    pub(crate) fn begin(
        slf: &Bound<'_, Self>,
        originals: &Originals,
        app: &Bound<'_, PyAny>,
        held: Option<&Bound<'_, KnownApp>>,
        environ: &Bound<'_, PyAny>,
        request: Option<&Bound<'_, PyAny>>,
        session: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let known = held.and_then(|known| known.get().attributes());
        let request = match request {
            Some(request) => request.clone(),
            None => make_request(originals, app, known, environ)?,
        };
        let session = session.map_or(Session::Closed, Session::Open);
        let glance = glance(originals, app, known, &request, environ)?;
        let is_plain = glance.is_some();
        let _old = Self::with(slf, |fields| {
            let old = (
                std::mem::replace(&mut fields.app, app.clone().unbind()),
                std::mem::replace(&mut fields.request, request.clone().unbind()),
                std::mem::replace(&mut fields.session, session),
            );
            let adapter = glance.map_or(Adapter::None, Adapter::Deferred);
            let known = std::mem::replace(&mut fields.known, held.map(|held| held.clone().unbind()));
            (old, known, std::mem::replace(&mut fields.url_adapter, adapter))
        });
        if is_plain {
            return Ok(());
        }
        match app.call_method1(intern!(py, "create_url_adapter"), (&request,)) {
            Ok(adapter) => Self::set_url_adapter(slf, Some(adapter.unbind())),
            Err(error) => note_routing_exception(originals, &request, error)?,
        }
        Ok(())
    }

    /// It is about to be pushed, and nothing comes between.
    #[inline]
    pub(crate) fn mark_fresh(slf: &Bound<'_, Self>) {
        Self::with(slf, |fields| fields.is_fresh = true);
    }

    /// What is known of the app now.
    #[inline]
    pub(crate) fn known<'py>(
        slf: &Bound<'py, Self>,
        originals: &Originals,
        app: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, KnownApp>>> {
        let py = slf.py();
        let (known, is_fresh) = Self::with(slf, |fields| {
            (fields.known.as_ref().map(|known| known.clone_ref(py)), std::mem::take(&mut fields.is_fresh))
        });
        match known {
            Some(known) if is_fresh => Ok(Some(known.into_bound(py))),
            known => KnownApp::again(known.as_ref(), originals, app),
        }
    }

    fn open_session<'py>(
        slf: &Bound<'py, Self>,
        interface: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let (app, request) = (Self::get_app(slf), Self::get_request(slf));
        let mut session = interface.call_method1(intern!(py, "open_session"), (&app, request))?;
        if session.is_none() {
            session = interface.call_method1(intern!(py, "make_null_session"), (app,))?;
        }
        let session_is_none = session.is_none();
        Self::set__session(slf, (!session_is_none).then(|| session.clone().unbind()));
        Ok(session)
    }

    /// Find the rule and the arguments, by the core alone where that is all there is to it.
    #[inline]
    fn match_url(slf: &Bound<'_, Self>, originals: &Originals, known: Option<&KnownApp>) -> PyResult<()> {
        let py = slf.py();
        if originals.request_context.is_class_of(slf.as_any())? {
            let (glance, app) = Self::with(slf, |fields| {
                let glance = match &fields.url_adapter {
                    Adapter::Deferred(glance) => Some(glance.clone_ref(py)),
                    _ => None,
                };
                (glance, fields.app.bind(py).clone())
            });
            if let Some(glance) = glance
                && Self::match_plainly(slf, originals, &app, known, &glance)?
            {
                return Ok(());
            }
        }
        if Self::get_url_adapter(slf)?.is_some() {
            slf.call_method0(intern!(py, "match_request"))?;
        }
        Ok(())
    }

    fn match_plainly(
        slf: &Bound<'_, Self>,
        originals: &Originals,
        app: &Bound<'_, PyAny>,
        known: Option<&KnownApp>,
        glance: &environ::Glance,
    ) -> PyResult<bool> {
        let py = slf.py();
        // It may have been exchanged since.
        let map = match known.and_then(KnownApp::attributes) {
            Some(attributes) => attributes.url_map.bind(py).clone(),
            None => app.getattr(intern!(py, "url_map"))?,
        };
        let Ok(map) = map.cast::<MapCore>() else { return Ok(false) };
        let Some(table) = map.get().table(py) else { return Ok(false) };
        if !originals.map.is_class_of(map.as_any())? {
            return Ok(false);
        }
        let (path, method) = (glance.path.bind(py), glance.method.bind(py));
        let request = Self::get_request(slf);
        match table.get().find(py, &[], path, method, false, true)? {
            Found::Plain(pair) => {
                set_plainly(&request, intern!(py, "url_rule"), pair.get_item(0)?)?;
                set_plainly(&request, intern!(py, "view_args"), pair.get_item(1)?)?;
                Ok(true)
            }
            Found::Rare(rare) => match *rare {
                Rare::Missing(misses) => {
                    note_routing_exception(originals, &request, misses.into_error(py)?)?;
                    Ok(true)
                }
                Rare::Redirect(_) | Rare::Special(..) => Ok(false),
            },
        }
    }

    fn tear_down(
        slf: &Bound<'_, Self>,
        originals: &Originals,
        app: &Bound<'_, PyAny>,
        known: Option<&KnownApp>,
        exc: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        let table = known.and_then(KnownApp::attributes).and_then(Attributes::teardown_request);
        let name = intern!(py, "teardown_request_funcs");
        let request = Self::get_request(slf);
        if let Some(table) = table
            && !originals.request_teardown_signal.is_heard(py)
            && originals.blueprints.is_class_of(&request)?
        {
            if !table.is_empty(py)? {
                hooks::run_teardown(app, table, &request, exc)?;
            }
        } else if !is_idle(originals, app, table, name, &originals.request_teardown_signal)? {
            app.call_method1(intern!(py, "do_teardown_request"), (exc,))?;
        }
        if let Some(close) = request.getattr_opt(intern!(py, "close"))? {
            // PERF: all that it does is to close the files.
            if originals.files.is_class_of(&request)?
                && function_of(&close)? == Some(originals.close.as_ptr())
                && !request.getattr(intern!(py, "_may_hold_files"))?.is_truthy()?
            {
                return Ok(());
            }
            close.call0()?;
        }
        Ok(())
    }

    fn leave(
        slf: &Bound<'_, Self>,
        originals: &Originals,
        known: Option<&KnownApp>,
        is_last: bool,
        exc: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        let variable = originals.request_variable.bind(py);
        let current = current(variable)?;
        let (token, own) = Self::with(slf, |fields| fields.pushed.pop()).ok_or_else(popped_too_often)?;
        contextvar::reset(variable, token.bind(py))?;
        if is_last {
            // The environ and the request hold each other: let go of one.
            let request = match current.cast::<Self>() {
                Ok(core) if originals.request_context.is_class_of(&current)? => Self::get_request(core),
                _ => current.getattr(intern!(py, "request"))?,
            };
            let environ = request.getattr(intern!(py, "environ"))?;
            match environ.cast_exact::<PyDict>() {
                Ok(environ) => environ.set_item(intern!(py, "werkzeug.request"), py.None())?,
                Err(_) => environ.set_item(intern!(py, "werkzeug.request"), py.None())?,
            }
        }
        if let Some(own) = own {
            let own = own.bind(py);
            match own.cast::<AppContextCore>() {
                Ok(core) if originals.context.is_class_of(own)? => {
                    AppContextCore::pop_known(core, Given::Exception(exc.clone()), known)?;
                }
                _ => drop(own.call_method1(intern!(py, "pop"), (exc,))?),
            }
        }
        refuse_wrong("request", &current, slf.as_any())
    }
}

/// Keep an HTTP exception for the dispatch; raise any other.
fn note_routing_exception(originals: &Originals, request: &Bound<'_, PyAny>, error: PyErr) -> PyResult<()> {
    let py = request.py();
    if !error.is_instance(py, originals.http_exception.bind(py)) {
        return Err(error);
    }
    assign!(request, "routing_exception" = error.into_value(py));
    Ok(())
}
