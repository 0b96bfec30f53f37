//! `Accept` and its kin.

use kolben_core::header::accept::{self, Order};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::made::{self, Known};
use crate::pieces::{self, Source};

/// Parse ``Accept``, ``Accept-Charset``, ``Accept-Encoding`` or ``Accept-Language``.
///
/// :param value: the header.
/// :param cls: the class of the result, :class:`~werkzeug.datastructures.Accept` by default.
#[pyfunction]
#[pyo3(signature = (value, cls = None))]
pub(crate) fn parse_accept_header<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
    cls: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (class, known) = asked(py, cls)?;
    let Some(value) = value.filter(|value| value.is_truthy().unwrap_or(true)) else {
        return class.call1((py.None(),));
    };
    pieces::read(value, |value| {
        if let Some((known, order)) = known
            && let Some(made) = known.list(py)?
        {
            fill(&made, value, order)?;
            made::set_plainly(made.as_any(), intern!(py, "provided"), true)?;
            return Ok(made.into_any());
        }
        // Another class may have its own idea of their order.
        let choices = PyList::empty(py);
        fill(&choices, value, Order::Header)?;
        class.call1((choices,))
    })
}

type Asked<'a, 'py> = (Bound<'py, PyAny>, Option<(&'a Known, Order)>);

/// The class that was asked for, and how it sorts if that is known.
fn asked<'a, 'py>(py: Python<'py>, class: Option<&Bound<'py, PyAny>>) -> PyResult<Asked<'a, 'py>>
where
    'py: 'a,
{
    let held = made::originals(py)?;
    let Some(class) = class else {
        return Ok((held.accept.class(py).clone().into_any(), Some((&held.accept, Order::Star))));
    };
    let known = [
        (&held.mime_accept, Order::Mime),
        (&held.language_accept, Order::Star),
        (&held.accept, Order::Star),
        (&held.charset_accept, Order::Star),
    ];
    Ok((class.clone(), known.into_iter().find(|(known, _)| known.is(class))))
}

/// Appends pairs of value and weight.
fn fill(target: &Bound<'_, PyList>, header: &Source<'_, '_>, order: Order) -> PyResult<()> {
    let py = target.py();
    accept::try_each(header.bytes(), order, |choice| {
        let value = header.name(&choice.value)?;
        target.append(match choice.quality {
            Some(quality) => (value, quality).into_pyobject(py)?,
            None => (value, 1).into_pyobject(py)?,
        })
    })
}
