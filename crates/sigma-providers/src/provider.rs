//! A service that is ready to be asked, opened from settings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use secrecy::SecretString;
use sigma_core::model::{InstrumentKind, RatePoint};

use crate::ask::{Ability, Actions, BarsAsk, Quotes, QuotesAsk, Series};
use crate::fmp::Fmp;
use crate::fred::Fred;
use crate::http::{Address, AddressError, Clock, Limit, LimitError, Patience, Service, Settings, Sign};
use crate::polygon::Polygon;
use crate::registry::ProviderId;
use crate::symbols::{is_fund_like, is_ticker_like};
use crate::tiingo::Tiingo;
use crate::yahoo::Yahoo;
use crate::{Fault, FaultKind, Security};

/// What services are opened with. Settings are looked up by the names of `sigma.toml`: for a provider `NAME_api_key`,
/// `NAME_base_url` and `NAME_limit`; for all of them `http_timeout_seconds`, `http_retries`, `http_backoff_ms` and
/// `provider_wait_seconds`; `fmp_api`.
pub struct Config<'a> {
    pub text: &'a dyn Fn(&str) -> Option<String>,
    pub secret: &'a dyn Fn(&str) -> Option<SecretString>,
    /// Folder of the request budgets.
    pub state_dir: PathBuf,
    /// Real time, by which requests are counted.
    pub clock: Clock,
    /// The time that data is asked at: `SIGMA_NOW` stops it, and a run of yesterday asks as yesterday did.
    pub data_clock: Clock,
    pub version: &'a str,
    /// Told before each wait of a second or more for a limit.
    pub on_wait: Option<Arc<dyn Fn(&'static str, Duration) + Send + Sync>>,
}

