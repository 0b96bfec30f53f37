//! The Python module `kolben._core`: it adapts `kolben-core` and adds nothing of its own.

mod auth;
mod cookies;
mod dates;
mod environ_headers;
mod headers;
mod lazy;
mod lists;
mod multipart;
mod ranges;
mod text;
mod urls;

/// The compiled core of Kolben.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::auth::credentials;
    #[pymodule_export]
    use super::cookies::{fill_cookies, is_plain_domain, list_cookies, write_cookie};
    #[pymodule_export]
    use super::dates::{read_age, read_date, write_date};
    #[pymodule_export]
    use super::environ_headers::EnvironHeadersCore;
    #[pymodule_export]
    use super::headers::HeadersCore;
    #[pymodule_export]
    use super::lazy::Lazy;
    #[pymodule_export]
    use super::lists::{
        dump_header, dump_options_header, etags, fill_choices, fill_dict, fill_policy, header_set,
        parse_dict_header, parse_list_header, parse_options_header, policy_pairs,
        quote_header_value, unquote_header_value,
    };
    #[pymodule_export]
    use super::multipart::MultipartCore;
    #[pymodule_export]
    use super::ranges::{read_content_range, read_length, read_range};
    #[pymodule_export]
    use super::urls::{
        fill_query, is_host_trusted, plain_iri, plain_request_iri, plain_uri, query_pairs,
        write_query,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
