//! The routes of a map: one builder that grows, and the frozen tables that answer.

use crate::route::Route;
use crate::text::{bytes_of, text_of};
use crate::watch::{Watch, has_originals};
use kolben_core::router::{Digits, Dynamic, Foreign, Judge, Misses, Outcome, RuleId, Spans, Tree, Values};
use pyo3::exceptions::{PyOverflowError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PySet, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};
use std::borrow::Cow;
use std::sync::Arc;

/// Collects routes. Its caller sees to it that one thread at a time is in here.
#[pyclass(module = "kolben._core")]
pub(crate) struct TableBuilder {
    tree: Arc<Tree>,
    routes: Vec<Py<Route>>,
}

#[pymethods]
impl TableBuilder {
    #[new]
    fn new(py: Python<'_>) -> Self {
        // The digits are those of the running Python's Unicode.
        let unicode = match py.version_info().minor {
            ..=10 => 13,
            11 => 14,
            12 | 13 => 15,
            14 => 16,
            _ => 17,
        };
        Self { tree: Arc::new(Tree::new(Digits::of_unicode(unicode))), routes: Vec::new() }
    }

    /// Add a route behind all others.
    fn add(&mut self, route: Py<Route>) -> PyResult<()> {
        if u32::try_from(self.routes.len()).is_err() {
            return Err(PyOverflowError::new_err("a map holds at most 4294967295 rules"));
        }
        // A table that was given out keeps its tree: then this is a copy.
        Arc::make_mut(&mut self.tree).add(&route.get().parts(), route.get().flags);
        self.routes.push(route);
        Ok(())
    }

    /// The rules and their patterns, in the order in which they were added.
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let entries = PyList::empty(py);
        for route in &self.routes {
            entries.append((&route.get().rule, &route.get().pattern))?;
        }
        Ok(entries)
    }

    /// The table of all routes added so far, for a map of class `map_class`. `redirecting` are the
    /// routes for which another rule's defaults may ask for a redirect.
    fn table(
        &self,
        py: Python<'_>,
        map_class: Py<PyType>,
        merge_slashes: bool,
        redirecting: &Bound<'_, PySet>,
    ) -> PyResult<Table> {
        let mut routes = Vec::with_capacity(self.routes.len());
        for route in &self.routes {
            let special = route.get().special
                || (!redirecting.is_empty() && redirecting.contains(route.get().rule.as_ptr() as usize)?);
            routes.push((route.clone_ref(py), special));
        }
        let expressions = (0..self.tree.foreigns()).map(|_| PyOnceLock::new()).collect();
        Ok(Table {
            tree: Arc::clone(&self.tree),
            routes,
            expressions,
            merge_slashes,
            map_class,
            map_watch: Watch::default(),
            adapter_watch: Watch::default(),
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.routes.iter().try_for_each(|route| visit.call(route))
    }

    fn __clear__(&mut self) {
        self.routes.clear();
    }
}

/// All routes of a map at one moment. It never changes: a map that changes gets another one, and
/// whoever still reads this one reads it to the end.
#[pyclass(frozen, module = "kolben._core")]
pub(crate) struct Table {
    tree: Arc<Tree>,
    /// Each route, and whether a match with it is not the last word.
    routes: Vec<(Py<Route>, bool)>,
    /// The compiled expressions of Python's `re`, made when first asked.
    expressions: Vec<PyOnceLock<Expression>>,
    merge_slashes: bool,
    map_class: Py<PyType>,
    map_watch: Watch,
    adapter_watch: Watch,
}

/// What `Table.match` gives first when it gives three values.
pub(crate) const MISSING: u8 = 0;
pub(crate) const REDIRECT: u8 = 1;
pub(crate) const SPECIAL: u8 = 2;

#[pymethods]
impl Table {
    /// Find the rule for a path. The answer is a pair, endpoint (or rule) and arguments. If there is
    /// none, or if it is not the last word, three values say what there is: `(MISSING, methods,
    /// wrong_protocol)`, `(REDIRECT, path, False)` or `(SPECIAL, rule, arguments)`.
    #[pyo3(signature = (domain, path, method, websocket, want_rule, /))]
    fn r#match<'py>(
        &self,
        py: Python<'py>,
        domain: &Bound<'py, PyString>,
        path: &Bound<'py, PyString>,
        method: &Bound<'py, PyString>,
        websocket: bool,
        want_rule: bool,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let rare = match self.find(py, &bytes_of(domain)?, path, method, websocket, want_rule)? {
            Found::Plain(pair) => return Ok(pair),
            Found::Rare(rare) => rare,
        };
        let answer = match *rare {
            Rare::Missing(misses) => (MISSING, misses.methods.into_any(), misses.wrong_protocol),
            Rare::Redirect(path) => (REDIRECT, path.into_any(), false),
            Rare::Special(route, arguments) => {
                return (SPECIAL, route.rule.clone_ref(py), arguments).into_pyobject(py);
            }
        };
        answer.into_pyobject(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.map_class)?;
        self.routes.iter().try_for_each(|(route, _)| visit.call(route))
    }
}

