//! The filters of `sigma-factors` on tables with known answers, through the binary.

use std::collections::{BTreeMap, HashMap};

use assert_cmd::Command;

type Row = HashMap<String, String>;

fn filter(line: &str, input: &str) -> (Option<i32>, Vec<Row>, String) {
    let mut command = Command::cargo_bin("sigma-factors").unwrap();
    let output = command.env_clear().args(line.split_whitespace()).write_stdin(input).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), rows(&text(output.stdout)), text(output.stderr))
}

fn rows(csv: &str) -> Vec<Row> {
    csv::Reader::from_reader(csv.as_bytes()).deserialize().map(Result::unwrap).collect()
}

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn number(row: &Row, column: &str) -> Option<f64> {
    Some(&row[column]).filter(|text| !text.is_empty()).map(|text| text.parse().unwrap())
}

fn by_case(rows: Vec<Row>) -> BTreeMap<String, Vec<Row>> {
    let mut cases: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    rows.into_iter().for_each(|row| cases.entry(row["case"].clone()).or_default().push(row));
    cases
}

const COLUMNS: [&str; 8] = ["y", "f1", "f2", "f3", "f4", "f5", "f6", "f7"];

fn wide(rows: &[Row]) -> String {
    let mut table = format!("date,{}\n", COLUMNS.join(","));
    for row in rows {
        let cells: Vec<&str> = COLUMNS.iter().map(|column| row[*column].as_str()).collect();
        table += &format!("{},{}\n", row["t"], cells.join(","));
    }
    table
}

/// Worst error of the coefficients, relative to `max(|truth|, 1e-3 max |truth|)`.
fn worst(found: &[Row], truth: &[Row]) -> f64 {
    let truths: Vec<f64> = truth.iter().map(|row| number(row, "param_mp50").unwrap()).collect();
    let largest = truths.iter().fold(0.0_f64, |most, t| most.max(t.abs()));
    let error = |(row, truth): (&Row, &f64)| {
        (number(row, "coefficient").unwrap() - truth).abs() / truth.abs().max(1e-3 * largest)
    };
    found.iter().zip(&truths).map(error).fold(0.0, f64::max)
}

#[test]
fn raw_regressions_match_fifty_digit_solutions_or_are_named() {
    let inputs = by_case(rows(&file("ols_inputs_dev.csv")));
    let truths = by_case(rows(&file("ols_dev.csv")));
    for case in rows(&file("ols_fit_dev.csv")) {
        let (name, table) = (&case["case"], &inputs[&case["case"]]);
        let line = "fit --returns --model ols-raw --market f1 --factors f2,f3,f4,f5,f6,f7 --window 252";
        let (code, found, stderr) = filter(line, &wide(table));
        assert_eq!((code, found.len()), (Some(0), 8), "{name}: {stderr}");
        let terms: Vec<&str> = found.iter().map(|row| row["term"].as_str()).collect();
        assert_eq!(terms, ["const", "f1", "f2", "f3", "f4", "f5", "f6", "f7"]);
        let status = found[0]["status"].as_str();
        let expected = match (case["note"].as_str(), case["kind"].as_str()) {
            ("too_few_obs", _) => "insufficient_history",
            ("rank_deficient", _) => "rank_deficient",
            ("constant_y", _) => "constant_series",
            (_, "near_perfect_fit") => "exact",
            _ if number(&case, "nobs").unwrap() < 0.8 * 252.0 => "limited_history",
            _ => "ok",
        };
        assert_eq!(status, expected, "{name}");
        assert_eq!(found[0]["n"], case["nobs"], "{name}");
        if !case["note"].is_empty() {
            assert!(found.iter().all(|row| row["coefficient"].is_empty() && row["std_error"].is_empty()));
            continue;
        }
        let condition = number(&found[0], "condition_number").unwrap();
        let limit = if condition <= 1e5 { 1e-11 } else { 1e-8 };
        let error = worst(&found, &truths[name]);
        assert!(error <= limit, "{name} {}: {error:e}", case["kind"]);
        assert_eq!(condition > 1e5, stderr.contains("nearly dependent"), "{name}: {stderr}");
        assert_eq!(found.iter().all(|row| row["std_error"].is_empty()), status == "exact", "{name}");
    }
}

/// Prices of a market, two styles, a yield and symbols that follow them; dates are row numbers.
fn prices(sessions: usize) -> String {
    let noise =
        |stream: f64, t: usize| (((t + 1) * (t + 7)) as f64 * (stream * stream + 1.0).sqrt()).fract() - 0.5;
    let mut levels = [100.0; 6];
    let mut percent = 4.0;
    let mut table = "date,B,M,V,G,Y,A,FLAT,NEW,BAD\n".to_owned();
    for t in 0..sessions {
        let (m, v, g) = (0.03 * noise(1.0, t), 0.02 * noise(3.0, t), 0.02 * noise(6.0, t));
        let dy = 0.001 * noise(8.0, t);
        let own = 0.02 * noise(11.0, t);
        let returns = [1.1 * m + 0.4 * v + own, m, m + v, m + g, 1.2 * m + 0.5 * v - 0.3 * g - 4.0 * dy, 0.0];
        levels.iter_mut().zip(returns).for_each(|(level, r)| *level *= 1.0 + r);
        percent += 100.0 * dy;
        let [b, m, v, g, a, flat] = levels;
        let new = if t + 30 >= sessions { format!("{}", 1.0 + own) } else { String::new() };
        let bad = if t + 5 == sessions { "oops" } else { "7" };
        table += &format!("{t},{b},{m},{v},{g},{percent},{a},{flat},{new},{bad}\n");
    }
    table
}

