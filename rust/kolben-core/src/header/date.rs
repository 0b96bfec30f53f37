//! Dates.
//!
//! ```text
//! date         = IMF-fixdate / rfc850-date / asctime-date, and what mail programs make of them
//! IMF-fixdate  = "Sun, 06 Nov 1994 08:49:37 GMT"
//! rfc850-date  = "Sunday, 06-Nov-94 08:49:37 GMT"
//! asctime-date = "Sun Nov  6 08:49:37 1994"
//! ```
//!
//! Reading is lenient the way Python's `email.utils` is. Where its releases differ from each other
//! (a field is empty, has a character beyond ASCII, or is a number that fits nowhere), the answer
//! is [`Parsed::Unsure`].
//!
//! ```
//! use kolben_core::header::date::{Date, Parsed, parse};
//!
//! let date = Date::new(1994, 11, 6, 8, 49, 37).unwrap();
//! assert_eq!(parse(b"Sun, 06 Nov 1994 08:49:37 GMT"), Parsed::Date(date, 0));
//! assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
//! ```

use std::fmt;

use smallvec::SmallVec;

use super::scan::{after, cut};

/// A day and a time in the Gregorian calendar, each field within its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

/// What [`parse`] makes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A date, and how many seconds its zone is ahead of UTC.
    Date(Date, i32),
    /// No date.
    Invalid,
    /// Spaces and nothing else: no date, though some releases of Python stumble over it.
    Blank,
    /// Nothing that one may be sure of.
    Unsure,
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const LONG_MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];
const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Named zones and their offsets, written as hours and minutes.
const ZONES: [(&[u8], i32); 12] = [
    (b"GMT", 0),
    (b"UTC", 0),
    (b"UT", 0),
    (b"Z", 0),
    (b"AST", -400),
    (b"ADT", -300),
    (b"EST", -500),
    (b"EDT", -400),
    (b"CST", -600),
    (b"CDT", -500),
    (b"MST", -700),
    (b"MDT", -600),
];
const LATE_ZONES: [(&[u8], i32); 2] = [(b"PST", -800), (b"PDT", -700)];

/// Reads a date.
pub fn parse(text: &[u8]) -> Parsed {
    if !text.is_ascii() {
        return Parsed::Unsure;
    }
    match fields(text) {
        Ok(fields) => fields.resolve().unwrap_or_else(|unclear| unclear),
        Err(unclear) => unclear,
    }
}

/// Whether a text has one or two words only, which are no date in whatever script.
pub fn few_words(text: impl Iterator<Item = char>) -> bool {
    let mut words = 0;
    let mut inside = false;
    for character in text {
        let space = character.is_whitespace() || matches!(character, '\x1c'..='\x1f');
        words += u8::from(!space && !inside);
        inside = !space;
        if words > 2 {
            return false;
        }
    }
    words > 0
}

/// A byte that Python's `str.split` splits at.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f)
}

/// The words of a text, found many spaces at a time.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some((many, others)) = rest.split_first_chunk::<64>()
            && !many.iter().fold(false, |odd, byte| odd | !is_space(*byte))
        {
            rest = others;
        }
        let start = rest.iter().position(|byte| !is_space(*byte))?;
        let word = after(rest, start);
        let (word, others) = cut(word, word.iter().position(|byte| is_space(*byte)).unwrap_or(word.len()));
        rest = others;
        Some(word)
    })
}

/// The five words of a date, in the order that is the rule.
struct Fields<'a> {
    day: &'a [u8],
    month: &'a [u8],
    year: &'a [u8],
    time: &'a [u8],
    zone: &'a [u8],
}

fn fields(text: &[u8]) -> Result<Fields<'_>, Parsed> {
    // A name of the day, five words, and one more to see that they are over.
    let mut words: SmallVec<[&[u8]; 8]> = words(text).take(7).collect();
    let Some(first) = words.first_mut() else {
        return Err(if text.is_empty() { Parsed::Invalid } else { Parsed::Blank });
    };
    if first.last() == Some(&b',') || position(&DAYS, first).is_some() {
        words.remove(0);
    } else if let Some(comma) = memchr::memrchr(b',', first) {
        *first = after(first, comma + 1);
    }
    if let [date, _, _] = *words.as_slice() {
        let mut dashed = date.splitn(4, |byte| *byte == b'-');
        if let (Some(day), Some(month), Some(year), None) =
            (dashed.next(), dashed.next(), dashed.next(), dashed.next())
        {
            words.remove(0);
            words.insert_many(0, [day, month, year]);
        }
    }
    if let [_, _, _, time] = *words.as_slice() {
        let sign = memchr::memchr(b'+', time).or_else(|| memchr::memchr(b'-', time));
        let (time, zone) = cut(time, sign.filter(|at| *at > 0).unwrap_or(time.len()));
        words.pop();
        words.extend([time, zone]);
    }
    match *words.as_slice() {
        [day, month, year, time, zone, ..] => Ok(Fields { day, month, year, time, zone }),
        _ => Err(Parsed::Invalid),
    }
}

