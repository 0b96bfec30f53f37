//! The contexts of an app and of a request: made, pushed and popped for each request.

use crate::contextvar;
use crate::environ;
use crate::known::{Known, function_of};
use crate::made::{assign, bare, unstarted};
use crate::map::MapCore;
use crate::table::{Found, Rare};
use pyo3::exceptions::{PyAssertionError, PyLookupError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};
use std::cell::UnsafeCell;

/// What the contexts use of Python, as it stands when Kolben is imported.
struct Originals {
    app_variable: Py<PyAny>,
    request_variable: Py<PyAny>,
    /// Stands for an exception that was not given.
    sentinel: Py<PyAny>,
    pushed_signal: Signal,
    popped_signal: Signal,
    request_teardown_signal: Signal,
    app_teardown_signal: Signal,
    http_exception: Py<PyAny>,
    app: Known,
    config: Known,
    app_context: Known,
    teardowns: Known,
    context: Known,
    context_class: Py<PyType>,
    request: Known,
    files: Known,
    /// What closes a request.
    close: Py<PyAny>,
    session_interface: Known,
    request_context: Known,
    map: Known,
    adapter: Known,
    adapter_class: Py<PyType>,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

/// Takes what the contexts work with. `classes` are the classes whose methods they pass by.
#[pyfunction]
pub(crate) fn hold_contexts(objects: &Bound<'_, PyDict>, classes: &Bound<'_, PyDict>) -> PyResult<()> {
    let object = |name: &str| -> PyResult<Py<PyAny>> { Ok(objects.as_any().get_item(name)?.unbind()) };
    let known = |name: &str, attributes: &[&str]| {
        Known::of(&classes.as_any().get_item(name)?.cast_into::<PyType>()?, attributes)
    };
    ORIGINALS.get_or_try_init(objects.py(), || {
        Ok::<_, PyErr>(Originals {
            app_variable: object("app_variable")?,
            request_variable: object("request_variable")?,
            sentinel: object("sentinel")?,
            pushed_signal: Signal::of(&objects.as_any().get_item("pushed_signal")?)?,
            popped_signal: Signal::of(&objects.as_any().get_item("popped_signal")?)?,
            request_teardown_signal: Signal::of(&objects.as_any().get_item("request_teardown_signal")?)?,
            app_teardown_signal: Signal::of(&objects.as_any().get_item("app_teardown_signal")?)?,
            http_exception: object("http_exception")?,
            app: known("app", &["create_url_adapter"])?,
            config: known("config", &["__getitem__"])?,
            app_context: known("app", &["app_context"])?,
            teardowns: known("app", &["do_teardown_request", "do_teardown_appcontext"])?,
            context: known("context", &["__init__", "__new__", "app", "g", "push", "pop"])?,
            context_class: classes.as_any().get_item("context")?.cast_into::<PyType>()?.unbind(),
            request: known(
                "request",
                &[
                    "__init__",
                    "__new__",
                    "__setattr__",
                    "_reads_ahead",
                    "host",
                    "method",
                    "trusted_hosts",
                    "close",
                ],
            )?,
            files: known("request", &["files", "_load_form_data", "_may_hold_files"])?,
            close: classes.as_any().get_item("request")?.getattr("close")?.unbind(),
            session_interface: known(
                "session_interface",
                &["open_session", "save_session", "is_null_session", "make_null_session", "session_class"],
            )?,
            request_context: known(
                "request_context",
                &["match_request", "request", "session", "_session", "url_adapter"],
            )?,
            map: known("map", &["bind_to_environ", "update", "_bind_to_environ", "_adapter_class"])?,
            adapter_class: classes.as_any().get_item("adapter")?.cast_into::<PyType>()?.unbind(),
            adapter: known("adapter", &["__init__", "__new__", "match", "_match", "get_default_redirect"])?,
        })
    })?;
    Ok(())
}

fn originals(py: Python<'_>) -> PyResult<&Originals> {
    ORIGINALS.get(py).ok_or_else(|| PyRuntimeError::new_err("import kolben before you use its contexts"))
}

/// What was pushed and not yet popped. Few contexts are pushed twice.
struct Pushed<T> {
    first: Option<T>,
    others: Vec<T>,
}

impl<T> Pushed<T> {
    const fn empty() -> Self {
        Self { first: None, others: Vec::new() }
    }

    fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.others.push(item);
        }
    }

    fn pop(&mut self) -> Option<T> {
        self.others.pop().or_else(|| self.first.take())
    }

    fn len(&self) -> usize {
        self.others.len() + usize::from(self.first.is_some())
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.others)
    }
}

/// An argument `exc`: given, or not.
enum Given<'py> {
    Nothing,
    Exception(Bound<'py, PyAny>),
}

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is(&originals(object.py())?.sentinel) {
            return Ok(Self::Nothing);
        }
        Ok(Self::Exception(object.to_owned()))
    }
}

impl<'py> Given<'py> {
    /// The exception that was given, or the one that is being handled.
    fn or_current(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Exception(exception) => Ok(exception),
            Self::Nothing => py.import("sys")?.call_method0("exc_info")?.get_item(1),
        }
    }
}

/// The error of a clean-up that came while there was another error, which Python then calls its
/// context.
fn in_context(py: Python<'_>, result: PyResult<()>, before: &PyResult<()>) -> PyResult<()> {
    if let (Err(error), Err(before)) = (&result, before) {
        error.value(py).setattr("__context__", before.value(py))?;
    }
    result
}

fn popped_too_often() -> PyErr {
    PyAssertionError::new_err("The context was popped more often than it was pushed.")
}

/// Raise if `current`, which was popped, is not the context that it should be.
fn refuse_wrong(kind: &str, current: &Bound<'_, PyAny>, context: &Bound<'_, PyAny>) -> PyResult<()> {
    if current.is(context) {
        return Ok(());
    }
    let (current, context) = (current.repr()?, context.repr()?);
    Err(PyAssertionError::new_err(format!("Popped wrong {kind} context. ({current} instead of {context})")))
}

fn current<'py>(variable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    contextvar::get(variable)?.ok_or_else(|| PyLookupError::new_err(variable.clone().unbind()))
}

/// A signal, and its receivers, which are added to one dictionary and taken out of it again.
struct Signal {
    signal: Py<PyAny>,
    receivers: Py<PyDict>,
}

impl Signal {
    fn of(signal: &Bound<'_, PyAny>) -> PyResult<Self> {
        let receivers = signal.getattr("receivers")?.cast_into::<PyDict>()?.unbind();
        Ok(Self { signal: signal.clone().unbind(), receivers })
    }

    #[inline]
    fn is_heard(&self, py: Python<'_>) -> bool {
        !self.receivers.bind(py).is_empty()
    }
}

