//! The joint factor regression: golden values for the raw model, an independent augmented solution for the prior.

use ndarray::Array2;
use proptest::prelude::*;
use sigma_core::analytics::factor_design::PenalisedDesign;
use sigma_core::analytics::factor_fit::{
    FactorDesign, FactorError, FactorSeries, FitInput, FitModel, FitSpec, Penalty, fit, fit_many,
    fit_univariate, identity_fit,
};
use sigma_core::analytics::linalg::{invert_upper, qr, solve_upper};
use sigma_core::model::{FactorDefinition, FactorFit, FactorKind, FitStatus};

use crate::golden::{Returns, Worst, number, table};

const STYLES: [&str; 5] = ["MTUM", "QUAL", "SIZE", "USMV", "VLUE"];

fn some(values: Vec<f64>) -> Vec<Option<f64>> {
    values.into_iter().map(Some).collect()
}

fn series(name: &str, kind: FactorKind, values: Vec<f64>) -> FactorSeries {
    FactorSeries { name: name.to_owned(), kind, returns: some(values) }
}

/// Market and styles of the price fixture.
fn real_factors(returns: &Returns, end: &str, window: usize) -> Vec<FactorSeries> {
    let mut factors = vec![series("SP500", FactorKind::Market, returns.window("SP500", end, window))];
    factors.extend(STYLES.map(|s| series(s, FactorKind::Style, returns.window(s, end, window))));
    factors
}

/// Yield changes, in decimals, of a deterministic walk.
fn yield_changes(n: usize) -> Vec<f64> {
    (1..=n).map(|i| (((i * i) as f64 * 0.618_033_988_75).fract() - 0.5) * 0.002).collect()
}

fn with_rates(mut factors: Vec<FactorSeries>) -> Vec<FactorSeries> {
    let n = factors[0].returns.len();
    factors.push(series("Rates", FactorKind::Rates, yield_changes(n)));
    factors
}

fn spec(model: FitModel, window: usize) -> FitSpec {
    FitSpec { model, window, ..FitSpec::default() }
}

fn input(returns: &[Option<f64>]) -> FitInput<'_> {
    FitInput { returns, duration_years: None }
}

fn values(column: &[Option<f64>]) -> Vec<f64> {
    column.iter().map(|v| v.unwrap()).collect()
}

/// The regressors of the joint model, market and rates before tilts, with a column of ones in front.
fn regressors(factors: &[FactorSeries]) -> (Vec<String>, Vec<Vec<f64>>) {
    let market = values(&factors[0].returns);
    let mut names = vec!["const".to_owned()];
    let mut columns = vec![vec![1.0; market.len()]];
    for f in factors.iter().filter(|f| f.kind != FactorKind::Style) {
        names.push(f.name.clone());
        columns.push(values(&f.returns));
    }
    for f in factors.iter().filter(|f| f.kind == FactorKind::Style) {
        names.push(f.name.clone());
        columns.push(values(&f.returns).iter().zip(&market).map(|(r, m)| r - m).collect());
    }
    (names, columns)
}

struct Augmented {
    coefficients: Vec<f64>,
    unit_variances: Vec<f64>,
    residual_sum_squares: f64,
    effective_parameters: f64,
}

/// Least squares on `[1 X; 0 sqrt(lambda) P]`, uncentred: another road than the product's.
fn augmented(columns: &[Vec<f64>], y: &[f64], tilts: usize, lambda: f64) -> Augmented {
    let (n, k) = (y.len(), columns.len());
    let x = Array2::from_shape_fn((n + tilts, k), |(t, j)| match t.checked_sub(n) {
        None => columns[j][t],
        Some(extra) if j == k - tilts + extra => lambda.sqrt(),
        Some(_) => 0.0,
    });
    let (q, r) = qr(&x).unwrap();
    let right: Vec<f64> = (0..k).map(|j| (0..n).map(|t| q[[t, j]] * y[t]).sum()).collect();
    let coefficients = solve_upper(&r, &right);
    let fitted = |t: usize| (0..k).map(|j| columns[j][t] * coefficients[j]).sum::<f64>();
    Augmented {
        residual_sum_squares: (0..n).map(|t| (y[t] - fitted(t)).powi(2)).sum(),
        unit_variances: invert_upper(&r).rows().into_iter().map(|row| row.dot(&row)).collect(),
        effective_parameters: (0..n).map(|t| q.row(t).dot(&q.row(t))).sum(),
        coefficients,
    }
}

