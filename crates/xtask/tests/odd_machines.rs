//! The tool where something is not as usual, in a repository whose tools do nothing.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// What the page needs, each by the little that it is asked for.
const TOOLS: [(&str, &str); 6] = [
    ("cargo", "[ \"$1\" != metadata ] || echo '{ \"packages\": [] }'"),
    ("rustc", "case \"$*\" in *target-libdir*) echo / ;; *) echo rustc 1.0.0 ;; esac"),
    (
        "trunk",
        "if [ \"$1\" = build ]; then mkdir -p dist && touch dist/index.html; else echo trunk 0.21.14; fi",
    ),
    ("wasm-bindgen", "echo wasm-bindgen 1.0.0"),
    ("wasm-bindgen-test-runner", "echo wasm-bindgen-test-runner 1.0.0"),
    ("node", "[ \"$1\" != --version ] || echo v20.0.0"),
];

/// A repository with an empty page.
struct House(TempDir);

impl House {
    fn new() -> Self {
        let house = Self(tempfile::tempdir().expect("a folder"));
        house.write("Cargo.toml", "");
        house.write("Cargo.lock", "[[package]]\nname = \"wasm-bindgen\"\nversion = \"1.0.0\"\n");
        house.write("index.html", "");
        house.write("frontend/package-lock.json", "{ \"packages\": {} }");
        house.write("frontend/node_modules/.package-lock.json", "{ \"packages\": {} }");
        for (name, script) in TOOLS {
            house.tool(name, script);
        }
        house
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("has a folder")).expect("can be made");
        fs::write(path, text).expect("can be written");
    }

    /// A tool that comes before all others.
    fn tool(&self, name: &str, script: &str) {
        let path = format!("target/xtask/tools/bin/{name}");
        self.write(&path, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.path().join(path), PermissionsExt::from_mode(0o755)).expect("is ours");
    }

    /// The same without Node.
    fn without_node() -> Self {
        let house = Self::new();
        house.write("benches/package-lock.json", "{ \"packages\": {} }");
        house.write("tests/e2e/package-lock.json", "{ \"packages\": {} }");
        fs::remove_file(house.path().join("target/xtask/tools/bin/node")).expect("is there");
        house
    }

    /// The same without the packages of the benchmarks, which npm installs.
    fn without_packages() -> Self {
        let house = Self::new();
        house.write("benches/package-lock.json", "{ \"packages\": {} }");
        house.tool(
            "npm",
            "echo npm was here\nmkdir -p node_modules && echo '{ \"packages\": {} }' > node_modules/.package-lock.json",
        );
        house
    }

    /// `cargo xtask …`, called there.
    fn xtask(&self, line: &str) -> Command {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.args(line.split_whitespace()).current_dir(self.path()).stdin(Stdio::null());
        xtask.env("CARGO_MANIFEST_DIR", self.path().join("crates/xtask"));
        xtask.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        xtask
    }

    /// What it says when it fails.
    fn error(&self, line: &str, variable: (&str, &str)) -> String {
        let output = self.xtask(line).env(variable.0, variable.1).output().expect("xtask starts");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("it writes text")
    }

    /// What it says of what is missing, on a system without any programs. Some have browsers elsewhere.
    fn plan(&self, line: &str) -> String {
        let mut xtask = self.xtask(line);
        xtask.env("PATH", "").env("CARGO_HOME", self.path());
        xtask.env("CHROMIUM", "/no/such/file").env("FIREFOX", "/no/such/file");
        String::from_utf8(xtask.output().expect("xtask starts").stderr).expect("it writes text")
    }
}

/// Unlike what is said of the work: the result is what was asked for.
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let house = House::new();
    house.tool("cargo", "echo '{}'");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut bench = house.xtask("bench history --json");
    let output = bench.stdout(writer).stderr(Stdio::piped()).spawn().and_then(Child::wait_with_output);
    let output = output.expect("xtask starts");
    let said = String::from_utf8(output.stderr).expect("it writes text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("could not write the result"), "{said}");
}

#[test]
fn what_a_benchmark_that_fails_has_measured_is_told() {
    let house = House::new();
    house.tool("cargo", "echo '{}'; exit 3");
    let output = house.xtask("bench history --json").output().expect("xtask starts");
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(3), &b"{}\n"[..]));
}

#[test]
fn nobody_has_to_read_what_it_says() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let house = House::new();
    let size = || {
        let writer = || writer.try_clone().expect("can be shared");
        house.xtask("size").stdout(writer()).stderr(writer()).status().expect("xtask starts").code()
    };
    assert_eq!(size(), Some(0));
    assert!(house.path().join("dist/index.html").is_file());
    fs::remove_file(house.path().join("index.html")).expect("is there");
    assert_eq!(size(), Some(1), "it fails, and does not panic");
}

#[test]
fn trunk_is_told_of_colours_in_its_own_words() {
    let house = House::new();
    house.tool(
        "trunk",
        "[ \"$1\" = build ] || exec echo trunk 0.21.14\n\
         mkdir -p dist && touch dist/index.html && echo \"${NO_COLOR-not set}\" >> said",
    );
    for value in ["", "1"] {
        house.write("index.html", value);
        assert!(house.xtask("size").env("NO_COLOR", value).status().expect("xtask starts").success());
    }
    assert_eq!(fs::read_to_string(house.path().join("said")).expect("trunk ran"), "not set\ntrue\n");
}

