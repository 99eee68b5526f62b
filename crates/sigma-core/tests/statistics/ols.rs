//! Least squares against 50-digit solutions and statsmodels.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use sigma_core::analytics::ols::{OlsError, OlsFit, ols};

use crate::golden::{Returns, Worst, number, table};

type Row = HashMap<String, String>;

/// Regressors `f1..f7` and `y` of each case, rows with a blank left out.
fn inputs() -> BTreeMap<String, Vec<Vec<f64>>> {
    let mut cases: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    for row in table("ols_inputs_dev.csv") {
        let columns = cases.entry(row["case"].clone()).or_insert_with(|| vec![vec![]; 8]);
        let names = ["y", "f1", "f2", "f3", "f4", "f5", "f6", "f7"];
        let values: Option<Vec<f64>> = names.iter().map(|name| number(&row, name)).collect();
        for (column, value) in columns.iter_mut().zip(values.into_iter().flatten()) {
            column.push(value);
        }
    }
    cases
}

fn regress(columns: &[Vec<f64>]) -> Result<OlsFit, OlsError> {
    let regressors: Vec<&[f64]> = columns[1..].iter().map(Vec::as_slice).collect();
    ols(&columns[0], &regressors)
}

/// Expected coefficient rows by case, in file order (constant first).
fn expected(file: &str) -> BTreeMap<String, Vec<Row>> {
    let mut cases: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in table(file) {
        cases.entry(row["case"].clone()).or_default().push(row);
    }
    cases
}

/// Compares one output column, errors relative to `max(|truth|, 1e-3 max |truth|)` of the fit.
fn compare(worst: &mut Worst, got: &[Option<f64>], rows: &[Row], column: &str) {
    let truths: Vec<Option<f64>> = rows.iter().map(|row| number(row, column)).collect();
    let largest = truths.iter().flatten().fold(0.0_f64, |m, t| m.max(t.abs()));
    assert_eq!(got.len(), truths.len());
    for ((got, truth), row) in got.iter().zip(truths).zip(rows) {
        let (Some(truth), Some(got)) = (truth, *got) else { continue };
        worst.note(got, truth, truth.abs().max(1e-3 * largest), || {
            format!("{} {} {column}", row["case"], row["term"])
        });
    }
}

fn compare_fit(worst: &mut Worst, fit: &OlsFit, rows: &[Row]) {
    let pick = |f: fn(&sigma_core::analytics::ols::Coefficient) -> Option<f64>| {
        fit.coefficients.iter().map(f).collect()
    };
    let values: Vec<Option<f64>> = pick(|c| Some(c.value));
    let errors: Vec<Option<f64>> = pick(|c| c.std_error);
    let t_values: Vec<Option<f64>> = pick(|c| c.t_value);
    compare(worst, &values, rows, "param_mp50");
    compare(worst, &errors, rows, "bse_mp50");
    compare(worst, &t_values, rows, "tvalue_mp50");
}

#[test]
fn hostile_data_match_fifty_digit_solutions_or_are_named() {
    let (inputs, expected) = (inputs(), expected("ols_dev.csv"));
    let (mut well_posed, mut collinear) = (Worst::default(), Worst::default());
    for case in table("ols_fit_dev.csv") {
        let name = &case["case"];
        let result = regress(&inputs[name]);
        match case["note"].as_str() {
            "too_few_obs" => assert!(matches!(result, Err(OlsError::TooFewRows { .. })), "{name}"),
            "rank_deficient" => assert!(matches!(result, Err(OlsError::RankDeficient { .. })), "{name}"),
            "constant_y" => assert_eq!(result, Err(OlsError::ConstantResponse), "{name}"),
            _ => {
                let fit = result.unwrap();
                assert_eq!(fit.observations as f64, number(&case, "nobs").unwrap());
                assert_eq!(fit.exact, case["kind"] == "near_perfect_fit", "{name}");
                let worst = if fit.condition_number <= 1e5 { &mut well_posed } else { &mut collinear };
                compare_fit(worst, &fit, &expected[name]);
                let r_squared = number(&case, "rsquared_mp50").unwrap();
                worst.note(fit.r_squared, r_squared, 1.0, || format!("{name} r2"));
            }
        }
    }
    well_posed.below(1e-11);
    collinear.below(1e-8);
}

#[test]
fn a_design_with_dependent_columns_names_its_condition() {
    let inputs = inputs();
    let collinear = table("ols_fit_dev.csv").into_iter().filter(|c| c["kind"] == "collinear_1e-6");
    let conditions: Vec<f64> =
        collinear.map(|c| regress(&inputs[&c["case"]]).unwrap().condition_number).collect();
    assert!(conditions.len() > 1 && conditions.iter().all(|c| *c > 1e5), "{conditions:?}");
}

