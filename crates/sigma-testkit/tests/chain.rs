//! The daily chain over the demo books, by the tools' own programs, on both databases.
//!
//! What a stranger checks after `just demo`: net asset values to the cent, everything stored, a second run that changes
//! nothing, single days equal to a replayed range, report files that come out byte for byte the same, and one clear line
//! for bad input.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sigma_testkit::demo_store;
use sigma_testkit::postgres::PrivateServer;

/// Programs and a database in a folder of their own, with nothing from the environment but the clock.
struct Chain {
    folder: tempfile::TempDir,
    database_url: String,
}

impl Chain {
    fn new(database_url: impl FnOnce(&Path) -> String) -> Chain {
        let folder = tempfile::tempdir().unwrap();
        let database_url = database_url(folder.path());
        Chain { folder, database_url }
    }

    fn run(&self, line: &str) -> Output {
        let mut words = line.split_whitespace();
        let tool = program(words.next().unwrap());
        let folder = demo_store::folder();
        let data = |word: &str| word.replace("DATA", folder.to_str().unwrap());
        Command::new(&tool)
            .args(words.map(data))
            .env_clear()
            .env("DATABASE_URL", &self.database_url)
            .env("SIGMA_NOW", "2025-07-01T12:00:00Z")
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; run `cargo build --workspace` first", tool.display())
            })
    }

    /// Runs a line that must succeed; returns its closing line.
    fn done(&self, line: &str) -> String {
        let output = self.run(line);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}\n{stderr}");
        stderr.lines().last().unwrap_or_default().to_owned()
    }

    fn rows(&self, line: &str) -> Vec<Value> {
        let output = self.run(&format!("{line} --format json"));
        assert_eq!(output.status.code(), Some(0), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        json["rows"].as_array().unwrap_or_else(|| panic!("{line}: no rows in {json}")).clone()
    }

    fn refused(&self, line: &str, code: i32, words: &[&str]) {
        let output = self.run(line);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}\n{stderr}");
        for word in words {
            assert!(stderr.contains(word), "{line}: `{word}` is not in\n{stderr}");
        }
    }

    fn reports(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for folder in std::fs::read_dir(self.folder.path().join("reports")).unwrap() {
            for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                files.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
        files.sort();
        files
    }
}

/// A tool beside this test's own program: both are built by `cargo test --workspace`.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap();
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

const RANGE: &str = "--from 2025-06-24 --to 2025-06-30";

const ENGINES: [&str; 4] =
    ["sigma-greeks run", "sigma-factors run", "sigma-stress run", "sigma-report snapshot"];

fn tell(chain: &Chain) {
    chain.done("sigma-seed migrate");
    chain.done("sigma-seed demo --data-dir DATA");
    chain.done(&format!("sigma-sync run {RANGE} --provider file --path DATA/market"));
    for engine in ENGINES {
        chain.done(&format!("{engine} {RANGE}"));
    }
    chain.done("sigma-report generate");
    values_are_right(chain);
    everything_is_stored(chain);
    nothing_changes_twice(chain);
    missing_engines_are_named(chain);
    bad_input_is_one_clear_line(chain);
}

