//! Where lines end.

use core::array;

use memchr::memchr2;

/// The bytes that one step looks at.
pub(super) const BLOCK: usize = 64;

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
    /// The line ends of a text that is not longer than a block.
    #[inline(always)]
    pub(super) fn of_block(text: &[u8]) -> Self {
        let mut line_ends = Self::default();
        line_ends.take_block(text);
        line_ends
    }

    /// How long the text, which is one block, is without the line at its end that is unfinished.
    #[inline(always)]
    pub(super) fn whole_lines(&self) -> usize {
        BLOCK - self.mask.leading_zeros() as usize
    }

    /// Goes on in the text without its first `len` bytes. It is one block or has not been searched.
    #[inline(always)]
    pub(super) fn drop_front(&mut self, len: usize) {
        self.mask = self.mask.unbounded_shr(len as u32);
    }

    /// Whether the text has not been searched.
    #[inline(always)]
    pub(super) fn is_new(&self) -> bool {
        self.next == 0
    }

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

    /// Skips comments and blank lines from `at` on, where a line begins: those that end in the block. Gives where the
    /// first line begins that is not skipped.
    ///
    /// A connection that is kept alive brings hardly anything else. What a line is, its first byte tells, so the lines
    /// of the block are told apart all at once.
    #[inline(always)]
    pub(super) fn skip_idle(&mut self, text: &[u8], at: usize) -> usize {
        // That an end is left shows that the line at `at` begins in the block.
        if self.mask == 0 {
            return at;
        }
        let begin = self.next - BLOCK;
        let begins = (self.mask << 1) | (1 << (at - begin));
        let busy = begins & !mask(&text[begin..], |byte| matches!(byte, b':' | b'\n' | b'\r'));
        // The ends in front of the first busy line; all, if there is none.
        let idle = self.mask & (busy & busy.wrapping_neg()).wrapping_sub(1);
        self.mask &= !idle;
        idle.checked_ilog2().map_or(at, |last| begin + last as usize + 1)
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

    /// Takes the block at the front of `rest`.
    #[inline(always)]
    fn take_block(&mut self, rest: &[u8]) {
        self.mask = mask(rest, |byte| matches!(byte, b'\n' | b'\r'));
        self.next += BLOCK;
    }
}

/// A bit for each byte of the block at the front of `rest` that is one of those sought, the first byte's lowest. `rest`
/// may be shorter than a block.
#[inline(always)]
fn mask(rest: &[u8], is_sought: impl Fn(u8) -> bool) -> u64 {
    match rest.first_chunk() {
        Some(block) => mask_block(block, is_sought),
        None => {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            mask_block(&block, is_sought)
        }
    }
}

/// Written so that a compiler makes vector instructions of the comparisons on any target.
#[inline(always)]
fn mask_block(block: &[u8; BLOCK], is_sought: impl Fn(u8) -> bool) -> u64 {
    // Byte `8 * row + column` gets the bit `row`, so that the rows fit into one word.
    let bits: [u8; BLOCK] = array::from_fn(|at| if is_sought(block[at]) { 1 << (at / 8) } else { 0 });
    let (rows, _) = bits.as_chunks();
    match rows.iter().fold(0, |word, &row| word | u64::from_le_bytes(row)) {
        0 => 0,
        word => transpose(word),
    }
}

/// Moves bit `row` of byte `column` to bit `column` of byte `row`: swaps bits, then squares of two by two, then of four by
/// four.
#[inline(always)]
fn transpose(word: u64) -> u64 {
    let swap = |word: u64, distance: u32, lower: u64| {
        let differ = (word ^ (word >> distance)) & lower;
        word ^ differ ^ (differ << distance)
    };
    let word = swap(word, 7, 0x00AA_00AA_00AA_00AA);
    let word = swap(word, 14, 0x0000_CCCC_0000_CCCC);
    swap(word, 28, 0x0000_0000_F0F0_F0F0)
}
