//! What the core knows of an app: read once, and seen to be unchanged at one look.

use crate::context::Originals;
use crate::made::set_plainly;
use crate::map::MapCore;
use crate::watch::state_of;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};
use std::ffi::{c_int, c_void};

/// As often an app is read anew. One that has other values at each request is read at each.
const READINGS: u32 = 1000;

/// The attributes of an app that each request reads.
///
/// PERF: they are fifteen, methods that may have been overridden among them, and each costs nearly
/// what finding the route costs. To go through the values of all attributes of an app, as the
/// garbage collector does, costs as much as three of them: while they are the same objects in the
/// same order, nobody has assigned one, and the class says itself whether it has changed
/// (`make bench-apps`, all rows).
#[pyclass(frozen, module = "kolben._core")]
pub(crate) struct KnownApp {
    /// The state of the class, as CPython numbers it.
    class_state: u32,
    /// The dictionary of the app, if it has one by now.
    own: Option<Py<PyDict>>,
    /// The values of all attributes, alive so that no other object takes the place of one.
    values: Values,
    /// As often it may be read again.
    readings: u32,
    attributes: Option<Attributes>,
}

#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub(crate) struct Attributes {
    pub(crate) config: Py<PyAny>,
    pub(crate) json: Py<PyAny>,
    pub(crate) request_class: Py<PyAny>,
    pub(crate) session_interface: Py<PyAny>,
    pub(crate) response_class: Py<PyAny>,
    pub(crate) url_map: Py<PyAny>,
    pub(crate) view_functions: Py<PyAny>,
    pub(crate) url_value_preprocessors: Table,
    pub(crate) before_request: Table,
    pub(crate) after_request: Table,
    teardown_request: Table,
    teardown_appcontext: Table,
    url_defaults: Table,
    /// Whether URLs are built by Kolben's own methods.
    builds_plainly: bool,
    /// Whether the map is bound to requests by Kolben's own method, and to any host.
    pub(crate) binds_plainly: bool,
    /// Whether requests are given their contexts by Kolben's own method.
    pub(crate) opens_contexts: bool,
    /// Whether the app makes its contexts by Kolben's own method.
    pub(crate) makes_contexts: bool,
    /// Whether all that comes between the match and the response is done by Kolben's own methods.
    pub(crate) answers_plainly: bool,
    /// Whether `debug` is as Kolben has it: an entry of the config.
    pub(crate) has_own_debug: bool,
    /// Whether it tears them down by Kolben's own methods.
    tears_down: bool,
}

/// A table of functions, which is empty most of the time.
pub(crate) struct Table(Py<PyAny>);

impl Table {
    pub(crate) fn get<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.0.bind(py)
    }

    #[inline]
    pub(crate) fn is_empty(&self, py: Python<'_>) -> PyResult<bool> {
        let table = self.0.bind(py);
        if let Ok(table) = table.cast::<PyDict>() {
            return Ok(table.is_empty());
        }
        match table.cast_exact::<PyList>() {
            Ok(table) => Ok(table.is_empty()),
            Err(_) => Ok(!table.is_truthy()?),
        }
    }
}

#[pymethods]
impl KnownApp {
    /// A copy of an app, or a pickle of it, begins without.
    #[expect(clippy::unused_self, reason = "Python calls it on the object")]
    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, Bound<'py, PyTuple>) {
        (py.None().bind(py).get_type(), PyTuple::empty(py))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.own)?;
        self.values.objects.iter().try_for_each(|value| visit.call(value))?;
        self.attributes.iter().flat_map(Attributes::objects).try_for_each(|object| visit.call(object))
    }
}

impl KnownApp {
    /// What is known of an app now; `None` if it has to be asked itself.
    #[inline]
    pub(crate) fn of<'py>(
        originals: &Originals,
        app: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, Self>>> {
        let py = app.py();
        let Some(held) = app.getattr_opt(intern!(py, "_known"))? else { return Ok(None) };
        let readings = match held.cast_into_exact::<Self>() {
            Ok(known) if Self::is_unchanged(known.as_unbound(), app) => {
                return Ok(known.get().attributes.is_some().then_some(known));
            }
            Ok(known) => known.get().readings,
            Err(_) => READINGS,
        };
        match readings.checked_sub(1) {
            Some(readings) => Self::read(originals, app, readings),
            None => Ok(None),
        }
    }

    /// What is known, if it still holds; or else what is known now.
    #[inline]
    pub(crate) fn again<'py>(
        known: Option<&Py<Self>>,
        originals: &Originals,
        app: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, Self>>> {
        match known {
            Some(known) if Self::is_unchanged(known, app) => Ok(Some(known.bind(app.py()).clone())),
            Some(_) => Self::of(originals, app),
            None => Ok(None),
        }
    }

    pub(crate) fn attributes(&self) -> Option<&Attributes> {
        self.attributes.as_ref()
    }

