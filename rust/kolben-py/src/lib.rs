//! The Python module `kolben._core`: it adapts `kolben-core` and adds nothing of its own.

mod adapter;
mod building;
mod conversion;
mod environ;
mod map;
mod pattern;
mod route;
mod rule;
mod shared;
mod table;
mod text;
mod watch;

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Its classes belong to one interpreter: in any other, Kolben's pure mode carries on.
fn refuse_sub_interpreters() -> PyResult<()> {
    // SAFETY: a module is initialised with its interpreter's state attached.
    match unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) } {
        0 => Ok(()),
        id => Err(PyImportError::new_err(format!(
            "it serves the main interpreter only, and this is number {id}"
        ))),
    }
}

/// The compiled core of Kolben.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    use super::refuse_sub_interpreters;
    use crate::table::{MISSING, REDIRECT, SPECIAL};
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::adapter::AdapterCore;
    #[pymodule_export]
    use crate::building::build_url;
    #[pymodule_export]
    use crate::map::MapCore;
    #[pymodule_export]
    use crate::pattern::Pattern;
    #[pymodule_export]
    use crate::route::Route;
    #[pymodule_export]
    use crate::rule::RuleCore;
    #[pymodule_export]
    use crate::table::{Table, TableBuilder};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        refuse_sub_interpreters()?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("MISSING", MISSING)?;
        module.add("REDIRECT", REDIRECT)?;
        module.add("SPECIAL", SPECIAL)
    }
}
