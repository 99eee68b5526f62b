//! Factor fits of a whole universe and the correlation matrix of a large book.

use divan::{Bencher, black_box};
use ndarray::Array2;
use sigma_core::analytics::correlation::pearson;
use sigma_core::analytics::factor_fit::{FactorDesign, FactorSeries, FitInput, FitSpec, Penalty, fit_many};
use sigma_core::analytics::nearest_correlation::nearest_correlation;
use sigma_core::model::FactorKind;

const SESSIONS: usize = 252;
const SYMBOLS: usize = 5000;

fn main() {
    divan::main();
}

/// Deterministic noise in [-0.02, 0.02], different for each series.
fn noise(series: usize, length: usize) -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(series as u64 + 1);
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 0.04
        })
        .collect()
}

fn present(values: Vec<f64>) -> Vec<Option<f64>> {
    values.into_iter().map(Some).collect()
}

/// Market, six styles that follow it, and a yield.
fn factors() -> Vec<FactorSeries> {
    let market = noise(0, SESSIONS);
    let mut all = vec![FactorSeries {
        name: "Market".into(),
        kind: FactorKind::Market,
        returns: present(market.clone()),
    }];
    for k in 1..=6 {
        let style = market.iter().zip(noise(k, SESSIONS)).map(|(m, e)| m + 0.2 * e).collect();
        all.push(FactorSeries {
            name: format!("Style{k}"),
            kind: FactorKind::Style,
            returns: present(style),
        });
    }
    let yields = noise(7, SESSIONS).into_iter().map(|e| 0.05 * e).collect();
    all.push(FactorSeries { name: "Rates".into(), kind: FactorKind::Rates, returns: present(yields) });
    all
}

fn universe(gap: bool) -> Vec<Vec<Option<f64>>> {
    let mut all: Vec<Vec<Option<f64>>> = (0..SYMBOLS).map(|i| present(noise(100 + i, SESSIONS))).collect();
    if gap {
        all.iter_mut().enumerate().for_each(|(i, s)| s[i % SESSIONS] = None);
    }
    all
}

fn fit_universe(bencher: Bencher, gap: bool, penalty: Penalty) {
    let design =
        FactorDesign::new(&factors(), FitSpec { penalty, ..FitSpec::default() }).expect("valid factors");
    let series = universe(gap);
    let inputs: Vec<FitInput> =
        series.iter().map(|s| FitInput { returns: s, duration_years: None }).collect();
    bencher.bench_local(|| fit_many(black_box(&design), black_box(&inputs)));
}

#[divan::bench(sample_count = 10)]
fn fit_5000_symbols(bencher: Bencher) {
    fit_universe(bencher, false, Penalty::Prior);
}

#[divan::bench(sample_count = 5)]
fn fit_5000_symbols_with_gaps(bencher: Bencher) {
    fit_universe(bencher, true, Penalty::Prior);
}

#[divan::bench(sample_count = 5)]
fn fit_5000_symbols_gcv(bencher: Bencher) {
    fit_universe(bencher, false, Penalty::Gcv);
}

#[divan::bench(sample_count = 10)]
fn correlations_500(bencher: Bencher) {
    let series = universe(false);
    let slices: Vec<&[Option<f64>]> = series[..500].iter().map(Vec::as_slice).collect();
    bencher.bench_local(|| pearson(black_box(&slices), 20));
}

#[divan::bench(sample_count = 5)]
fn correlations_500_with_gaps(bencher: Bencher) {
    let series = universe(true);
    let slices: Vec<&[Option<f64>]> = series[..500].iter().map(Vec::as_slice).collect();
    bencher.bench_local(|| pearson(black_box(&slices), 20));
}

#[divan::bench(args = [25, 100], sample_count = 3)]
fn nearest_correlation_matrix(bencher: Bencher, n: usize) {
    // Symmetric noise around a common correlation: indefinite.
    let e = noise(9999, n * n);
    let matrix = Array2::from_shape_fn((n, n), |(i, j)| match i == j {
        true => 1.0,
        false => (0.3 + 20.0 * e[i.max(j) * n + i.min(j)]).clamp(-0.99, 0.99),
    });
    bencher.bench_local(|| nearest_correlation(black_box(&matrix)));
}
