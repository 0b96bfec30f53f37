//! One module per grammar of HTTP's header fields.