fn real_case(returns: &Returns, case: &str) -> OlsFit {
    let parts: Vec<&str> = case.split('|').collect();
    let window = parts[2].parse().unwrap();
    let columns: Vec<Vec<f64>> = [parts[0], "SP500", "MTUM", "QUAL", "SIZE", "USMV", "VLUE"]
        .iter()
        .map(|name| returns.window(name, parts[1], window))
        .collect();
    regress(&columns).unwrap()
}

#[test]
fn real_returns_match_fifty_digit_solutions_and_statsmodels() {
    let returns = Returns::read();
    let (mut exact, mut peer) = (Worst::default(), Worst::default());
    for (case, rows) in expected("ols_real_dev.csv") {
        let fit = real_case(&returns, &case);
        compare_fit(&mut exact, &fit, &rows);
        for (coefficient, row) in fit.coefficients.iter().zip(&rows) {
            let pairs = [
                (Some(coefficient.value), "param_statsmodels"),
                (coefficient.std_error, "bse_statsmodels"),
                (coefficient.p_value, "pvalue_statsmodels"),
            ];
            for (got, column) in pairs {
                let truth = number(row, column).unwrap();
                peer.note(got.unwrap(), truth, truth.abs(), || format!("{case} {} {column}", row["term"]));
            }
        }
    }
    exact.below(1e-11);
    peer.below(1e-9);
}

#[test]
fn single_regressions_match_statsmodels() {
    let returns = Returns::read();
    let mut worst = Worst::default();
    for row in table("ols_real_univariate_dev.csv") {
        let window = row["window"].parse().unwrap();
        let y = returns.window(&row["symbol"], &row["end"], window);
        let fit = ols(&y, &[&returns.window(&row["factor"], &row["end"], window)]).unwrap();
        let slope = fit.coefficients[1];
        let pairs = [
            (Some(fit.coefficients[0].value), "alpha"),
            (Some(slope.value), "beta"),
            (slope.std_error, "bse"),
            (slope.t_value, "tvalue"),
            (slope.p_value, "pvalue"),
            (Some(fit.r_squared), "rsquared"),
        ];
        for (got, column) in pairs {
            let truth = number(&row, column).unwrap();
            worst.note(got.unwrap(), truth, truth.abs(), || format!("{row:?} {column}"));
        }
    }
    worst.below(1e-9);
}

#[test]
fn a_value_that_is_not_finite_is_refused() {
    let x = [1.0, 2.0, 4.0, 3.0, 7.0];
    assert_eq!(ols(&[1.0, f64::NAN, 0.0, 2.0, 1.0], &[&x]), Err(OlsError::NonFinite));
    assert_eq!(ols(&x, &[&[1.0, f64::INFINITY, 0.0, 2.0, 1.0]]), Err(OlsError::NonFinite));
    let short = OlsError::LengthMismatch { column: 0, rows: 3, expected: 5 };
    assert_eq!(ols(&x, &[&[1.0, 2.0, 0.0]]), Err(short));
}

fn series(rows: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1.0..1.0_f64, rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn residuals_are_orthogonal_to_the_regressors(
        y in series(40), a in series(40), b in series(40),
        offset in -1e6..1e6_f64, scale in 1e-9..1e3_f64,
    ) {
        let moved: Vec<f64> = a.iter().map(|v| offset + v).collect();
        let scaled: Vec<f64> = b.iter().map(|v| scale * v).collect();
        let fit = ols(&y, &[&moved, &scaled]).unwrap();
        let sum: f64 = fit.residuals.iter().sum();
        let with_a: f64 = fit.residuals.iter().zip(&a).map(|(e, v)| e * v).sum();
        let with_b: f64 = fit.residuals.iter().zip(&b).map(|(e, v)| e * v).sum();
        // An offset of 1e6 leaves the moves ten digits.
        prop_assert!(sum.abs() < 1e-12 && with_a.abs() < 1e-8 && with_b.abs() < 1e-12);
        prop_assert!(fit.vif.iter().all(|v| *v >= 1.0 - 1e-12));
    }

    #[test]
    fn known_betas_are_recovered_and_the_fit_is_exact(
        a in series(30), b in series(30), alpha in -1.0..1.0_f64, beta in -3.0..3.0_f64, gamma in 0.1..3.0_f64,
    ) {
        let y: Vec<f64> = a.iter().zip(&b).map(|(a, b)| alpha + beta * a + gamma * b).collect();
        let fit = ols(&y, &[&a, &b]).unwrap();
        prop_assert!(fit.exact && fit.coefficients.iter().all(|c| c.std_error.is_none()));
        for (got, truth) in fit.coefficients.iter().zip([alpha, beta, gamma]) {
            prop_assert!((got.value - truth).abs() < 1e-12);
        }
    }
}
