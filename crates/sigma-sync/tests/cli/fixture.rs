//! A small book, a small folder of files, and the tool run on them.

use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use chrono::NaiveDate;
use sigma_core::calendar::Calendar;
use sigma_core::model::*;
use sigma_store::*;
use tempfile::TempDir;

pub const AS_OF: &str = "2025-06-30";
pub const CALL: &str = "AAA250919C00100000";

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A portfolio that holds AAA, is short BBB and holds a call on AAA; the market's proxy is SPY.
pub struct Fixture {
    pub dir: TempDir,
    pub url: String,
    runtime: tokio::runtime::Runtime,
}

impl Fixture {
    pub fn new() -> Fixture {
        let dir = TempDir::new().unwrap();
        let url = format!("sqlite:{}", dir.path().join("sigma.db").display());
        std::fs::create_dir(dir.path().join("market")).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(seed(&url));
        let fixture = Fixture { dir, url, runtime };
        fixture.good_files();
        fixture
    }

    pub fn market(&self) -> PathBuf {
        self.dir.path().join("market")
    }

    pub fn write(&self, file: &str, content: &str) {
        std::fs::write(self.market().join(file), content).unwrap();
    }

    /// Adds lines to a file of the folder.
    pub fn append(&self, file: &str, lines: &str) {
        let mut content = std::fs::read_to_string(self.market().join(file)).unwrap_or_default();
        content.push_str(lines);
        self.write(file, &content);
    }

    /// Replaces the one line of a file that begins with `start`.
    pub fn replace(&self, file: &str, start: &str, line: &str) {
        let content = std::fs::read_to_string(self.market().join(file)).unwrap();
        let found: Vec<&str> = content.lines().filter(|line| line.starts_with(start)).collect();
        assert_eq!(found.len(), 1, "lines of {file} that begin with {start}");
        self.write(file, &content.replace(&format!("{}\n", found[0]), line));
    }

    /// Thirty sessions of everything, without a flaw.
    fn good_files(&self) {
        let calendar = Calendar::nyse();
        let sessions =
            calendar.sessions_between(calendar.sessions_back(day(AS_OF), 29).unwrap(), day(AS_OF)).unwrap();
        let mut prices = String::from("symbol,date,open,high,low,close,volume\n");
        let (mut quotes, mut rates) =
            (String::from("symbol,date,bid,ask,implied_volatility\n"), String::from("series,date,value\n"));
        for (n, date) in sessions.iter().enumerate() {
            for (symbol, base) in [("AAA", 100.0), ("BBB", 50.0), ("SPY", 500.0), ("ZZZ", 10.0)] {
                let close = base + n as f64 * 0.25;
                prices += &format!(
                    "{symbol},{date},{close},{},{},{close},{}\n",
                    close + 1.0,
                    close - 1.0,
                    1000 + n
                );
            }
            quotes += &format!("{CALL},{date},5.10,5.30,0.25\n");
            rates += &format!("DGS10,{date},4.25\nDGS3MO,{date},4.30\nBAML,{date},1.0\n");
        }
        self.write("prices.csv", &prices);
        self.write("options.csv", &quotes);
        self.write("rates.csv", &rates);
        self.write("securities.csv", "symbol,name,type,sector,duration\nAAA,Triple A,stock,Technology,\nTLT,Long Treasuries,etf,,16.5\n");
        self.write("dividends.csv", "symbol,ex_date,amount\nAAA,2025-06-12,0.25\n");
    }

    /// The tool on the folder, for the as-of date and a window of twenty sessions unless another is given.
    pub fn sync(&self, verb: &str, more: &[&str]) -> Run {
        let market = self.market().display().to_string();
        let mut args = vec![verb, "--as-of", AS_OF, "--path", &market];
        if !more.contains(&"--window") {
            args.extend(["--window", "20"]);
        }
        args.extend(more);
        self.tool(&args)
    }

