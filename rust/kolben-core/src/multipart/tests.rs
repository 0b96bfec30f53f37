use super::*;

/// Name or header, and content, of each part; or the refusal.
type Parts = Result<Vec<(Headers, Vec<u8>)>, Refusal>;

fn parts_of(chunks: &[&[u8]], limits: Limits) -> Parts {
    let mut decoder = Decoder::new(b"bound", limits);
    let mut parts = Vec::new();
    let mut chunks = chunks.iter();
    loop {
        match decoder.next()? {
            Event::NeedData => match chunks.next() {
                Some(chunk) => decoder.push(chunk)?,
                None => decoder.finish(),
            },
            Event::Preamble(_) => {}
            Event::Part(headers) => parts.push((headers, Vec::new())),
            Event::Data { data, .. } => parts.last_mut().unwrap().1.extend_from_slice(data),
            Event::Epilogue(_) => return Ok(parts),
        }
    }
}

const BODIES: &[&[u8]] = &[
    b"--bound\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--bound--\r\n",
    b"pre\r\n--bound  \t\r\ncontent-disposition: x\r\n\r\n\r\nb\r\r\n\r\n--boun\r\n--bound \r\nContent-Disposition: y\r\nA: b\r\n\tc\r\n\r\n\r\n--bound--  \r\nend",
    b"--bound\nContent-Disposition: x\n\nvalue\n\n--boundx\n--bound\nContent-Disposition: y\n\n--bound--",
    b"--bound\rContent-Disposition: x\r\rvalue\r--bound\r\nContent-Disposition: y\r\n\r\n\r\n--bound--",
    b"--bound\r\nContent-Disposition: x\r\n\r\n--bound-\r\n--bound--\r\n--bound--\n",
    b"--bound--",
    b"--bound\r\n\r\n",
    b"--bound\r\nContent-Disposition: x\r\n\r\nvalue\r\n--boun",
    b"--bound\r\nContent-Disposition: \xff\r\n\r\nvalue\r\n--bound--",
    b"--bound\r\nContent-Disposition: x\r\r\nvalue\r\n--bound--",
    b"--bound\r\n\nContent-Disposition: x\r\n\r\nvalue\n\r\n\r--bound--",
];

#[test]
fn cutting_the_bytes_anywhere_gives_the_same_parts() {
    for body in BODIES {
        let whole = parts_of(&[body], Limits::default());
        for cut in 0..=body.len() {
            let (head, tail) = body.split_at(cut);
            assert_eq!(parts_of(&[head, tail], Limits::default()), whole, "{cut} of {body:?}");
        }
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(parts_of(&bytes, Limits::default()), whole, "bytewise {body:?}");
    }
}

#[test]
fn header_lines_go_on_and_data_keeps_its_line_breaks() {
    let parts = parts_of(BODIES.get(1..2).unwrap(), Limits::default()).unwrap();
    let data: Vec<&[u8]> = parts.iter().map(|(_, data)| data.as_slice()).collect();
    assert_eq!(data, [b"\r\nb\r\r\n\r\n--boun".as_slice(), b""]);
    assert_eq!(parts.last().unwrap().0.get("a"), Some("b c"));
}

#[test]
fn limits_refuse() {
    let body = BODIES.first().unwrap();
    let parts = Limits { parts: Some(0), ..Limits::default() };
    assert_eq!(parts_of(&[body], parts), Err(Refusal::TooLarge));
    let memory = Limits { memory: Some(5), ..Limits::default() };
    assert_eq!(parts_of(&[body], memory), Err(Refusal::TooLarge));
    let enough = Limits { memory: Some(body.len() as u64), parts: Some(1) };
    assert!(parts_of(&[body], enough).is_ok());
}

#[test]
fn thousands_of_headers_and_endless_padding_are_too_large() {
    let mut body = b"--bound\r\nContent-Disposition: x\r\n".to_vec();
    body.extend(b"a: b\r\n".repeat(2000));
    body.extend(b"\r\n\r\n--bound--");
    assert_eq!(parts_of(&[&body], Limits::default()), Err(Refusal::TooLarge));
    let mut body = b"--bound".to_vec();
    body.extend(vec![b' '; MAX_PADDING + 1]);
    assert_eq!(parts_of(&[&body], Limits::default()), Err(Refusal::TooLarge));
}

#[test]
fn every_short_body_gives_the_same_parts_however_it_is_cut() {
    // Structural pieces in every order, bytewise against whole.
    let pieces: [&[u8]; 7] = [b"\r", b"\n", b"--bound", b"-", b" ", b"x", b"Content-Disposition: d"];
    for number in 0..7_usize.pow(5) {
        let mut body = b"--bound\r\nContent-Disposition: d\r\n\r\n".to_vec();
        let mut rest = number;
        for _ in 0..5 {
            body.extend_from_slice(pieces.get(rest % 7).unwrap());
            rest /= 7;
        }
        body.extend_from_slice(b"\r\n--bound--");
        let chunks: Vec<&[u8]> = body.chunks(1).collect();
        let whole = parts_of(&[&body], Limits::default());
        assert_eq!(parts_of(&chunks, Limits::default()), whole, "{}", body.escape_ascii());
    }
}
