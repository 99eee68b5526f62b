//! Bars and option quotes from files.

use std::path::Path;

use sigma_core::model::{CloseBasis, OptionQuote, PriceBar};

use super::{BySymbol, SOURCE, Wanted, table};
use crate::{Offer, ProviderError};

/// `prices.csv`. Values are taken as written, zero and NaN included: refusing them, with a reason that is stored, is the
/// screen's part.
pub fn read_prices(path: &Path, wanted: &Wanted) -> Result<Option<Offer<BySymbol<PriceBar>>>, ProviderError> {
    table::read(path, &["symbol", "date", "close"], |rows: &mut BySymbol<PriceBar>, row| {
        let symbol = row.symbol("symbol")?;
        if !wanted.symbols.contains(&*symbol) {
            return Ok(());
        }
        let date = row.date("date")?;
        if !wanted.takes(&symbol, date) {
            return Ok(());
        }
        let bar = PriceBar {
            date,
            open: row.number("open")?,
            high: row.number("high")?,
            low: row.number("low")?,
            close: row.needed_number("close")?,
            adj_close: row.number("adj_close")?,
            volume: row.number("volume")?,
            source: SOURCE.to_owned(),
            basis: CloseBasis::AsTraded,
        };
        rows.entry(symbol.into_owned()).or_default().push(bar);
        Ok(())
    })
}

/// `options.csv`.
pub fn read_options(
    path: &Path,
    wanted: &Wanted,
) -> Result<Option<Offer<BySymbol<OptionQuote>>>, ProviderError> {
    let mut keys = table::Keys::default();
    table::read(path, &["symbol", "date"], |rows: &mut BySymbol<OptionQuote>, row| {
        let symbol = row.symbol("symbol")?;
        if !wanted.symbols.contains(&*symbol) {
            return Ok(());
        }
        let date = row.date("date")?;
        if !wanted.takes(&symbol, date) {
            return Ok(());
        }
        let quote = OptionQuote {
            date,
            bid: not_negative(row, "bid")?,
            ask: not_negative(row, "ask")?,
            close: above_zero(row, "close")?,
            implied_volatility: above_zero(row, "implied_volatility")?,
            open_interest: not_negative(row, "open_interest")?,
            forward: above_zero(row, "forward")?,
            source: SOURCE.to_owned(),
            greeks: None,
        };
        if let (Some(bid), Some(ask)) = (quote.bid, quote.ask)
            && bid > ask
        {
            return Err(format!("bid {bid} is above ask {ask}"));
        }
        keys.take(&symbol, date)?;
        rows.entry(symbol.into_owned()).or_default().push(quote);
        Ok(())
    })
}

fn not_negative(row: &table::Row<'_>, column: &str) -> Result<Option<f64>, String> {
    let value = row.number(column)?;
    match value {
        Some(value) if !(value.is_finite() && value >= 0.0) => {
            Err(format!("`{column}` is {value}; it must be a number of zero or more"))
        }
        _ => Ok(value),
    }
}

/// A price or a volatility: a contract that did not trade has none, which is a blank cell and not a zero.
fn above_zero(row: &table::Row<'_>, column: &str) -> Result<Option<f64>, String> {
    let value = row.number(column)?;
    match value {
        Some(value) if !(value.is_finite() && value > 0.0) => {
            Err(format!("`{column}` is {value}; it must be above zero, or blank when it is not known"))
        }
        _ => Ok(value),
    }
}
