//! What did not come in one chunk, put together.

use alloc::string::String;
use alloc::vec::Vec;

use super::{line_ends, utf8};

/// Long pieces are searched, checked and copied in steps of so many bytes, while these are in the nearest cache: to go
/// through megabytes once more when they are complete costs as much as to copy them. To check a shorter piece by itself
/// costs more than that. The fuzzer's lines are shorter, and so are its steps.
pub(super) const STEP: usize = if cfg!(fuzzing) { 64 } else { 2 << 10 };

/// A shorter piece is not checked by itself: that costs more than to go through it once more.
const LONG: usize = STEP / 2;

/// A larger buffer is given back when it is cleared.
pub(super) const RETAINED: usize = 1 << 20;

/// A line or the data of an event, from pieces that may end in the middle of a character.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The front of a long one: well-formed, with U+FFFD where it was not.
    text: String,
    /// How many bytes of the wire `text` stands for.
    checked: usize,
    /// What follows, as it came.
    raw: Vec<u8>,
}

impl Gathered {
    /// How many bytes of the wire it is made of.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.checked + self.raw.len()
    }

    /// Appends bytes of the wire.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.len() < LONG {
            self.raw.extend_from_slice(bytes);
        } else {
            self.push_long(bytes);
        }
    }

    /// Appends a long piece from inside a long line: well-formed text without a line end. Gives whether it is that.
    ///
    /// It is copied before it is searched: the copy goes to memory that is far away, and the search need not wait for it.
    #[inline(always)]
    pub(super) fn push_inside(&mut self, piece: &[u8]) -> bool {
        if piece.len() < LONG || self.checked == 0 || !self.raw.is_empty() || utf8::begun_len(piece) != 0 {
            return false;
        }
        let Ok(text) = utf8::check(piece) else { return false };
        let len = self.text.len();
        self.text.push_str(text);
        if line_ends::find(piece).is_some() {
            self.text.truncate(len);
            return false;
        }
        self.checked += piece.len();
        true
    }

    #[inline(never)]
    fn push_long(&mut self, mut bytes: &[u8]) {
        if self.checked == 0 {
            if self.raw.len() + bytes.len() <= STEP {
                self.raw.extend_from_slice(bytes);
                return;
            }
            // It doubles from here. The allocators like powers of two better than what a first piece happens to have.
            self.text.reserve(8 * STEP);
        }
        if !self.raw.is_empty() {
            // The rest of a character that was cut. It has three bytes at most, and none of them begins another one.
            let is_inside = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
            let (inside, rest) = bytes.split_at(bytes.iter().take(3).take_while(is_inside).count());
            self.raw.extend_from_slice(inside);
            self.check_raw();
            bytes = rest;
        }
        while !bytes.is_empty() {
            let step = &bytes[..bytes.len().min(STEP)];
            let whole = step.len() - utf8::begun_len(step);
            if whole == 0 {
                self.raw.extend_from_slice(step);
                break;
            }
            utf8::append(&step[..whole], &mut self.text);
            self.checked += whole;
            bytes = &bytes[whole..];
        }
    }

    /// Appends what another one says from `start` on, which is complete ([`Gathered::complete`]). So is this one.
    pub(super) fn append(&mut self, other: &Self, start: usize) {
        if other.checked == 0 {
            self.push(&other.raw[start..]);
        } else {
            self.check_raw();
            self.text.push_str(&other.text[start..]);
            self.checked += other.checked - start;
        }
    }

    /// Nothing more comes: a character that is cut at the end is malformed.
    #[inline]
    pub(super) fn complete(&mut self) {
        if self.checked != 0 {
            self.check_raw();
        }
    }

    /// The bytes: of a short one those of the wire, of a long one those of its text, which has to be complete.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        if self.checked == 0 { &self.raw } else { self.text.as_bytes() }
    }

    /// What it says from `start` on. In front of that there are ASCII characters only, and nothing is appended any more.
    #[inline]
    pub(super) fn text(&mut self, start: usize) -> &str {
        let Self { text, checked, raw } = self;
        if *checked == 0
            && let Ok(text) = utf8::check(&raw[start..])
        {
            return text;
        }
        // They stay in `raw`: the borrow of a text that is returned above does not end for the compiler.
        utf8::append(raw, text);
        &text[start..]
    }

    /// Takes a prefix off. Of a long one that is not possible any more.
    pub(super) fn strip(&mut self, prefix: &[u8]) {
        if self.raw.starts_with(prefix) {
            self.raw.drain(..prefix.len());
        }
    }

    /// Empties it, and gives back large buffers.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.raw.clear();
        if self.raw.capacity() > RETAINED {
            self.raw = Vec::new();
        }
        if !self.text.is_empty() {
            self.clear_text();
        }
    }

    #[cold]
    fn clear_text(&mut self) {
        self.checked = 0;
        self.text.clear();
        if self.text.capacity() > RETAINED {
            self.text = String::new();
        }
    }

    /// Moves what is there as it came to the text. What it ends with is a whole character, or malformed.
    fn check_raw(&mut self) {
        utf8::append(&self.raw, &mut self.text);
        self.checked += self.raw.len();
        self.raw.clear();
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    /// Characters of every length and malformed sequences, so many that steps and pieces end within them.
    fn wire() -> impl Strategy<Value = Vec<u8>> {
        let part = prop::sample::select(vec![
            &b"abcdefghijklmnop"[..],
            "é".as_bytes(),
            "漢字".as_bytes(),
            "\u{1F600}".as_bytes(),
            b"\xF0\x9F",
            b"\xE6\xBC",
            b"\xC3",
            b"\x80\x80\x80\x80",
            b"\xFF",
            b"\xED\xA0\x80",
        ]);
        let run = (part, 1..400_usize).prop_map(|(part, times)| part.repeat(times));
        prop::collection::vec(run, 0..6).prop_map(|runs| runs.concat())
    }

    #[test]
    fn a_piece_from_inside_a_line_has_no_line_end_and_is_well_formed() {
        let mut gathered = Gathered::default();
        let plain = vec![b'\t'; LONG];
        assert!(!gathered.push_inside(&plain), "it is the first one, and may end early");
        gathered.push(&plain);
        gathered.push(&plain.repeat(2));
        for (odd, at) in [(b'\n', 0), (b'\r', LONG - 1), (0xFF, LONG / 2), (0xC3, LONG - 1)] {
            let mut piece = plain.clone();
            piece[at] = odd;
            assert!(!gathered.push_inside(&piece), "{odd} at {at}");
            assert_eq!(gathered.len(), 3 * LONG);
            assert_eq!(gathered.bytes(), plain.repeat(3));
        }
        assert!(gathered.push_inside(&plain));
        assert_eq!(gathered.len(), 4 * LONG);
        assert_eq!(gathered.bytes(), plain.repeat(4));
    }

    proptest! {
        #[test]
        fn p01_any_pieces_say_what_the_whole_says(
            wire in wire(),
            sizes in prop::collection::vec(prop_oneof![1..9_usize, 1..STEP, STEP..4 * STEP], 1..8),
            value in wire(),
        ) {
            let line = [b"data: ", &*wire].concat();
            let said = String::from_utf8_lossy(&wire).to_string();
            let mut gathered = Gathered::default();
            for _ in 0..2 {
                let mut rest = &line[..];
                for size in sizes.iter().cycle() {
                    let (piece, after) = rest.split_at(rest.len().min(*size));
                    if !gathered.push_inside(piece) {
                        gathered.push(piece);
                    }
                    rest = after;
                    if rest.is_empty() {
                        break;
                    }
                }
                prop_assert_eq!(gathered.len(), line.len());
                gathered.complete();
                prop_assert!(gathered.bytes().starts_with(b"data: "));

                // As the second line of an event.
                let mut data = Gathered::default();
                data.push(&value);
                data.push(b"\n");
                data.append(&gathered, 6);
                prop_assert_eq!(data.len(), value.len() + 1 + wire.len());
                let both = String::from_utf8_lossy(&value).to_string() + "\n" + &said;
                prop_assert_eq!(data.text(0), both);

                prop_assert_eq!(gathered.text(6), &said);
                gathered.clear();
                prop_assert_eq!(gathered.len(), 0);
            }
        }
    }
}