/// Send a signal for an app, if anybody hears it.
#[inline]
fn send(signal: &Signal, app: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = app.py();
    if signal.is_heard(py) {
        let signal = signal.signal.bind(py);
        let arguments = PyDict::new(py);
        arguments.set_item("_async_wrapper", app.getattr("ensure_sync")?)?;
        signal.call_method("send", (app,), Some(&arguments))?;
    }
    Ok(())
}

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

    fn app<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyAny> {
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
    fn get_g<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
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
        send(&originals.pushed_signal, &Self::app(slf))
    }

    /// Bring back the app context before this one, after the teardown functions.
    #[pyo3(signature = (exc=Given::Nothing))]
    fn pop(slf: &Bound<'_, Self>, exc: Given<'_>) -> PyResult<()> {
        let py = slf.py();
        let originals = originals(py)?;
        let app = Self::app(slf);
        let torn_down = match Self::with(slf, |fields| fields.pushed.len()) {
            0 => return Err(popped_too_often()),
            1 if is_idle(
                originals,
                &app,
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
        send(&originals.popped_signal, &app)
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
    fn leave(slf: &Bound<'_, Self>, originals: &Originals) -> PyResult<()> {
        let py = slf.py();
        let variable = originals.app_variable.bind(py);
        let current = current(variable)?;
        let token = Self::with(slf, |fields| fields.pushed.pop()).ok_or_else(popped_too_often)?;
        contextvar::reset(variable, token.bind(py))?;
        refuse_wrong("app", &current, slf.as_any())
    }
}

/// What `kolben.ctx.RequestContext` stands on.
#[pyclass(frozen, subclass, module = "kolben._core")]
pub(crate) struct RequestContextCore {
    fields: UnsafeCell<RequestFields>,
}

struct RequestFields {
    app: Py<PyAny>,
    request: Py<PyAny>,
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
            session: Session::Closed,
            url_adapter: Adapter::None,
            flashes: None,
            after: None,
            pushed: Pushed::empty(),
        };
        Self { fields: UnsafeCell::new(fields) }
    }

    #[pyo3(signature = (app, environ, request=None, session=None))]
    fn __init__(
        slf: &Bound<'_, Self>,
        app: &Bound<'_, PyAny>,
        environ: &Bound<'_, PyAny>,
        request: Option<&Bound<'_, PyAny>>,
        session: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let originals = originals(py)?;
        let request = match request {
            Some(request) => request.clone(),
            None => make_request(originals, app, environ)?,
        };
        let session = session.map_or(Session::Closed, Session::Open);
        let glance = glance(originals, app, &request, environ)?;
        let is_plain = glance.is_some();
        let _old = Self::with(slf, |fields| {
            let old = (
                std::mem::replace(&mut fields.app, app.clone().unbind()),
                std::mem::replace(&mut fields.request, request.clone().unbind()),
                std::mem::replace(&mut fields.session, session),
            );
            let adapter = glance.map_or(Adapter::None, Adapter::Deferred);
            (old, std::mem::replace(&mut fields.url_adapter, adapter))
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

    /// The app.
    #[getter]
    fn get_app<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyAny> {
        Self::with(slf, |fields| fields.app.bind(slf.py()).clone())
    }

    #[setter]
    fn set_app(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.app, value));
    }

    /// The request.
    #[getter]
    fn get_request<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyAny> {
        Self::with(slf, |fields| fields.request.bind(slf.py()).clone())
    }

    #[setter]
    fn set_request(slf: &Bound<'_, Self>, value: Py<PyAny>) {
        let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.request, value));
    }

    /// The map, bound to the request's host; `None` if that failed.
    #[getter]
    fn get_url_adapter<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
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
    fn get__after_request_functions<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyList> {
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
    fn _has_nothing_to_finish(slf: &Bound<'_, Self>) -> PyResult<bool> {
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
        let name = interface.call_method1(intern!(py, "get_cookie_name"), (app,))?;
        match (cookies.cast::<PyString>(), name.cast::<PyString>()) {
            (Ok(cookies), Ok(name)) => Ok(!cookies.contains(name)?),
            _ => Ok(false),
        }
    }

    /// The session, if it is open.
    #[getter]
    fn get__session<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
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
        let own = own_app_context(originals, &app)?;
        let token = contextvar::set(originals.request_variable.bind(py), slf.as_any())?.unbind();
        Self::with(slf, |fields| fields.pushed.push((token, own.map(Bound::unbind))));
        if Self::with(slf, |fields| matches!(fields.session, Session::Closed)) {
            let interface = app.getattr(intern!(py, "session_interface"))?;
            if originals.session_interface.is_untouched(&interface)? {
                // PERF: most requests of most apps never look at their session.
                let deferred = Session::Deferred(interface.unbind());
                let _old = Self::with(slf, |fields| std::mem::replace(&mut fields.session, deferred));
            } else {
                Self::open_session(slf, &interface)?;
            }
        }
        Self::match_url(slf, originals)
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
        let (torn_down, exc) = if is_last {
            let exc = exc.or_current(py)?;
            (Self::tear_down(slf, originals, &exc), exc)
        } else {
            let exc = match exc {
                Given::Exception(exc) => exc,
                Given::Nothing => originals.sentinel.bind(py).clone(),
            };
            (Ok(()), exc)
        };
        in_context(py, Self::leave(slf, originals, is_last, &exc), &torn_down)?;
        torn_down
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: as for `AppContextCore`.
        let fields = unsafe { &*self.fields.get() };
        visit.call(&fields.app)?;
        visit.call(&fields.request)?;
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
    fn match_url(slf: &Bound<'_, Self>, originals: &Originals) -> PyResult<()> {
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
                && Self::match_plainly(slf, originals, &app, &glance)?
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
        glance: &environ::Glance,
    ) -> PyResult<bool> {
        let py = slf.py();
        // It may have been exchanged since.
        let map = app.getattr(intern!(py, "url_map"))?;
        let Ok(map) = map.cast::<MapCore>() else { return Ok(false) };
        let Some(table) = map.get().table(py) else { return Ok(false) };
        if !originals.map.is_class_of(map.as_any())? {
            return Ok(false);
        }
        let (path, method) = (glance.path.bind(py), glance.method.bind(py));
        let request = Self::get_request(slf);
        match table.get().find(py, &[], path, method, false, true)? {
            Found::Plain(pair) => {
                assign!(request, "url_rule" = pair.get_item(0)?, "view_args" = pair.get_item(1)?);
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

    fn tear_down(slf: &Bound<'_, Self>, originals: &Originals, exc: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let app = Self::get_app(slf);
        let table = intern!(py, "teardown_request_funcs");
        if !is_idle(originals, &app, table, &originals.request_teardown_signal)? {
            app.call_method1(intern!(py, "do_teardown_request"), (exc,))?;
        }
        let request = Self::get_request(slf);
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
            let request = current.getattr(intern!(py, "request"))?;
            let environ = request.getattr(intern!(py, "environ"))?;
            environ.set_item(intern!(py, "werkzeug.request"), py.None())?;
        }
        if let Some(own) = own {
            let own = own.bind(py);
            match own.cast::<AppContextCore>() {
                Ok(core) if originals.context.is_class_of(own)? => {
                    AppContextCore::pop(core, Given::Exception(exc.clone()))?;
                }
                _ => drop(own.call_method1(intern!(py, "pop"), (exc,))?),
            }
        }
        refuse_wrong("request", &current, slf.as_any())
    }
}

/// Whether a teardown of the app has nothing to do.
#[inline]
fn is_idle(
    originals: &Originals,
    app: &Bound<'_, PyAny>,
    table: &Bound<'_, PyString>,
    signal: &Signal,
) -> PyResult<bool> {
    // PERF: most apps have neither functions nor receivers here.
    Ok(!signal.is_heard(app.py())
        && originals.teardowns.has_own_methods(app)?
        && !app.getattr(table)?.is_truthy()?)
}

/// An attribute of a context: what a proxy stands for.
#[inline]
pub(crate) fn attribute<'py>(
    context: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = context.py();
    // PERF: the usual ones, without a look-up through the classes.
    if let Some(originals) = ORIGINALS.get(py) {
        if let Ok(core) = context.cast::<RequestContextCore>() {
            if originals.request_context.is_class_of(context)? {
                if name.is(intern!(py, "request")) {
                    return Ok(RequestContextCore::get_request(core));
                }
                if name.is(intern!(py, "session"))
                    && let Some(session) = RequestContextCore::get__session(core)?
                {
                    assign!(session, "accessed" = true);
                    return Ok(session);
                }
            }
        } else if let Ok(core) = context.cast::<AppContextCore>()
            && originals.context.is_class_of(context)?
        {
            if name.is(intern!(py, "app")) {
                return Ok(AppContextCore::app(core));
            }
            if name.is(intern!(py, "g")) {
                return AppContextCore::get_g(core);
            }
        }
    }
    context.getattr(name)
}

/// Push an app context for the request, unless the app has one already.
#[inline]
fn own_app_context<'py>(
    originals: &Originals,
    app: &Bound<'py, PyAny>,
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
    if originals.app_context.has_own_methods(app)? && originals.context.is_original(class)? {
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

/// Make the request of a context.
#[inline]
fn make_request<'py>(
    originals: &Originals,
    app: &Bound<'py, PyAny>,
    environ: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = app.py();
    let class = app.getattr(intern!(py, "request_class"))?;
    let json = app.getattr(intern!(py, "json"))?;
    if let Ok(class) = class.cast::<PyType>()
        && originals.request.is_original(class)?
        && let Ok(environ) = environ.cast::<PyDict>()
    {
        // PERF: what the constructor does, without a call of it.
        let request = bare(class)?;
        assign!(request, "environ" = environ, "json_module" = json);
        if let Some(method) = environ.get_item(intern!(py, "REQUEST_METHOD"))?
            && is_usual(&method)
        {
            // PERF: the dispatch reads it of each request.
            assign!(request, "method" = method);
        }
        environ.set_item(intern!(py, "werkzeug.request"), &request)?;
        return Ok(request);
    }
    let request = class.call1((environ,))?;
    assign!(request, "json_module" = json);
    Ok(request)
}

/// Whether a method is one that is written in upper case most of the time, and is here.
fn is_usual(method: &Bound<'_, PyAny>) -> bool {
    let Ok(method) = method.cast_exact::<PyString>() else { return false };
    matches!(method.to_str(), Ok("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"))
}

/// What matching the URL needs, if the app binds its map in the plain way: to any host.
#[inline]
fn glance(
    originals: &Originals,
    app: &Bound<'_, PyAny>,
    request: &Bound<'_, PyAny>,
    environ: &Bound<'_, PyAny>,
) -> PyResult<Option<environ::Glance>> {
    let py = app.py();
    if !originals.app.has_own_methods(app)? || !originals.request.is_class_of(request)? {
        return Ok(None);
    }
    let config = app.getattr(intern!(py, "config"))?;
    let Ok(config) = config.cast::<PyDict>() else { return Ok(None) };
    if !originals.config.is_class_of(config)? {
        return Ok(None);
    }
    let is_trusting = config.get_item(intern!(py, "TRUSTED_HOSTS"))?.is_some_and(|hosts| hosts.is_none());
    if !is_trusting || app.getattr(intern!(py, "subdomain_matching"))?.is_truthy()? {
        return Ok(None);
    }
    let map = app.getattr(intern!(py, "url_map"))?;
    let Ok(core) = map.cast::<MapCore>() else { return Ok(None) };
    if core.get().matches_hosts() || !originals.map.is_class_of(&map)? {
        return Ok(None);
    }
    // The map makes adapters of this class, as nobody has changed what it makes.
    if !originals.adapter.is_original(originals.adapter_class.bind(py))? {
        return Ok(None);
    }
    let is_empty = match map.getattr(intern!(py, "default_subdomain"))?.cast::<PyString>() {
        Ok(subdomain) => subdomain.len()? == 0,
        Err(_) => false,
    };
    match environ.cast::<PyDict>() {
        Ok(environ) if is_empty => environ::glance(environ),
        _ => Ok(None),
    }
}

/// Bind the map of an app to a request whose [`glance`] was enough: what `create_url_adapter` does.
fn bind_plainly<'py>(
    originals: &Originals,
    app: &Bound<'py, PyAny>,
    request: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = app.py();
    if !originals.app.has_own_methods(app)? {
        return Ok(None);
    }
    let map = app.getattr(intern!(py, "url_map"))?;
    let Ok(core) = map.cast::<MapCore>() else { return Ok(None) };
    if !originals.map.is_class_of(&map)? {
        return Ok(None);
    }
    let server_name = app.getattr(intern!(py, "config"))?.get_item(intern!(py, "SERVER_NAME"))?;
    let server_name = (!server_name.is_none()).then_some(server_name);
    let environ = request.getattr(intern!(py, "environ"))?;
    let subdomain = intern!(py, "").as_any();
    MapCore::bind_to_environ(core, &environ, server_name.as_ref(), Some(subdomain)).map(Some)
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