#[test]
fn raw_model_matches_fifty_digit_solutions() {
    let returns = Returns::read();
    let mut worst = Worst::default();
    for row in table("ols_real_dev.csv").iter().filter(|row| !row["param_mp50"].is_empty()) {
        let parts: Vec<&str> = row["case"].split('|').collect();
        let window = parts[2].parse().unwrap();
        let factors = real_factors(&returns, parts[1], window);
        let design = FactorDesign::new(&factors, spec(FitModel::OlsRaw, window)).unwrap();
        let fit = fit(&design, &input(&some(returns.window(parts[0], parts[1], window))));
        assert_eq!(fit.status, FitStatus::Ok);
        let (value, error) = match row["term"].as_str() {
            "const" => (fit.alpha_per_day, fit.alpha_std_error),
            term => {
                let l = fit.loadings.iter().find(|l| l.factor == term).unwrap();
                (Some(l.coefficient), l.std_error)
            }
        };
        for (got, column) in [(value, "param_mp50"), (error, "bse_mp50")] {
            let truth = number(row, column).unwrap();
            worst.note(got.unwrap(), truth, truth.abs(), || format!("{row:?} {column}"));
        }
    }
    worst.below(1e-10);
}

#[test]
fn univariate_model_matches_statsmodels() {
    let returns = Returns::read();
    let mut worst = Worst::default();
    let rows = table("ols_real_univariate_dev.csv");
    for row in rows.iter().filter(|r| r["end"] == "2016-12-30" && r["window"] == "252") {
        let factors = real_factors(&returns, &row["end"], 252);
        let design = FactorDesign::new(&factors, spec(FitModel::Univariate, 252)).unwrap();
        let y = some(returns.window(&row["symbol"], &row["end"], 252));
        let at = factors.iter().position(|f| f.name == row["factor"]).unwrap();
        let single = &fit_univariate(&design, &input(&y))[at];
        let merged = fit(&design, &input(&y));
        assert_eq!((merged.alpha_per_day, merged.r_squared), (None, None));
        assert_eq!(merged.loadings[at], single.loadings[0]);
        let truth = |column| number(row, column).unwrap();
        worst.note(single.loadings[0].coefficient, truth("beta"), 1.0, || format!("{row:?}"));
        worst.note(single.alpha_per_day.unwrap(), truth("alpha"), 1.0, || format!("{row:?}"));
        worst.note(single.r_squared.unwrap(), truth("rsquared"), 1.0, || format!("{row:?}"));
    }
    worst.below(1e-12);
}

fn check_prior(worst: &mut Worst, fit: &FactorFit, factors: &[FactorSeries], y: &[f64], tau: f64) {
    let (names, columns) = regressors(factors);
    let (n, k) = (y.len() as f64, columns.len() as f64);
    let plain = augmented(&columns, y, 0, 0.0);
    let s2 = plain.residual_sum_squares / (n - k);
    let truth = augmented(&columns, y, STYLES.len(), s2 / (tau * tau));
    let scale = truth.coefficients.iter().fold(0.0_f64, |m, c| m.max(c.abs()));
    worst.note(fit.alpha_per_day.unwrap(), truth.coefficients[0], 1.0, || "alpha".into());
    for (j, name) in names.iter().enumerate().skip(1) {
        let loading = fit.loadings.iter().find(|l| l.factor == *name).unwrap();
        worst.note(loading.coefficient, truth.coefficients[j], scale, || name.clone());
        let error = (s2 * truth.unit_variances[j]).sqrt();
        worst.note(loading.std_error.unwrap(), error, error, || format!("{name} error"));
    }
    let alpha_error = (s2 * truth.unit_variances[0]).sqrt();
    worst.note(fit.alpha_std_error.unwrap(), alpha_error, alpha_error, || "alpha error".into());
    let parameters = truth.effective_parameters;
    worst.note(fit.effective_parameters.unwrap(), parameters, 1.0, || "parameters".into());
    let mean = y.iter().sum::<f64>() / n;
    let tss: f64 = y.iter().map(|v| (v - mean).powi(2)).sum();
    let adjusted = 1.0 - truth.residual_sum_squares / (n - parameters) / (tss / (n - 1.0));
    worst.note(fit.adj_r_squared.unwrap(), adjusted, 1.0, || "adjusted".into());
}

