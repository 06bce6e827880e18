//! The ways to cut a stream into chunks.

/// A way to cut a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// Not at all.
    Whole,
    /// Every so many bytes.
    Every(usize),
    /// Mostly every few bytes, now and then not for a while, and sometimes twice in the same place: a chunk may be
    /// empty.
    Mixed(u8),
}

impl Chunks {
    /// The way that a character of the input chooses: `0` for whole, `1` to `9` for that many bytes, any other
    /// for a mixture that depends on it.
    #[must_use]
    pub fn chosen_by(character: u8) -> Self {
        match character {
            b'0' => Self::Whole,
            b'1'..=b'9' => Self::Every(usize::from(character - b'0')),
            _ => Self::Mixed(character),
        }
    }

    /// Cuts `stream`.
    #[must_use]
    pub fn cut(self, mut stream: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![stream],
            Self::Every(bytes) => stream.chunks(bytes).collect(),
            Self::Mixed(seed) => {
                let mut chunks = Vec::new();
                let mut state = u64::from(seed);
                while !stream.is_empty() {
                    // Knuth's MMIX generator; its upper bits are good enough to choose by.
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let chosen = (state >> 56) as usize;
                    let length = if chosen < 16 { 64 } else { chosen % 8 };
                    let (chunk, rest) = stream.split_at(length.min(stream.len()));
                    chunks.push(chunk);
                    stream = rest;
                }
                chunks
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_keeps_every_byte() {
        let stream: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for character in 0..=255 {
            assert_eq!(Chunks::chosen_by(character).cut(&stream).concat(), stream, "{character}");
        }
    }
}
