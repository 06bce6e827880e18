//! Browser tests; they are in `tests/`.
