//! Small books and markets for the engine tests.
#![allow(dead_code)] // Each test binary uses its own part.

use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_core::analytics::performance::{self, Day};
use sigma_core::analytics::positions::{PositionView, assess};
use sigma_core::calendar::Calendar;
use sigma_core::model::*;

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn sessions(from: &str, to: &str) -> Vec<NaiveDate> {
    Calendar::nyse().sessions_between(date(from), date(to)).unwrap()
}

pub fn close_to(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected} +- {tolerance}");
}

pub fn fixture(name: &str) -> Vec<HashMap<String, String>> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

pub fn bar(on: NaiveDate, close: f64) -> PriceBar {
    PriceBar {
        date: on,
        open: None,
        high: None,
        low: None,
        close,
        adj_close: None,
        volume: None,
        source: "file".into(),
        basis: CloseBasis::AsTraded,
    }
}

pub fn quote(on: NaiveDate, close: f64) -> OptionQuote {
    OptionQuote {
        date: on,
        bid: None,
        ask: None,
        close: Some(close),
        implied_volatility: None,
        open_interest: None,
        forward: None,
        source: "file".into(),
        greeks: None,
    }
}

/// Instruments by symbol with their market data and results.
#[derive(Default)]
pub struct World {
    pub market: Market,
    pub instruments: HashMap<String, Instrument>,
    pub results: InstrumentResults,
}

impl World {
    /// The instrument of a symbol; options are told by their OCC form, everything new else is a stock.
    pub fn instrument(&mut self, symbol: &str) -> &mut Instrument {
        let id = self.instruments.len() as i64 + 1;
        self.market.ids.entry(symbol.to_owned()).or_insert(id);
        self.instruments.entry(symbol.to_owned()).or_insert_with(|| {
            let option = parse_occ(symbol).map(|occ| OptionTerms {
                style: exercise_style_of(&occ.root),
                underlying: occ.root,
                kind: occ.kind,
                strike: occ.strike,
                expiry: occ.expiry,
                standard_deliverable: true,
            });
            Instrument {
                id,
                symbol: symbol.to_owned(),
                kind: if option.is_some() { InstrumentKind::Option } else { InstrumentKind::Stock },
                name: None,
                sector: None,
                industry: None,
                exchange: None,
                country: None,
                currency: "USD".into(),
                market_cap: None,
                dividend_yield: None,
                duration: None,
                convexity: None,
                multiplier: if option.is_some() { 100.0 } else { 1.0 },
                option,
            }
        })
    }

    pub fn history(&mut self, symbol: &str) -> &mut PriceHistory {
        let id = self.instrument(symbol).id;
        self.market.histories.entry(id).or_default()
    }

    /// Closes by date; a bar of a share or the close of an option quote.
    pub fn price(&mut self, symbol: &str, closes: &[(&str, f64)]) {
        for &(on, close) in closes {
            let instrument = self.instrument(symbol);
            let (id, is_option) = (instrument.id, instrument.is_option());
            match is_option {
                true => self.market.quotes.entry(id).or_default().push(quote(date(on), close)),
                false => self.history(symbol).bars.push(bar(date(on), close)),
            }
        }
    }

    pub fn split(&mut self, symbol: &str, on: &str, from: f64, to: f64) {
        self.history(symbol).splits.push(Split { date: date(on), from, to });
    }

    pub fn dividend(&mut self, symbol: &str, on: &str, amount: f64) {
        self.history(symbol).dividends.push(Dividend { ex_date: date(on), amount });
    }

    pub fn fit(&mut self, symbol: &str, status: FitStatus, loadings: &[(&str, f64)]) {
        let id = self.instrument(symbol).id;
        self.results.fits.insert(id, fit(status, loadings));
    }

    pub fn lot(&mut self, symbol: &str, quantity: f64, entry_price: f64, entry_date: &str) -> Lot {
        let instrument = self.instrument(symbol).clone();
        let position = Position {
            id: 0,
            portfolio_id: 1,
            instrument_id: instrument.id,
            quantity,
            entry_price,
            entry_date: date(entry_date),
            exit_price: None,
            exit_date: None,
            adjusted_through: None,
        };
        Lot { position, instrument, tags: vec![] }
    }

    pub fn roll(&self, book: &Book, to: &str) -> Vec<Day> {
        let sessions =
            Calendar::nyse().sessions_between(book.portfolio.opened_on, date(to)).expect("dates in range");
        performance::roll(book, &self.market, Calendar::nyse(), &sessions).expect("dates in range")
    }

    pub fn views(&self, book: &Book, day: &Day) -> Vec<PositionView> {
        assess(book, &day.lots, &self.market, &self.results)
    }
}

pub fn fit(status: FitStatus, loadings: &[(&str, f64)]) -> FactorFit {
    let loading = |&(factor, coefficient): &(&str, f64)| FactorLoading {
        factor: factor.to_owned(),
        coefficient,
        std_error: None,
        t_value: None,
        p_value: None,
        vif: None,
    };
    FactorFit { loadings: loadings.iter().map(loading).collect(), ..FactorFit::without_numbers(status, 252) }
}

pub fn exited(mut lot: Lot, price: f64, on: &str) -> Lot {
    lot.position.exit_price = Some(price);
    lot.position.exit_date = Some(date(on));
    lot
}

pub fn book(opened_on: &str, lots: Vec<Lot>, cash: &[(&str, CashKind, f64)]) -> Book {
    let portfolio = Portfolio {
        id: 1,
        user_id: 1,
        slug: "test".into(),
        name: "Test".into(),
        currency: "USD".into(),
        opened_on: date(opened_on),
        is_demo: false,
    };
    let entry = |&(on, kind, amount): &(&str, CashKind, f64)| CashEntry {
        id: 0,
        portfolio_id: 1,
        date: date(on),
        kind,
        amount,
        note: None,
    };
    Book { portfolio, lots, cash: cash.iter().map(entry).collect() }
}
