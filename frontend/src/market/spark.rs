//! The spark line of a row, as an SVG path.

use std::fmt::Write as _;

/// The width of the view box.
pub(super) const WIDTH: u32 = 96;

/// The height of the view box.
pub(super) const HEIGHT: u32 = 32;

/// Kept free above and below the line, so that its stroke is not cut off.
const MARGIN: f64 = 3.0;

/// The path of a line through `prices`, oldest first; empty for fewer than two.
///
/// Coordinates are tenths of the view box's unit: whole numbers keep float formatting out of the wasm.
#[must_use]
pub(super) fn path(prices: impl ExactSizeIterator<Item = f64> + Clone) -> String {
    let count = prices.len();
    if count < 2 {
        return String::new();
    }
    let (low, high) =
        prices.clone().fold((f64::MAX, f64::MIN), |(low, high), price| (low.min(price), high.max(price)));
    let span = high - low;
    let mut path = String::with_capacity(count * 9);
    for (index, price) in prices.enumerate() {
        let x = f64::from(WIDTH) * 10.0 * index as f64 / (count - 1) as f64;
        let part = if span > 0.0 { (high - price) / span } else { 0.5 };
        let y = (MARGIN + part * (f64::from(HEIGHT) - 2.0 * MARGIN)) * 10.0;
        let command = if index == 0 { 'M' } else { 'L' };
        // Writing to a `String` cannot fail.
        let _ = write!(path, "{command}{} {}", x.round() as u32, y.round() as u32);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_price_is_at_the_top_and_the_newest_at_the_right() {
        assert_eq!(path([1.0, 3.0, 2.0].into_iter()), "M0 290L480 30L960 160");
    }

    #[test]
    fn a_flat_line_runs_through_the_middle() {
        assert_eq!(path([5.0, 5.0].into_iter()), "M0 160L960 160");
    }

    #[test]
    fn one_price_is_no_line() {
        assert_eq!(path([5.0].into_iter()), "");
    }
}
