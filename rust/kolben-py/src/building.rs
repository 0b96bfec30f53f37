//! Builds the URL for an endpoint.

use crate::route::{Given, Route};
use crate::text::{bytes_of, text_of};
use crate::watch::{Watch, has_originals};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// Build the URL of the first of `rules` that suits.
///
/// Where it needs no host, because its domain is `here`, that is the whole URL below
/// `script_name`, as text. Else it is a tuple: domain, path, and whether it serves websockets. It is
/// `None` if no rule suits, and `NotImplemented` if the rules' classes override how URLs are built.
///
/// Without a `method`, the rules that take `default_method` come first. With `skip_none`
/// a value of `None` counts as not given. With `prefer_here`, the first rule whose domain is `here` comes before all others.
#[pyfunction]
#[pyo3(signature = (rules, adapter, values, skip_none, method, default_method, append_unknown, here, prefer_here, script_name, /))]
#[expect(clippy::too_many_arguments, reason = "one crossing, and a tuple would have to be made for it")]
pub(crate) fn build_url<'py>(
    py: Python<'py>,
    rules: &Bound<'py, PyList>,
    adapter: &Bound<'py, PyAny>,
    values: Option<&Bound<'py, PyDict>>,
    skip_none: bool,
    method: Option<&Bound<'py, PyString>>,
    default_method: Option<&Bound<'py, PyString>>,
    append_unknown: bool,
    here: Option<&Bound<'py, PyString>>,
    prefer_here: bool,
    script_name: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    static ADAPTERS: Watch = Watch::new();
    let class = adapter.get_type();
    if !ADAPTERS.is_original(&class, || has_originals(&class, "MapAdapter", &["_partial_build"]))? {
        return Ok(py.NotImplemented().into_bound(py));
    }
    let none_given;
    let values = match values {
        Some(values) => values,
        None => {
            none_given = PyDict::new(py);
            &none_given
        }
    };
    let here = here.map(bytes_of).transpose()?;
    let building =
        Building { py, rules, given: Given { values, skip_none }, append_unknown, here: here.as_deref() };
    let first_try = if method.is_none() { default_method } else { method };
    let mut answer = building.first(first_try, prefer_here)?;
    if method.is_none() && matches!(answer, Answer::Nothing) {
        answer = building.first(None, prefer_here)?;
    }
    let built = match answer {
        Answer::Built(built) => built,
        Answer::Nothing => return Ok(py.None().into_bound(py)),
        Answer::Overridden => return Ok(py.NotImplemented().into_bound(py)),
    };
    if let Some(script_name) = script_name
        && !built.websocket
        && here.as_deref() == Some(built.domain.as_slice())
    {
        return Ok(relative(py, &bytes_of(script_name)?, &built.path)?.into_any());
    }
    let parts = (text_of(py, &built.domain)?, text_of(py, &built.path)?, built.websocket);
    Ok(parts.into_pyobject(py)?.into_any())
}

/// Script name and path, with one slash between them.
fn relative<'py>(py: Python<'py>, script_name: &[u8], path: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let trimmed = script_name.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
    // PERF: at the root of a server the path is the URL as it stands.
    if trimmed == 0 && path.first() == Some(&b'/') && path.get(1) != Some(&b'/') {
        return text_of(py, path);
    }
    let start = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
    let script_name = script_name.get(..trimmed).unwrap_or_default();
    text_of(py, &[script_name, b"/", path.get(start..).unwrap_or_default()].concat())
}

struct Building<'a, 'py> {
    py: Python<'py>,
    rules: &'a Bound<'py, PyList>,
    given: Given<'a, 'py>,
    append_unknown: bool,
    here: Option<&'a [u8]>,
}

struct Built {
    domain: Vec<u8>,
    path: Vec<u8>,
    websocket: bool,
}

enum Answer {
    Built(Built),
    Nothing,
    Overridden,
}

impl Building<'_, '_> {
    /// The URL of the first rule that suits the values and, if it is given, the method.
    fn first(&self, method: Option<&Bound<'_, PyString>>, prefer_here: bool) -> PyResult<Answer> {
        let mut elsewhere = Answer::Nothing;
        for rule in self.rules.iter() {
            let route = rule.getattr(intern!(self.py, "_route"))?;
            let Ok(route) = route.cast::<Route>() else { return Ok(Answer::Overridden) };
            let route = route.get();
            if !route.builds_plainly(self.py)? {
                return Ok(Answer::Overridden);
            }
            if !route.suits(self.py, &self.given, method)? {
                continue;
            }
            let Some((domain, path)) = route.assemble(self.py, &self.given, self.append_unknown)? else {
                continue;
            };
            let is_here = self.here == Some(domain.as_slice());
            let built = Answer::Built(Built { domain, path, websocket: route.flags.websocket });
            if !prefer_here || is_here {
                return Ok(built);
            }
            if matches!(elsewhere, Answer::Nothing) {
                elsewhere = built;
            }
        }
        Ok(elsewhere)
    }
}
