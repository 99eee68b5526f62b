//! The tool on the demo books and the demo market.

mod books;
mod check;
mod env;
mod history;
mod limits;
mod quality;
mod quarantine;

use std::process::Output;

use assert_cmd::Command;
use chrono::NaiveDate;
use serde_json::Value;
use sigma_testkit::demo_store::DemoStore;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The tool in the folder of the database, with nothing else in its environment.
fn command(demo: &DemoStore, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("sigma-validate").unwrap();
    command
        .current_dir(demo.dir.path())
        .env_clear()
        .env("SIGMA_NOW", "2025-07-01T12:00:00Z")
        .env("DATABASE_URL", &demo.url)
        .args(args);
    command
}

fn tool(demo: &DemoStore, args: &[&str]) -> Output {
    command(demo, args).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

fn rows<'a>(document: &'a Value, table: &str) -> &'a Vec<Value> {
    document["tables"][table].as_array().unwrap()
}

fn row<'a>(rows: &'a [Value], key: &str, value: &str) -> &'a Value {
    rows.iter().find(|row| row[key] == value).unwrap_or_else(|| panic!("no {key} {value} in {rows:?}"))
}
