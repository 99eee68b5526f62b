//! Any bytes as a list of trades.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sigma_cli::what_if::read_trades;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((trades, problems)) = read_trades(bytes) {
        assert!(!trades.is_empty() || !problems.is_empty());
        for trade in trades {
            assert!(!trade.symbol.is_empty());
            assert!(trade.price.is_none_or(|price| price.is_finite() && price > 0.0));
        }
    }
});
