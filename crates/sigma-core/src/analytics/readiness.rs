//! Readiness of the demonstration books, zero to one.
//!
//! # Formula
//! `0.3 portfolios / 3 + 0.2 positions / 63 + 0.3 engines with data / engines + 0.1 (1 if prices are fresh, else 0.5) +
//! 0.1 price coverage`. Ready from 0.90, mostly ready from 0.70.
//!
//! # Verified by
//! The published examples 0.80, 0.90 and 0.95 below.

/// Portfolios of the demonstration.
pub const DEMO_PORTFOLIOS: usize = 3;
/// Positions of the demonstration.
pub const DEMO_POSITIONS: usize = 63;

/// What the score is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadinessInputs {
    pub portfolios: usize,
    pub positions: usize,
    pub engines_with_data: usize,
    pub engines: usize,
    pub prices_fresh: bool,
    /// Positions with a price over all positions.
    pub price_coverage_fraction: f64,
}

/// Verdict on a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    MostlyReady,
    NotReady,
}

impl Readiness {
    /// The printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            Readiness::Ready => "READY",
            Readiness::MostlyReady => "MOSTLY READY",
            Readiness::NotReady => "NOT READY",
        }
    }
}

/// The score and its verdict. More than the expected portfolios or positions earn nothing extra.
pub fn readiness(inputs: &ReadinessInputs) -> (f64, Readiness) {
    let share = |found: usize, expected: usize| found.min(expected) as f64 / expected as f64;
    let score = 0.3 * share(inputs.portfolios, DEMO_PORTFOLIOS)
        + 0.2 * share(inputs.positions, DEMO_POSITIONS)
        + 0.3 * share(inputs.engines_with_data, inputs.engines)
        + 0.1 * if inputs.prices_fresh { 1.0 } else { 0.5 }
        + 0.1 * inputs.price_coverage_fraction;
    // Sums of tenths miss the thresholds by rounding; a score is a figure of two decimals with slack far below one.
    let verdict = match score + 1e-9 {
        s if s >= 0.9 => Readiness::Ready,
        s if s >= 0.7 => Readiness::MostlyReady,
        _ => Readiness::NotReady,
    };
    (score, verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples() {
        for (engines_with_data, expected, verdict) in
            [(2, 0.80, Readiness::MostlyReady), (4, 0.90, Readiness::Ready), (5, 0.95, Readiness::Ready)]
        {
            let inputs = ReadinessInputs {
                portfolios: 3,
                positions: 63,
                engines_with_data,
                engines: 6,
                prices_fresh: true,
                price_coverage_fraction: 1.0,
            };
            let (score, found) = readiness(&inputs);
            assert!((score - expected).abs() < 1e-12, "{engines_with_data} engines: {score}");
            assert_eq!(found, verdict);
        }
    }
}
