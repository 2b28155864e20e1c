//! Whether the properties of a message can be read: every text UTF-8, every type known, nothing nested deeper than anybody needs.

/// How deep tables and lists may nest in a header. The deepest of the broker's own, `x-death`, needs two; every level costs
/// lapin's parser a piece of the stack.
pub const DEPTH_MAX: usize = 8;

/// The kinds of the fourteen properties, in the order of their flags.
const KINDS: [Kind; 14] = [
    Kind::Text,
    Kind::Text,
    Kind::Table,
    Kind::Bytes(1),
    Kind::Bytes(1),
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Bytes(8),
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Table,
    Bytes(usize),
}

/// Whether lapin can read them, all of them.
pub(crate) fn is_readable(properties: &[u8]) -> bool {
    read(properties).is_some_and(|rest| rest.0.is_empty())
}

fn read(properties: &[u8]) -> Option<Reader<'_>> {
    let mut reader = Reader(properties);
    let flags = u16::from_be_bytes(reader.array()?);
    // the last bit says that more flags follow: there are no more properties than these
    if flags & 1 != 0 {
        return None;
    }
    for (at, kind) in KINDS.into_iter().enumerate() {
        if flags & (0x8000 >> at) == 0 {
            continue;
        }
        match kind {
            Kind::Text => reader.short()?,
            Kind::Table => reader.table(0)?,
            Kind::Bytes(count) => drop(reader.take(count)?),
        }
    }
    Some(reader)
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Bytes with their length in four bytes before them.
    fn long(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_be_bytes(self.array()?);
        self.take(length.try_into().ok()?)
    }

    /// A text with its length in one byte before it.
    fn short(&mut self) -> Option<()> {
        let [length] = self.array()?;
        std::str::from_utf8(self.take(length.into())?).ok().map(drop)
    }

    fn table(&mut self, depth: usize) -> Option<()> {
        let mut entries = Self(self.long()?);
        while !entries.0.is_empty() {
            entries.short()?;
            entries.value(depth)?;
        }
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth >= DEPTH_MAX {
            return None;
        }
        let [kind] = self.array()?;
        let bytes = match kind {
            b'V' => 0,
            b't' | b'b' | b'B' => 1,
            b's' | b'U' | b'u' => 2,
            b'I' | b'i' | b'f' => 4,
            b'D' => 5,
            b'L' | b'l' | b'd' | b'T' => 8,
            b'S' | b'x' => return self.long().map(drop),
            b'F' => return self.table(depth + 1),
            b'A' => {
                let mut items = Self(self.long()?);
                while !items.0.is_empty() {
                    items.value(depth + 1)?;
                }
                return Some(());
            }
            _ => return None,
        };
        self.take(bytes).map(drop)
    }
}
