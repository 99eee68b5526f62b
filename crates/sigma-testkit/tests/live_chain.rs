//! From a key to a report: the tools' own programs, one after another, on providers that live on this machine. The key
//! is then looked for in everything that was printed and written.

use std::path::{Path, PathBuf};
use std::process::Command;

use sigma_core::calendar::Calendar;
use sigma_testkit::fake::exchange::Provider;
use sigma_testkit::fake::market::Listing;
use sigma_testkit::fake::{Exchange, Server};

const KEY: &str = "canary-5be0c1d7a94f4e3f";
const AS_OF: &str = "2025-06-30";

const LISTED: [&str; 13] =
    ["AAPL", "MSFT", "BRK.B", "SPY", "VTV", "VUG", "MTUM", "QUAL", "SIZE", "USMV", "SHY", "IEF", "TLT"];

fn market() -> Exchange {
    let calendar = Calendar::nyse();
    let as_of = AS_OF.parse().unwrap();
    let first = calendar.sessions_back(as_of, 300).unwrap();
    let sessions = calendar.sessions_between(first, as_of).unwrap();
    let exchange = LISTED.iter().fold(Exchange::new(), |exchange, symbol| {
        let listing = Listing::generated(symbol, &sessions, &[]);
        exchange.list(listing.dividend("2025-06-17".parse().unwrap(), 0.25))
    });
    let yields = |base: f64| {
        let value = move |i: usize| Some(base + 0.01 * ((i * 7 % 11) as f64 - 5.0));
        sessions.iter().enumerate().map(|(i, date)| (*date, value(i))).collect()
    };
    exchange
        .rates("DGS3MO", yields(4.3))
        .rates("DGS10", yields(4.2))
        .require_key(Provider::Polygon, KEY)
        .require_key(Provider::Fmp, KEY)
}

struct Chain {
    folder: tempfile::TempDir,
    url: String,
    printed: Vec<u8>,
}

impl Chain {
    fn done(&mut self, line: &str) -> String {
        let (code, stderr) = self.ends(line);
        assert_eq!(code, Some(0), "{line}\n{stderr}");
        stderr
    }

    fn ends(&mut self, line: &str) -> (Option<i32>, String) {
        let mut words = line.split_whitespace();
        let own = std::env::current_exe().unwrap();
        let tool = own.parent().and_then(Path::parent).unwrap().join(words.next().unwrap());
        let mut command = Command::new(&tool);
        command
            .args(words)
            .env_clear()
            .env("DATABASE_URL", "sqlite:sigma.db")
            .env("SIGMA_NOW", "2025-07-01T12:00:00Z")
            .env("SIGMA_STATE_DIR", "state")
            .env("SIGMA_POLYGON_API_KEY", KEY)
            .env("SIGMA_FMP_API_KEY", KEY)
            .current_dir(self.folder.path());
        for name in ["POLYGON", "FMP", "FRED"] {
            command.env(format!("SIGMA_{name}_BASE_URL"), &self.url);
            command.env(format!("SIGMA_{name}_LIMIT"), "unlimited");
        }
        let output = command.output().unwrap_or_else(|error| {
            panic!("{}: {error}; run `cargo build --workspace` first", tool.display())
        });
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        self.printed.extend(output.stdout.iter().chain(&output.stderr));
        (output.status.code(), stderr)
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn a_key_brings_a_report_and_is_found_nowhere() {
    let exchange = market();
    let server = Server::start(move |request| exchange.reply(request));
    let mut chain =
        Chain { folder: tempfile::tempdir().unwrap(), url: server.url().to_owned(), printed: Vec::new() };
    chain.done("sigma-seed migrate");
    chain.done(
        "sigma-seed portfolio add --name Own --user me@example.com --opened-on 2025-06-02 --cash 25000",
    );
    for (symbol, quantity) in [("AAPL", 100), ("MSFT", -20), ("BRK.B", 15)] {
        chain.done(&format!(
            "sigma-seed position add --portfolio own --symbol {symbol} --quantity {quantity} --price 100 --date 2025-06-02"
        ));
    }
    // The providers of this test have no option snapshots, which the doctor tells.
    chain.ends("sigma-validate env --format json");
    let synced = chain.done(&format!("sigma-sync run -v --as-of {AS_OF}"));
    assert!(synced.contains("missing=0") && synced.contains("sufficient="), "{synced}");
    chain.done(&format!("sigma-validate history --as-of {AS_OF}"));
    for engine in ["greeks", "factors", "stress"] {
        chain.done(&format!("sigma-{engine} run --as-of {AS_OF}"));
    }
    chain.done(&format!("sigma-report snapshot --from 2025-06-02 --to {AS_OF}"));
    chain.done(&format!("sigma-report generate --as-of {AS_OF}"));
    chain.done("sigma-validate check");
    let again = chain.done(&format!("sigma-sync run -v --as-of {AS_OF}"));
    assert!(again.contains("changed=0"), "{again}");

    assert!(server.log().iter().any(|logged| logged.contains(KEY)), "the key was sent");
    let targets = server.log();
    assert!(targets.iter().all(|logged| !logged.target_contains(KEY)), "and never in an address");
    let mut written = Vec::new();
    files(chain.folder.path(), &mut written);
    assert!(written.iter().any(|path| path.ends_with("own_2025-06-30/portfolio_report.md")), "{written:?}");
    let holds_key = |bytes: &[u8]| bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes());
    assert!(!holds_key(&chain.printed));
    for path in written {
        assert!(!holds_key(&std::fs::read(&path).unwrap()), "{}", path.display());
    }
}
