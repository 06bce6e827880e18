//! Where lines end.

use core::array;

use memchr::memchr2;

/// The bytes that one step looks at.
pub(super) const BLOCK: usize = 64;

/// The position of the first CR or LF of a piece of a long line, which hardly ever has one.
///
/// Whether any byte is as low as they are is found out faster: the compiler makes vectors of it. Where there are none,
/// `memchr` is faster.
#[inline]
pub(super) fn find(piece: &[u8]) -> Option<usize> {
    if !cfg!(target_family = "wasm") && lowest(piece).is_some_and(|lowest| lowest > b'\r') {
        return None;
    }
    memchr2(b'\n', b'\r', piece)
}

/// The lowest byte of a piece that is a block or more.
#[inline]
fn lowest(piece: &[u8]) -> Option<u8> {
    let mut lowest = *piece.last_chunk::<BLOCK>()?;
    for block in piece.as_chunks::<BLOCK>().0 {
        for (lowest, byte) in lowest.iter_mut().zip(block) {
            *lowest = (*lowest).min(*byte);
        }
    }
    lowest.into_iter().min()
}

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

    /// The position of the next CR or LF of a text that is one block.
    #[inline(always)]
    pub(super) fn next_of_block(&mut self) -> Option<usize> {
        if self.mask == 0 {
            return None;
        }
        let end = self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(end)
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

    /// Skips the LF at `at`, which belongs to the CR that was told last. Not if it is in another block.
    #[inline(always)]
    pub(super) fn skip_lf(&mut self, text: &[u8], at: usize) -> usize {
        if self.mask == 0 || text.get(at) != Some(&b'\n') {
            return at;
        }
        self.mask &= self.mask - 1;
        at + 1
    }

    /// Skips comments and blank lines from `at` on, where a line begins: those that end in the block. Gives where the
    /// first line begins that is not skipped.
    ///
    /// A connection that is kept alive brings hardly anything else. What a line is, its first byte tells, so the lines
    /// of the block are told apart all at once.
    #[inline(always)]
    pub(super) fn skip_idle(&mut self, text: &[u8], at: usize) -> usize {
        // That an end is left shows that the line at `at` begins in the block, or right behind it: if that end is the LF of
        // a CRLF.
        if self.mask == 0 {
            return at;
        }
        let begin = self.next - BLOCK;
        let begins = (self.mask << 1) | 1_u64.unbounded_shl((at - begin) as u32);
        let busy = begins & !(self.mask | mask(&text[begin..], [b':']));
        // The ends in front of the first busy line; all, if there is none.
        let idle = self.mask & (busy & busy.wrapping_neg()).wrapping_sub(1);
        self.mask &= !idle;
        idle.checked_ilog2().map_or(at, |last| begin + last as usize + 1)
    }

    /// Goes to the next block that holds a line end. Called for each block, so not called at all: that takes a sixth of the
    /// time of small events.
    #[inline(always)]
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
        self.mask = mask(rest, [b'\n', b'\r']);
        self.next += BLOCK;
    }
}

/// Whether the target has no vector instructions: WebAssembly, unless the page is built with `simd128`.
const SCALAR: bool = cfg!(all(target_family = "wasm", not(target_feature = "simd128")));

/// A bit for each byte of the block at the front of `rest` that is one of those sought, which are ASCII; the first byte's
/// lowest. `rest` may be shorter than a block.
#[inline(always)]
fn mask<const N: usize>(rest: &[u8], sought: [u8; N]) -> u64 {
    match rest.first_chunk() {
        Some(block) => mask_block(block, sought),
        None => {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            mask_block(&block, sought)
        }
    }
}

#[inline(always)]
fn mask_block<const N: usize>(block: &[u8; BLOCK], sought: [u8; N]) -> u64 {
    match if SCALAR { rows_by_word(block, sought) } else { rows_by_byte(block, sought) } {
        0 => 0,
        rows => transpose(rows),
    }
}

/// Byte `8 * row + column` gives bit `row` of byte `column`, so that the rows fit into one word. Written so that a
/// compiler makes vector instructions of the comparisons.
#[inline(always)]
fn rows_by_byte<const N: usize>(block: &[u8; BLOCK], sought: [u8; N]) -> u64 {
    let is_sought = |byte| sought.iter().fold(false, |is_sought, &one| is_sought | (byte == one));
    let bits: [u8; BLOCK] = array::from_fn(|at| if is_sought(block[at]) { 1 << (at / 8) } else { 0 });
    let (rows, _) = bits.as_chunks();
    rows.iter().fold(0, |word, &row| word | u64::from_le_bytes(row))
}

/// The same with the instructions that every target has, eight bytes at a time.
#[inline(always)]
fn rows_by_word<const N: usize>(block: &[u8; BLOCK], sought: [u8; N]) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const LOW_BITS: u64 = u64::from_le_bytes([0x7f; 8]);

    let (rows, _) = block.as_chunks();
    rows.iter().enumerate().fold(0, |word, (row, &bytes)| {
        let bytes = u64::from_le_bytes(bytes);
        // The highest bit of each byte that is another one: adding to the seven others carries unless they are zero.
        let others = sought.iter().fold(u64::MAX, |others, &one| {
            let difference = bytes ^ (ONES * u64::from(one));
            others & (((difference & LOW_BITS) + LOW_BITS) | difference)
        });
        word | (((!others >> 7) & ONES) << row)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_bytes_find_the_same() {
        let sought = [b':', b'\n', b'\r'];
        for byte in 0..=u8::MAX {
            // Neighbours from which a carry could come, or into which one could go.
            for neighbour in [0, b'\n', b'\r', 0x7f, 0x80, u8::MAX] {
                let block = array::from_fn(|at| if at % 3 == 1 { byte } else { neighbour });
                let (by_word, by_byte) = (rows_by_word(&block, sought), rows_by_byte(&block, sought));
                assert_eq!(by_word, by_byte, "{byte} beside {neighbour}");
            }
        }
    }

    #[test]
    fn the_first_line_end_of_a_piece_is_found_wherever_it_is() {
        for len in [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK - 1] {
            let plain = [b'\t', b'a'].repeat(len)[..len].to_vec();
            assert_eq!(find(&plain), None);
            for at in 0..len {
                let mut piece = plain.clone();
                piece[at] = [b'\n', b'\r'][at % 2];
                piece[len - 1] = b'\r';
                assert_eq!(find(&piece), Some(at), "of {len}");
            }
        }
    }
}
