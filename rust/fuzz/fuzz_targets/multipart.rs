//! A multipart body from any bytes: its parts do not depend on how it is cut into chunks, and hold
//! no more than the body does.
//!
//! The first byte is the length of a chunk; the rest is the body, whose boundary is `b`.
#![no_main]

use kolben_core::multipart::{Decoder, Event, Headers, Limits, Refusal};
use libfuzzer_sys::fuzz_target;

type Parts = Vec<(Headers, Vec<u8>)>;

fuzz_target!(|data: &[u8]| {
    let Some((length, body)) = data.split_first() else {
        return;
    };
    let whole = parts_of([body].into_iter());
    let cut = parts_of(body.chunks(usize::from(*length).max(1)));
    match (whole, cut) {
        (Ok(whole), Ok(cut)) => {
            assert_eq!(whole, cut);
            assert!(whole.iter().map(|(_, data)| data.len()).sum::<usize>() <= body.len());
        }
        (whole, cut) => assert_eq!(whole.is_err(), cut.is_err()),
    }
});

fn parts_of<'a>(mut chunks: impl Iterator<Item = &'a [u8]>) -> Result<Parts, Refusal> {
    let mut decoder = Decoder::new(b"b", Limits { memory: Some(1 << 20), parts: Some(1000) });
    let mut parts = Parts::new();
    loop {
        match decoder.next()? {
            Event::NeedData => match chunks.next() {
                Some(chunk) => decoder.push(chunk)?,
                None => decoder.finish(),
            },
            Event::Preamble(_) => {}
            Event::Part(headers) => parts.push((headers, Vec::new())),
            Event::Data { data, .. } => {
                if let Some((_, body)) = parts.last_mut() {
                    body.extend_from_slice(data);
                }
            }
            Event::Epilogue(_) => return Ok(parts),
        }
    }
}