    #[cold]
    fn read<'py>(
        originals: &Originals,
        app: &Bound<'py, PyAny>,
        readings: u32,
    ) -> PyResult<Option<Bound<'py, Self>>> {
        let py = app.py();
        let class = app.get_type();
        let attributes = if is_plain(&class) { Attributes::read(originals, app)? } else { None };
        let is_known = attributes.is_some();
        let (own, values) = values_of(app);
        // SAFETY: the class is alive as long as it is borrowed.
        let class_state = unsafe { state_of(class.as_type_ptr()) };
        let known = Bound::new(py, Self { class_state, own, values, readings, attributes })?;
        set_plainly(app, intern!(py, "_known"), known.clone())?;
        Ok(is_known.then_some(known))
    }

    /// Whether neither the class nor an attribute of the app is another one than before.
    #[inline]
    fn is_unchanged(slf: &Py<Self>, app: &Bound<'_, PyAny>) -> bool {
        let this = slf.get();
        // SAFETY: the app is alive, and so is its class.
        let class_state = unsafe { state_of(ffi::Py_TYPE(app.as_ptr())) };
        if class_state == 0 || class_state != this.class_state {
            return false;
        }
        let mut comparison = Comparison { expected: this.values.pointers.as_ptr(), known: slf.as_ptr() };
        go_through(app.as_ptr(), compare, &mut comparison);
        if let Some(own) = &this.own {
            go_through(own.as_ptr(), compare, &mut comparison);
        }
        comparison.is_at_end()
    }
}

impl Attributes {
    /// The functions of `do_teardown_request`, unless that is not Kolben's own.
    #[inline]
    pub(crate) fn teardown_request(&self) -> Option<&Table> {
        self.tears_down.then_some(&self.teardown_request)
    }

    /// The functions of `do_teardown_appcontext`, unless that is not Kolben's own.
    #[inline]
    pub(crate) fn teardown_appcontext(&self) -> Option<&Table> {
        self.tears_down.then_some(&self.teardown_appcontext)
    }

    /// Whether there is nothing to call before the view.
    #[inline]
    pub(crate) fn has_no_hooks(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.url_value_preprocessors.is_empty(py)? && self.before_request.is_empty(py)?)
    }

    /// Whether there is nothing to call after the view.
    #[inline]
    pub(crate) fn has_no_after_hooks(&self, py: Python<'_>) -> PyResult<bool> {
        self.after_request.is_empty(py)
    }

    /// Whether the map alone knows what a URL is.
    #[inline]
    pub(crate) fn leaves_urls_to_the_map(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.builds_plainly && self.url_defaults.is_empty(py)?)
    }

    /// Every object that is held here, for the garbage collector.
    fn objects(&self) -> [&Py<PyAny>; 13] {
        [
            &self.config,
            &self.json,
            &self.request_class,
            &self.session_interface,
            &self.response_class,
            &self.url_map,
            &self.view_functions,
            &self.url_value_preprocessors.0,
            &self.before_request.0,
            &self.after_request.0,
            &self.teardown_request.0,
            &self.teardown_appcontext.0,
            &self.url_defaults.0,
        ]
    }

    /// Read them; `None` if the class computes one of them, or there is none.
    fn read(originals: &Originals, app: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = app.py();
        let mut values = Vec::with_capacity(READ.len());
        for name in READ {
            let is_computed = match app.get_type().getattr_opt(name)? {
                Some(found) => found.get_type().hasattr(intern!(py, "__get__"))?,
                None => false,
            };
            match app.getattr_opt(name)? {
                Some(value) if !is_computed => values.push(value),
                _ => return Ok(None),
            }
        }
        let Ok(values) = <[Bound<'_, PyAny>; READ.len()]>::try_from(values) else { return Ok(None) };
        let [config, json, request_class, session_interface, response_class, url_map, views, rest @ ..] =
            values;
        let [preprocessors, before, after, requests, apps, url_defaults, subdomain_matching, has_begun] =
            rest;
        let is_open = !subdomain_matching.is_truthy()? && url_map.is_instance_of::<MapCore>();
        let default_dict = py.import("collections")?.getattr("defaultdict")?;
        let has_plain_tables = [&preprocessors, &before, &after, &requests]
            .into_iter()
            .all(|table| table.is_exact_instance_of::<PyDict>() || table.get_type().is(&default_dict));
        let table = |functions: Bound<'_, PyAny>| Table(functions.unbind());
        Ok(Some(Self {
            config: config.unbind(),
            json: json.unbind(),
            request_class: request_class.unbind(),
            session_interface: session_interface.unbind(),
            response_class: response_class.unbind(),
            url_map: url_map.unbind(),
            view_functions: views.unbind(),
            url_value_preprocessors: table(preprocessors),
            before_request: table(before),
            after_request: table(after),
            teardown_request: table(requests),
            teardown_appcontext: table(apps),
            url_defaults: table(url_defaults),
            builds_plainly: originals.links.has_own_methods(app)?,
            binds_plainly: is_open && originals.app.has_own_methods(app)?,
            opens_contexts: originals.opening.has_own_methods(app)?,
            makes_contexts: originals.app_context.has_own_methods(app)?,
            answers_plainly: has_begun.is_truthy()?
                && has_plain_tables
                && originals.dispatch.has_own_methods(app)?,
            has_own_debug: originals.debug.is_class_of(app)?,
            tears_down: has_plain_tables && originals.teardowns.has_own_methods(app)?,
        }))
    }
}

