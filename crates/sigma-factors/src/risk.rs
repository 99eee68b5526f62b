//! `risk`: volatility of portfolios from stored loadings and covariance, decomposed by factor.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::NaiveDate;
use clap::Args as ClapArgs;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, OutputArgs, PortfolioArgs, Table, store_error,
};
use sigma_core::analytics::factor_model::{DEFAULT_METHOD, covariance_method};
use sigma_core::analytics::factor_risk::{FactorRisk, SpecificRisk, factor_risk};
use sigma_core::analytics::performance::Day;
use sigma_core::analytics::positions::{PositionView, assess, loadings};
use sigma_core::analytics::returns::SESSIONS_PER_YEAR;
use sigma_core::model::{Book, FactorFit, FactorMatrix, InstrumentResults, Issue, Market, Reason};
use sigma_store::{Engine, Store};

use crate::stored::{date, day, nothing};

/// Window of the stored covariance, sessions.
const WINDOW: usize = 252;

#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolio: PortfolioArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// One portfolio's risk at one close.
struct Assessed<'a> {
    book: &'a Book,
    nav: f64,
    risk: FactorRisk,
    covered_fraction: f64,
}

pub async fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let books = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    let as_of = date(&mut store, Engine::FactorFits, None, args.as_of.as_of).await?;
    let (covariance, results) = stored(&mut store, as_of).await?;
    let calendar = app.calendar()?;
    let market = store.books_market(&books, &[], None, as_of).await.map_err(store_error)?;
    let (mut assessed, mut issues) = (Vec::new(), Vec::new());
    for book in &books {
        let Some(day) = day(book, &market, &calendar, as_of)? else { continue };
        assessed.push(assess_book(book, &day, &market, &results, &covariance, &mut issues)?);
    }
    let document = Document::sections()
        .section("portfolios", summary(&assessed))
        .section("contributions", contributions(&assessed, &covariance.factors));
    let note = format!(
        "covariance {} over {} sessions; annualised with 252 sessions",
        covariance.method, covariance.observations
    );
    app.write(&args.output, &document.title("Factor risk").as_of(as_of).note(note))?;
    Ok(app.tell_issues(&issues))
}

async fn stored(store: &mut Store, as_of: NaiveDate) -> anyhow::Result<(FactorMatrix, InstrumentResults)> {
    let method = covariance_method(WINDOW);
    let matrices = store.factor_matrices(as_of, as_of, &method).await.map_err(store_error)?;
    let covariance =
        matrices.into_iter().next().ok_or_else(|| nothing("covariances of the factors", as_of))?;
    let mut results = store.instrument_results(as_of, as_of, DEFAULT_METHOD).await.map_err(store_error)?;
    let results = results.remove(&as_of).filter(|results| !results.fits.is_empty());
    Ok((covariance, results.ok_or_else(|| nothing("loadings", as_of))?))
}

fn assess_book<'a>(
    book: &'a Book,
    day: &Day,
    market: &Market,
    results: &InstrumentResults,
    covariance: &FactorMatrix,
    issues: &mut Vec<Issue>,
) -> anyhow::Result<Assessed<'a>> {
    let views = assess(book, &day.lots, market, results);
    let (by_source, covered_fraction) = by_source(book, &views, market, results, issues);
    let exposure =
        |factor: &String| by_source.values().map(|(d, fit)| d * fit.loading(factor).unwrap_or(0.0)).sum();
    let exposures: Vec<f64> = covariance.factors.iter().map(exposure).collect();
    let specific: Vec<SpecificRisk> = by_source
        .values()
        .map(|(dollars, fit)| SpecificRisk {
            dollars: *dollars,
            variance: fit.residual_vol_per_day.unwrap_or(0.0).powi(2),
        })
        .collect();
    let risk = factor_risk(&exposures, covariance.matrix().view(), &specific)
        .context("cannot decompose the risk")?;
    Ok(Assessed { book, nav: day.nav, risk, covered_fraction })
}

