//! Financial Modeling Prep.
//!
//! # Map
//! - [`fault`]: what an answer means; `cell`: numbers and texts that may be anything;
//! - [`bars`]: daily prices; [`actions`]: splits and dividends; [`mod@reference`]: profiles, Treasury yields;
//! - [`quote`]: last prices of many symbols; [`legacy`]: the shapes of `/api/v3`, for keys made before September 2025.
//!
//! # What a plan may refuse
//! A refusal of an endpoint holds for the life of the client: it is answered from memory, so that it costs one request
//! and not one a symbol. Where the endpoint of dividends is refused, bars carry the provider's dividend-adjusted close
//! instead ([`Fmp::adjusted_closes`]), so that total returns can still be told.

pub mod actions;
pub mod bars;
mod cell;
pub mod fault;
pub mod legacy;
pub mod quote;
pub mod reference;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{Days, NaiveDate};

use crate::ask::{Ability, BarsAsk};
use crate::fault::{Fault, FaultKind};
use crate::http::{Answer, Service, Settings};
use crate::moment;
use crate::symbols::{self, Dialect};

/// The service.
#[derive(Debug)]
pub struct Fmp {
    pub(crate) service: Service,
    is_legacy: bool,
    /// Endpoints that the plan refuses.
    refusals: Mutex<BTreeMap<&'static str, Fault>>,
    /// Splits of a symbol, and the day they were asked on.
    splits: Mutex<BTreeMap<String, (NaiveDate, actions::Splits)>>,
    /// Yields by the first day of their quarter. Held while a quarter is fetched: whoever else needs it waits.
    yields: tokio::sync::Mutex<BTreeMap<NaiveDate, Vec<reference::Yields>>>,
}

/// What is asked for, under its name in the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Endpoint {
    stable: &'static str,
    /// `/api/..`, where there is one; the symbol follows.
    legacy: Option<&'static str>,
}

const FULL: Endpoint =
    Endpoint { stable: "historical-price-eod/full", legacy: Some("v3/historical-price-full") };
const LIGHT: Endpoint = Endpoint { stable: "historical-price-eod/light", legacy: None };
const AS_TRADED: Endpoint = Endpoint { stable: "historical-price-eod/non-split-adjusted", legacy: None };
const ADJUSTED: Endpoint = Endpoint { stable: "historical-price-eod/dividend-adjusted", legacy: None };
const SPLITS: Endpoint = Endpoint { stable: "splits", legacy: Some("v3/historical-price-full/stock_split") };
const DIVIDENDS: Endpoint =
    Endpoint { stable: "dividends", legacy: Some("v3/historical-price-full/stock_dividend") };
const PROFILE: Endpoint = Endpoint { stable: "profile", legacy: Some("v3/profile") };
const QUOTES: Endpoint = Endpoint { stable: "batch-quote", legacy: Some("v3/quote") };
const TREASURY: Endpoint = Endpoint { stable: "treasury-rates", legacy: Some("v4/treasury") };

/// The symbol that shows what a key can do: every plan includes it.
const PROBED: &str = "AAPL";

impl Fmp {
    /// Opens the service; `is_legacy` asks `/api/v3`, which knows no key made after August 2025.
    pub fn open(settings: Settings, is_legacy: bool) -> Result<Fmp, Fault> {
        Ok(Fmp {
            service: Service::open("FMP", settings)?,
            is_legacy,
            refusals: Mutex::default(),
            splits: Mutex::default(),
            yields: tokio::sync::Mutex::default(),
        })
    }