#[test]
fn of_two_builds_of_the_page_one_waits() {
    let house = House::new();
    let lock = fs::File::create(house.path().join("target/xtask/page.lock")).expect("can be made");
    lock.lock().expect("nobody else has it");
    let mut second =
        house.xtask("size").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("xtask starts");
    let mut said = BufReader::new(second.stderr.take().expect("is piped")).lines();
    let line = said.next().expect("it says something").expect("it writes text");
    assert_eq!(line, "another cargo xtask builds the page: waiting for it to end");
    assert!(!house.path().join("dist").exists());
    drop(lock);
    assert!(second.wait().expect("it ends").success());
    assert!(house.path().join("dist/index.html").is_file());
}

#[test]
fn a_benchmark_names_all_that_is_missing_at_once() {
    for line in ["bench browser", "bench market"] {
        let plan = House::without_node().plan(line);
        assert!(plan.contains("Node.js") && plan.contains("Chromium"), "{line}: {plan}");
    }
}

#[test]
fn what_is_installed_is_said_where_no_result_is_expected() {
    let house = House::without_packages();
    let output = house.xtask("setup --only benches").output().expect("xtask starts");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(" npm ci ") && said.contains("\nnpm was here\n"), "{said}");
}

#[test]
fn flags_of_the_user_that_replace_ours_are_not_passed_over_in_silence() {
    let house = House::new();
    let said = |variable: &str, flags: &str| {
        house.write("index.html", flags);
        let output = house.xtask("size").env(variable, flags).output().expect("xtask starts");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        let said = said(variable, "-Copt-level=1");
        assert!(said.contains(&format!("{variable} is set")), "{said}");
    }
    assert_eq!(said("NO_FLAGS", ""), "");
}

#[test]
fn only_what_listens_can_be_stopped() {
    let house = House::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("it has one").to_string();
    let said = house.error("serve", ("SSE_LISTEN", &address));
    assert!(said.to_lowercase().contains("stop") && said.contains("nother address: "), "{said}");
    // For documentation: no machine has it.
    let said = house.error("serve", ("SSE_LISTEN", "192.0.2.1:8080"));
    assert!(!said.to_lowercase().contains("stop") && said.contains("nother address: "), "{said}");
}

#[test]
fn the_address_of_an_example_is_checked_before_it_is_built() {
    let house = House::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("it has one").to_string();
    let said = house.error("example ssr-axum", ("LEPTOS_SITE_ADDR", &address));
    assert!(said.contains(&format!("cannot listen on {address}: something else listens")), "{said}");
    assert!(said.contains("LEPTOS_SITE_ADDR="), "{said}");
}

#[test]
fn a_variable_that_says_no_address_is_named() {
    let house = House::new();
    for (line, variable) in [("serve", "SSE_LISTEN"), ("example ssr-axum", "LEPTOS_SITE_ADDR")] {
        let said = house.error(line, (variable, ""));
        assert!(said.contains(variable), "{said}");
    }
}

#[test]
fn only_tests_can_do_without_and_only_what_they_do_not_need() {
    let [fewer_engines, fewer_suites] = ["test --browser chrome", "test --suite layers,lint,native"];
    let house = House::new();
    let plan = house.plan("setup --dry-run --only firefox");
    assert!(plan.contains(fewer_engines) && !plan.contains(fewer_suites), "{plan}");
    let plan = house.plan("setup --dry-run --only firefox,browser");
    assert!(!plan.contains(fewer_engines) && plan.contains(fewer_suites), "it needs Chromium: {plan}");
    let house = House::without_node();
    for line in ["setup --dry-run --only browser,frontend", "bench market"] {
        let plan = house.plan(line);
        assert!(plan.contains("Chromium") && !plan.contains("do without"), "{line}: {plan}");
    }
}

#[test]
fn a_relative_folder_of_the_search_path_is_below_the_folder_of_the_caller() {
    let house = House::new();
    fs::create_dir_all(house.path().join("sub/bin")).expect("can be made");
    let bin = |folder: &str| house.path().join(folder).join("trunk");
    fs::rename(bin("target/xtask/tools/bin"), bin("sub/bin")).expect("is there");
    let mut xtask = house.xtask("size");
    let path = format!("bin:{}", std::env::var("PATH").expect("is set"));
    xtask.env("PATH", path).current_dir(house.path().join("sub"));
    assert!(xtask.status().expect("xtask starts").success());
}

#[test]
fn what_is_to_be_done_by_hand_is_said_once() {
    let plan = House::without_node().plan("setup --dry-run --only frontend,e2e,benches");
    assert_eq!(plan.matches("Node.js: node was not found").count(), 1, "{plan}");
    assert_eq!(plan.matches("Install Node.js").count(), 1, "{plan}");
}

#[test]
fn what_installing_leaves_behind_is_removed() {
    let house = House::without_packages();
    house.write("target/xtask/install/release/libsyn.rlib", "two gigabytes");
    assert!(house.xtask("setup --only benches").status().expect("xtask starts").success());
    assert!(!house.path().join("target/xtask/install").exists());
}

#[test]
fn of_two_that_install_one_waits_and_finds_it_done() {
    let house = House::without_packages();
    let lock = fs::File::create(house.path().join("target/xtask/install.lock")).expect("can be made");
    lock.lock().expect("nobody else has it");
    let mut second =
        house.xtask("setup --only benches").stderr(Stdio::piped()).spawn().expect("xtask starts");
    let mut said = BufReader::new(second.stderr.take().expect("is piped")).lines();
    let mut line = || said.next().expect("it says something").expect("it writes text");
    assert_eq!(line(), "another cargo xtask installs what is missing: waiting for it to end");
    house.write("benches/node_modules/.package-lock.json", "{ \"packages\": {} }");
    drop(lock);
    assert_eq!(line(), "Everything is in place.");
    assert!(second.wait().expect("it ends").success());
}
