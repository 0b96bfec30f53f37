//! One bound rule as the router sees it.

use crate::building::Built;
use crate::conversion::{
    Conversion, Refusal, conversions_of, exact_integer, is_validation_error, push_integer,
};
use crate::known::genuine;
use crate::pattern::Pattern;
use crate::text::{bytes_of, text_of};
use crate::watch::{Watch, has_originals};
use kolben_core::router::{Item, Part, RuleFlags, Slot, Template, parts, quote_query_into};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFrozenSet, PySet, PyString};
use pyo3::{PyTraverseError, PyVisit};
use smallvec::SmallVec;

/// A rule with everything that matching and building read of it. Changing the rule makes it stale;
/// the sets and dicts that the rule holds are read live.
#[pyclass(frozen, module = "kolben._core")]
pub(crate) struct Route {
    pub(crate) rule: Py<PyAny>,
    pub(crate) endpoint: Py<PyAny>,
    methods: Option<Py<PyAny>>,
    defaults: Option<Py<PyAny>>,
    arguments: Py<PyAny>,
    conversions: Box<[Conversion]>,
    pub(crate) pattern: Py<Pattern>,
    watch: Watch,
    pub(crate) flags: RuleFlags,
    /// Whether a match is not the last word: an alias, a redirect.
    pub(crate) special: bool,
    blueprint: PyOnceLock<Box<Blueprint>>,
}

/// How to build a URL, worked out when the first one is built.
struct Blueprint {
    template: Template,
    /// For each variable of the template, which conversion is its own.
    conversions: Vec<usize>,
    /// The path, if it is the same for all values there are: none.
    constant: Option<Py<PyString>>,
}

/// A URL, or its domain, in the making.
pub(crate) type Url = SmallVec<[u8; 104]>;

/// A value for each of a rule's converters.
pub(crate) type Filling<'py> = SmallVec<[Option<Bound<'py, PyAny>>; 4]>;

/// The values that a URL is to be built from.
pub(crate) struct Given<'a, 'py> {
    pub(crate) values: &'a Bound<'py, PyDict>,
    /// Whether `None` stands for "no value".
    pub(crate) skip_none: bool,
}

impl<'py> Given<'_, 'py> {
    /// The value of this name, if there is one.
    fn get(&self, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.values.get_item(name)?.filter(|value| !(self.skip_none && value.is_none())))
    }
}

#[pymethods]
impl Route {
    #[new]
    fn new(rule: &Bound<'_, PyAny>, pattern: Py<Pattern>) -> PyResult<Self> {
        let py = rule.py();
        let truth = |name: &Bound<'_, PyString>| rule.getattr(name)?.is_truthy();
        let optional = |name: &Bound<'_, PyString>| -> PyResult<Option<Py<PyAny>>> {
            Ok(rule.getattr(name)?.extract::<Option<Bound<'_, PyAny>>>()?.map(Bound::unbind))
        };
        let methods = optional(intern!(py, "methods"))?;
        if let Some(methods) =
            methods.as_ref().and_then(|methods| methods.bind(py).cast_exact::<PySet>().ok())
        {
            intern_methods(methods)?;
        }
        let merge_slashes = rule.getattr(intern!(py, "merge_slashes"))?;
        Ok(Self {
            rule: rule.clone().unbind(),
            endpoint: rule.getattr(intern!(py, "endpoint"))?.unbind(),
            methods,
            defaults: optional(intern!(py, "defaults"))?,
            arguments: rule.getattr(intern!(py, "arguments"))?.unbind(),
            conversions: conversions_of(rule.getattr(intern!(py, "_converters"))?.cast()?)?,
            pattern,
            watch: Watch::default(),
            flags: RuleFlags {
                websocket: truth(intern!(py, "websocket"))?,
                strict_slashes: truth(intern!(py, "strict_slashes"))?,
                // Only `False` itself keeps a rule out of merging.
                merge_slashes: !merge_slashes.is(PyBool::new(py, false)),
            },
            special: truth(intern!(py, "alias"))? || !rule.getattr(intern!(py, "redirect_to"))?.is_none(),
            blueprint: PyOnceLock::new(),
        })
    }

