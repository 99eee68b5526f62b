//! What private assets are worth by a file.

use chrono::NaiveDate;
use sigma_brokers::statement::{Flag, ImportedPosition};
use sigma_core::model::{CloseBasis, Market, PriceBar};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueSource {
    /// The file of a broker states it, as of its day.
    Stated,
    /// An export of ours repeats what was stored.
    Exported,
    /// Nothing better than the entry price is known.
    Entry,
}

/// The value of one unit of a private asset.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    pub symbol: String,
    pub bar: PriceBar,
    pub source: ValueSource,
}

impl Value {
    /// By the file's price, else by the entry price on the entry date; `None` without either.
    pub fn of(position: &ImportedPosition, price: Option<f64>, as_of: NaiveDate) -> Option<Value> {
        let source = match position.flags.contains(&Flag::Exact) {
            true => ValueSource::Exported,
            false => ValueSource::Stated,
        };
        let stated = price.map(|price| (price, as_of, source));
        let entered =
            position.entry_price.map(|p| (p, position.entry_date.unwrap_or(as_of), ValueSource::Entry));
        let (close, date, source) = stated.or(entered).filter(|(price, ..)| *price > 0.0)?;
        let bar = PriceBar {
            date,
            open: None,
            high: None,
            low: None,
            close,
            adj_close: None,
            volume: None,
            source: "import".to_owned(),
            basis: CloseBasis::AsTraded,
        };
        Some(Value { symbol: position.symbol.clone(), bar, source })
    }

    /// Whether it tells more than what is stored: an entry price is no value where one is known, and an export brings
    /// back what it was made from.
    pub fn is_news(&self, market: &Market) -> bool {
        let stored = market.history(&self.symbol).map(|history| &history.bars);
        let known = |date: NaiveDate| stored?.iter().rev().find(|bar| bar.date <= date);
        match self.source {
            ValueSource::Stated => true,
            ValueSource::Exported => known(self.bar.date).is_none_or(|known| known.close != self.bar.close),
            ValueSource::Entry => stored.is_none_or(Vec::is_empty),
        }
    }
}