    pub fn tool(&self, args: &[&str]) -> Run {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("sigma-sync"));
        command.env_clear().env("DATABASE_URL", &self.url).env("SIGMA_NOW", "2025-07-01T12:00:00Z");
        let output = command.current_dir(self.dir.path()).args(args).output().unwrap();
        Run::new(output)
    }

    /// A question to the database.
    pub fn store<T>(&self, ask: impl AsyncFnOnce(&mut Store) -> T) -> T {
        self.runtime.block_on(async {
            let mut store = Store::open(&self.url).await.unwrap();
            ask(&mut store).await
        })
    }

    /// Stored closes of a symbol by date.
    pub fn closes(&self, symbol: &str) -> Vec<(NaiveDate, f64)> {
        self.store(async |store| {
            let ids: Vec<i64> = store
                .instruments_by_symbol(&[symbol.to_owned()])
                .await
                .unwrap()
                .iter()
                .map(|i| i.id)
                .collect();
            let histories = store.price_histories(&ids, day("2025-01-01"), day("2025-12-31")).await.unwrap();
            histories.into_values().flat_map(|h| h.bars).map(|bar| (bar.date, bar.close)).collect()
        })
    }

    /// Symbol, date and reason of every bar in quarantine.
    pub fn quarantine(&self) -> Vec<(String, String, String)> {
        let bars = self.store(async |store| store.quarantine(None).await.unwrap());
        bars.into_iter().map(|bar| (bar.symbol, bar.date.to_string(), bar.reason)).collect()
    }
}

/// How the tool ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn new(output: Output) -> Run {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The closing line without its time.
    pub fn summary(&self) -> &str {
        let line = self.stderr.lines().last().unwrap_or_default();
        line.rsplit_once(' ').map_or(line, |(words, _)| words)
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Run {
        assert!(self.stderr.contains(text), "{text:?} is not in:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn ends(&self, code: i32) -> &Run {
        assert_eq!(self.code, code, "{}", self.stderr);
        self
    }
}

async fn seed(url: &str) {
    Store::migrate(url).await.unwrap();
    let mut store = Store::open(url).await.unwrap();
    let user = store.upsert_user("ann@example.com", "Ann").await.unwrap();
    let portfolio = NewPortfolio {
        user_id: user,
        slug: "core".into(),
        name: "Core".into(),
        currency: "USD".into(),
        opened_on: day("2025-06-02"),
        is_demo: false,
    };
    let portfolio_id = store.upsert_portfolio(portfolio).await.unwrap().id;
    let occ = parse_occ(CALL).unwrap();
    let terms = OptionTerms {
        underlying: occ.root,
        kind: occ.kind,
        strike: occ.strike,
        expiry: occ.expiry,
        style: ExerciseStyle::American,
        standard_deliverable: true,
    };
    let new = vec![
        NewInstrument { sector: Some("Industrials".into()), ..NewInstrument::of_symbol("AAA") },
        NewInstrument { name: Some("Triple B".into()), ..NewInstrument::of_symbol("BBB") },
        NewInstrument { option: Some(terms), ..NewInstrument::of_symbol(CALL) },
    ];
    let ids = store.upsert_instruments(new).await.unwrap().ids;
    for (symbol, quantity, entry_price) in [("AAA", 10.0, 100.0), ("BBB", -20.0, 50.0), (CALL, 1.0, 5.0)] {
        let (instrument_id, entry_date) = (ids[symbol], day("2025-06-02"));
        let new = NewPosition { portfolio_id, instrument_id, quantity, entry_price, entry_date, exit: None };
        store.add_position(new).await.unwrap();
    }
    let factor = |name: &str, kind, proxy: &str| FactorDefinition {
        name: name.into(),
        kind,
        proxy: proxy.into(),
        description: String::new(),
    };
    let factors = [factor("Market", FactorKind::Market, "SPY"), factor("Rates", FactorKind::Rates, "DGS10")];
    store.save_factors(&factors).await.unwrap();
}
