//! Builds the URL for an endpoint.

use crate::route::{Given, Url};
use crate::rule::RuleCore;
use crate::text::{bytes_of, text_of};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use std::borrow::Cow;

/// Build the domain and the path of the first of `rules` that suits, and say whether it serves
/// websockets. It is `None` if no rule suits, and `NotImplemented` if the rules' classes override
/// how URLs are built.
///
/// Without a `method`, the rules that take `default_method` come first. With `skip_none` a value of
/// `None` counts as not given. If `host` is given, the first rule of that host comes before others.
#[pyfunction]
#[pyo3(signature = (rules, values, skip_none, method, default_method, append_unknown, host, /))]
#[expect(clippy::too_many_arguments, reason = "one crossing, and nothing made for it")]
pub(crate) fn build_url<'py>(
    py: Python<'py>,
    rules: &Bound<'py, PyList>,
    values: &Bound<'py, PyDict>,
    skip_none: bool,
    method: Option<&Bound<'py, PyString>>,
    default_method: Option<&Bound<'py, PyString>>,
    append_unknown: bool,
    host: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let here = host.map(bytes_of).transpose()?;
    let given = Given { values, skip_none };
    let building = Building { py, rules, given, append_unknown, here: here.as_deref() };
    let mut built = Built::default();
    match building.best(method, default_method, host.is_some(), &mut built)? {
        Answer::Built => {
            let (domain, path) = (text_of(py, &built.domain)?, built.path_text(py)?);
            Ok((domain, path, built.websocket).into_pyobject(py)?.into_any())
        }
        Answer::Nothing => Ok(py.None().into_bound(py)),
        Answer::Overridden => Ok(py.NotImplemented().into_bound(py)),
    }
}

/// A URL to be built.
pub(crate) struct Building<'a, 'py> {
    pub(crate) py: Python<'py>,
    pub(crate) rules: &'a Bound<'py, PyList>,
    pub(crate) given: Given<'a, 'py>,
    pub(crate) append_unknown: bool,
    /// The current domain.
    pub(crate) here: Option<&'a [u8]>,
}

/// A URL's parts.
#[derive(Default)]
pub(crate) struct Built {
    /// Empty for nearly every rule, and then without memory of its own.
    pub(crate) domain: Vec<u8>,
    pub(crate) path: Url,
    /// The path as an object, where it is always the same.
    pub(crate) constant: Option<Py<PyString>>,
    pub(crate) websocket: bool,
}

impl Built {
    /// The path.
    pub(crate) fn path_text<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        match &self.constant {
            Some(path) => Ok(path.bind(py).clone()),
            None => text_of(py, &self.path),
        }
    }

    /// Script name and path, with one slash between them.
    pub(crate) fn relative<'py>(
        &self,
        py: Python<'py>,
        script_name: &[u8],
    ) -> PyResult<Bound<'py, PyString>> {
        let constant = self.constant.as_ref().map(|path| path.bind(py));
        let path = match constant {
            Some(path) => bytes_of(path)?,
            None => Cow::Borrowed(&*self.path),
        };
        // PERF: at the root of a server the path is the URL as it stands.
        if script_name == b"/" && path.first() == Some(&b'/') && path.get(1) != Some(&b'/') {
            return constant.map_or_else(|| text_of(py, &path), |path| Ok(path.clone()));
        }
        let trimmed = script_name.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
        let start = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
        let script_name = script_name.get(..trimmed).unwrap_or_default();
        text_of(py, &[script_name, b"/", path.get(start..).unwrap_or_default()].concat())
    }
}

/// What came of building.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Built,
    Nothing,
    Overridden,
}

impl<'py> Building<'_, 'py> {
    /// The URL of the rule that suits best.
    #[inline]
    pub(crate) fn best(
        &self,
        method: Option<&Bound<'py, PyString>>,
        default_method: Option<&Bound<'py, PyString>>,
        prefer_here: bool,
        built: &mut Built,
    ) -> PyResult<Answer> {
        // PERF: a single rule is the answer whether it takes the default method or not.
        if method.is_none() && self.rules.len() > 1 {
            let answer = self.first(default_method, prefer_here, built)?;
            if answer != Answer::Nothing {
                return Ok(answer);
            }
        }
        self.first(method, prefer_here, built)
    }

    /// The URL of the first rule that suits the values and, if it is given, the method.
    fn first(
        &self,
        method: Option<&Bound<'py, PyString>>,
        prefer_here: bool,
        built: &mut Built,
    ) -> PyResult<Answer> {
        let mut elsewhere = None;
        for rule in self.rules.iter() {
            let Ok(rule) = rule.cast::<RuleCore>() else { return Ok(Answer::Overridden) };
            let Some(route) = rule.get().route(self.py) else { return Ok(Answer::Overridden) };
            let route = route.get();
            if !route.builds_plainly(self.py)? {
                return Ok(Answer::Overridden);
            }
            let Some(values) = route.values_for(self.py, &self.given, method)? else { continue };
            built.domain.clear();
            built.path.clear();
            built.constant = None;
            built.websocket = route.flags.websocket;
            if !route.assemble(self.py, &self.given, &values, self.append_unknown, built)? {
                continue;
            }
            if !prefer_here || self.here.is_some_and(|here| same(here, &built.domain)) {
                return Ok(Answer::Built);
            }
            if elsewhere.is_none() {
                elsewhere = Some(std::mem::take(built));
            }
        }
        Ok(match elsewhere {
            Some(first) => {
                *built = first;
                Answer::Built
            }
            None => Answer::Nothing,
        })
    }
}

/// Whether two texts are the same.
///
/// PERF: comparing the contents of two empty vectors means reading, under an empty mask, from an
/// address where nothing is; some processors take longer over that than the whole URL takes.
#[inline]
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}