fn position(names: &[&[u8]], word: &[u8]) -> Option<usize> {
    names.iter().position(|name| name.eq_ignore_ascii_case(word))
}

fn month_number(word: &[u8]) -> Option<u8> {
    let index = position(&MONTHS, word).or_else(|| position(&LONG_MONTHS, word))?;
    u8::try_from(index + 1).ok()
}

fn without_comma(word: &[u8]) -> &[u8] {
    word.strip_suffix(b",").unwrap_or(word)
}

impl Fields<'_> {
    fn resolve(self) -> Result<Parsed, Parsed> {
        let Self { mut day, month, mut year, mut time, mut zone } = self;
        if day.is_empty() || month.is_empty() || year.is_empty() || time.is_empty() {
            return Err(Parsed::Unsure);
        }
        let month = if let Some(number) = month_number(month) {
            number
        } else {
            let number = month_number(day).ok_or(Parsed::Invalid)?;
            day = month;
            number
        };
        day = without_comma(day);
        if memchr::memchr(b':', year).is_some_and(|at| at > 0) {
            (year, time) = (time, year);
        }
        year = without_comma(year);
        if !year.first().ok_or(Parsed::Unsure)?.is_ascii_digit() {
            (year, zone) = (zone, year);
        }
        let [hour, minute, second] = clock(without_comma(time))?;
        let [year, day] = [number(year)?, number(day)?];
        let year = match year {
            0..=68 => year + 2000,
            69..=99 => year + 1900,
            _ => year,
        };
        let offset = offset(zone)?;
        let date = Date::new(year, month.into(), day, hour, minute, second);
        Ok(date.map_or(Parsed::Invalid, |date| Parsed::Date(date, offset)))
    }
}

fn clock(time: &[u8]) -> Result<[i64; 3], Parsed> {
    let separator = if time.contains(&b':') { b':' } else { b'.' };
    let mut parts = time.splitn(4, |byte| *byte == separator);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(hour), Some(minute), None, _) => Ok([number(hour)?, number(minute)?, 0]),
        (Some(hour), Some(minute), Some(second), None) => {
            Ok([number(hour)?, number(minute)?, number(second)?])
        }
        _ => Err(Parsed::Invalid),
    }
}

/// A number of ASCII digits. Python reads more than that as one, so that a sign or an underscore
/// among digits is unsure; a word with a letter in it is no number anywhere.
fn number(word: &[u8]) -> Result<i64, Parsed> {
    if !word.is_empty() && word.len() < 9 && word.iter().all(u8::is_ascii_digit) {
        return Ok(word.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')));
    }
    let odd = |byte: &u8| !(byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'_'));
    Err(if word.iter().any(odd) { Parsed::Invalid } else { Parsed::Unsure })
}

/// Seconds ahead of UTC; none for a zone that nobody knows.
fn offset(zone: &[u8]) -> Result<i32, Parsed> {
    let named = ZONES.iter().chain(&LATE_ZONES).find(|(name, _)| name.eq_ignore_ascii_case(zone));
    let written = if let Some((_, offset)) = named {
        *offset
    } else {
        let (digits, sign) = match zone {
            [b'-', digits @ ..] => (digits, -1),
            [b'+', digits @ ..] | digits => (digits, 1),
        };
        if digits.iter().any(|byte| !byte.is_ascii_digit() && *byte != b'_') || digits.is_empty() {
            return Ok(0);
        }
        let number = i32::try_from(number(digits)?).map_err(|_| Parsed::Unsure)?;
        sign * number
    };
    let seconds = (written / 100) * 3600 + (written % 100) * 60;
    // A zone is less than a day away.
    if seconds.abs() < 86_400 { Ok(seconds) } else { Err(Parsed::Invalid) }
}

impl Date {
    /// The date of these fields; `None` if one is out of bounds.
    pub fn new(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> Option<Self> {
        let days = match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second);
        let small = |number: i64| u8::try_from(number).ok();
        Some(Self {
            year: i32::try_from(year).ok().filter(|_| valid)?,
            month: small(month)?,
            day: small(day)?,
            hour: small(hour)?,
            minute: small(minute)?,
            second: small(second)?,
        })
    }