#[test]
fn prior_matches_augmented_least_squares() {
    let returns = Returns::read();
    let mut worst = Worst::default();
    for (end, window) in [("2015-06-30", 150), ("2016-12-30", 252), ("2018-12-31", 252)] {
        let factors = with_rates(real_factors(&returns, end, window));
        for tau in [0.5, 0.1, 3.0] {
            let spec = FitSpec { tau, window, ..FitSpec::default() };
            let design = FactorDesign::new(&factors, spec).unwrap();
            for symbol in ["AAPL", "AMD", "GE", "KO", "XOM"] {
                let y = returns.window(symbol, end, window);
                check_prior(&mut worst, &fit(&design, &input(&some(y.clone()))), &factors, &y, tau);
            }
        }
    }
    worst.below(1e-9);
}

#[test]
fn gcv_penalty_beats_its_neighbours() {
    let returns = Returns::read();
    let factors = real_factors(&returns, "2016-12-30", 252);
    let (_, columns) = regressors(&factors);
    let slices: Vec<&[f64]> = columns[1..].iter().map(Vec::as_slice).collect();
    let design = PenalisedDesign::new(&slices, 1).unwrap();
    for symbol in ["AAPL", "AMD", "GE", "KO", "XOM"] {
        let y = returns.window(symbol, "2016-12-30", 252);
        let lambda = design.gcv_lambda(&design.design.project(&y).unwrap());
        let score = |lambda: f64| {
            let a = augmented(&columns, &y, STYLES.len(), lambda);
            a.residual_sum_squares / (252.0 - a.effective_parameters).powi(2)
        };
        let best = score(lambda);
        let others = [0.0, lambda * 0.5, lambda * 0.95, lambda * 1.05, lambda * 2.0, lambda * 100.0];
        assert!(others.iter().all(|l| best <= score(*l) * (1.0 + 1e-10)), "{symbol} {lambda:e}");
        let spec = FitSpec { penalty: Penalty::Gcv, ..FitSpec::default() };
        let fitted = fit(&FactorDesign::new(&factors, spec).unwrap(), &input(&some(y.clone())));
        let truth = augmented(&columns, &y, STYLES.len(), lambda);
        assert!((fitted.effective_parameters.unwrap() - truth.effective_parameters).abs() < 1e-8);
    }
}

#[test]
fn a_gap_drops_its_row_and_nothing_else() {
    let returns = Returns::read();
    let factors = with_rates(real_factors(&returns, "2016-12-30", 252));
    let mut y = some(returns.window("AAPL", "2016-12-30", 252));
    let gaps = [3, 40, 41, 200];
    gaps.iter().for_each(|t| y[*t] = None);
    let whole = fit(&FactorDesign::new(&factors, FitSpec::default()).unwrap(), &input(&y));
    let drop = |v: &[Option<f64>]| -> Vec<Option<f64>> {
        v.iter().enumerate().filter(|(t, _)| !gaps.contains(t)).map(|(_, r)| *r).collect()
    };
    let shorter: Vec<FactorSeries> =
        factors.iter().map(|f| FactorSeries { returns: drop(&f.returns), ..f.clone() }).collect();
    let cut = fit(&FactorDesign::new(&shorter, FitSpec::default()).unwrap(), &input(&drop(&y)));
    assert_eq!(whole, cut);
    assert_eq!(whole.observations, 248);
    // A gap in a factor drops the row for everyone.
    let mut holed = factors.clone();
    holed[2].returns[100] = None;
    let design = FactorDesign::new(&holed, FitSpec::default()).unwrap();
    assert_eq!((design.common_sessions(), fit(&design, &input(&y)).observations), (251, 247));
}

#[test]
fn only_the_last_window_counts() {
    let returns = Returns::read();
    let long = real_factors(&returns, "2016-12-30", 400);
    let short = real_factors(&returns, "2016-12-30", 252);
    let fits = [(long, 400), (short, 252)].map(|(factors, n)| {
        let y = some(returns.window("KO", "2016-12-30", n));
        fit(&FactorDesign::new(&factors, FitSpec::default()).unwrap(), &input(&y))
    });
    assert_eq!(fits[0], fits[1]);
}

