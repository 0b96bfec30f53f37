//! The Python module `kolben._core`: it adapts `kolben-core` and adds nothing of its own.

mod environ_headers;
mod headers;
mod multipart;

/// The compiled core of Kolben.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::environ_headers::EnvironHeadersCore;
    #[pymodule_export]
    use super::headers::HeadersCore;
    #[pymodule_export]
    use super::multipart::MultipartCore;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
