//! End-of-day quotes of option contracts.

use async_recursion::async_recursion as boxed;
use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_core::model::{OptionQuote, QuotedGreeks};

use crate::{
    Store,
    error::Result,
    save::{Filter, Saved, Scope},
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
        quoted_delta: Option<f64>,
        quoted_gamma: Option<f64>,
        quoted_theta_per_day: Option<f64>,
        quoted_vega_per_point: Option<f64>,
    }
}

impl QuoteRecord {
    fn new(instrument_id: i64, quote: &OptionQuote) -> QuoteRecord {
        let OptionQuote { date, bid, ask, close, implied_volatility, open_interest, forward, .. } = *quote;
        let greeks = quote.greeks.unwrap_or_default();
        QuoteRecord {
            instrument_id,
            date,
            bid,
            ask,
            close,
            implied_volatility,
            open_interest,
            forward,
            source: quote.source.clone(),
            quoted_delta: greeks.delta,
            quoted_gamma: greeks.gamma,
            quoted_theta_per_day: greeks.theta_per_day,
            quoted_vega_per_point: greeks.vega_per_point,
        }
    }

    fn into_quote(self) -> OptionQuote {
        let quoted = QuotedGreeks {
            delta: self.quoted_delta,
            gamma: self.quoted_gamma,
            theta_per_day: self.quoted_theta_per_day,
            vega_per_point: self.quoted_vega_per_point,
        };
        let greeks = (quoted != QuotedGreeks::default()).then_some(quoted);
        let QuoteRecord { date, bid, ask, close, implied_volatility, open_interest, forward, source, .. } =
            self;
        OptionQuote { date, bid, ask, close, implied_volatility, open_interest, forward, source, greeks }
    }
}

/// Rows of many contracts.
pub(crate) fn records(quotes: &HashMap<i64, Vec<OptionQuote>>) -> Vec<QuoteRecord> {
    quotes.iter().flat_map(|(&id, all)| all.iter().map(move |quote| QuoteRecord::new(id, quote))).collect()
}

impl Store {
    /// Adds or alters quotes of many contracts in one transaction.
    #[boxed]
    pub async fn save_option_quotes(&mut self, quotes: &HashMap<i64, Vec<OptionQuote>>) -> Result<Saved> {
        self.merge(records(quotes)).await
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
