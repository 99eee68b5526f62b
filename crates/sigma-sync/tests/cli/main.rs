//! The tool on small folders: what comes in, what is refused, what is told.

mod fixture;
mod refused;

use fixture::{AS_OF, CALL, Fixture, day};
use sigma_core::model::InstrumentKind;

#[test]
fn a_good_folder_is_stored_and_a_rerun_changes_nothing() {
    let fixture = Fixture::new();
    let run = fixture.sync("run", &[]);
    run.ends(0);
    // 22 sessions of AAA, BBB and SPY: the window of 20, one before it, and the as-of date. ZZZ is nobody's.
    let counts = "symbols=3 bars=66 quotes=22 rates=44 profiles=2 missing=0 sufficient=3/3 backfilled=3";
    // Instruments AAA, SPY and TLT, 66 bars, 22 quotes, 44 yields, one dividend.
    assert_eq!(
        run.summary(),
        format!("sigma-sync ok as_of={AS_OF} {counts} stored=136 changed=136 skipped=0")
    );
    let rerun = fixture.sync("run", &[]);
    // SPY is in the security master now and nothing new is known of it.
    assert!(
        rerun.summary().ends_with("missing=0 sufficient=3/3 backfilled=0 stored=135 changed=0 skipped=0"),
        "{}",
        rerun.stderr
    );

    let closes = fixture.closes("AAA");
    assert_eq!((closes.len(), closes[21]), (22, (day(AS_OF), 107.25)));
    assert_eq!(fixture.closes("ZZZ"), []);
    let instruments = fixture.store(async |store| store.instruments().await.unwrap());
    let known = |symbol: &str| instruments.iter().find(|i| i.symbol == symbol).unwrap();
    assert_eq!(known("AAA").sector.as_deref(), Some("Technology"));
    assert_eq!(known("BBB").name.as_deref(), Some("Triple B"), "what is not offered stays");
    assert_eq!((known("SPY").kind, known("TLT").kind), (InstrumentKind::Etf, InstrumentKind::Etf));
    assert_eq!(known("TLT").duration, Some(16.5));
    assert!(known(CALL).is_option());
    let rates = fixture.store(async |store| store.rates(&[], day("2025-01-01"), day(AS_OF)).await.unwrap());
    let mut series: Vec<_> = rates.keys().cloned().collect();
    series.sort();
    assert_eq!(series, ["DGS10", "DGS3MO"]);
}

#[test]
fn the_verbs_bring_their_part() {
    let fixture = Fixture::new();
    for (verb, counts) in [
        ("profiles", "profiles=2 missing=0 stored=4 changed=4"),
        ("prices", "symbols=3 bars=66 missing=0 sufficient=3/3 backfilled=3 stored=67 changed=66"),
        ("options", "quotes=22 missing=0 stored=22 changed=22"),
        ("rates", "rates=44 missing=0 stored=44 changed=44"),
        ("run", "missing=0 sufficient=3/3 backfilled=0 stored=135 changed=0"),
    ] {
        let run = fixture.sync(verb, &[]);
        run.ends(0).says(counts);
    }
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let fixture = Fixture::new();
    let run = fixture.sync("run", &["--dry-run", "--format", "csv"]);
    run.ends(0);
    assert!(run.stdout.starts_with("dataset,entities,rows\nprices,3,66\n"), "{}", run.stdout);
    assert_eq!(fixture.closes("AAA"), []);
    assert_eq!(fixture.store(async |store| store.runs(None, 9).await.unwrap()), []);
}

#[test]
fn history_goes_back_to_the_opening_and_follows_the_range() {
    let fixture = Fixture::new();
    let first = |run: fixture::Run| {
        run.ends(0);
        fixture.closes("AAA")[0].0
    };
    // Two sessions before 2025-06-30 is the 26th, one more is the 25th; the portfolio opened on June 2.
    assert_eq!(first(fixture.sync("prices", &["--window", "2"])), day("2025-06-02"));
    let market = fixture.market().display().to_string();
    let run =
        fixture.tool(&["prices", "--from", "2025-06-23", "--to", AS_OF, "--window", "15", "--path", &market]);
    // Sixteen sessions before June 23, Memorial Day and Juneteenth not counted.
    assert_eq!(first(run), day("2025-05-29"));
}

