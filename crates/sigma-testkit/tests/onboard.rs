//! `scripts/onboard.sh` with tools that only write down how they were called: what it does again, and what it skips.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A tool that logs its call and ends with the code in a file of its name, if there is one. The import answers with its
/// next steps and says how many rows it changed.
const TOOL: &str = r#"#!/bin/sh
name=$(basename "$0")
echo "$name $*" >>"$TOOLS/calls"
if [ "$name" = sigma-seed ]; then
  while [ $# -gt 0 ]; do [ "$1" = -o ] && answer=$2; shift; done
  echo '{"command": "sigma-sync run --as-of 2025-06-30 --portfolio own"}' >"$answer"
  echo "sigma-seed ok verb=onboard stored=2 changed=$(cat "$TOOLS/changed") skipped=0 0.1s" >&2
fi
exit $(cat "$TOOLS/$name.code" 2>/dev/null || echo 0)
"#;

struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        for tool in ["seed", "sync", "validate", "greeks", "factors", "stress", "report"] {
            let path = desk.path(&format!("sigma-{tool}"));
            fs::write(&path, TOOL).unwrap();
            assert!(Command::new("chmod").arg("+x").arg(&path).status().unwrap().success());
        }
        fs::write(desk.path("pos.csv"), "ticker,quantity\nAAPL,1\n").unwrap();
        desk.changes(2);
        desk
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Rows that the next imports change.
    fn changes(&self, rows: u32) {
        fs::write(self.path("changed"), rows.to_string()).unwrap();
    }

    fn ends(&self, tool: &str, code: u32) {
        fs::write(self.path(&format!("{tool}.code")), code.to_string()).unwrap();
    }

    /// Exit code, and the verbs that were called.
    fn run(&self, options: &[&str]) -> (i32, Vec<String>, String) {
        let _ = fs::remove_file(self.path("calls"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/onboard.sh");
        let output = Command::new("bash")
            .arg(script)
            .args(options)
            .current_dir(self.0.path())
            .env("SIGMA_BIN_DIR", self.0.path())
            .env("TOOLS", self.0.path())
            .env("ONBOARD_WAIT", "0")
            .env_remove("DATABASE_URL")
            .output()
            .unwrap();
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let tools = calls.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
        (output.status.code().unwrap(), tools, String::from_utf8(output.stderr).unwrap())
    }
}

const OWN: [&str; 3] = ["pos.csv", "--portfolio", "Own"];
const CHAIN: [&str; 8] = [
    "sigma-seed",
    "sigma-sync",
    "sigma-validate",
    "sigma-greeks",
    "sigma-factors",
    "sigma-stress",
    "sigma-report",
    "sigma-report",
];
/// What every call does: it asks the database by importing, and writes the report.
const LEAST: [&str; 2] = ["sigma-seed", "sigma-report"];

#[test]
fn what_is_done_is_done_once_for_the_same_question_only() {
    let desk = Desk::new();
    assert_eq!(desk.run(&OWN).1, CHAIN);
    desk.changes(0);
    assert_eq!((desk.run(&OWN).0, desk.run(&OWN).1), (0, LEAST.map(str::to_owned).to_vec()));
    for more in [
        ["--provider", "file"],
        ["--path", "elsewhere"],
        ["--output-dir", "out"],
        ["--as-of", "2025-06-27"],
        ["--database-url", "sqlite:other.db"],
    ] {
        let options = [&OWN[..], &more].concat();
        assert_eq!(desk.run(&options).1, CHAIN, "{more:?}");
        assert_eq!(desk.run(&options).1, LEAST, "{more:?}");
    }
    // A new database, or one whose positions are others, is changed by the import.
    desk.changes(2);
    let (code, tools, told) = desk.run(&OWN);
    assert_eq!((code, tools), (0, CHAIN.map(str::to_owned).to_vec()));
    assert!(told.contains("every step is done again"), "{told}");
}

#[test]
fn partial_data_is_fetched_again_with_all_that_follows() {
    let desk = Desk::new();
    desk.ends("sigma-sync", 3);
    assert_eq!((desk.run(&OWN).0, desk.run(&OWN).0), (3, 3));
    desk.changes(0);
    assert_eq!(desk.run(&OWN).1, CHAIN);
    desk.ends("sigma-sync", 0);
    assert_eq!((desk.run(&OWN).0, desk.run(&OWN).1), (0, LEAST.map(str::to_owned).to_vec()));
}

#[test]
fn a_failed_step_ends_the_chain_and_is_where_it_goes_on() {
    let desk = Desk::new();
    desk.ends("sigma-factors", 1);
    let (code, tools, told) = desk.run(&OWN);
    assert_eq!((code, &tools[..]), (1, &CHAIN.map(str::to_owned)[..5]));
    assert!(told.contains("onboard failed steps=5/8"), "{told}");
    desk.ends("sigma-factors", 0);
    desk.changes(0);
    let (code, tools, _) = desk.run(&OWN);
    assert_eq!((code, &tools[1..]), (0, &CHAIN.map(str::to_owned)[4..]));
}

#[test]
fn wrong_calls_are_told_once() {
    let desk = Desk::new();
    for (options, told) in [
        (&["--portfolio", "Own"][..], "name the broker's FILE"),
        (&["none.csv", "--portfolio", "Own"], "none.csv: no such file"),
        (&["pos.csv", "--path"], "--path needs a value"),
        (&["pos.csv", "--dry-run"], "a preview is 'sigma-seed onboard FILE --dry-run'"),
    ] {
        let (code, tools, stderr) = desk.run(options);
        assert_eq!((code, tools.len(), stderr.lines().count()), (2, 0, 1), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
    }
}
