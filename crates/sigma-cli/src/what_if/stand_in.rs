//! What a what-if trades and the database does not know: instruments made of their symbols, and prices that stand in for
//! a close.
//!
//! # Which price
//! A price of the close comes first, always. Without one a trade that states its price is valued at it, and the price of
//! an option implies the volatility of its Greeks, so that scenarios begin at the price paid; a price that no volatility
//! gives is refused. Without a stated price an option is valued at the model price of its Greeks, whose volatility comes
//! from the chain of the Greeks engine and is named.
//! A stand-in is a price of the as-of date in the market of this answer, so both states and every engine read it: what
//! is held of the instrument already is valued at it as well, before and after.
//!
//! # What it does not do
//! It never replaces a price that is there, and nothing that it makes is stored.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sigma_core::analytics::greeks::price_bounds;
use sigma_core::analytics::pro_forma::TradingClose;
use sigma_core::analytics::trade_problems::impossible_price;
use sigma_core::calendar::{Calendar, CalendarError};
use sigma_core::model::{
    CloseBasis, Deliverable, Instrument, InstrumentKind, InstrumentResults, Issue, Market, OccSymbol,
    OptionQuote, OptionTerms, PriceBar, Reason, Trade, TradeProblem, VolatilitySource, is_fund_like,
    is_malformed_option, is_symbol, option_root, parse_occ,
};

/// Where a price that nobody quoted says it comes from.
const SOURCE: &str = "what-if";

/// What stands in for a price of the close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceSource {
    /// The price that a trade states.
    Stated,
    /// The model price of an option.
    Model,
}

impl PriceSource {
    /// What tables call it.
    pub fn as_str(self) -> &'static str {
        match self {
            PriceSource::Stated => "stated",
            PriceSource::Model => "model",
        }
    }
}

/// Instruments of traded symbols that are not in the security master, with ids below zero: options whose underlying is
/// known, shares and funds that state a price, and indices, which are refused as such.
pub fn instruments(trades: &[Trade], known: &HashMap<String, Instrument>) -> Vec<Instrument> {
    let mut made: BTreeMap<&str, Instrument> = BTreeMap::new();
    for trade in trades.iter().filter(|trade| !known.contains_key(&trade.symbol)) {
        let id = -1 - made.len() as i64;
        let instrument = match parse_occ(&trade.symbol) {
            Some(occ) => contract(&trade.symbol, &occ, known, id),
            None if Instrument::is_index(&trade.symbol) => {
                Some(Instrument { kind: InstrumentKind::Index, ..share(&trade.symbol, id) })
            }
            None if is_malformed_option(&trade.symbol) || !is_symbol(&trade.symbol) => None,
            None if is_fund_like(&trade.symbol) => trade
                .price
                .map(|_| Instrument { kind: InstrumentKind::MutualFund, ..share(&trade.symbol, id) }),
            None => trade.price.map(|_| share(&trade.symbol, id)),
        };
        if let Some(instrument) = instrument {
            made.entry(&trade.symbol).or_insert(instrument);
        }
    }
    made.into_values().collect()
}

fn share(symbol: &str, id: i64) -> Instrument {
    Instrument { id, ..Instrument::unstored(symbol, InstrumentKind::Stock) }
}

/// A listed contract by its symbol, on what a stored contract of the same root is on, else on what the root says.
fn contract(
    symbol: &str,
    occ: &OccSymbol,
    known: &HashMap<String, Instrument>,
    id: i64,
) -> Option<Instrument> {
    let root = option_root(&occ.root);
    let of_root = |i: &&Instrument| parse_occ(&i.symbol).is_some_and(|other| other.root == occ.root);
    let stored = known.values().find(of_root).and_then(|stored| stored.option.as_ref());
    let underlying = known.get(stored.map_or(&root.underlying, |terms| &terms.underlying))?;
    let terms = OptionTerms {
        underlying: underlying.symbol.clone(),
        kind: occ.kind,
        strike: occ.strike,
        expiry: occ.expiry,
        style: root.style,
        standard_deliverable: root.deliverable != Deliverable::Adjusted,
    };
    let multiplier = root.deliverable.multiplier();
    let bare = Instrument::unstored(symbol, InstrumentKind::Option);
    let mut made = Instrument { id, multiplier, option: Some(terms), ..bare };
    made.lend_sector(underlying);
    Some(made)
}

/// Prices that trades state for instruments without a price of the close, by id with the trade.
#[derive(Debug, Default)]
pub struct Stated<'a>(BTreeMap<i64, (&'a Instrument, &'a Trade, f64)>);

