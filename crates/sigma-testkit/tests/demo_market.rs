//! The demo market is believable, free of arbitrage, and exactly what its generator writes.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use chrono::NaiveDate;
use sigma_core::calendar::Calendar;
use sigma_testkit::demo_market::{DemoMarket, OPTION_SESSIONS, RETURNS, last_session};

static MARKET: LazyLock<DemoMarket> = LazyLock::new(|| DemoMarket::generate().unwrap());

type Record = HashMap<String, String>;

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn demo_data() -> PathBuf {
    crate_folder().join("../../demo-data")
}

fn records(path: PathBuf) -> Vec<Record> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// Returns of the adjusted closes.
fn returns(symbol: &str) -> Vec<f64> {
    let bars = &MARKET.series_of(symbol).unwrap().bars;
    bars.windows(2).map(|pair| pair[1].adj_close / pair[0].adj_close - 1.0).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn moment(values: &[f64], power: i32) -> f64 {
    let centre = mean(values);
    values.iter().map(|x| (x - centre).powi(power)).sum::<f64>() / values.len() as f64
}

fn annual_vol(values: &[f64]) -> f64 {
    (moment(values, 2) * 252.0).sqrt()
}

fn kurtosis(values: &[f64]) -> f64 {
    moment(values, 4) / moment(values, 2).powi(2)
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a), mean(b));
    a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / a.len() as f64
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    covariance(a, b) / (moment(a, 2) * moment(b, 2)).sqrt()
}

#[track_caller]
fn assert_between(what: &str, value: f64, low: f64, high: f64) {
    assert!((low..=high).contains(&value), "{what}: {value} is not between {low} and {high}");
}

#[test]
fn committed_files_are_what_the_generator_writes() {
    for file in MARKET.files() {
        let committed = std::fs::read(demo_data().join(file.path)).unwrap();
        let same = committed == file.contents.as_bytes();
        assert!(same, "{} differs: run demo-market --write demo-data", file.path);
    }
}

#[test]
fn check_names_differing_files_and_fails() {
    let check = |folder: PathBuf| {
        let run =
            Command::new(env!("CARGO_BIN_EXE_demo-market")).arg("--check").arg(folder).output().unwrap();
        (run.status.code(), String::from_utf8(run.stderr).unwrap())
    };
    assert_eq!(check(demo_data()), (Some(0), String::new()));
    let empty = tempfile::tempdir().unwrap();
    let (code, talk) = check(empty.path().to_owned());
    assert_eq!(code, Some(1));
    assert_eq!(talk.lines().filter(|line| line.starts_with("differs: ")).count(), MARKET.files().len());
}

#[test]
fn every_series_covers_every_session() {
    let calendar = Calendar::nyse();
    let first = calendar.sessions_back(last_session(), RETURNS).unwrap();
    let sessions = calendar.sessions_between(first, last_session()).unwrap();
    for series in &MARKET.series {
        assert_eq!(series.bars.iter().map(|bar| bar.date).collect::<Vec<_>>(), sessions, "{}", series.symbol);
    }
}

#[test]
fn series_end_at_their_given_closes() {
    let given = records(crate_folder().join("tests/fixtures/given_closes.csv"));
    assert_eq!(given.len(), 36);
    for row in given {
        let last = MARKET.series_of(&row["symbol"]).unwrap().bars.last().unwrap();
        assert_eq!(last.close, row["close"].parse::<f64>().unwrap(), "{}", row["symbol"]);
    }
}

#[test]
fn bars_are_consistent_and_never_stale() {
    for series in &MARKET.series {
        for bar in &series.bars {
            assert!(bar.close > 0.0 && bar.adj_close > 0.0);
            if let (Some(open), Some(high), Some(low)) = (bar.open, bar.high, bar.low) {
                let inside = high >= open.max(bar.close) && low <= open.min(bar.close) && low > 0.0;
                assert!(inside, "{} {}", series.symbol, bar.date);
            }
        }
        let repeats = series.bars.windows(2).filter(|pair| pair[0].close == pair[1].close).count();
        assert_eq!(repeats, 0, "{}", series.symbol);
        // No move that a reader could take for a split that nobody recorded.
        for r in returns(&series.symbol) {
            assert_between(&series.symbol, r, -0.35, 0.35);
        }
    }
}

