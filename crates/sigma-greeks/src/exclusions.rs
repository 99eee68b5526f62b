//! What Greeks are missing or qualified in each portfolio, named with its share of value.

use std::collections::{BTreeMap, HashMap};

use sigma_core::analytics::performance::Day;
use sigma_core::analytics::snapshot::{exclusion_of_lot, explain, gross_with_cost, merge};
use sigma_core::model::{Book, Exclusion, GreeksRow, InstrumentKind, Issue, OptionGreeks, Reason};

use sigma_core::analytics::contracts::{STALE_QUOTE, STALE_SPOT};

/// Exclusions of one portfolio at one close, by symbol and reason.
pub fn exclusions(book: &Book, day: &Day, rows: &HashMap<i64, &GreeksRow>) -> Vec<Exclusion> {
    let gross = gross_with_cost(book, day);
    let mut found = Vec::new();
    for held in &day.lots {
        let lot = &book.lots[held.lot];
        let instrument = &lot.instrument;
        let issues = match rows.get(&instrument.id) {
            Some(row) => issues(&instrument.symbol, row),
            None if instrument.kind == InstrumentKind::Private => vec![no_delta(&instrument.symbol)],
            None => continue,
        };
        let of_lot = |issue| exclusion_of_lot(issue, lot, held.market_value, gross);
        found.extend(issues.into_iter().map(of_lot));
    }
    merge(found)
}

/// The value of a private asset counts in the NAV and not in delta dollars.
fn no_delta(symbol: &str) -> Issue {
    Issue::error(symbol, Reason::PrivateAsset, format!("no delta: {}", explain(Reason::PrivateAsset)))
}

/// What a contract's row lacks or assumes, one issue for each reason.
pub fn issues(symbol: &str, row: &GreeksRow) -> Vec<Issue> {
    match &row.greeks {
        Err(reason) => vec![Issue::error(symbol, *reason, format!("no Greeks: {}", missing(*reason)))],
        Ok(greeks) => warnings(symbol, greeks),
    }
}

// Details name no symbol, so that contracts with the same lack share one line.

fn missing(reason: Reason) -> &'static str {
    match reason {
        Reason::NoPrice => {
            "no close of its underlying is stored on the date or the session before; run `sigma-sync prices`"
        }
        Reason::NoVol => {
            "no quote, no neighbouring strike and no 63 sessions of returns give a volatility; run `sigma-sync options`"
        }
        reason => explain(reason),
    }
}

fn warnings(symbol: &str, greeks: &OptionGreeks) -> Vec<Issue> {
    let mut details: BTreeMap<Reason, Vec<&str>> = BTreeMap::new();
    for flag in &greeks.flags {
        let (reason, detail) = match flag.as_str() {
            "forward_is_spot" => {
                (Reason::NoPrice, "priced on the spot of its underlying: no forward is quoted")
            }
            "nearest_strike" => {
                (Reason::NoVol, "priced at the volatility of the nearest strike of its expiry that has one")
            }
            "realised_volatility" => {
                (Reason::NoVol, "priced at the realised volatility of its underlying over 63 sessions")
            }
            "no_dividend_yield" => {
                (Reason::InvalidInput, "priced without dividends: no yield of its underlying is stored")
            }
            "below_intrinsic" => {
                (Reason::BelowIntrinsic, "its own price lies below the no-arbitrage bound and was not used")
            }
            STALE_SPOT => (Reason::StalePrice, "the close of its underlying is one session old"),
            STALE_QUOTE => (Reason::StalePrice, "its quote is one session old"),
            other => (Reason::InvalidInput, other),
        };
        details.entry(reason).or_default().push(detail);
    }
    details.into_iter().map(|(reason, parts)| Issue::warning(symbol, reason, parts.join("; "))).collect()
}

#[cfg(test)]
mod tests {
    use sigma_core::model::*;

    use super::*;

    #[test]
    fn flags_of_one_reason_share_an_issue() {
        let date: chrono::NaiveDate = "2025-06-30".parse().unwrap();
        let greeks = OptionGreeks {
            spot: 1.0,
            market_price: None,
            volatility: 0.2,
            volatility_source: VolatilitySource::Realised63,
            rate: 0.0,
            dividend_yield: 0.0,
            years: 0.1,
            model_price: 1.0,
            delta: 0.5,
            gamma: 0.1,
            theta_per_day: 0.0,
            vega_per_point: 0.0,
            rho_per_point: 0.0,
            flags: ["stale_spot", "stale_quote", "realised_volatility"].map(String::from).to_vec(),
        };
        let mut row = GreeksRow {
            instrument_id: 1,
            as_of: date,
            method: GreeksMethod::BlackScholesMerton,
            greeks: Ok(greeks),
        };
        let found = issues("X", &row);
        let reasons: Vec<Reason> = found.iter().map(|issue| issue.reason).collect();
        assert_eq!(reasons, [Reason::StalePrice, Reason::NoVol]);
        assert_eq!(
            found[0].detail,
            "the close of its underlying is one session old; its quote is one session old"
        );
        row.greeks = Err(Reason::NoPrice);
        assert_eq!(issues("X", &row)[0].severity, Severity::Error);
    }
}
