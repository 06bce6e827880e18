//! Protocol vectors; the tests are in `tests/`.
