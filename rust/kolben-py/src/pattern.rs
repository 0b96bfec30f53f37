//! A rule's text with its converters: what Werkzeug's `Rule.compile` works out.

use crate::text::{bytes_of, text_of};
use kolben_core::router::{Converter, Item, Malformed, Matcher, Part, Token, Weight, parts, scan};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

/// A rule cut into its items.
#[pyclass(frozen, module = "kolben._core")]
pub(crate) struct Pattern {
    pub(crate) domain: Box<[Item]>,
    pub(crate) path: Box<[Item]>,
}

#[pymethods]
impl Pattern {
    /// Scan a rule's domain and path, and ask the rule for each converter. `parse_arguments` turns
    /// the text between a converter's parentheses into arguments.
    #[new]
    fn new(
        rule: &Bound<'_, PyAny>,
        domain: &Bound<'_, PyString>,
        path: &Bound<'_, PyString>,
        parse_arguments: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let py = rule.py();
        let converters = rule.getattr(intern!(py, "_converters"))?;
        let arguments = rule.getattr(intern!(py, "arguments"))?;
        let binding =
            Binding { rule, parse_arguments, converters: converters.cast()?, arguments: &arguments };
        Ok(Self { domain: binding.items(domain)?, path: binding.items(path)? })
    }

    /// Werkzeug's `Rule._trace`: whether each piece is a variable, and its text.
    fn trace<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let trace = PyList::empty(py);
        for item in &self.domain {
            trace.append(trace_of(py, item)?)?;
        }
        trace.append((false, intern!(py, "|")))?;
        for item in &self.path {
            trace.append(trace_of(py, item)?)?;
        }
        Ok(trace)
    }

    /// The names of the variables in their order, one named twice standing here twice.
    fn variables<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = PyList::empty(py);
        for item in self.domain.iter().chain(&self.path) {
            if let Item::Variable { name, .. } = item {
                names.append(text_of(py, name)?)?;
            }
        }
        Ok(names)
    }

    /// What Werkzeug's `Rule._parts` hold: content, final, static, suffixed, the lengths of the
    /// texts, the weights of the converters.
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let described = PyList::empty(py);
        for part in parts(&self.domain, &self.path) {
            let no_weight = Weight::default();
            let (content, is_final, is_static, suffixed, weight) = match &part {
                Part::Static(text) => (text.to_vec(), false, true, false, &no_weight),
                Part::Dynamic(part) => (part.regex(), part.is_final, false, part.suffixed, &part.weight),
            };
            let content = text_of(py, &content)?;
            let literals = if is_static && !content.is_empty()? {
                vec![content.len()?]
            } else {
                weight.literals.to_vec()
            };
            let entry = (content, is_final, is_static, suffixed, literals, weight.arguments.to_vec());
            described.append(entry)?;
        }
        Ok(described)
    }
}

/// Whether an item is a variable, and its text.
fn trace_of<'py>(py: Python<'py>, item: &Item) -> PyResult<(bool, Bound<'py, PyString>)> {
    Ok(match item {
        Item::Slash => (false, intern!(py, "/").clone()),
        Item::Literal(text) => (false, text_of(py, text)?),
        Item::Variable { name, .. } => (true, text_of(py, name)?),
    })
}

/// A rule that is being bound to its map.
struct Binding<'a, 'py> {
    rule: &'a Bound<'py, PyAny>,
    parse_arguments: &'a Bound<'py, PyAny>,
    converters: &'a Bound<'py, PyDict>,
    arguments: &'a Bound<'py, PyAny>,
}

impl Binding<'_, '_> {
    fn items(&self, rule: &Bound<'_, PyString>) -> PyResult<Box<[Item]>> {
        let bytes = bytes_of(rule)?;
        let tokens = scan(&bytes).map_err(|fault| malformed(rule, &bytes, fault))?;
        tokens.into_iter().map(|token| self.item(token)).collect()
    }

    fn item(&self, token: Token<'_>) -> PyResult<Item> {
        Ok(match token {
            Token::Slash => Item::Slash,
            Token::Literal(text) => Item::Literal(text.into()),
            Token::Variable { name, converter, arguments } => {
                let converter = Box::new(self.converter(name, converter, arguments)?);
                Item::Variable { name: name.into(), converter }
            }
        })
    }

    /// Have the rule make a converter, and note it there as Werkzeug does.
    fn converter(&self, name: &[u8], kind: Option<&[u8]>, arguments: Option<&[u8]>) -> PyResult<Converter> {
        let py = self.rule.py();
        let name = text_of(py, name)?;
        let kind = match kind {
            Some(kind) => text_of(py, kind)?,
            None => intern!(py, "default").clone(),
        };
        let (positional, keywords) = match arguments {
            Some(text) if !text.is_empty() => {
                self.parse_arguments
                    .call1((text_of(py, text)?,))?
                    .extract::<(Bound<'_, PyTuple>, Bound<'_, PyDict>)>()?
            }
            _ => (PyTuple::empty(py), PyDict::new(py)),
        };
        let made =
            self.rule.call_method1(intern!(py, "get_converter"), (&name, kind, positional, keywords))?;
        self.converters.set_item(&name, &made)?;
        self.arguments.call_method1(intern!(py, "add"), (&name,))?;
        let regex = made.getattr(intern!(py, "regex"))?;
        let regex = regex.cast::<PyString>()?;
        Ok(Converter {
            matcher: Matcher::from_regex(&bytes_of(regex)?),
            isolating: made.getattr(intern!(py, "part_isolating"))?.is_truthy()?,
            // No negative zero: it would order before the positive one.
            weight: made.getattr(intern!(py, "weight"))?.extract::<f64>()? + 0.0,
        })
    }
}

fn malformed(rule: &Bound<'_, PyString>, bytes: &[u8], fault: Malformed) -> PyErr {
    let before = bytes.get(..fault.at).unwrap_or_default();
    // Places count characters, as Python does: every byte that is not a continuation begins one.
    let place = before.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
    match rule.repr() {
        Ok(text) => PyValueError::new_err(format!(
            "malformed url rule: {text}: the '<' at position {place} opens no '<name>', \
             '<converter:name>' or '<converter(arguments):name>'"
        )),
        Err(error) => error,
    }
}