    /// What can be had with this key, in four requests at most.
    pub async fn probe(&self) -> Vec<Ability> {
        let today = moment::new_york(self.service.data_now()).date();
        let from = today - Days::new(10);
        let mut abilities =
            vec![Ability { name: "daily prices", outcome: self.probe_prices(from, today).await }];
        let is_refused = |ability: &Ability| matches!(&ability.outcome, Err(f) if f.kind == FaultKind::Auth);
        if abilities.iter().any(is_refused) {
            return abilities;
        }
        let splits = self.fetch_splits(PROBED, today).await.map(|s| format!("{} of {PROBED}", s.rows.len()));
        abilities.push(Ability { name: "splits", outcome: splits });
        let profile = self.profile(PROBED).await.map(|security| {
            format!("{PROBED}: {}", security.name.or(security.sector).unwrap_or_else(|| "no name".to_owned()))
        });
        abilities.push(Ability { name: "profiles", outcome: profile });
        let rates = self.probe_yields(from, today).await;
        abilities.push(Ability { name: "Treasury yields", outcome: rates });
        abilities
    }

    async fn probe_prices(&self, from: NaiveDate, to: NaiveDate) -> Result<String, Fault> {
        let ask = BarsAsk { symbol: PROBED.to_owned(), kind: None, from, to, today: to };
        let (endpoint, shape) =
            if self.is_legacy { (FULL, bars::Shape::Legacy) } else { (LIGHT, bars::Shape::Light) };
        let bars::Rows { bars: rows, .. } = self.fetch_rows(endpoint, shape, &ask).await?;
        let last = rows.iter().map(|bar| bar.date).max();
        Ok(format!("{} bars of {PROBED}{}", rows.len(), last.map(|d| format!(" to {d}")).unwrap_or_default()))
    }

    async fn probe_yields(&self, from: NaiveDate, to: NaiveDate) -> Result<String, Fault> {
        let query = dates(from, to);
        let rows = self.ask(TREASURY, None, &query, reference::parse_yields).await?;
        match rows.iter().map(|row| row.date).max() {
            Some(last) => Ok(format!("to {last}")),
            None => {
                Err(Fault::new(self.service.name(), FaultKind::NoData, format!("no yields since {from}")))
            }
        }
    }

    /// Sends a request and reads the answer; what the plan refuses is remembered.
    async fn ask<T>(
        &self,
        endpoint: Endpoint,
        symbol: Option<&str>,
        query: &[(&str, String)],
        parse: impl Fn(&Answer) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if let Some(fault) = self.refusal(endpoint) {
            return Err(fault);
        }
        let mut query = query.to_vec();
        let mut segments: Vec<&str> = Vec::new();
        match endpoint.legacy.filter(|_| self.is_legacy) {
            Some(path) => {
                segments.push("api");
                segments.extend(path.split('/').chain(symbol));
            }
            None => {
                segments.push("stable");
                segments.extend(endpoint.stable.split('/'));
                let name = if endpoint == QUOTES { "symbols" } else { "symbol" };
                query.splice(0..0, symbol.map(|symbol| (name, symbol.to_owned())));
            }
        }
        let request = self.service.request(&segments, &query);
        let is_daily = self.service.limit().is_daily();
        let read = |answer: &Answer| match fault::classify(answer, is_daily) {
            Some(fault) => Err(fault),
            None => parse(answer),
        };
        let result = self.service.get(&request, read).await;
        if let Err(fault) = &result
            && fault.kind == FaultKind::PlanEndpoint
        {
            lock(&self.refusals).insert(endpoint.stable, fault.clone());
        }
        result
    }

    fn refusal(&self, endpoint: Endpoint) -> Option<Fault> {
        lock(&self.refusals).get(endpoint.stable).cloned()
    }
}

/// Whether a fault is the plan's refusal of an endpoint or of a symbol.
fn is_plan(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::PlanEndpoint | FaultKind::PlanSymbol)
}

fn dates(from: NaiveDate, to: NaiveDate) -> [(&'static str, String); 2] {
    [("from", from.to_string()), ("to", to.to_string())]
}

fn spell(symbol: &str, kind: Option<sigma_core::model::InstrumentKind>) -> String {
    symbols::spell(symbol, kind, Dialect::Dash)
}

fn canonical(spelled: &str) -> String {
    symbols::canonical(spelled, Dialect::Dash)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
