//! `risk`: volatility of portfolios from stored loadings and covariance, decomposed by factor.

use std::collections::BTreeMap;

use anyhow::Context;
use clap::Args as ClapArgs;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, OutputArgs, PortfolioArgs, StoredDate, Table,
    store_error,
};
use sigma_core::analytics::factor_model::{DEFAULT_METHOD, covariance_method};
use sigma_core::analytics::factor_risk::{FactorRisk, SpecificRisk, factor_risk};
use sigma_core::analytics::performance::Day;
use sigma_core::analytics::positions::{PositionView, assess, loadings};
use sigma_core::analytics::returns::SESSIONS_PER_YEAR;
use sigma_core::model::{Book, FactorMatrix, InstrumentResults, Issue, Lot, Market, RATES, Reason};
use sigma_store::Store;

use crate::stored::{FITS, day};

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
    let date = app.stored_date(&mut store, FITS, None, &args.as_of).await?;
    let as_of = date.as_of;
    let (covariance, results) = stored(&mut store, date).await?;
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

async fn stored(store: &mut Store, date: StoredDate) -> anyhow::Result<(FactorMatrix, InstrumentResults)> {
    let as_of = date.as_of;
    let method = covariance_method(WINDOW);
    let matrices = store.factor_matrices(as_of, as_of, &method).await.map_err(store_error)?;
    let covariance = matrices.into_iter().next().ok_or_else(|| date.nothing("covariances of the factors"))?;
    let mut results = store.instrument_results(as_of, as_of, DEFAULT_METHOD).await.map_err(store_error)?;
    let results = results.remove(&as_of).filter(|results| !results.fits.is_empty());
    Ok((covariance, results.ok_or_else(|| date.nothing("loadings"))?))
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
    let (sources, covered_fraction) =
        sources(book, &views, |lot| known(lot, market, results, &covariance.factors), issues);
    let exposure =
        |at: usize| sources.values().map(|source| source.dollars * source.known.loadings[at]).sum();
    let exposures: Vec<f64> = (0..covariance.factors.len()).map(exposure).collect();
    let specific: Vec<SpecificRisk> = sources
        .values()
        .map(|source| SpecificRisk { dollars: source.dollars, variance: source.known.residual_variance })
        .collect();
    let risk = factor_risk(&exposures, covariance.matrix().view(), &specific)
        .context("cannot decompose the risk")?;
    Ok(Assessed { book, nav: day.nav, risk, covered_fraction })
}

/// What is known about a symbol that moves positions.
struct Known {
    /// In the order of the covariance.
    loadings: Vec<f64>,
    /// Per session, of the specific return.
    residual_variance: f64,
}

/// Delta-adjusted dollars that one symbol moves.
struct Source {
    dollars: f64,
    known: Known,
}

/// All that a decomposition needs about an instrument; a loading or a variance that is missing is a reason, never a zero.
fn known(
    lot: &Lot,
    market: &Market,
    results: &InstrumentResults,
    factors: &[String],
) -> Result<Known, Reason> {
    let fit = loadings(&lot.instrument, market, results)?;
    let loading = |factor: &String| {
        let reason = if factor == RATES { Reason::NoRate } else { Reason::NotComputed };
        fit.known_loading(factor).ok_or(reason)
    };
    let loadings = factors.iter().map(loading).collect::<Result<_, _>>()?;
    let residual_variance = fit.residual_vol_per_day.ok_or(Reason::NotComputed)?.powi(2);
    Ok(Known { loadings, residual_variance })
}

/// Delta-adjusted dollars by the symbol that moves them, and the share of gross dollars that has loadings. What is left
/// out is named.
fn sources(
    book: &Book,
    views: &[PositionView],
    known: impl Fn(&Lot) -> Result<Known, Reason>,
    issues: &mut Vec<Issue>,
) -> (BTreeMap<String, Source>, f64) {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let (mut covered, mut gross) = (0.0, 0.0);
    for view in views {
        let lot = &book.lots[view.lot];
        gross += view.delta_adjusted().ok().or(view.market_value).map_or(0.0, f64::abs);
        match view.delta_adjusted().and_then(|dollars| Ok((dollars, known(lot)?))) {
            Ok((dollars, known)) => {
                covered += dollars.abs();
                let symbol = lot.instrument.risk_symbol().to_owned();
                sources.entry(symbol).or_insert(Source { dollars: 0.0, known }).dollars += dollars;
            }
            Err(reason) => issues.push(left_out(book, &lot.instrument.symbol, reason)),
        }
    }
    (sources, if gross > 0.0 { covered / gross } else { 0.0 })
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
