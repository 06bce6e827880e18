//! Each rule of `CONFORMANCE.md` has a test that carries its number.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 4] = ["crates", "frontend", "server", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `p07` at the beginning of a text.
fn number(text: &str) -> Option<&str> {
    let number = text.get(..3)?;
    let digits = number.strip_prefix(['c', 'p'])?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(number)
}

/// The names of the tests in a source file. What is compiled or run only sometimes holds no rule.
fn tests(source: &str) -> Vec<&str> {
    let (mut names, mut attributes) = (Vec::new(), Vec::new());
    for line in source.lines().map(str::trim_start) {
        if let Some(attribute) = line.strip_prefix("#[") {
            attributes.extend(attribute.split(['(', ']', ' ']).next());
            continue;
        }
        let is_test =
            attributes.iter().any(|path| matches!(*path, "test" | "tokio::test" | "wasm_bindgen_test"));
        let is_always_run = !attributes.iter().any(|path| matches!(*path, "cfg" | "ignore"));
        let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        names.extend(name.filter(|_| is_test && is_always_run));
        if !line.starts_with("//") {
            attributes.clear();
        }
    }
    names
}

/// The numbers that the names of tests begin with, in every source file below a folder.
fn collect(folder: &Path, numbers: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target" && name != "node_modules") {
                collect(&path, numbers);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a source file");
            let names = tests(&source).into_iter().filter(|name| name.get(3..4) == Some("_"));
            numbers.extend(names.filter_map(number).map(str::to_owned));
        }
    }
}

#[test]
fn only_a_test_that_is_always_run_holds_a_rule() {
    let holds = |above: &str| tests(&format!("{above}fn p01_it() {{")).contains(&"p01_it() {");
    for test in ["#[test]\n", "#[test]\n// Why.\n", "    #[tokio::test(start_paused = true)]\n    async "] {
        assert!(holds(test), "{test}");
    }
    let not_run = ["#[test]\n#[ignore = \"slow\"]\n", "#[cfg(any())]\n#[test]\n"];
    for other in ["", "#[inline]\n", "#[test]\nfn another() {}\n"].into_iter().chain(not_run) {
        assert!(!holds(other), "{other}");
    }
}

#[test]
fn each_rule_has_a_test_or_is_said_to_have_none() {
    let page = fs::read_to_string(root().join("CONFORMANCE.md")).expect("the rules");
    let (rules, without) = page.split_once("## Without a test").expect("the list of exceptions");
    let rules: BTreeSet<_> =
        rules.lines().filter_map(|line| number(line.strip_prefix("| ")?)).map(str::to_owned).collect();
    let lists = without.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": "));
    let without: BTreeSet<_> =
        lists.flat_map(|(list, _)| list.split(", ").filter_map(number)).map(str::to_owned).collect();
    assert_eq!(rules.len(), 37, "the table of the rules was not read");

    let mut tested = BTreeSet::new();
    for folder in FOLDERS {
        collect(&root().join(folder), &mut tested);
    }
    assert_eq!(rules.difference(&tested).collect::<Vec<_>>(), without.iter().collect::<Vec<_>>());
    assert_eq!(tested.difference(&rules).count(), 0, "a test holds a rule that is not in the table");
}
