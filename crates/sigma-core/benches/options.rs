//! Option kernels: one option, a batch, one implied volatility.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use sigma_core::analytics::black_scholes::{PricingInputs, price_and_greeks, price_and_greeks_batch};
use sigma_core::analytics::implied_volatility::implied_volatility;
use sigma_core::model::OptionKind;

fn main() {
    divan::main();
}

/// Strikes from 60 % to 160 % of spot, expiries from a week to two years, both rights.
fn options(count: usize) -> Vec<PricingInputs> {
    (0..count)
        .map(|i| PricingInputs {
            spot: 100.0,
            strike: 60.0 + (i * 37 % 101) as f64,
            years: 0.02 + (i * 11 % 53) as f64 * 0.04,
            rate: 0.04,
            dividend_yield: 0.01,
            volatility: 0.1 + (i * 7 % 31) as f64 * 0.02,
            kind: if i % 2 == 0 { OptionKind::Call } else { OptionKind::Put },
        })
        .collect()
}

#[divan::bench]
fn price_and_greeks_of_one_thousand_one_by_one(bencher: Bencher) {
    let inputs = options(1000);
    bencher.counter(ItemsCount::new(inputs.len())).bench_local(|| {
        for option in black_box(&inputs) {
            let _ = black_box(price_and_greeks(option));
        }
    });
}

#[divan::bench(args = [1_000, 100_000])]
fn price_and_greeks_as_a_batch(bencher: Bencher, count: usize) {
    let inputs = options(count);
    bencher
        .counter(ItemsCount::new(count))
        .bench_local(|| black_box(price_and_greeks_batch(black_box(&inputs))));
}

#[divan::bench]
fn implied_volatility_of_one_thousand(bencher: Bencher) {
    let quotes: Vec<_> = options(1000)
        .into_iter()
        .filter_map(|option| price_and_greeks(&option).ok().map(|greeks| (greeks.price, option)))
        .collect();
    bencher.counter(ItemsCount::new(quotes.len())).bench_local(|| {
        for (price, option) in black_box(&quotes) {
            let _ = black_box(implied_volatility(*price, option));
        }
    });
}