impl Table {
    /// Whether neither the adapter's class nor the map's overrides what belongs to a match.
    #[inline]
    pub(crate) fn is_original(&self, adapter: &Bound<'_, PyAny>) -> PyResult<bool> {
        let map_class = self.map_class.bind(adapter.py());
        Ok((self.adapter_watch.is_same(adapter) || self.adapter_is_original(adapter)?)
            && self.map_watch.is_original(map_class, || has_originals(map_class, "Map", &["update"]))?)
    }

    #[cold]
    fn adapter_is_original(&self, adapter: &Bound<'_, PyAny>) -> PyResult<bool> {
        let class = adapter.get_type();
        let methods = ["get_default_redirect", "_partial_build"];
        self.adapter_watch.is_original(&class, || has_originals(&class, "MapAdapter", &methods))
    }

    /// Find the rule for a path.
    #[inline]
    pub(crate) fn find<'py>(
        &self,
        py: Python<'py>,
        domain: &[u8],
        path: &Bound<'py, PyString>,
        method: &Bound<'py, PyString>,
        websocket: bool,
        want_rule: bool,
    ) -> PyResult<Found<'py, '_>> {
        let upper;
        let method = if is_upper(method) {
            method
        } else {
            upper = method.call_method0(intern!(py, "upper"))?.cast_into::<PyString>()?;
            &upper
        };
        let path = bytes_of(path)?;
        let path = with_one_slash(&path);
        let request = self.tree.request(domain, &path, websocket, self.merge_slashes);
        let (mut values, mut misses) = (Values::new(), Misses::default());
        let mut asking = Asking { py, table: self, method };
        match self.tree.find(&request, &mut asking, &mut values, &mut misses)? {
            Outcome::Match(id) => {
                if let Some((route, special)) = self.routes.get(id.index())
                    && let Some(arguments) = route.get().arguments(py, &values)?
                {
                    let route = route.get();
                    if *special {
                        return Ok(Rare::Special(route, arguments).found());
                    }
                    let found = if want_rule { &route.rule } else { &route.endpoint };
                    return Ok(Found::Plain((found, arguments).into_pyobject(py)?));
                }
                Ok(Rare::Missing(self.missing(py, &misses)?).found())
            }
            Outcome::Redirect(path) => Ok(Rare::Redirect(text_of(py, &path)?).found()),
            Outcome::Missing => Ok(Rare::Missing(self.missing(py, &misses)?).found()),
        }
    }

    #[cold]
    fn missing<'py>(&self, py: Python<'py>, misses: &Misses) -> PyResult<Missing<'py>> {
        let methods = PySet::empty(py)?;
        for rule in &misses.wrong_method {
            let route = self.routes.get(rule.index()).map(|(route, _)| route.get());
            if let Some(more) = route.and_then(|route| route.methods(py)) {
                for method in more.try_iter()? {
                    methods.add(method?)?;
                }
            }
        }
        Ok(Missing { methods, wrong_protocol: misses.wrong_protocol })
    }

    fn expression(&self, py: Python<'_>, part: &Dynamic) -> PyResult<&Expression> {
        let place = part.foreign().and_then(|number| self.expressions.get(number));
        let place = place.ok_or_else(|| PyRuntimeError::new_err("a foreign part without a number"))?;
        place.get_or_try_init(py, || {
            let pattern =
                py.import("re")?.call_method1(intern!(py, "compile"), (text_of(py, &part.regex())?,))?;
            let groups = (0..part.captures()).map(|number| format!("__werkzeug_{number}")).collect();
            let last = pattern.getattr(intern!(py, "groups"))?.extract()?;
            Ok(Expression { fullmatch: pattern.getattr(intern!(py, "match"))?.unbind(), groups, last })
        })
    }
}

