//! Werkzeug's own converters, made without a call of their constructors.

use crate::known::Known;
use crate::made;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};

/// What makes the converters of a rule, and their classes, as they stand when Kolben is imported.
struct Held {
    rule: Known,
    /// What makes the parts of a rule.
    parts: Known,
    classes: Vec<Original>,
}

static HELD: PyOnceLock<Held> = PyOnceLock::new();

/// A class, and what its constructor sets if it is given nothing but the map.
struct Original {
    class: made::Known,
    attributes: PyOnceLock<Vec<(Py<PyString>, Set)>>,
}

enum Set {
    Map,
    Value(Py<PyAny>),
}

/// Takes the class of rules, and the classes of converters.
#[pyfunction]
pub(crate) fn hold_converters(rule: &Bound<'_, PyType>, classes: &Bound<'_, PyList>) -> PyResult<()> {
    HELD.get_or_try_init(rule.py(), || {
        let classes = classes.iter().map(|class| {
            let class = made::Known::of_class(class.cast::<PyType>()?)?;
            Ok(Original { class, attributes: PyOnceLock::new() })
        });
        Ok::<_, PyErr>(Held {
            rule: Known::of(rule, &["get_converter"])?,
            parts: Known::of(rule, &["compile", "_parts", "_trace"])?,
            classes: classes.collect::<PyResult<_>>()?,
        })
    })?;
    Ok(())
}

/// A converter without arguments, if it is one of Werkzeug's and nobody has patched what makes it.
///
/// PERF: an app with many rules makes thousands of them, with three calls of Python functions each
/// (`make bench-startup`: 10,000 rules).
pub(crate) fn make<'py>(
    rule: &Bound<'py, PyAny>,
    kind: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = rule.py();
    let Some(held) = HELD.get(py) else { return Ok(None) };
    if !held.rule.has_own_methods(rule)? {
        return Ok(None);
    }
    let map = rule.getattr(intern!(py, "map"))?;
    let converters = map.getattr(intern!(py, "converters"))?;
    let Ok(converters) = converters.cast_exact::<PyDict>() else { return Ok(None) };
    let Some(class) = converters.get_item(kind)? else { return Ok(None) };
    let Some(original) = held.classes.iter().find(|original| original.class.is(&class)) else {
        return Ok(None);
    };
    let Some(made) = original.class.bare(py)? else { return Ok(None) };
    for (name, value) in original.attributes(&map)? {
        let value = match value {
            Set::Map => map.clone(),
            Set::Value(value) => value.bind(py).clone(),
        };
        made::set_plainly(&made, name.bind(py), value)?;
    }
    Ok(Some(made))
}

/// Whether the parts of a rule are made by Kolben's own methods, when somebody asks for them.
pub(crate) fn makes_parts(rule: &Bound<'_, PyAny>) -> PyResult<bool> {
    match HELD.get(rule.py()) {
        Some(held) => held.parts.is_class_of(rule),
        None => Ok(false),
    }
}

impl Original {
    /// What the constructor sets. The class must be unpatched.
    fn attributes(&self, map: &Bound<'_, PyAny>) -> PyResult<&[(Py<PyString>, Set)]> {
        let py = map.py();
        let attributes = self.attributes.get_or_try_init(py, || {
            let made = self.class.class(py).call1((map,))?;
            let own = made.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
            let attributes = own.iter().map(|(name, value)| {
                let value = if value.is(map) { Set::Map } else { Set::Value(value.unbind()) };
                Ok((name.cast_into::<PyString>()?.unbind(), value))
            });
            attributes.collect::<PyResult<_>>()
        })?;
        Ok(attributes)
    }
}
