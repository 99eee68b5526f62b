//! End-of-day quotes of option contracts.

use async_recursion::async_recursion as boxed;
use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_core::model::OptionQuote;

use crate::{
    Store,
    error::Result,
    save::{Filter, Saved, Scope, filter_around},
};

record! {
    QuoteRecord in option_quotes,
    entity instrument_id: i64, date date, part [], run [],
    key (instrument_id: i64, date: NaiveDate),
    {
        instrument_id: i64,
        date: NaiveDate,
        bid: Option<f64>,
        ask: Option<f64>,
        close: Option<f64>,
        implied_volatility: Option<f64>,
        open_interest: Option<f64>,
        forward: Option<f64>,
        source: String,
    }
}

impl QuoteRecord {
    fn new(instrument_id: i64, quote: &OptionQuote) -> QuoteRecord {
        let OptionQuote { date, bid, ask, close, implied_volatility, open_interest, forward, ref source } =
            *quote;
        let source = source.clone();
        QuoteRecord {
            instrument_id,
            date,
            bid,
            ask,
            close,
            implied_volatility,
            open_interest,
            forward,
            source,
        }
    }

    fn into_quote(self) -> OptionQuote {
        let QuoteRecord { date, bid, ask, close, implied_volatility, open_interest, forward, .. } = self;
        OptionQuote { date, bid, ask, close, implied_volatility, open_interest, forward, source: self.source }
    }
}

impl Store {
    /// Adds or alters quotes of many contracts in one transaction.
    #[boxed]
    pub async fn save_option_quotes(&mut self, quotes: &HashMap<i64, Vec<OptionQuote>>) -> Result<Saved> {
        let records = quotes
            .iter()
            .flat_map(|(&id, quotes)| quotes.iter().map(move |quote| QuoteRecord::new(id, quote)));
        let records: Vec<QuoteRecord> = records.collect();
        match filter_around(&records) {
            Some(filter) => self.merge(filter, records).await,
            None => Ok(Saved::default()),
        }
    }

    /// Quotes of contracts between two dates, both included, by ascending date. Contracts without quotes are absent.
    #[boxed]
    pub async fn option_quotes(
        &mut self,
        ids: &[i64],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<HashMap<i64, Vec<OptionQuote>>> {
        let rows: Vec<QuoteRecord> = self.rows(Filter::new(&Scope::range(from, to, ids), None)).await?;
        let mut quotes: HashMap<i64, Vec<OptionQuote>> = HashMap::new();
        for row in rows {
            quotes.entry(row.instrument_id).or_default().push(row.into_quote());
        }
        Ok(quotes)
    }
}
