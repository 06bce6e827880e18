//! Counting tests in what the test programs print.

use std::ops::AddAssign;

use anyhow::{Context, Result};
use serde_json::Value;

/// How many tests ran, and how they ended. Ignored tests did not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    pub(crate) fn ran(self) -> u64 {
        self.passed + self.failed
    }

    /// One check that is a test of its own.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: passed.into(), failed: (!passed).into() }
    }

    /// A program may fail without a failed test: it did not compile, it crashed, the browser never came up.
    pub(crate) fn with_exit(mut self, success: bool) -> Self {
        if !success && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// The line that libtest and wasm-bindgen-test print at the end of each test program:
    /// `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
    pub(super) fn from_result_line(line: &str) -> Option<Self> {
        let line = without_colours(line);
        let (_, counts) = line.split_once("test result: ")?;
        let number = |name: &str| {
            let (before, _) = counts.split_once(name)?;
            before.split(|c: char| !c.is_ascii_digit()).rfind(|word| !word.is_empty())?.parse().ok()
        };
        Some(Self { passed: number(" passed")?, failed: number(" failed")? })
    }

    /// The report of Playwright's `json` reporter. A test that passed only when repeated is counted as passed,
    /// as Playwright does; how many repetitions there are is for its configuration to say.
    pub(super) fn from_playwright(report: &Value) -> Result<Self> {
        let stats = &report["stats"];
        let number = |name: &str| {
            stats[name].as_u64().with_context(|| format!("Playwright reports no `stats.{name}`"))
        };
        Ok(Self { passed: number("expected")? + number("flaky")?, failed: number("unexpected")? })
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Removes the escape sequences that colour a terminal.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        plain += before;
        rest = escape.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_result_line_of_libtest_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.1s";
        assert_eq!(Count::from_result_line(line), Some(Count { passed: 12, failed: 3 }));
    }

    #[test]
    fn colours_and_indentation_do_not_matter() {
        let line = "    test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 2 passed; 0 failed; 0 ignored; 0 filtered out\r\n";
        assert_eq!(Count::from_result_line(line), Some(Count { passed: 2, failed: 0 }));
    }

    #[test]
    fn other_lines_are_not_counted() {
        for line in ["running 3 tests", "test a ... ok", "test result: unknown", ""] {
            assert_eq!(Count::from_result_line(line), None, "{line}");
        }
    }

    #[test]
    fn the_report_of_playwright_is_counted() {
        let report = json!({ "stats": { "expected": 5, "skipped": 1, "unexpected": 2, "flaky": 1 } });
        assert_eq!(Count::from_playwright(&report).ok(), Some(Count { passed: 6, failed: 2 }));
        assert!(Count::from_playwright(&json!({})).is_err());
    }

    #[test]
    fn a_program_that_failed_without_a_failed_test_counts_as_one() {
        let count = Count { passed: 3, failed: 0 };
        assert_eq!(count.with_exit(true).failed, 0);
        assert_eq!(count.with_exit(false).failed, 1);
        assert_eq!(Count { passed: 0, failed: 2 }.with_exit(false).failed, 2);
    }
}
