//! The tool as a shell sees it: demo books, portfolios by hand, and everything that must be refused.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use sigma_core::model::Split;
use sigma_store::Store;
use tempfile::TempDir;

fn demo_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo-data")
}

/// A folder to run in, with the default database `sigma.db`.
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

    fn rows(&self) -> Vec<Value> {
        let document: Value = serde_json::from_str(&self.stdout).unwrap();
        document["rows"].as_array().unwrap().clone()
    }
}

impl Folder {
    fn new() -> Folder {
        Folder(TempDir::new().unwrap())
    }

    fn seeded() -> Folder {
        let folder = Folder::new();
        let outcome = folder.demo(&demo_folder());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        folder
    }

    fn demo(&self, data: &Path) -> Outcome {
        self.run(&["demo", "--data-dir", data.to_str().unwrap()])
    }

    fn run(&self, args: &[&str]) -> Outcome {
        let mut command = Command::cargo_bin("sigma-seed").unwrap();
        command
            .current_dir(self.0.path())
            .env_remove("DATABASE_URL")
            .env("SIGMA_NOW", "2025-07-01T12:00:00Z");
        let output = command.args(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs a verb that must succeed, and returns the rows of its answer.
    fn rows(&self, line: &str) -> Vec<Value> {
        let mut args: Vec<&str> = line.split(' ').collect();
        args.extend(["--format", "json"]);
        let outcome = self.run(&args);
        assert_eq!(outcome.code, 0, "{line}: {}", outcome.stderr);
        outcome.rows()
    }

    fn succeed(&self, line: &str) -> Outcome {
        let outcome = self.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(outcome.code, 0, "{line}: {}", outcome.stderr);
        outcome
    }

    /// Works on the database directly.
    fn in_store(&self, work: impl AsyncFnOnce(&mut Store)) {
        let url = format!("sqlite:{}", self.0.path().join("sigma.db").display());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { work(&mut Store::open(&url).await.unwrap()).await });
    }

    fn refuse(&self, line: &str, told: &str) {
        let outcome = self.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(outcome.code, 2, "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(told), "{line}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{line}");
    }
}

#[test]
fn migrating_twice_applies_once() {
    let folder = Folder::new();
    assert!(folder.succeed("migrate --dry-run").stderr.contains("would create the schema"));
    assert!(!folder.0.path().join("sigma.db").exists());
    let unready = folder.run(&["portfolio", "list"]);
    assert_eq!(unready.code, 1);
    assert!(unready.stderr.contains("run `sigma-seed migrate`"), "{}", unready.stderr);
    let first = folder.succeed("migrate");
    assert!(first.stderr.contains("applied migrations: ") && first.closing_line().contains(" applied=5 "));
    let second = folder.succeed("migrate");
    assert!(second.stderr.contains("up to date") && second.closing_line().contains(" applied=0 "));
}

/// A book of one's own needs no demo books: the engines find factors and scenarios, and those that were edited stay.
#[test]
fn a_new_schema_has_the_standard_factors_and_scenarios() {
    let folder = Folder::new();
    folder.succeed("migrate");
    folder.in_store(async |store| {
        let factors = store.factors().await.unwrap();
        assert_eq!((factors.len(), store.active_scenarios().await.unwrap().len()), (8, 18));
        store.save_factors(&factors[..2]).await.unwrap();
    });
    folder.succeed("migrate");
    folder.in_store(async |store| assert_eq!(store.factors().await.unwrap().len(), 2));
}

#[test]
fn a_split_ends_a_lot_and_goes_on_as_another() {
    let folder = Folder::new();
    folder.succeed("migrate");
    folder.rows("portfolio add --name Own --user ann@example.com --opened-on 2025-02-20");
    let add = "position add --portfolio own --price 60 --date 2025-06-03 --tag Core";
    let id = folder.rows(&format!("{add} --symbol KO --quantity 50"))[0]["position_id"].as_i64().unwrap();
    folder.refuse(&format!("position apply-split {id}"), "no split of KO after the entry on 2025-06-03");
    folder.in_store(async |store| {
        let of_ko = store.instruments().await.unwrap().into_iter().find(|i| i.symbol == "KO").unwrap();
        let split = |date: &str, to: f64| Split { date: date.parse().unwrap(), from: 1.0, to };
        let splits = [split("2025-06-03", 5.0), split("2025-06-10", 2.0)];
        store.save_splits(of_ko.id, &splits, "test").await.unwrap();
    });
    let planned = folder.succeed(&format!("position apply-split {id} --dry-run"));
    assert!(planned.stderr.contains("50 units become 100"), "{}", planned.stderr);
    assert_eq!(folder.rows("position list --all").len(), 1);
    let rows = folder.rows(&format!("position apply-split {id}"));
    let told: Vec<_> =
        rows.iter().map(|row| row["quantity"].as_f64().zip(row["entry_price_usd"].as_f64())).collect();
    assert_eq!(told, [Some((50.0, 60.0)), Some((100.0, 30.0))]);
    assert_eq!((&rows[0]["exit_price_usd"], &rows[1]["tags"]), (&60.0.into(), &"Core".into()));
    let on = rows[1]["position_id"].as_i64().unwrap();
    folder.refuse(&format!("position apply-split {on}"), "no split of KO after the entry on 2025-06-10");
}

#[test]
fn a_split_is_taken_back_unless_its_lot_has_changed() {
    let folder = Folder::new();
    folder.succeed("migrate");
    folder.rows("portfolio add --name Own --user ann@example.com --opened-on 2025-02-20 --cash 500");
    let add = "position add --portfolio own --price 60 --date 2025-06-03 --tag Core";
    let id = folder.rows(&format!("{add} --symbol KO --quantity -50"))[0]["position_id"].as_i64().unwrap();
    folder.in_store(async |store| {
        let of_ko = store.instruments().await.unwrap().into_iter().find(|i| i.symbol == "KO").unwrap();
        let split = Split { date: "2025-06-10".parse().unwrap(), from: 1.0, to: 3.0 };
        store.save_splits(of_ko.id, &[split], "test").await.unwrap();
    });
    let shown = || ["position list --all", "tag list", "cash list"].map(|verb| folder.rows(verb));
    let untouched = shown();
    let undo = |id: i64| format!("position apply-split {id} --undo");
    folder.refuse(&undo(id), &format!("position {id} is no result of an applied split"));
    folder.refuse(&undo(id + 9), "there is no position");

    let rows = folder.rows(&format!("position apply-split {id}"));
    let on = rows[1]["position_id"].as_i64().unwrap();
    let applied = shown();
    let planned = folder.succeed(&format!("{} --dry-run", undo(on)));
    assert!(planned.stderr.contains("would take back the split of KO on 2025-06-10: -150 units become -50"));
    assert_eq!(shown(), applied);
    let joined = folder.rows(&undo(on));
    assert_eq!((joined.len(), &joined[0]["position_id"]), (1, &id.into()));
    assert_eq!(shown(), untouched);

    let on = folder.rows(&format!("position apply-split {id}"))[1]["position_id"].as_i64().unwrap();
    folder.rows(&format!("tag set {on} --tag Value"));
    folder.refuse(
        &undo(id),
        &format!("position {on}, which goes on from {id} since its split, has other tags"),
    );
    folder.rows(&format!("tag set {on} --tag Core"));
    let closing = folder.succeed(&undo(id));
    assert!(closing.closing_line().contains(" stored=2 changed=2 "), "{}", closing.stderr);
    // The tag that was made and given up stays with its user, on no position.
    assert_eq!(shown()[0], untouched[0]);
}

/// Entry values and counts as stated for the demo books.
#[test]
fn the_demo_books_stand_as_stated_and_a_second_time_changes_nothing() {
    let folder = Folder::new();
    let first = folder.demo(&demo_folder());
    let counts = "sigma-seed ok verb=demo portfolios=3 positions=63 instruments=50 factors=8 scenarios=23 ";
    assert!(first.closing_line().starts_with(counts), "{}", first.stderr);
    let pair = |line: &str, name: &str| -> u64 {
        let value = line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.unwrap().parse().unwrap()
    };
    let stored = pair(first.closing_line(), "stored");
    assert_eq!(pair(first.closing_line(), "changed"), stored);
    let second = folder.demo(&demo_folder());
    assert!(second.closing_line().contains(&format!(" stored={stored} changed=0 ")), "{}", second.stderr);

    let table: Vec<_> = folder
        .rows("portfolio list")
        .iter()
        .map(|row| {
            let money = |key: &str| (row[key].as_f64().unwrap() * 100.0).round() as i64;
            let slug = row["portfolio"].as_str().unwrap().to_owned();
            let count = row["open_positions"].as_i64().unwrap();
            (slug, count, money("net_entry_value_usd"), money("cash_entries_usd"))
        })
        .collect();
    let expected = [
        ("demo-individual", 16, 48_500_000, 0),
        ("demo-hnw", 17, 132_673_475, 152_326_525),
        ("demo-hedgefundstyle", 30, 206_470_000, 113_530_000),
    ];
    assert_eq!(table, expected.map(|(slug, count, net, cash)| (slug.to_owned(), count, net, cash)));

    let positions = folder.rows("position list");
    assert_eq!(positions.len(), 63);
    let vix = positions.iter().find(|row| row["symbol"] == "VIX250716C00025000").unwrap();
    assert_eq!(
        (&vix["kind"], &vix["multiplier"], &vix["tags"]),
        (&"option".into(), &100.0.into(), &"Options Overlay".into())
    );
}

#[test]
fn a_dry_run_of_the_demo_writes_nothing() {
    let folder = Folder::new();
    let outcome = folder.run(&["demo", "--dry-run", "--data-dir", demo_folder().to_str().unwrap()]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("1,326,734.75"));
    assert_eq!(std::fs::read_dir(folder.0.path()).unwrap().count(), 0);
}

#[test]
fn a_broken_demo_file_is_named_with_its_line_and_nothing_is_written() {
    for (file, from, to, told) in [
        (
            "demo_positions.csv",
            "AAPL,LONG,85,",
            "AAPL,LONG,0,",
            "demo_positions.csv, line 2: `quantity`: a quantity of 0",
        ),
        (
            "demo_positions.csv",
            "225.00,2024-01-15",
            "225.00,15.1.2024",
            "line 2: `entry_date` is \"15.1.2024\"",
        ),
        (
            "demo_positions.csv",
            "MSFT,LONG,45,",
            "MSFT,LONG,-45,",
            "line 3: `position_type` is LONG, but -45 of MSFT is SHORT",
        ),
        (
            "demo_positions.csv",
            "demo-hnw,SPY,",
            "demo-hwn,SPY,",
            "line 18: there is no portfolio \"demo-hwn\"",
        ),
        (
            "demo_positions.csv",
            ",460.00,2025",
            ",461.00,2025",
            "`strike` is 461.00, which is not what SPY250919C00460000",
        ),
        ("demo_portfolios.csv", "opening_cash\n", "cash\n", "line 1: the column `opening_cash` is missing"),
        ("demo_portfolios.csv", "1523265.25", "1,523,265.25", "line 3: "),
        ("factors.toml", "kind = \"market\"\n", "kind = \"beta\"\n", "factors.toml, line "),
        ("scenarios.toml", "size = -0.35", "size = -35", "scenario 3 \"market_crash_35\": "),
    ] {
        let folder = Folder::new();
        let data = folder.0.path().join("data");
        std::fs::create_dir(&data).unwrap();
        for name in ["demo_portfolios.csv", "demo_positions.csv", "factors.toml", "scenarios.toml"] {
            let text = std::fs::read_to_string(demo_folder().join(name)).unwrap();
            let broken = if name == file { text.replacen(from, to, 1) } else { text.clone() };
            assert_eq!(broken == text, name != file, "{from}");
            std::fs::write(data.join(name), broken).unwrap();
        }
        let outcome = folder.demo(&data);
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains(told) && outcome.stderr.contains("hint: "),
            "{told}: {}",
            outcome.stderr
        );
        assert!(!folder.0.path().join("sigma.db").exists());
    }
    Folder::new().refuse("demo", "demo-data: no such folder");
}

#[test]
fn a_portfolio_by_hand() {
    let folder = Folder::new();
    folder.succeed("migrate");
    let rows = folder
        .rows("portfolio add --name My_Book --user ann@example.com --opened-on 2025-02-20 --cash 1000.5");
    assert_eq!((&rows[0]["portfolio"], &rows[0]["cash_entries_usd"]), (&"my-book".into(), &1000.5.into()));

    let add = "position add --portfolio my-book";
    let stock = folder
        .rows(&format!("{add} --symbol brk-b --quantity 10 --price 480.5 --date 2025-03-03 --tag Core"));
    assert_eq!((&stock[0]["symbol"], &stock[0]["tags"]), (&"BRK.B".into(), &"Core".into()));
    let put = folder
        .rows(&format!("{add} --symbol SPY250919P00500000 --quantity -2 --price 4.5 --date 2025-03-03"));
    assert_eq!((&put[0]["entry_value_usd"], &put[0]["kind"]), (&Value::from(-900.0), &"option".into()));
    let (stock, put) = (stock[0]["position_id"].as_i64().unwrap(), put[0]["position_id"].as_i64().unwrap());

    let part = folder.rows(&format!("position close {stock} --price 500 --date 2025-04-01 --quantity 4"));
    let held: Vec<_> =
        part.iter().map(|row| (row["quantity"].as_f64().unwrap(), row["tags"].clone())).collect();
    assert_eq!(held, [(6.0, "Core".into()), (4.0, "Core".into())]);
    folder.succeed(&format!("position close {put} --price 3 --date 2025-04-01"));
    assert_eq!(folder.rows("position list").len(), 1);
    assert_eq!(folder.rows("position list --all").len(), 3);
    folder.refuse(&format!("position close {put} --price 3 --date 2025-04-02"), "was closed on 2025-04-01");

    folder.rows(&format!("tag set {stock} --tag Value --tag Core"));
    folder.succeed("tag add Idle --portfolio my-book");
    let tags: Vec<_> =
        folder.rows("tag list").iter().map(|row| (row["tag"].clone(), row["positions"].clone())).collect();
    assert_eq!(tags, [("Core".into(), 2.into()), ("Idle".into(), 0.into()), ("Value".into(), 1.into())]);
    folder.succeed("tag rm Core --portfolio my-book");
    assert_eq!(folder.rows("position list")[0]["tags"], "Value");
    folder.refuse("tag rm Core --portfolio my-book", "stored tags: Idle, Value");

    folder.rows("cash add --portfolio my-book --kind withdrawal --amount -200 --date 2025-03-10");
    assert_eq!(folder.rows("portfolio list")[0]["cash_entries_usd"], 800.5);
    let shown = folder.succeed("portfolio show my-book --format json");
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let lengths =
        ["portfolio", "positions", "cash"].map(|name| shown["tables"][name].as_array().unwrap().len());
    assert_eq!(lengths, [1, 3, 2]);

    folder.succeed(&format!("position rm {stock}"));
    assert_eq!(folder.rows("position list").len(), 0);
    folder.refuse("portfolio rm my-book", "add --yes");
    folder.succeed("portfolio rm my-book --yes");
    assert_eq!(folder.rows("portfolio list").len(), 0);
}

#[test]
fn wrong_values_are_refused_in_a_line_and_nothing_is_written() {
    let folder = Folder::seeded();
    let add = "position add --portfolio demo-hnw --symbol AAPL --quantity 1 --price 1 --date 2025-03-03";
    for (from, to, told) in [
        ("--quantity 1", "--quantity 0", "a quantity of 0 is no position"),
        ("--quantity 1", "--quantity ten", "\"ten\" is not a number"),
        ("--price 1", "--price -1", "a price is 0 or more"),
        ("--price 1", "--price nan", "\"nan\" is not a number"),
        ("2025-03-03", "2025-02-30", "expected a calendar date"),
        ("2025-03-03", "2025-07-02", "--date 2025-07-02 lies in the future; today is 2025-07-01"),
        ("AAPL", "SPY250931C00460000", "looks like an option symbol and is none"),
        ("AAPL", "SPY250221C00460000", "expired on 2025-02-21, before --date 2025-03-03"),
        ("demo-hnw", "nobody", "stored portfolios: demo-individual, demo-hnw, demo-hedgefundstyle"),
        ("AAPL", "AAPL --underlying MSFT", "AAPL is not an option"),
    ] {
        folder.refuse(&add.replace(from, to), told);
    }
    folder.refuse("position close 999 --price 1 --date 2025-03-03", "there is no position 999");
    folder.refuse("position close 1 --price 1 --date 2020-01-01", "precedes the entry on 2024-01-15");
    folder.refuse("position close 1 --price 1 --date 2025-03-03 --quantity 1000", "holds 85 units");
    folder.refuse("portfolio add --name ! --user a@b --opened-on 2025-01-02", "is not a slug");
    folder.refuse(
        "portfolio add --name Demo-HNW --user a@b --opened-on 2025-01-02",
        "there is a portfolio demo-hnw already",
    );
    folder.refuse("portfolio add --name X --user nobody --opened-on 2025-01-02", "expected an address");
    let cash = "cash add --portfolio demo-hnw --date 2025-03-03";
    folder.refuse(&format!("{cash} --kind withdrawal --amount 5"), "does not fit --kind withdrawal");
    folder.refuse(&format!("{cash} --kind opening --amount 5"), "has opening cash of 1523265.25 already");
    folder.refuse(&format!("{cash} --kind gift --amount 5"), "use one of: opening, contribution");
    folder.refuse(
        "cash add --portfolio demo-hnw --date 2025-02-19 --kind fee --amount -5",
        "opens on 2025-02-20",
    );
    for line in
        [add.to_owned(), "position rm 1".into(), format!("{cash} --kind fee --amount -5"), "tag set 1".into()]
    {
        assert!(folder.succeed(&format!("{line} --dry-run")).stderr.contains("dry run: would"), "{line}");
    }
    // No row was written by any of these, so the demo books find nothing to restore.
    assert!(folder.demo(&demo_folder()).closing_line().contains(" changed=0 "));
    assert_eq!(folder.rows("position list --all").len(), 63);
    assert_eq!(folder.rows("cash list").len(), 3);
}

#[test]
fn long_numbers_and_days_without_session_are_remarked() {
    let folder = Folder::seeded();
    let add = "position add --portfolio demo-hnw --symbol AAPL --date 2025-03-01";
    let outcome = folder.succeed(&format!("{add} --quantity 1.2345678901234567 --price 225"));
    assert!(
        outcome.stderr.contains("warning: --quantity 1.2345678901234567 has more than 15 significant digits")
    );
    assert!(outcome.stderr.contains("2025-03-01 is not a session"));
    let again = folder.succeed(&format!("{add} --quantity 1.2345678901234567 --price 225"));
    assert!(again.stderr.contains("is the same trade"), "{}", again.stderr);
}

#[test]
fn reset_asks_before_it_deletes() {
    let folder = Folder::seeded();
    folder.succeed("portfolio add --name Own --user demo_hnw@sigmasight.com --opened-on 2025-02-20");
    folder.refuse("reset", "this would delete everything: 4 portfolios with 63 positions");
    folder.refuse("reset --demo", "this would delete 3 portfolios with 63 positions");
    assert!(folder.succeed("reset --demo --dry-run").stderr.contains("dry run: would delete 3 portfolios"));
    assert_eq!(folder.rows("portfolio list").len(), 4);

    folder.succeed("reset --demo --yes");
    let left = folder.rows("portfolio list");
    assert_eq!((left.len(), &left[0]["owner"]), (1, &"demo_hnw@sigmasight.com".into()));
    folder.succeed("reset --yes");
    assert_eq!(folder.rows("portfolio list").len(), 0);
    assert!(folder.demo(&demo_folder()).closing_line().contains(" positions=63 "));
}

#[test]
fn the_demo_books_stand_on_postgresql_too() {
    let Some(server) = sigma_testkit::postgres::PrivateServer::start().unwrap() else { return };
    let url = server.create_database().unwrap();
    let (folder, data) = (Folder::new(), demo_folder());
    let demo = ["demo", "--database-url", &url, "--data-dir", data.to_str().unwrap()];
    assert_eq!(folder.run(&demo).code, 0);
    let second = folder.run(&demo);
    assert!(
        second.closing_line().contains(" positions=63 ") && second.closing_line().contains(" changed=0 ")
    );
    assert_eq!(folder.run(&["reset", "--yes", "--database-url", &url]).code, 0);
}

#[test]
fn tags_follow_their_rules_and_go_on_many_positions_at_once() {
    let folder = Folder::seeded();
    let portfolio = "--portfolio demo-hedgefundstyle";
    let tagged = |tag: &str| {
        let rows = folder.rows("tag list");
        rows.iter().find(|row| row["tag"] == tag).map(|row| row["positions"].as_i64().unwrap())
    };
    // A dry run says what would be and writes nothing.
    let dry = folder.succeed(&format!("tag add strategy:Overlay {portfolio} --type option -n"));
    assert!(dry.stderr.contains("would add the tag \"strategy:Overlay\" and put it on 8 positions"));
    assert_eq!(tagged("strategy:Overlay"), None);

    folder.succeed(&format!("tag add #Strategy:Overlay {portfolio} --type option"));
    assert_eq!(tagged("strategy:Overlay"), Some(8));
    let again = folder.succeed(&format!("tag add STRATEGY:overlay {portfolio} --type option"));
    assert!(again.closing_line().contains(" changed=0 "), "{}", again.stderr);
    folder.succeed(&format!("tag rm strategy:Overlay {portfolio} --type SP"));
    assert_eq!(tagged("strategy:Overlay"), Some(5));
    folder.succeed(&format!("tag add Tech {portfolio} --symbol NVDA --tag strategy:Overlay"));
    assert_eq!(tagged("Tech"), Some(1));
    folder.succeed(&format!("tag rm tech {portfolio}"));
    assert_eq!(tagged("Tech"), None);

    for (line, told) in [
        ("tag add two-words", "the tag \"two-words\" holds '-'; a tag is made of letters, digits and _"),
        ("tag add =cmd", "holds '='"),
        ("tag add Core --symbol NONE", "no open position of demo-hedgefundstyle matches"),
        ("tag add Core --position 1", "demo-hedgefundstyle has no position 1"),
        ("tag add Core --tag Overly", "no position has the tag \"Overly\""),
        ("tag rm strategy:Overlai", "did you mean \"strategy:Overlay\"?"),
    ] {
        folder.refuse(&format!("{line} {portfolio}"), told);
    }
    let many: Vec<String> = (0..21).map(|i| format!("--tag t{i}")).collect();
    let id = folder.rows(&format!("position list {portfolio}"))[0]["position_id"].as_i64().unwrap();
    folder.refuse(&format!("tag set {id} {}", many.join(" ")), "would have 21 tags; at most 20 are allowed");
    assert_eq!(tagged("t0"), None);
}