    /// The date so many seconds after the start of 1970; `None` beyond the years 1 to 9999.
    pub fn from_timestamp(seconds: i64) -> Option<Self> {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Counted from 1 March of the year 0, so that the leap day comes last.
        let days = days.checked_add(719_468)?;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leaps) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month < 3);
        Self::new(year, month, day, rest / 3_600, rest / 60 % 60, rest % 60)
    }

    /// Year, month and day.
    pub fn day(&self) -> (i32, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Hour, minute and second.
    pub fn time(&self) -> (u8, u8, u8) {
        (self.hour, self.minute, self.second)
    }

    /// The day of the week, Monday being 0.
    fn weekday(&self) -> usize {
        let year = self.year - i32::from(self.month < 3);
        let month = (i32::from(self.month) + 9) % 12;
        let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5;
        usize::try_from((days + i32::from(self.day) + 1).rem_euclid(7)).unwrap_or_default()
    }

    /// Writes the date as an IMF-fixdate, 29 bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        let two = |number: u8, out: &mut Vec<u8>| {
            out.extend([b'0' + number / 10 % 10, b'0' + number % 10]);
        };
        out.extend_from_slice(DAYS.get(self.weekday()).copied().unwrap_or_default());
        out.extend_from_slice(b", ");
        two(self.day, out);
        out.push(b' ');
        out.extend_from_slice(MONTHS.get(usize::from(self.month) - 1).copied().unwrap_or_default());
        out.push(b' ');
        for century in [self.year / 100, self.year % 100] {
            two(u8::try_from(century).unwrap_or_default(), out);
        }
        out.push(b' ');
        two(self.hour, out);
        out.push(b':');
        two(self.minute, out);
        out.push(b':');
        two(self.second, out);
        out.extend_from_slice(b" GMT");
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(32);
        self.write(&mut out);
        formatter.write_str(&String::from_utf8_lossy(&out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text.as_bytes()) {
            Parsed::Date(date, offset) => format!("{date} {offset}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_three_formats_of_http() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "6 november 1994 8:49:37 +0000",
        ] {
            assert_eq!(shown(text), "Sun, 06 Nov 1994 08:49:37 GMT 0");
        }
    }

    #[test]
    fn zones_are_seconds() {
        assert_eq!(shown("6 Nov 1994 08:49 -0130"), "Sun, 06 Nov 1994 08:49:00 GMT -5400");
        assert_eq!(shown("6 Nov 1994 08:49 pst"), "Sun, 06 Nov 1994 08:49:00 GMT -28800");
        assert_eq!(shown("6 Nov 1994 08:49 +2400"), "Invalid");
    }

    #[test]
    fn no_dates() {
        for text in ["", "x", "31 Feb 1994 08:49 GMT", "6 Nov 1994 24:00 GMT", "6 Foo 1994 08:49 GMT"] {
            assert_eq!(shown(text), "Invalid", "{text:?}");
        }
    }

    #[test]
    fn a_blank_is_told_apart() {
        assert_eq!(parse(b" \t\n"), Parsed::Blank);
    }

    #[test]
    fn two_words_in_any_script_are_few() {
        for text in ["\u{20ac}\u{663} \u{e9}", " a ", "a\x1cb"] {
            assert!(few_words(text.chars()), "{text:?}");
        }
        for text in ["", " ", "\u{20ac}\u{2003}\u{663} \u{e9}"] {
            assert!(!few_words(text.chars()), "{text:?}");
        }
    }

    #[test]
    fn words_may_stand_far_apart() {
        let text = format!("{0}6{0}Nov{0}1994{0}08:49{0}GMT{0}", " \n".repeat(50));
        assert_eq!(shown(&text), "Sun, 06 Nov 1994 08:49:00 GMT 0");
    }

    #[test]
    fn what_depends_on_the_release_is_unsure() {
        for text in ["6 Nov 1_994 08:49 GMT", "6 Nov 1994 08:49:3\u{663} GMT", "--94 08:49 GMT"] {
            assert_eq!(shown(text), "Unsure", "{text:?}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_has_its_weekday() {
        for day in 0..146_097 {
            let date = Date::from_timestamp(day * 86_400).map(|date| date.weekday());
            // 1 January 1970 was a Thursday.
            assert_eq!(date, usize::try_from((day + 3) % 7).ok());
        }
    }

    #[test]
    fn timestamps_span_the_years_1_to_9999() {
        let year = |seconds| Date::from_timestamp(seconds).map(|date| date.to_string());
        assert_eq!(year(-62_135_596_800).as_deref(), Some("Mon, 01 Jan 0001 00:00:00 GMT"));
        assert_eq!(year(253_402_300_799).as_deref(), Some("Fri, 31 Dec 9999 23:59:59 GMT"));
        assert_eq!(year(253_402_300_800), None);
        assert_eq!(year(-62_135_596_801), None);
        assert_eq!(year(i64::MAX), None);
    }
}
