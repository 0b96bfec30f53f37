//! Notices when somebody overrides or patches a method that the core would otherwise pass by.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;
use std::sync::atomic::{AtomicU32, Ordering};

/// Remembers that a class was seen to have the original methods, for as long as it is unchanged.
///
/// PERF: looking the methods up on each request would cost as much as the routing. CPython gives
/// each state of a class a number for its own method cache; as long as the number is the same,
/// neither the class nor a base of it was changed, and what was seen still holds.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: AtomicU32,
}

impl Watch {
    /// Whether `class` still has its original methods. `look` says so by looking them up.
    #[inline]
    pub(crate) fn is_original(
        &self,
        class: &Bound<'_, PyType>,
        look: impl FnOnce() -> PyResult<bool>,
    ) -> PyResult<bool> {
        let state = state_of(class);
        if state != 0 && state == self.seen.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let original = look()?;
        if original {
            // Looking a method up makes CPython give the class a number if it has none.
            self.seen.store(state_of(class), Ordering::Relaxed);
        }
        Ok(original)
    }
}

/// The number of the present state of a class; zero if it has none.
#[inline]
fn state_of(class: &Bound<'_, PyType>) -> u32 {
    let class: *mut ffi::PyTypeObject = class.as_type_ptr();
    // SAFETY: `class` is a live type object for as long as the borrow lasts, the field is aligned
    // and initialised, and an atomic load is sound beside the interpreter's own writes, which are
    // atomic where several threads may run.
    unsafe { AtomicU32::from_ptr(&raw mut (*class).tp_version_tag) }.load(Ordering::Relaxed)
}

/// Whether `class` has the methods that Kolben gave to its own class `original`.
#[cold]
pub(crate) fn has_originals(class: &Bound<'_, PyType>, original: &str, methods: &[&str]) -> PyResult<bool> {
    let original = class.py().import("kolben.routing")?.getattr(original)?;
    let ours = original.getattr("_originals")?;
    for method in methods {
        if !class.getattr(*method)?.is(&ours.get_item(method)?) {
            return Ok(false);
        }
    }
    Ok(true)
}