/// A service that cannot be opened as the settings are.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{label} needs a key, and none is set")]
    NoKey { label: &'static str, setting: String },
    #[error("{setting}: {error}")]
    Address { setting: String, error: AddressError },
    #[error("{setting}: {error}")]
    Limit { setting: String, error: LimitError },
    #[error("http_timeout_seconds is 0: no service answers at once")]
    NoTime,
    #[error("the folder of request budgets, {}, cannot be used: {error}", path.display())]
    StateDir { path: PathBuf, error: std::io::Error },
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A service.
#[derive(Debug)]
pub enum Provider {
    Polygon(Polygon),
    Fmp(Fmp),
    Tiingo(Tiingo),
    Fred(Fred),
    Yahoo(Yahoo),
}

/// Opens a service. `File` is none: see [`crate::folder`].
pub fn connect(id: ProviderId, config: &Config<'_>) -> Result<Provider, ConnectError> {
    let entry = id.entry();
    let setting = |suffix: &str| format!("{}_{suffix}", entry.name);
    let key = (config.secret)(&setting("api_key"));
    if entry.needs_key && key.is_none() {
        return Err(ConnectError::NoKey { label: entry.label, setting: setting("api_key") });
    }
    let address = (config.text)(&setting("base_url")).unwrap_or_else(|| entry.address.to_owned());
    let address = Address::parse(&address)
        .map_err(|error| ConnectError::Address { setting: setting("base_url"), error })?;
    let limit = (config.text)(&setting("limit")).unwrap_or_else(|| entry.limit.to_owned());
    let patience = patience(config);
    if patience.timeout.is_zero() {
        return Err(ConnectError::NoTime);
    }
    let limit =
        Limit::parse(&limit).map_err(|error| ConnectError::Limit { setting: setting("limit"), error })?;
    let settings = Settings {
        address,
        sign: sign(id, key),
        limit,
        state_dir: Some(config.state_dir.clone()),
        patience,
        clock: config.clock.clone(),
        data_clock: config.data_clock.clone(),
        user_agent: user_agent(id, config.version),
        on_wait: config.on_wait.clone(),
    };
    // A run that cannot keep count of its requests would ask nobody, and say so of each symbol.
    let account = settings.account(entry.name).check();
    account.map_err(|error| ConnectError::StateDir { path: config.state_dir.clone(), error })?;
    Ok(match id {
        ProviderId::Fmp => {
            Provider::Fmp(Fmp::open(settings, (config.text)("fmp_api").as_deref() == Some("legacy"))?)
        }
        ProviderId::Tiingo => Provider::Tiingo(Tiingo::open(settings)?),
        ProviderId::Fred => Provider::Fred(Fred::open(settings)?),
        ProviderId::Yahoo => Provider::Yahoo(Yahoo::open(settings)?),
        ProviderId::Polygon | ProviderId::File => Provider::Polygon(Polygon::open(settings)?),
    })
}

fn sign(id: ProviderId, key: Option<SecretString>) -> Sign {
    match (id, key) {
        (ProviderId::Polygon, Some(key)) => Sign::Bearer(key),
        (ProviderId::Fmp, Some(key)) => Sign::Header("apikey", key),
        (ProviderId::Tiingo, Some(key)) => Sign::Token(key),
        (ProviderId::Fred, Some(key)) => Sign::Query("api_key", key),
        _ => Sign::None,
    }
}

/// Yahoo turns away clients that do not look like a browser's relative; the name stays honest.
fn user_agent(id: ProviderId, version: &str) -> String {
    match id {
        ProviderId::Yahoo => format!("Mozilla/5.0 (compatible; sigma-sync/{version})"),
        _ => format!("sigma-sync/{version}"),
    }
}

fn patience(config: &Config<'_>) -> Patience {
    let number =
        |name: &str, default| (config.text)(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    Patience {
        timeout: Duration::from_secs(number("http_timeout_seconds", 30)),
        retries: usize::try_from(number("http_retries", 3)).unwrap_or(usize::MAX),
        backoff: Duration::from_millis(number("http_backoff_ms", 500)),
        longest_wait: Duration::from_secs(number("provider_wait_seconds", 90)),
    }
}

impl Provider {
    pub fn id(&self) -> ProviderId {
        match self {
            Provider::Polygon(_) => ProviderId::Polygon,
            Provider::Fmp(_) => ProviderId::Fmp,
            Provider::Tiingo(_) => ProviderId::Tiingo,
            Provider::Fred(_) => ProviderId::Fred,
            Provider::Yahoo(_) => ProviderId::Yahoo,
        }
    }

    fn service(&self) -> &Service {
        match self {
            Provider::Polygon(polygon) => &polygon.service,
            Provider::Fmp(fmp) => &fmp.service,
            Provider::Tiingo(tiingo) => &tiingo.service,
            Provider::Fred(fred) => fred.service(),
            Provider::Yahoo(yahoo) => &yahoo.service,
        }
    }

    /// Tells apart the keys and addresses that a service is asked with; see [`Service::access_mark`].
    pub fn access_mark(&self) -> String {
        self.service().access_mark()
    }

    /// By how much the clock of this machine is ahead of the service's; `None` as long as it did not tell the time.
    pub fn clock_ahead(&self) -> Option<TimeDelta> {
        self.service().clock_ahead()
    }

    /// Whether prices of such an instrument can be had here at all: a request that cannot succeed is not worth one.
    pub fn covers(&self, symbol: &str, kind: Option<InstrumentKind>) -> bool {
        if !is_ticker_like(symbol) {
            return false;
        }
        let is_fund = kind == Some(InstrumentKind::MutualFund) || (kind.is_none() && is_fund_like(symbol));
        match self {
            Provider::Polygon(_) => !is_fund,
            Provider::Tiingo(_) => kind != Some(InstrumentKind::Index),
            Provider::Fmp(_) | Provider::Yahoo(_) => true,
            Provider::Fred(_) => false,
        }
    }

    /// Daily bars of a symbol.
    pub async fn bars(&self, ask: &BarsAsk) -> Result<Series, Fault> {
        match self {
            Provider::Polygon(polygon) => polygon.bars(ask).await,
            Provider::Fmp(fmp) => fmp.bars(ask).await,
            Provider::Tiingo(tiingo) => tiingo.bars(ask).await,
            Provider::Yahoo(yahoo) => yahoo.bars(ask).await,
            Provider::Fred(_) => Err(self.not_offered("prices")),
        }
    }

    /// Splits and dividends of some symbols; every one of them is in the answer, or its fault.
    pub async fn actions(
        &self,
        symbols: &[String],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<BTreeMap<String, Actions>, Fault> {
        match self {
            Provider::Polygon(polygon) => polygon.actions(symbols, from, to).await,
            Provider::Fmp(fmp) => {
                let mut actions = BTreeMap::new();
                for symbol in symbols {
                    actions.insert(symbol.clone(), fmp.actions(symbol, from, to).await?);
                }
                Ok(actions)
            }
            _ => Err(self.not_offered("splits and dividends")),
        }
    }

    /// Facts about a security.
    pub async fn profile(&self, symbol: &str) -> Result<Security, Fault> {
        match self {
            Provider::Polygon(polygon) => polygon.profile(symbol).await,
            Provider::Fmp(fmp) => fmp.profile(symbol).await,
            _ => Err(self.not_offered("profiles")),
        }
    }

    /// Quotes of contracts on one underlying.
    pub async fn quotes(&self, underlying: &str, asks: &[QuotesAsk]) -> Result<Quotes, Fault> {
        match self {
            Provider::Polygon(polygon) => polygon.quotes(underlying, asks).await,
            _ => Err(self.not_offered("option quotes")),
        }
    }

    /// Yields of a series, in percent.
    pub async fn yields(
        &self,
        series: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<RatePoint>, Fault> {
        match self {
            Provider::Fred(fred) => fred.yields(series, from, to).await,
            Provider::Fmp(fmp) => fmp.yields(series, from, to).await,
            _ => Err(self.not_offered("yields")),
        }
    }

    /// Tries cheaply what this key may have.
    pub async fn probe(&self) -> Vec<Ability> {
        match self {
            Provider::Polygon(polygon) => polygon.probe().await,
            Provider::Fmp(fmp) => fmp.probe().await,
            Provider::Tiingo(tiingo) => tiingo.probe().await,
            Provider::Fred(fred) => fred.probe().await,
            Provider::Yahoo(yahoo) => yahoo.probe().await,
        }
    }

    fn not_offered(&self, what: &str) -> Fault {
        Fault::new(self.id().entry().label, FaultKind::BadRequest, format!("does not offer {what}"))
    }
}