#[test]
fn prices_give_back_the_loadings_they_were_made_of() {
    let line = "fit --market M --factors V,G --rate Y";
    let (code, found, stderr) = filter(line, &prices(300));
    assert_eq!(code, Some(0), "{stderr}");
    let symbols: Vec<&str> = found.iter().step_by(5).map(|row| row["symbol"].as_str()).collect();
    assert_eq!(symbols, ["B", "A", "FLAT", "NEW", "BAD"], "input order, regressors left out");
    let of = |symbol: &str| found.iter().filter(|row| row["symbol"] == symbol).collect::<Vec<_>>();
    let exact = of("A");
    for (row, (term, truth)) in
        exact.iter().zip([("const", 0.0), ("M", 1.2), ("V", 0.5), ("G", -0.3), ("Y", -4.0)])
    {
        assert_eq!((row["term"].as_str(), row["status"].as_str()), (term, "exact"));
        assert!((number(row, "coefficient").unwrap() - truth).abs() < 1e-10, "{row:?}");
    }
    for row in of("B").iter().skip(1) {
        let truth = [("M", 1.1), ("V", 0.4), ("G", 0.0), ("Y", 0.0)]
            .iter()
            .find(|(t, _)| *t == row["term"])
            .unwrap()
            .1;
        let (value, error) = (number(row, "coefficient").unwrap(), number(row, "std_error").unwrap());
        assert!((value - truth).abs() < 3.5 * error, "{row:?}");
        assert_eq!((row["status"].as_str(), row["n"].as_str()), ("ok", "252"));
    }
    for (symbol, status) in
        [("FLAT", "constant_series"), ("NEW", "insufficient_history"), ("BAD", "invalid_input")]
    {
        let rows = of(symbol);
        assert!(rows.iter().all(|row| row["status"] == status && row["coefficient"].is_empty()), "{rows:?}");
    }
}

#[test]
fn a_spread_model_and_a_raw_model_are_the_same_regression() {
    let table = prices(300);
    let pick = |model: &str| {
        let (_, found, _) = filter(&format!("fit --market M --factors V,G --model {model}"), &table);
        let of_b = found.into_iter().filter(|row| row["symbol"] == "B");
        of_b.map(|row| number(&row, "coefficient").unwrap()).collect::<Vec<f64>>()
    };
    let (spread, raw, univariate) = (pick("ols"), pick("ols-raw"), pick("univariate"));
    // b m + v (V - m) + g (G - m) = (b - v - g) m + v V + g G
    for (spread, raw) in
        [(spread[1] - spread[2] - spread[3], raw[1]), (spread[2], raw[2]), (spread[3], raw[3])]
    {
        assert!((spread - raw).abs() < 1e-12, "{spread} {raw}");
    }
    assert_eq!(univariate.len(), 3, "one row a factor, no constant");
}

#[test]
fn tables_and_names_that_do_not_fit_are_usage_errors() {
    let table = prices(10);
    for (line, input, part) in [
        ("fit --market Z", table.as_str(), "no column Z"),
        ("fit --market M --factors V,M", &table, "named twice"),
        ("fit --market M --rate R", &table, "no column R"),
        ("fit --market M", "date,M,M\n", "there twice"),
        ("fit --market M", "date,M\n2025-06-03,1\n2025-06-02,1\n", "oldest first"),
        ("fit --market M nowhere.csv", "", "nowhere.csv"),
        ("correlations --half-life=-1 -", &table, "half-life"),
        ("correlations --window 63", &table, "<FILE>"),
    ] {
        let (code, found, stderr) = filter(line, input);
        assert_eq!((code, found.len()), (Some(2), 0), "{line}: {stderr}");
        assert!(stderr.contains(part), "{line}: {stderr}");
    }
    let (code, _, stderr) = filter("fit --factors V", &table);
    assert!(code == Some(2) && stderr.contains("--market"), "{stderr}");
}

#[test]
fn pairwise_and_nearest_correlations_match_the_reference() {
    let table = file("corr_inputs_2016-12-30_30_25pct_dev.csv");
    let line = "correlations --returns --window 30 --min-overlap 2 -";
    let (code, found, _) = filter(line, &table);
    assert_eq!(code, Some(0));
    let pairs: HashMap<(String, String), &Row> =
        found.iter().map(|row| ((row["a"].clone(), row["b"].clone()), row)).collect();
    let truth = rows(&file("corr_30_25pct_dev.csv"));
    assert!(truth.len() > 300);
    for expected in &truth {
        let row = pairs[&(expected["a"].clone(), expected["b"].clone())];
        assert_eq!(row["n"], expected["n_pairs"]);
        let (found, expected) = (number(row, "correlation"), number(expected, "pearson_pairwise"));
        assert!((found.unwrap() - expected.unwrap()).abs() < 1e-12);
    }
    let (code, found, stderr) = filter(&line.replace("correlations", "correlations --nearest"), &table);
    assert!(code == Some(0) && stderr.contains("moved to the nearest"), "{stderr}");
    for (row, expected) in found.iter().zip(rows(&file("corr_nearest_30_25pct_dev.csv"))) {
        assert_eq!((&row["a"], &row["b"]), (&expected["a"], &expected["b"]));
        let error = number(row, "correlation").unwrap() - number(&expected, "higham_nearest").unwrap();
        assert!(error.abs() < 1e-9, "{row:?} {expected:?}");
    }
}