impl<'a> Stated<'a> {
    /// The first price that is stated for each, put into the market.
    pub fn put(
        trades: &'a [Trade],
        traded: &'a [Instrument],
        market: &mut Market,
        close: (NaiveDate, &Calendar),
    ) -> Result<Stated<'a>, CalendarError> {
        let mut stated = Stated::default();
        for instrument in traded {
            if !lacks_price(instrument, market, close)? {
                continue;
            }
            let of_instrument = trades.iter().filter(|trade| trade.symbol == instrument.symbol);
            let usable = |trade: &'a Trade| Some((trade, trade.price.filter(|p| p.is_finite() && *p > 0.0)?));
            if let Some((trade, price)) = of_instrument.filter_map(usable).next() {
                stated.0.insert(instrument.id, (instrument, trade, price));
            }
        }
        stated.lend(market, close.0);
        Ok(stated)
    }

    /// Puts the prices into a market.
    pub fn lend(&self, market: &mut Market, date: NaiveDate) {
        self.0.values().for_each(|(instrument, _, price)| put(instrument, *price, market, date));
    }

    /// Whether the price of an instrument is a stated one.
    pub fn has(&self, id: i64) -> bool {
        self.0.contains_key(&id)
    }

    /// Prices at which no volatility values the contract. A volatility from elsewhere would give it another value than
    /// its price, and scenarios would start from that one.
    pub fn problems(&self, results: &InstrumentResults) -> Vec<TradeProblem> {
        let problem = |(instrument, trade, price): &(&Instrument, &Trade, f64)| {
            let terms = instrument.option.as_ref()?;
            match &results.greeks.get(&instrument.id)?.greeks {
                Ok(greeks) => {
                    let bounds = price_bounds(terms, greeks);
                    let is_implied = greeks.volatility_source == VolatilitySource::ImpliedStated;
                    let is_possible = is_implied && bounds.0 <= *price && *price <= bounds.1;
                    (!is_possible).then(|| impossible_price(trade, Reason::NoVol, Some(bounds)))
                }
                Err(reason @ (Reason::BelowIntrinsic | Reason::NoVol)) => {
                    Some(impossible_price(trade, *reason, None))
                }
                Err(_) => None,
            }
        };
        self.0.values().filter_map(problem).collect()
    }
}

/// Tells of the stated prices, and gives the model price to options that are traded without any; by symbol where each
/// came from.
pub fn prices(
    stated: &Stated<'_>,
    traded: &[Instrument],
    results: &InstrumentResults,
    market: &mut Market,
    close: (NaiveDate, &Calendar),
) -> Result<(HashMap<String, PriceSource>, Vec<Issue>), CalendarError> {
    let mut sources = HashMap::new();
    let mut issues = Vec::new();
    for instrument in traded {
        let model = results.greeks.get(&instrument.id).and_then(|row| row.greeks.as_ref().ok());
        let volatility = model.map(|greeks| {
            format!("volatility {:.2} % ({})", 100.0 * greeks.volatility, greeks.volatility_source)
        });
        let (source, detail) = match (stated.0.get(&instrument.id), model) {
            (Some((_, _, price)), _) => {
                let implied = volatility.map_or(String::new(), |told| format!(", {told}"));
                (PriceSource::Stated, format!("no price of the close: valued at the stated {price}{implied}"))
            }
            (None, Some(greeks)) if lacks_price(instrument, market, close)? => {
                put(instrument, greeks.model_price, market, close.0);
                let told = volatility.unwrap_or_default();
                let detail = format!("no quote: valued at its model price {:.4}, {told}", greeks.model_price);
                (PriceSource::Model, detail)
            }
            _ => continue,
        };
        issues.push(Issue::warning(&instrument.symbol, Reason::NoPrice, detail));
        sources.insert(instrument.symbol.clone(), source);
    }
    Ok((sources, issues))
}

/// Whether no price can be used; contracts that have ended or deliver otherwise lack more than a price.
fn lacks_price(
    instrument: &Instrument,
    market: &Market,
    (as_of, calendar): (NaiveDate, &Calendar),
) -> Result<bool, CalendarError> {
    let instruments = HashMap::new();
    let close = TradingClose {
        as_of,
        calendar,
        market,
        instruments: &instruments,
        fractional: false,
        can_state_prices: true,
    };
    let lacking = [Reason::NoPrice, Reason::StalePrice, Reason::PrivateAsset];
    Ok(close.mark(instrument)?.is_err_and(|reason| lacking.contains(&reason)))
}

fn put(instrument: &Instrument, price: f64, market: &mut Market, date: NaiveDate) {
    if instrument.is_option() {
        let quotes = market.quotes.entry(instrument.id).or_default();
        // A contract on a forward stays one on that forward.
        let forward = quotes.iter().find(|old| old.date == date).and_then(|old| old.forward);
        let quote = OptionQuote {
            date,
            bid: None,
            ask: None,
            close: Some(price),
            implied_volatility: None,
            open_interest: None,
            forward,
            source: SOURCE.to_owned(),
            greeks: None,
        };
        quotes.retain(|old| old.date < date);
        quotes.push(quote);
        return;
    }
    let bar = PriceBar {
        date,
        open: None,
        high: None,
        low: None,
        close: price,
        adj_close: None,
        volume: None,
        source: SOURCE.to_owned(),
        basis: CloseBasis::AsTraded,
    };
    market.ids.insert(instrument.symbol.clone(), instrument.id);
    let history = market.histories.entry(instrument.id).or_default();
    history.bars.retain(|old| old.date < date);
    history.bars.push(bar);
}
