//! What a run asks for: symbols, series and dates.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::NaiveDate;
use sigma_cli::SessionRange;
use sigma_cli::sessions::calendar_error;
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, FactorDefinition, FactorKind, Instrument, InstrumentKind, Lot};

/// Treasury funds that stand for rates: taken when the provider knows them.
pub const RATE_PROXIES: [&str; 3] = ["SHY", "IEF", "TLT"];

/// The yield that discounts options.
pub const DISCOUNT_SERIES: &str = "DGS3MO";

/// Prefix of the yields of Treasury tenors.
const TREASURY_PREFIX: &str = "DGS";

/// What the engines cannot do without, and until when.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// Why: `held`, `underlying of SPY250919C00460000`, `proxy of Value`.
    pub role: String,
    /// The first day that it is needed for: the entry of the oldest position, or the beginning of the window.
    pub since: NaiveDate,
    /// The last session whose price is needed.
    pub until: NaiveDate,
}

/// What to ask for.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// First date asked for: the window of the first session, or the opening of a portfolio when that is earlier.
    pub start: NaiveDate,
    /// First session of the window of returns that ends on the first session of the run.
    pub window_start: NaiveDate,
    pub to: NaiveDate,
    /// Everything but options: what is known of it, when it is stored.
    pub symbols: BTreeSet<String>,
    /// Option contracts.
    pub contracts: BTreeSet<String>,
    pub needed: BTreeMap<String, Need>,
    /// Contracts that are valued by a quote.
    pub needed_contracts: BTreeMap<String, Need>,
    /// Series of the rates factor, and the discount rate.
    pub series: BTreeSet<String>,
    pub proxies: BTreeSet<String>,
}

/// What is stored that decides what is needed.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    pub books: Vec<Book>,
    pub instruments: Vec<Instrument>,
    pub factors: Vec<FactorDefinition>,
    /// Whether only some portfolios are asked for; then instruments of others are not.
    pub some_portfolios: bool,
}

/// Collects what the run has to ask for.
pub fn collect(
    stored: &Stored,
    dates: &SessionRange,
    window: usize,
    calendar: &Calendar,
) -> anyhow::Result<Needs> {
    let window_start = calendar.sessions_back(dates.from, window).map_err(calendar_error)?;
    let mut start = calendar.previous(window_start).map_err(calendar_error)?;
    for book in &stored.books {
        start = start.min(calendar.session_on_or_before(book.portfolio.opened_on).map_err(calendar_error)?);
    }
    let mut needs = Needs { start, window_start, to: dates.to, ..Needs::default() };
    needs.add_factors(&stored.factors);
    for lot in stored.books.iter().flat_map(|book| &book.lots) {
        needs.add_lot(lot, dates, calendar)?;
    }
    if !stored.some_portfolios {
        stored.instruments.iter().for_each(|instrument| needs.want(instrument));
    }
    Ok(needs)
}

impl Needs {
    /// Whether the yields of a series are kept.
    pub fn takes_series(&self, series: &str) -> bool {
        series.starts_with(TREASURY_PREFIX) || self.series.contains(series)
    }

    /// Symbols to ask prices and profiles of; the rate proxies among them, in case they are offered.
    pub fn asked(&self) -> HashSet<String> {
        self.symbols.iter().cloned().chain(RATE_PROXIES.map(str::to_owned)).collect()
    }

    /// The kind of a symbol that nobody has described.
    pub fn kind_of(&self, symbol: &str) -> Option<InstrumentKind> {
        if Instrument::is_volatility_index(symbol) {
            return Some(InstrumentKind::Index);
        }
        (self.proxies.contains(symbol) || RATE_PROXIES.contains(&symbol)).then_some(InstrumentKind::Etf)
    }

    fn add_factors(&mut self, factors: &[FactorDefinition]) {
        self.series.insert(DISCOUNT_SERIES.to_owned());
        for factor in factors {
            match factor.kind {
                FactorKind::Rates => {
                    self.series.insert(factor.proxy.clone());
                }
                FactorKind::Market | FactorKind::Style => {
                    self.symbols.insert(factor.proxy.clone());
                    self.proxies.insert(factor.proxy.clone());
                    let (role, start) = (format!("proxy of {}", factor.name), self.start);
                    need(&mut self.needed, &factor.proxy, role, start, self.to);
                }
            }
        }
    }

    fn add_lot(&mut self, lot: &Lot, dates: &SessionRange, calendar: &Calendar) -> anyhow::Result<()> {
        self.want(&lot.instrument);
        let Some(last) = last_day(lot, dates) else { return Ok(()) };
        let until = calendar.session_on_or_before(last).map_err(calendar_error)?;
        let (symbol, since) = (&lot.instrument.symbol, lot.position.entry_date);
        match &lot.instrument.option {
            None if lot.instrument.kind == InstrumentKind::Private => {}
            None => need(&mut self.needed, symbol, "held".to_owned(), since, until),
            Some(terms) => {
                need(&mut self.needed, &terms.underlying, format!("underlying of {symbol}"), since, until);
                // On its last day a contract is worth its intrinsic value.
                if until < terms.expiry {
                    need(&mut self.needed_contracts, symbol, "held".to_owned(), since, until);
                }
            }
        }
        Ok(())
    }

    fn want(&mut self, instrument: &Instrument) {
        match &instrument.option {
            Some(terms) => {
                self.contracts.insert(instrument.symbol.clone());
                self.symbols.insert(terms.underlying.clone());
            }
            None => {
                self.symbols.insert(instrument.symbol.clone());
            }
        }
    }
}

/// The last day of the run on which a lot needs a price; `None` when the lot is not held during the run.
fn last_day(lot: &Lot, dates: &SessionRange) -> Option<NaiveDate> {
    let position = &lot.position;
    let expiry = lot.instrument.option.as_ref().map(|terms| terms.expiry);
    let end = position.exit_date.into_iter().chain(expiry).fold(dates.to, NaiveDate::min);
    (position.entry_date <= dates.to && end >= dates.from).then_some(end)
}

/// A symbol needed twice is needed from the earlier to the later day; the first role names it.
fn need(needed: &mut BTreeMap<String, Need>, symbol: &str, role: String, since: NaiveDate, until: NaiveDate) {
    needed
        .entry(symbol.to_owned())
        .and_modify(|known| {
            known.until = known.until.max(until);
            known.since = known.since.min(since);
        })
        .or_insert(Need { role, since, until });
}
