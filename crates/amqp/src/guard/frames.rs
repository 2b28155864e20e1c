//! The frames of a connection, one after the other: kind, channel, length, payload, end.

use std::collections::HashMap;

use schakelpunt_domain::envelope::SIZE_MAX;

use super::properties::is_readable;

/// Most bytes of a body that are read: one more than a message may have, so that the hub sees that it is too large.
pub const BODY_MAX: usize = SIZE_MAX + 1;
/// Longest frame that is looked into, a little more than the 128 KiB that broker and client agree on. lapin ends a connection with
/// a longer one.
const HELD_MAX: usize = 256 * 1024;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;
/// Kind, channel and length before the payload.
const BEFORE: usize = 7;
/// The byte after it.
const END: u8 = 0xCE;
/// The class of everything about messages, and the method that announces one.
const BASIC: [u8; 2] = [0, 60];
const DELIVER: [u8; 2] = [0, 60];
/// What a message has instead of properties that cannot be read: a content type that no door knows.
const UNREADABLE: &[u8] = b"application/x-unreadable";

/// What has come from the broker, and what of it may be read.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The beginning of a frame that has not come whole.
    held: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
    /// How many bytes of the body under way may still be read, by channel, where it is longer than that.
    cut: HashMap<[u8; 2], usize>,
    /// No frames: the answer to a version of the protocol that the broker does not speak.
    foreign: bool,
}

impl Frames {
    /// Copies out what may be read.
    pub(super) fn give(&mut self, buf: &mut [u8]) -> usize {
        let waiting = self.ready.get(self.given..).unwrap_or_default();
        let count = waiting.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..count), waiting.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        if self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
        }
        count
    }

    /// Takes what came.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        while !rest.is_empty() {
            let Some((frame, after)) = self.split(rest) else { break };
            self.frame(frame);
            rest = after;
        }
        self.held = rest.to_vec();
    }

    /// The first frame and what follows it; `None` until it is whole.
    fn split<'a>(&mut self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        self.foreign |= bytes.first().is_some_and(|kind| ![METHOD, HEADER, BODY, HEARTBEAT].contains(kind));
        if self.foreign {
            return Some((bytes, &[]));
        }
        let length = u32::from_be_bytes(bytes.get(3..BEFORE)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        if length > HELD_MAX {
            // lapin will end the connection over it
            self.foreign = true;
            return Some((bytes, &[]));
        }
        bytes.split_at_checked(BEFORE + length + 1)
    }

    /// One whole frame.
    fn frame(&mut self, frame: &[u8]) {
        if self.foreign {
            return self.ready.extend_from_slice(frame);
        }
        let (Some(&kind), Some(&[high, low])) = (frame.first(), frame.get(1..3)) else { return };
        let payload = frame.get(BEFORE..frame.len().saturating_sub(1)).unwrap_or_default();
        match kind {
            METHOD if payload.starts_with(&[BASIC, DELIVER].concat()) => self.deliver(frame),
            HEADER => self.header([high, low], frame, payload),
            BODY if self.cut.contains_key(&[high, low]) => self.body([high, low], payload),
            _ => self.ready.extend_from_slice(frame),
        }
    }

    /// A message is announced: consumer tag, delivery tag, redelivered, exchange, routing key.
    fn deliver(&mut self, frame: &[u8]) {
        let start = self.ready.len();
        self.ready.extend_from_slice(frame);
        let mut at = start + BEFORE + 4;
        for skipped in [0, 9, 0] {
            at += skipped;
            let Some(&length) = self.ready.get(at) else { return };
            at += 1;
            let end = at + usize::from(length);
            let Some(text) = self.ready.get_mut(at..end) else { return };
            replace_unreadable(text);
            at = end;
        }
    }

    /// Class, weight, size of the body, properties.
    fn header(&mut self, channel: [u8; 2], frame: &[u8], payload: &[u8]) {
        let Some((&size, properties)) = payload.get(4..).and_then(<[u8]>::split_first_chunk::<8>) else {
            return self.ready.extend_from_slice(frame);
        };
        let whole = usize::try_from(u64::from_be_bytes(size)).unwrap_or(usize::MAX);
        let (readable, fits) = (is_readable(properties), whole <= BODY_MAX);
        self.cut.remove(&channel);
        if readable && fits {
            return self.ready.extend_from_slice(frame);
        }
        tracing::warn!(readable, fits, "a message that cannot be read as it is: its properties or the end of its body are left out");
        if !fits {
            self.cut.insert(channel, BODY_MAX);
        }
        let size = u64::try_from(whole.min(BODY_MAX)).unwrap_or(u64::MAX).to_be_bytes();
        let length = u8::try_from(UNREADABLE.len()).unwrap_or_default();
        let instead = [&[0x80, 0, length], UNREADABLE].concat();
        let properties = if readable { properties } else { &instead };
        let payload = [payload.get(..4).unwrap_or_default(), &size, properties].concat();
        self.write(HEADER, channel, &payload);
    }

    /// A piece of a body that is too long: only as much as its new header says.
    fn body(&mut self, channel: [u8; 2], payload: &[u8]) {
        let Some(left) = self.cut.get_mut(&channel) else { return };
        let kept = payload.get(..payload.len().min(*left)).unwrap_or_default();
        *left -= kept.len();
        if !kept.is_empty() {
            self.write(BODY, channel, kept);
        }
    }

    fn write(&mut self, kind: u8, [high, low]: [u8; 2], payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
        self.ready.extend_from_slice(&[kind, high, low]);
        self.ready.extend_from_slice(&length);
        self.ready.extend_from_slice(payload);
        self.ready.push(END);
    }
}

/// A `?` for every byte that is no UTF-8: the length stays.
fn replace_unreadable(text: &mut [u8]) {
    let mut from = 0;
    while let Some(Err(error)) = text.get(from..).map(std::str::from_utf8) {
        let start = from + error.valid_up_to();
        let end = error.error_len().map_or(text.len(), |length| start + length);
        text.get_mut(start..end).into_iter().flatten().for_each(|byte| *byte = b'?');
        from = end;
    }
}

#[cfg(test)]
mod tests;