/// What a table finds.
pub(crate) enum Found<'py, 't> {
    /// Endpoint (or rule) and arguments.
    Plain(Bound<'py, PyTuple>),
    /// Anything else.
    // PERF: behind a pointer, so that the usual answer comes in registers.
    Rare(Box<Rare<'py, 't>>),
}

/// What a table finds now and then.
pub(crate) enum Rare<'py, 't> {
    /// A rule and arguments, from which more has to be worked out.
    Special(&'t Route, Bound<'py, PyDict>),
    /// Another path to ask for.
    Redirect(Bound<'py, PyString>),
    /// Nothing.
    Missing(Missing<'py>),
}

impl<'py, 't> Rare<'py, 't> {
    #[cold]
    fn found(self) -> Found<'py, 't> {
        Found::Rare(Box::new(self))
    }
}

/// Why nothing was found.
pub(crate) struct Missing<'py> {
    methods: Bound<'py, PySet>,
    wrong_protocol: bool,
}

impl Missing<'_> {
    /// The error that Werkzeug raises for it.
    #[cold]
    pub(crate) fn into_error(self, py: Python<'_>) -> PyResult<PyErr> {
        static ERRORS: PyOnceLock<[Py<PyAny>; 3]> = PyOnceLock::new();
        let [not_allowed, mismatch, not_found] = ERRORS.get_or_try_init(py, || -> PyResult<_> {
            let (exceptions, routing) = (py.import("werkzeug.exceptions")?, py.import("werkzeug.routing")?);
            Ok([
                exceptions.getattr("MethodNotAllowed")?.unbind(),
                routing.getattr("WebsocketMismatch")?.unbind(),
                exceptions.getattr("NotFound")?.unbind(),
            ])
        })?;
        let error = if !self.methods.is_empty() {
            not_allowed.bind(py).call1((PyList::new(py, &self.methods)?,))?
        } else if self.wrong_protocol {
            mismatch.bind(py).call0()?
        } else {
            not_found.bind(py).call0()?
        };
        Ok(PyErr::from_value(error))
    }
}

/// An expression that only Python's `re` can run.
struct Expression {
    /// The compiled pattern's `match`.
    fullmatch: Py<PyAny>,
    groups: Vec<String>,
    /// The number of the last group, which holds the optional slash.
    last: usize,
}

/// Answers the router's questions about rules for one request.
struct Asking<'a, 'py> {
    py: Python<'py>,
    table: &'a Table,
    method: &'a Bound<'py, PyString>,
}

impl Judge for Asking<'_, '_> {
    type Error = PyErr;

    #[inline]
    fn allows(&mut self, rule: RuleId) -> PyResult<bool> {
        match self.table.routes.get(rule.index()) {
            Some((route, _)) => route.get().allows(self.py, self.method),
            None => Ok(false),
        }
    }

    fn foreign(&mut self, part: &Dynamic, target: &[u8], spans: &mut Spans) -> PyResult<Foreign> {
        let py = self.py;
        let expression = self.table.expression(py, part)?;
        let found = expression.fullmatch.bind(py).call1((text_of(py, target)?,))?;
        if found.is_none() {
            return Ok(Foreign::Nothing);
        }
        let offsets = Offsets::of(target);
        for group in &expression.groups {
            let (start, end) =
                found.call_method1(intern!(py, "span"), (group,))?.extract::<(isize, isize)>()?;
            spans.push((offsets.byte(start), offsets.byte(end)));
        }
        let slash =
            part.suffixed && found.call_method1(intern!(py, "group"), (expression.last,))?.is_truthy()?;
        Ok(if slash { Foreign::MatchWithSlash } else { Foreign::Match })
    }
}

/// From places in characters to places in bytes.
struct Offsets {
    /// `None` where they are the same.
    starts: Option<Vec<usize>>,
}

impl Offsets {
    fn of(text: &[u8]) -> Self {
        let begins = |&(_, byte): &(usize, &u8)| byte & 0xc0 != 0x80;
        let starts = (!text.is_ascii()).then(|| {
            let starts = text.iter().enumerate().filter(begins).map(|(place, _)| place);
            starts.chain([text.len()]).collect()
        });
        Self { starts }
    }

    /// A group that took no part has the place -1, and an empty value here.
    fn byte(&self, place: isize) -> usize {
        let place = usize::try_from(place).unwrap_or(0);
        self.starts.as_ref().map_or(place, |starts| starts.get(place).copied().unwrap_or(0))
    }
}

/// Whether a method is in upper case as it stands.
#[inline]
fn is_upper(method: &Bound<'_, PyString>) -> bool {
    // PERF: nearly every request's method is this very object.
    method.is(intern!(method.py(), "GET"))
        || method
            .to_str()
            .is_ok_and(|method| method.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase()))
}

/// A path with exactly one slash at its head, unless it is empty.
#[inline]
fn with_one_slash(path: &[u8]) -> Cow<'_, [u8]> {
    match path {
        [] => Cow::Borrowed(path),
        [b'/', rest @ ..] if rest.first() != Some(&b'/') => Cow::Borrowed(path),
        _ => {
            let start = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
            Cow::Owned([b"/", path.get(start..).unwrap_or_default()].concat())
        }
    }
}
