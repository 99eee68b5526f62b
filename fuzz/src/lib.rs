//! What must hold of every reading, whatever the bytes were.

use chrono::NaiveDate;
use sigma_brokers::{Options, Reading, read};

/// Options as the import hands them in.
pub fn options() -> Options<'static> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 27).expect("a calendar date");
    Options { broker: None, mapping: None, as_of: None, today }
}

/// Reads a file and checks the reading.
pub fn read_and_check(bytes: &[u8], options: &Options<'_>) {
    let reading = read(bytes, "file.csv", options);
    check(&reading);
    assert_eq!(read(bytes, "file.csv", options), reading, "the same bytes read twice");
}

/// Every number is finite, every position has units and a symbol, what is missing is told, and what is told is known.
fn check(reading: &Reading) {
    let accounts = reading.statement.iter().flat_map(|statement| &statement.accounts);
    for account in accounts {
        for position in &account.positions {
            assert!(position.quantity.is_finite() && position.quantity != 0.0);
            let numbers = [
                position.entry_price,
                position.exit_price,
                position.cost_basis,
                position.price,
                position.market_value,
            ];
            assert!(numbers.into_iter().flatten().all(f64::is_finite));
            assert!(!position.symbol.is_empty());
            assert_eq!(position.exit_date.is_some(), position.exit_price.is_some());
            assert_eq!(
                position.contract.is_some(),
                position.class == sigma_brokers::statement::AssetClass::Option
            );
        }
        assert!(account.cash.iter().all(|cash| cash.amount.is_finite()));
        assert!(account.flows.iter().all(|flow| flow.amount.is_finite()));
        assert!(account.totals.iter().all(|total| total.value.is_finite()));
    }
    assert!(reading.statement.is_some() || reading.has_errors());
    for problem in &reading.problems {
        assert!(sigma_brokers::problem::CODES.iter().any(|known| known.code == problem.code));
        assert!(!problem.message.is_empty() && !problem.remedy.is_empty());
    }
}
