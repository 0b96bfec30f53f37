//! The signals of an app, and who hears them.

use crate::dispatch::makes_coroutines;
use crate::hooks::own_keywords;
use crate::known::Known;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFunction};

/// A signal, and its receivers, which are added to one dictionary and taken out of it again.
pub(crate) struct Signal {
    object: Py<PyAny>,
    receivers: Py<PyDict>,
    sending: Known,
    is_coroutine_function: Py<PyAny>,
}

impl Signal {
    pub(crate) fn of(signal: &Bound<'_, PyAny>) -> PyResult<Self> {
        let inspect = signal.py().import("inspect")?;
        Ok(Self {
            object: signal.clone().unbind(),
            receivers: signal.getattr("receivers")?.cast_into::<PyDict>()?.unbind(),
            sending: Known::of(&signal.get_type(), &["send"])?,
            is_coroutine_function: inspect.getattr("iscoroutinefunction")?.unbind(),
        })
    }

    #[inline]
    pub(crate) fn is_heard(&self, py: Python<'_>) -> bool {
        !self.receivers.bind(py).is_empty()
    }

    /// Send the signal for an app, if anybody hears it.
    #[inline]
    pub(crate) fn send(&self, app: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.is_heard(app.py()) { self.send_with(app, None) } else { Ok(()) }
    }

    /// Call the receivers for an app.
    ///
    /// PERF: what blinker does, for those who do not want to know what the receivers return. It asks
    /// `inspect` about each of them (`make bench-apps`: hooks, a tenth of the request).
    pub(crate) fn send_with(
        &self,
        app: &Bound<'_, PyAny>,
        arguments: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let py = app.py();
        let signal = self.object.bind(py);
        if !self.sending.is_untouched(signal)? {
            let arguments = arguments.map_or_else(|| Ok(PyDict::new(py)), PyDictMethods::copy)?;
            arguments.set_item(intern!(py, "_async_wrapper"), app.getattr(intern!(py, "ensure_sync"))?)?;
            return signal.call_method(intern!(py, "send"), (app,), Some(&arguments)).map(drop);
        }
        if signal.getattr(intern!(py, "is_muted"))?.is_truthy()? {
            return Ok(());
        }
        for receiver in signal.call_method1(intern!(py, "receivers_for"), (app,))?.try_iter()? {
            let receiver = self.heard_by(receiver?, app)?;
            let arguments = arguments.map(|all| own_keywords(&receiver, all.clone())).transpose()?;
            receiver.call((app,), arguments.as_ref())?;
        }
        Ok(())
    }

    /// What is called for a receiver: what the app makes of a coroutine function.
    fn heard_by<'py>(
        &self,
        receiver: Bound<'py, PyAny>,
        app: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = app.py();
        if let Ok(plain) = receiver.cast_exact::<PyFunction>()
            && !makes_coroutines(plain)?
        {
            return Ok(receiver);
        }
        if self.is_coroutine_function.bind(py).call1((&receiver,))?.is_truthy()? {
            return app.call_method1(intern!(py, "ensure_sync"), (receiver,));
        }
        Ok(receiver)
    }
}
