//! The headers of a part: `*(name ":" value line-break)`, ended by a blank line.
//!
//! A line that begins with a space or a tab goes on with the one before it.

use std::ops::Range;

use memchr::memchr2;

use super::Refusal;

/// The most headers a part may have. A browser sends two or three.
pub const MAX_HEADERS: usize = 128;
/// The most bytes the headers of a part may have.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// What a part's `Content-Disposition` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disposition<'a> {
    /// The name of the form field.
    pub name: Option<&'a str>,
    /// The name of the file, if the part is one.
    pub filename: Option<&'a str>,
}

/// The headers of a part, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Names and values as they were sent, without the spaces around them.
    pub entries: Vec<(String, String)>,
}

impl Headers {
    /// The first value of that name, which must be in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let named = |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
        self.entries.iter().find(named).map(|(_, value)| value.as_str())
    }

    /// The parameters of the disposition where it is written as browsers write it:
    /// `value; name="…"; filename="…"`, without escapes. `None` asks for the full grammar.
    pub fn plain_disposition(&self) -> Option<Disposition<'_>> {
        let (value, mut rest) = self.get("content-disposition")?.split_once(';')?;
        if value.trim_matches(BLANK).is_empty() {
            return None;
        }
        let mut found = Disposition::default();
        loop {
            let (key, quoted) = rest.trim_start_matches(BLANK).split_once("=\"")?;
            let (value, behind) = quoted.split_once('"')?;
            if value.contains(['\\', '%']) {
                return None;
            }
            let place = match key {
                "name" => &mut found.name,
                "filename" => &mut found.filename,
                _ => return None,
            };
            if place.replace(value).is_some() {
                return None;
            }
            if behind.is_empty() {
                return Some(found);
            }
            rest = behind.strip_prefix(';')?;
        }
    }

    /// Parse the block before the blank line.
    pub(super) fn parse(block: &[u8]) -> Result<Self, Refusal> {
        if block.len() > MAX_HEADER_BYTES {
            return Err(Refusal::TooLarge);
        }
        let mut entries = Vec::new();
        for line in unfold(block).split(|&byte| byte == b'\n') {
            let line = trim(line);
            if line.is_empty() {
                continue;
            }
            let Ok(text) = std::str::from_utf8(line) else {
                return Err(Refusal::NotText(line.to_vec()));
            };
            if entries.len() >= MAX_HEADERS {
                return Err(Refusal::TooLarge);
            }
            let (name, value) = text.split_once(':').unwrap_or((text, ""));
            entries.push((name.trim_matches(BLANK).to_owned(), value.trim_matches(BLANK).to_owned()));
        }
        Ok(Self { entries })
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// The line without the spaces and tabs around it (`trim_ascii` would take form feeds too).
fn trim(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = line {
        line = rest;
    }
    line
}

/// The block with one `\n` between lines, continued lines joined by a space.
fn unfold(block: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(block.len());
    let mut rest = block;
    while let Some(at) = memchr2(b'\r', b'\n', rest) {
        let (line, from) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        lines.extend_from_slice(line);
        rest = match from {
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => from,
        };
        if let [b' ' | b'\t', continued @ ..] = rest {
            lines.push(b' ');
            rest = continued;
        } else {
            lines.push(b'\n');
        }
    }
    lines.extend_from_slice(rest);
    lines
}

/// Where the first blank line stands: `\r\n\r\n`, `\r\r` or `\n\n`.
pub(super) fn blank_line(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let mut position = from;
    while let Some(offset) = memchr2(b'\r', b'\n', bytes.get(position..)?) {
        let start = position.saturating_add(offset);
        let length = match bytes.get(start..)? {
            [b'\r', b'\n', b'\r', b'\n', ..] => 4,
            [b'\r', b'\r', ..] | [b'\n', b'\n', ..] => 2,
            _ => 0,
        };
        if length > 0 {
            return Some(start..start.saturating_add(length));
        }
        position = start.saturating_add(1);
    }
    None
}