#[test]
fn known_duration_fixes_the_rate_loading() {
    let returns = Returns::read();
    let plain = real_factors(&returns, "2018-12-31", 252);
    let factors = with_rates(plain.clone());
    let dy = yield_changes(252);
    let y = returns.window("KO", "2018-12-31", 252);
    let bond: Vec<f64> = y.iter().zip(&dy).map(|(r, d)| 0.2 * r - 7.0 * d).collect();
    let design = FactorDesign::new(&factors, FitSpec::default()).unwrap();
    let bond = some(bond);
    let fitted = fit(&design, &FitInput { returns: &bond, duration_years: Some(7.0) });
    assert_eq!(fitted.loading("Rates"), Some(-7.0));
    assert!(fitted.flags.contains(&"duration_from_security_master".to_owned()));
    let stock = some(y.iter().map(|r| 0.2 * r).collect());
    let stripped = fit(&FactorDesign::new(&plain, FitSpec::default()).unwrap(), &input(&stock));
    for loading in &stripped.loadings {
        assert!((fitted.loading(&loading.factor).unwrap() - loading.coefficient).abs() < 1e-12);
    }
    assert!(fitted.r_squared.unwrap() > stripped.r_squared.unwrap(), "refers to the bond's own variance");
}

/// What is left of such a fund is constant, or nothing at all: that is an exact fit, not a fund that never moves.
#[test]
fn a_fund_that_only_follows_its_duration_fits_exactly() {
    let factors = with_rates(real_factors(&Returns::read(), "2018-12-31", 252));
    let design = FactorDesign::new(&factors, FitSpec::default()).unwrap();
    for carry in [0.0, 1.0 / 8192.0] {
        let fund = some(yield_changes(252).iter().map(|dy| carry - 7.0 * dy).collect());
        let fitted = fit(&design, &FitInput { returns: &fund, duration_years: Some(7.0) });
        assert_eq!(fitted.status, FitStatus::Exact);
        assert!((fitted.alpha_per_day.unwrap() - carry).abs() < 1e-15);
        assert!((fitted.r_squared.unwrap() - 1.0).abs() < 1e-15);
        for loading in &fitted.loadings {
            let expected = if loading.factor == "Rates" { -7.0 } else { 0.0 };
            assert!((loading.coefficient - expected).abs() < 1e-12, "{loading:?}");
            assert_eq!(loading.std_error, None);
        }
    }
}

#[test]
fn proxies_fit_exactly_and_have_identity_loadings() {
    let returns = Returns::read();
    let factors = real_factors(&returns, "2018-12-31", 252);
    let design = FactorDesign::new(&factors, FitSpec::default()).unwrap();
    let definition = |f: &FactorSeries| FactorDefinition {
        name: f.name.clone(),
        kind: f.kind,
        proxy: f.name.clone(),
        description: String::new(),
    };
    let definitions: Vec<FactorDefinition> = factors.iter().map(definition).collect();
    for f in &factors {
        let fitted = fit(&design, &input(&f.returns));
        assert_eq!(fitted.status, FitStatus::Exact);
        let identity = identity_fit(&definitions, &f.name).unwrap();
        assert_eq!(identity.status, FitStatus::Identity);
        for (a, b) in fitted.loadings.iter().zip(&identity.loadings) {
            assert!(
                (a.coefficient - b.coefficient).abs() < 1e-11 && a.factor == b.factor,
                "{} {a:?}",
                f.name
            );
            assert_eq!((a.std_error, a.t_value, a.p_value), (None, None, None));
        }
    }
    assert_eq!(identity_fit(&definitions, "AAPL"), None);
}

#[test]
fn fits_without_numbers_say_why() {
    let returns = Returns::read();
    let factors = real_factors(&returns, "2018-12-31", 252);
    let design = FactorDesign::new(&factors, FitSpec::default()).unwrap();
    let y = some(returns.window("KO", "2018-12-31", 252));
    let last = |n: usize| -> Vec<Option<f64>> {
        y.iter().enumerate().map(|(t, r)| r.filter(|_| t >= 252 - n)).collect()
    };
    let status = |returns: &[Option<f64>]| fit(&design, &input(returns)).status;
    assert_eq!(status(&last(59)), FitStatus::InsufficientHistory);
    assert_eq!(status(&last(60)), FitStatus::LimitedHistory);
    assert_eq!(status(&last(201)), FitStatus::LimitedHistory);
    assert_eq!(status(&last(202)), FitStatus::Ok);
    assert_eq!(status(&vec![Some(0.0001); 252]), FitStatus::ConstantSeries);
    assert_eq!(status(&y[1..]), FitStatus::InvalidInput);
    let mut broken = y.clone();
    broken[7] = Some(f64::NAN);
    assert_eq!(status(&broken), FitStatus::InvalidInput);
    let insufficient = fit(&design, &input(&last(59)));
    assert_eq!((insufficient.observations, insufficient.loadings.len()), (59, 0));
    assert_eq!((insufficient.alpha_per_day, insufficient.r_squared), (None, None));

    let mut twice = factors.clone();
    twice.push(FactorSeries { name: "Again".into(), ..factors[1].clone() });
    let deficient = FactorDesign::new(&twice, FitSpec::default()).unwrap();
    assert_eq!(fit(&deficient, &input(&y)).status, FitStatus::RankDeficient);
    assert_eq!(
        FactorDesign::new(&factors[1..], FitSpec::default()).unwrap_err(),
        FactorError::MarketCount(0)
    );
    let flat = FitSpec { tau: 0.0, ..FitSpec::default() };
    assert_eq!(FactorDesign::new(&factors, flat).unwrap_err(), FactorError::Scale(0.0));
}

