//! Random draws: one reproducible stream a subject, fat tails, clustered volatility.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Chosen for an unremarkable end: no crash and no rally in the sessions the demo books are valued on.
const SEED: u64 = 41;

/// Standardised shocks beyond this are drawn again: a single wild day would rule two years of statistics.
const LARGEST_SHOCK: f64 = 6.5;

/// Shape of a series of shocks.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Degrees of freedom of the Student-t shocks.
    pub degrees: usize,
    /// Persistence and daily innovation of the log volatility.
    pub persistence: f64,
    pub volatility_of_log: f64,
}

/// Draws of one subject.
pub struct Draws {
    rng: ChaCha8Rng,
}

impl Draws {
    /// The stream of a subject: adding another subject leaves it as it is.
    pub fn of(subject: &str) -> Draws {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        // FNV-1a: the standard library's hasher may change between releases.
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        rng.set_stream(subject.bytes().fold(0xcbf2_9ce4_8422_2325, fnv));
        Draws { rng }
    }

    /// Uniform in the open interval (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.rng.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(self.uniform())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// Student-t scaled to unit variance.
    pub fn student(&mut self, degrees: usize) -> f64 {
        let nu = degrees as f64;
        loop {
            let normal = self.normal();
            let mut chi_square = 0.0;
            for _ in 0..degrees {
                let z = self.normal();
                chi_square += z * z;
            }
            let shock = normal / (chi_square / nu).sqrt() * ((nu - 2.0) / nu).sqrt();
            if shock.abs() <= LARGEST_SHOCK {
                return shock;
            }
        }
    }

    /// Shocks with clustered volatility, sample standard deviation 1, and most of the sample mean taken out so
    /// that two years drift no further than believable.
    pub fn clustered(&mut self, n: usize, shape: Shape) -> Vec<f64> {
        let mut log_vol = 0.0;
        let raw: Vec<f64> = (0..n)
            .map(|_| {
                log_vol = shape.persistence * log_vol + shape.volatility_of_log * self.normal();
                libm::exp(log_vol) * self.student(shape.degrees)
            })
            .collect();
        let (mean, deviation) = moments(&raw);
        raw.iter().map(|x| (x - 0.6 * mean) / deviation).collect()
    }
}

/// Sample mean and standard deviation (ddof = 1).
pub fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}