/// What is read of an app, as [`Attributes::read`] takes it apart.
const READ: [&str; 15] = [
    "config",
    "json",
    "request_class",
    "session_interface",
    "response_class",
    "url_map",
    "view_functions",
    "url_value_preprocessors",
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "teardown_appcontext_funcs",
    "url_default_functions",
    "subdomain_matching",
    "_got_first_request",
];

/// Whether the objects of a class have their attributes where all objects have them.
fn is_plain(class: &Bound<'_, PyType>) -> bool {
    if cfg!(Py_GIL_DISABLED) {
        // Going through an object is for the garbage collector alone, which stops other threads.
        return false;
    }
    // SAFETY: both types are alive; slots are set before a type is used.
    unsafe {
        let looks_up = (*class.as_type_ptr()).tp_getattro.map(|look_up| look_up as usize);
        looks_up == ffi::PyBaseObject_Type.tp_getattro.map(|look_up| look_up as usize)
    }
}

type Visit<T> = extern "C" fn(*mut ffi::PyObject, *mut T) -> c_int;

/// Show a visitor the objects that an object holds.
#[inline]
fn go_through<T>(object: *mut ffi::PyObject, visit: Visit<T>, state: &mut T) {
    // SAFETY: the object is alive, and `visit` takes the pointer that it is given here. Neither
    // of our visitors changes anything, so that the object stays as it is meanwhile.
    unsafe {
        if let Some(traverse) = (*ffi::Py_TYPE(object)).tp_traverse {
            let visit = std::mem::transmute::<Visit<T>, ffi::visitproc>(visit);
            traverse(object, visit, std::ptr::from_mut(state).cast::<c_void>());
        }
    }
}

/// Objects in their order.
struct Values {
    objects: Vec<Py<PyAny>>,
    /// Where they are, and a null at the end.
    pointers: Box<[usize]>,
}

impl Values {
    fn new(objects: Vec<Py<PyAny>>) -> Self {
        let pointers = objects.iter().map(|object| object.as_ptr() as usize).chain([0]).collect();
        Self { objects, pointers }
    }
}

struct Comparison {
    /// The next one, in [`Values::pointers`]; null after a difference.
    expected: *const usize,
    /// What is known is an attribute of the app itself.
    known: *const ffi::PyObject,
}

impl Comparison {
    fn is_at_end(&self) -> bool {
        // SAFETY: it points into the pointers, at the null that ends them at the latest.
        !self.expected.is_null() && unsafe { *self.expected == 0 }
    }
}

extern "C" fn compare(object: *mut ffi::PyObject, comparison: *mut Comparison) -> c_int {
    // SAFETY: `go_through` hands on what `is_unchanged` has made, and nobody else uses it meanwhile.
    // No object is at null, so that this ends where the pointers do.
    unsafe {
        let comparison = &mut *comparison;
        if comparison.expected.is_null() {
            return 1;
        }
        if *comparison.expected == object as usize {
            comparison.expected = comparison.expected.add(1);
            return 0;
        }
        if object.cast_const() == comparison.known {
            return 0;
        }
        comparison.expected = std::ptr::null();
        1
    }
}

extern "C" fn collect(object: *mut ffi::PyObject, objects: *mut Vec<*mut ffi::PyObject>) -> c_int {
    // SAFETY: `go_through` hands on what `values_of` has made, and nobody else uses it meanwhile.
    unsafe { &mut *objects }.push(object);
    0
}

/// The values of the attributes of an app, without what was known of it, and its dictionary.
fn values_of(app: &Bound<'_, PyAny>) -> (Option<Py<PyDict>>, Values) {
    let py = app.py();
    let mut objects = Vec::new();
    go_through(app.as_ptr(), collect, &mut objects);
    // SAFETY: the app holds them.
    let object = |pointer: &*mut ffi::PyObject| unsafe { Borrowed::from_ptr(py, *pointer) }.to_owned();
    let own = objects.iter().map(object).find_map(|value| {
        let own = value.cast_into_exact::<PyDict>().ok()?;
        own.contains(intern!(py, "import_name")).ok()?.then(|| own.unbind())
    });
    if let Some(own) = &own {
        go_through(own.as_ptr(), collect, &mut objects);
    }
    let values = objects.iter().map(object).filter(|value| !value.is_exact_instance_of::<KnownApp>());
    (own, Values::new(values.map(Bound::unbind).collect()))
}
