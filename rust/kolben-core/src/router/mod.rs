//! The URL router.