#[test]
fn a_proxy_with_stale_closes_is_flagged_on_every_fit() {
    let returns = Returns::read();
    let mut factors = real_factors(&returns, "2018-12-31", 252);
    let design = FactorDesign::new(&factors, FitSpec::default()).unwrap();
    assert_eq!(design.stale_proxies, Vec::<String>::new());
    let noise: Vec<f64> =
        (0..=252).map(|i| ((i * i) as f64 * std::f64::consts::SQRT_2).fract() * 0.02).collect();
    for (t, r) in factors[3].returns.iter_mut().enumerate() {
        *r = r.map(|r| r + noise[t + 1] - noise[t]);
    }
    let design = FactorDesign::new(&factors, FitSpec::default()).unwrap();
    assert_eq!(design.stale_proxies, ["SIZE"]);
    let y = some(returns.window("KO", "2018-12-31", 252));
    assert_eq!(fit(&design, &input(&y)).flags, ["stale_proxy:SIZE"]);
}

#[test]
fn many_fits_are_the_single_fits_in_order() {
    let returns = Returns::read();
    let factors = with_rates(real_factors(&returns, "2018-12-31", 252));
    let design = FactorDesign::new(&factors, FitSpec::default()).unwrap();
    let columns: Vec<Vec<Option<f64>>> =
        ["KO", "GE", "AMD", "XOM"].map(|s| some(returns.window(s, "2018-12-31", 252))).to_vec();
    let inputs: Vec<FitInput<'_>> = columns.iter().map(|c| input(c)).collect();
    let together = fit_many(&design, &inputs);
    assert_eq!(together, inputs.iter().map(|i| fit(&design, i)).collect::<Vec<_>>());
    let order: Vec<&str> = together[0].loadings.iter().map(|l| l.factor.as_str()).collect();
    assert_eq!(order, ["SP500", "MTUM", "QUAL", "SIZE", "USMV", "VLUE", "Rates"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn known_loadings_are_recovered_whatever_the_prior(
        beta in -3.0..3.0_f64, tilts in prop::collection::vec(-2.0..2.0_f64, 5), rate in -20.0..20.0_f64,
    ) {
        let returns = Returns::read();
        let factors = with_rates(real_factors(&returns, "2016-12-30", 252));
        let (_, columns) = regressors(&factors);
        let truth: Vec<f64> = [1e-4, beta, rate].into_iter().chain(tilts).collect();
        let y: Vec<Option<f64>> =
            (0..252).map(|t| Some(columns.iter().zip(&truth).map(|(c, b)| c[t] * b).sum())).collect();
        let fitted = fit(&FactorDesign::new(&factors, FitSpec::default()).unwrap(), &input(&y));
        prop_assert_eq!(fitted.status, FitStatus::Exact);
        prop_assert!((fitted.loading("SP500").unwrap() - beta).abs() < 1e-10);
        prop_assert!((fitted.loading("Rates").unwrap() - rate).abs() < 1e-9);
        for (style, tilt) in STYLES.iter().zip(&truth[3..]) {
            prop_assert!((fitted.loading(style).unwrap() - tilt).abs() < 1e-9);
        }
    }

    #[test]
    fn a_narrower_prior_shrinks_the_tilts(narrow in 0.01..0.5_f64, factor in 1.1..5.0_f64) {
        let returns = Returns::read();
        let factors = real_factors(&returns, "2016-12-30", 252);
        let y = some(returns.window("AMD", "2016-12-30", 252));
        let size = |tau: f64| {
            let design = FactorDesign::new(&factors, FitSpec { tau, ..FitSpec::default() }).unwrap();
            let fitted = fit(&design, &input(&y));
            fitted.loadings[1..].iter().map(|l| l.coefficient * l.coefficient).sum::<f64>()
        };
        prop_assert!(size(narrow) < size(narrow * factor));
    }
}
