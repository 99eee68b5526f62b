//! Yields, securities, splits and dividends from files.

use std::collections::HashSet;
use std::path::Path;

use chrono::NaiveDate;
use sigma_core::model::{Dividend, InstrumentKind, RatePoint, Split};

use super::{BySymbol, Wanted, table};
use crate::{Offer, ProviderError, Security};

/// `rates.csv`. A blank or `.` value is a day without publication, not a problem.
pub fn read_rates(
    path: &Path,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Option<Offer<BySymbol<RatePoint>>>, ProviderError> {
    let mut keys = table::Keys::default();
    table::read(path, &["series", "date", "value"], |rows: &mut BySymbol<RatePoint>, row| {
        let series = row.needed("series")?;
        let date = row.date("date")?;
        if date < from || date > to || matches!(row.text("value"), None | Some(".")) {
            return Ok(());
        }
        let percent = row.needed_number("value")?;
        if !percent.is_finite() {
            return Err(format!("`value` is {percent}; a yield is a finite percentage"));
        }
        keys.take(series, date)?;
        rows.entry(series.to_owned()).or_default().push(RatePoint { date, percent });
        Ok(())
    })
}

/// `securities.csv`.
pub fn read_securities(
    path: &Path,
    symbols: &HashSet<String>,
) -> Result<Option<Offer<Vec<Security>>>, ProviderError> {
    table::read(path, &["symbol"], |rows: &mut Vec<Security>, row| {
        let symbol = row.symbol("symbol")?;
        if !symbols.contains(&*symbol) {
            return Ok(());
        }
        let text = |column: &str| row.text(column).map(str::to_owned);
        if rows.iter().any(|known| known.symbol == symbol) {
            return Err(format!("a second row for {symbol}"));
        }
        let kind = row.text("type").map(parse_kind).transpose()?;
        rows.push(Security {
            symbol: symbol.into_owned(),
            name: text("name"),
            kind,
            sector: text("sector"),
            industry: text("industry"),
            exchange: text("exchange"),
            country: text("country"),
            currency: text("currency"),
            market_cap: finite(row, "market_cap")?,
            dividend_yield: finite(row, "dividend_yield")?,
            duration: finite(row, "duration")?,
            convexity: finite(row, "convexity")?,
        });
        Ok(())
    })
}

fn parse_kind(text: &str) -> Result<InstrumentKind, String> {
    InstrumentKind::parse(text).ok_or_else(|| {
        let known: Vec<_> = InstrumentKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("`type` is `{text}`; known types: {}", known.join(", "))
    })
}

fn finite(row: &table::Row<'_>, column: &str) -> Result<Option<f64>, String> {
    match row.number(column)? {
        Some(value) if !value.is_finite() => Err(format!("`{column}` is {value}; it must be finite")),
        value => Ok(value),
    }
}

/// `splits.csv`.
pub fn read_splits(path: &Path, wanted: &Wanted) -> Result<Option<Offer<BySymbol<Split>>>, ProviderError> {
    let mut keys = table::Keys::default();
    table::read(path, &["symbol", "date", "from", "to"], |rows: &mut BySymbol<Split>, row| {
        let symbol = row.symbol("symbol")?;
        if !wanted.symbols.contains(&*symbol) {
            return Ok(());
        }
        let date = row.date("date")?;
        if wanted.takes(&symbol, date) {
            keys.take(&symbol, date)?;
            let split = Split { date, from: row.positive("from")?, to: row.positive("to")? };
            rows.entry(symbol.into_owned()).or_default().push(split);
        }
        Ok(())
    })
}

/// `dividends.csv`.
pub fn read_dividends(
    path: &Path,
    wanted: &Wanted,
) -> Result<Option<Offer<BySymbol<Dividend>>>, ProviderError> {
    let mut keys = table::Keys::default();
    table::read(path, &["symbol", "ex_date", "amount"], |rows: &mut BySymbol<Dividend>, row| {
        let symbol = row.symbol("symbol")?;
        if !wanted.symbols.contains(&*symbol) {
            return Ok(());
        }
        let ex_date = row.date("ex_date")?;
        if wanted.takes(&symbol, ex_date) {
            keys.take(&symbol, ex_date).map_err(|told| format!("{told}; put the sum in one row"))?;
            rows.entry(symbol.into_owned())
                .or_default()
                .push(Dividend { ex_date, amount: row.positive("amount")? });
        }
        Ok(())
    })
}
