//! What both contexts stand on: what they know of Python, and how they are pushed and popped.

use crate::app_context::AppContextCore;
use crate::contextvar;
use crate::known::Known;
use crate::known_app::Table;
use crate::made::assign;
use crate::request_context::RequestContextCore;
use crate::signals::Signal;
use pyo3::exceptions::{PyAssertionError, PyLookupError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};

/// What the contexts use of Python, as it stands when Kolben is imported.
pub(crate) struct Originals {
    pub(crate) app_variable: Py<PyAny>,
    pub(crate) request_variable: Py<PyAny>,
    /// Stands for an exception that was not given.
    pub(crate) sentinel: Py<PyAny>,
    pub(crate) started_signal: Signal,
    pub(crate) finished_signal: Signal,
    pub(crate) pushed_signal: Signal,
    pub(crate) popped_signal: Signal,
    pub(crate) request_teardown_signal: Signal,
    pub(crate) app_teardown_signal: Signal,
    pub(crate) http_exception: Py<PyAny>,
    pub(crate) app: Known,
    pub(crate) config: Known,
    /// How a request knows its blueprints.
    pub(crate) blueprints: Known,
    pub(crate) debug: Known,
    pub(crate) app_context: Known,
    /// What builds URLs.
    pub(crate) links: Known,
    pub(crate) builder: Known,
    pub(crate) teardowns: Known,
    /// From the match to the response.
    pub(crate) dispatch: Known,
    /// What makes the context of a request, and who calls that.
    pub(crate) opening: Known,
    pub(crate) pushing: Known,
    pub(crate) context: Known,
    pub(crate) context_class: Py<PyType>,
    pub(crate) request: Known,
    pub(crate) files: Known,
    /// What closes a request.
    pub(crate) close: Py<PyAny>,
    pub(crate) session_interface: Known,
    /// What makes of a session that nobody has read one that needs no saving.
    pub(crate) signing: Known,
    pub(crate) secret_key: Known,
    pub(crate) request_context: Known,
    pub(crate) map: Known,
    pub(crate) adapter: Known,
    pub(crate) adapter_class: Py<PyType>,
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
            started_signal: Signal::of(&objects.as_any().get_item("started_signal")?)?,
            finished_signal: Signal::of(&objects.as_any().get_item("finished_signal")?)?,
            pushed_signal: Signal::of(&objects.as_any().get_item("pushed_signal")?)?,
            popped_signal: Signal::of(&objects.as_any().get_item("popped_signal")?)?,
            request_teardown_signal: Signal::of(&objects.as_any().get_item("request_teardown_signal")?)?,
            app_teardown_signal: Signal::of(&objects.as_any().get_item("app_teardown_signal")?)?,
            http_exception: object("http_exception")?,
            app: known("app", &["create_url_adapter"])?,
            config: known("config", &["__getitem__"])?,
            blueprints: known("request", &["blueprints", "blueprint", "endpoint"])?,
            debug: known("app", &["debug"])?,
            app_context: known("app", &["app_context"])?,
            opening: known("app", &["request_context", "full_dispatch_request"])?,
            pushing: known("request_context", &["push"])?,
            dispatch: known(
                "app",
                &[
                    "preprocess_request",
                    "dispatch_request",
                    "ensure_sync",
                    "finalize_request",
                    "make_response",
                    "process_response",
                ],
            )?,
            links: known("app", &["url_for", "inject_url_defaults"])?,
            builder: known("adapter", &["build"])?,
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
            secret_key: known("app", &["secret_key"])?,
            signing: known(
                "session_interface",
                &[
                    "get_signing_serializer",
                    "_signing_serializer",
                    "null_session_class",
                    "should_set_cookie",
                    "serializer",
                ],
            )?,
            session_interface: known(
                "session_interface",
                &[
                    "open_session",
                    "save_session",
                    "is_null_session",
                    "make_null_session",
                    "session_class",
                    "get_cookie_name",
                ],
            )?,
            request_context: known(
                "request_context",
                &["__init__", "__new__", "match_request", "request", "session", "_session", "url_adapter"],
            )?,
            map: known("map", &["bind_to_environ", "update", "_bind_to_environ", "_adapter_class"])?,
            adapter_class: classes.as_any().get_item("adapter")?.cast_into::<PyType>()?.unbind(),
            adapter: known("adapter", &["__init__", "__new__", "match", "_match", "get_default_redirect"])?,
        })
    })?;
    Ok(())
}

pub(crate) fn originals(py: Python<'_>) -> PyResult<&Originals> {
    ORIGINALS.get(py).ok_or_else(|| PyRuntimeError::new_err("import kolben before you use its contexts"))
}

/// What was pushed and not yet popped. Few contexts are pushed twice.
pub(crate) struct Pushed<T> {
    first: Option<T>,
    others: Vec<T>,
}

impl<T> Pushed<T> {
    pub(crate) const fn empty() -> Self {
        Self { first: None, others: Vec::new() }
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.others.push(item);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        self.others.pop().or_else(|| self.first.take())
    }

    pub(crate) fn len(&self) -> usize {
        self.others.len() + usize::from(self.first.is_some())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.others)
    }
}

/// An argument `exc`: given, or not.
pub(crate) enum Given<'py> {
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
    pub(crate) fn or_current(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Exception(exception) => Ok(exception),
            Self::Nothing => py.import("sys")?.call_method0("exc_info")?.get_item(1),
        }
    }
}

/// The error of a clean-up that came while there was another error, which Python then calls its
/// context.
pub(crate) fn in_context(py: Python<'_>, result: PyResult<()>, before: &PyResult<()>) -> PyResult<()> {
    if let (Err(error), Err(before)) = (&result, before) {
        error.value(py).setattr("__context__", before.value(py))?;
    }
    result
}

pub(crate) fn popped_too_often() -> PyErr {
    PyAssertionError::new_err("The context was popped more often than it was pushed.")
}

/// Raise if `current`, which was popped, is not the context that it should be.
pub(crate) fn refuse_wrong(
    kind: &str,
    current: &Bound<'_, PyAny>,
    context: &Bound<'_, PyAny>,
) -> PyResult<()> {
    if current.is(context) {
        return Ok(());
    }
    let (current, context) = (current.repr()?, context.repr()?);
    Err(PyAssertionError::new_err(format!("Popped wrong {kind} context. ({current} instead of {context})")))
}

pub(crate) fn current<'py>(variable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    contextvar::get(variable)?.ok_or_else(|| PyLookupError::new_err(variable.clone().unbind()))
}

/// Whether a teardown of the app has nothing to do.
#[inline]
pub(crate) fn is_idle(
    originals: &Originals,
    app: &Bound<'_, PyAny>,
    known: Option<&Table>,
    name: &Bound<'_, PyString>,
    signal: &Signal,
) -> PyResult<bool> {
    // PERF: most apps have neither functions nor receivers here.
    if signal.is_heard(app.py()) {
        return Ok(false);
    }
    if let Some(table) = known {
        return table.is_empty(app.py());
    }
    Ok(originals.teardowns.has_own_methods(app)? && !app.getattr(name)?.is_truthy()?)
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
