//! One file for each verb, and the record that every writing verb leaves.

pub mod cash;
pub mod demo;
pub mod export;
pub mod import;
mod import_accounts;
mod import_stored;
mod import_work;
pub mod imports;
pub mod migrate;
pub mod onboard;
pub mod portfolio;
mod portfolio_add;
pub mod position;
mod position_add;
mod position_close;
mod position_split;
pub mod reset;
pub mod tag;
pub mod template;

use anyhow::bail;
use chrono::NaiveDate;
use serde_json::Value;
use sigma_cli::{App, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, RunTotals, fail, store_error};
use sigma_core::model::Portfolio;
use sigma_store::{Saved, Store};

use crate::decimal::Decimal;

/// Options of a list of what portfolios hold.
#[derive(Debug, clap::Args)]
pub struct ListVerb {
    #[command(flatten)]
    pub portfolio: PortfolioArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub list: ListArgs,
}

/// Does the work of a writing verb as a run: recorded, with its counts on the closing line.
async fn recorded<T>(
    app: &App,
    store: &mut Store,
    verb: &str,
    parameters: Value,
    work: impl AsyncFnOnce(&mut Store) -> anyhow::Result<(T, Saved)>,
) -> anyhow::Result<T> {
    let run = app.begin_run(store, verb, None, parameters).await?;
    match work(store).await {
        Ok((value, saved)) => {
            let totals = RunTotals { expected: saved.stored, saved, ..RunTotals::default() };
            app.end_run(store, run, Ok(totals)).await?;
            Ok(value)
        }
        Err(error) => {
            app.end_run(store, run, Err(error)).await?;
            bail!("the run failed")
        }
    }
}

/// One row, written or not.
fn one_row(changed: bool) -> Saved {
    Saved { stored: 1, changed: u64::from(changed) }
}

fn usage(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    fail(ExitStatus::Usage, message, hint)
}

/// The portfolio of a slug; the error names those that are stored.
async fn portfolio_of(store: &mut Store, slug: &str) -> anyhow::Result<Portfolio> {
    let found = store.portfolios(&[slug.to_owned()]).await.map_err(store_error)?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| usage(format!("there is no portfolio \"{slug}\""), "see `portfolio list`"))
}

/// What has happened cannot lie after today, as dates go in New York.
fn check_not_future(app: &App, option: &str, date: NaiveDate) -> anyhow::Result<()> {
    let today = app.clock.new_york_local().date();
    match date > today {
        true => {
            Err(usage(format!("{option} {date} lies in the future; today is {today}"), "correct the date"))
        }
        false => Ok(()),
    }
}

/// A trade on a day without a session counts from the next one: worth a remark, not an error.
fn note_session(app: &App, date: NaiveDate) -> anyhow::Result<()> {
    if !app.calendar()?.is_session(date).map_err(sigma_cli::sessions::calendar_error)? {
        app.note(&format!("{date} is not a session; it counts from the next one"));
    }
    Ok(())
}

fn warn_digits(app: &App, name: &str, number: &Decimal) {
    if let Some(warning) = number.warning() {
        app.note(&format!("warning: {name} {warning}"));
    }
}
