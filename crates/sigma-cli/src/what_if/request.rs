//! What a what-if is asked to think of: trades from a file or of a kept session, in one portfolio, at one close.

use std::path::Path;

use chrono::NaiveDate;
use sigma_core::model::{Trade, TradeProblem};
use sigma_store::{Store, WhatIfSession};

use super::{WhatIf, WhatIfArgs, load_what_if, read_trades};
use crate::app::App;
use crate::args::{AsOfArgs, OutputArgs};
use crate::database::store_error;
use crate::exit::ToolError;
use crate::input::open_input;
use crate::stored::StoredResults;

/// What to think of.
#[derive(Debug)]
pub struct ProFormaRequest {
    /// Slug; none stands for the only portfolio there is.
    pub portfolio: Option<String>,
    pub as_of: NaiveDate,
    pub trades: Vec<Trade>,
    /// What was wrong with the file already.
    pub problems: Vec<TradeProblem>,
    pub fractional: bool,
    /// Whether trades come from where a price can be stated.
    pub can_state_prices: bool,
    /// Where the trades come from, for messages.
    pub source: String,
}

impl ProFormaRequest {
    /// Reads trades from a file or standard input.
    pub fn read(
        file: Option<&Path>,
        fractional: bool,
        portfolio: Option<&str>,
        as_of: NaiveDate,
    ) -> anyhow::Result<ProFormaRequest> {
        let (trades, problems) = read_trades(open_input(file)?)?;
        let source = file.filter(|path| *path != Path::new("-"));
        let source = source.map_or("standard input".to_owned(), |path| path.display().to_string());
        let portfolio = portfolio.map(str::to_owned);
        Ok(ProFormaRequest { portfolio, as_of, trades, problems, fractional, can_state_prices: true, source })
    }

    /// The trades of a session, in its portfolio and on its date unless others are named.
    pub fn of_session(
        session: &WhatIfSession,
        portfolio: Option<&str>,
        as_of: Option<NaiveDate>,
    ) -> ProFormaRequest {
        ProFormaRequest {
            portfolio: Some(portfolio.unwrap_or(&session.portfolio).to_owned()),
            as_of: as_of.unwrap_or(session.as_of),
            trades: session.trades.iter().map(|filled| filled.trade.clone()).collect(),
            problems: Vec::new(),
            fractional: session.fractional,
            can_state_prices: true,
            source: format!("session {}", session.name),
        }
    }
}

/// The options of a verb that shows a portfolio after trades.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    pub what_if: &'a WhatIfArgs,
    pub portfolios: &'a [String],
    pub as_of: &'a AsOfArgs,
    /// Results whose latest date is the date of a file of trades.
    pub results: StoredResults,
    pub output: &'a OutputArgs,
}

impl Shown<'_> {
    /// The trades of `--what-if` or `--session`, for the one portfolio that is asked for.
    pub async fn request(&self, app: &App, store: &mut Store) -> anyhow::Result<ProFormaRequest> {
        let portfolio = one_portfolio(self.portfolios)?;
        if let Some(name) = &self.what_if.session {
            let session = store.what_if_session(name).await.map_err(store_error)?;
            return Ok(ProFormaRequest::of_session(&session, portfolio, app.asked_session(self.as_of)?));
        }
        let date = app.stored_date(store, self.results, None, self.as_of).await?;
        ProFormaRequest::read(self.what_if.what_if.as_deref(), self.what_if.fractional, portfolio, date.as_of)
    }

    /// The portfolio before and after them.
    pub async fn load(&self, app: &App, store: &mut Store) -> anyhow::Result<WhatIf> {
        let request = self.request(app, store).await?;
        load_what_if(app, store, &app.calendar()?, request, self.output).await
    }
}

/// The one slug given, if any; two are an error.
pub fn one_portfolio(portfolios: &[String]) -> anyhow::Result<Option<&str>> {
    match portfolios {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(ToolError::usage("trades are thought of in one portfolio, several are named")
            .hint("give --portfolio once")
            .into()),
    }
}