#[test]
fn volatilities_and_tails_are_believable() {
    for (symbol, low, high) in [
        ("SPY", 0.15, 0.17),
        ("JNJ", 0.12, 0.20),
        ("AAPL", 0.20, 0.30),
        ("NVDA", 0.35, 0.50),
        ("TSLA", 0.42, 0.56),
        ("PTON", 0.50, 0.70),
        ("BND", 0.045, 0.070),
        ("TLT", 0.13, 0.19),
        ("SHY", 0.015, 0.025),
        ("VIX", 0.75, 1.15),
    ] {
        assert_between(symbol, annual_vol(&returns(symbol)), low, high);
    }
    for series in &MARKET.series {
        assert_between(&series.symbol, kurtosis(&returns(&series.symbol)), 3.2, 15.0);
    }
    // Volatility clusters: moves are larger when the index of the evening before is higher.
    let sizes: Vec<f64> = returns("SPY").iter().map(|r| r.abs()).collect();
    let index = &MARKET.series_of("VIX").unwrap().bars[..RETURNS];
    let evening_before: Vec<f64> = index.iter().map(|bar| bar.close).collect();
    assert_between("clustering", correlation(&sizes, &evening_before), 0.15, 0.60);
}

#[test]
fn betas_and_correlations_are_believable() {
    let market = returns("SPY");
    for proxy in ["VTV", "VUG"] {
        assert_between(proxy, correlation(&returns(proxy), &market), 0.85, 0.95);
    }
    for proxy in ["MTUM", "QUAL", "SIZE", "USMV"] {
        assert_between(proxy, correlation(&returns(proxy), &market), 0.85, 0.99);
    }
    for (symbol, low, high) in
        [("NVDA", 1.6, 2.0), ("JNJ", 0.35, 0.65), ("JPM", 0.7, 1.2), ("USMV", 0.55, 0.8)]
    {
        let beta = covariance(&returns(symbol), &market) / moment(&market, 2);
        assert_between(symbol, beta, low, high);
    }
    let recent = |symbol: &str| returns(symbol).split_off(RETURNS - 63);
    for (a, b) in [("SPY", "VTI"), ("SPY", "QQQ"), ("AAPL", "MSFT"), ("MSFT", "AMZN"), ("BND", "FXNAX")] {
        assert_between(&format!("{a} {b}"), correlation(&recent(a), &recent(b)), 0.7, 1.0);
    }
    assert_between("GLD SPY", correlation(&recent("GLD"), &recent("SPY")), -0.5, 0.5);
}

#[test]
fn the_volatility_index_mirrors_the_market() {
    assert_between("VIX SPY", correlation(&returns("VIX"), &returns("SPY")), -0.95, -0.6);
    let levels: Vec<f64> = MARKET.series_of("VIX").unwrap().bars.iter().map(|bar| bar.close).collect();
    assert_between("mean", mean(&levels), 15.0, 21.0);
    for level in levels {
        assert_between("level", level, 9.0, 60.0);
    }
}

/// Changes of the ten-year yield (decimal) on the sessions where both ends are published, with their index.
fn yield_changes() -> Vec<(usize, f64)> {
    let (_, points) = MARKET.yields.series.iter().find(|(id, _)| *id == "DGS10").unwrap();
    let by_date: BTreeMap<NaiveDate, f64> = points.iter().copied().collect();
    let level = |i: usize| by_date.get(&MARKET.sessions[i]);
    (0..RETURNS).filter_map(|i| Some((i, (level(i + 1)? - level(i)?) / 100.0))).collect()
}

#[test]
fn bond_funds_move_by_their_stated_duration() {
    let (index, changes): (Vec<usize>, Vec<f64>) = yield_changes().into_iter().unzip();
    assert_between("yield, bp a day", moment(&changes, 2).sqrt() * 1e4, 5.0, 7.5);
    for symbol in ["BND", "FXNAX", "TLT", "IEF", "SHY"] {
        let all = returns(symbol);
        let matched: Vec<f64> = index.iter().map(|i| all[*i]).collect();
        let slope = covariance(&matched, &changes) / moment(&changes, 2);
        let profile = MARKET.profiles.iter().find(|p| p.symbol == symbol).unwrap();
        assert_between(symbol, -slope / profile.duration.unwrap(), 0.95, 1.05);
        assert!(profile.convexity.is_some());
    }
}

