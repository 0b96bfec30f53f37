//! Sessions in cookies that nobody has read.

use kolben_core::header::auth::{Base64, decode_base64};
use kolben_core::header::cookie;
use memchr::memmem;

/// Whether the session in a `Cookie` header may be a permanent one, whose cookie is sent again with each
/// answer. Another that nobody has read needs no saving.
///
/// PERF: (`kolben doctor`, hooks that read the session) it took as long to verify the session that is
/// then left alone as the rest of the request took several times over.
pub(crate) fn may_be_permanent(header: &[u8], name: &[u8]) -> bool {
    let Some((_, value)) = cookie::pairs(header).find(|(key, _)| *key == name) else { return false };
    if value.is_empty() {
        return false;
    }
    let payload = value.split(|byte| *byte == b'.').next().unwrap_or_default();
    if payload.is_empty() {
        // It is compressed.
        return true;
    }
    let mut text: Vec<u8> = payload
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    text.resize(text.len().next_multiple_of(4), b'=');
    match decode_base64(&text) {
        Base64::Bytes(items) => memmem::find(&items, b"_permanent").is_some(),
        _ => true,
    }
}
