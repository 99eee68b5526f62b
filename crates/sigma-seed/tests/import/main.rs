//! Broker files into portfolios, as a shell sees it.

mod accounts;
mod changes;
mod deliveries;
mod files;
mod money;
mod partial;
mod round_trip;
mod splits;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use sigma_core::model::{CloseBasis, PriceBar};
use sigma_store::Store;
use tempfile::TempDir;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sigma-brokers/tests/samples").join(name)
}

/// A folder to run in, with a migrated `sigma.db`.
struct Folder(TempDir);

struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Outcome {
    fn closing_line(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }

    /// Rows of a section of the answer.
    fn section(&self, name: &str) -> Vec<Value> {
        let document: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}", self.stderr));
        document["tables"][name].as_array().unwrap_or_else(|| panic!("no {name}: {document}")).clone()
    }

    fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> =
            self.section("problems").iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect();
        codes.sort();
        codes.dedup();
        codes
    }
}

impl Folder {
    fn new() -> Folder {
        let folder = Folder(TempDir::new().unwrap());
        assert_eq!(folder.run(&["migrate"]).code, 0);
        folder
    }

    fn run(&self, args: &[&str]) -> Outcome {
        let mut command = Command::cargo_bin("sigma-seed").unwrap();
        command
            .current_dir(self.0.path())
            .env_remove("DATABASE_URL")
            .env("SIGMA_NOW", "2025-11-06T22:30:00Z");
        let output = command.args(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Outcome { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// `import FILE --portfolio Own ...` with an answer in JSON.
    fn import(&self, file: &Path, more: &[&str]) -> Outcome {
        let mut args = vec!["import", file.to_str().unwrap(), "--format", "json"];
        if !more.contains(&"--portfolio") {
            args.extend(["--portfolio", "Own"]);
        }
        args.extend(more);
        self.run(&args)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn rows(&self, line: &str) -> Vec<Value> {
        let mut args: Vec<&str> = line.split(' ').collect();
        args.extend(["--format", "json"]);
        let outcome = self.run(&args);
        assert_eq!(outcome.code, 0, "{line}: {}", outcome.stderr);
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        document["rows"].as_array().unwrap().clone()
    }

    /// Symbol, quantity and entry price of the open lots.
    fn held(&self, slug: &str) -> Vec<(String, f64, f64)> {
        let rows = self.rows(&format!("position list --portfolio {slug}"));
        let number = |row: &Value, key: &str| row[key].as_f64().unwrap();
        let mut held: Vec<(String, f64, f64)> = rows
            .iter()
            .map(|row| {
                let symbol = row["symbol"].as_str().unwrap().to_owned();
                (symbol, number(row, "quantity"), number(row, "entry_price_usd"))
            })
            .collect();
        held.sort_by(|a, b| a.partial_cmp(b).unwrap());
        held
    }

    fn cash(&self, slug: &str) -> Vec<(String, f64)> {
        let rows = self.rows(&format!("cash list --portfolio {slug}"));
        rows.iter()
            .map(|row| (row["kind"].as_str().unwrap().to_owned(), row["amount_usd"].as_f64().unwrap()))
            .collect()
    }

    fn in_store<T>(&self, work: impl AsyncFnOnce(&mut Store) -> T) -> T {
        let url = format!("sqlite:{}", self.0.path().join("sigma.db").display());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { work(&mut Store::open(&url).await.unwrap()).await })
    }

    /// Everything that an import can touch.
    fn state(&self) -> String {
        self.in_store(async |store| {
            let books = store.books(&[]).await.unwrap();
            let instruments = store.instruments().await.unwrap();
            let (users, imports) = (store.users().await.unwrap(), store.imports(&[]).await.unwrap());
            format!(
                "{books:?} {instruments:?} {users:?} {imports:?} {:?}",
                store.price_coverage().await.unwrap()
            )
        })
    }

    fn price(&self, symbol: &str, date: &str, close: f64) {
        let bar = PriceBar {
            date: date.parse().unwrap(),
            open: None,
            high: None,
            low: None,
            close,
            adj_close: None,
            volume: None,
            source: "file".into(),
            basis: CloseBasis::AsTraded,
        };
        self.in_store(async |store| {
            let id = store.instruments_by_symbol(&[symbol.to_owned()]).await.unwrap()[0].id;
            store.save_prices(id, &[bar]).await.unwrap();
        });
    }
}
