//! Deterministic closes: a geometric random walk seeded by the symbol.
//!
//! Only additions, multiplications and roundings, so the numbers are the same on every machine.

use chrono::{Datelike, NaiveDate};

use super::{Split, rounded};

/// Standard deviation of a session's return.
const VOLATILITY: f64 = 0.012;
const DRIFT: f64 = 0.0003;
/// A walk that comes down here is turned back up.
const LOWEST_CLOSE: f64 = 5.0;

/// SplitMix64.
pub(super) struct Stream(u64);

impl Stream {
    pub fn of(text: &str) -> Stream {
        // FNV-1a: the standard library's hasher may change between releases.
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Stream(text.bytes().fold(0xcbf2_9ce4_8422_2325, fnv))
    }

    pub fn of_day(text: &str, date: NaiveDate) -> Stream {
        let Stream(seed) = Stream::of(text);
        Stream(seed ^ (date.num_days_from_ce() as u64).wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Close to a standard normal: twelve uniforms less six.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Closes of a symbol on the given sessions, in whole cents.
pub fn series(symbol: &str, sessions: &[NaiveDate]) -> Vec<(NaiveDate, f64)> {
    series_with_splits(symbol, sessions, &[])
}

/// The same walk as traded: from a split's date on, prices are multiplied by `from / to`.
pub fn series_with_splits(symbol: &str, sessions: &[NaiveDate], splits: &[Split]) -> Vec<(NaiveDate, f64)> {
    let mut stream = Stream::of(symbol);
    let mut level = 20.0 + 380.0 * stream.uniform();
    let step = |&date: &NaiveDate| {
        let change = DRIFT + VOLATILITY * stream.normal();
        level *= 1.0 + if level < LOWEST_CLOSE { change.abs() } else { change };
        let ratio: f64 = splits.iter().filter(|split| split.date <= date).map(Split::price_factor).product();
        (date, rounded(level * ratio, 2))
    };
    sessions.iter().map(step).collect()
}
