//! The snapshot date of each portfolio that a list shows: the one asked for, or the latest that is stored.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sigma_cli::{App, AsOfArgs, ExitStatus, PortfolioArgs, fail, store_error};
use sigma_core::model::Portfolio;
use sigma_store::{Engine, Scope, Store};

/// Portfolios with a snapshot of the date that is shown, and those without.
pub type Found = (Vec<(Portfolio, NaiveDate)>, Vec<Portfolio>);

/// The portfolios asked for with their snapshot dates; an error when none has one.
pub async fn find(
    app: &App,
    store: &mut Store,
    portfolio: &PortfolioArgs,
    as_of: &AsOfArgs,
) -> anyhow::Result<Found> {
    let asked = app.asked_session(as_of)?;
    let portfolios = store.portfolios(&portfolio.portfolios).await.map_err(store_error)?;
    let (found, without) = of_snapshots(store, portfolios, asked).await?;
    match found.is_empty() {
        true => Err(no_snapshot(asked, &without)),
        false => Ok((found, without)),
    }
}

/// The snapshot date of each portfolio: `asked` where it has a snapshot of it, else the latest stored one when none was
/// asked for. Portfolios without one are returned apart.
async fn of_snapshots(
    store: &mut Store,
    portfolios: Vec<Portfolio>,
    asked: Option<NaiveDate>,
) -> anyhow::Result<Found> {
    let (mut found, mut without) = (Vec::new(), Vec::new());
    let ids: Vec<i64> = portfolios.iter().map(|portfolio| portfolio.id).collect();
    let on_date: BTreeSet<i64> = match asked {
        Some(date) => {
            let stored = store.snapshots(&Scope::day(date, &ids)).await.map_err(store_error)?;
            stored.into_iter().map(|(id, _)| id).collect()
        }
        None => BTreeSet::new(),
    };
    for portfolio in portfolios {
        let date = match asked {
            Some(date) => on_date.contains(&portfolio.id).then_some(date),
            None => {
                let id = [portfolio.id];
                store.latest_as_of(Engine::Snapshots, Some(&id)).await.map_err(store_error)?
            }
        };
        match date {
            Some(date) => found.push((portfolio, date)),
            None => without.push(portfolio),
        }
    }
    Ok((found, without))
}

/// The error of a list that finds no snapshot at all.
pub fn no_snapshot(asked: Option<NaiveDate>, portfolios: &[Portfolio]) -> anyhow::Error {
    if portfolios.is_empty() {
        return fail(
            ExitStatus::Failed,
            "there is no portfolio",
            "run `sigma-seed demo` or `sigma-seed portfolio add`",
        );
    }
    let slugs: Vec<&str> = portfolios.iter().map(|portfolio| portfolio.slug.as_str()).collect();
    let on = asked.map(|date| format!(" of {date}")).unwrap_or_default();
    let as_of = asked.map(|date| format!(" --as-of {date}")).unwrap_or_default();
    let message = format!("no snapshot{on} is stored for {}", slugs.join(", "));
    fail(ExitStatus::Failed, message, format!("run `sigma-report snapshot{as_of}`"))
}
