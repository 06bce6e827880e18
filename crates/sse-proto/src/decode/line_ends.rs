//! Where lines end.

use memchr::memchr2;

/// The bytes that one step looks at.
const BLOCK: usize = 64;

/// Finds every CR and LF of a text in turn.
///
/// The lines of an event stream are short: a search that is started anew for each costs more than the search. So
/// a block's line ends are found at once, as the bits of a mask, and a step is a few instructions without a
/// branch that depends on a line's length. Only where a block holds none is the text searched at full width.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineEnds {
    /// A bit for each line end of the block that has not been told.
    mask: u64,
    /// Where the block after it begins.
    next: usize,
    /// How far the last search had to go: long lines come in rows.
    skipped: usize,
}

impl LineEnds {
    /// The position of the next CR or LF. `text` is the same in every call.
    #[inline(always)]
    pub(super) fn next(&mut self, text: &[u8]) -> Option<usize> {
        if self.mask == 0 {
            self.find_block(text)?;
        }
        let end = self.next - BLOCK + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(end)
    }

    /// Goes to the next block that holds a line end.
    #[inline]
    fn find_block(&mut self, text: &[u8]) -> Option<()> {
        let rest = text.get(self.next..).filter(|rest| !rest.is_empty())?;
        if self.skipped < BLOCK {
            self.take_block(rest);
            if self.mask != 0 {
                return Some(());
            }
        }
        let rest = text.get(self.next..)?;
        self.skipped = memchr2(b'\n', b'\r', rest)?;
        self.next += self.skipped;
        self.take_block(&rest[self.skipped..]);
        Some(())
    }

    /// Takes the block at the front of `rest`, which may be shorter than a block.
    #[inline(always)]
    fn take_block(&mut self, rest: &[u8]) {
        self.mask = match rest.first_chunk() {
            Some(block) => mask(block),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                mask(&block)
            }
        };
        self.next += BLOCK;
    }
}

/// A bit for each byte of `block` that is CR or LF, the first byte's lowest.
///
/// Written so that a compiler makes vector instructions of the comparisons on any target.
#[inline(always)]
fn mask(block: &[u8; BLOCK]) -> u64 {
    /// Moves the lowest bit of each of eight bytes next to each other, into the highest byte of a product. No two
    /// of its bits meet, so nothing is carried.
    const GATHER: u64 = 0x0102_0408_1020_4080;

    let ends = block.map(|byte| u8::from(byte == b'\n' || byte == b'\r'));
    let (words, _) = ends.as_chunks::<8>();
    let mut mask = 0;
    for (at, word) in words.iter().enumerate() {
        mask |= (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56) << (8 * at);
    }
    mask
}