/// Delta-adjusted dollars by the symbol that moves them, and the share of gross dollars that has loadings. What is left
/// out is named.
fn by_source<'a>(
    book: &Book,
    views: &[PositionView],
    market: &Market,
    results: &'a InstrumentResults,
    issues: &mut Vec<Issue>,
) -> (BTreeMap<String, (f64, &'a FactorFit)>, f64) {
    let mut by_source: BTreeMap<String, (f64, &FactorFit)> = BTreeMap::new();
    let (mut covered, mut gross) = (0.0, 0.0);
    for view in views {
        let instrument = &book.lots[view.lot].instrument;
        let known = view.delta_adjusted().and_then(|d| Ok((d, loadings(instrument, market, results)?)));
        gross += view.delta_adjusted().ok().or(view.market_value).map_or(0.0, f64::abs);
        match known {
            Ok((dollars, fit)) => {
                covered += dollars.abs();
                by_source.entry(instrument.risk_symbol().to_owned()).or_insert((0.0, fit)).0 += dollars;
            }
            Err(reason) => issues.push(left_out(book, &instrument.symbol, reason)),
        }
    }
    (by_source, if gross > 0.0 { covered / gross } else { 0.0 })
}

fn left_out(book: &Book, symbol: &str, reason: Reason) -> Issue {
    let hint =
        if reason == Reason::NotComputed { "; run `sigma-greeks run`, then `sigma-factors run`" } else { "" };
    Issue::warning(symbol, reason, format!("left out of the risk of {}{hint}", book.portfolio.slug))
}

fn annual(per_session: f64) -> f64 {
    per_session * SESSIONS_PER_YEAR.sqrt()
}

fn of_nav(dollars: f64, nav: f64) -> Cell {
    Cell::or_missing((nav > 0.0).then(|| dollars / nav).ok_or("nav_not_positive"), Cell::Percent)
}

fn summary(assessed: &[Assessed<'_>]) -> Table {
    let number = Column::number;
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        number("nav_usd", "NAV").unit("$"),
        number("annual_volatility_usd", "Volatility").unit("$ a year"),
        number("annual_volatility_fraction", "Volatility").unit("of NAV a year"),
        number("systematic_variance_usd2_per_day", "Systematic variance").unit("$^2 a day"),
        number("specific_variance_usd2_per_day", "Specific variance").unit("$^2 a day"),
        number("systematic_fraction", "Systematic share"),
        number("coverage_fraction", "Coverage"),
    ]);
    for Assessed { book, nav, risk, covered_fraction } in assessed {
        let variance = risk.systematic_variance + risk.specific_variance;
        let share = (variance > 0.0).then(|| risk.systematic_variance / variance);
        table.push(vec![
            Cell::text(&book.portfolio.slug),
            Cell::Money(*nav),
            Cell::Money(annual(risk.volatility_dollars)),
            of_nav(annual(risk.volatility_dollars), *nav),
            Cell::Money(risk.systematic_variance),
            Cell::Money(risk.specific_variance),
            Cell::or_blank(share, Cell::Percent),
            Cell::Percent(*covered_fraction),
        ]);
    }
    table
}

fn contributions(assessed: &[Assessed<'_>], factors: &[String]) -> Table {
    let number = Column::number;
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("source", "Source"),
        number("exposure_usd", "Exposure").unit("$"),
        number("annual_volatility_contribution_usd", "Contribution").unit("$ a year"),
        number("annual_volatility_contribution_fraction", "Contribution").unit("of NAV a year"),
        number("share_fraction", "Share"),
    ]);
    for Assessed { book, nav, risk, .. } in assessed {
        let mut push = |source: &str, exposure: Cell, component: f64| {
            let total = risk.volatility_dollars;
            table.push(vec![
                Cell::text(&book.portfolio.slug),
                Cell::text(source),
                exposure,
                Cell::Money(annual(component)),
                of_nav(annual(component), *nav),
                Cell::or_blank((total > 0.0).then(|| component / total), Cell::Percent),
            ]);
        };
        for (factor, part) in factors.iter().zip(&risk.factors) {
            push(factor, Cell::Money(part.exposure_dollars), part.component_dollars);
        }
        push("specific", Cell::Blank, risk.specific_component_dollars);
        push("total", Cell::Blank, risk.volatility_dollars);
    }
    table
}
