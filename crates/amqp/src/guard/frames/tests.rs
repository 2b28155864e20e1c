use super::*;

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frames = Frames::default();
    frames.write(kind, [0, 1], payload);
    frames.ready
}

fn header(size: u64, properties: &[u8]) -> Vec<u8> {
    frame(HEADER, &[&[0, 60, 0, 0], &size.to_be_bytes()[..], properties].concat())
}

/// What comes out of what goes in, in pieces of that length.
fn through(bytes: &[u8], piece: usize) -> Vec<u8> {
    let mut frames = Frames::default();
    let mut out = Vec::new();
    for part in bytes.chunks(piece) {
        frames.take(part);
        let mut buf = [0; 1000];
        loop {
            let count = frames.give(&mut buf);
            if count == 0 {
                break;
            }
            out.extend_from_slice(&buf[..count]);
        }
    }
    out
}

fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

fn deliver(key: &[u8]) -> Vec<u8> {
    let arguments = [short(b"consumer"), vec![0, 0, 0, 0, 0, 0, 0, 7, 1], short(b"schakelpunt.in"), short(key)].concat();
    frame(METHOD, &[&[0, 60, 0, 60], arguments.as_slice()].concat())
}

/// Lists in a list in a header, so deep.
fn nested(depth: usize) -> Vec<u8> {
    let mut value = vec![b'V'];
    for _ in 0..depth {
        value = [&[b'A'][..], &u32::try_from(value.len()).unwrap().to_be_bytes(), &value].concat();
    }
    let table = [short(b"a"), value].concat();
    [&[0x20, 0][..], &u32::try_from(table.len()).unwrap().to_be_bytes(), &table].concat()
}

#[test]
fn what_can_be_read_passes_unchanged_in_any_pieces() {
    let properties = [&[0x90, 0][..], &short("é".as_bytes()), &[2]].concat();
    let all = [deliver(b"pi-zwolle.deceased"), header(3, &properties), frame(BODY, b"\xff{}"), frame(HEARTBEAT, b"")].concat();
    for piece in [1, 7, 1000] {
        assert_eq!(through(&all, piece), all);
    }
    assert_eq!(through(b"AMQP\0\0\x09\x01", 3), b"AMQP\0\0\x09\x01", "another protocol is lapin's business");
}

#[test]
fn a_routing_key_keeps_its_length() {
    assert_eq!(through(&deliver(b"pi-zwolle.\xff\xc3"), 5), deliver(b"pi-zwolle.??"));
}

#[test]
fn properties_that_cannot_be_read_are_left_out() {
    let instead = header(2, &[&[0x80, 0][..], &short(UNREADABLE)].concat());
    for bad in [&[0x80, 0, 1, 0xff][..], &[0x80, 0, 9, b'a'], &[0, 1], &[0, 0, 0], &[], &nested(9), &nested(5000)] {
        assert_eq!(through(&header(2, bad), 100), instead, "{bad:?}");
    }
    assert_eq!(through(&header(2, &nested(7)), 100), header(2, &nested(7)));
}

#[test]
fn a_body_ends_where_it_is_too_large_anyway() {
    let half = vec![b'x'; BODY_MAX - 10];
    let long =
        [header(u64::MAX, &[0, 0]), frame(BODY, &half), frame(BODY, &half), frame(BODY, &half), header(1, &[0, 0]), frame(BODY, b"y")];
    let cut = [header(BODY_MAX as u64, &[0, 0]), frame(BODY, &half), frame(BODY, &half[..10]), header(1, &[0, 0]), frame(BODY, b"y")];
    assert!(through(&long.concat(), 4096) == cut.concat());
}