    /// Build domain and path from `values`, or give `None` where a converter refuses a value.
    fn build<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyDict>,
        append_unknown: bool,
    ) -> PyResult<Option<(Bound<'py, PyString>, Bound<'py, PyString>)>> {
        let given = Given { values, skip_none: false };
        let mut filling = Filling::new();
        for conversion in &self.conversions {
            filling.push(given.get(conversion.name.bind(py).as_any())?);
        }
        let mut built = Built::default();
        if !self.assemble(py, &given, &filling, append_unknown, &mut built)? {
            return Ok(None);
        }
        Ok(Some((text_of(py, &built.domain)?, built.path_text(py)?)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.rule)?;
        visit.call(&self.endpoint)?;
        visit.call(&self.methods)?;
        visit.call(&self.defaults)?;
        visit.call(&self.arguments)?;
        visit.call(&self.pattern)?;
        self.conversions.iter().try_for_each(|conversion| conversion.traverse(visit))
    }
}

impl Route {
    pub(crate) fn parts(&self) -> Vec<Part> {
        let (domain, path) = self.pattern.get().items();
        parts(&domain, &path)
    }

    /// Whether the rule takes this method.
    #[inline(always)]
    pub(crate) fn allows(&self, py: Python<'_>, method: &Bound<'_, PyString>) -> PyResult<bool> {
        let Some(methods) = &self.methods else { return Ok(true) };
        let methods = methods.bind(py);
        if let Ok(methods) = methods.cast::<PySet>() {
            methods.contains(method)
        } else if let Ok(methods) = methods.cast::<PyFrozenSet>() {
            methods.contains(method)
        } else {
            methods.contains(method)
        }
    }