#[test]
fn missing_symbols_and_short_histories_are_named() {
    let fixture = Fixture::new();
    let prices = std::fs::read_to_string(fixture.market().join("prices.csv")).unwrap();
    let gone = |line: &&str| !line.starts_with("BBB") && !line.starts_with("AAA,2025-06-30");
    let prices: String = prices.lines().filter(gone).map(|line| format!("{line}\n")).collect();
    fixture.write("prices.csv", &prices);
    let run = fixture.sync("prices", &[]);
    run.ends(3)
        .says("error: no_price: BBB: no bar at all (held)")
        .says("error: no_price: AAA: no bar for 2025-06-30; the last one is of 2025-06-27")
        .says("missing=2");

    let fixture = Fixture::new();
    let run = fixture.sync("prices", &["--window", "60"]);
    run.ends(0)
        .says("warning: insufficient_history: AAA, BBB, SPY: 30 of 61 sessions, the first of 2025-05-16");
    fixture.replace("options.csv", &format!("{CALL},2025-06-30"), "");
    fixture.sync("options", &[]).ends(3).says(&format!("no_price: {CALL}: no quote for 2025-06-30"));
}

#[test]
fn a_closed_position_needs_no_price_after_its_exit() {
    let fixture = Fixture::new();
    fixture.store(async |store| {
        let positions = store.positions(&[1]).await.unwrap();
        let short = positions.iter().find(|position| position.quantity < 0.0).unwrap();
        store.close_position(short.id, 50.0, day("2025-06-27"), None).await.unwrap();
    });
    fixture.replace("prices.csv", "BBB,2025-06-30", "");
    fixture.sync("prices", &[]).ends(0).says("bars=65 missing=0");
}

#[test]
fn what_is_not_offered_is_no_error() {
    let fixture = Fixture::new();
    for file in ["rates.csv", "securities.csv", "dividends.csv"] {
        std::fs::remove_file(fixture.market().join(file)).unwrap();
    }
    fixture.sync("run", &["-v"]).ends(0).says("has no rates.csv").says("warning: no_rate: DGS10, DGS3MO");
    fixture.write(
        "rates.csv",
        "series,date,value\nDGS10,2025-06-27,4.2\nDGS10,2025-06-30,\nDGS3MO,2025-06-30,.\n",
    );
    fixture.sync("rates", &[]).ends(0).says("rates=1 ").says("warning: no_rate: DGS3MO: no yield at all");
}

#[test]
fn a_provider_must_be_named_and_readable() {
    let fixture = Fixture::new();
    fixture.tool(&["run"]).ends(2).says("no provider is configured").says("use --provider file --path DIR");
    fixture.tool(&["run", "--provider", "file"]).ends(2).says("use --provider file --path DIR");
    fixture.tool(&["run", "--path", "nowhere"]).ends(2).says("nowhere is not a folder");
    std::fs::create_dir(fixture.dir.path().join("empty")).unwrap();
    fixture
        .tool(&["run", "--path", "empty"])
        .ends(2)
        .says("empty holds no file of market data")
        .says("prices.csv");
    std::fs::create_dir_all(fixture.dir.path().join("odd/prices.csv")).unwrap();
    fixture.tool(&["run", "--path", "odd"]).ends(1).says("odd/prices.csv cannot be read");
    fixture.write("prices.csv", "symbol,day,close\n");
    fixture.sync("run", &[]).ends(2).says("prices.csv has no column `date`");
    assert!(
        fixture.sync("run", &["--portfolio", "core2"]).ends(2).stderr.contains("stored portfolios: core")
    );
    std::fs::write(fixture.dir.path().join("sigma.toml"), "provider_path = \"empty\"\n").unwrap();
    fixture.tool(&["run"]).ends(2).says("empty holds no file");
}

#[test]
fn status_tells_how_far_the_data_reach() {
    let fixture = Fixture::new();
    let before = fixture.tool(&["status"]);
    before.ends(0);
    assert!(before.stdout.contains("no prices yet"), "{}", before.stdout);
    fixture.sync("run", &[]).ends(0);
    let csv = fixture.tool(&["status", "--as-of", "2025-07-02", "--format", "csv"]).stdout;
    for line in [
        "AAA,stock,2025-05-29,2025-06-30,22,2,file".to_owned(),
        format!("{CALL},option,2025-05-29,2025-06-30,22,2,file"),
        "DGS10,2025-05-29,2025-06-30,22,2,4.25".to_owned(),
        "2025-07-01T12:00:00Z,run,2025-06-30,ok,136,136,0".to_owned(),
    ] {
        assert!(csv.lines().any(|found| found == line), "{line} is not in:\n{csv}");
    }
}