#[test]
fn yields_are_published_on_sessions_except_bond_holidays() {
    let ids: Vec<&str> = MARKET.yields.series.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, ["DGS3MO", "DGS2", "DGS10", "DGS30"]);
    let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    let holidays = [day(2023, 10, 9), day(2024, 10, 14), day(2024, 11, 11)];
    for (id, points) in &MARKET.yields.series {
        let published = |session: &NaiveDate| points.iter().any(|(date, _)| date == session);
        let missing: Vec<NaiveDate> = MARKET.sessions.iter().copied().filter(|s| !published(s)).collect();
        assert_eq!(missing, holidays, "{id}");
        assert!(points.iter().all(|(_, percent)| (1.0..7.0).contains(percent)), "{id}");
    }
}

#[test]
fn quotes_are_free_of_arbitrage() {
    assert_eq!(MARKET.quotes.len(), 8 * OPTION_SESSIONS);
    for quote in &MARKET.quotes {
        let (terms, name) = (quote.terms, format!("{} {}", quote.symbol, quote.date));
        assert!(0.0 <= quote.bid && quote.bid < quote.ask, "{name}");
        assert!(quote.bid <= quote.close && quote.close <= quote.ask, "{name}");
        let discount = (-terms.rate * terms.years).exp();
        let (forward, strike) = (discount * terms.forward, discount * terms.strike);
        let upper = if terms.sign > 0.0 { forward } else { strike };
        let middle = (quote.bid + quote.ask) / 2.0;
        assert!((terms.sign * (forward - strike)).max(0.0) < middle && middle < upper, "{name}");
        // American exercise: worth more than exercising now pays.
        let (underlying, _) = quote.symbol.split_at(quote.symbol.len() - 15);
        if underlying != "VIX" {
            let bars = &MARKET.series_of(underlying).unwrap().bars;
            let spot = bars.iter().find(|bar| bar.date == quote.date).unwrap().close;
            assert!(middle > terms.sign * (spot - terms.strike), "{name}");
        }
    }
}

#[test]
fn stated_volatilities_reprice_the_middle_and_some_are_blank() {
    let blank = MARKET.quotes.iter().filter(|quote| quote.implied_volatility.is_none()).count();
    assert_between("share of blanks", blank as f64 / MARKET.quotes.len() as f64, 0.10, 0.25);
    for quote in &MARKET.quotes {
        assert_eq!(quote.forward.is_some(), quote.symbol.starts_with("VIX"));
        let Some(volatility) = quote.implied_volatility else { continue };
        let middle = (quote.bid + quote.ask) / 2.0;
        assert!((quote.terms.price(volatility) - middle).abs() < 1e-3, "{} {}", quote.symbol, quote.date);
        let (low, high) = if quote.forward.is_some() { (0.6, 1.6) } else { (0.10, 0.80) };
        assert_between(quote.symbol, volatility, low, high);
    }
}

#[test]
fn corporate_actions_end_before_the_books_are_valued() {
    let start = MARKET.sessions[MARKET.sessions.len() - OPTION_SESSIONS].to_string();
    let sessions: Vec<String> = MARKET.sessions.iter().map(NaiveDate::to_string).collect();
    for (file, column) in [("dividends.csv", "ex_date"), ("splits.csv", "date")] {
        let rows = records(demo_data().join("market").join(file));
        assert!(!rows.is_empty());
        for row in rows {
            assert!(row[column] < start && sessions.contains(&row[column]), "{row:?}");
        }
    }
}

/// The adjusted column gives the returns that raw closes, dividends and splits give.
#[test]
fn adjusted_closes_agree_with_the_recorded_actions() {
    let dividends = records(demo_data().join("market/dividends.csv"));
    let splits = records(demo_data().join("market/splits.csv"));
    let number = |row: &Record, column: &str| row[column].parse::<f64>().unwrap();
    let mut acted = 0;
    for series in &MARKET.series {
        for (pair, adjusted) in series.bars.windows(2).zip(returns(&series.symbol)) {
            let date = pair[1].date.to_string();
            let paid = dividends.iter().find(|d| d["symbol"] == series.symbol && d["ex_date"] == date);
            let split = splits.iter().find(|s| s["symbol"] == series.symbol && s["date"] == date);
            let cash = paid.map_or(0.0, |row| number(row, "amount"));
            let shares = split.map_or(1.0, |row| number(row, "to") / number(row, "from"));
            acted += usize::from(paid.is_some()) + usize::from(split.is_some());
            let derived = pair[1].close * shares / (pair[0].close - cash * shares) - 1.0;
            assert!((derived - adjusted).abs() < 1e-6, "{} {date}: {derived} {adjusted}", series.symbol);
        }
    }
    assert_eq!(acted, dividends.len() + splits.len());
}