    pub(crate) fn methods<'py>(&self, py: Python<'py>) -> Option<&Bound<'py, PyAny>> {
        self.methods.as_ref().map(|methods| methods.bind(py))
    }

    /// The arguments of a match, or `None` if a converter refuses a value.
    #[inline]
    pub(crate) fn arguments<'py>(
        &self,
        py: Python<'py>,
        values: &[&[u8]],
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let arguments = PyDict::new(py);
        // A name that stands in the rule twice has one converter, and there are more values than
        // converters then: as in Werkzeug, the last values are left out.
        for (conversion, value) in self.conversions.iter().zip(values) {
            match conversion.decode(py, value) {
                Ok(value) => arguments.set_item(&conversion.name, value)?,
                Err(Refusal::Invalid) => return Ok(None),
                Err(Refusal::Error(error)) => return Err(error),
            }
        }
        if let Some(defaults) = &self.defaults {
            let defaults = defaults.bind(py);
            if defaults.is_truthy()? {
                arguments.call_method1(intern!(py, "update"), (defaults,))?;
            }
        }
        Ok(Some(arguments))
    }

    /// Whether the rule's class builds URLs as Werkzeug's does.
    #[inline]
    pub(crate) fn builds_plainly(&self, py: Python<'_>) -> PyResult<bool> {
        let rule = self.rule.bind(py);
        if self.watch.is_same(rule) {
            return Ok(true);
        }
        let class = rule.get_type();
        self.watch.is_original(&class, || {
            has_originals(&class, "Rule", &["build", "suitable_for", "_compile_builder"])
        })
    }

    /// The values for the rule's converters, in their order, if a URL can be built: all that is needed
    /// is there, and nothing contradicts a default.
    pub(crate) fn values_for<'py>(
        &self,
        py: Python<'py>,
        given: &Given<'_, 'py>,
        method: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Option<Filling<'py>>> {
        if let Some(method) = method
            && !self.allows(py, method)?
        {
            return Ok(None);
        }
        let mut filling = Filling::new();
        let Some(defaults) = self.defaults(py)? else {
            // PERF: without defaults the arguments are the variables, which are wanted anyway.
            for conversion in &self.conversions {
                let value = given.get(conversion.name.bind(py).as_any())?;
                if value.is_none() {
                    return Ok(None);
                }
                filling.push(value);
            }
            return Ok(Some(filling));
        };
        for name in self.arguments.bind(py).cast::<PySet>()?.iter() {
            if given.get(&name)?.is_none() && !defaults.contains(&name)? {
                return Ok(None);
            }
        }
        for (name, default) in defaults {
            if let Some(value) = given.get(&name)?
                && default.ne(value)?
            {
                return Ok(None);
            }
        }
        for conversion in &self.conversions {
            filling.push(given.get(conversion.name.bind(py).as_any())?);
        }
        Ok(Some(filling))
    }

    /// Append the text of domain and path, and say whether all converters took their values.
    pub(crate) fn assemble<'py>(
        &self,
        py: Python<'py>,
        given: &Given<'_, 'py>,
        filling: &[Option<Bound<'py, PyAny>>],
        append_unknown: bool,
        built: &mut Built,
    ) -> PyResult<bool> {
        let blueprint = self.blueprint.get_or_try_init(py, || self.plan(py))?;
        // PERF: nothing to fill in and nothing to append: one object serves all requests.
        if given.values.is_empty()
            && let Some(constant) = &blueprint.constant
        {
            built.constant = Some(constant.clone_ref(py));
            return Ok(true);
        }
        match self.assemble_from(py, blueprint, given, filling, append_unknown, built) {
            Ok(()) => Ok(true),
            Err(error) if is_validation_error(py, &error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn assemble_from(
        &self,
        py: Python<'_>,
        blueprint: &Blueprint,
        given: &Given<'_, '_>,
        filling: &[Option<Bound<'_, PyAny>>],
        append_unknown: bool,
        built: &mut Built,
    ) -> PyResult<()> {
        let Built { domain, path, .. } = built;
        // PERF: as many values as variables, all of them used: nothing can be left over.
        let may_be_more = given.values.len() > blueprint.conversions.len() || self.defaults.is_some();
        let query = if append_unknown && may_be_more {
            // First of all: if it cannot be encoded, that is the error, as it is Werkzeug's.
            let mut query = Url::new();
            self.append_query(py, given, &mut query)?;
            Some(query)
        } else {
            None
        };
        if !blueprint.template.domain.is_empty() {
            let mut text = Url::new();
            self.render(py, blueprint, &blueprint.template.domain, filling, &mut text)?;
            domain.extend_from_slice(&text);
        }
        self.render(py, blueprint, &blueprint.template.path, filling, path)?;
        if let Some(query) = query {
            path.extend_from_slice(&query);
        }
        Ok(())
    }

    fn render(
        &self,
        py: Python<'_>,
        blueprint: &Blueprint,
        slots: &[Slot],
        filling: &[Option<Bound<'_, PyAny>>],
        url: &mut Url,
    ) -> PyResult<()> {
        for slot in slots {
            let number = match slot {
                Slot::Text(text) => {
                    url.extend_from_slice(text);
                    continue;
                }
                Slot::Value(number) => *number,
            };
            let index = blueprint.conversions.get(number).copied().unwrap_or(usize::MAX);
            let Some(conversion) = self.conversions.get(index) else { continue };
            match filling.get(index).and_then(Option::as_ref) {
                Some(value) => conversion.encode_into(value, url)?,
                None => {
                    let name = conversion.name.bind(py).to_string_lossy();
                    let message = format!("no value for '{name}': give one, or a default");
                    return Err(PyTypeError::new_err(message));
                }
            }
        }
        Ok(())
    }

    fn plan(&self, py: Python<'_>) -> PyResult<Box<Blueprint>> {
        let (domain, path) = self.pattern.get().items();
        let defaults = self.defaults(py)?;
        let (mut conversions, mut fixed) = (Vec::new(), Vec::new());
        for item in domain.iter().chain(&path) {
            let Item::Variable { name, .. } = item else { continue };
            let name = text_of(py, name)?;
            let (index, conversion) = self.conversion(py, &name)?;
            // A variable that has a default is that default.
            let default = defaults.as_ref().map_or(Ok(None), |defaults| defaults.get_item(&name))?;
            let mut text = Url::new();
            if let Some(value) = &default {
                conversion.encode_into(value, &mut text)?;
            }
            fixed.push(default.map(|_| text.to_vec()));
            conversions.push(index);
        }
        let fixed = |number: usize| fixed.get(number).and_then(Option::as_deref);
        let template = Template::new(&domain, &path, fixed);
        let constant = match template.path.as_slice() {
            [Slot::Text(text)] if template.domain.is_empty() => Some(text_of(py, text)?.unbind()),
            _ => None,
        };
        Ok(Box::new(Blueprint { template, conversions, constant }))
    }

    /// The conversion of this name, and its place.
    fn conversion(&self, py: Python<'_>, name: &Bound<'_, PyString>) -> PyResult<(usize, &Conversion)> {
        for (index, conversion) in self.conversions.iter().enumerate() {
            if conversion.name.bind(py).as_any().eq(name)? {
                return Ok((index, conversion));
            }
        }
        Err(PyRuntimeError::new_err(format!("the rule's _converters lack its variable '{name}'")))
    }

    /// Append the values that are neither variables nor defaults.
    fn append_query(&self, py: Python<'_>, given: &Given<'_, '_>, url: &mut Url) -> PyResult<()> {
        let defaults = self.defaults(py)?;
        let unknown = PyDict::new(py);
        for (name, value) in given.values {
            let is_default = defaults.as_ref().map_or(Ok(false), |defaults| defaults.contains(&name))?;
            let mut is_known = is_default || (given.skip_none && value.is_none());
            for conversion in &self.conversions {
                is_known = is_known || conversion.name.bind(py).as_any().eq(&name)?;
            }
            if !is_known {
                unknown.set_item(name, value)?;
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let rule = self.rule.bind(py);
        let start = url.len();
        if let Some(name) =
            unknown.iter().map(|(name, _)| name).find(|name| !name.is_instance_of::<PyString>())
        {
            return Err(PyTypeError::new_err(format!("a value's name must be a string, not {name:?}")));
        }
        if !query_is_plain(rule)? || !append_plain_query(&unknown, url) {
            url.truncate(start);
            let query = rule.call_method1(intern!(py, "_encode_query_vars"), (unknown,))?.str()?;
            if !query.is_empty()? {
                url.push(b'?');
                url.extend_from_slice(&bytes_of(&query)?);
            }
        }
        Ok(())
    }

    /// The rule's defaults, as a dict even where they are another mapping.
    fn defaults<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(defaults) = self.defaults.as_ref().map(|defaults| defaults.bind(py)) else {
            return Ok(None);
        };
        if let Ok(defaults) = defaults.cast::<PyDict>() {
            return Ok(Some(defaults.clone()));
        }
        let copy = PyDict::new(py);
        copy.call_method1(intern!(py, "update"), (defaults,))?;
        Ok(Some(copy))
    }
}

/// Put the interned strings into a set of methods in place of their equals.
///
/// PERF: a request's method is nearly always the interned one, and is then found by its address.
fn intern_methods(methods: &Bound<'_, PySet>) -> PyResult<()> {
    let py = methods.py();
    let mut interned = SmallVec::<[_; 8]>::new();
    let mut all_are = true;
    for method in methods.iter() {
        let Ok(text) = method.cast_exact::<PyString>() else { return Ok(()) };
        let Ok(name) = text.to_str() else { return Ok(()) };
        // PERF: those of most rules are at hand (`make bench-startup`: 10,000 rules).
        let same = match name {
            "GET" => intern!(py, "GET").clone(),
            "HEAD" => intern!(py, "HEAD").clone(),
            "OPTIONS" => intern!(py, "OPTIONS").clone(),
            "POST" => intern!(py, "POST").clone(),
            _ => PyString::intern(py, name),
        };
        all_are = all_are && same.is(text);
        interned.push(same);
    }
    // An interned string is its own interned form: then there is nothing to change, and a set that
    // other threads read is left alone. So is one that would come out in another order.
    if all_are || !in_this_order(&PySet::new(py, &interned)?, &interned) {
        return Ok(());
    }
    methods.clear();
    interned.into_iter().try_for_each(|method| methods.add(method))
}

/// Whether a set goes through just these objects, in their order.
fn in_this_order(set: &Bound<'_, PySet>, order: &[Bound<'_, PyString>]) -> bool {
    set.len() == order.len() && set.iter().zip(order).all(|(found, wanted)| found.is(wanted))
}

/// Whether a rule's query strings are made as Werkzeug makes them, and not sorted.
fn query_is_plain(rule: &Bound<'_, PyAny>) -> PyResult<bool> {
    static ORIGINAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = rule.py();
    let name = intern!(py, "_encode_query_vars");
    let original = ORIGINAL.get_or_try_init(py, || -> PyResult<_> {
        Ok(genuine(py.import("werkzeug.routing.rules")?.getattr("Rule")?.getattr(name)?)?.unbind())
    })?;
    let map = rule.getattr(intern!(py, "map"))?;
    Ok(rule.get_type().getattr(name)?.is(original)
        && !map.getattr(intern!(py, "sort_parameters"))?.is_truthy()?)
}

/// Append a query of texts and whole numbers, and say whether it holds nothing else.
fn append_plain_query(values: &Bound<'_, PyDict>, url: &mut Url) -> bool {
    let mut separator = b'?';
    for (name, value) in values {
        url.push(separator);
        separator = b'&';
        let Ok(name) = name.cast::<PyString>() else { return false };
        let Ok(name) = name.to_str() else { return false };
        quote_query_into(name.as_bytes(), url);
        url.push(b'=');
        if let Some(number) = exact_integer(&value) {
            push_integer(number, url);
        } else if let Ok(text) = value.cast_exact::<PyString>() {
            let Ok(text) = text.to_str() else { return false };
            quote_query_into(text.as_bytes(), url);
        } else {
            return false;
        }
    }
    true
}
