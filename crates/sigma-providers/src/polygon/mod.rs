//! Polygon.io, renamed Massive in 2025; both hosts answer alike.
//!
//! # Map
//! | data | resource | file |
//! |---|---|---|
//! | daily bars of a symbol | `/v2/aggs/ticker/{T}/range/1/day/{from}/{to}` | `bars` |
//! | daily bars of a session | `/v2/aggs/grouped/locale/us/market/stocks/{date}` | `bars` |
//! | splits, dividends | `/stocks/v1/...`, older `/v3/reference/...` | `actions` |
//! | details, delistings | `/v3/reference/tickers...` | `reference` |
//! | changes of symbol | `/vX/reference/tickers/{T}/events` | `reference` |
//! | closures of the exchange | `/v1/marketstatus/upcoming` | `reference` |
//! | listed contracts | `/v3/reference/options/contracts` | `contracts` |
//! | option quotes | `/v3/snapshot/options/{U}`, bars of a contract | `options`, `snapshot` |
//!
//! `fault` tells what an answer means, `paging` follows pages, `row` reads one object, `probe` tries what a key may do.
//!
//! # Conventions of the service
//! - Prices are asked for as traded (`adjusted=false`); an answer that says it is adjusted is turned back with the
//!   splits of the service, and refused without them (`rebuilt`).
//! - Lists without rows leave `results` out. `DELAYED` is a success. Plans with a short history answer with less than
//!   was asked for and do not say so.
//! - Symbols are case-sensitive: `KIMpL` is a preferred share.
//! - There are no mutual funds.

mod actions;
mod bars;
mod contracts;
mod fault;
mod options;
mod paging;
mod probe;
mod rebuilt;
mod reference;
mod row;
mod snapshot;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use chrono::NaiveDate;

pub use self::contracts::ContractList;
pub use self::fault::classify;
pub use self::reference::Closure;
use crate::ask::{Ability, Actions, BarsAsk, Quotes, QuotesAsk, Series, SessionBars};
use crate::http::{Service, Settings};
use crate::symbols::Rename;
use crate::{Fault, Security};

/// With every stored row.
const SOURCE: &str = "polygon";

/// The service.
#[derive(Debug)]
pub struct Polygon {
    pub(crate) service: Service,
    /// The current day.
    refuses_today: Refused,
    /// Snapshots of the options on a kind of symbol.
    refuses_snapshots: Refused,
}

/// Kinds of symbols whose plan has been seen to refuse something: each kind is a plan of its own.
#[derive(Debug, Default)]
struct Refused {
    shares: AtomicBool,
    indices: AtomicBool,
    options: AtomicBool,
}

impl Refused {
    fn of(&self, spelled: &str) -> &AtomicBool {
        match spelled.get(..2) {
            Some("I:") => &self.indices,
            Some("O:") => &self.options,
            _ => &self.shares,
        }
    }
}

impl Polygon {
    /// Opens the service; the key goes into the settings as [`Sign::Bearer`](crate::http::Sign::Bearer).
    pub fn open(settings: Settings) -> Result<Polygon, Fault> {
        let service = Service::open("Polygon", settings)?;
        Ok(Polygon { service, refuses_today: Refused::default(), refuses_snapshots: Refused::default() })
    }

    /// Raw bars of a share, fund, index or option contract. Bars are kept by the ticker of the day: dates before a known
    /// change of symbol are asked for by the old one. None at all is [`NoData`](crate::FaultKind::NoData), and
    /// an unknown symbol is not told apart from it.
    pub async fn bars(&self, ask: &BarsAsk) -> Result<Series, Fault> {
        self.fetch_bars(ask).await
    }

    /// Raw bars of all shares on one session, in one request; empty when there was none.
    pub async fn session_bars(&self, date: NaiveDate) -> Result<SessionBars, Fault> {
        self.fetch_session(date).await
    }

    /// Splits and cash dividends with dates between the two, for each symbol asked for. Any number of symbols costs a
    /// few requests; only a key that may not use the current resources pays one request a symbol for dividends of a long
    /// range, and nothing of them is known until all are answered.
    pub async fn actions(
        &self,
        symbols: &[String],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<BTreeMap<String, Actions>, Fault> {
        actions::fetch(&self.service, symbols, from, to).await
    }

    /// Details of a symbol, without a sector. [`NotFound`](crate::FaultKind::NotFound) says when it was delisted, or what
    /// the company trades as since.
    pub async fn profile(&self, symbol: &str) -> Result<Security, Fault> {
        reference::profile(&self.service, symbol).await
    }

    /// Changes of symbol of the company that has a symbol now, oldest first. Their dates may be some days off.
    pub async fn renames(&self, symbol: &str) -> Result<Vec<Rename>, Fault> {
        reference::renames(&self.service, symbol).await
    }

    /// Days ahead on which the New York Stock Exchange is closed or closes early.
    pub async fn upcoming_closures(&self) -> Result<Vec<Closure>, Fault> {
        reference::closures(&self.service).await
    }

    /// Quotes of contracts of one underlying; contracts that were not quoted between their dates are left out. A fault
    /// after something was found, or with some contracts only, is in [`Quotes::faults`]; one that was met before, and a
    /// refused key, is the result.
    pub async fn quotes(&self, underlying: &str, asks: &[QuotesAsk]) -> Result<Quotes, Fault> {
        self.fetch_quotes(underlying, asks).await
    }

    /// Contracts of an underlying that were listed on a date, with what is wrong with the rows that are left out.
    pub async fn contract_list(&self, underlying: &str, as_of: NaiveDate) -> Result<ContractList, Fault> {
        contracts::fetch(&self.service, underlying, as_of).await
    }

    /// The terms of given contracts of one underlying, as they were listed on a date. Contracts that were not listed are
    /// left out.
    pub async fn terms(
        &self,
        underlying: &str,
        contracts: &[String],
        as_of: NaiveDate,
    ) -> Result<ContractList, Fault> {
        contracts::terms(&self.service, underlying, contracts, as_of).await
    }

    /// What this key may be used for.
    pub async fn probe(&self) -> Vec<Ability> {
        self.try_all().await
    }
}
