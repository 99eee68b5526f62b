//! Splits and dividends of the demo market. All lie before the sessions on which the demo books are valued, so they
//! exercise adjusted series and nothing else.

use chrono::NaiveDate;

/// Cash per share, as traded on the ex-date.
pub struct DemoDividend {
    pub symbol: &'static str,
    pub ex_date: &'static str,
    pub amount: f64,
}

/// `to` new shares for every `from` old ones.
pub struct DemoSplit {
    pub symbol: &'static str,
    pub date: &'static str,
    pub from: f64,
    pub to: f64,
}

const fn paid(symbol: &'static str, ex_date: &'static str, amount: f64) -> DemoDividend {
    DemoDividend { symbol, ex_date, amount }
}

pub const DIVIDENDS: [DemoDividend; 12] = [
    paid("AAPL", "2024-08-12", 0.25),
    paid("AAPL", "2024-11-08", 0.25),
    paid("BND", "2024-11-01", 0.23),
    paid("BND", "2024-12-02", 0.23),
    paid("JNJ", "2024-08-27", 1.24),
    paid("JNJ", "2024-11-26", 1.24),
    paid("JPM", "2024-10-04", 0.95),
    paid("PG", "2024-10-18", 1.01),
    paid("SPY", "2024-09-20", 1.65),
    paid("SPY", "2024-12-20", 1.68),
    paid("VTV", "2024-12-23", 0.96),
    paid("XOM", "2024-11-14", 0.94),
];

pub const SPLITS: [DemoSplit; 1] = [DemoSplit { symbol: "SIZE", date: "2024-10-15", from: 1.0, to: 2.0 }];

/// Cash going ex and new shares for one old on a session: `(0.0, 1.0)` on most.
pub fn on(symbol: &str, session: NaiveDate) -> (f64, f64) {
    let date = session.to_string();
    let cash = DIVIDENDS.iter().filter(|d| d.symbol == symbol && d.ex_date == date).map(|d| d.amount).sum();
    let shares =
        SPLITS.iter().filter(|s| s.symbol == symbol && s.date == date).map(|s| s.to / s.from).product();
    (cash, shares)
}
