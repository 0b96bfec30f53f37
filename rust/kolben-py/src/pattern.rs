//! A rule's text with its converters: what Werkzeug's `Rule.compile` works out.

use crate::converters;
use crate::text::{bytes_of, text_of};
use kolben_core::router::{Converter, Item, Malformed, Matcher, Part, Token, Weight, parts, scan};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

/// A rule cut into its items, packed: a map may hold a hundred thousand of them.
#[pyclass(frozen, module = "kolben._core")]
pub(crate) struct Pattern {
    /// The literals and the variables' names, one behind the other.
    text: Box<[u8]>,
    items: Box<[Packed]>,
    /// How many of the items belong to the domain.
    domain: usize,
    converters: Box<[Converter]>,
}

/// An item, with the length of its text.
#[derive(Clone, Copy)]
enum Packed {
    Slash,
    Literal(u32),
    Variable(u32),
}

impl Pattern {
    fn pack(domain: &[Item], path: &[Item]) -> PyResult<Self> {
        let too_long = |_| PyOverflowError::new_err("a rule's text is shorter than 4 GiB");
        let (mut text, mut items, mut converters) = (Vec::new(), Vec::new(), Vec::new());
        for item in domain.iter().chain(path) {
            items.push(match item {
                Item::Slash => Packed::Slash,
                Item::Literal(literal) => {
                    text.extend_from_slice(literal);
                    Packed::Literal(u32::try_from(literal.len()).map_err(too_long)?)
                }
                Item::Variable { name, converter } => {
                    text.extend_from_slice(name);
                    converters.push((**converter).clone());
                    Packed::Variable(u32::try_from(name.len()).map_err(too_long)?)
                }
            });
        }
        Ok(Self {
            text: text.into(),
            items: items.into(),
            domain: domain.len(),
            converters: converters.into(),
        })
    }

    /// The items of the domain and those of the path.
    pub(crate) fn items(&self) -> (Vec<Item>, Vec<Item>) {
        let (mut rest, mut converters) = (&*self.text, self.converters.iter());
        let mut take = |length: u32| {
            let (text, after) = rest.split_at_checked(length as usize).unwrap_or((rest, &[]));
            rest = after;
            Box::<[u8]>::from(text)
        };
        let mut items: Vec<Item> = Vec::with_capacity(self.items.len());
        for packed in &self.items {
            items.push(match packed {
                Packed::Slash => Item::Slash,
                Packed::Literal(length) => Item::Literal(take(*length)),
                Packed::Variable(length) => {
                    let name = take(*length);
                    let Some(converter) = converters.next() else { break };
                    Item::Variable { name, converter: Box::new(converter.clone()) }
                }
            });
        }
        let path = items.split_off(self.domain.min(items.len()));
        (items, path)
    }
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
        Self::pack(&binding.items(domain)?, &binding.items(path)?)
    }

    /// Werkzeug's `Rule._trace`: whether each piece is a variable, and its text.
    fn trace<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let trace = PyList::empty(py);
        let (domain, path) = self.items();
        for item in &domain {
            trace.append(trace_of(py, item)?)?;
        }
        trace.append((false, intern!(py, "|")))?;
        for item in &path {
            trace.append(trace_of(py, item)?)?;
        }
        Ok(trace)
    }

    /// How many variables there are, one named twice counting twice.
    #[getter]
    fn variable_count(&self) -> usize {
        self.converters.len()
    }

    /// The names of the variables in their order, one named twice standing here twice.
    fn variables<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = PyList::empty(py);
        let (domain, path) = self.items();
        for item in domain.iter().chain(&path) {
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
        let (domain, path) = self.items();
        for part in parts(&domain, &path) {
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
    fn items(&self, rule: &Bound<'_, PyString>) -> PyResult<Vec<Item>> {
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
        let arguments = arguments.filter(|text| !text.is_empty());
        let plain = if arguments.is_none() { converters::make(self.rule, &kind)? } else { None };
        let made = if let Some(made) = plain {
            made
        } else {
            let (positional, keywords) = match arguments {
                Some(text) => self
                    .parse_arguments
                    .call1((text_of(py, text)?,))?
                    .extract::<(Bound<'_, PyTuple>, Bound<'_, PyDict>)>()?,
                None => (PyTuple::empty(py), PyDict::new(py)),
            };
            self.rule.call_method1(intern!(py, "get_converter"), (&name, kind, positional, keywords))?
        };
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
