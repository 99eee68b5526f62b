//! Loading what an engine works on, in few queries: books with their lots, market data, results of instruments.

use async_recursion::async_recursion as boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate};
use sigma_core::model::{Book, Instrument, InstrumentKind, InstrumentResults, Lot, Market, Portfolio};

use crate::{
    Store,
    error::{Result, StoreError},
    prices::BEGINNING,
    save::Scope,
};

/// Before the first opening, prices reach back further than any price may be old.
const LEAD: Days = Days::new(14);

impl Store {
    /// The books of the portfolios with these slugs (none given: of all), lots by position id.
    #[boxed]
    pub async fn books(&mut self, slugs: &[String]) -> Result<Vec<Book>> {
        let portfolios = self.portfolios(slugs).await?;
        let ids: Vec<i64> = portfolios.iter().map(|portfolio| portfolio.id).collect();
        let instruments: HashMap<i64, Instrument> =
            self.instruments().await?.into_iter().map(|instrument| (instrument.id, instrument)).collect();
        let mut tags = self.position_tags(&ids).await?;
        let mut lots: HashMap<i64, Vec<Lot>> = HashMap::new();
        for position in self.positions(&ids).await? {
            let instrument = instruments
                .get(&position.instrument_id)
                .ok_or_else(|| StoreError::missing(format!("instrument of position {}", position.id)))?;
            let mut tags = tags.remove(&position.id).unwrap_or_default();
            tags.sort();
            lots.entry(position.portfolio_id).or_default().push(Lot {
                position,
                instrument: instrument.clone(),
                tags,
            });
        }
        let mut cash = HashMap::<i64, Vec<_>>::new();
        for entry in self.cash_entries(&ids).await? {
            cash.entry(entry.portfolio_id).or_default().push(entry);
        }
        let book = |portfolio: Portfolio| Book {
            lots: lots.remove(&portfolio.id).unwrap_or_default(),
            cash: cash.remove(&portfolio.id).unwrap_or_default(),
            portfolio,
        };
        Ok(portfolios.into_iter().map(book).collect())
    }

    /// Prices of these instruments and quotes of the options among them, both dates included.
    #[boxed]
    pub async fn market(
        &mut self,
        instruments: &[Instrument],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Market> {
        let (options, others): (Vec<_>, Vec<_>) = instruments.iter().partition(|i| i.is_option());
        let ids = |some: &[&Instrument]| some.iter().map(|i| i.id).collect::<Vec<i64>>();
        Ok(Market {
            histories: self.price_histories(&ids(&others), from, to).await?,
            quotes: self.option_quotes(&ids(&options), from, to).await?,
            ids: instruments.iter().map(|i| (i.symbol.clone(), i.id)).collect(),
        })
    }

    /// Prices and quotes that value the books at every close from their opening to `to`, for what they hold and the
    /// underlyings of their options; of the `others` too, and from `since` where that is earlier.
    #[boxed]
    pub async fn books_market(
        &mut self,
        books: &[Book],
        others: &[Instrument],
        since: Option<NaiveDate>,
        to: NaiveDate,
    ) -> Result<Market> {
        let mut wanted: BTreeMap<i64, Instrument> = others.iter().map(|i| (i.id, i.clone())).collect();
        let mut underlyings: BTreeSet<String> = BTreeSet::new();
        for lot in books.iter().flat_map(|book| &book.lots) {
            underlyings.extend(lot.instrument.option.as_ref().map(|terms| terms.underlying.clone()));
            wanted.entry(lot.instrument.id).or_insert_with(|| lot.instrument.clone());
        }
        let underlyings: Vec<String> = underlyings.into_iter().collect();
        wanted.extend(self.instruments_by_symbol(&underlyings).await?.into_iter().map(|i| (i.id, i)));
        let instruments: Vec<Instrument> = wanted.into_values().collect();

        let opened = books.iter().map(|book| book.portfolio.opened_on).min().unwrap_or(to);
        let from = opened.checked_sub_days(LEAD).unwrap_or(opened);
        let from = since.map_or(from, |since| since.min(from)).min(to);
        let mut market = self.market(&instruments, from, to).await?;
        let is_private = |i: &&Instrument| i.kind == InstrumentKind::Private;
        let private: Vec<i64> = instruments.iter().filter(is_private).map(|i| i.id).collect();
        if !private.is_empty() {
            // A private asset is held at its last stated value, however old that is.
            market.histories.extend(self.price_histories(&private, BEGINNING, to).await?);
        }
        Ok(market)
    }

    /// Greeks, and loadings by one method, of every instrument by date.
    #[boxed]
    pub async fn instrument_results(
        &mut self,
        from: NaiveDate,
        to: NaiveDate,
        method: &str,
    ) -> Result<HashMap<NaiveDate, InstrumentResults>> {
        let scope = Scope::all(from, to);
        let mut results: HashMap<NaiveDate, InstrumentResults> = HashMap::new();
        for row in self.greeks(&scope).await? {
            results.entry(row.as_of).or_default().greeks.insert(row.instrument_id, row);
        }
        for (instrument_id, as_of, fit) in self.factor_fits(&scope, method).await? {
            results.entry(as_of).or_default().fits.insert(instrument_id, fit);
        }
        Ok(results)
    }
}