fn values_are_right(chain: &Chain) {
    let snapshots = chain.rows("sigma-report show");
    let cents = |row: &Value, key: &str| (row[key].as_f64().unwrap() * 100.0).round() as i64;
    let found: Vec<_> = snapshots
        .iter()
        .map(|row| {
            (
                row["portfolio"].as_str().unwrap(),
                cents(row, "nav_usd"),
                row["position_count"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(found[0], ("demo-individual", 48_500_000, 16));
    assert_eq!(found[1], ("demo-hnw", 285_000_000, 17));
    assert_eq!((found[2].0, found[2].2), ("demo-hedgefundstyle", 30));
    assert!((505_000_000..515_000_000).contains(&found[2].1), "{found:?}");
    assert_eq!(cents(&snapshots[1], "net_usd"), 132_673_475);

    let by_type = chain.rows("sigma-report exposures --by asset_type --portfolio demo-hedgefundstyle");
    let stocks = by_type.iter().find(|row| row["bucket"] == "stock").unwrap();
    assert_eq!((cents(stocks, "gross_usd"), cents(stocks, "net_usd")), (495_570_000, 211_770_000));

    // A rally helps a long book, and the bonds of the balanced book fall when yields rise.
    let risk = chain.rows("sigma-stress market-risk --portfolio demo-individual");
    let pnl = |id: &str| risk.iter().find(|row| row["scenario"] == id).unwrap()["pnl_usd"].as_f64().unwrap();
    assert!(pnl("market_up_10pct") > 0.0 && pnl("market_down_10pct") < 0.0);
    assert!(pnl("rates_up_100bp") < 0.0 && pnl("rates_down_100bp") > 0.0);
}

fn everything_is_stored(chain: &Chain) {
    assert_eq!(chain.rows("sigma-greeks show").len(), 8);
    assert_eq!(chain.rows("sigma-stress show").len(), 18 * 3);
    let loadings = chain.rows("sigma-factors show --instruments");
    let with_loadings: BTreeSet<_> = loadings.iter().map(|row| row["symbol"].as_str().unwrap()).collect();
    let positions = chain.rows("sigma-report positions");
    assert_eq!(positions.len(), 63);
    for row in positions.iter().filter(|row| row["type"] != "option") {
        let symbol = row["symbol"].as_str().unwrap();
        assert!(with_loadings.contains(symbol), "{symbol} has no loadings");
    }
    assert_eq!(chain.reports().len(), 9);
    chain.done("sigma-validate check");
    chain.done("sigma-validate books");
}

fn nothing_changes_twice(chain: &Chain) {
    let reports = chain.reports();
    let unchanged = |line: &str| {
        let closing = chain.done(line);
        assert!(closing.contains(" changed=0 "), "{line}: {closing}");
    };
    unchanged("sigma-seed demo --data-dir DATA");
    unchanged(&format!("sigma-sync run {RANGE} --provider file --path DATA/market"));
    for engine in ENGINES {
        unchanged(&format!("{engine} {RANGE}"));
        unchanged(&format!("{engine} --as-of 2025-06-27"));
        // Without a date: the last completed session, seen from the fixed clock.
        unchanged(engine);
    }
    chain.done("sigma-report generate");
    assert_eq!(chain.reports(), reports);
}

fn missing_engines_are_named(chain: &Chain) {
    // A snapshot of a day for which no engine ran: the report is written and says what to run.
    chain.done("sigma-sync run --as-of 2025-06-20 --provider file --path DATA/market");
    chain.done("sigma-report snapshot --as-of 2025-06-20");
    chain.refused(
        "sigma-report generate --as-of 2025-06-20 --portfolio demo-hnw --output-dir partial",
        3,
        &["sigma-factors run --as-of 2025-06-20", "sigma-stress run --as-of 2025-06-20"],
    );
    assert!(chain.folder.path().join("partial/demo-hnw_2025-06-20/portfolio_report.md").exists());
}

fn bad_input_is_one_clear_line(chain: &Chain) {
    chain.refused("sigma-report show --portfolio nobody", 2, &["nobody", "demo-hnw"]);
    chain.refused("sigma-greeks run --as-of 2025-13-01", 2, &["2025-13-01", "YYYY-MM-DD"]);
    chain.refused("sigma-greeks run --as-of 2025-07-02", 2, &["2025-07-02", "--as-of 2025-06-30"]);
    chain.refused("sigma-sync run --provider file --path no-such-folder", 2, &["no-such-folder"]);
    chain.refused(
        "sigma-report show --database-url sqlite:elsewhere.db",
        1,
        &["elsewhere.db", "sigma-seed migrate"],
    );
    chain.refused("sigma-report show --database-url postgres://nobody@127.0.0.1:1/none", 6, &["127.0.0.1:1"]);
    chain.refused("sigma-report positions --sort nonsense", 2, &["nonsense", "market_value_usd"]);
}

#[test]
fn the_daily_chain_on_sqlite() {
    tell(&Chain::new(|folder| format!("sqlite:{}", folder.join("sigma.db").display())));
}

#[test]
fn the_daily_chain_on_postgresql() {
    let Some(server) = PrivateServer::start().unwrap() else { return };
    let url = server.create_database().unwrap();
    tell(&Chain::new(|_| url));
}
