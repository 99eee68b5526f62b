//! Means, norms and sums that keep their digits on offset or badly scaled data.
//!
//! # Formula
//! Two-pass mean `m = sum v / n`, `c = sum (v - m) / n`, deviations `v - m - c`; norm `M sqrt(sum (v / M)^2)`, `M` the largest
//! magnitude; sums carry the rounding error of every step.
//!
//! # Symbols
//! Values in any unit.
//!
//! # Assumptions
//! Values are finite.
//!
//! # Degenerate cases
//! A series counts as constant when it differs by no more than the rounding of its own magnitude.
//!
//! # References
//! Chan, Golub and LeVeque (1983), "Algorithms for computing the sample variance". Ogita, Rump and Oishi (2005),
//! "Accurate sum and dot product".
//!
//! # Verified by
//! Regressions on data offset by 1e9 against 50-digit solutions (tests/statistics/ols.rs).

/// A mean held as a rounded value and what the rounding left out: a column around 1e9 keeps the digits of its moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean {
    pub value: f64,
    pub correction: f64,
}

/// Whether the values differ by no more than the rounding of their own magnitude.
pub(super) fn is_constant(values: &[f64]) -> bool {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low <= 8.0 * f64::EPSILON * high.abs().max(low.abs())
}

/// Deviations from the mean; the second pass removes what rounding left in the first mean.
pub(super) fn centre(values: &[f64]) -> (Mean, Vec<f64>) {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    let mut deviations: Vec<f64> = values.iter().map(|v| v - value).collect();
    let correction = deviations.iter().sum::<f64>() / n;
    deviations.iter_mut().for_each(|d| *d -= correction);
    (Mean { value, correction }, deviations)
}

pub(super) fn sum_squares(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}

/// Euclidean norm that neither overflows nor underflows.
pub(super) fn norm(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    largest * values.iter().map(|v| (v / largest) * (v / largest)).sum::<f64>().sqrt()
}

/// A sum that carries its rounding errors along (Ogita, Rump and Oishi 2005).
pub(super) struct Compensated {
    sum: f64,
    error: f64,
}

impl Compensated {
    pub fn new(sum: f64) -> Compensated {
        Compensated { sum, error: 0.0 }
    }

    pub fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        let back = sum - self.sum;
        self.error += (self.sum - (sum - back)) + (x - back);
        self.sum = sum;
    }

    pub fn add_product(&mut self, a: f64, b: f64) {
        let product = a * b;
        self.add(product);
        self.error += a.mul_add(b, -product);
    }

    pub fn total(&self) -> f64 {
        self.sum + self.error
    }
}
